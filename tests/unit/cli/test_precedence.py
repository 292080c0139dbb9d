"""Are the paths in a list read as they were meant?"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from imgbatch.cli.arguments import read_list
from imgbatch.core.errors import UsageError


@pytest.mark.parametrize(
    ("data", "null", "found"),
    [
        (b"a.jpg\nb c.jpg\n", False, ["a.jpg", "b c.jpg"]),
        (b"a.jpg\r\n\r\n\n b\r\n", False, ["a.jpg", " b"]),
        (b"last", False, ["last"]),
        (b"", False, []),
        (b"\xff.jpg\n", False, ["\udcff.jpg"]),
        (b"a\nb\0c\r\0\0", True, ["a\nb", "c\r"]),
        (b"", True, []),
    ],
)
def test_a_list_is_read_from_stdin_and_from_a_file(data: bytes, null: bool, found: list[str], tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(data)
    assert read_list("-", null, io.BytesIO(data)) == found
    assert read_list(str(tmp_path / "list"), null, io.BytesIO()) == found


def test_a_name_may_end_as_lines_of_windows_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a\r").write_bytes(b"")
    assert read_list("-", False, io.BytesIO(b"a\r\nb\r\n")) == ["a\r", "b"]


def test_a_list_with_nul_bytes_needs_its_flag() -> None:
    with pytest.raises(UsageError, match="add -0"):
        read_list("-", False, io.BytesIO(b"a\0b\0"))
