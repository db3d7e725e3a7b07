"""What a push sends of the texts that its ledger keeps."""

from __future__ import annotations

import pytest

from backhaul.protocol.schema import Field
from backhaul.push.values import typed


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ('[{"Amount": 1.5}]', [{"Amount": 1.5}]),
        ('{"GLENTRY": []}', {"GLENTRY": []}),
        ("5", "5"),
        ("plain words", "plain words"),
        ("[no list", "[no list"),
        ("", None),
    ],
)
def test_lists_and_maps_are_sent_as_such_and_other_texts_as_they_are(text: str, sent: object) -> None:
    assert typed(text, Field("Line", "json")) == sent
