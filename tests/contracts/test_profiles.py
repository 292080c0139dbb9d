"""What becomes of colors and profiles? ``icc=keep``, ``srgb``, ``none``, and a profile that is assumed."""

from __future__ import annotations

import io
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgbatch import Output, Recipe, Resize, codecs, run
from imgbatch.codecs import AnimationTiming, EncodedFile, Encoding, Metadata
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.errors import PlanError, UsageError
from imgbatch.pixels import profile_conversion
from imgbatch.pixels.color_spaces import color_space, icc_profile
from tests.other_readers import IMAGEMAGICK, needs_imagemagick

CORPUS = Path(__file__).parents[2].parent / "shared" / "images" / "good" / "color"
MAGICK = IMAGEMAGICK
Picture = Image.Image

#: Primaries adapted to D50, as profiles have them (columns red, green, blue), and the curve: a gamma, or sRGB's.
SRGB = (((0.43607, 0.38515, 0.14307), (0.22249, 0.71687, 0.06061), (0.01392, 0.09708, 0.71410)), None)
P3 = (((0.51512, 0.29198, 0.15710), (0.24120, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407)), None)
ADOBE = (((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457)), 2.19921875)
PROPHOTO = (((0.79767, 0.13519, 0.03134), (0.28804, 0.71188, 0.00008), (0.0, 0.0, 0.82490)), 1.8)
SPACES: dict[str, Any] = {"P3": P3, "Adobe": ADOBE, "ProPhoto": PROPHOTO}
PATCHES = ((0, 0, 0), (255, 255, 255), (128, 128, 128), (107, 82, 70), (180, 140, 120), (90, 110, 140), (30, 60, 45),
           (255, 0, 0), (0, 255, 0), (200, 40, 220))  # fmt: skip


def profile(space: Any, kind: bytes = b"RGB ") -> bytes:
    """A minimal version 4 display profile of a space of SPACES; gray of its curve with `kind` ``GRAY``."""
    matrix, gamma = space
    sixteen = [round(value * 65536) for value in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)]
    curve = b"para\0\0\0\0" + (
        struct.pack(">HH5i", 3, 0, *sixteen) if gamma is None else struct.pack(">HHi", 0, 0, round(gamma * 65536))
    )
    words = "test".encode("utf-16-be")
    text = struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(words), 28) + words
    tags = {b"desc": text, b"cprt": text, b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)}
    if kind == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        for name, column in zip((b"r", b"g", b"b"), zip(*matrix, strict=True), strict=True):
            xyz = [round(value * 65536) for value in column]
            tags |= {name + b"XYZ": b"XYZ \0\0\0\0" + struct.pack(">3i", *xyz), name + b"TRC": curve}
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", 128 + len(table + body), 4 << 24, b"mntr", kind, b"XYZ ", b"acsp")
    return (head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0") + table + body


def by_formula(rgb: tuple[int, ...], space: Any) -> np.ndarray[Any, Any]:
    """The sRGB of a patch, by the definitions of the spaces alone."""
    matrix, gamma = space
    value = np.array(rgb) / 255
    plain = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    linear = np.linalg.inv(np.array(SRGB[0])) @ np.array(matrix) @ (plain if gamma is None else value**gamma)
    linear = linear.clip(0, 1)
    return np.asarray(255 * np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055))


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(268_000_000):
        yield


def encode(image: Picture, format: str, profile: bytes | None, **options: Any) -> EncodedFile:
    return codecs.encode([image], format, Encoding(**options), Metadata(icc=profile), AnimationTiming())


def decode(data: bytes) -> Picture:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("wish", ["srgb", "none"])
@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_known_patches_become_what_their_spaces_define(name: str, mode: str, wish: str) -> None:
    patches = Image.new("RGB", (len(PATCHES), 1))
    patches.putdata(PATCHES)
    image = patches.quantize(16) if mode == "P" else patches.convert(mode)
    encoded = encode(image, "png", profile(SPACES[name]), icc=wish)
    made = decode(encoded.data)
    assert made.mode == mode and encoded.changes == ["icc: test -> sRGB"]
    assert made.info.get("icc_profile") == (profile_conversion.srgb_profile() if wish == "srgb" else None)
    for place, patch in enumerate(PATCHES):
        found = np.array(made.convert("RGB").getpixel((place, 0)), float)
        assert np.abs(found - by_formula(patch, SPACES[name])).max() <= 1.6, patch


