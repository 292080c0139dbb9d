"""What must every codec do? For each pixel mode the right pixels come back, or a note says what changed."""

from __future__ import annotations

import io
import json
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from imgbatch import codecs
from imgbatch.codecs import AnimationTiming, EncodedFile, Encoding, Metadata
from imgbatch.codecs.metadata import exif_tags
from imgbatch.codecs.metadata.exif import without_orientation
from imgbatch.codecs.reading import limits, optional_readers
from imgbatch.core.errors import ImageError
from imgbatch.pixels.color import to_eight_bits
from tests.contracts.pictures import smooth

Picture = Image.Image
LIMIT = 268_000_000
CORPUS = Path(__file__).parents[2].parent / "shared" / "images"
MODES = (
    "1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I;16", "I;16B", "I", "F", "La", "RGBa",
)  # fmt: skip
#: Largest mean difference (of 255) of a smooth picture after reading it back.
LOSSY = {"jpeg": 3.0, "webp": 3.0, "avif": 3.0, "gif": 4.0}
NAMES = [one.name for one in codecs.all_codecs()]


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(LIMIT):
        yield


def appearance(image: Picture) -> np.ndarray[Any, Any]:
    """What a viewer shows, as RGBA without the color of invisible pixels."""
    if image.mode in ("RGBa", "La"):
        image = image.convert(image.mode.upper())
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
        assert converted is not None
        image = converted
    samples = np.asarray(to_eight_bits(image).convert("RGBA")).astype(float)
    samples[..., :3] *= samples[..., 3:] / 255
    return samples


def encode(image: Picture | list[Picture], name: str, loop: int | None = None, **options: Any) -> EncodedFile:
    frames = image if isinstance(image, list) else [image]
    given = options.pop("metadata", None) or Metadata()
    motion = options.pop("motion", None) or AnimationTiming(loop=loop)
    return codecs.encode(frames, name, Encoding(**options), given, motion)


def back(encoded: EncodedFile) -> codecs.SourceImage:
    return codecs.open_image(encoded.data, "", LIMIT)


def only(encoded: EncodedFile) -> Picture:
    frames, _ = back(encoded).decode()
    (frame,) = frames
    return frame


