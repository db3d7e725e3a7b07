"""The demo's stage: a project for two customers against local simulators, and what happens at their vendors."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from backhaul.config.catalog import catalog_root
from backhaul.errors import ConfigError
from backhaul.sandbox.remote import Remote
from backhaul.sandbox.serve import Served

CUSTOMERS = ("acme", "globex")
SOURCES = ("hubspot", "salesforce", "netsuite")
_PIDS = "simulators.json"


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that was done at a vendor, in words."""

    source: str
    what: str


def make_room(root: Path) -> None:
    """Make the project's folder. Raises ConfigError for one that holds something else."""
    if root.exists() and any(root.iterdir()) and not (root / ".backhaul" / _PIDS).exists():
        raise ConfigError(f"{root} holds something else", next_step="name an empty folder: backhaul demo DIR")
    (root / ".backhaul").mkdir(parents=True, exist_ok=True)
    if not (pids := root / ".backhaul" / _PIDS).exists():
        pids.write_text("{}", encoding="utf-8")  # the folder is a demo's from here on, whether it starts or not


def prepare(root: Path, served: Sequence[Served]) -> None:
    """Write the project: the two customers' pipelines and their secrets."""
    (root / "pipelines").mkdir(exist_ok=True)
    for name in ("base", *CUSTOMERS):
        text = (catalog_root() / "pipelines" / f"{name}.yaml").read_text(encoding="utf-8")
        # editors find the schemas where a project has them
        text = text.replace("$schema=../docs/schema/", "$schema=../.backhaul/schemas/")
        (root / "pipelines" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (root / ".gitignore").write_text(".backhaul/\npublished/\n.env\n", encoding="utf-8")
    lines: list[str] = []
    for each in served:
        prefix = f"{'GLOBEX' if each.source == 'salesforce' else 'ACME'}_{each.source.upper()}"
        lines.append(f"{prefix}_URL={each.base_url}")
        lines += [
            f"{prefix}_{name.upper()}={value}"
            for name, value in each.credentials.items()
            if isinstance(value, str) and "\n" not in value
        ]
    env = root / ".env"
    env.touch(mode=0o600)
    env.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / ".backhaul" / _PIDS).write_text(
        json.dumps({each.source: {"pid": each.pid, "control_url": each.control_url} for each in served}),
        encoding="utf-8",
    )


def stop_earlier(root: Path) -> None:
    """End the simulators that an earlier demo in this folder left running."""
    path = root / ".backhaul" / _PIDS
    if not path.exists():
        return
    for each in json.loads(path.read_text(encoding="utf-8")).values():
        try:
            # only what still answers as a simulator is one: the number may be another process's by now
            Remote(each["control_url"]).health()
            os.kill(each["pid"], signal.SIGTERM)
        except (OSError, ValueError, httpx.HTTPError):
            continue


def meddle(served: Sequence[Served]) -> list[Happened]:
    """What people do while a push is being looked at: one changes a field that it writes, one holds a record."""
    happened: list[Happened] = []
    for each in served:
        remote = Remote(each.control_url)
        if each.source == "hubspot":
            remote.mutate("update", "companies", _live(remote, "companies")[0], {"health_score": "99"})
            happened.append(Happened(each.source, "a person sets the health of one company to 99"))
        elif each.source == "salesforce":
            remote.configure(locked_ids=_live(remote, "Account")[:1])
            happened.append(Happened(each.source, "a long job of the customer's holds one account"))
        remote.close()
    return happened


def let_go(served: Sequence[Served]) -> list[Happened]:
    """The record that was held is free again."""
    happened: list[Happened] = []
    for each in served:
        if each.source == "salesforce":
            remote = Remote(each.control_url)
            remote.configure(locked_ids=[])
            remote.close()
            happened.append(Happened(each.source, "that job has ended"))
    return happened


def disturb(served: Sequence[Served]) -> list[Happened]:
    """Change, delete, restore and merge a few records at each vendor, and let an hour pass there."""
    happened: list[Happened] = []
    for each in served:
        remote = Remote(each.control_url)
        company, name, contact = _OBJECTS[each.source]
        remote.advance(3600)
        ids = _live(remote, company)
        people = _live(remote, contact)
        remote.mutate("update", company, ids[0], {name: "Renamed at the vendor, Inc."})
        remote.mutate("update", company, ids[1], {name: "Moved to another name GmbH"})
        remote.mutate("delete", contact, people[0])
        happened += [Happened(each.source, "2 companies renamed"), Happened(each.source, "1 contact deleted")]
        remote.mutate("merge", company, ids[2], {"loser": ids[3]})
        happened.append(Happened(each.source, "2 companies merged into one"))
        remote.advance(3600)
        remote.close()
    return happened


def restore(served: Sequence[Served]) -> list[Happened]:
    """Bring the deleted contact back where the vendor can."""
    happened: list[Happened] = []
    for each in served:
        if each.source == "netsuite":
            continue
        remote = Remote(each.control_url)
        contact = _OBJECTS[each.source][2]
        gone = [str(_id(row)) for row in remote.dump(contact) if row.get("_deleted") and not row.get("_merged_into")]
        remote.mutate("restore", contact, gone[0])
        remote.advance(3600)
        remote.close()
        happened.append(Happened(each.source, "the deleted contact restored"))
    return happened


_OBJECTS = {
    "hubspot": ("companies", "name", "contacts"),
    "salesforce": ("Account", "Name", "Contact"),
    "netsuite": ("customer", "companyname", "contact"),
}


def _live(remote: Remote, object: str) -> list[str]:
    return [str(_id(row)) for row in remote.dump(object) if not row.get("_deleted")]


def _id(row: dict[str, object]) -> object:
    return row.get("Id") or row["id"]
