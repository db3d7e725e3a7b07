"""One run of customer acme in a process of its own, with parts so small that a little data makes many."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from backhaul.extract import deletions, window
from backhaul.pipeline import loading
from backhaul.pipeline.reading import Wanted
from backhaul.pipeline.run import run_customer
from backhaul.project import Customer, Project


def run(acme: Customer, asked: dict[str, Any]) -> dict[str, Any]:
    with acme.context() as context:
        report = run_customer(context, Wanted(check_deletes=asked["check_deletes"], census=asked["census"]))
    assert report.sync is not None
    return {
        "changed": {f"{line.connection}.{line.object}": line.changed for line in report.sync.lines.values()},
        "new_version": bool(report.publish and report.publish.new),
        "failures": [f"{each.connection}.{each.object}: {each.what}" for each in report.all_failures],
    }


def push(acme: Customer, asked: dict[str, Any]) -> dict[str, Any]:
    report = acme.push(asked["push"])
    return {
        "written": report.written,
        "settled": report.settled,
        "unknown": report.unknown,
        "failures": [each.what for each in report.troubles],
    }


def main() -> None:
    asked = json.loads(sys.argv[1])
    window.PART_ROWS = deletions.PART_ROWS = asked["part_rows"]
    window.BATCH_ROWS = 1
    loading.EAGER_ROWS = asked["eager_rows"]
    with Project(Path(asked["root"])) as project:
        acme = project.customer("acme")
        told = push(acme, asked) if asked["push"] else run(acme, asked)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