def matrix_profile(name: str) -> bytes:
    """A profile that is plainly not sRGB: its red and green primaries are exchanged."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(raw[128:132], "big")
    entries = {bytes(raw[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    raw[red + 4 : red + 12], raw[green + 4 : green + 12] = raw[green + 4 : green + 12], raw[red + 4 : red + 12]
    raw[84:100] = bytes(16)  # the profile's own digest
    assert name
    return bytes(raw)


def gray_profile() -> bytes:
    """A minimal gray profile with gamma 1.0, so that applying it brightens middle gray."""
    curve = b"curv\0\0\0\0\0\0\0\0" + bytes(4)
    white = b"XYZ \0\0\0\0" + (63190).to_bytes(4, "big") + (65536).to_bytes(4, "big") + (54061).to_bytes(4, "big")
    name = b"desc\0\0\0\0" + (5).to_bytes(4, "big") + b"Gray\0" + bytes(78 + 5)
    name += bytes(-len(name) % 4)
    tags, at, table = [(b"desc", name), (b"wtpt", white), (b"kTRC", curve)], 132 + 36, b""
    for tag, data in tags:
        table += tag + at.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        at += len(data)
    header = bytearray(128)
    header[0:4] = at.to_bytes(4, "big")
    header[8:12] = b"\x02\x10\0\0"
    header[12:24] = b"mntrGRAYXYZ "
    header[36:40] = b"acsp"
    header[68:80] = (63190).to_bytes(4, "big") + (65536).to_bytes(4, "big") + (54061).to_bytes(4, "big")
    return bytes(header) + (3).to_bytes(4, "big") + table + b"".join(data for _, data in tags)


def some_exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[0x010F], made[0x0112], made[0x0100] = "Maker", orientation, 9999
    made[0x8769] = {0x9003: "2024:01:02 03:04:05", 0x927C: b"private bytes"}
    made[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    return made.tobytes()[6:]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NAMES)
def test_pixels_come_back_or_a_note_says_why_not(name: str, mode: str) -> None:
    image = smooth(mode)
    before = image.tobytes()
    encoded = encode(image, name)
    assert image.tobytes() == before and image.mode == mode, "the caller's picture was changed"
    assert (encoded.width, encoded.height, encoded.format, encoded.frames) == (48, 32, name, 1)
    got, wanted = appearance(only(encoded)), appearance(image)
    flattened = [change for change in encoded.changes if change.startswith("alpha: flattened on #ffffff")]
    transparent = mode in ("LA", "PA", "RGBA", "La", "RGBa")
    assert bool(flattened) == (transparent and not codecs.codec(name).alpha)
    if flattened:
        wanted[..., :3] += 255 - wanted[..., 3:]
        wanted[..., 3] = 255
    if name == "gif" and transparent:  # one bit of alpha
        half = wanted[..., 3] >= 128
        assert ((got[..., 3] == 255) == half).all()
        wanted, got = np.where(half[..., None], wanted, 0)[..., 3], got[..., 3]
        return
    tolerance = LOSSY.get(name, 0.6 if transparent or mode in ("CMYK", "LAB", "I", "I;16", "I;16B", "F") else 0.0)
    tolerance *= 2 if mode in ("P", "PA") else 1  # its edges are sharp
    assert np.abs(got - wanted).mean() <= tolerance


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NAMES)
def test_losses_of_depth_and_space_are_noted(name: str, mode: str) -> None:
    encoded = encode(smooth(mode), name)
    notes = " ".join(encoded.changes)
    kept = only(encoded).mode
    if mode in ("I;16", "I;16B", "I", "F"):
        assert ("-> 8 bits" in notes) == (kept in ("1", "L", "P", "RGB"))
    if mode in ("CMYK", "LAB"):
        assert (f"mode: {mode} -> sRGB" in notes) == (kept != mode)
    if codecs.holds(name, mode) and name not in ("gif",):
        assert not encoded.changes


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "I;16B", "P", "RGB", "RGBA"])
def test_png_and_tiff_are_exact(mode: str) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (40, 30, 4), dtype=np.uint8)
    image = smooth(mode) if mode.startswith("I") else Image.fromarray(noise).convert("RGB" if mode == "P" else mode)
    image = image.quantize(200) if mode == "P" else image
    for name in ("png", "tiff"):
        again = only(encode(image, name))
        assert again.mode.replace("I;16B", "I;16") == mode.replace("I;16B", "I;16")
        assert (np.asarray(again.convert("RGB") if mode == "P" else again)
                == np.asarray(image.convert("RGB") if mode == "P" else image)).all()  # fmt: skip


@pytest.mark.parametrize("mode", ["F", "I", "CMYK", "LAB"])
def test_tiff_keeps_what_nothing_else_holds(mode: str) -> None:
    image = smooth(mode)
    again = only(encode(image, "tiff"))
    assert again.mode == mode and (np.asarray(again) == np.asarray(image)).all()
    assert codecs.holds("tiff", mode)
    assert codecs.holds("png", mode) == (mode == "I")


def test_wide_integers_are_not_cut_to_sixteen_bits() -> None:
    image = Image.fromarray(np.array([[-5, 70000]], dtype=np.int32))
    encoded = encode(image, "png")
    assert encoded.changes == ["depth: 32 -> 16 bits", "values: -5 to 70000 made black to white"]
    assert only(encoded).tobytes() == b"\0\0\xff\xff"
    encoded = encode(image, "jpeg")
    assert encoded.changes == ["depth: 32 -> 8 bits", "values: -5 to 70000 made black to white"]


@pytest.mark.parametrize("name", ["webp", "png", "tiff", "gif"])
def test_lossless_is_without_loss(name: str) -> None:
    image = smooth("RGB").quantize(200).convert("RGB")
    assert (np.asarray(only(encode(image, name, lossless=True)).convert("RGB")) == np.asarray(image)).all()


def test_lossless_webp_keeps_invisible_colors() -> None:
    image = smooth("RGBA")
    image.putalpha(0)
    assert only(encode(image, "webp", lossless=True)).tobytes() == image.tobytes()


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_lossless_avif_is_refused_where_it_would_be_a_lie() -> None:
    gray = smooth("L")
    assert only(encode(gray, "avif", lossless=True)).convert("L").tobytes() == gray.tobytes()
    with pytest.raises(ImageError, match="without loss") as failed:
        encode(smooth("RGB"), "avif", lossless=True)
    assert failed.value.kind == "unsupported"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bytes_every_time(name: str) -> None:
    given = Metadata(some_exif(), matrix_profile("x"))
    for mode in ("RGB", "RGBA", "P"):
        first, second = (encode(smooth(mode), name, metadata=given, effort=2) for _ in range(2))
        assert first.data == second.data


@pytest.mark.parametrize("name", NAMES)
def test_profile_and_exif_come_back_or_are_noted(name: str) -> None:
    icc, exif, codec = matrix_profile("x"), some_exif(), codecs.codec(name)
    image = smooth("RGB")
    encoded = encode(image, name, metadata=Metadata(exif, icc), quality=95)
    opened = back(encoded)
    if codec.icc:
        unmovable = ["maker note not written: tiff"] if name == "tiff" else []
        assert opened.metadata.icc == icc and encoded.changes == unmovable
    else:
        assert opened.metadata.icc is None
        assert any(change.startswith("icc: ") and change.endswith("-> sRGB") for change in encoded.changes)
        (frame,) = opened.decode()[0]
        difference = np.asarray(frame.convert("RGB")).astype(int) - np.asarray(image).astype(int)
        assert np.abs(difference).mean() > 20, "the profile's colors were dropped, not converted"
    if codec.exif:
        assert opened.metadata.exif is not None
        held, sized = Image.Exif(), exif_tags.with_size(exif, image.size)
        held.load(opened.metadata.exif)
        assert held[0x010F] == "Maker" and held.get_ifd(0x8825)[2] == (1.0, 2.0, 3.0)
        assert held.get_ifd(0x8769)[0x9003] == "2024:01:02 03:04:05"
        if name not in ("tiff", "avif"):
            assert opened.metadata.exif == sized, "a block is carried byte for byte, but for the picture's size"
        if name == "avif":
            assert opened.metadata.exif == without_orientation(sized)
    else:
        assert f"exif not written: {name}" in encoded.changes
    assert opened.size == (48, 32), "a stale size among the tags must not become the picture's"


@pytest.mark.parametrize("name", [name for name in NAMES if codecs.codec(name).exif])
def test_an_orientation_that_is_to_be_kept_is_kept(name: str) -> None:
    opened = back(encode(smooth("RGB"), name, metadata=Metadata(some_exif(6))))
    assert opened.orientation == 6 and opened.upright_size == (32, 48)


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_never_stands_beside_pixels_it_does_not_describe(name: str) -> None:
    codec = codecs.codec(name)
    beside_gray = encode(smooth("L"), name, metadata=Metadata(None, matrix_profile("x")))
    assert back(beside_gray).metadata.icc is None
    assert any("icc not kept: made for rgb" in change for change in beside_gray.changes)
    gray = gray_profile()
    kept = encode(smooth("L"), name, metadata=Metadata(None, gray), quality=95)
    opened = back(kept)
    if codec.icc and "L" in codec.modes:
        assert not kept.changes
        with Image.open(io.BytesIO(kept.data)) as image:
            assert image.info["icc_profile"] == gray
            if image.mode == "L":  # Pillow 12.0 reads a gray AVIF as RGB
                assert opened.metadata.icc == gray
    else:
        assert opened.metadata.icc is None
        assert any(change.startswith("icc: ") and "-> sRGB" in change for change in kept.changes)
        middle = np.asarray(next(opened.decode()[0]).convert("L"))[:, 24].mean()
        assert middle > 170, "linear gray must be brightened when its profile goes"
    damaged = encode(smooth("RGB"), name, metadata=Metadata(None, b"nonsense" * 40))
    assert "icc not kept: damaged" in damaged.changes and back(damaged).metadata.icc is None


def test_what_is_too_long_for_jpeg_segments_is_noted() -> None:
    exif = Image.Exif()
    exif[0x010E] = "x" * 66_000
    encoded = encode(
        smooth("RGB"), "jpeg", metadata=Metadata(exif.tobytes()[6:], matrix_profile("x") + bytes(17 << 20))
    )
    assert "exif not written: jpeg" in encoded.changes
    assert any(change.startswith("icc: ") for change in encoded.changes)
    written = back(encoded).metadata
    assert (written.exif, written.icc) == (None, None)


def test_the_directories_of_a_tiff_are_in_order() -> None:
    data = encode(smooth("RGB"), "tiff", metadata=Metadata(some_exif(), matrix_profile("x"))).data
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    tags = [struct.unpack_from("<H", data, start + 2 + 12 * index)[0] for index in range(count)]
    assert tags == sorted(tags) and {0x8769, 0x8825} <= set(tags)


def test_avif_does_not_depend_on_how_many_cores_there_are() -> None:
    assert codecs.codec("avif").options(Encoding(), [smooth("RGB")])["max_threads"] == 1


def test_an_avif_sequence_does_not_say_when_it_was_made() -> None:
    frames = [Image.new("RGB", (64, 48), (40 * number, 90, 0)) for number in range(3)]
    data = codecs.encode(frames, "avif", codecs.Encoding(), codecs.Metadata(), codecs.AnimationTiming([80] * 3, 0)).data
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.index(name)
        assert data[at + 4] == 1  # 64-bit times
        assert data[at + 8 : at + 24] == bytes(16)
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 3


def test_a_profile_that_is_srgb_changes_no_pixel() -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    encoded = encode(smooth("RGB"), "bmp", metadata=Metadata(None, icc))
    assert encoded.changes == ["icc not written: bmp"]
    assert only(encoded).tobytes() == smooth("RGB").tobytes()


def test_cmyk_jpeg_is_not_inverted_and_stays_cmyk() -> None:
    image = smooth("CMYK")
    again = only(encode(image, "jpeg", quality=100))
    assert again.mode == "CMYK"
    assert np.abs(np.asarray(again).astype(int) - np.asarray(image).astype(int)).mean() < 2


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"effort": 9}])
def test_noisy_jpeg_fits_its_buffer(options: dict[str, Any]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    encoded = encode(Image.fromarray(noise), "jpeg", quality=100, subsampling="4:4:4", **options)
    assert np.abs(np.asarray(only(encoded)).astype(int) - noise).mean() < 3


def test_options_reach_the_encoder() -> None:
    image = smooth("RGB", (200, 150))
    plain = len(encode(image, "jpeg").data)
    assert len(encode(image, "jpeg", quality=30).data) < plain < len(encode(image, "jpeg", quality=95).data)
    assert encode(image, "jpeg").quality == encode(image, "webp").quality == 82
    assert encode(image, "avif").quality == 60 and encode(image, "png").quality is None
    assert encode(image, "webp", lossless=True).quality is None
    assert b"\xff\xc2" in encode(image, "jpeg", progressive=True).data  # a progressive frame
    for sampling, factors in (("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2)), ("auto", (2, 2))):
        with Image.open(io.BytesIO(encode(image, "jpeg", subsampling=sampling).data)) as opened:
            assert opened.layer[0][1:3] == factors  # type: ignore[attr-defined]  # of JpegImageFile
    for quality, factors in ((89, (2, 2)), (90, (1, 1)), (100, (1, 1)), ("keep", (2, 2))):
        with Image.open(io.BytesIO(encode(image, "jpeg", quality=quality).data)) as opened:
            assert opened.layer[0][1:3] == factors  # type: ignore[attr-defined]
    assert encode(image, "jpeg", quality=95).data == encode(image, "jpeg", quality=95, subsampling="4:4:4").data
    for options, sampling in (({"quality": 77}, "4:2:0"), ({"quality": 78}, "4:4:4"), ({}, "4:2:0")):
        assert encode(image, "avif", **options).data == encode(image, "avif", **options, subsampling=sampling).data
    assert len(encode(image, "png", effort=9).data) < len(encode(image, "png", effort=0).data)
    assert encode(image, "webp", effort=0).data != encode(image, "webp", effort=9).data
    few = only(encode(image, "png", colors=8))
    assert few.mode == "P" and len(few.convert("RGB").getcolors() or []) <= 8


def test_background_is_what_transparent_pixels_are_laid_on() -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    encoded = encode(image, "bmp", background="#ff8800")
    assert encoded.changes == ["alpha: flattened on #ff8800"]
    assert only(encoded).getpixel((3, 3)) == (255, 136, 0)
    opaque = encode(Image.new("RGBA", (8, 8), (1, 2, 3, 255)), "bmp")
    assert opaque.changes == [] and only(opaque).getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_a_transparent_color_in_the_header_stays_transparent(name: str, mode: str) -> None:
    image = Image.new("RGB", (4, 1), "white")
    image.putpixel((0, 0), (0, 0, 0))
    image = image.quantize(2) if mode == "P" else image.convert(mode, dither=Image.Dither.NONE)
    first = image.getpixel((0, 0))
    image.info["transparency"] = first
    encoded = encode(image, name)
    if codecs.codec(name).alpha:
        alpha = only(encoded).convert("RGBA").getchannel("A")
        assert (alpha.getpixel((0, 0)), alpha.getpixel((3, 0))) == (0, 255)
    else:
        assert any("flattened" in change for change in encoded.changes)


@pytest.mark.parametrize("name", NAMES)
def test_a_palette_with_shades_of_alpha_is_not_taken_for_opaque(name: str) -> None:
    image = smooth("RGBA").quantize(64, method=Image.Quantize.FASTOCTREE)
    assert "transparency" not in image.info
    encoded = encode(image, name)
    if codecs.codec(name).alpha:
        assert min(only(encoded).convert("RGBA").getchannel("A").tobytes()) < 160
    else:
        assert any("flattened" in change for change in encoded.changes)


@pytest.mark.parametrize("name", NAMES)
def test_a_transparent_sixteen_bit_gray_is_not_lost_silently(name: str) -> None:
    image = Image.fromarray(np.array([[700, 701]], dtype="<u2"))
    image.info["transparency"] = 700
    encoded = encode(image, name)
    if name == "png":
        assert only(encoded).info["transparency"] == 700 and only(encoded).mode == "I;16"
    elif name == "tiff":
        assert encoded.changes == ["transparent gray not written: tiff"] and only(encoded).mode == "I;16"
    else:
        assert encoded.changes[0] == "depth: 16 -> 8 bits"
        alpha = only(encoded).convert("RGBA").getchannel("A").tobytes()
        assert alpha == (b"\x00\xff" if codecs.codec(name).alpha else b"\xff\xff")


def test_colors_that_a_palette_with_shades_of_alpha_lacks_are_named() -> None:
    image = Image.new("RGBA", (40, 30), (0, 0, 0, 255))
    image.paste((200, 0, 0, 255), (0, 0, 40, 20))
    image.paste((200, 0, 0, 128), (0, 0, 40, 10))
    image.paste((9, 9, 9, 0), (0, 0, 40, 5))
    assert encode(image, "png", colors=2).changes == ["colors: reduced to 2"]
    assert encode(image, "png", colors=4).changes == []
    assert encode(image.quantize(4), "png", colors=64).changes == []


def test_shades_of_alpha_survive_a_reduced_palette_in_png() -> None:
    image = smooth("RGBA")
    encoded = encode(image, "png", colors=128)
    assert only(encoded).mode == "P"
    assert np.abs(appearance(only(encoded)) - appearance(image)).mean() < 8


def test_frames_of_a_reduced_apng_share_one_palette() -> None:
    frames = [smooth("RGB").rotate(90 * number).quantize(12).convert("RGB") for number in range(3)]
    encoded = encode(frames, "png", colors=16, motion=AnimationTiming([100] * 3, 0))
    assert encoded.changes == ["colors: reduced to 16"] and back(encoded).mode == "P"


def test_a_note_stands_once_however_many_frames_it_is_about() -> None:
    assert encode([smooth("I;16"), smooth("I;16").rotate(180)], "webp", loop=0).changes[0] == "depth: 16 -> 8 bits"
    changes = encode([smooth("I;16"), smooth("I;16").rotate(180)], "webp", loop=0).changes
    assert len(changes) == len(set(changes))


def test_long_delays_of_an_apng_are_cut_to_what_it_can_say() -> None:
    encoded = encode(animation(), "png", motion=AnimationTiming([65_535, 70_001, 10, 10], 0))
    assert encoded.changes == ["durations: at most 65535 ms"]
    frames, motion = back(encoded).decode()
    assert len(list(frames)) == 4 and motion.durations == [65_535, 65_535, 10, 10]


@pytest.mark.parametrize("name", NAMES)
def test_too_large_a_side_names_the_format_and_its_limit(name: str) -> None:
    longest = codecs.codec(name).longest
    if longest is None or longest > 70000:
        pytest.skip("no limit that a test can reach")
    with pytest.raises(ImageError, match=f"{name} holds at most {longest} px") as failed:
        encode(Image.new("L", (longest + 1, 1)), name)
    assert failed.value.kind == "too_large"


def animation(count: int = 4, mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> list[Picture]:
    """A square that wanders over a background; with alpha over nothing at all."""
    frames = []
    for number in range(count):
        frame = Image.new(mode, size, (0, 0, 0, 0) if mode == "RGBA" else (20, 90, 160))
        frame.paste((250, 200 - 40 * number, 10, 255)[: len(mode)], (4 + 8 * number, 5, 12 + 8 * number, 20))
        frames.append(frame)
    return frames


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("name", ["png", "webp", "gif", "avif"])
@pytest.mark.parametrize("loop", [0, 1, 3])
def test_animations_keep_frames_durations_and_loops(name: str, mode: str, loop: int) -> None:
    durations = [100, 250, 40, 1000]
    encoded = encode(animation(mode=mode), name, motion=AnimationTiming(durations, loop), lossless=name == "webp")
    assert encoded.frames == 4
    opened = back(encoded)
    frames, motion = opened.decode()
    got = list(frames)
    assert opened.frame_count == len(got) == 4
    assert motion.durations == durations
    if name == "avif":
        assert ("loop count not written: avif" in encoded.changes) == (loop != 0)
    else:
        assert motion.loop == loop
    for frame, wanted in zip(got, animation(mode=mode), strict=True):
        assert frame.size == wanted.size
        tolerance = 4.0 if name == "avif" else 0.0
        assert np.abs(appearance(frame) - appearance(wanted)).mean() <= tolerance


@pytest.mark.parametrize("name", NAMES)
def test_a_palette_with_a_transparent_color_is_written_the_same_after_it_was_looked_at(name: str) -> None:
    """Several outputs share a frame; Pillow's convert changes its argument's palette."""
    frame = Image.linear_gradient("L").convert("P")  # all 256 colors are used
    frame.putpalette([level for color in range(256) for level in (color, 255 - color, 7)])
    frame.info["transparency"] = 255
    one, two = encode(frame, name).data, encode([frame, frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT)], "gif").data
    frame.convert("RGBA")
    assert encode(frame, name).data == one
    assert encode([frame, frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT)], "gif").data == two


def test_gif_durations_are_rounded_and_said_so() -> None:
    encoded = encode(animation(), "gif", motion=AnimationTiming([3, 14, 16, 0], 0))
    assert "durations: rounded to 10 ms" in encoded.changes
    frames, motion = back(encoded).decode()
    assert len(list(frames)) == 4 and motion.durations == [10, 10, 10, 0]


@pytest.mark.parametrize("name", ["gif", "png", "webp"])
def test_busy_animations_stay_close(name: str) -> None:
    frames = [smooth("RGB", (64, 48)).rotate(90 * number) for number in range(3)]
    encoded = encode(frames, name, motion=AnimationTiming([100] * 3, 0), quality=95)
    for got, wanted in zip(back(encoded).decode()[0], frames, strict=True):
        assert np.abs(appearance(got) - appearance(wanted)).mean() < 6
    assert ("colors: reduced to 256" in encoded.changes) == (name == "gif")


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_frames_with_palettes_of_their_own_are_exact_in_gif_and_png(mode: str, count: int) -> None:
    frames = [smooth("RGB", (64, 48)).rotate(90 * number).quantize(250).convert(mode) for number in range(count)]
    for name in ("gif", "png"):
        encoded = encode(frames, name, motion=AnimationTiming([100] * count, 0))
        assert not encoded.changes
        for got, wanted in zip(back(encoded).decode()[0], frames, strict=True):
            assert (appearance(got) == appearance(wanted)).all()


@pytest.mark.parametrize("name", ["jpeg", "bmp"])
def test_several_frames_to_a_format_of_one_say_what_to_do(name: str) -> None:
    with pytest.raises(ImageError, match="--frames first") as failed:
        encode(animation(), name)
    assert failed.value.kind == "frames"
    assert encode(animation(1), name).frames == 1


@pytest.mark.parametrize("name", ["png", "webp", "gif", "avif", "tiff"])
def test_one_frame_is_a_still(name: str) -> None:
    encoded = encode(animation(1), name, motion=AnimationTiming([100], 0))
    assert encoded.frames == 1 and not encoded.changes
    assert back(encoded).frame_count == 1


@pytest.mark.parametrize("name", ["png", "webp", "gif", "avif"])
def test_pages_of_different_sizes_are_no_animation(name: str) -> None:
    pages = [Image.new("RGB", (10, 10)), Image.new("RGB", (10, 12))]
    with pytest.raises(ImageError, match="--frames first") as failed:
        encode(pages, name)
    assert failed.value.kind == "frames"


def test_tiff_pages_keep_their_own_sizes_and_modes() -> None:
    pages = [smooth("1", (20, 10)), smooth("RGB", (10, 14)), smooth("I;16", (6, 6)), smooth("P", (9, 9))]
    encoded = encode(pages, "tiff")
    assert encoded.frames == 4
    frames, motion = back(encoded).decode()
    got = list(frames)
    assert [(page.size, page.mode) for page in got] == [(page.size, page.mode) for page in pages]
    assert motion.loop is None and motion.durations == []
    for page, wanted in zip(got, pages, strict=True):
        assert (appearance(page) == appearance(wanted)).all()


def test_an_animation_that_becomes_pages_says_what_is_lost() -> None:
    assert "durations not written: tiff" in encode(animation(), "tiff", motion=AnimationTiming([10] * 4, 0)).changes
    assert "durations: 1000 ms a page" in encode(animation(), "gif").changes


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_readers_info_leaks_into_the_file(name: str) -> None:
    image = smooth("RGB")
    plain = encode(image, name).data
    image.info |= {
        "comment": b"secret", "icc_profile": matrix_profile("x"), "exif": some_exif(), "dpi": (7, 7), "loop": 3,
        "compression": "raw", "duration": 30, "xmp": b"<x/>", "transparency_of": 1,
    }  # fmt: skip
    assert encode(image, name).data == plain
    assert image.info["dpi"] == (7, 7)


def test_formats_are_described() -> None:
    lines = {line.name: line for line in codecs.describe_formats()}
    assert list(lines)[: len(codecs.FORMATS)] == list(codecs.FORMATS) == NAMES
    assert all(lines[name].write for name in ("jpeg", "png", "tiff", "gif", "bmp"))
    assert lines["psd"].read and not lines["psd"].write and "eps" not in lines
    assert all(line.suffixes[0].startswith(".") for line in lines.values())


def records() -> list[dict[str, Any]]:
    listing = CORPUS / "expected.jsonl"
    if not listing.exists():
        return []
    return [json.loads(line) for line in listing.read_text(encoding="utf-8").splitlines()]


@pytest.mark.skipif(not records(), reason="the public test images are not beside the project")
@pytest.mark.parametrize("record", records(), ids=lambda record: record["file"])
def test_public_images_become_pictures_or_clear_errors(record: dict[str, Any]) -> None:
    path = CORPUS / record["file"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            opened = codecs.open_image(path.read_bytes(), path.suffix, LIMIT)
            with opened:
                photo = record["file"].startswith("photos/")
                wanted = (800, 800) if photo else None
                decoded, motion = opened.decode("first" if "uber" in record["file"] else "all", wanted)
                frames = list(decoded)
                if not photo:
                    assert list(frames[0].size) == record.get("upright_size", list(frames[0].size))
                    assert len(frames) == 1 or len(frames) == record["n_frames"]
                    name = opened.format if opened.format in codecs.FORMATS else "png"
                    name = name if all(codecs.holds(name, frame.mode) for frame in frames) else "tiff"
                    encoded = codecs.encode(frames, name, Encoding(effort=0), opened.metadata, motion)
                    assert back(encoded).frame_count == encoded.frames
        except ImageError as error:
            outcome = "too-large" if error.kind == "too_large" else "error"
            assert str(error).strip() and "\n" not in str(error)
        else:
            outcome = "ok"
    if any(
        path.suffix in extra.suffixes and optional_readers.is_installed(name)
        for name, extra in optional_readers.EXTRAS.items()
    ):
        record = {**record, "expect": "ok"}
    allowed = {"error": ("error", "too-large"), "ok-or-error": ("ok", "error", "too-large")}
    assert outcome in allowed.get(record["expect"], record["expect"].replace("ok-or-", "ok ").split())
