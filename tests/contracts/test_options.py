"""Does each format make of each option what the manual's table says?"""

from __future__ import annotations

import re
from typing import Any

import numpy
import pytest
from PIL import Image

from imgbatch import codecs
from imgbatch.codecs import FORMATS, AnimationTiming, Encoding, Metadata
from imgbatch.core.errors import ImageError
from imgbatch.core.parameters import parameters
from tests.pages import page

PAGE = page("encoders")
#: A value of each option that is not its default.
OTHER: dict[str, Any] = {
    "quality": 35, "subsampling": "4:4:4", "progressive": True, "optimize": True, "lossless": True, "effort": 9,
    "colors": 8, "compression": "lzw", "background": "#ff0000", "depth": "16",
}  # fmt: skip
#: Options that are not the formats' own affair: the search, what is kept, which frames, what is beside.
COMMON_OPTIONS = {"format", "max_bytes", "min_ssim", "min_quality", "then_shrink", "min_savings", "frames",
          "icc", "assume_icc", "strip", "keep", "gainmap", "set"}  # fmt: skip


def table() -> dict[str, dict[str, str]]:
    """The manual's table: option -> format -> what it says."""
    head = next(line for line in PAGE.splitlines() if line.startswith("| option |"))
    names = [cell.strip() for cell in head.strip("|").split("|")][1:]
    lines = PAGE.split(head)[1].strip().splitlines()[1:]
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        option = re.sub(r"`--([a-z-]+).*", r"\1", first).replace("-", "_")
        rows[option] = dict(zip(names, cells, strict=True))
    return rows


TABLE = table()


def transparent() -> Image.Image:
    """Detail in color, half of it transparent."""
    values = numpy.random.default_rng(2).integers(0, 256, (24, 32, 4), numpy.uint8)
    return Image.fromarray(values).resize((64, 48), Image.Resampling.BICUBIC)


def encode(name: str, **options: Any) -> tuple[bytes | str, dict[str, Any]]:
    """The bytes of a file, or the refusal, and what Pillow was told."""
    image = transparent() if "background" in options or not options else transparent().convert("RGB")
    encoding = Encoding(**options)
    told = codecs.codec(name).options(encoding, [image])
    try:
        return codecs.encode([image], name, encoding, Metadata(), AnimationTiming()).data, told
    except ImageError as error:
        return str(error), told


def test_every_option_and_format_is_in_the_table() -> None:
    declared = {field.name for field in parameters(Encoding)} - COMMON_OPTIONS
    shown = set(TABLE)
    assert shown == set(OTHER), "a value for the test below"
    assert shown == declared
    for option, row in TABLE.items():
        assert list(row) == list(FORMATS), option


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("option", OTHER)
def test_an_option_has_an_effect_where_the_table_says_so(option: str, format: str) -> None:
    default = {field.name: field.default for field in parameters(Encoding)}[option]
    without, with_it = encode(format, **{option: default}), encode(format, **{option: OTHER[option]})
    assert (without != with_it) == (not TABLE[option][format].startswith("-"))


@pytest.mark.parametrize(("format", "key", "lowest", "highest"), [
    ("png", "compress_level", 1, 9), ("webp", "method", 0, 6), ("avif", "speed", 10, 0),
])  # fmt: skip
def test_the_ends_of_effort(format: str, key: str, lowest: int, highest: int) -> None:
    image = [transparent()]
    assert codecs.codec(format).options(Encoding(effort=0), image)[key] == lowest
    assert codecs.codec(format).options(Encoding(effort=9), image)[key] == highest


@pytest.mark.parametrize("format", FORMATS)
def test_the_defaults_of_quality_are_those_of_the_table(format: str) -> None:
    said = re.match(r"\d+", TABLE["quality"][format])
    assert codecs.codec(format).quality(Encoding()) == (int(said[0]) if said else None)
