"""`backhaul connect`: give a connection its credentials."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backhaul.cli.base import command, customer_argument
from backhaul.cli.output import Output, listing
from backhaul.cli.session import Session
from backhaul.errors import ConfigError

if TYPE_CHECKING:
    from backhaul.auth.consent import Consent
    from backhaul.pipeline.connecting import Connected, Way
    from backhaul.project import Customer

_PATIENCE = 600.0  # seconds for a person to log in and consent


@command()
@customer_argument
@click.argument("connection")
@click.option("--no-browser", is_flag=True, help="Print the consent page's address, and take the one it ends at.")
@click.option("--from-env", is_flag=True, help="Take what would be asked for from the environment: ACME_CRM_TOKEN.")
@click.option("--other-account", is_flag=True, help="It takes the place of the account that was connected before.")
def connect(
    session: Session, customer: str, connection: str, no_browser: bool, from_env: bool, other_account: bool
) -> None:
    """Give a connection its credentials, or prove those that it has.

    Opens the vendor's consent page, or asks for the secrets without showing them. They are kept in the vault once the
    vendor has accepted them. Connecting again keeps all that was read.
    """
    with session.project() as project:
        one = project.customer(customer)
        way = one.way_in(connection)
        if way.kind == "consent":
            consent = one.begin_consent(connection)
            address = _consented(session, consent, no_browser)
            done = one.finish_consent(connection, consent, address, other_account=other_account)
        elif way.kind == "asked":
            environ = project.config.environ
            entered = _from_env(customer, connection, way, environ) if from_env else _entered(one, connection, way)
            done = one.connect(connection, entered, other_account=other_account)
        else:
            done = one.connect(connection, other_account=other_account)
        asked = [each for each in one.questions() if each.place.partition(".")[0] == connection]
    if session.as_json:
        session.output.json(_json(done) | {"questions": [each.name for each in asked]})
    else:
        _show(session.output, done)
        for each in asked:
            session.output.note("asked", f"{each.prompt} `backhaul mapping answer {customer} {each.name} <field>`",
                                style="yellow")  # fmt: skip


def _consented(session: Session, consent: Consent, no_browser: bool) -> str:
    """The address that the person was sent back to."""
    import webbrowser

    from backhaul.cli.callback import is_local, listening

    if no_browser or not is_local(consent.redirect_uri):
        return _pasted(consent)
    with listening(consent.redirect_uri, consent.state) as callback:
        if not webbrowser.open(consent.url):
            return _pasted(consent)
        click.echo("The consent page is open in the browser. If it is not, open this:", err=True)
        click.echo(f"  {consent.url}", err=True)
        address = callback.wait(_PATIENCE)
    if address is None:
        raise ConfigError(
            f"no consent came back within {_PATIENCE / 60:.0f} minutes",
            next_step="run it again; on a machine without a browser with --no-browser",
        )
    return address


def _pasted(consent: Consent) -> str:
    click.echo("Open this address in a browser, on any machine, and consent:", err=True)
    click.echo(f"  {consent.url}", err=True)
    click.echo(f"The browser ends at {consent.redirect_uri}?..., which may show an error page.", err=True)
    return str(click.prompt("Paste that whole address", hide_input=True, err=True))


def _entered(one: Customer, connection: str, way: Way) -> dict[str, str]:
    click.echo(f"{one.name} {connection} needs {listing(way.names)}; what you type is not shown.", err=True)
    return {name: _ask(name) for name in way.names}


def _ask(name: str) -> str:
    if name.endswith("private_key"):
        return _key(str(click.prompt(f"{name}: path of the PEM file", err=True)))
    text: str = click.prompt(name, hide_input=True, err=True)
    return text.strip()


def _key(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the private key {path} cannot be read: {type(error).__name__}") from error


def _from_env(customer: str, connection: str, way: Way, environ: Mapping[str, str]) -> dict[str, str]:
    names = {name: f"{customer}_{connection}_{name}".upper() for name in way.names}
    missing = [variable for variable in names.values() if not environ.get(variable)]
    if missing:
        raise ConfigError(
            f"the environment does not have {', '.join(missing)}",
            next_step="set them, for this one call; they are kept in the vault",
            customer=customer,
            connection=connection,
        )
    return {name: environ[variable] for name, variable in names.items()}


def _json(done: Connected) -> dict[str, Any]:
    return {
        "customer": done.customer, "connection": done.connection, "source": done.source,
        "account": dict(done.account), "scopes_granted": list(done.granted), "scopes_missing": list(done.missing),
        "account_before": done.before,
    }  # fmt: skip


def _show(output: Output, done: Connected) -> None:
    output.line(f"{done.customer} {done.connection} is connected: {done.source} account {done.account['id']}",
                style="green")  # fmt: skip
    if done.missing:
        output.note("scopes", f"not granted: {', '.join(done.missing)}; what needs them is not read", style="yellow")
    if done.before:
        output.note("account", f"it was {done.before} before; read the new one with "
                    f"`backhaul sync {done.customer} --full`", style="yellow")  # fmt: skip
    if sys.stdout.isatty():
        output.line(f"Next: backhaul run {done.customer}", style="dim")
