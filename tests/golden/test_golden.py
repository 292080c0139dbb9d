"""Do the pixels stay as they are? Each case of cases.py beside its picture in expected/.

Tolerance: a sample may differ by 4 of 255 and all together by 0.6 in the mean, which is what other versions of Pillow,
libjpeg and littlecms make of the same words; size and mode must be equal.
"""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image

from tests.golden.cases import CASES, REFERENCES, picture

MOST, MEAN = 4 / 255, 0.6 / 255


def differences(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """(largest, mean) difference of two pictures' samples, 0..1."""
    full = 65535.0 if one.mode.startswith("I") else 255.0
    apart = numpy.abs(numpy.asarray(one, numpy.float64) - numpy.asarray(other, numpy.float64)) / full
    return float(apart.max()), float(apart.mean())


@pytest.mark.parametrize("name", CASES)
def test_pixels(name: str, tmp_path: Path) -> None:
    expected = REFERENCES / f"{name}.png"
    assert expected.exists(), f"{name} has no expected picture; make it with python -m tests.golden and look at it"
    with Image.open(expected) as wanted, Image.open(picture(name, tmp_path)) as made:
        assert (made.size, made.mode) == (wanted.size, wanted.mode)
        most, mean = differences(made, wanted)
    assert most <= MOST and mean <= MEAN, f"{name}: samples differ by up to {most * 255:.1f}, {mean * 255:.2f} in mean"


def test_no_picture_without_a_case() -> None:
    assert {path.stem for path in REFERENCES.glob("*.png")} == set(CASES)


def test_eight_orientations_give_one_picture() -> None:
    with Image.open(REFERENCES / "orientation-1.png") as first:
        for number in range(2, 9):
            with Image.open(REFERENCES / f"orientation-{number}.png") as other:
                assert other.size == first.size
                assert differences(other, first)[1] < 3 / 255
