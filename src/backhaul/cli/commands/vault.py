"""`backhaul vault`: the master key, and a new one in its place."""

from __future__ import annotations

import click

from backhaul.cli.base import Command, Group
from backhaul.cli.output import many
from backhaul.cli.session import Session
from backhaul.errors import ConfigError

_pass_session = click.make_pass_decorator(Session, ensure=True)


@click.group(cls=Group)
def vault() -> None:
    """Keep credentials: make a master key, rotate it.

    The control store keeps credentials sealed: each customer's by a key of its own, each of those by the master key.
    """


@vault.command(cls=Command)
@click.option("--keyring", "user", metavar="NAME", help="Put it into the system's keyring under this name.")
@_pass_session
def key(session: Session, user: str | None) -> None:
    """Make a master key and print it; put it where secrets are kept, and keep a copy."""
    from backhaul.vault.master import KEYRING, TEXT, keep_in_keyring, new_master_key

    made = new_master_key()
    if user is None:
        if session.as_json:
            session.output.data({TEXT: made})
        else:
            click.echo(f"{TEXT}={made}")
        return
    keep_in_keyring(user, made)
    if session.as_json:
        session.output.json({KEYRING: user})
    else:
        session.output.line(f"it is in the keyring; set {KEYRING}={user}")


@vault.command(cls=Command)
@_pass_session
def rotate(session: Session) -> None:
    """Seal everything anew, under new data keys and the first master key.

    For a new master key: give every process `new,old`, run this once, then give them `new` alone.
    """
    from backhaul.vault.sealed import SealedVault
    from backhaul.vault.vault import PLACE, open_vault

    with session.project() as project:
        opened = open_vault(project.config.environ, project.state.store)
        if not isinstance(opened, SealedVault):
            raise ConfigError(
                f"{PLACE} names a vault of another kind, which rotates its own keys", next_step="see that vault's own"
            )
        count = opened.rotate()
    if session.as_json:
        session.output.json({"customers": count})
    else:
        session.output.line(f"the credentials of {many(count, 'customer')} are sealed anew")
