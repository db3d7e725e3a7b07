"""Which snapshots there are: a manifest a version, one pointer to the current, links at the stable paths.

    published/acme.duckdb      -> acme/entities-v00012.duckdb      for whoever queries; a reader keeps what it opened
    published/acme.raw.duckdb  -> acme/raw-v00011.duckdb           an unchanged file serves the next version too
    published/acme/v00012.json                                     what version 12 is made of
    published/acme/current.json -> v00012.json                     moved last: the publish is done

A version's number is never used again, also when its publish was killed half-way: a reader may have seen it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backhaul.config.layout import Layout
from backhaul.errors import ConfigError, StorageError
from backhaul.telemetry.crashpoints import crash_point

AsOf = Mapping[str, Mapping[str, datetime]]
"""connection -> object -> the moment up to which its changes are in."""

_MANIFEST = re.compile(r"v(\d{5,})\.json")
_DATA = re.compile(r"(?:entities|raw)-v(\d{5,})\.duckdb")
_CURRENT = "current.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one version is made of, and up to where of work.duckdb it reaches."""

    version: int
    previous: int | None
    published_at: datetime
    run_id: str
    configuration: str
    """The fingerprint of the configuration in force."""
    entities: str
    raw: str | None
    entities_compact: int
    """The file's size in bytes when it was last written from nothing."""
    raw_compact: int
    work_id: str
    seq: int
    models: str
    """A fingerprint of the entities' structure and comments."""
    signatures: Mapping[str, str]
    """Raw table -> its state, as a short text."""
    as_of: AsOf


@dataclass(frozen=True, slots=True)
class Retention:
    """How many snapshots stay beside the current one (one at least), and for how long all of them do."""

    snapshots: int = 10
    days: int = 7


class Versions:
    """The versions of one customer."""

    def __init__(self, layout: Layout, customer: str) -> None:
        self.folder = layout.versions(customer)
        self._customer = customer
        self._links = {"entities": layout.snapshot(customer), "raw": layout.raw_snapshot(customer)}

    def current(self) -> Manifest | None:
        """The version that readers find at the stable path; None before the first publish."""
        return self._read(self.folder / _CURRENT)

    def kept(self) -> list[Manifest]:
        """The current version and its predecessors that are still there, newest first."""
        found: list[Manifest] = []
        manifest = self.current()
        while manifest is not None:
            found.append(manifest)
            previous = manifest.previous
            manifest = None if previous is None else self._read(self.folder / _manifest_name(previous))
        return found

    def at(self, moment: datetime | None) -> Manifest:
        """The version that was current at a moment; None: now. Raises ConfigError where there is none."""
        kept = self.kept()
        if not kept:
            raise ConfigError(
                "nothing is published yet", next_step=f"backhaul run {self._customer}", customer=self._customer
            )
        if moment is None:
            return kept[0]
        for manifest in kept:
            if manifest.published_at <= moment:
                return manifest
        raise ConfigError(
            f"no snapshot of {moment:%Y-%m-%d %H:%M:%S %Z} is kept; the oldest is of"
            f" {kept[-1].published_at:%Y-%m-%d %H:%M:%S %Z}",
            next_step="give a later --as-of, or keep more snapshots in the destination's file",
            customer=self._customer,
        )

    def next_number(self) -> int:
        """A number that no file bears, also none that a killed publish left."""
        if not self.folder.exists():
            return 1
        names = [path.name for path in self.folder.iterdir()]
        numbers = [int(match[1]) for name in names for match in [_MANIFEST.search(name) or _DATA.search(name)] if match]
        return max(numbers, default=0) + 1

    def unfinished(self, kind: str, version: int) -> Path:
        """Where a file is written before it is one of the version's."""
        return self.folder / f".{kind}-v{version:05}.duckdb.unfinished"

    def commit(self, manifest: Manifest) -> None:
        """Make a version current. Its unfinished files must be complete and synced."""
        for kind, name in (("entities", manifest.entities), ("raw", manifest.raw)):
            unfinished = self.unfinished(kind, manifest.version)
            if name is not None and unfinished.exists():
                # a snapshot never changes: whoever opens it for writing is told so by the system
                unfinished.chmod(0o444)
                unfinished.replace(self.folder / name)
        self._write(manifest)
        crash_point("publish_rename")
        for kind, name in (("raw", manifest.raw), ("entities", manifest.entities)):
            if name is not None:
                _link(self._links[kind], f"{self.folder.name}/{name}")
                crash_point("publish_rename")
        _link(self.folder / _CURRENT, _manifest_name(manifest.version))
        sync(self.folder)
        sync(self.folder.parent)

    def refresh(self, manifest: Manifest) -> None:
        """Note a later state of the sources on a version whose content stayed the same."""
        self._write(manifest)

    def prune(self, retention: Retention, now: datetime) -> int:
        """Delete versions beyond the retention, and what killed publishes left. Returns the versions deleted."""
        chain = self.kept()
        # the last one always stays: a reader may have followed the link to it and not have opened it yet
        beside = max(1, retention.snapshots)
        kept = [
            manifest
            for place, manifest in enumerate(chain)
            if place <= beside or now - manifest.published_at <= timedelta(days=retention.days)
        ]
        if kept and len(kept) < len(chain):
            # the chain ends here now; written before anything is deleted, so that it never leads into nothing
            self._write(replace(kept[-1], previous=None))
        names = {_CURRENT, *(_manifest_name(manifest.version) for manifest in kept)}
        names |= {configuration_name(manifest.configuration) for manifest in kept}
        names |= {name for manifest in kept for name in (manifest.entities, manifest.raw) if name is not None}
        for path in self.folder.iterdir():
            if path.name not in names:
                path.unlink(missing_ok=True)
        return len(chain) - len(kept)

    def _read(self, path: Path) -> Manifest | None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StorageError(
                f"{path} cannot be read: {error}",
                next_step="delete the customer's folder in published/ and publish again; work.duckdb has everything",
                customer=self._customer,
            ) from error
        content["published_at"] = datetime.fromisoformat(content["published_at"])
        content["as_of"] = {
            connection: {name: datetime.fromisoformat(moment) for name, moment in objects.items()}
            for connection, objects in content["as_of"].items()
        }
        return Manifest(**content)

    def _write(self, manifest: Manifest) -> None:
        path = self.folder / _manifest_name(manifest.version)
        unfinished = self.folder / f".{path.name}.unfinished"
        unfinished.write_text(json.dumps(asdict(manifest), default=_spell, indent=1), encoding="utf-8")
        sync(unfinished)
        unfinished.replace(path)


def copy(source: Path, target: Path) -> None:
    """Copy a file; where the file system can share blocks, none are written."""
    with source.open("rb") as reader, target.open("wb") as writer:
        left = os.fstat(reader.fileno()).st_size
        try:
            while left > 0:
                copied = os.copy_file_range(reader.fileno(), writer.fileno(), left)
                if copied == 0:
                    break
                left -= copied
        except OSError:
            # not between these file systems: copy the bytes
            reader.seek(0)
            writer.seek(0)
            shutil.copyfileobj(reader, writer, 1 << 20)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def now() -> datetime:
    return datetime.now(UTC)


def configuration_name(fingerprint: str) -> str:
    """The file that holds a configuration which some version was made with."""
    return f"configuration-{fingerprint}.json"


def _manifest_name(version: int) -> str:
    return f"v{version:05}.json"


def _link(path: Path, target: str) -> None:
    """Point a link elsewhere in one step: whoever opens it finds the old file or the new one."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.symlink_to(target)
    unfinished.replace(path)


def _spell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is not written into a manifest")
