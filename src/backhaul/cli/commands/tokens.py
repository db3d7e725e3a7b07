"""`backhaul tokens`: who may read a customer's data over HTTP."""

from __future__ import annotations

import click

from backhaul.cli.base import Command, Group, customer_argument
from backhaul.cli.output import Column
from backhaul.cli.session import Session
from backhaul.cli.times import ago
from backhaul.errors import ConfigError

_pass_session = click.make_pass_decorator(Session, ensure=True)


@click.group(cls=Group)
def tokens() -> None:
    """Make, list and revoke tokens for agents over HTTP.

    A token is bound to one customer, and to a role where it names one. It is shown once; only its hash is kept.
    """


@tokens.command(cls=Command)
@customer_argument
@click.option("--role", metavar="NAME", help="One of the customer's agent.roles, which see less.")
@click.option("--label", default="", help="What it is for, to tell it from others.")
@_pass_session
def make(session: Session, customer: str, role: str | None, label: str) -> None:
    """Make a token and print it. It is not shown again."""
    from backhaul.agent.policy import policy_of
    from backhaul.pipeline.pushing import user

    with session.project() as project:
        name = project.customer(customer).name
        policy_of(project.config.pipeline(name).agent, role, name)
        token, text = project.state.tokens.make(name, role=role, label=label, who=user())
    if session.as_json:
        session.output.data({"customer": name, "id": token.id, "role": role, "label": label, "token": text})
    else:
        click.echo(text)
        click.echo(f"token {token.id} of {name}; it is not shown again", err=True)


@tokens.command("list", cls=Command)
@customer_argument
@_pass_session
def list_(session: Session, customer: str) -> None:
    """List a customer's tokens, revoked ones too."""
    with session.project() as project:
        name = project.customer(customer).name
        found = project.state.tokens.all(name)
    if session.as_json:
        fields = ("id", "role", "label", "created_at", "created_by", "used_at", "revoked_at", "revoked_by")
        session.output.json({"customer": name, "tokens": [{f: getattr(each, f) for f in fields} for each in found]})
        return
    if not found:
        session.output.line(f"{name} has no tokens", style="dim")
        return
    session.output.table(
        [Column("token"), Column("role"), Column("label", wide=True), Column("made"), Column("by"), Column("used"),
         Column("revoked")],
        [[e.id, e.role, e.label, ago(e.created_at), e.created_by, ago(e.used_at), ago(e.revoked_at)] for e in found],
    )  # fmt: skip


@tokens.command(cls=Command)
@customer_argument
@click.argument("token")
@_pass_session
def revoke(session: Session, customer: str, token: str) -> None:
    """End a token, named by its id. What uses it is refused from its next request on."""
    from backhaul.pipeline.pushing import user

    with session.project() as project:
        name = project.customer(customer).name
        if not project.state.tokens.revoke(name, token, user()):
            raise ConfigError(
                f"{name} has no token {token} in force", next_step=f"backhaul tokens list {name}", customer=name
            )
    if session.as_json:
        session.output.json({"customer": name, "revoked": token})
    else:
        session.output.line(f"token {token} of {name} is revoked")
