"""Is a name that gets too long by the size of its picture seen before the first write?"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib


def outcome(folder: Path, length: int, *outputs: ib.Output, ops: tuple[ib.Operation, ...] = ()) -> ib.Outcome:
    """What becomes of a picture of 64x48 whose name has that length without its suffix."""
    path = folder / ("x" * length + ".jpg")
    Image.new("RGB", (64, 48), (9, 99, 200)).save(path)
    (one,) = ib.run(path, folder / "out", ib.Recipe(ops, outputs), workers=0).outcomes
    return one


@pytest.mark.parametrize("widths", [[16], [8, 16]])
def test_nothing_is_written_where_a_name_is_too_long(tmp_path: Path, widths: list[int]) -> None:
    outputs = ib.Output(format="webp").renditions(widths)  # "-16w.webp" has 9 letters
    assert outcome(tmp_path, 246, *outputs).ok
    failure = outcome(tmp_path, 247, *outputs)
    assert failure.error is not None and failure.error.kind == "io" and failure.error.phase == "write"
    assert "longer than the 255 bytes of a name; shorten it with --name" in failure.error.message
    assert failure.outputs == () and not list((tmp_path / "out").glob("x" * 247 + "*"))


def test_the_size_that_only_the_pixels_tell_is_seen_when_it_is_known(tmp_path: Path) -> None:
    output = ib.Output(format="png", name="{stem}-{width}.{ext}")
    failure = outcome(tmp_path, 249, output, ops=(ib.Trim(),))  # whose result is 64 px wide
    assert failure.error is not None and "longer than the 255 bytes of a name" in failure.error.message


def test_a_hash_has_sixteen_digits(tmp_path: Path) -> None:
    assert outcome(tmp_path, 234, ib.Output(name="{stem}-{hash}.{ext}")).ok  # 234 + 1 + 16 + 4
    assert not outcome(tmp_path, 235, ib.Output(name="{stem}-{hash}.{ext}")).ok