def test_srgb_profiles_cost_no_pixel_and_are_dropped_or_kept() -> None:
    image, icc = Image.radial_gradient("L").convert("RGB"), profile(SRGB)
    kept, dropped = (encode(image, "png", icc, icc=wish) for wish in ("srgb", "none"))
    assert decode(kept.data).tobytes() == decode(dropped.data).tobytes() == image.tobytes()
    assert decode(kept.data).info["icc_profile"] == icc and "icc_profile" not in decode(dropped.data).info
    assert (kept.changes, dropped.changes) == ([], ["icc: removed, the colors are sRGB"])


def test_our_profiles_do_not_say_when_they_were_made() -> None:
    for icc in (profile_conversion.srgb_profile(), profile_conversion.gray_profile()):
        assert icc[24:36] == struct.pack(">6H", 1999, 10, 18, 0, 0, 0)
        assert profile_conversion.is_srgb(icc) and int.from_bytes(icc[:4], "big") == len(icc)


def test_pictures_without_a_profile_are_srgb() -> None:
    image = Image.radial_gradient("L").convert("RGB")
    assert decode(encode(image, "png", None, icc="srgb").data).info["icc_profile"] == profile_conversion.srgb_profile()
    assert encode(image, "png", None, icc="none").data == encode(image, "png", None).data
    gray = decode(encode(image.convert("L"), "png", None, icc="srgb").data)
    assert gray.mode == "L" and gray.info["icc_profile"] == profile_conversion.gray_profile()


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_gray_stays_gray_and_keeps_its_depth(mode: str) -> None:
    """A gamma of 1.8 shown with sRGB's curve."""
    values = np.arange(0, 65536, 257).astype(np.uint16).reshape(16, 16)
    image = Image.fromarray(values) if mode == "I;16" else Image.fromarray((values >> 8).astype(np.uint8)).convert(mode)
    made = decode(encode(image, "png", profile(PROPHOTO, b"GRAY"), icc="srgb").data)
    assert made.mode == mode and made.info["icc_profile"] == profile_conversion.gray_profile()
    scale = 257 if mode == "I;16" else 1
    found = np.asarray(made.getchannel(0) if mode == "LA" else made).astype(float).ravel() / scale
    for level, value in enumerate(found):  # below 8 the tables of Little CMS are coarse
        allowed = 1.6 if level < 8 else 0.2 if mode == "I;16" else 0.6
        assert abs(value - by_formula((level,) * 3, PROPHOTO)[0]) <= allowed, level


@pytest.mark.parametrize("wish", ["keep", "srgb", "none"])
@pytest.mark.parametrize("format", ["png", "tiff", "webp"])
@pytest.mark.parametrize("kind", [b"RGB ", b"GRAY"])
def test_a_second_pass_changes_neither_pixels_nor_profile(tmp_path: Path, format: Any, wish: Any, kind: bytes) -> None:
    mode = "L" if kind == b"GRAY" else "RGB"
    image = Image.effect_noise((64, 48), 90).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", icc_profile=profile(ADOBE, kind), exif=exif)
    output = Output(format=format, icc=wish, lossless=True, effort=3)
    recipe = Recipe([Resize("40")], [output])
    shown = []
    for number, source in ((1, tmp_path / "a.png"), (2, tmp_path / "1"), (3, tmp_path / "2")):
        report = run([source], tmp_path / str(number), recipe, workers=0)
        assert report.exit_code == 0 and report.outcomes[0].warnings == ()
        (path,) = (tmp_path / str(number)).glob("a.*")
        made = decode(path.read_bytes())
        shown.append((made.mode, made.size, made.tobytes(), made.info.get("icc_profile")))
        if number > 1:
            assert not any("icc" in change for change in report.outcomes[0].changes)
    assert shown[0] == shown[1] == shown[2]
    assert shown[0][1] == (30, 40)


@pytest.mark.parametrize(("icc", "said"), [
    (profile(ADOBE, b"GRAY"), "icc ignored: made for gray, the pixels are RGB"),
    (profile(ADOBE)[:300], "icc ignored: damaged"),
])  # fmt: skip
def test_a_profile_for_other_pixels_is_ignored_with_a_warning(tmp_path: Path, icc: bytes, said: str) -> None:
    image = Image.effect_noise((20, 20), 90).convert("RGB")
    image.save(tmp_path / "a.png", icc_profile=icc)
    recipe = Recipe(outputs=[Output(format="tiff", icc="srgb")])
    (outcome,) = run([tmp_path / "a.png"], tmp_path / "out", recipe, workers=0).outcomes
    assert (outcome.status, outcome.warnings) == ("ok", (said,))
    made = decode((tmp_path / "out/a.tif").read_bytes())
    assert made.tobytes() == image.tobytes() and made.info["icc_profile"] == profile_conversion.srgb_profile()


