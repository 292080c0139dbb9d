"""Do operations that have nothing to do give the very picture back, in every mode?"""

from __future__ import annotations

import pytest

from imgbatch.operations import (
    BoxBlur,
    Brightness,
    Contrast,
    Gamma,
    Grayscale,
    Median,
    Operation,
    Saturation,
    Sharpen,
    Unsharp,
    WhiteBalance,
)
from tests.contracts.test_operations import picture

MODES = ("1", "P", "RGBA", "I;16", "F", "CMYK")
#: Operations, and the modes in which they change nothing.
IDLE: list[tuple[Operation, tuple[str, ...]]] = [
    *((operation, MODES) for operation in (BoxBlur(0), Unsharp(3, amount=0), Sharpen(0), Median(1))),
    *((operation, (*MODES, "LAB")) for operation in (Brightness(1), Contrast(1), Saturation(1), Gamma(1))),
    *((operation, ("1", "L", "L+t", "LA", "I", "F", "I;16", "I;16B")) for operation in (Grayscale(), Saturation(3))),
    *((operation, ("L", "LA", "1", "I;16")) for operation in (WhiteBalance(), WhiteBalance("white-patch"))),
]


@pytest.mark.parametrize(
    ("operation", "kind"), [(operation, kind) for operation, kinds in IDLE for kind in kinds], ids=str
)
def test_nothing_to_do_gives_the_same_picture(operation: Operation, kind: str) -> None:
    image = picture(kind)
    assert operation.apply(image) is image
