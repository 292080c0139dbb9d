"""Are sound files that have no reader here told apart from damaged ones, and is damage named in words for users?"""

from __future__ import annotations

import io
import random
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, features

from imgbatch.codecs import errors
from imgbatch.codecs.reading import limits, reader_gaps
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.errors import ImageError
from imgbatch.core.job import Job, Source
from imgbatch.pipeline.inspect import InspectTask
from imgbatch.pipeline.task import LocalContext

MOST = 4_000_000  # px


def picture(mode: str, size: tuple[int, int] = (24, 17)) -> Image.Image:
    """Something that no packer makes small."""
    data = random.Random(1).randbytes(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, data).convert(mode)


def encoded(name: str, mode: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture(mode).save(file, name, **options)
    return file.getvalue()


def verdict(data: bytes, suffix: str) -> tuple[str, str]:
    """The kind and the message of what cannot be read."""
    with pytest.raises(ImageError) as failure, limits.warning_recorder(MOST), open_image(data, suffix, MOST) as image:
        list(image.decode()[0])
    return failure.value.kind, str(failure.value)


def tiff(**tags: int) -> bytes:
    """A TIFF of 8x8 pixels in three planes of bytes, with other values of some tags (t259=...)."""
    entries = {256: 8, 257: 8, 258: 8, 259: 1, 262: 2, 277: 3, 278: 8, 284: 2}
    entries |= {int(name[1:]): value for name, value in tags.items()}
    count = len(entries) + 3
    end = 8 + 2 + 12 * count + 4
    words = {number: struct.pack("<HHIHH", number, 3, 1, value, 0) for number, value in entries.items()}
    words[258] = struct.pack("<HHII", 258, 3, 3, end)
    words[273] = struct.pack("<HHII", 273, 4, 3, end + 6)
    words[279] = struct.pack("<HHII", 279, 4, 3, end + 18)
    words[305] = struct.pack("<HHI4s", 305, 2, 4, b"me\0\0")
    start = end + 30
    places = struct.pack("<3I", *(start + 64 * plane for plane in range(3)))
    body = struct.pack("<3H", 8, 8, 8) + places + struct.pack("<3I", 64, 64, 64) + bytes(range(192))
    return (
        b"II*\0\x08\0\0\0" + struct.pack("<H", count) + b"".join(words[key] for key in sorted(words)) + bytes(4) + body
    )


def test_the_tiff_of_these_tests_is_sound() -> None:
    with limits.warning_recorder(MOST), open_image(tiff(), ".tif", MOST) as image:
        (frame,) = image.decode()[0]
    assert frame.getpixel((1, 0)) == (1, 65, 129)


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (tiff(t262=6), "unsupported", "no reader here"),
        (tiff(t259=34712), "unsupported", "no reader here for a TIFF compressed as JPEG 2000; save it with another"),
        (tiff(t259=34887), "unsupported", "no reader here for a TIFF compressed as LERC"),
        (tiff(t259=999), "corrupt", "the tiff header names a compression that is none (999)"),
    ],
    ids=["YCbCr in planes", "JPEG 2000", "LERC", "none"],
)
def test_tiff(data: bytes, kind: str, words: str) -> None:
    answer, message = verdict(data, ".tif")
    assert answer == kind and message.startswith(words)


