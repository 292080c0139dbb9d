"""The short way of a small PNG: the same pixels, bytes and verdicts as Pillow's own way, and that one on any doubt."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import imgbatch as ib
from imgbatch.codecs import open_image, small_png
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.core.errors import ImageError

MOST = 1_000_000
SIGNATURE, END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(MOST):
        yield


def picture(mode: str, size: tuple[int, int], kind: str, seed: int) -> Image.Image:
    """Noise, a gradient, or one color."""
    chance = random.Random(seed)
    count = size[0] * size[1] * len(mode)
    if kind == "noise":
        data = chance.randbytes(count)
    else:
        data = bytes((place * seed // 7 % 256 if kind == "gradient" else seed % 256) for place in range(count))
    return Image.frombytes(mode, size, data)


def saved(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def file_of(
    packed: bytes, size: tuple[int, int] = (5, 4), bits: int = 8, color_type: int = 2, rest: bytes = bytes(3)
) -> bytes:
    head = struct.pack(">IIBB", *size, bits, color_type) + rest
    return b"".join([SIGNATURE, chunk(b"IHDR", head), chunk(b"IDAT", packed), END])


def look(data: bytes) -> object:
    """All that is told of a file: its frames and what was noticed, or the error."""
    try:
        with open_image(data, ".png", MOST) as opened:
            frames = [(frame.mode, frame.size, frame.info, frame.tobytes()) for frame in opened.decode()[0]]
            facts = opened.format, opened.mode, opened.size, opened.length, opened.depth, opened.metadata
            return frames, facts, opened.warnings, opened.changes
    except ImageError as error:
        return error.kind, str(error)


def look_long(data: bytes, monkeypatch: pytest.MonkeyPatch) -> object:
    with monkeypatch.context() as patch:
        patch.setattr(small_png, "_is_codec_known", lambda: False)
        return look(data)


SIZES = st.tuples(st.integers(1, 90), st.integers(1, 90))
MODES, KINDS = st.sampled_from(["L", "RGB"]), st.sampled_from(["noise", "gradient", "color"])


def test_the_codec_is_called_as_this_pillow_wants_it() -> None:
    assert small_png._is_codec_known()


@given(MODES, SIZES, KINDS, st.integers(0, 999), st.integers(0, 9))
def test_pixels_and_bytes_are_those_of_pillow(
    mode: str, size: tuple[int, int], kind: str, seed: int, level: int
) -> None:
    image = picture(mode, size, kind, seed)
    data = saved(image, compress_level=level)
    assert small_png.save_small(image, {"compress_level": level}) == data
    opened = small_png.open_small(data, MOST)
    assert opened is not None and (opened.mode, opened.size, opened.info) == (mode, size, {})
    assert opened.tobytes() == image.tobytes()


@pytest.mark.parametrize("size", [(1, 65536), (65536, 1), (256, 256), (1, 1)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_largest_are_written_in_the_same_pieces(mode: str, size: tuple[int, int]) -> None:
    for kind in ("noise", "color"):  # of noise there are more bytes than Pillow's writer takes at a time
        image = picture(mode, size, kind, 3)
        small = small_png.save_small(image, {"compress_level": 6})
        assert small in (None, saved(image, compress_level=6)) and (small is not None or kind == "noise")


def facts(picture: SourceImage) -> dict[str, object]:
    """All that a picture tells without being decoded, but what only Pillow's own way has."""
    names = {name for name in dir(picture) if not name.startswith("_")} - {"image", "file", "end", "is_plain"}
    return {name: value for name in names if not callable(value := getattr(picture, name))}


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_it_tells_all_that_the_long_way_tells(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(picture(mode, (9, 7), "noise", 5))
    with open_image(data, ".png", MOST) as short:
        short_facts = facts(short)
    monkeypatch.setattr(small_png, "_is_codec_known", lambda: False)
    with open_image(data, ".png", MOST) as opened:
        assert type(opened) is not type(short) and facts(opened) == short_facts


PACKED = zlib.compress(bytes(1 + 3 * 5) * 4)
GOOD = file_of(PACKED)
DOUBTS = {
    "interlaced": file_of(PACKED, rest=b"\0\0\1"),
    "another filter": file_of(PACKED, rest=b"\0\1\0"),
    "another compression": file_of(PACKED, rest=b"\1\0\0"),
    "16 bits": file_of(zlib.compress(bytes(1 + 6 * 5) * 4), bits=16),
    "alpha": file_of(zlib.compress(bytes(1 + 4 * 5) * 4), color_type=6),
    "one bit": file_of(zlib.compress(bytes(2) * 4), bits=1, color_type=0),
    "palette": file_of(zlib.compress(bytes(6) * 4), color_type=3),
    "no pixels": file_of(PACKED, size=(0, 4)),
    "too many": saved(picture("L", (257, 256), "color", 1)),
    "two pieces": GOOD[:33] + chunk(b"IDAT", PACKED[:5]) + chunk(b"IDAT", PACKED[5:]) + END,
    "a piece of another name": GOOD[:33] + chunk(b"daTa", PACKED) + END,
    "a wrong length": GOOD[:33] + struct.pack(">I", len(PACKED) + 1) + GOOD[37:],
    "no piece": GOOD[:33] + END,
    "a text": GOOD[:33] + chunk(b"tEXt", b"Title\0a") + GOOD[33:],
    "a text behind": GOOD[:-12] + chunk(b"tEXt", b"Title\0a") + END,
    "a transparent color": GOOD[:33] + chunk(b"tRNS", bytes(6)) + GOOD[33:],
    "bytes behind": GOOD + b"\0",
    "an end behind": GOOD + END,
    "a wrong sum of the head": GOOD[:29] + b"\0\0\0\0" + GOOD[33:],
    "a wrong sum of the pixels": GOOD[:-16] + b"\0\0\0\0" + END,
    "a wrong sum of the end": GOOD[:-1] + b"\0",
    "cut off": GOOD[:-13],
    "cut off in the pixels": file_of(PACKED[:-6]),
    "damaged pixels": file_of(PACKED[:4] + b"\xff\xff" + PACKED[6:]),
    "a filter that is none": file_of(zlib.compress(b"\7" + bytes(15) + bytes(16) * 3)),
    "a wrong sum inside": file_of(PACKED[:-4] + b"\0\0\0\0"),
    "nothing": b"",
    "a signature": SIGNATURE,
}


@pytest.mark.parametrize("name", DOUBTS)
def test_any_doubt_takes_the_long_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert small_png.open_small(GOOD, MOST) is not None
    assert small_png.open_small(DOUBTS[name], MOST) is None
    assert look(DOUBTS[name]) == look_long(DOUBTS[name], monkeypatch)


def test_more_pixels_than_are_allowed_are_refused_by_the_long_way() -> None:
    assert small_png.open_small(GOOD, 20) is not None and small_png.open_small(GOOD, 19) is None
    with pytest.raises(ImageError) as refused:
        open_image(GOOD, ".png", 19)
    assert refused.value.kind == "too_large"


@given(
    st.binary(max_size=80), st.tuples(st.integers(1, 6), st.integers(1, 6)), st.sampled_from([0, 2]), st.integers(0, 99)
)
def test_verdicts_on_damaged_pixels_are_the_same(
    content: bytes, size: tuple[int, int], color_type: int, cut: int
) -> None:
    packed = zlib.compress(content)
    for data in (file_of(packed, size, color_type=color_type), file_of(packed[:cut], size, color_type=color_type)):
        assert look(data) == look_long(data, pytest.MonkeyPatch())


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
def test_no_changed_byte_is_an_error_of_its_own(at: int, value: int, cut: bool) -> None:
    data = GOOD[:at] + bytes([value]) + (b"" if cut else GOOD[at + 1 :])
    assert look(data) == look_long(data, pytest.MonkeyPatch())


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (picture("L", (4, 4), "noise", 1), {"optimize": True}),
        (picture("L", (4, 4), "noise", 1), {"compress_level": 6, "dpi": (72, 72)}),
        (picture("RGB", (257, 256), "color", 1), {"compress_level": 6}),
        (Image.new("RGBA", (4, 4)), {"compress_level": 6}),
        (Image.new("P", (4, 4)), {"compress_level": 6}),
    ],
)
def test_what_asks_for_more_is_written_by_pillow(image: Image.Image, options: dict[str, Any]) -> None:
    assert small_png.save_small(image, options) is None


