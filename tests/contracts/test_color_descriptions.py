"""Colors that a file tells without a profile that Pillow shows are converted, kept as a profile, or named."""

from __future__ import annotations

import importlib
import importlib.util
import io
import itertools
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import imgbatch as ib
from imgbatch.codecs.containers import png_chunks
from imgbatch.codecs.metadata import xmp
from imgbatch.codecs.reading import color_description, limits
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.job import Outcome
from imgbatch.pixels import profile_conversion
from imgbatch.pixels.color_spaces import color_space, icc_profile
from imgbatch.pixels.color_spaces.color_space import ColorSpace
from tests import color_files as files
from tests.color_files import Picture
from tests.delta_e import CURVES, HDR_CURVES, PRIMARIES, Array, delta_e, lab, light_of_srgb, srgb_light

HEIF = importlib.util.find_spec("pillow_heif") is not None
LEVELS = (0, 8, 40, 96, 160, 208, 255)
COLORS = np.array(list(itertools.product(LEVELS, repeat=3)), np.uint8)  # 343
SPACES = [(primaries, curve) for primaries in PRIMARIES for curve in CURVES]
HDR = [(primaries, curve) for primaries in ("P3", "BT.2020") for curve in HDR_CURVES]
OUR_CURVES: dict[str, Any] = {
    "sRGB": color_space.SRGB_CURVE, "2.2": color_space.power_curve(2.2), "linear": color_space.power_curve(1.0),
    "BT.709": color_space.of_code_points(1, 1).curve,  # type: ignore[union-attr]
}  # fmt: skip
CODES = {"sRGB": 1, "P3": 12, "BT.2020": 9}, {"sRGB": 13, "2.2": 4, "BT.709": 1, "linear": 8, "PQ": 16, "HLG": 18}
POWERS = {"2.2": 2.2, "linear": 1.0}
P3_RED = (234, 51, 35)  # sRGB's red


def patches() -> Picture:
    """All colors as squares of 8 px, which the encoders that halve the colors leave alone."""
    return Image.fromarray(COLORS.reshape(7, 49, 3)).resize((49 * 8, 7 * 8), Image.Resampling.NEAREST)


def numbers(image: Picture) -> np.ndarray[Any, Any]:
    """The colors in the middle of all squares, 0..1."""
    return np.asarray(image.convert("RGB"))[4::8, 4::8].reshape(-1, 3) / 255


def space_of(primaries: str, curve: str) -> ColorSpace:
    found = color_space.color_space(PRIMARIES[primaries], OUR_CURVES[curve])
    assert found is not None
    return found


def profile(primaries: str, curve: str) -> bytes:
    return icc_profile.profile_of(space_of(primaries, curve))


def code(primaries: str, curve: str) -> tuple[int, int]:
    return CODES[0].get(primaries, 0), CODES[1][curve]


def measures(primaries: str, curve: str) -> dict[str, bytes]:
    """The chunks of a PNG."""
    chunks = {"gAMA": files.gamma(POWERS[curve])} if curve in POWERS else {}
    return chunks | {"cHRM": files.chromaticity(PRIMARIES[primaries])}


def tiff(image: Picture, primaries: str, curve: str) -> bytes:
    """Primaries and a table of 256 amounts of light as tags."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    tags = ImageFileDirectory_v2()
    tags[318], tags[319] = PRIMARIES[primaries][:2], PRIMARIES[primaries][2:]
    if curve in POWERS:
        tags[301] = tuple(round(65535 * (step / 255) ** POWERS[curve]) for step in range(256))
        tags.tagtype[301] = 3
    return files.saved(image, "TIFF", tiffinfo=tags)


def _is_measured(primaries: str, curve: str) -> bool:
    """By measures a power of 2.2 with sRGB's primaries is how sRGB is told."""
    return curve != "BT.709" and (primaries, curve) != ("sRGB", "2.2")


Make = Callable[[Picture, str, str], bytes]
#: How a file tells its colors: what makes it, by primaries and curve, and which of them it can tell.
WAYS: dict[str, tuple[str, Make, Callable[[str, str], bool]]] = {
    "cICP": (
        "png", lambda image, *space: files.png(image, cICP=bytes((*code(*space), 0, 1))), lambda one, _: one in CODES[0]
    ),
    "cHRM, gAMA": (
        "png", lambda image, *space: files.png(image, **measures(*space)), _is_measured
    ),
    "avif": (
        "avif",
        lambda image, *space: files.with_nclx(
            files.saved(image, "AVIF", quality=100, subsampling="4:4:4"), *code(*space)
        ),
        lambda one, _: one in CODES[0],
    ),
    "heic": (
        "heic", lambda image, *space: files.with_nclx(files.heic(image), *code(*space)),
        lambda one, _: HEIF and one in CODES[0],
    ),
    "jp2, profile": ("jp2", lambda image, *space: files.jp2(image, b"\2\0\0" + profile(*space)), lambda *_: True),
    "jp2, numbers": (
        "jp2", lambda image, *space: files.jp2(image, b"\5\0\0" + struct.pack(">HHHB", *code(*space), 0, 128)),
        lambda one, _: one in CODES[0],
    ),
    "gif": ("gif", lambda image, *space: files.gif(image, profile(*space)), lambda *_: True),
    "bmp, profile": ("bmp", lambda image, *space: files.bmp(image, b"DEBM", icc=profile(*space)), lambda *_: True),
    "bmp, numbers": (
        "bmp",
        lambda image, one, curve: files.bmp(image, bytes(4), files.bmp_numbers(PRIMARIES[one], POWERS[curve])),
        lambda *space: space[1] in POWERS and _is_measured(*space),
    ),
    "tiff, tags": ("tif", tiff, _is_measured),
    "psd, jpeg and others, profile": (
        "webp", lambda image, *space: files.saved(image, "WEBP", lossless=True, icc_profile=profile(*space)),
        lambda *_: True,
    ),
    "exif": (
        "jpg",
        lambda image, *_: files.saved(
            image, "JPEG", quality=100, subsampling=0, exif=b"Exif\0\0" + files.adobe_exif()
        ),
        lambda *space: space == ("Adobe RGB", "2.2"),
    ),
    "qoi": (
        "qoi", lambda image, *_: _linear_qoi(image), lambda *space: space == ("sRGB", "linear")
    ),
}  # fmt: skip


