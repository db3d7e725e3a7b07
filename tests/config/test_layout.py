from __future__ import annotations

from pathlib import Path

import pytest

from backhaul.config.layout import Layout
from backhaul.errors import ConfigError


def test_the_files_of_a_customer_stand_apart_from_the_others() -> None:
    layout = Layout(Path("/p"))
    assert layout.control == Path("/p/.backhaul/control.sqlite")
    assert layout.spool("acme") == Path("/p/.backhaul/spool/acme")
    assert layout.work("acme") == Path("/p/.backhaul/work/acme/work.duckdb")
    assert layout.ledger("acme") == Path("/p/.backhaul/work/acme/ledger.sqlite")
    assert layout.dlt("acme") == Path("/p/.backhaul/work/acme/dlt")
    assert layout.snapshot("acme") == Path("/p/published/acme.duckdb")
    assert layout.raw_snapshot("acme") == Path("/p/published/acme.raw.duckdb")
    assert layout.versions("acme") == Path("/p/published/acme")


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "", ".", "a b", "a.raw"])
def test_no_name_leads_out_of_the_project(name: str) -> None:
    layout = Layout(Path("/p"))
    for path in (layout.spool, layout.work, layout.ledger, layout.snapshot, layout.versions, layout.pipeline):
        with pytest.raises(ConfigError):
            path(name)