@pytest.mark.parametrize("format", ["png", "tiff", "webp", "gif"])
def test_every_frame_is_converted(format: str) -> None:
    colors = ((107, 82, 70), (90, 110, 140), (30, 60, 45))
    frames = [Image.new("RGB", (16, 12), color) for color in colors]
    held, motion = Metadata(icc=profile(ADOBE)), AnimationTiming([40, 40, 40], 0)
    encoded = codecs.encode(frames, format, Encoding(icc="srgb", lossless=True), held, motion)
    assert encoded.frames == 3 and "icc: test -> sRGB" in encoded.changes
    with Image.open(io.BytesIO(encoded.data)) as made:
        assert made.info.get("icc_profile") == (None if format == "gif" else profile_conversion.srgb_profile())
        for place, patch in enumerate(colors):
            made.seek(place)
            found = np.asarray(made.convert("RGB")).astype(int)
            assert np.abs(found - by_formula(patch, ADOBE)).max() <= 1.6


@pytest.fixture
def adobe_folder(tmp_path: Path) -> Path:
    (tmp_path / "adobe.icc").write_bytes(profile(ADOBE))
    Image.new("RGB", (8, 8), (107, 82, 70)).save(tmp_path / "a.png")
    return tmp_path


def test_a_profile_can_be_assumed(adobe_folder: Path) -> None:
    Image.new("RGB", (8, 8), (107, 82, 70)).save(adobe_folder / "b.png", icc_profile=profile(P3))
    Image.new("L", (8, 8), 70).save(adobe_folder / "c.png")
    recipe = Recipe(outputs=[Output(icc="srgb", assume_icc=str(adobe_folder / "adobe.icc"))])
    sources = [adobe_folder / name for name in ("a.png", "b.png", "c.png")]
    outcomes = run(sources, adobe_folder / "out", recipe, workers=0).outcomes
    assert [one.changes for one in outcomes] == [
        ("icc: test assumed", "icc: test -> sRGB"), ("icc: test -> sRGB",), (),
    ]  # fmt: skip
    for name, space in (("a", ADOBE), ("b", P3)):
        found = np.array(decode((adobe_folder / f"out/{name}.png").read_bytes()).getpixel((0, 0)))
        assert np.abs(found - by_formula((107, 82, 70), space)).max() <= 1
    assert decode((adobe_folder / "out/c.png").read_bytes()).getpixel((0, 0)) == 70, "it is for other pixels"


def test_an_assumed_profile_is_written_beside_the_same_pixels(adobe_folder: Path) -> None:
    recipe = Recipe(outputs=[Output(assume_icc=str(adobe_folder / "adobe.icc"))])
    assert run([adobe_folder / "a.png"], adobe_folder / "out", recipe, workers=0).exit_code == 0
    made = decode((adobe_folder / "out/a.png").read_bytes())
    assert made.getpixel((0, 0)) == (107, 82, 70) and made.info["icc_profile"] == profile(ADOBE)


def test_a_changed_profile_makes_the_outputs_again(adobe_folder: Path) -> None:
    recipe = Recipe(outputs=[Output(icc="srgb", assume_icc=str(adobe_folder / "adobe.icc"))])
    statuses = []
    for space in (ADOBE, ADOBE, PROPHOTO):
        (adobe_folder / "adobe.icc").write_bytes(profile(space))
        profile_conversion.read_profile.cache_clear()  # one process stands for three
        statuses += [
            one.status for one in run([adobe_folder / "a.png"], adobe_folder / "out", recipe, workers=0).outcomes
        ]
    assert statuses == ["ok", "unchanged", "ok"]
    found = np.array(decode((adobe_folder / "out/a.png").read_bytes()).getpixel((0, 0)))
    assert np.abs(found - by_formula((107, 82, 70), PROPHOTO)).max() <= 1


def test_what_is_no_profile_refuses_the_run(adobe_folder: Path) -> None:
    (adobe_folder / "no.icc").write_bytes(b"nonsense" * 99)
    for name, said in (("no.icc", "no ICC profile"), ("gone.icc", "no such file")):
        with pytest.raises(PlanError, match=f"assume_icc.*{said}"):
            run(
                [adobe_folder / "a.png"],
                adobe_folder / "out",
                Recipe(outputs=[Output(assume_icc=str(adobe_folder / name))]),
            )
    with pytest.raises(UsageError, match="one profile"):
        Recipe(outputs=[Output(assume_icc="a.icc"), Output(assume_icc="b.icc")])
    assert not (adobe_folder / "out").exists()


# -- ink and Lab -------------------------------------------------------------------------------------------------------


