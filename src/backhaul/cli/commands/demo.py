"""`backhaul demo`: the main job, end to end, told by the commands themselves."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import command
from backhaul.cli.session import Session

if TYPE_CHECKING:
    from backhaul.sandbox.demo import Happened

DEFAULT = "backhaul-demo"

ACCOUNTS = """
select source, count(*) as accounts, sum(annual_revenue) as revenue
from accounts where not is_deleted group by 1 order by 1
"""
WON = """
select a.name, count(*) as won, sum(d.amount) as amount
from deals d join accounts a on a.id = d.account_id
where d.status = 'won' group by 1 order by 3 desc limit 5
"""
OWED = """
select a.name, i.number, i.due_date, i.balance, i.currency
from invoices i join accounts a on a.id = i.account_id
where i.status = 'open' order by i.balance desc limit 5
"""


@command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT)
@click.option("--scale", default=1, show_default=True, help="How many times the seeded data.")
@click.option("--stop", is_flag=True, help="End the simulators that a demo left running, and nothing else.")
def demo(session: Session, directory: Path, scale: int, stop: bool) -> int:
    """Run the whole job against local simulators of three vendors.

    Two customers: acme (HubSpot and NetSuite) and globex (Salesforce). What it makes stays in DIRECTORY.
    """
    from backhaul.cli.scaffold import write_schemas
    from backhaul.config.layout import Layout
    from backhaul.sandbox.demo import SOURCES, disturb, let_go, make_room, meddle, prepare, restore, stop_earlier
    from backhaul.sandbox.serve import serve_all

    root = directory.resolve()
    stop_earlier(root)
    if stop:
        return 0
    teller = _Teller(session, root, directory)
    began = time.monotonic()
    teller.title("Three vendors on this machine, two customers, one project")
    make_room(root)
    with serve_all(SOURCES, scale=scale, keep=root / ".backhaul" / "simulators.log") as served:
        prepare(root, served)
    write_schemas(Layout(root))
    for each in served:
        teller.line(f"  {each.source:<11} {each.base_url}")
    teller.line(f"  {'project':<11} {directory}/  (pipelines/*.yaml, secrets in .env)")
    teller.title("What do these accounts hold? Custom objects and fields included")
    teller.run("discover", "acme")
    teller.run("discover", "globex")
    teller.title("Pull everything in, give it one shape, publish a snapshot")
    teller.run("run", "acme")
    teller.run("run", "globex")
    teller.title("One shape: the same columns, whatever system they came from")
    teller.run("query", "acme", _flat(ACCOUNTS))
    teller.run("query", "globex", _flat(WON))
    teller.run("query", "acme", _flat(OWED))
    teller.title("Haul results back: first the plan")
    teller.run("push", "plan", "acme", "health")
    teller.title("While it is looked at, people work on")
    teller.tell(meddle(served))
    teller.title("What a person wrote since is not written over")
    teller.run("push", "apply", "acme", "health")
    teller.title("What the vendor refuses waits as a dead letter, the others are written; then it is sent again")
    teller.run("push", "apply", "globex", "scores", expected=1)
    teller.run("push", "dead-letters", "globex")
    teller.tell(let_go(served))
    teller.run("push", "retry", "globex", "scores")
    teller.title("A second time there is nothing left to write")
    teller.run("push", "apply", "globex", "scores")
    teller.title("Meanwhile, at the vendors")
    teller.tell(disturb(served))
    teller.title("Run again: only the changes travel")
    teller.run("run", "acme", "--deletes")
    teller.run("run", "globex", "--deletes")
    teller.title("And what was deleted comes back")
    teller.tell(restore(served))
    teller.run("run", "acme", "--deletes")
    teller.run("run", "globex", "--deletes")
    teller.title("And a push can be taken back, from what the ledger remembers")
    teller.run("push", "undo", "acme", _last_push(root, "acme"))
    teller.run("status")
    teller.close(time.monotonic() - began)
    return teller.code


def _flat(sql: str) -> str:
    return " ".join(sql.split())


def _last_push(root: Path, customer: str) -> str:
    """The run that wrote for the customer last."""
    from backhaul.project import Project

    with Project(root) as project:
        return project.state.runs.latest(customer, limit=1, kind="push")[0].id


class _Teller:
    """Shows a command as one would type it, then runs it here."""

    def __init__(self, session: Session, root: Path, shown: Path) -> None:
        self._session = session
        self._root = root
        self._shown = shown
        self.code = 0

    def title(self, text: str) -> None:
        click.echo()
        click.secho(f"── {text}", bold=True)

    def line(self, text: str) -> None:
        click.echo(text)

    def tell(self, happened: Sequence[Happened]) -> None:
        """What was done at the vendors."""
        for each in happened:
            self.line(f"  {each.source:<11} {each.what}")

    def run(self, *words: str, expected: int = 0) -> None:
        """One command. A failure that is no part of the story is shown and counted; the story goes on."""
        from backhaul.cli.app import app
        from backhaul.cli.failures import STOPPED

        click.echo()
        click.secho(f"$ backhaul {shlex.join(words)}", fg="cyan")
        try:
            app.main(["--project", str(self._root), *words])
        except SystemExit as ended:
            if ended.code == STOPPED:
                # who stops one command of the story stops the story
                raise
            code = ended.code if isinstance(ended.code, int) else 1
            self.code = self.code or (0 if code == expected else code or 1)

    def close(self, seconds: float) -> None:
        here = shlex.quote(str(self._shown))
        found, ran = shutil.which("backhaul"), Path(sys.argv[0]).resolve()
        on_path = found is not None and Path(found).resolve() == ran
        click.echo()
        click.secho(f"── Done in {seconds:.0f} s. It is all yours now:", bold=True)
        if not on_path and ran.name == "backhaul":
            click.echo(f"  export PATH={shlex.quote(str(ran.parent))}:$PATH")
        for what, text in (
            (f"cd {here}", "the simulators go on running; the project is ordinary files"),
            ("backhaul status", "every connection, its state and how fresh it is"),
            ("backhaul query acme \"select name, tier, health_score from accounts where tier = 'gold'\"", ""),
            ("backhaul refetch acme crm companies 9901", "read one record again, by its key"),
            ("backhaul runs", "what ran, and what it did"),
            ("backhaul logs acme", "every request, without its secrets"),
            ("backhaul validate", "every mistake in the YAML, with its line"),
            ("duckdb published/acme.duckdb", "or pandas, polars: the files at stable paths are yours to open"),
            ("backhaul demo --stop .", "end the simulators"),
        ):
            click.echo(f"  {what}" + (click.style(f"   # {text}", dim=True) if text else ""))