def test_a_transparent_color_is_written_by_pillow() -> None:
    image = picture("RGB", (4, 4), "noise", 1)
    image.info["transparency"] = (1, 2, 3)
    assert small_png.save_small(image, {"compress_level": 6}) is None


def _raise(*_: object) -> None:
    raise TypeError("function takes exactly 9 arguments")


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("_decode", _raise), ("_encode", _raise), ("_decode", lambda *_: None), ("_encode", lambda *_: None),
        ("_decode", lambda size, mode, _: Image.new(mode, size)), ("_encode", lambda *_: b"other bytes"),
    ],
)  # fmt: skip
def test_with_a_codec_that_is_called_otherwise_all_takes_the_long_way(
    name: str, instead: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = look(GOOD)
    small_png._is_codec_known.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(small_png, name, instead)
        assert not small_png._is_codec_known()
        assert small_png.open_small(GOOD, MOST) is None
        assert small_png.save_small(picture("L", (4, 4), "noise", 1), {"compress_level": 6}) is None
        assert look(GOOD) == before
    small_png._is_codec_known.cache_clear()
    assert small_png._is_codec_known()


def test_whole_runs_give_the_same_files_and_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for number in range(24):
        mode, kind = ("L", "RGB")[number % 2], ("noise", "gradient", "color")[number % 3]
        size = (8 + 11 * number, 300 - 11 * number)
        (source / f"{number:02}.png").write_bytes(saved(picture(mode, size, kind, number), compress_level=number % 10))
    for name, data in DOUBTS.items():
        (source / f"{name}.png").write_bytes(data)
    recipe = ib.Recipe(ops=[ib.Resize("32")], outputs=[ib.Output(format="png")])
    results = []
    for folder, known in (("short", True), ("long", False)):
        monkeypatch.setattr(small_png, "_is_codec_known", lambda known=known: known)
        outcomes = ib.run([source], tmp_path / folder, recipe, workers=0).outcomes
        records = [outcome.record(str(tmp_path / folder)) for outcome in outcomes]
        files = {path.name: path.read_bytes() for path in (tmp_path / folder).glob("*.png")}
        results.append((files, [{key: value for key, value in record.items() if key != "ms"} for record in records]))
        assert all(record["ms"].keys() >= {"read"} for record in records) and len(files) >= 24
    assert results[0] == results[1]
