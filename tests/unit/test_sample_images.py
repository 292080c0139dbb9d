"""Does the folder of sample images hold what its README promises, and does it still come from its maker?"""

import io
import unicodedata
from pathlib import Path

import pytest
from PIL import ExifTags, Image, ImageChops, ImageCms, ImageOps, ImageStat

from tests.make_samples import README, SAMPLES, main, p3

FOLDER = Path(__file__).parents[2] / "sample_images"
NAMES = sorted(name for name, _, _ in SAMPLES)
DAMAGES = [name for name in NAMES if name.startswith("broken/")]
WHOLE = [name for name in NAMES if name not in DAMAGES]


def disk_names() -> list[str]:
    files = (path for path in FOLDER.rglob("*") if path.is_file() and path.name != "README.md")
    return sorted(unicodedata.normalize("NFC", path.relative_to(FOLDER).as_posix()) for path in files)


def test_folder_holds_the_listed_files_and_no_others() -> None:
    assert disk_names() == NAMES
    assert len(NAMES) >= 24
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 3_000_000


def test_readme_lists_every_file() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert text == README
    assert [line for line in NAMES if f"| `{line}` | " not in text] == []


def test_names_are_normalized_and_do_not_collide_after_conversion() -> None:
    assert all(name == unicodedata.normalize("NFC", name) for name in NAMES)
    stems = [name.rsplit(".", 1)[0].casefold() for name in NAMES]
    assert len(set(stems)) == len(stems)
    assert any(" " in name and not name.isascii() for name in NAMES)
    assert any(name.count("/") >= 3 for name in NAMES)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files_load(name: str) -> None:
    with Image.open(FOLDER / name) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            image.load()


def test_exactly_four_files_are_broken() -> None:
    assert len(DAMAGES) == 4


@pytest.mark.parametrize("name", DAMAGES)
def test_pillow_refuses_broken_files(name: str) -> None:
    with pytest.raises(OSError), Image.open(FOLDER / name) as image:
        image.load()


@pytest.mark.parametrize(
    ("name", "kind", "mode"),
    [
        ("travel/2023/desert/dunes.jpg", "JPEG", "RGB"),
        ("color/gray.jpg", "JPEG", "L"),
        ("color/cmyk.jpg", "JPEG", "CMYK"),
        ("png/rgb.png", "PNG", "RGB"),
        ("png/soft-alpha.png", "PNG", "RGBA"),
        ("png/palette.png", "PNG", "P"),
        ("png/gray-16.png", "PNG", "I;16"),
        ("png/one-bit.png", "PNG", "1"),
        ("web/lossy.webp", "WEBP", "RGB"),
        ("web/lossless.webp", "WEBP", "RGB"),
        ("web/night.avif", "AVIF", "RGB"),
        ("scan/small.bmp", "BMP", "RGB"),
        ("scan/tiny.ppm", "PPM", "RGB"),
    ],
)
def test_format_and_mode(name: str, kind: str, mode: str) -> None:
    with Image.open(FOLDER / name) as image:
        assert (image.format, image.mode) == (kind, mode)


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("animated/sunset.gif", "GIF", 8),
        ("animated/moonrise.webp", "WEBP", 8),
        ("animated/midday.png", "PNG", 6),
        ("scan/album.tiff", "TIFF", 3),
    ],
)
def test_frames_differ(name: str, kind: str, count: int) -> None:
    with Image.open(FOLDER / name) as image:
        assert (image.format, getattr(image, "n_frames", 1)) == (kind, count)
        frames = []
        for index in range(count):
            image.seek(index)
            frames.append(image.convert("RGB").tobytes())
    assert len(set(frames)) == count


def test_eight_orientations_show_one_scene() -> None:
    upright = []
    for number in range(1, 9):
        with Image.open(FOLDER / f"orientation/orientation-{number}.jpg") as image:
            assert image.getexif()[ExifTags.Base.Orientation] == number
            assert image.size == ((480, 320) if number < 5 else (320, 480))
            upright.append(ImageOps.exif_transpose(image).crop((0, 0, 480, 190)))  # above the number
    for sight in upright:
        assert max(ImageStat.Stat(ImageChops.difference(sight, upright[0])).mean) < 2


def test_progressive_soft_alpha_deep_gray_and_lossless() -> None:
    with Image.open(FOLDER / "travel/2024/coast/morning.jpg") as image:
        assert image.info.get("progressive")
    with Image.open(FOLDER / "png/soft-alpha.png") as image:
        levels = image.getchannel("A").histogram()
        assert sum(map(bool, levels)) > 60
        assert levels[0]
        assert levels[255]
    with Image.open(FOLDER / "png/gray-16.png") as image:
        assert int(image.getextrema()[1]) > 40_000  # type: ignore[arg-type]
    assert b"VP8L" in (FOLDER / "web/lossless.webp").read_bytes()[:64]
    assert b"VP8 " in (FOLDER / "web/lossy.webp").read_bytes()[:64]


def test_photo_names_its_author_time_and_place() -> None:
    with Image.open(FOLDER / "travel/2024/coast/evening.jpg") as image:
        exif = image.getexif()
    assert exif[ExifTags.Base.Artist] == "Ada Example"
    assert "Ada Example" in exif[ExifTags.Base.Copyright]
    assert exif[ExifTags.Base.DateTime] == "2024:06:21 21:14:07"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert (gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude]) == ("N", (12, 34, 56))
    assert (gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude]) == ("W", (34, 56, 7.5))


# The P3 numbers of sRGB's own primaries, by the published matrices of both spaces.
@pytest.mark.parametrize(
    ("wide", "narrow"),
    [((234, 51, 35), (255, 0, 0)), ((117, 251, 76), (0, 255, 0)), ((0, 0, 245), (0, 0, 255)), ((128,) * 3, (128,) * 3)],
)
def test_wide_gamut_profile_converts_to_the_known_numbers(wide: tuple[int, ...], narrow: tuple[int, ...]) -> None:
    with Image.open(FOLDER / "color/wide-gamut.jpg") as image:
        data = image.info["icc_profile"]
    assert data == p3()
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    assert ImageCms.getProfileDescription(profile).startswith("Imgbatch wide gamut")
    patch = ImageCms.profileToProfile(Image.new("RGB", (1, 1), wide), profile, ImageCms.createProfile("sRGB"))
    assert patch is not None
    assert patch.getpixel((0, 0)) == pytest.approx(narrow, abs=4)


def test_maker_gives_the_same_bytes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = ["scan/tiny.ppm", "scan/small.bmp", "animated/midday.png", "broken/text.jpg", "broken/bad-crc.png"]
    monkeypatch.setattr("tests.make_samples.SAMPLES", [row for row in SAMPLES if row[0] in small])
    main(tmp_path / "a")
    main(tmp_path / "b")
    for name in [*small, "README.md"]:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
