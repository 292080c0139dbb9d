"""How far is a 16-bit gradient, resized, blurred and brightened, from the same in 64-bit floats?

``python -m tests.contracts.deep_error`` writes it as PNG and TIFF, lets ImageMagick read both, and prints the largest
and the mean error in 1/65535.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import imgbatch as ib
from tests.contracts import deep_pictures
from tests.other_readers import IMAGEMAGICK

OPERATIONS = (ib.Resize("50%"), ib.Blur(2), ib.Brightness(1.2))
MOST = 2  # each operation is rounded once


def errors(source: str, format: Any, folder: Path, size: tuple[int, int] = (240, 160)) -> tuple[float, float]:
    """The largest and the mean error of a gradient.

    Parameters
    ----------
    source : str
        ``png`` or ``tiff``: what the gradient is read from.
    format : str
        What it is written as.
    folder : Path
    size : (int, int)
        Of the gradient in px.
    """
    samples = deep_pictures.gradient(3, size)
    path = folder / f"a.{source}"
    path.write_bytes(getattr(deep_pictures, source)(samples))
    recipe = ib.Recipe(OPERATIONS, [ib.Output(format=format)])
    (outcome,) = ib.run([path], folder / f"{source}-{format}", recipe, workers=0, force=True).outcomes
    assert outcome.ok and not outcome.changes, outcome
    halves = deep_pictures.resize(samples.astype(float), (size[0] // 2, size[1] // 2))
    values = (deep_pictures.blur(halves, 2) * 1.2).clip(0, 65535)
    error = np.abs(deep_pictures.read_by_imagemagick(Path(outcome.outputs[0].path), 3) - values)
    return float(error.max()), float(error.mean())


def main() -> int:
    """Print the errors; 0 where none is too large, 77 without ImageMagick."""
    if IMAGEMAGICK is None:
        print("ImageMagick is not installed: nobody reads the files")
        return 77
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for source in ("png", "tiff"):
            for format in ("png", "tiff"):
                largest, mean = errors(source, format, Path(folder))
                print(f"{source} -> {format}: at most {largest:.2f}/65535, {mean:.2f} on average")
                worst = max(worst, largest)
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