def test_a_compression_that_libtiff_was_built_without(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tiff(t259=50001)
    has_decoder = reader_gaps.has_compression("webp")
    answer = verdict(data, ".tif")
    if not has_decoder:
        assert answer == (
            "unsupported", "no reader here for a TIFF compressed as WEBP; save it with another compression first"
        )  # fmt: skip
    monkeypatch.setattr(reader_gaps, "has_compression", lambda name: True)
    assert verdict(data, ".tif") == ("corrupt", "the decoder can make nothing of its data")


@pytest.mark.parametrize(("bits", "planes", "kind"), [(2, 1, "unsupported"), (4, 1, "unsupported"), (8, 9, "corrupt")])
def test_pcx(bits: int, planes: int, kind: str) -> None:
    data = bytearray(encoded("PCX", "RGB"))
    data[3], data[65] = bits, planes
    answer, message = verdict(bytes(data), ".pcx")
    assert answer == kind
    if kind == "unsupported":
        assert message == f"no reader here for a PCX of {planes} x {bits} bits; save it as PNG first"


def test_a_png_of_apple_s_own_kind() -> None:
    data = encoded("PNG", "RGB")
    crushed = data[:8] + b"\0\0\0\4CgBI\x50\0\x20\x06\x2c\xb8\x77\x66" + data[8:].replace(b"IDAT\x78", b"IDAT\x00", 1)
    assert verdict(crushed, ".png")[0] == "unsupported"


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_an_avif_that_is_too_large_for_its_reader() -> None:
    data = encoded("AVIF", "RGB")
    at = data.index(b"ispe") + 8
    large = data[:at] + struct.pack(">II", 17000, 17000) + data[at + 8 :]
    assert verdict(large, ".avif") == ("too_large", f"{17000**2} pixels (17000x17000) exceed --max-pixels {MOST}")
    with pytest.raises(ImageError, match="289000000 pixels .17000x17000. are more than libavif reads") as failure:
        open_image(large, ".avif", 10**9)
    assert failure.value.kind == "too_large"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            RuntimeError("Failed to decode frame 0: Not implemented"),
            "unsupported",
            "Failed to decode frame",
        ),
        (OSError("out of memory when reading image file"), "memory", "not enough memory for this picture"),
        (OSError("decoder error -9"), "corrupt", "the decoder can make nothing of its data"),
        (SyntaxError("unknown"), "corrupt", "unknown"),
        (KeyError(258), "corrupt", "its data contradict themselves"),
        (IndexError("list index out of range"), "corrupt", "its data contradict themselves"),
        (
            struct.error("unpack_from requires a buffer of 4 bytes"),
            "corrupt",
            "its data contradict themselves",
        ),
        (ValueError("Unsupported SGI image mode"), "unsupported", "Unsupported SGI image mode"),
        (TypeError("not enough arguments"), "truncated", "the data end too early"),
    ],
    ids=str,
)
def test_what_readers_raise(error: Exception, kind: str, words: str) -> None:
    answer, message = errors.classify(error, "decode")
    assert answer == kind and message.startswith(words)


def test_what_pillow_makes_of_python_s_own_errors() -> None:
    with pytest.raises(ImageError, match="^its data contradict themselves$"), errors.image_errors("decode"):
        try:
            [][1]
        except IndexError as error:
            raise SyntaxError(error) from error


# -- words -------------------------------------------------------------------------------------------------------------

