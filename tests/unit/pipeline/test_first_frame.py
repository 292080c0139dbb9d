"""Do a statistic and an array see the same first frame as an image in memory, be it of ink?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.operations import Operation
from imgbatch.operations.base import needs_screen
from tests.contracts.pictures import smooth

ON_SCREEN, ANYWHERE = ib.Brightness(1.2), ib.Crop("40x30")


@pytest.mark.parametrize("mode", ["CMYK", "LAB", "RGB", "L"])
def test_only_ink_needs_a_screen_and_only_for_operations_on_it(mode: str) -> None:
    assert needs_screen([ANYWHERE, ON_SCREEN], mode) is (mode in ("CMYK", "LAB"))
    assert not needs_screen([ANYWHERE], mode) and not needs_screen([], mode)


@pytest.mark.parametrize("mode", ["CMYK", "RGB"])
@pytest.mark.parametrize("ops", [[ANYWHERE], [ANYWHERE, ON_SCREEN]], ids=["anywhere", "on screen"])
def test_all_ways_to_a_first_frame_show_the_same(tmp_path: Path, mode: str, ops: list[Operation]) -> None:
    path = tmp_path / "a.tif"
    smooth(mode, (60, 50)).save(path)
    with Image.open(path) as image:
        expected = np.asarray(ib.apply(image, ops).convert("RGB"))
    with ib.load(path, *ops, workers=0) as batch:
        assert np.array_equal(batch.images[0], expected)
        assert batch.outcomes[0].changes == (("mode: CMYK -> sRGB",) if mode == "CMYK" else ())
    found = ib.stats(path, ops, workers=0)
    assert [list(channel) for channel in found.histogram] == [
        list(np.bincount(expected[..., channel].ravel(), minlength=256)) for channel in range(3)
    ]
