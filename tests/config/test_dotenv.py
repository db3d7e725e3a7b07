from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhaul.config.dotenv import read_dotenv
from backhaul.errors import ConfigError


def _read(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / ".env"
    path.write_bytes(text.encode())
    return read_dotenv(path)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A = b c ", "b c"),
        ("export A=b", "b"),
        ("A=b # comment", "b"),
        ("A=", ""),
        ('A="b # c"', "b # c"),
        ("A='b # c' # d", "b # c"),
        (r'A="x\ny\"z\\"', 'x\ny"z\\'),
        (r"A='x\ny'", r"x\ny"),
        ('A="-----BEGIN\nKEY\n-----END"', "-----BEGIN\nKEY\n-----END"),
        ("A=b=c", "b=c"),
        ("\n# first\n\n  A=b\r\n", "b"),
    ],
)
def test_a_line_is_a_name_and_a_value(tmp_path: Path, line: str, value: str) -> None:
    assert _read(tmp_path, f"{line}\nB=1\n") == {"A": value, "B": "1"}


def test_no_file_is_no_values(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / ".env") == {}


@pytest.mark.parametrize("line", ["just words", "1A=b", 'A="open', "A='b' c", "=b"])
def test_a_line_that_is_none_is_told_by_number_without_its_content(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=r"\.env:2: ") as caught:
        _read(tmp_path, f"OK=1\n{line}\n")
    assert line not in str(caught.value)


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=20)))
def test_what_is_quoted_comes_back(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    values = {name: value.replace("\r", "").replace("\x00", "") for name, value in values.items()}
    lines = []
    for name, value in values.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'{name}="{escaped}"\n')
    path = tmp_path_factory.mktemp("env") / ".env"
    path.write_bytes("".join(lines).encode())
    assert read_dotenv(path) == values