def _linear_qoi(image: Picture) -> bytes:
    data = files.saved(image, "QOI")
    return data[:13] + b"\1" + data[14:]


def run_one(tmp_path: Path, name: str, data: bytes, **output: Any) -> tuple[Outcome, Picture]:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(data)
    ops = output.pop("ops", ())
    recipe = ib.Recipe(ops=ops, outputs=[ib.Output(**output)])
    (outcome,) = ib.run([tmp_path / name], tmp_path / "out", recipe, workers=0).outcomes
    assert outcome.status == "ok", outcome.error
    with Image.open(tmp_path / "out" / outcome.outputs[0].path) as image:
        image.load()
    return outcome, image


WAYS_AND_SPACES = [(way, *space) for way in WAYS for space in SPACES if WAYS[way][2](*space)] + [
    (way, *space) for way in ("cICP", "avif", "heic", "jp2, numbers") for space in HDR if HEIF or way != "heic"
]


def differences(folder: Path, way: str, primaries: str, curve: str) -> tuple[Array, Array | None]:
    """CIEDE2000 of each color in sRGB from what the definitions of its space give, and from what Little CMS gives.

    Both are for the numbers that Pillow reads; Little CMS converts by the profile that is written beside them, which
    HDR has none of.
    """
    suffix, make, _ = WAYS[way]
    data = make(patches(), primaries, curve)
    if suffix == "heic":
        reader = importlib.import_module("pillow_heif.as_plugin").HeifImageFile
        source: Picture = reader(io.BytesIO(data), "")
    else:
        source = Image.open(io.BytesIO(data))
    before = numbers(source)
    _, image = run_one(folder, f"a.{suffix}", data, format="png", icc="srgb")
    seen, truth = lab(light_of_srgb(numbers(image))), lab(srgb_light(before, primaries, curve))
    if curve in HDR_CURVES:
        return delta_e(seen, truth), None
    _, kept = run_one(folder / "kept", f"a.{suffix}", data, format="webp", icc="keep")
    icc = kept.info.get("icc_profile")
    assert icc or (primaries, curve) == ("sRGB", "sRGB")
    converted = ImageCms.profileToProfile(
        source.convert("RGB"), io.BytesIO(icc) if icc else ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    assert converted is not None
    return delta_e(seen, truth), delta_e(seen, lab(light_of_srgb(numbers(converted))))


@pytest.mark.parametrize(("way", "primaries", "curve"), WAYS_AND_SPACES)
def test_every_way_in_is_converted(tmp_path: Path, way: str, primaries: str, curve: str) -> None:
    """By CIEDE2000 less than 1 from both; ``python -m tests.contracts.color_table`` prints how much."""
    for found in differences(tmp_path, way, primaries, curve):
        assert found is None or found.max() < 1


def test_the_measure_is_that_of_the_paper() -> None:
    """Four pairs of G. Sharma et al., table 1."""
    one = np.array([[50, 2.6772, -79.7751], [50, 2.5, 0], [60.2574, -34.0099, 36.2677], [2.0776, 0.0795, -1.1350]])
    other = np.array([[50, 0, -82.7485], [73, 25, -18], [60.4626, -34.1751, 39.4387], [0.9033, -0.0636, -0.5514]])
    assert delta_e(one, other) == pytest.approx([2.0425, 27.1492, 1.2644, 0.9082], abs=1e-4)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff", "avif"])
@pytest.mark.parametrize("way", ["cICP", "avif", "jp2, profile", "jp2, numbers", "gif", "bmp, profile"])
def test_they_stay_what_they_are_beside_a_profile(tmp_path: Path, way: str, format: str) -> None:
    suffix, make, _ = WAYS[way]
    data = make(Image.new("RGB", (64, 64), P3_RED), "P3", "sRGB")
    outcome, image = run_one(tmp_path, f"a.{suffix}", data, format=format, quality=95, ops=[ib.Resize("32")])
    assert profile_conversion.profile_name(image.info["icc_profile"]) == "Display P3"
    assert image.convert("RGB").getpixel((9, 9)) == pytest.approx(P3_RED, abs=4)
    converted = profile_conversion.to_srgb(image.convert("RGB"), image.info["icc_profile"])
    assert converted is not None and converted.getpixel((9, 9)) == pytest.approx((255, 0, 0), abs=8)


@pytest.mark.parametrize("format", ["gif", "bmp"])
def test_a_format_without_profiles_gets_srgb(tmp_path: Path, format: str) -> None:
    data = files.png(Image.new("RGB", (64, 64), P3_RED), cICP=bytes((12, 13, 0, 1)))
    outcome, image = run_one(tmp_path, "a.png", data, format=format)
    assert image.convert("RGB").getpixel((9, 9)) == pytest.approx((255, 0, 0), abs=4)
    assert outcome.changes[:2] == ("icc: Display P3 by cICP", "icc: Display P3 -> sRGB")


@pytest.mark.parametrize(("chunks", "name"), [
    ({"gAMA": files.gamma(2.2)}, None),
    ({"gAMA": files.gamma(2.2), "cHRM": files.chromaticity(color_space.SRGB.primaries)}, None),
    ({"gAMA": files.gamma(1.0), "sRGB": b"\0"}, None),
    ({"gAMA": files.gamma(1.0)}, "sRGB primaries, linear"),
    ({"cHRM": files.chromaticity(color_space.ADOBE_RGB.primaries)}, "Adobe RGB primaries, sRGB curve"),
    ({"cHRM": files.chromaticity(color_space.ADOBE_RGB.primaries), "gAMA": struct.pack(">I", 45471)}, "Adobe RGB"),
    ({"cICP": bytes((1, 13, 0, 1)), "gAMA": files.gamma(1.0)}, None),
    ({"cICP": bytes((12, 13, 0, 1)), "sRGB": b"\0"}, "Display P3"),
    ({"cICP": bytes((2, 2, 0, 1)), "gAMA": files.gamma(1.0)}, "sRGB primaries, linear"),
    ({"cICP": bytes((12, 13, 1, 1))}, None),  # for YCbCr, which no PNG holds
    ({"cICP": bytes((12, 13, 0))}, None),
    ({"cHRM": bytes(32)}, None),
    ({"gAMA": bytes(4)}, None),
    ({"cICP": bytes((1, 13, 0, 0))}, "sRGB, narrow range"),
])  # fmt: skip
def test_what_counts_in_a_png(tmp_path: Path, chunks: dict[str, bytes], name: str | None) -> None:
    data = files.png(Image.new("RGB", (64, 64), P3_RED), **chunks)
    _, image = run_one(tmp_path, "a.png", data, format="png", ops=[ib.Resize("32")])
    icc = image.info.get("icc_profile")
    assert (None if icc is None else profile_conversion.profile_name(icc)) == name


@pytest.mark.parametrize(("first", "chunks", "name", "change"), [
    ("P3", {"sRGB": b"\0", "gAMA": files.gamma(1.0)}, "Display P3", None),
    ("P3", {"cICP": bytes((9, 1, 0, 1))}, "BT.2020", "icc: BT.2020 by cICP"),
    ("P3", {"cICP": bytes((1, 13, 0, 1))}, None, "icc not kept: cICP says sRGB"),
    ("sRGB", {"cICP": bytes((1, 13, 0, 1))}, "sRGB", None),
])  # fmt: skip
def test_what_counts_beside_a_profile(
    tmp_path: Path, first: str, chunks: dict[str, bytes], name: str | None, change: str | None
) -> None:
    embedded = files.saved(Image.new("RGB", (64, 64)), "PNG", icc_profile=profile(first, "sRGB"))
    at = embedded.find(b"iCCP") - 4
    block = embedded[at : at + 12 + int.from_bytes(embedded[at : at + 4], "big")]
    data = files.png(Image.new("RGB", (64, 64), P3_RED), **chunks)
    outcome, image = run_one(tmp_path, "a.png", data[:33] + block + data[33:], format="png", ops=[ib.Resize("32")])
    icc = image.info.get("icc_profile")
    assert (None if icc is None else profile_conversion.profile_name(icc)) == name
    assert [text for text in outcome.changes if "icc" in text] == ([change] if change else [])


@pytest.mark.parametrize(("chunks", "change"), [
    ({"cHRM": bytes(32)}, "color: primaries that span no colors by cHRM not kept, taken for sRGB"),
    ({"gAMA": bytes(4)}, "color: a power of 0 by gAMA not kept, taken for sRGB"),
    ({"gAMA": struct.pack(">I", 1)}, "color: gamma 100000 by gAMA not kept, taken for sRGB"),
    ({"cICP": bytes((3, 13, 0, 1))}, "color: primaries 3 with transfer 13 by cICP not kept, taken for sRGB"),
])  # fmt: skip
def test_what_cannot_be_known_is_named(tmp_path: Path, chunks: dict[str, bytes], change: str) -> None:
    data = files.png(Image.new("RGB", (64, 64), P3_RED), **chunks)
    outcome, image = run_one(tmp_path, "a.png", data, format="jpeg", icc="srgb")
    assert change in outcome.changes and image.getpixel((9, 9)) == pytest.approx(P3_RED, abs=3)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "P", "1", "RGBA"])