SEEDS: dict[str, Callable[[], list[bytes]]] = {
    ".jpg": lambda: [encoded("JPEG", mode, progressive=one) for mode in ("L", "RGB", "CMYK") for one in (False, True)],
    ".png": lambda: [encoded("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    ".apng": lambda: [encoded("PNG", "RGB", save_all=True, append_images=[Image.new("RGB", (24, 17))])],
    ".webp": lambda: [encoded("WEBP", mode, lossless=one) for mode in ("RGB", "RGBA") for one in (False, True)],
    ".gif": lambda: [encoded("GIF", "P"), encoded("GIF", "L", save_all=True, append_images=[picture("L")])],
    ".avif": lambda: [encoded("AVIF", mode) for mode in ("RGB", "RGBA") if features.check("avif")],
    ".tif": lambda: [
        encoded("TIFF", mode, compression=compression)
        for compression in (None, "tiff_lzw", "tiff_deflate", "jpeg", "packbits")
        for mode in ("L", "RGB", "CMYK")
    ],
    ".bmp": lambda: [encoded("BMP", mode) for mode in ("1", "L", "P", "RGB", "RGBA")],
    ".jp2": lambda: [encoded("JPEG2000", mode) for mode in ("L", "RGB", "RGBA") if features.check("jpg_2000")],
    ".ppm": lambda: [encoded("PPM", mode) for mode in ("1", "L", "RGB")] + [b"P3 2 2 255 1 2 3 4 5 6 7 8 9 10 11 12"],
    ".tga": lambda: [encoded("TGA", mode) for mode in ("L", "P", "RGB", "RGBA")],
    ".ico": lambda: [encoded("ICO", "RGBA")],
    ".icns": lambda: [encoded("ICNS", "RGBA")],
    ".dds": lambda: [encoded("DDS", "RGB"), encoded("DDS", "RGBA", pixel_format="DXT1")],
    ".sgi": lambda: [encoded("SGI", mode) for mode in ("L", "RGB")],
    ".pcx": lambda: [encoded("PCX", mode) for mode in ("1", "L", "P", "RGB")],
    ".xbm": lambda: [encoded("XBM", "1")],
    ".qoi": lambda: [encoded("QOI", mode) for mode in ("RGB", "RGBA")],
    ".msp": lambda: [encoded("MSP", "1")],
    ".blp": lambda: [encoded("BLP", "P")],
    ".im": lambda: [encoded("IM", mode) for mode in ("L", "RGB")],
    ".psd": lambda: [b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\2\0\0\0\2\0\x08\0\3" + bytes(12) + bytes(14)],
}
#: Of exceptions, of struct, of numbers and sequences: what a user need not know. ZSTD's own words hold an Error.
PYTHON = re.compile(
    r"\b\w*(?<!: )(Error|Exception|Warning)\b(?! in ZSTD)|unpack|index out of range|NoneType|argument|"
    r"\bobject (is|has)\b|codec can't|\bb['\"]|decoder error|bytes-like|subscript|attribute|invalid literal|"
    r"not iterable|operand|could not convert|not identified by|cannot load this|^'|: '?\d+'?$"
)


def mutate(chance: random.Random, data: bytes) -> bytes:
    """`data` cut, or with some bytes changed, gone or added, mostly in its head."""
    if chance.random() < 0.2:
        return data[: chance.randrange(1, len(data))]
    result = bytearray(data)
    span = chance.choice([40, 200, 600, len(data)])
    for _ in range(chance.choice([1, 1, 2, 4, 8])):
        at, way = chance.randrange(min(span, len(result))), chance.random()
        if way < 0.5:
            result[at] = chance.choice([0, 1, 2, 255, 127, 128, chance.randrange(256)])
        elif way < 0.7:
            result[at : at + 2] = chance.choice([b"\0\0", b"\xff\xff", b"\x80\0"])
        elif way < 0.85:
            del result[at : at + chance.randrange(1, 9)]
        else:
            result[at:at] = chance.randbytes(chance.randrange(1, 5))
    return bytes(result) or b"\0"


@pytest.mark.parametrize("suffix", SEEDS)
def test_damage_is_named_in_words_for_users(suffix: str, tmp_path: Path) -> None:
    chance, seeds, task = random.Random(suffix), SEEDS[suffix](), InspectTask(MOST)
    if not seeds:
        pytest.skip("this Pillow does not write it")
    path = tmp_path / f"x{suffix}"
    failures = 0
    rounds = 60 if suffix == ".icns" else 250  # that holds pictures of many sizes
    for _ in range(rounds):
        data = mutate(chance, chance.choice(seeds))
        path.write_bytes(data)
        outcome = task(Job(0, Source(str(path), str(tmp_path), path.name), ()), LocalContext())
        messages = list(outcome.warnings)
        if outcome.error is not None:
            failures += 1
            messages.append(outcome.error.message)
            assert outcome.error.kind not in ("internal", "operation")
        for message in messages:
            assert PYTHON.search(message) is None, (message, data)
    assert failures > rounds // 12


@pytest.mark.parametrize("number", [33003, 33004, 33005, 34713, 34718, 34933, 40000, 65000])
def test_a_tiff_of_a_compression_that_others_have_is_not_damaged(number: int) -> None:
    kind, message = verdict(tiff(t259=number), ".tif")
    assert kind == "unsupported" and message.startswith("no reader here for a TIFF")


def test_a_tiff_of_planes_with_premultiplied_alpha() -> None:
    kind, message = verdict(tiff(t338=1, t277=3), ".tif")
    assert (kind, message.partition(";")[0]) == (
        "unsupported", "no reader here for a TIFF of planes with premultiplied alpha"
    )  # fmt: skip


def with_frame(data: bytes, **values: bytes) -> bytes:
    """A JPEG whose SOF segment says something else."""
    at = data.index(b"\xff\xc0")
    places = {"bits": 4, "height": 5, "components": 9}
    for name, value in values.items():
        data = data[: at + places[name]] + value + data[at + places[name] + len(value) :]
    return data


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bits": b"\x0c"}, "no reader here for a JPEG of 12 bits a sample"),
        ({"components": b"\2"}, "no reader here for a JPEG of 2 components"),
    ],
)
def test_a_jpeg_of_unusual_samples(values: dict[str, bytes], words: str) -> None:
    kind, message = verdict(with_frame(encoded("JPEG", "RGB"), **values), ".jpg")
    assert (kind, message.partition(";")[0]) == ("unsupported", words)


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        *((marker, "a hierarchical JPEG") for marker in (0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF)),
        (0xCB, "a lossless JPEG coded arithmetically"),
        (0xF7, "a JPEG-LS"),
        (0xF9, "a JPEG-LS"),
    ],
)
def test_a_jpeg_of_a_process_that_nobody_has(marker: int, words: str) -> None:
    data = encoded("JPEG", "RGB")
    at = data.index(b"\xff\xc0")
    kind, message = verdict(data[: at + 1] + bytes((marker,)) + data[at + 2 :], ".jpg")
    assert (kind, message.partition(";")[0]) == ("unsupported", f"no reader here for {words}")


