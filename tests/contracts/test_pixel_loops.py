"""PNM and DDS by numpy: the pixels and verdicts of Pillow's loops, for every file."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from imgbatch.codecs import open_image
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.samples import loaded_frame, pixel_loops
from imgbatch.core.errors import ImageError
from tests.benchmarks.pixel_loops import dds, files, pnm

MOST = 1_000_000
SPACES = [b" ", b"\n", b"\t", b"\r\n", b"  ", b"\f", b"\v", b" \n "]


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(MOST):
        yield


@pytest.fixture
def fills(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What numpy has read."""
    fill = loaded_frame.fill
    result: list[object] = []

    def note(*args: Any) -> None:
        result.append(args)
        fill(*args)

    monkeypatch.setattr(loaded_frame, "fill", note)
    return result


def look(data: bytes, least: float, monkeypatch: pytest.MonkeyPatch) -> object:
    """All that is told of a file: its frame and what was noticed, or the error."""
    monkeypatch.setattr(pixel_loops, "_LEAST", least)
    try:
        with open_image(data, ".ppm", MOST) as opened:
            frames = [(frame.mode, frame.size, frame.info, frame.tobytes()) for frame in opened.decode()[0]]
            return frames, opened.depth, opened.warnings, opened.changes
    except ImageError as error:
        return error.kind, str(error)


def binary(chance: random.Random, size: tuple[int, int]) -> bytes:
    """A PGM or PPM of any white, or of Pillow's own kinds; some samples are brighter than white."""
    magic = chance.choice(["P5", "P6", "P6", "P5", "PyRGBA", "PyCMYK", "PyP"])
    white = chance.choice([1, 2, 100, 254, 255, 256, 1023, 4095, 65534, 65535, chance.randrange(1, 65536)])
    bands = {"P6": 3, "PyRGBA": 4, "PyCMYK": 4}.get(magic, 1)
    count = math.prod(size) * bands * (1 if white < 256 else 2)
    return pnm(magic, size, white, chance.randbytes(count + chance.choice([0, 0, 0, -1, 1, -count // 2])))


def text(chance: random.Random, size: tuple[int, int]) -> bytes:
    """A PBM, PGM or PPM as text, mostly sound."""
    magic = chance.choice(["P1", "P2", "P3"])
    white = chance.choice([1, 9, 10, 99, 100, 255, 255, 256, 1000, 65535])
    count = math.prod(size) * (3 if magic == "P3" else 1)
    words = [b"%d" % chance.randrange(2 if magic == "P1" else white + 1) for _ in range(count)]
    if chance.random() < 0.5:
        odd = [
            b"007", b"0000000000", b"00000000001", b"99999", b"65536", b"-1", b"-0", b"+1", b"1_0", b"x", b"1.5", b"#",
            b"# 3\n", b"#4", b"\0", b"2", b"", b"%d" % (white + 1), b"1" * 30, b"\xa0", b"\x1c",
        ]  # fmt: skip
        for _ in range(chance.choice([1, 1, 3])):
            way, at = chance.random(), chance.choice([chance.randrange(count), count - 1])
            if way < 0.4 and words:
                words[min(at, len(words) - 1)] = chance.choice(odd)
            elif way < 0.6:
                words.insert(at, chance.choice(odd))
            elif way < 0.8:
                words += chance.choices([*odd, b"1", b"1"], k=chance.choice([1, 1, 1, 200]))
            else:
                del words[at:]
    between = b"" if magic == "P1" and chance.random() < 0.3 else None
    body = b"".join(part for word in words for part in (word, between if between == b"" else chance.choice(SPACES)))
    if chance.random() < 0.3:
        body = body.rstrip()
    return pnm(magic, size, None if magic == "P1" else white, body)


def masked(chance: random.Random, size: tuple[int, int]) -> bytes:
    """A DDS with masks as they are, or as nobody makes them."""
    bits = chance.choice([0, 8, 15, 16, 16, 24, 24, 32, 32, 40, 64])
    usual = {
        16: (0xF800, 0x7E0, 0x1F, 0x8000), 24: (0xFF0000, 0xFF00, 0xFF, 0), 32: (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
    }  # fmt: skip
    odd = tuple(chance.choice([0, 1, 0b101, 0xFF, 0x3FF00000, 0xFFFFFFFF, chance.getrandbits(32)]) for _ in range(4))
    masks = usual.get(bits, odd) if chance.random() < 0.6 else odd
    count = math.prod(size) * (bits // 8) + chance.choice([0, 0, 0, 5, -1])
    return dds(size, chance.choice([0x40, 0x41]), bits, masks, chance.randbytes(max(0, count)))


@pytest.mark.parametrize("make", [binary, text, masked])
@pytest.mark.parametrize("block", [7, 64, pixel_loops._BLOCK])
def test_nothing_is_told_otherwise_of_any_file(
    make: Callable[[random.Random, tuple[int, int]], bytes],
    block: int,
    fills: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pixel_loops, "_BLOCK", block)
    chance = random.Random(f"{make.__name__} {block}")
    results: Counter[str] = Counter()
    for _ in range(150):
        data = make(chance, (chance.randrange(1, 12), chance.randrange(1, 12)))
        fills.clear()
        told = look(data, 1, monkeypatch)
        by_numpy = bool(fills)
        assert told == look(data, math.inf, monkeypatch), data
        results["failed" if isinstance(told, tuple) and len(told) == 2 else "numpy" if by_numpy else "Pillow"] += 1
    assert results["numpy"] > 30 and results["failed"] > 10


@pytest.mark.parametrize("white", range(1, 65536, 4369))
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_value_becomes_what_pillow_makes_of_it(white: int, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 1 if white < 256 else 2
    values = b"".join(value.to_bytes(size, "big") * len(mode) for value in range(256**size))
    data = pnm("P6" if mode == "RGB" else "P5", (256, 256 ** (size - 1)), white, values)
    assert look(data, 1, monkeypatch) == look(data, math.inf, monkeypatch)


def test_what_the_benchmark_measures_is_read_by_numpy_or_c_code(
    fills: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_numpy = set()
    for name, make in files(Image.radial_gradient("L").convert("RGB").resize((50, 40))).items():
        data = make()
        fills.clear()
        told = look(data, 1, monkeypatch)
        by_numpy |= {name} if fills else set()
        assert isinstance(told, tuple) and len(told) == 4 and told == look(data, math.inf, monkeypatch), name
    assert by_numpy == {
        "PPM, white 100", "PPM, 10 bits", "PPM, 16 bits", "PPM, text", "PGM, 12 bits", "PGM, text", "PBM, text",
        "DDS, 24 bits", "DDS, 32 bits", "DDS, 5+6+5 bits",
    }  # fmt: skip


def test_small_pictures_are_left_to_pillow(fills: list[object]) -> None:
    """Pillow needs less time for them than numpy to be loaded."""
    for size, is_small in (((255, 256), True), ((256, 256), False)):
        with open_image(pnm("P6", size, 1023, bytes(6 * math.prod(size))), ".ppm", MOST) as opened:
            list(opened.decode()[0])
        assert bool(fills) is not is_small