def test_every_mode(tmp_path: Path, mode: str) -> None:
    """A linear 55 of 255 is 128 in sRGB; black and white are the same in both."""
    plain = Image.new("RGB", (64, 64), (55, 55, 55)).convert("L")
    image = Image.new("I;16", (64, 64), 55 * 257) if mode == "I;16" else plain.convert(mode)
    outcome, result = run_one(tmp_path, "a.png", files.png(image, gAMA=files.gamma(1.0)), format="png", icc="srgb")
    assert result.mode == mode
    top = result.getpixel((5, 5)) if mode != "P" else result.convert("RGB").getpixel((5, 5))
    first = top[0] if isinstance(top, tuple) else top
    expected = {"I;16": 128.5 * 257, "1": image.getpixel((5, 5))}.get(mode, 128)
    assert first == pytest.approx(expected, abs=200 if mode == "I;16" else 1)
    assert any("by gAMA" in text for text in outcome.changes) == (mode != "1")


@pytest.mark.parametrize(("exif", "adobe"), [
    (files.adobe_exif(), True), (files.adobe_exif(order=">"), True), (files.adobe_exif(b"R98\0"), False),
    (files.adobe_exif(space=1), False), (files.adobe_exif(b"R98\0", 2), True),
    (files.adobe_exif(b"R98\0", 2, ">"), True), (files.adobe_exif(b"R98\0", 1), False),
])  # fmt: skip
@pytest.mark.parametrize("format", ["JPEG", "WEBP", "PNG"])
def test_adobe_rgb_by_exif(tmp_path: Path, format: str, exif: bytes, adobe: bool) -> None:
    data = files.saved(Image.new("RGB", (64, 64), (200, 60, 40)), format, exif=b"Exif\0\0" + exif)
    outcome, image = run_one(tmp_path, f"a.{format.lower()}", data, format="png", icc="srgb")
    expected = (233, 57, 34) if adobe else (200, 60, 40)
    assert image.getpixel((9, 9)) == pytest.approx(expected, abs=4)
    assert ("icc: Adobe RGB by exif" in outcome.changes) == adobe
    names = image.getexif().get_ifd(0xA005), image.getexif().get_ifd(0x8769)
    if adobe:
        assert names[0][1] == "R98" and names[1][0xA001] == 1  # no reader converts it once more


