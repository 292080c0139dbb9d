"""Where do the tests' operations get the files that they need? One small file for each, as their examples name them."""

from __future__ import annotations

import atexit
import functools
import io
import shutil
import tempfile
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgbatch.core.file_parameter import map_paths
from imgbatch.operations import Operation
from imgbatch.planning.reference_files import ReferenceFiles

Op = TypeVar("Op", bound=Operation)
SIZE = (40, 30)  # of the frames


def make(folder: Path, size: tuple[int, int] = SIZE) -> None:
    """The files that the examples of all operations name, in `folder`; the frames are of `size`."""
    logo = Image.new("RGBA", (60, 24), (0, 0, 0, 0))
    ImageDraw.Draw(logo).ellipse((1, 1, 22, 22), fill=(220, 60, 40, 255))
    ImageDraw.Draw(logo).rectangle((28, 6, 58, 17), fill=(30, 90, 200, 128))
    logo.save(folder / "logo.png")
    row, column = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j]
    flat = 230 - 60 * (row**2 + column**2)
    Image.fromarray(flat.astype(np.uint8)).save(folder / "flat.png")
    Image.fromarray((flat / 30).astype(np.uint8)).save(folder / "dark.png")
    Image.linear_gradient("L").convert("RGB").save(folder / "best.png")
    (folder / "look.cube").write_text(cube(3, lambda red, green, blue: (red**2, green, 1 - blue)))
    (folder / "font.ttf").write_bytes(font_file())


def cube(size: int, change: object) -> str:
    """A 3D table in the words of a .cube file; `change` gives the color (0..1) of each red, green and blue."""
    assert callable(change)
    points = [index / (size - 1) for index in range(size)]
    rows = [change(red, green, blue) for blue in points for green in points for red in points]
    return "\n".join([f"LUT_3D_SIZE {size}", *(" ".join(f"{value:.6f}" for value in row) for row in rows)])


def font_file() -> bytes:
    """The font that comes with Pillow, as a file's bytes."""
    face = ImageFont.load_default(12)
    assert isinstance(face, ImageFont.FreeTypeFont) and isinstance(face.path, io.BytesIO)
    return face.path.getvalue()


@functools.cache
def folder() -> Path:
    """A folder with the files, for as long as the tests run."""
    made = Path(tempfile.mkdtemp(prefix="imgbatch-tests-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    make(made)
    return made


def file(example: str) -> str:
    """The path of a file that an example names."""
    return str(folder() / example)


def ready(operation: Op) -> Op:
    """`operation` with what its file says; itself where it needs none."""
    there = map_paths(operation, lambda path: file(Path(path).name))
    with ReferenceFiles([there]).lend([there], "nobody") as (held,):
        assert isinstance(held, type(operation))
        return held
