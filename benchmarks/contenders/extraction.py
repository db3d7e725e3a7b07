"""backhaul reading alone: the pages typed and on disk as parts, nothing loaded. The whole is `backhaul sync` itself.

python -m benchmarks.contenders.extraction FOLDER
"""

from __future__ import annotations

import sys

from benchmarks.project import CUSTOMER


def main() -> None:
    from backhaul.cli.lean import without_pandas
    from backhaul.pipeline.reading import Wanted, read_connection
    from backhaul.pipeline.report import SyncReport
    from backhaul.project import Project
    from backhaul.spool.spool import Spool

    without_pandas()
    with Project(sys.argv[1]) as project, project.customer(CUSTOMER).context() as context:
        report = SyncReport(CUSTOMER, context.run_id)
        spool = Spool(context.layout.spool(CUSTOMER))
        reader = read_connection(
            context, "crm", spool, {}, Wanted(), report,
            on_start=lambda task: None, on_part=lambda task, part: None, on_read=lambda reader, task, result: None,
            parents={},
        )  # fmt: skip
        if reader is not None:
            reader.close()
        spool.close()
    for failure in report.failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
