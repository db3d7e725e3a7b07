"""What a definition's write says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from backhaul.config.writes import Write


@pytest.mark.parametrize(
    ("more", "brings"),
    [
        ({"headers": {"Idempotency-Key": "{batch.id}"}}, True),
        ({"params": {"requestid": "{item.id}"}}, True),
        ({"item": {"reference": "{item.id}", "...": "{values}"}}, True),
        ({"item": {"...": "{values}"}, "trace": "reference"}, False),
        ({"params": {"key": "{match.value}"}}, False),
    ],
)
def test_a_write_brings_our_id_where_the_request_has_it(more: dict[str, Any], brings: bool) -> None:
    write = Write.model_validate({"post": "/things", "result": {"type": "all"}, **more})
    assert write.brings_our_id is brings
