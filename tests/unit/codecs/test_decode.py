"""From a path to frames: what is refused, how little is decoded, and that nothing damaged passes for a picture."""

from __future__ import annotations

import io
import random
import struct
import time
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from imgbatch import codecs
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.companions import losses
from imgbatch.core.errors import ImageError

LIMIT = 1_000_000
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(LIMIT), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def corner(size: tuple[int, int] = (32, 16), mode: str = "RGB") -> Image.Image:
    """White, with one black corner: every orientation of it looks different."""
    image = Image.new("L", size, 255)
    image.paste(0, (0, 0, 12, 4))
    return image.convert(mode)


def save(image: Image.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def image_of(data: bytes, suffix: str = "", limit: int = LIMIT) -> codecs.SourceImage:
    return codecs.open_image(data, suffix, limit)


def decode(data: bytes, **options: Any) -> list[Image.Image]:
    return list(image_of(data).decode(**options)[0])


def refusal(data: bytes, suffix: str = "", limit: int = LIMIT) -> tuple[str, str]:
    with pytest.raises(ImageError) as failure:
        list(image_of(data, suffix, limit).decode()[0])
    return failure.value.kind, str(failure.value)


# ---- the header ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "suffix", "kind", "words"),
    [
        (b"hello\n", ".jpg", "unidentified", "looks like text"),
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", ".jpg", "unidentified", "git lfs pull"),
        (b"PK\x03\x04" + bytes(60), ".png", "unidentified", "zip"),
        (b"anything", ".jxl", "unidentified", "looks like text"),
        (b"<svg xmlns='x'/>", "", "unsupported", "SVG"),
        (b"<svg xmlns='x'/>", ".svg", "unsupported", ".svg"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", ".png", "unsupported", "PostScript"),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), ".png", "corrupt", "png header"),
    ],
)
def test_what_no_reader_takes(data: bytes, suffix: str, kind: str, words: str) -> None:
    answer, message = refusal(data, suffix)
    assert answer == kind and words in message and "\n" not in message


def test_camera_raw_is_refused_rather_than_its_thumbnail_taken() -> None:
    assert refusal(save(corner(), "TIFF"), ".NEF")[0] == "unsupported"
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254], tags[50706] = 1, b"\x01\x04\0\0"
    assert refusal(save(corner(), "TIFF", tiffinfo=tags), ".tif")[0] == "unsupported"


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_too_many_pixels_are_refused_by_the_header(name: str) -> None:
    data = save(corner((100, 60)), name)
    kind, message = refusal(data, limit=5999)
    assert kind == "too_large" and "6000 pixels" in message and "--max-pixels 5999" in message
    assert image_of(data, limit=6000).size == (100, 60)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_a_bomb_allocates_nothing() -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")
    began = time.monotonic()
    assert refusal(data)[0] == "too_large"
    assert time.monotonic() - began < 0.5


def test_frames_count_together() -> None:
    frames = [Image.new("L", (100, 100), shade) for shade in (10, 100, 200)]
    data = save(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    picture = image_of(data, limit=29_999)
    with pytest.raises(ImageError, match="100x100 in 3 frames") as failure:
        picture.decode()
    assert failure.value.kind == "too_large" and "--frames first" in str(failure.value)
    assert len(list(image_of(data, limit=29_999).decode("2")[0])) == 2
    assert len(list(image_of(data, limit=29_999).decode("first")[0])) == 1


def test_counting_many_frames_is_put_off_until_asked() -> None:
    frame = save(Image.new("P", (1, 1)), "GIF")
    block = frame[frame.index(b",") : -1]
    data = frame[: frame.index(b",")] + block * 30_000 + b";"
    began = time.monotonic()
    picture = image_of(data)
    assert len(list(picture.decode("first")[0])) == 1
    assert time.monotonic() - began < 0.2
    assert picture.frame_count == 30_000


def test_losses_of_reading_are_noted() -> None:
    mpo = save(corner(), "MPO", save_all=True, append_images=[corner()])
    picture = image_of(mpo)
    assert (picture.format, picture.frame_count, picture.changes) == ("jpeg", 1, [])
    assert losses(picture.companions, picture) == ["first of 2 pictures kept: mpo"]  # where an output keeps no more
    ico = image_of(save(Image.new("RGBA", (64, 64)), "ICO", sizes=[(16, 16), (32, 32)]))
    assert ico.changes == ["largest of 2 pictures kept: ico"] and ico.size == (32, 32)
    raw = zlib.compress(b"\0" + bytes(6))
    deep = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)) + chunk(b"IDAT", raw)
        + chunk(b"IEND", b"")
    )  # fmt: skip
    picture = image_of(deep)
    assert picture.changes == [] and picture.deep == "RGB;16"
    picture.decode()
    assert picture.changes == ["depth: 16 -> 8 bits"]