@pytest.mark.parametrize(("format", "mode", "more"), [
    ("AVIF", "RGB", {}),  # its numbers (nclx) say sRGB
    ("PNG", "RGB", {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}),
    ("JPEG", "CMYK", {}),
])  # fmt: skip
@pytest.mark.parametrize("icc", ["keep", "none"])
@pytest.mark.parametrize("target", ["jpeg", "png", "webp"])
def test_exif_says_adobe_rgb_of_no_output_that_is_not(
    tmp_path: Path, format: str, mode: str, more: dict[str, Any], icc: str, target: str
) -> None:
    image = Image.new("RGB", (64, 64), (200, 60, 40)).convert(mode)
    data = files.saved(image, format, exif=b"Exif\0\0" + files.adobe_exif(), **more)
    outcome, output = run_one(tmp_path, f"a.{format.lower()}", data, ops=[ib.Resize("32")], format=target, icc=icc)
    has_profile, is_ink = "icc_profile" in output.info, output.mode == "CMYK"
    index, space = output.getexif().get_ifd(0xA005)[1], output.getexif().get_ifd(0x8769)[0xA001]
    assert (index, space) == ("R03", 65535) if has_profile or is_ink else ("R98", 1)
    said = "color space of exif: Adobe RGB -> sRGB, as the pixels are" in outcome.changes
    assert said == (not has_profile and not is_ink and not more)


@pytest.mark.parametrize(("name", "change"), [
    ("_DSC1234.JPG", "icc: Adobe RGB by exif and the name"), ("_mg_0001.jpg", "icc: Adobe RGB by exif and the name"),
    ("DSC_1234.JPG", color_description.OPEN_COLORS), ("_DSC1234 copy.jpg", color_description.OPEN_COLORS),
])  # fmt: skip
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_camera_that_says_only_that_it_is_not_srgb(tmp_path: Path, order: str, name: str, change: str) -> None:
    """DCF: a name that begins with a line is that of a picture in Adobe RGB."""
    exif = files.adobe_exif(b"R98\0", order=order)
    data = files.saved(Image.new("RGB", (64, 64), (200, 60, 40)), "JPEG", quality=100, exif=b"Exif\0\0" + exif)
    outcome, image = run_one(tmp_path, name, data, format="png", icc="srgb")
    assert outcome.changes[0] == change
    assert image.getpixel((9, 9)) == pytest.approx((233, 57, 34) if "icc" in change else (200, 60, 40), abs=4)


def test_a_name_counts_only_where_exif_leaves_it_open(tmp_path: Path) -> None:
    image = Image.new("RGB", (64, 64), (200, 60, 40))
    for number, more in enumerate(
        ({}, {"exif": files.adobe_exif(b"R98\0", 1)}, {"icc_profile": profile("P3", "sRGB")})
    ):
        data = files.saved(image, "JPEG", quality=100, **more)
        outcome, _ = run_one(tmp_path, f"_DSC000{number}.JPG", data, format="png")
        assert not any("Adobe" in text for text in outcome.changes)


@pytest.mark.parametrize("format", ["ICO", "ICNS"])
@pytest.mark.parametrize(("more", "red"), [
    ({"iCCP": b"x\0\0" + zlib.compress(profile("P3", "sRGB"))}, 255), ({"cICP": bytes((12, 13, 0, 1))}, 255),
    ({}, 234),
])  # fmt: skip
def test_an_icon_has_the_colors_of_its_png(tmp_path: Path, format: str, more: dict[str, bytes], red: int) -> None:
    inner = files.png(Image.new("RGBA", (128, 128), (*P3_RED, 255)), **more)
    if format == "ICO":
        data = struct.pack("<3H4B2H2I", 0, 1, 1, 128, 128, 0, 0, 1, 32, len(inner), 22) + inner
    else:
        data = b"icns" + struct.pack(">I4sI", 16 + len(inner), b"ic07", 8 + len(inner)) + inner
    _, image = run_one(tmp_path, f"a.{format.lower()}", data, format="png", icc="srgb")
    assert image.getpixel((9, 9))[0] == pytest.approx(red, abs=2)  # type: ignore[index]