def test_ink_is_what_the_adobe_marker_says(tmp_path: Path) -> None:
    """A CMYK JPEG of Adobe's holds inverted values; a CMYK TIFF does not. Both are the same ink in every output."""
    ink = Image.merge("CMYK", [Image.new("L", (32, 32), value) for value in (20, 200, 90, 10)])
    shown = []
    for name in ("a.jpg", "b.tif"):
        ink.save(tmp_path / name, quality=100)
        with codecs.open_image((tmp_path / name).read_bytes(), "", 10**6) as opened:
            (frame,) = opened.decode()[0]
        assert np.abs(np.asarray(frame).astype(int) - [20, 200, 90, 10]).max() <= 2
        shown.append(np.asarray(decode(encode(frame, "png", None, icc="none").data))[9, 9].astype(int))
        for format in ("jpeg", "tiff"):
            again = decode(encode(frame, format, None, quality=100).data)
            assert np.abs(np.asarray(again).astype(int) - [20, 200, 90, 10]).max() <= 3
    assert np.abs(shown[0] - shown[1]).max() <= 3
    assert shown[0][1] < 70 < 200 < shown[0][0], "a red: little cyan, much magenta"


@pytest.mark.skipif(MAGICK is None, reason="ImageMagick is not installed")
def test_another_reader_sees_the_same_ink(tmp_path: Path) -> None:
    ink = Image.merge("CMYK", [Image.new("L", (32, 32), value) for value in (20, 200, 90, 10)])
    (tmp_path / "a.jpg").write_bytes(encode(ink, "jpeg", None, quality=100).data)
    words = [str(MAGICK), "a.jpg", "-depth", "8", "cmyk:-"]
    raw = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True).stdout
    assert np.abs(np.frombuffer(raw, np.uint8).reshape(-1, 4).astype(int) - [20, 200, 90, 10]).max() <= 3


def test_lab_becomes_the_color_that_it_names() -> None:
    """L* 53.23, a* 80.1, b* 67.2 is the red of sRGB (D65 adapted to D50: 54.3, 80.8, 69.9)."""
    lab = Image.frombytes("LAB", (1, 1), bytes((round(54.3 * 2.55), 81, 70)))
    for wish in ("srgb", "none"):
        made = decode(encode(lab, "tiff", None, icc=wish).data)
        assert made.mode == "RGB"
        found = made.getpixel((0, 0))
        assert isinstance(found, tuple) and found[0] >= 250 and max(found[1:]) <= 12
    assert decode(encode(lab, "tiff", None).data).mode == "LAB"


# -- real files --------------------------------------------------------------------------------------------------------

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real pictures is not here")


def by_image_cms(path: Path) -> Picture:
    """A file in sRGB by Pillow alone: its own profile, relative colorimetric, black point compensated."""
    with Image.open(path) as image:
        image.load()
        icc = image.info.get("icc_profile")
        mode = {"L": "L", "RGBA": "RGBA"}.get(image.mode, "RGB")
        target = ImageCms.ImageCmsProfile(
            io.BytesIO(profile_conversion.gray_profile() if mode == "L" else profile_conversion.srgb_profile())
        )
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc)) if icc else ImageCms.createProfile("LAB")
        made = ImageCms.profileToProfile(
            image, source, target, ImageCms.Intent.RELATIVE_COLORIMETRIC, mode,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
    assert made is not None
    return made


@needs_corpus
@pytest.mark.parametrize("name", [
    "rocket-adobergb.jpg", "photo-adobergb.webp", "rgb-to-gbr-test.png", "p3.png", "prophoto.png",
    "cmyk-icc-swop.jpg", "gray-gamma22.jpg", "apple_gainmap_p3_gps.jpg", "hopper.Lab.tif",
])  # fmt: skip
def test_real_files_have_the_colors_of_their_profiles(tmp_path: Path, name: str) -> None:
    recipe = Recipe(outputs=[Output(format="png", icc="srgb", depth="8")])  # Pillow's other way has 8 bits only
    (outcome,) = run([CORPUS / name], tmp_path, recipe, workers=0).outcomes
    assert outcome.status == "ok"
    made, wanted = decode(Path(outcome.outputs[0].path).read_bytes()), by_image_cms(CORPUS / name)
    assert made.mode == wanted.mode and made.size == wanted.size
    opaque = np.asarray(wanted)[..., 3:] > 0 if wanted.mode == "RGBA" else True
    apart = np.abs(np.asarray(made).astype(int) - np.asarray(wanted).astype(int)) * opaque
    assert apart.max() <= 1
    assert profile_conversion.is_srgb(made.info["icc_profile"])


@needs_corpus
@needs_imagemagick
def test_a_real_file_of_16_bits_of_light_is_converted_with_all_of_them(tmp_path: Path) -> None:
    """Pillow's way would make 8 bits of it first: up to 7 of 255 from what ImageMagick makes of it."""
    source, profile = CORPUS / "acescg-16bit.png", tmp_path / "srgb.icc"
    profile.write_bytes(profile_conversion.srgb_profile())
    recipe = Recipe(outputs=[Output(format="png", icc="srgb", depth="8")])
    (outcome,) = run([source], tmp_path / "out", recipe, workers=0).outcomes
    made = np.asarray(decode(Path(outcome.outputs[0].path).read_bytes())).astype(int)
    command = [str(IMAGEMAGICK), str(source), "-intent", "relative", "-profile", str(profile), "-depth", "8", "rgb:-"]
    wanted = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8)
    assert np.abs(made - wanted.reshape(made.shape).astype(int)).max() <= 1