# ---- orientation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation_is_baked_once(name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    options = {"quality": 100} if name in ("JPEG", "WEBP", "AVIF") else {}
    data = save(corner(), name, exif=exif.tobytes(), **options)
    picture = image_of(data)
    upright = corner().transpose(TURNS[orientation]) if orientation > 1 else corner()
    assert (picture.orientation, picture.size, picture.upright_size) == (orientation, (32, 16), upright.size)
    (frame,) = picture.decode()[0]
    assert np.abs(np.asarray(frame).astype(int) - np.asarray(upright)).mean() < 8
    assert ("orientation: baked" in " ".join(picture.changes)) == (orientation > 1)
    assert picture.metadata.exif is not None
    exif = Image.Exif()
    exif.load(picture.metadata.exif)
    assert exif.get(0x0112, 1) == 1 and exif[0x010F] == "Maker"
    again = image_of(data)
    (frame,) = again.decode(orient=False)[0]
    assert np.abs(np.asarray(frame).astype(int) - np.asarray(corner())).mean() < 8
    assert again.metadata.exif is not None
    exif.load(again.metadata.exif)
    assert exif.get(0x0112, 1) == orientation and not again.changes


def test_png_metadata_behind_the_pixels_is_found_without_decoding() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = save(corner(), "PNG")
    data = plain[:-12] + chunk(b"eXIf", exif.tobytes()[6:]) + plain[-12:]
    picture = image_of(data)
    assert picture.orientation == 6 and picture.metadata.exif is not None
    assert picture.image._im is None, "the header alone must not decode the picture"
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="3"/>'
    assert image_of(plain[:-12] + chunk(b"iTXt", xmp) + plain[-12:]).orientation == 3
    large = save(corner().resize((260, 260)), "PNG")  # small ones are decoded at once, see test_small_png.py
    assert image_of(large).image._im is None


def test_tiff_pages_are_each_turned_by_their_own_orientation() -> None:
    pages = []
    for orientation in (6, 1, 3):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[0x0112] = orientation
        pages.append((corner((40, 20), "L"), tags))
    file = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(file) as writer:
        for page, tags in pages:
            page.save(writer, "TIFF", tiffinfo=tags)
            writer.newFrame()
    frame = corner((40, 20), "L")
    upright = [frame.transpose(TURNS[6]), frame, frame.transpose(TURNS[3])]
    got = decode(file.getvalue())
    assert [page.tobytes() for page in got] == [page.tobytes() for page in upright]
    assert [page.tobytes() for page in decode(file.getvalue(), orient=False)] == [frame.tobytes()] * 3


def test_reduced_copies_in_a_tiff_are_no_pages() -> None:
    thumbnail = TiffImagePlugin.ImageFileDirectory_v2()
    thumbnail[254] = 1
    file = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(file) as writer:
        for page, tags in ((corner(), None), (corner((16, 8)), thumbnail), (corner((20, 20)), None)):
            page.save(writer, "TIFF", **({"tiffinfo": tags} if tags else {}))
            writer.newFrame()
    picture = image_of(file.getvalue())
    assert picture.frame_count == 2 and picture.changes == ["reduced copies not kept: 1"]
    assert [page.size for page in picture.decode()[0]] == [(32, 16), (20, 20)]