def pages(*pictures: tuple[Picture, bytes | None]) -> bytes:
    """A TIFF of pages with a profile each."""
    from PIL.TiffImagePlugin import AppendingTiffWriter

    file = io.BytesIO()
    with AppendingTiffWriter(file, True) as writer:
        for image, icc in pictures:
            image.save(writer, "TIFF", icc_profile=icc)
            writer.newFrame()
    return file.getvalue()


@pytest.mark.parametrize(("modes", "profiles", "changes"), [
    (("RGB", "RGB"), ("P3", "P3"), ()),
    (("RGB", "RGB"), ("P3", "Adobe RGB"), ("icc of page 2: Adobe RGB primaries, sRGB curve -> Display P3",)),
    (("RGB", "RGBA"), ("P3", "BT.2020"), ("icc of page 2: BT.2020 primaries, sRGB curve -> Display P3",)),
    (("RGB", "P"), ("BT.2020", "P3"), ("icc of page 2: Display P3 -> BT.2020 primaries, sRGB curve",)),
    (("RGB", "RGB"), (None, "P3"), ("icc of page 2: Display P3 -> sRGB",)),
    (("RGB", "RGB"), ("P3", None), ()),
])  # fmt: skip
def test_pages_with_profiles_of_their_own(
    tmp_path: Path, modes: tuple[str, str], profiles: tuple[str | None, str | None], changes: tuple[str, ...]
) -> None:
    """A file has one profile: what another page says of its colors is done to its pixels."""
    icc = [None if one is None else profile(one, "sRGB") for one in profiles]
    plain = Image.new("RGB", (64, 64), (200, 60, 40))
    images = [plain.convert(mode, palette=Image.Palette.ADAPTIVE) for mode in modes]
    data = pages(*zip(images, icc, strict=True))
    (tmp_path / "a.tif").write_bytes(data)
    recipe = ib.Recipe(ops=[ib.Resize("32")], outputs=[ib.Output(format="tiff")])
    (outcome,) = ib.run([tmp_path / "a.tif"], tmp_path / "out", recipe, workers=0).outcomes
    assert tuple(text for text in outcome.changes if "icc" in text) == changes
    with Image.open(tmp_path / "out" / "a.tif") as result:
        result.seek(1)
        made, written = result.convert("RGB"), result.info.get("icc_profile")
    seen = made if written is None else profile_conversion.to_srgb(made, written)
    own = icc[1] if icc[1] is not None else icc[0]
    truth = profile_conversion.to_srgb(Image.new("RGB", (1, 1), (200, 60, 40)), own or b"")
    assert seen is not None and truth is not None
    assert seen.getpixel((9, 9)) == pytest.approx(truth.getpixel((0, 0)), abs=2)


def test_a_page_whose_profile_is_for_other_pixels_is_named(tmp_path: Path) -> None:
    gray = icc_profile.profile_of(space_of("sRGB", "2.2"), gray=True)
    data = pages((Image.new("RGB", (64, 64)), profile("P3", "sRGB")), (Image.new("RGB", (64, 64)), gray))
    outcome, _ = run_one(tmp_path, "a.tif", data, format="tiff", ops=[ib.Resize("32")])
    name = profile_conversion.profile_name(gray)
    assert f"icc of page 2 not kept, taken for the first page's: {name}" in outcome.changes


def test_adobe_rgb_by_exif_of_a_tiff(tmp_path: Path) -> None:
    """Its EXIF is no block of its own: the picture's directory stands behind the two of EXIF."""
    exif = files.adobe_exif()[26:]
    fields = [(256, 3, 1, 64), (257, 3, 1, 64), (258, 3, 1, 8), (262, 3, 1, 2), (273, 4, 1, 300), (277, 3, 1, 3),
              (278, 3, 1, 64), (279, 4, 1, 3 * 64 * 64), (0x8769, 4, 1, 26)]  # fmt: skip
    head = b"II*\0" + struct.pack("<I", 26 + len(exif)) + bytes(18) + exif
    head += struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", *field) for field in fields) + bytes(4)
    data = head.ljust(300, b"\0") + bytes((200, 60, 40)) * 64 * 64
    _, image = run_one(tmp_path, "a.tif", data, format="png", icc="srgb")
    assert image.getpixel((9, 9)) == pytest.approx((233, 57, 34), abs=4)


@pytest.mark.parametrize("strip", ["exif", "gps"])
def test_a_jpeg_that_keeps_its_picture_keeps_its_colors(tmp_path: Path, strip: str) -> None:
    data = files.saved(Image.new("RGB", (64, 64), (200, 60, 40)), "JPEG", exif=b"Exif\0\0" + files.adobe_exif())
    outcome, image = run_one(tmp_path, "a.jpg", data, strip=strip)
    assert "picture copied: only metadata are changed" in outcome.changes
    assert "icc: Adobe RGB written beside the picture" in outcome.changes
    assert profile_conversion.profile_name(image.info["icc_profile"]) == "Adobe RGB"