def test_a_jpeg_of_several_sizes() -> None:
    data = encoded("JPEG", "RGB")
    at = data.index(b"\xff\xc0")
    head = data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
    kind, message = verdict(data[:at] + b"\xff\xde" + head[2:] + data[at:], ".jpg")
    assert (kind, message.partition(";")[0]) == ("unsupported", "no reader here for a hierarchical JPEG")


def test_a_jpeg_whose_height_comes_later() -> None:
    data = with_frame(encoded("JPEG", "RGB"), height=b"\0\0")
    assert verdict(data, ".jpg")[0] == "corrupt"  # there is no height at all
    later = data[:-2] + b"\xff\xdc\0\4\0\x11" + data[-2:]
    assert verdict(later, ".jpg") == (
        "unsupported",
        "no reader here for a JPEG whose height stands behind its pixels (DNL); save it as a JPEG of 8 bits, or as "
        "PNG, first",
    )


def test_a_bmp_that_holds_a_jpeg_and_a_dds_of_another_layout() -> None:
    bmp = bytearray(encoded("BMP", "RGB"))
    bmp[28:34] = b"\0\0\4\0\0\0"
    assert verdict(bytes(bmp), ".bmp") == (
        "unsupported",
        "no reader here for a BMP that holds a JPEG; take a JPEG out of it first",
    )
    dds = bytearray(encoded("DDS", "RGB"))
    dds[80:88] = b"\4\0\0\0DXT2"
    assert verdict(bytes(dds), ".dds") == ("unsupported", "no reader here for a DDS of DXT2; save it as PNG first")


def test_a_large_photoshop_document() -> None:
    assert (
        verdict(b"8BPS\0\2" + bytes(6) + struct.pack(">HIIHH", 3, 8, 8, 8, 3) + bytes(300), ".psb")[0] == "unsupported"
    )


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("unknown TGA mode", "unsupported"), ("unknown TGA map depth", "unsupported"),
        ("cannot read this XPM file", "unsupported"),
        ("Unknown BLP compression 9", "unsupported"), ("Invalid texture compression format: 7", "unsupported"),
        ("Unknown pixel format flags 2", "unsupported"), ("unable to determine J2K image mode", "unsupported"),
        ("unknown data organization", "corrupt"), ("Unknown compression method 7 in iCCP chunk", "corrupt"),
        ("bad quantization table marker", "corrupt"), ("APNG contains frame sequence errors", "corrupt"),
    ],
)  # fmt: skip
def test_what_readers_say_of_what_they_lack(message: str, kind: str) -> None:
    assert errors.classify(SyntaxError(message), "decode")[0] == kind