# ---- frames --------------------------------------------------------------------------------------------------------


def test_frames_are_apart_from_the_reader_and_each_other() -> None:
    shades = [Image.new("RGB", (30, 20), (shade, 0, 0)) for shade in (10, 100, 200)]
    data = save(shades[0], "PNG", save_all=True, append_images=shades[1:], duration=[10, 20, 30], loop=2)
    picture = image_of(data)
    frames, motion = picture.decode()
    first = next(frames)
    assert type(first) is Image.Image
    rest = list(frames)
    picture.close()
    assert [frame.getpixel((5, 5)) for frame in (first, *rest)] == [(10, 0, 0), (100, 0, 0), (200, 0, 0)]
    assert (motion.durations, motion.loop) == ([10, 20, 30], 2)
    first.putpixel((0, 0), (1, 2, 3))
    assert rest[0].getpixel((0, 0)) == (100, 0, 0)


def test_frames_wanted_are_all_that_is_decoded() -> None:
    shades = [Image.new("L", (30, 20), shade) for shade in (10, 100, 200)]
    data = save(shades[0], "GIF", save_all=True, append_images=shades[1:], duration=70)
    cut = data[:-30]  # the last frame is damaged
    picture = image_of(cut)
    assert [frame.convert("L").getpixel((1, 1)) for frame in picture.decode("2")[0]] == [10, 100]
    assert refusal(cut)[0] in ("truncated", "corrupt")


def test_a_still_beside_an_apng_is_no_frame_of_it() -> None:
    shades = [Image.new("L", (30, 20), shade) for shade in (10, 100, 200)]
    data = save(shades[0], "PNG", save_all=True, append_images=shades[1:], default_image=True, duration=40)
    picture = image_of(data)
    assert picture.frame_count == 2
    assert [frame.getpixel((0, 0)) for frame in picture.decode()[0]] == [100, 200]
    assert [frame.getpixel((0, 0)) for frame in image_of(data).decode("first")[0]] == [10]


@pytest.mark.parametrize(("extension", "plays"), [(None, 1), (0, 0), (4, 5)])
def test_gif_counts_repeats_after_the_first_time(extension: int | None, plays: int) -> None:
    shades = [Image.new("L", (3, 3), shade) for shade in (10, 200)]
    options = {} if extension is None else {"loop": extension}
    _, motion = image_of(save(shades[0], "GIF", save_all=True, append_images=shades[1:], **options)).decode()
    assert motion.loop == plays


def test_a_frames_info_holds_only_what_belongs_to_its_pixels() -> None:
    image = corner(mode="P")
    data = save(image, "PNG", transparency=0, dpi=(72, 72), icc_profile=b"x" * 130)
    (frame,) = decode(data)
    assert frame.info == {"transparency": 0}
    assert decode(save(corner(), "JPEG", comment=b"hello"))[0].info == {}


@pytest.mark.parametrize(("depth", "value", "gray"), [(1, 1, 255), (2, 1, 85), (4, 3, 51)])
def test_a_transparent_gray_is_in_the_scale_of_the_pixels(depth: int, value: int, gray: int) -> None:
    row = zlib.compress(b"\0" + bytes([value << (8 - depth)]))
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, depth, 0, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(">H", value)) + chunk(b"IDAT", row) + chunk(b"IEND", b"")
    )  # fmt: skip
    (frame,) = decode(data)
    assert frame.getpixel((0, 0)) == gray == frame.info["transparency"]
    assert frame.convert("LA").getpixel((0, 0)) == (gray, 0)


def test_a_gif_that_may_lack_frames_is_warned_of() -> None:
    shades = [Image.new("L", (30, 20), shade) for shade in (10, 100)]
    data = save(shades[0], "GIF", save_all=True, append_images=shades[1:], duration=70)
    for content, count in ((data, 0), (data + b"\0\0", 0), (data[:-1], 1)):
        picture = image_of(content)
        assert len(list(picture.decode()[0])) == 2
        assert len(picture.warnings) == count


