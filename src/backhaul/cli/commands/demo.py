"""`backhaul demo`: the main job, end to end, told by the commands themselves."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path

import click

from backhaul.cli.base import command
from backhaul.cli.session import Session

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
    from backhaul.sandbox.demo import SOURCES, disturb, make_room, prepare, restore, stop_earlier
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
    teller.title("Haul results back: first the plan, then the writes, then nothing left to write")
    teller.run("push", "plan", "acme", "health")
    teller.run("push", "apply", "acme", "health")
    teller.run("push", "apply", "acme", "health")
    teller.run("push", "apply", "globex", "scores")
    teller.title("Meanwhile, at the vendors")
    for what in disturb(served):
        teller.line(f"  {what.source:<11} {what.what}")
    teller.title("Run again: only the changes travel")
    teller.run("run", "acme", "--deletes")
    teller.run("run", "globex", "--deletes")
    teller.title("And what was deleted comes back")
    for what in restore(served):
        teller.line(f"  {what.source:<11} {what.what}")
    teller.run("run", "acme", "--deletes")
    teller.run("run", "globex", "--deletes")
    teller.run("status")
    teller.close(time.monotonic() - began)
    return teller.code


def _flat(sql: str) -> str:
    return " ".join(sql.split())


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

    def run(self, *words: str) -> None:
        """One command. A failure is shown and counted; the story goes on."""
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
            self.code = self.code or (ended.code if isinstance(ended.code, int) else 1)

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