def deep_samples(path: Path) -> np.ndarray[Any, Any]:
    """The samples of a PNG of 16 bits, (row, column, band)."""
    with open_image(path.read_bytes(), ".png", 268_000_000) as picture:
        return np.asarray(next(picture.decode(deep=True)[0]))


@needs_corpus
def test_a_real_file_of_16_bits_is_converted_to_the_last_number(tmp_path: Path) -> None:
    """Its profile is linear, so that 8 bits of it would leave few of the dark colors apart."""
    source = CORPUS / "acescg-16bit.png"
    (outcome,) = run([source], tmp_path, Recipe(outputs=[Output(format="png", icc="srgb")]), workers=0).outcomes
    tags = icc_profile.tags_of(Image.open(source).info["icc_profile"])
    columns = np.array([struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]) / 65536
    to_srgb = np.linalg.inv(np.array(icc_profile.matrix_to_d50(color_space.SRGB.primaries)))
    light = (deep_samples(source)[..., :3] / 65535 @ columns @ to_srgb.T).clip(0, 1)
    truth = 65535 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    apart = np.abs(deep_samples(Path(outcome.outputs[0].path))[..., :3] - truth)
    assert apart.max() <= 1.01


@needs_corpus
def test_every_ink_goes_through_the_profile_of_a_press() -> None:
    """The relative colorimetric tables, not the perceptual ones, which differ; paper is white and black is black."""
    with Image.open(CORPUS / "cmyk-icc-swop.jpg") as press:
        icc = press.info["icc_profile"]
    levels = np.array(np.meshgrid(*[(0, 64, 128, 192, 255)] * 4)).reshape(4, -1).T
    ink = Image.frombytes("CMYK", (25, 25), np.ascontiguousarray(levels.astype(np.uint8)).tobytes())
    made = np.asarray(decode(encode(ink, "png", icc, icc="none").data)).astype(int)
    given, target = (ImageCms.ImageCmsProfile(io.BytesIO(raw)) for raw in (icc, profile_conversion.srgb_profile()))
    apart = []
    for intent in (ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Intent.PERCEPTUAL):
        theirs = ImageCms.profileToProfile(
            ink, given, target, intent, "RGB", flags=ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
        apart.append(np.abs(np.asarray(theirs).astype(int) - made).max())
    assert apart[0] <= 1 and apart[1] > 5
    assert made[0, 0].min() >= 254 and made[-1, -1].max() <= 3


@needs_corpus
@pytest.mark.skipif(MAGICK is None, reason="ImageMagick is not installed")
@pytest.mark.parametrize("name", ["rocket-adobergb.jpg", "p3.png", "cmyk-icc-swop.jpg", "photo-adobergb.webp"])
def test_real_files_have_the_colors_that_imagemagick_sees(tmp_path: Path, name: str) -> None:
    (tmp_path / "srgb.icc").write_bytes(profile_conversion.srgb_profile())
    words = [str(MAGICK), str(CORPUS / name), "-intent", "Relative", "-black-point-compensation", "-profile",
             str(tmp_path / "srgb.icc"), "-depth", "8", str(tmp_path / "theirs.png")]  # fmt: skip
    subprocess.run(words, check=True)
    recipe = Recipe(outputs=[Output(format="png", icc="none")])
    (outcome,) = run([CORPUS / name], tmp_path / "out", recipe, workers=0).outcomes
    ours = np.asarray(decode(Path(outcome.outputs[0].path).read_bytes()).convert("RGB")).astype(int)
    theirs = np.asarray(decode((tmp_path / "theirs.png").read_bytes()).convert("RGB")).astype(int)
    assert np.abs(ours - theirs).mean() <= 1.0
