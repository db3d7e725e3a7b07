"""`backhaul agent`: an MCP server over a customer's entities."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import command
from backhaul.cli.session import Session

if TYPE_CHECKING:
    from backhaul.agent.http import Desk
    from backhaul.project import Project


@command()
@click.argument("customer", required=False)
@click.option("--role", metavar="NAME", help="One of the customer's agent.roles, which see less.")
@click.option("--http", is_flag=True, help="Serve all customers over HTTP, each behind its tokens.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen for HTTP.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True)
def agent(session: Session, customer: str | None, role: str | None, http: bool, host: str, port: int) -> None:
    """Serve agents by MCP: search, read, query, propose.

    Over standard input and output for one customer, as MCP clients start servers; or over HTTP, where the token says
    which customer it is: see `backhaul tokens`.
    """
    if http == (customer is not None):
        raise click.UsageError("name a customer, or --http for all of them behind their tokens")
    if http and role is not None:
        raise click.UsageError("over HTTP the role is the token's: backhaul tokens make CUSTOMER --role NAME")
    from backhaul.pipeline.agents import need_extra

    need_extra()
    with session.project() as project, ExitStack() as stack:
        if customer is None:
            _serve_http(project, stack, host, port)
            return
        from backhaul.pipeline.pushing import user

        desk = _desk(project, stack, customer, role, f"{user() or 'nobody'} (stdio)")
        desk.server.run("stdio")


def _desk(project: Project, stack: ExitStack, customer: str, role: str | None, who: str) -> Desk:
    from backhaul.agent.http import Desk
    from backhaul.agent.server import make_server
    from backhaul.pipeline.agents import reader_for
    from backhaul.pipeline.proposing import Proposing

    # a server's calls come in threads of their own: nothing is bound around them
    with project.customer(customer).context() as context:
        reader = reader_for(context, role)
    stack.callback(reader.close)
    return Desk(make_server(reader, Proposing(context, who), who=who), reader)


def _serve_http(project: Project, stack: ExitStack, host: str, port: int) -> None:
    import uvicorn

    from backhaul.agent.http import PATH, Desks, make_app
    from backhaul.state.tokens import Token

    known: dict[str, Token] = {}

    def find(text: str) -> str | None:
        token = project.state.tokens.find(text)
        if token is None:
            return None
        known[token.id] = token
        return token.id

    def open(id: str) -> Desk:
        token = known[id]
        return _desk(project, stack, token.customer, token.role, f"token {id} ({token.label})")

    app = make_app(Desks(find, open))
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    click.echo(f"MCP at http://{host}:{listening.getsockname()[1]}{PATH}; Ctrl-C ends it", err=True)
    server.run(sockets=[listening])