@pytest.mark.parametrize(("icc", "expected"), [("srgb", (b"1", False)), ("keep", (b"65535", True))])
@pytest.mark.parametrize("spelling", [
    b' exif:ColorSpace="65535" photoshop:ICCProfile="Display P3"/>',
    b"><exif:ColorSpace>65535</exif:ColorSpace><photoshop:ICCProfile>Display P3</photoshop:ICCProfile>"
    b"</rdf:Description>",
], ids=["attributes", "elements"])  # fmt: skip
def test_xmp_names_no_profile_that_is_gone(
    tmp_path: Path, spelling: bytes, icc: str, expected: tuple[bytes, bool]
) -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        b'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" dc:format="x"' + spelling + b"</rdf:RDF></x:xmpmeta>"
    )
    image = Image.new("RGB", (64, 64), P3_RED)
    data = files.saved(image, "JPEG", icc_profile=profile("P3", "sRGB"), xmp=packet)
    _, result = run_one(tmp_path, "a.jpg", data, format="jpeg", icc=icc, ops=[ib.Resize("32")])
    made = result.info["xmp"]
    space = re.search(rb"exif:ColorSpace(?:=.|>)(\d+)", made)
    assert space is not None and (space[1], b"ICCProfile" in made) == expected and b'dc:format="x"' in made


def test_xmp_that_cannot_be_read_stays(tmp_path: Path) -> None:
    assert xmp.with_srgb(b"<x photoshop:ICCProfile='P3'") == b"<x photoshop:ICCProfile='P3'"


def test_a_large_profile_comes_in_pieces(tmp_path: Path) -> None:
    from imgbatch.codecs.formats.rewrites import jpeg_lossless

    icc = bytes(range(256)) * 600
    data = jpeg_lossless.replace_metadata(files.saved(Image.new("L", (8, 8)), "JPEG"), {"icc_profile": icc}, True)
    assert data is not None and Image.open(io.BytesIO(data)).info["icc_profile"] == icc
    again = jpeg_lossless.replace_metadata(data, {"icc_profile": b"another"}, True)
    assert again is not None and Image.open(io.BytesIO(again)).info["icc_profile"] == icc


def test_a_profile_behind_the_head_of_a_jpeg_is_found(tmp_path: Path) -> None:
    data = files.saved(Image.new("RGB", (64, 64), P3_RED), "JPEG", quality=100, icc_profile=profile("P3", "sRGB"))
    at = data.find(b"\xff\xe2")
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    block, data = data[at:end], data[:at] + data[end:]
    scan = data.find(b"\xff\xda")
    _, image = run_one(tmp_path, "a.jpg", data[:scan] + block + data[scan:], format="png", icc="srgb")
    assert image.getpixel((9, 9)) == pytest.approx((255, 0, 0), abs=8)


@pytest.mark.parametrize("data", [
    files.saved(Image.new("RGB", (64, 64)), "JPEG", icc_profile=bytes(300)).replace(b"PROFILE\0\1\1", b"PROFILE\0\1\2"),
    files.png(Image.new("RGB", (64, 64)), iCCP=b"name\0\0no zlib"),
], ids=["jpeg", "png"])  # fmt: skip
def test_a_profile_that_is_not_whole_is_named(tmp_path: Path, data: bytes) -> None:
    outcome, _ = run_one(tmp_path, "a.img", data, format="webp")
    assert outcome.warnings == ("icc ignored: damaged",)


def test_arrays_keep_their_numbers_and_say_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(files.png(Image.new("RGB", (8, 8), P3_RED), cICP=bytes((12, 13, 0, 1))))
    with ib.load(tmp_path, ib.Resize("8x8!")) as batch:
        assert tuple(batch.images[0, 4, 4]) == P3_RED
        assert batch.outcomes[0].changes == ("icc: Display P3 by cICP",)


def test_a_frame_laid_on_another_is_converted(tmp_path: Path) -> None:
    """What an operation reads from a file goes the same way."""
    (tmp_path / "mark.png").write_bytes(files.png(Image.new("RGB", (64, 64), P3_RED), cICP=bytes((12, 13, 0, 1))))
    mark = ib.Watermark(str(tmp_path / "mark.png"), size="100%", gravity="center", margin="0")
    _, image = run_one(tmp_path, "a.png", files.saved(Image.new("RGB", (64, 64)), "PNG"), ops=[mark])
    assert image.convert("RGB").getpixel((32, 32)) == pytest.approx((255, 0, 0), abs=3)


@pytest.mark.parametrize("space", [color_space.ADOBE_RGB, color_space.ROMM_RGB, color_space.of_code_points(10, 9)])
def test_little_cms_takes_our_profiles(space: ColorSpace) -> None:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile.profile_of(space)))
    assert ImageCms.getProfileName(opened).strip() == space.name and opened.profile.version == 4.3
    red, green, blue = (np.array(getattr(opened.profile, f"{name}_colorant")[0]) for name in ("red", "green", "blue"))
    assert red + green + blue == pytest.approx((0.9642, 1, 0.8249), abs=1e-4)


