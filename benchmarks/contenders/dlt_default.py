"""dlt's rest_api source as its quick start runs it: a declaration, a pipeline, run.

python -m benchmarks.contenders.dlt_default URL FOLDER [--objects contacts,...]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--objects", default="contacts")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.chdir(given.folder)

    import dlt
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source(
        {
            "client": {
                "base_url": given.url,
                "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_param": "after"},
            },
            "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
            "resources": [
                {
                    "name": name,
                    "endpoint": {
                        "path": f"crm/v3/objects/{name}",
                        "params": {"limit": 100, "archived": "false"},
                        "data_selector": "results",
                    },
                }
                for name in given.objects.split(",")
            ],
        }
    )
    pipeline = dlt.pipeline(
        pipeline_name="bench", destination="duckdb", dataset_name="raw", pipelines_dir=str(given.folder / "dlt")
    )
    pipeline.run(source)


if __name__ == "__main__":
    main()
