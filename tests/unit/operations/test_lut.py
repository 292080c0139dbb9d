"""Are colors looked up as .cube files say, and is what is none refused with the line?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgbatch.core.errors import ImageError, PlanError
from imgbatch.operations import Lut
from imgbatch.operations.tone import cube_file
from imgbatch.runs.apply import apply
from tests import outside
from tests.contracts.test_operations import picture

BOTH = pytest.mark.parametrize("interpolation", ["tetrahedral", "trilinear"])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "a.cube"


def colors(image: Image.Image) -> Any:
    return np.asarray(image.convert("RGB")).astype(float) / 255


@BOTH
def test_a_table_of_a_linear_rule_is_exact(table: Path, interpolation: Any) -> None:
    table.write_text(outside.cube(5, lambda r, g, b: (0.5 * r + 0.3 * b, 1 - g, 0.2 + 0.4 * r)))
    image = picture("RGB", (30, 20))
    r, g, b = np.moveaxis(colors(image), 2, 0)
    reference = np.stack([0.5 * r + 0.3 * b, 1 - g, 0.2 + 0.4 * r], axis=2)
    assert np.abs(colors(apply(image, Lut(str(table), interpolation))) - reference).max() <= 0.51 / 255


@BOTH
@pytest.mark.parametrize("size", [2, 3, 70])
def test_identity_changes_nothing(table: Path, interpolation: Any, size: int) -> None:
    table.write_text(outside.cube(size, lambda r, g, b: (r, g, b)))
    for kind in ("RGB", "RGBA"):
        assert apply(picture(kind), Lut(str(table), interpolation)).tobytes() == picture(kind).tobytes()


def test_tetrahedral_keeps_grays_neutral_where_trilinear_does_not_and_agrees_at_the_points(table: Path) -> None:
    def saturating(r: float, g: float, b: float) -> tuple[float, float, float]:
        gray = (r + g + b) / 3
        return (gray, gray, gray) if r == g == b else (1 - r, g * 0.3, b)

    table.write_text(outside.cube(3, saturating))
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None]).convert("RGB")
    result = np.asarray(apply(ramp, Lut(str(table)))).astype(int)
    assert np.ptp(result, axis=2).max() == 0 and np.array_equal(result[0, :, 0], np.arange(256))
    other = np.asarray(apply(ramp, Lut(str(table), "trilinear"))).astype(int)
    assert np.ptp(other, axis=2).max() > 20


def test_trilinear_by_definition_and_by_pillow(table: Path) -> None:
    random = np.random.default_rng(4)
    values = random.uniform(0, 1, (4, 4, 4, 3)).round(6)
    rows = "\n".join(" ".join(map(str, row)) for row in values.reshape(-1, 3))
    table.write_text(f"LUT_3D_SIZE 4\n{rows}\n")
    image = picture("RGB", (30, 20))
    by_pillow = np.asarray(apply(image, Lut(str(table), "trilinear"))).astype(int)
    table.write_text(f"LUT_3D_SIZE 4\nDOMAIN_MAX 1.0000001 1 1\n{rows}\n")  # one that Pillow's own does not take
    by_us = np.asarray(apply(image, Lut(str(table), "trilinear"))).astype(int)
    assert np.abs(by_pillow - by_us).max() <= 1
    assert np.abs(np.asarray(apply(image, Lut(str(table)))).astype(int) - by_us).max() > 5


def test_one_table_per_band_and_its_domain(table: Path) -> None:
    table.write_text('TITLE "x"\nLUT_1D_SIZE 3\nDOMAIN_MIN 0 0 0.5\nDOMAIN_MAX 1 2 1\n0 0 0\n0.25 0.5 0.5\n1 1 1\n')
    image = Image.new("RGB", (1, 1), (130, 200, 100))
    red = 0.25 + 0.75 * (130 / 255 - 0.5) / 0.5
    assert apply(image, Lut(str(table))).getpixel((0, 0)) == (round(red * 255), 100, 0)


def test_the_domain_of_a_3d_table(table: Path) -> None:
    text = outside.cube(2, lambda r, g, b: (r, g, b))
    table.write_text("LUT_3D_INPUT_RANGE 0.0 2.0\n" + text)
    result = apply(Image.new("RGB", (1, 1), (200, 100, 50)), Lut(str(table)))
    assert result.getpixel((0, 0)) == (100, 50, 25)


def test_gray_gets_colors_alpha_stays_and_sixteen_bits_are_refused(table: Path) -> None:
    table.write_text(outside.cube(2, lambda r, g, b: (r, g, 0)))
    result = apply(picture("LA"), Lut(str(table)))
    assert result.mode == "RGBA" and result.getchannel("A").tobytes() == picture("LA").getchannel("A").tobytes()
    assert apply(picture("1"), Lut(str(table))).mode == "RGB"
    with pytest.raises(ImageError, match="no mode holds 16 bits in color") as error:
        apply(picture("I;16"), Lut(str(table)))
    assert error.value.kind == "mode"


GOOD = outside.cube(2, lambda r, g, b: (r, g, b)).splitlines()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (GOOD[:-1], "LUT_3D_SIZE 2 needs 8 lines of three numbers, the file has 7"),
        ([*GOOD, "1 1 1"], "LUT_3D_SIZE 2 needs 8 lines of three numbers, the file has 9"),
        ([*GOOD[:3], "0 1", *GOOD[4:]], "line 4: expected 3 numbers"),
        ([*GOOD[:3], "0 1 nan", *GOOD[4:]], "line 4: expected 3 numbers"),
        ([*GOOD[:3], "nan 0 1", *GOOD[4:]], "line 4: expected 3 numbers"),
        ([*GOOD[:3], "0 1 x", *GOOD[4:]], "line 4: expected 3 numbers"),
        (GOOD[1:], "no LUT_1D_SIZE or LUT_3D_SIZE: this is no .cube file"),
        (["LUT_3D_SIZE 1"], "line 1: expected LUT_3D_SIZE and a whole number from 2 to 256"),
        (["LUT_3D_SIZE 99999999999999"], "line 1: expected LUT_3D_SIZE and a whole number from 2 to 256"),
        (["LUT_1D_SIZE 2", *GOOD], "line 2: a second table"),
        (["LUT_5D_SIZE 2", *GOOD], "line 1: unknown keyword"),
        (["DOMAIN_MIN 1 1 1", *GOOD], "DOMAIN_MIN is not below DOMAIN_MAX"),
        (["DOMAIN_MIN 1 1", *GOOD], "line 1: expected 3 numbers"),
    ],
)
def test_a_broken_file_is_named_with_its_line(table: Path, lines: list[str], message: str) -> None:
    table.write_text("\n".join(lines))
    with pytest.raises(PlanError) as error:
        apply(picture("RGB"), Lut(str(table)))
    assert str(error.value) == f"lut file: '{table}' cannot be used: {error.value.args[0].split('used: ')[1]}"
    assert message in str(error.value) and "\n" not in str(error.value)


def test_comments_titles_and_other_ends_of_line() -> None:
    text = '# made by\r\nTITLE "a # b"\r\n\r\nLUT_3D_SIZE 2 # small\r\n' + "\r\n".join(GOOD[1:]) + "\r\n"
    cube = cube_file.parse_cube(text)
    assert cube.table.shape == (2, 2, 2, 3) and cube.table[0, 0, 1].tolist() == [1, 0, 0], "red changes fastest"
