"""Is light averaged where light is asked for, in every mode and through every way that a picture can take?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import ImageError
from imgbatch.operations import Resize
from imgbatch.operations.support.fit import KERNELS
from imgbatch.pixels.gamma import from_linear, to_linear
from tests.contracts.test_operations import picture
from tests.resamplers import resizing_engine

__all__ = ["resizing_engine"]  # a fixture
pytestmark = pytest.mark.usefixtures("resizing_engine")
HALF = round(from_linear(0.5) * 255)  # 188: what black and white in turns look like from afar


def stripes(mode: str, size: tuple[int, int] = (64, 64)) -> Image.Image:
    """Black and white columns in turns."""
    values = np.zeros((size[1], size[0]), np.uint8)
    values[:, ::2] = 255
    if mode == "I;16":
        return Image.fromarray((values.astype(np.uint16) * 257).astype("<u2"))
    return Image.fromarray(values).convert(mode)


@pytest.mark.parametrize(
    ("mode", "level"),
    [*((mode, HALF) for mode in ("L", "1", "P", "RGB", "LA", "RGBA")), ("I;16", round(from_linear(0.5) * 65535))],
)
def test_stripes_keep_their_light(mode: str, level: int) -> None:
    result = Resize("8x8!", kernel="box", linear=True).apply(stripes(mode))
    assert abs(np.asarray(result).ravel()[0].astype(int) - level) <= (1 if level > 255 else 0)
    plain = Resize("8x8!", kernel="box").apply(stripes(mode))
    assert abs(np.asarray(plain).ravel()[0].astype(int) - level / HALF * 128) < level / 100


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_an_even_picture_stays_as_it_is(kernel: Any, mode: str) -> None:
    for level in range(0, 256, 5):
        if mode == "I;16":
            image = Image.fromarray(np.full((9, 13), level * 257, "<u2"))
        else:
            bands = [Image.new("L", (13, 9), value) for value in (level, 255 - level, 9, 77)]
            image = Image.merge(mode, bands[: len(mode)])
        result = np.asarray(Resize("5x4!", kernel=kernel, linear=True).apply(image)).astype(int)
        assert np.abs(result - np.asarray(image)[:4, :5]).max() <= (2 if mode == "I;16" else 0)


def by_definition(samples: NDArray[np.uint8], block: int) -> NDArray[np.float64]:
    """Blocks of RGBA averaged as light, one pixel at a time."""
    rows, columns = samples.shape[0] // block, samples.shape[1] // block
    result = np.zeros((rows, columns, 4))
    for row in range(rows):
        for column in range(columns):
            part = samples[row * block : (row + 1) * block, column * block : (column + 1) * block].reshape(-1, 4) / 255
            weight = part[:, 3].sum()
            result[row, column, 3] = 255 * weight / len(part)
            for band in range(3):
                light = sum(to_linear(pixel[band]) * pixel[3] for pixel in part) / weight
                result[row, column, band] = 255 * from_linear(light)
    return result


def test_alpha_weights_light() -> None:
    image = picture("RGBA", (12, 8))
    result = np.asarray(Resize("3x2!", kernel="box", linear=True).apply(image))
    assert np.abs(result - by_definition(np.asarray(image), 4)).max() <= 0.51


def test_what_is_no_levels_of_light() -> None:
    for mode in ("I", "F"):
        image = picture(mode, (12, 8))
        assert Resize("4", linear=True).apply(image).tobytes() == Resize("4").apply(image).tobytes()
    for mode in ("CMYK", "LAB"):
        with pytest.raises(ImageError, match=f"resize cannot average the light of {mode} pixels") as error:
            Resize("4", linear=True).apply(picture(mode, (12, 8)))
        assert error.value.kind == "mode"


def test_ink_becomes_srgb_in_a_run(tmp_path: Path) -> None:
    source = Path(__file__).parents[3] / "sample_images/color/cmyk.jpg"
    nearest = Resize("60", kernel="nearest", linear=True)
    for op, mode in ((Resize("60", linear=True), "RGB"), (Resize("60"), "CMYK"), (nearest, "CMYK")):
        recipe = ib.Recipe([op], [ib.Output(format="jpeg")])
        report = ib.run(source, tmp_path / "out", recipe, workers=0, ledger=False, overwrite=True)
        (outcome,) = report.outcomes
        assert outcome.ok and ("mode: CMYK -> sRGB" in outcome.changes) is (mode == "RGB")
        with Image.open(tmp_path / "out/cmyk.jpg") as result:
            assert result.mode == mode


@pytest.mark.parametrize("no_plan", [False, True])
def test_a_jpeg_keeps_its_light_with_and_without_the_plan(tmp_path: Path, no_plan: bool) -> None:
    stripes("RGB", (1600, 1200)).save(tmp_path / "a.jpg", quality=95)
    own = [ib.Output(format="png", dir=name, ops=[op]) for name, op in (
        ("light", Resize("100", linear=True)), ("levels", Resize("90")), ("large", Resize("400", linear=True)),
    )]  # fmt: skip
    report = ib.run(tmp_path / "a.jpg", tmp_path / "out", ib.Recipe(outputs=own), workers=0, no_plan=no_plan)
    assert report.exit_code == 0
    for name, level in (("light", HALF), ("levels", 128)):
        assert abs(np.asarray(Image.open(tmp_path / f"out/{name}/a.png"))[20:50, 20:60].mean() - level) <= 3