@pytest.mark.parametrize("number", [14, 20])
def test_a_color_space_of_jpeg_2000_that_is_not_known_is_named(tmp_path: Path, number: int) -> None:
    data = files.jp2(Image.new("RGB", (64, 64)), b"\1\0\0" + struct.pack(">I", number))
    outcome, _ = run_one(tmp_path, "a.jp2", data, format="png")
    assert f"color: color space {number} by colr not kept, taken for sRGB" in outcome.changes


def test_colors_in_a_vendor_s_own_way_are_named(tmp_path: Path) -> None:
    outcome, _ = run_one(tmp_path, "a.jp2", files.jp2(Image.new("RGB", (64, 64)), b"\4\0\0vendor"), format="png")
    assert "color: color space of method 4 by colr not kept, taken for sRGB" in outcome.changes


def test_four_inks_of_jpeg_2000_are_no_alpha(tmp_path: Path) -> None:
    """Pillow gives CMYK that only a profile tells as RGBA."""
    icc = profile("P3", "sRGB").replace(b"RGB ", b"CMYK", 1)
    (tmp_path / "a.jp2").write_bytes(files.jp2(Image.new("RGBA", (64, 64)), b"\2\0\0" + icc))
    (outcome,) = ib.run([tmp_path / "a.jp2"], tmp_path / "out", ib.Recipe(), workers=0).outcomes
    assert outcome.error is not None and outcome.error.kind == "unsupported" and "CMYK" in outcome.error.message


def test_gray_jpeg_2000_with_a_profile(tmp_path: Path) -> None:
    gray = icc_profile.profile_of(space_of("sRGB", "linear"), gray=True)
    _, image = run_one(
        tmp_path, "a.jp2", files.jp2(Image.new("L", (64, 64), 55), b"\2\0\0" + gray), format="png", icc="srgb"
    )
    assert image.mode == "L" and image.getpixel((9, 9)) == 128


def test_romm_rgb_of_jpeg_2000(tmp_path: Path) -> None:
    data = files.jp2(Image.new("RGB", (64, 64), (128, 128, 128)), b"\1\0\0" + struct.pack(">I", 21))
    outcome, image = run_one(tmp_path, "a.jp2", data, format="png", icc="srgb")
    assert image.getpixel((9, 9)) == pytest.approx((145,) * 3, abs=1)  # (128/255)^1.8 is 0.289


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff"])
def test_hdr_stays_hdr(tmp_path: Path, format: str, transfer: int, name: str) -> None:
    """By its code points: those of a PNG's cICP, and of the profile, which shows it on an SDR screen."""
    data = files.png(Image.new("RGB", (64, 64), (148, 148, 148)), cICP=bytes((9, transfer, 0, 1)))
    outcome, image = run_one(tmp_path, "a.png", data, format=format, ops=[ib.Resize("32")])
    assert image.getpixel((9, 9)) == pytest.approx((148,) * 3, abs=2)
    assert outcome.changes == (f"icc: BT.2100 {name} (SDR by BT.2390) by cICP",)
    assert icc_profile.code_points(image.info["icc_profile"]) == (9, transfer, 0, 1)
    if format == "png":
        made = (tmp_path / "out" / outcome.outputs[0].path).read_bytes()
        assert png_chunks.cicp(made) == (9, transfer, 0, 1)
        again, image = run_one(tmp_path, "b.png", made, format="png", ops=[ib.Resize("16")])
        assert again.changes == () and image.getpixel((9, 9)) == (148,) * 3


@pytest.mark.parametrize("options", [{"icc": "srgb"}, {"icc": "none"}, {"strip": "icc"}, {"format": "gif"}])
def test_hdr_is_mapped_where_it_cannot_stay(tmp_path: Path, options: dict[str, Any]) -> None:
    """Its reference white, 203 cd/m2 or 148 of 255, is no more than 229: there is still room for what is brighter."""
    data = files.png(Image.new("RGB", (64, 64), (148, 148, 148)), cICP=bytes((9, 16, 0, 1)))
    outcome, image = run_one(tmp_path, "a.png", data, **options)
    assert image.convert("RGB").getpixel((9, 9)) == (229, 229, 229)
    assert "icc: BT.2100 PQ (SDR by BT.2390) -> sRGB" in outcome.changes
    assert png_chunks.cicp((tmp_path / "out" / outcome.outputs[0].path).read_bytes()) is None


def test_hdr_that_moves_stays_hdr(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), (level,) * 3) for level in (20, 148)]
    data = files.saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)
    data = png_chunks.with_cicp(data, (9, 16, 0, 1))
    outcome, image = run_one(tmp_path, "a.png", data, ops=[ib.Resize("16")])
    made = (tmp_path / "out" / outcome.outputs[0].path).read_bytes()
    assert png_chunks.cicp(made) == (9, 16, 0, 1) and getattr(image, "n_frames", 1) == 2


@pytest.mark.parametrize(("name", "words"), [("a.png", "cLLI, mDCV"), ("a.avif", "clli")])
@pytest.mark.parametrize("transfer", [16, 13])
def test_light_levels_of_hdr_are_named(tmp_path: Path, name: str, words: str, transfer: int) -> None:
    image = Image.new("RGB", (64, 64), (148, 148, 148))
    data = files.png(image, cICP=bytes((9, transfer, 0, 1)), cLLI=bytes(8), mDCV=bytes(24))
    if name == "a.avif":
        data = files.with_nclx(files.saved(image, "AVIF"), 9, transfer)
        data = data.replace(b"pixi", b"clli", 1)
    outcome, _ = run_one(tmp_path, name, data, ops=[ib.Resize("32")])
    levels = [text for text in outcome.changes if "light levels" in text]
    assert levels == ([f"light levels not kept: {words}"] if transfer == 16 else [])


