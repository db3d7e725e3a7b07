"""What a definition's write says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from backhaul.config.writes import Write


@pytest.mark.parametrize(
    ("more", "keyed"),
    [
        ({"headers": {"Idempotency-Key": "{batch.id}"}}, True),
        ({"params": {"requestid": "{item.id}"}}, True),
        ({"json": {"many": "{items}"}, "item": {"reference": "{item.id}", "...": "{values}"}}, False),
        ({"item": {"...": "{values}"}, "trace": "reference"}, False),
        ({"params": {"key": "{match.value}"}}, False),
    ],
)
def test_a_write_is_keyed_where_the_call_says_what_we_call_its_rows(more: dict[str, Any], keyed: bool) -> None:
    write = Write.model_validate({"post": "/things", "result": {"type": "all"}, **more})
    assert write.is_keyed is keyed
