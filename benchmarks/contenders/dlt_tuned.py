"""dlt's rest_api source with the settings that served best here; each was tried alone and kept where it helped.

python -m benchmarks.contenders.dlt_tuned URL FOLDER [--objects contacts,...]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    # larger buffers, files for both cores, nothing compressed on the way
    "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "50000",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "2",
    "EXTRACT__WORKERS": "8",
    "EXTRACT__MAX_PARALLEL_ITEMS": "32",
}


def _lift(record: dict[str, Any]) -> dict[str, Any]:
    """The properties as columns: the normaliser would spend a third of its time on flattening them."""
    return {"id": record["id"], **record["properties"], "archived": record["archived"]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--objects", default="contacts")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(SETTINGS)
    os.chdir(given.folder)

    import dlt
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source(
        {
            "client": {
                "base_url": given.url,
                "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_param": "after"},
            },
            "resource_defaults": {"primary_key": "id", "write_disposition": "merge", "parallelized": True},
            "resources": [
                {
                    "name": name,
                    "endpoint": {
                        "path": f"crm/v3/objects/{name}",
                        "params": {"limit": 100, "archived": "false"},
                        "data_selector": "results",
                    },
                    "processing_steps": [{"map": _lift}],
                }
                for name in given.objects.split(",")
            ],
        },
        max_table_nesting=0,
    )
    pipeline = dlt.pipeline(
        pipeline_name="bench", destination="duckdb", dataset_name="raw", pipelines_dir=str(given.folder / "dlt")
    )
    pipeline.run(source, loader_file_format="parquet")


if __name__ == "__main__":
    main()
