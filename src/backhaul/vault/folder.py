"""Credentials as files that something else puts there: `<folder>/<customer>/<connection>/<name>`.

So do container platforms mount secrets. Nothing is written: what must be kept (the tokens of a person's consent) needs
another vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backhaul.config.names import is_name
from backhaul.errors import ConfigError

_LARGEST = 1024 * 1024


def opened(address: str, environ: Mapping[str, str]) -> FolderVault:
    """`file:/run/secrets/backhaul`."""
    folder = Path(unquote(urlsplit(address).path))
    if not folder.is_dir():
        raise ConfigError(f"the vault {address} is no folder", next_step="correct BACKHAUL_VAULT, or mount the secrets")
    return FolderVault(folder)


class FolderVault:
    """A folder of secrets, read each time it is asked: what was put there anew counts at once."""

    writable = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, customer: str, connection: str) -> dict[str, str]:
        folder = self._place(customer, connection)
        if not folder.is_dir():
            return {}
        # mounted secrets have hidden entries beside them, which are the mount's own
        files = sorted(each for each in folder.iterdir() if not each.name.startswith(".") and each.is_file())
        return {each.name: _read(each) for each in files}

    def put(self, customer: str, connection: str, values: Mapping[str, str]) -> None:
        raise self._read_only(customer, connection)

    def drop(self, customer: str, connection: str) -> None:
        raise self._read_only(customer, connection)

    def _place(self, customer: str, connection: str) -> Path:
        if not (is_name(customer) and is_name(connection)):
            raise ConfigError(f"{customer!r} and {connection!r} are no names of a customer and a connection")
        return self._folder / customer / connection

    def _read_only(self, customer: str, connection: str) -> ConfigError:
        return ConfigError(
            f"the vault {self._folder} is only read: what `backhaul connect` is given cannot be kept there",
            next_step=f"put the files into {self._place(customer, connection)}, or use another vault",
            customer=customer,
            connection=connection,
        )


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{path} is too large for a credential")
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{path} cannot be read: {reason}") from error
