"""backhaul: a sync into work.duckdb; with --extract only into the spool, without any load.

python -m benchmarks.contenders.ours URL FOLDER [--extract] [--objects contacts,...] [--limit REQUESTS_A_SECOND]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.project import CUSTOMER, make_project


def _extract(folder: Path) -> int:
    from backhaul.pipeline.reading import Wanted, read_connection
    from backhaul.pipeline.report import SyncReport
    from backhaul.project import Project
    from backhaul.spool.spool import Spool

    with Project(folder) as project, project.customer(CUSTOMER).context() as context:
        report = SyncReport(CUSTOMER, context.run_id)
        spool = Spool(context.layout.spool(CUSTOMER))
        reader = read_connection(
            context, "crm", spool, {}, Wanted(), report,
            on_start=lambda task: None, on_part=lambda task, part: None, on_read=lambda reader, task, result: None,
        )  # fmt: skip
        if reader is not None:
            reader.close()
        spool.close()
        for failure in report.failures:
            print(failure, file=sys.stderr)
        return 1 if report.failures else 0


def _sync(folder: Path) -> int:
    from backhaul.project import Project

    with Project(folder) as project:
        report = project.customer(CUSTOMER).sync()
    for failure in report.all_failures:
        print(failure, file=sys.stderr)
    return report.exit_code


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extract", action="store_true")
    parser.add_argument("--objects", default="contacts")
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()
    if not given.folder.exists():
        make_project(given.folder, given.url, given.objects.split(","), limit=given.limit)
    sys.exit(_extract(given.folder) if given.extract else _sync(given.folder))


if __name__ == "__main__":
    main()