def test_gray_hdr_of_16_bits_is_mapped_in_16(tmp_path: Path) -> None:
    gray = Image.new("I;16", (64, 64), 148 * 257)
    _, image = run_one(tmp_path, "a.png", files.png(gray, cICP=bytes((9, 16, 0, 1))), format="png", icc="srgb")
    assert image.mode == "I;16" and image.getpixel((9, 9)) == pytest.approx(229 * 257, abs=257)


def deep_png(color: tuple[int, ...], icc: bytes | None = None, **chunks: bytes) -> bytes:
    """A PNG of one color of 16 bits: gray and alpha, RGB or RGBA."""
    kind = {2: 4, 3: 2, 4: 6}[len(color)]
    chunks |= {"iCCP": b"x\0\0" + zlib.compress(icc)} if icc is not None else {}
    rows = (b"\0" + struct.pack(f">{len(color)}H", *color) * 64) * 64
    data = files.png(Image.new("RGB", (1, 1)), **chunks)
    pixels = data.find(b"IDAT") - 4
    head = files.png(Image.new("RGB", (1, 1)), IHDR=struct.pack(">IIBBBBB", 64, 64, 16, kind, 0, 0, 0))[33:58]
    end = files.png(Image.new("RGB", (1, 1)), IDAT=zlib.compress(rows))
    return data[:8] + head + data[33:pixels] + end[33 : end.find(b"IDAT", 50) - 4] + data[-12:]


def deep_numbers(data: bytes) -> tuple[int, ...]:
    """The first pixel of a PNG of 16 bits."""
    with limits.pixel_limit(10**6), open_image(data, ".png", 10**6) as picture:
        frame = next(picture.decode(deep=True)[0])
    return tuple(int(band.getpixel((5, 5))) for band in frame.split())  # type: ignore[arg-type]


@pytest.mark.parametrize(("color", "chunks", "primaries", "curve"), [
    ((60001, 13001, 9001), {"cICP": bytes((12, 13, 0, 1))}, "P3", "sRGB"),
    ((30001, 23001, 19001, 40000), {"cICP": bytes((9, 1, 0, 1))}, "BT.2020", "BT.709"),
    ((30001, 33001, 29001), {"cICP": bytes((9, 16, 0, 1))}, "BT.2020", "PQ"),
    ((30001, 23001, 19001), {"gAMA": files.gamma(1.0)}, "sRGB", "linear"),
    ((12345, 40000), {"gAMA": files.gamma(1.0)}, "sRGB", "linear"),
])  # fmt: skip
def test_16_bits_of_color_are_converted_in_16(
    tmp_path: Path, color: tuple[int, ...], chunks: dict[str, bytes], primaries: str, curve: str
) -> None:
    outcome, _ = run_one(tmp_path, "a.png", deep_png(color, **chunks), format="png", icc="srgb")
    result = deep_numbers((tmp_path / "out" / outcome.outputs[0].path).read_bytes())
    count = 1 if len(color) == 2 else 3
    light = srgb_light(np.array([*color[:count]] * (3 // count)) / 65535, primaries, curve)
    truth = 65535 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    # A profile's numbers are rounded to 65536ths, and PQ is a table.
    assert result[:count] == pytest.approx(truth[:count], abs=40) and result[3:] == color[3:]
    assert not any("depth" in text for text in outcome.changes)


@pytest.mark.parametrize("more", [{"gAMA": files.gamma(1.0)}, {"icc": None}], ids=["gamma", "profile"])
@pytest.mark.parametrize(
    "options", [{"format": "png"}, {"format": "webp", "lossless": True}, {"format": "png", "depth": "8"}]
)
def test_gray_of_16_bits_with_alpha_is_gray(tmp_path: Path, options: dict[str, Any], more: dict[str, Any]) -> None:
    """Pillow gives it as RGBA, for which a gray profile is none."""
    icc = icc_profile.profile_of(space_of("sRGB", "linear"), gray=True)
    data = deep_png((12345, 65535), **({"icc": icc} if "icc" in more else more))
    outcome, image = run_one(tmp_path, "a.png", data, icc="srgb", **options)
    assert not outcome.warnings and any("-> sRGB" in text for text in outcome.changes)
    assert image.convert("RGBA").getpixel((9, 9)) == (120, 120, 120, 255)  # 12345 of 65535 is 0.188 of light


def test_16_bits_of_color_keep_their_profile_and_code_points(tmp_path: Path) -> None:
    data = deep_png((30001, 33001, 29001), cICP=bytes((9, 16, 0, 1)))
    outcome, image = run_one(tmp_path, "a.png", data, format="png", ops=[ib.Resize("32")])
    made = (tmp_path / "out" / outcome.outputs[0].path).read_bytes()
    assert png_chunks.cicp(made) == (9, 16, 0, 1) and image.info["icc_profile"]
    assert deep_numbers(made) == (30001, 33001, 29001)


@pytest.mark.parametrize("icc", [b"", bytes(200), b"x" * 132 + b"cicp" + b"\xff" * 8], ids=["none", "zeros", "outside"])
def test_profiles_without_code_points(icc: bytes) -> None:
    assert icc_profile.code_points(icc) is None