def test_what_stands_beside_the_pixels_is_read() -> None:
    for name in ("WEBP", "JPEG", "TIFF", "AVIF"):
        picture = image_of(
            save(corner(), name, **({"tiffinfo": {700: b"<x/>"}} if name == "TIFF" else {"xmp": b"<x/>"}))
        )
        assert (picture.metadata.xmp, picture.changes) == (b"<x/>", []), name
    data = save(corner(), "JPEG", dpi=(200, 100), comment=b"hello")
    block = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", 4) + b"abcd"
    segment = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    exif = image_of(data[:2] + segment + data[2:]).metadata
    assert (exif.iptc, exif.resolution, exif.comment) == (b"abcd", (200, 100), b"hello")


# ---- how few pixels will do ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("min_size", "size"),
    [((600, 400), (750, 500)), ((750, 500), (750, 500)), ((751, 500), (1500, 1000)), ((200, 120), (375, 250)),
     ((180, 120), (188, 125)), ((1500, 1000), (1500, 1000)), ((4000, 4000), (1500, 1000)), ((1, 1), (188, 125))],
)  # fmt: skip
def test_a_jpeg_is_decoded_no_larger_than_needed(min_size: tuple[int, int], size: tuple[int, int]) -> None:
    for mode in ("RGB", "L", "CMYK"):
        with limits.pixel_limit(LIMIT * 2):
            picture = image_of(save(Image.new(mode, (1500, 1000)), "JPEG"), limit=2 * LIMIT)
            (frame,) = picture.decode(min_size=min_size)[0]
        assert (frame.size, frame.mode) == (size, mode)
        assert picture.size == (1500, 1000)


def test_what_is_wanted_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (frame,) = decode(save(Image.new("RGB", (800, 400)), "JPEG", exif=exif.tobytes()), min_size=(150, 410))
    assert frame.size == (400, 800)
    (frame,) = decode(save(Image.new("RGB", (800, 400)), "JPEG", exif=exif.tobytes()), min_size=(150, 390))
    assert frame.size == (200, 400)


def test_other_formats_ignore_what_is_wanted() -> None:
    assert decode(save(corner(), "PNG"), min_size=(2, 2))[0].size == (32, 16)


# ---- damage --------------------------------------------------------------------------------------------------------


def noisy(name: str) -> bytes:
    samples = np.random.default_rng(3).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    image = Image.fromarray(samples)
    options: dict[str, Any] = {"compression": "tiff_adobe_deflate"} if name == "TIFF" else {}
    if name in ("PNG", "GIF", "WEBP"):
        others = [image.rotate(180), image.transpose(TURNS[2])]
        return save(image, name, save_all=True, append_images=others, duration=50)
    return save(image, name, **options)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_a_file_cut_anywhere_gives_the_whole_picture_or_an_error(name: str) -> None:
    data = noisy(name)
    whole = [frame.convert("RGB").tobytes() for frame in decode(data)]
    for cut in random.Random(1).sample(range(1, len(data)), 60):
        try:
            got = [frame.convert("RGB").tobytes() for frame in decode(data[:cut])]
        except ImageError as error:
            assert error.kind in ("truncated", "corrupt", "unidentified"), error
            assert error.kind == "truncated" or name != "WEBP" or cut < 12
        else:
            assert got == whole[: len(got)]
            assert len(got) == len(whole) or name == "GIF", "only GIF can end between frames without a trace"


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "PPM", "ICO", "SGI", "QOI"])
def test_bent_bytes_never_raise_anything_else(name: str) -> None:
    data, chance = noisy(name), random.Random(name)
    for _ in range(120):
        bent = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            near = chance.choice((64, 512, len(bent)))
            bent[chance.randrange(min(near, len(bent)))] = chance.randrange(256)
        try:
            frames = decode(bytes(bent))
        except ImageError as error:
            assert str(error) and "\n" not in str(error)
        else:
            assert all(frame.tobytes() for frame in frames)
