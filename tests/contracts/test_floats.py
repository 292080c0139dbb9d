"""Gray of 32-bit floats stays so in TIFF; what becomes of it elsewhere, and of what is no number, is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.operations import Operation
from imgbatch.pixels.deep import gray
from tests.contracts import deep_pictures
from tests.tiff_files import Samples, tiff

SIZE = (120, 80)
KEEPING: list[tuple[Operation, Any]] = [
    (ib.Crop("50x30+7+9"), lambda values: values[9:39, 7:57]),
    (ib.Flip(), lambda values: values[::-1]),
    (ib.Flop(), lambda values: values[:, ::-1]),
    (ib.Rotate(90), lambda values: np.rot90(values, -1)),
    (ib.Resize("60x40"), lambda values: deep_pictures.resize(values, (60, 40))),
    (ib.Blur(2.3), lambda values: deep_pictures.blur(values, 2.3)),
    (ib.Unsharp(1.2, amount=0.8), lambda values: values + 0.8 * (values - deep_pictures.blur(values, 1.2))),
    (ib.Sharpen(1.5), lambda values: values + 1.5 * (values - deep_pictures.smooth(values))),
]
WITHOUT_FLOATS = [("png", 16), ("jpeg", 8), ("webp", 8), ("bmp", 8)]  # formats, and the bits that they get
#: From the least sample to the largest, the samples that become black and white, and what is said of it.
SPANS: list[tuple[tuple[float, float], float, float, list[str]]] = [
    ((0, 1), 0, 1, []),
    ((0, 0.25), 0, 1, []),
    ((0, 200), 0, 255, []),
    ((-2, 7), -2, 7, ["values: -2 to 7 made black to white"]),
    ((0, 65535), 0, 65535, []),
]


def floats(low: float = 0, high: float = 1) -> Samples:
    """A slope from `low` to `high`."""
    values = deep_pictures.gradient(1, SIZE)[..., 0].astype(np.float64)
    values -= values.min()
    result: Samples = (low + values * ((high - low) / values.max())).astype("f4")
    return result


def run_one(path: Path, output: Path, *ops: Operation, **options: Any) -> tuple[Samples, tuple[str, ...]]:
    """The pixels that a whole run makes of a file, and its changes."""
    (outcome,) = ib.run([path], output, ib.Recipe(ops, [ib.Output(**options)]), workers=0, force=True).outcomes
    assert outcome.ok, outcome.error
    with Image.open(outcome.outputs[0].path) as image:
        return np.asarray(image), outcome.changes


@pytest.mark.parametrize(("operation", "exact"), KEEPING, ids=lambda value: getattr(value, "word", ""))
@pytest.mark.parametrize("span", [(0, 1), (-300, 5000)], ids=str)
def test_floats_stay_floats(tmp_path: Path, operation: Operation, exact: Any, span: tuple[float, float]) -> None:
    values = floats(*span)
    (tmp_path / "a.tif").write_bytes(tiff(values[..., None], photometric=1, order=">", packer="deflate", predictor=3))
    result, changes = run_one(tmp_path / "a.tif", tmp_path / "out", operation)
    assert result.dtype == np.float32 and not changes
    expected = exact(values.astype(np.float64)[..., None])[..., 0]
    assert np.abs(result - expected).max() <= (span[1] - span[0]) / 65535


@pytest.mark.parametrize(("format", "bits"), WITHOUT_FLOATS)
@pytest.mark.parametrize(("span", "black", "white", "note"), SPANS)
def test_formats_without_floats_say_what_became_black_and_white(
    tmp_path: Path, format: str, bits: int, span: tuple[float, float], black: float, white: float, note: list[str]
) -> None:
    values = floats(*span)
    Image.fromarray(values).save(tmp_path / "a.tif")
    result, changes = run_one(tmp_path / "a.tif", tmp_path / "out", format=format, quality=100)
    assert [one for one in changes if "resolution" not in one] == [f"depth: 32 -> {bits} bits", *note]
    seen = (result[..., 0] if result.ndim == 3 else result).astype(np.float64)
    expected = (values.astype(np.float64) - black) / (white - black) * (2**bits - 1)
    assert np.abs(seen - expected).max() <= (0.6 if format in ("png", "bmp") else 6)


@pytest.mark.parametrize(("format", "top"), [("png", 65535), ("bmp", 255)])
def test_what_is_no_number_has_a_place_and_is_counted(tmp_path: Path, format: str, top: int) -> None:
    values = floats(-2, 7)
    values[3, :4] = np.nan, np.inf, -np.inf, np.nan
    Image.fromarray(values).save(tmp_path / "a.tif")
    result, changes = run_one(tmp_path / "a.tif", tmp_path / "out", format=format)
    assert changes[1:] == (
        "values: 2 that are no numbers made black", "values: 2 infinite made black or white",
        "values: -2 to 7 made black to white",
    )  # fmt: skip
    assert result[3, :4].tolist() == [0, top, 0, 0] and result.max() == top
    assert np.abs(result[4:] / top * 9 - 2 - values[4:]).max() < 9 / 255


@pytest.mark.parametrize("bits", ["8", "16"])
def test_fewer_bits_on_request(tmp_path: Path, bits: str) -> None:
    Image.fromarray(floats()).save(tmp_path / "a.tif")
    result, changes = run_one(tmp_path / "a.tif", tmp_path / "out", depth=bits)
    assert changes == (f"depth: 32 -> {bits} bits",) and result.dtype == {"8": np.uint8, "16": np.uint16}[bits]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("operation", "reach"),
    [
        (ib.Blur(2), 9), (ib.BoxBlur(2.5), 3), (ib.Unsharp(2), 9), (ib.Sharpen(1), 1), (ib.Resize("60"), 4),
        (ib.Flip(), 0),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_number_reaches_as_far_as_the_kernel(
    operation: Operation, reach: int, value: float, recwarn: pytest.WarningsRecorder
) -> None:
    values = floats()
    spoilt = values.copy()
    spoilt[30, 40] = value
    result = np.asarray(operation.apply(Image.fromarray(spoilt)))
    expected = np.asarray(operation.apply(Image.fromarray(values)))
    assert not [one for one in recwarn.list if issubclass(one.category, RuntimeWarning)]
    rows, columns = np.nonzero(~np.isfinite(result))
    assert 1 <= len(rows) <= (2 * reach + 1) ** 2
    assert np.ptp(rows) <= 2 * reach and np.ptp(columns) <= 2 * reach
    whole = np.isfinite(result)
    assert np.abs(result[whole] - expected[whole]).max() <= 1e-5


def test_the_range_of_a_picture_is_that_of_its_numbers() -> None:
    values = floats(-3, 4)
    values[0, :3] = np.nan, np.inf, -np.inf
    assert gray.gray_range(Image.fromarray(values)) == (-3, 4)
    assert gray.gray_range(Image.fromarray(np.full((2, 2), np.nan, "f4"))) == (0, 1)
