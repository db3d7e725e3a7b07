"""Where the files of a project stand, given its root and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backhaul.config.names import is_name
from backhaul.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below a project's root. Nothing is created or read here."""

    root: Path

    # the user's own, under version control

    @property
    def pipelines(self) -> Path:
        return self.root / "pipelines"

    def pipeline(self, customer: str) -> Path:
        return self.pipelines / f"{_safe(customer)}.yaml"

    @property
    def sources(self) -> Path:
        return self.root / "sources"

    @property
    def destinations(self) -> Path:
        return self.root / "destinations"

    @property
    def transforms(self) -> Path:
        return self.root / "transforms"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def dotenv(self) -> Path:
        return self.root / ".env"

    # ours, never under version control

    @property
    def hidden(self) -> Path:
        return self.root / ".backhaul"

    @property
    def control(self) -> Path:
        """The control store."""
        return self.hidden / "control.sqlite"

    @property
    def logs(self) -> Path:
        return self.hidden / "logs"

    def spool(self, customer: str) -> Path:
        return self.hidden / "spool" / _safe(customer)

    def work_folder(self, customer: str) -> Path:
        return self.hidden / "work" / _safe(customer)

    def work(self, customer: str) -> Path:
        """Raw tables and entities; opened only under the customer's write lease."""
        return self.work_folder(customer) / "work.duckdb"

    def ledger(self, customer: str) -> Path:
        return self.work_folder(customer) / "ledger.sqlite"

    def dlt(self, customer: str) -> Path:
        """dlt's folder, which may be deleted at any time."""
        return self.work_folder(customer) / "dlt"

    def agent(self, customer: str, role: str | None = None) -> Path:
        """What agents of a role read; it may be deleted at any time and is made anew from the snapshot."""
        # no role is called so: a name holds no hyphen
        return self.hidden / "agent" / _safe(customer) / ("no-role" if role is None else _safe(role))

    # what is for others to read

    @property
    def published(self) -> Path:
        return self.root / "published"

    def snapshot(self, customer: str) -> Path:
        """The customer's current entities."""
        return self.published / f"{_safe(customer)}.duckdb"

    def raw_snapshot(self, customer: str) -> Path:
        """The customer's current raw tables."""
        return self.published / f"{_safe(customer)}.raw.duckdb"

    def versions(self, customer: str) -> Path:
        """The folder of kept versions of both."""
        return self.published / _safe(customer)


def _safe(customer: str) -> str:
    # a customer's name comes from arguments and requests, too: it must not lead out of the folder
    if not is_name(customer):
        raise ConfigError(
            f"{customer!r} is not a customer's name: letters and digits, with single underscores between",
            next_step="name one of the files in pipelines/",
        )
    return customer
