"""A project for the benchmarks: one customer, whose CRM is the page server."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

CUSTOMER = "bench"
_HERE = Path(__file__).parent
_PUSH = """
push:
  titles:                                  # one row in a hundred differs from what the vendor has
    to: crm.contacts
    select: |
      select source_id as id,
             title || case when source_id::bigint % 100 = 0 then ' (checked)' else '' end as jobtitle
      from contacts where not is_deleted
    key: id
    mode: update
"""


def make_project(folder: Path, url: str, objects: Sequence[str], *, limit: int | None = None) -> None:
    """limit: requests a second that the source's definition allows; without it, there is none."""
    shutil.copytree(_HERE / "sources", folder / "sources")
    shutil.copytree(_HERE / "transforms", folder / "transforms")
    if limit is not None:
        definition = folder / "sources" / "bench" / "source.yaml"
        text = definition.read_text()
        rate = f"limits: [{{type: rate, requests: {limit}, per: 1s}}]\n\ndiscovery:\n"
        definition.write_text(text.replace("discovery:\n", rate, 1))
    (folder / ".env").write_text("BENCH_TOKEN=nobody-asks\n")
    (folder / "pipelines").mkdir()
    chosen = "\n".join(f"      {name}: {{}}" for name in objects)
    (folder / "pipelines" / f"{CUSTOMER}.yaml").write_text(
        f"customer: {CUSTOMER}\n"
        "connections:\n"
        "  crm:\n"
        "    source: bench\n"
        "    auth: token\n"
        f"    base_url: {url}\n"
        '    credentials: {token: "${BENCH_TOKEN}"}\n'
        f"    objects:\n{chosen}\n"
        f"{_PUSH if list(objects) == ['contacts'] else ''}"
    )
