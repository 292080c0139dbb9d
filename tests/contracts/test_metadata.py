"""What is kept beside the pixels, in which format, and what goes when it is asked to go?

exiftool, where it is installed, reads what was written: it knows maker notes and every block, and shares no code with
Pillow or with us.
"""

from __future__ import annotations

import io
import json
import re
import struct
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from imgbatch import Blur, Crop, Operation, Output, Recipe, Resize, Rotate, codecs, run
from imgbatch.codecs import FORMATS, AnimationTiming, EncodedFile, Encoding, Metadata
from imgbatch.codecs.metadata import exif_tags, iptc
from imgbatch.codecs.metadata.strip import strip_metadata
from imgbatch.codecs.metadata.words import BLOCKS
from imgbatch.codecs.reading import limits
from imgbatch.core.errors import UsageError
from tests.other_readers import EXIFTOOL, needs_exiftool
from tests.pages import page
from tests.unit.codecs.test_exif_tags import NOTE, block, small
from tests.unit.codecs.test_iptc import BLOCK as IPTC
from tests.unit.codecs.test_xmp import PACKET as XMP

PHOTOS = Path(__file__).parents[2].parent / "shared" / "images" / "photos"
PAGE = page("metadata")
SUFFIX = {name: codecs.codec(name).suffixes[0] for name in FORMATS}
SIZE = (64, 48)


def everything() -> Metadata:
    return Metadata(block("<", small()), None, None, XMP, IPTC, b"a comment", {"Title": "A text"}, (240, 120))


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(268_000_000), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def encode(format: str, held: Metadata | None = None, **options: Any) -> EncodedFile:
    image = Image.radial_gradient("L").resize(SIZE).convert("RGB")
    return codecs.encode([image], format, Encoding(**options), held or everything(), AnimationTiming())


def back(encoded: EncodedFile) -> Metadata:
    with codecs.open_image(encoded.data, "", 10**6) as opened:
        return opened.metadata


def exiftool_tags(path: Path, *words: str) -> dict[str, Any]:
    """What exiftool reads: ``Group:Tag`` -> value."""
    command = [str(EXIFTOOL), "-j", "-a", "-G1", *words, str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    (found,) = json.loads(done.stdout.decode("utf-8", "replace"))
    assert isinstance(found, dict)
    return found


# -- kept where the format can -----------------------------------------------------------------------------------------


def table() -> dict[str, dict[str, str]]:
    """The manual's table: block -> format -> what it says."""
    head = next(line for line in PAGE.splitlines() if line.startswith("| block |"))
    names = [cell.strip() for cell in head.strip("|").split("|")][1:]
    rows = {}
    for line in PAGE.split(head)[1].strip().splitlines()[1:]:
        if not line.startswith("|"):
            break
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[first.strip("`")] = dict(zip(names, cells, strict=True))
    return rows


TABLE = table()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["exif", "xmp", "iptc", "comment", "text", "resolution"])
def test_a_block_is_kept_where_the_table_says_so_or_it_is_noted(name: str, format: str) -> None:
    full = everything()
    value = getattr(full, name)
    encoded = encode(format, Metadata(**{name: value}))
    noted = f"{name} not written: {format}" in encoded.changes
    assert noted == TABLE[name][format].startswith("-")
    found = back(encoded)
    if name == "resolution" and not noted:
        assert found.resolution == pytest.approx((240, 120), abs=0.02)
    elif name == "exif" and not noted and format != "tiff":
        assert found.exif is not None and NOTE in found.exif
    elif name == "comment" and format == "png":
        assert found.text == {"Comment": "a comment"}
    elif name == "xmp" and not noted:
        assert found.xmp is not None
        assert found.xmp.replace(b"'64'", b"'4000'") == XMP.replace(b"\r", b"")
    elif not noted and name != "exif":
        assert getattr(found, name) == value
    elif noted:
        assert not getattr(found, name)


@needs_exiftool
@pytest.mark.parametrize("format", FORMATS)
def test_another_reader_finds_every_block(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{SUFFIX[format]}"
    path.write_bytes(encode(format).data)
    found = exiftool_tags(path, "-validate", "-warning")
    said = exiftool_tags(path)
    wanted: dict[str, Any] = {}
    if not TABLE["exif"][format].startswith("-"):
        wanted |= {"IFD0:Artist": "Ada Example", "IFD0:Make": "A maker of cameras",
                   "ExifIFD:DateTimeOriginal": "2024:01:02 03:04:05", "ExifIFD:ExifImageWidth": 64,
                   "ExifIFD:ExifImageHeight": 48, "GPS:GPSLatitude": "12 deg 34' 56.00\""}  # fmt: skip
    if not TABLE["xmp"][format].startswith("-"):
        wanted |= {"XMP-dc:Creator": "Ada > Example", "XMP-xmp:Rating": 5, "XMP-exif:ExifImageWidth": 64}
    if not TABLE["iptc"][format].startswith("-"):
        wanted |= {"IPTC:By-line": "Ada", "IPTC:CopyrightNotice": "(c) Ada", "IPTC:Keywords": ["sea", "sky"]}
    assert {key: said.get(key) for key in wanted} == wanted
    complaints = [str(text) for key, text in found.items() if key.endswith("Warning")]
    known = re.compile(r"minor|GPSVersionID|Missing required|maker note|Non-standard", re.IGNORECASE)
    assert [text for text in complaints if not known.search(text)] == []


def test_what_is_too_long_for_a_jpeg_is_noted_and_padding_is_given_up_first() -> None:
    padded = XMP.replace(b" " * 2000, b" " * 70_000)
    found = back(encode("jpeg", Metadata(xmp=padded))).xmp
    assert found is not None and b"Ada" in found
    long = Metadata(xmp=XMP.replace(b"AAAA", b"A" * 70_000), iptc=IPTC * 2000, comment=b"x" * 70_000)
    assert encode("jpeg", long).changes == [f"{name} not written: jpeg" for name in ("xmp", "iptc", "comment")]


@pytest.mark.parametrize("format", ["webp", "avif"])
def test_a_resolution_is_kept_in_exif_or_its_loss_noted(format: str) -> None:
    noted = f"resolution not written: {format}"
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    assert noted in encode(format, Metadata(exif=exif.tobytes()[6:], resolution=(72, 72))).changes
    exif[ExifTags.Base.XResolution] = 72
    assert noted not in encode(format, Metadata(exif=exif.tobytes()[6:], resolution=(72, 72))).changes
    assert "XResolution" not in tags(back(encode(format, Metadata(exif=exif.tobytes()[6:]), strip="resolution")))


@pytest.mark.parametrize("format", ["png", "tiff", "webp", "jpeg"])
def test_a_second_pass_changes_none_of_it(format: str) -> None:
    first = encode(format, lossless=True, quality=90)
    held = back(first)
    held.tables = None
    second = encode(format, held, lossless=True, quality=90)
    again = back(second)
    again.tables = None
    assert again == held and (format == "tiff" or second.data == first.data)


def test_texts_that_are_not_latin_survive() -> None:
    texts = {"Title": "Grüße 漢字", "Author": "Ada"}
    assert back(encode("png", Metadata(text=texts, xmp=XMP.replace(b"Ada", "漢".encode())))).text == texts


@pytest.mark.parametrize("resolution", [(float("inf"), 1.0), (0.0, 0.0), (1e9, 1e9), (float("nan"), 1.0)])
def test_a_resolution_that_makes_no_sense_is_none(resolution: tuple[float, float], tmp_path: Path) -> None:
    file = io.BytesIO()
    with Image.new("L", (4, 4)) as image:
        try:
            image.save(file, "TIFF", dpi=resolution)
        except (ValueError, OverflowError, struct.error):
            pytest.skip("this Pillow does not write such a file")
    with codecs.open_image(file.getvalue(), ".tif", 10**6) as opened:
        assert opened.metadata.resolution is None


# -- stripped on request -----------------------------------------------------------------------------------------------


def rest(metadata: Metadata, changes: list[str], strip: str | None = None, keep: str | None = None) -> Metadata:
    return strip_metadata(metadata, strip, keep, changes)


@pytest.mark.parametrize("format", [name for name in FORMATS if codecs.codec(name).exif])
def test_without_gps_nothing_says_where_it_was(format: str, tmp_path: Path) -> None:
    encoded = encode(format, strip="gps")
    found = back(encoded)
    assert not found.has_position and encoded.has_position is False and encode(format).has_position is True
    assert found.exif is not None and not exif_tags.has_thumbnail(found.exif)
    assert found.xmp is not None and b"Rating" in found.xmp
    assert b"GPS" not in found.xmp and b"Thumbnails" not in found.xmp
    assert "metadata removed: some exif, some xmp" in encoded.changes
    for secret in (b"12,34.5N", b"45,6.7W", small()[100:120], struct.pack("<IIII", 12, 1, 34, 1)):
        assert secret not in encoded.data
    path = tmp_path / f"a{SUFFIX[format]}"
    path.write_bytes(encoded.data)
    if EXIFTOOL is not None:
        said = exiftool_tags(path)
        assert not [key for key in said if "GPS" in key or "Thumbnail" in key]
        assert said["IFD0:Artist"] == "Ada Example" and said["XMP-xmp:Rating"] == 5


@pytest.mark.parametrize(("strip", "keep", "left"), [
    ("all", None, ""), (None, "icc", ""), ("exif,xmp", None, "iptc comment text resolution"),
    ("comment,text", None, "exif xmp iptc resolution"), ("all", "exif", "exif"),
    ("all", "xmp,resolution", "xmp resolution"),
    ("iptc,resolution", None, "exif xmp comment text"), (None, "artist", "exif xmp iptc"), (None, "gps", "exif xmp"),
    (None, "title", "text"), (None, "xmp:rating", "xmp"), ("gps", "gps", "exif xmp iptc comment text resolution"),
])  # fmt: skip
def test_blocks_go_and_stay_as_asked(strip: str | None, keep: str | None, left: str) -> None:
    changes: list[str] = []
    made = rest(everything(), changes, strip=strip, keep=keep)
    found = [name for name in ("exif", "xmp", "iptc", "comment", "text", "resolution") if getattr(made, name)]
    assert found == left.split()
    assert bool(changes) == (made != everything())


def tags(held: Metadata) -> set[str]:
    names = {tag.value: name for name, tag in ExifTags.Base.__members__.items()}
    found = {names.get(entry.tag, str(entry.tag)) for entry in exif_tags.entries(held.exif or b"")}
    return found - {"ExifOffset", "GPSInfo"}


def test_only_artist_and_copyright_stay() -> None:
    made = rest(everything(), [], keep="artist,copyright")
    assert tags(made) == {"Artist"}
    assert made.xmp is not None and b"Ada" in made.xmp
    assert not any(word in made.xmp for word in (b"GPS", b"Rating", b"AAAA", b"Orientation"))
    assert made.iptc is not None and b"(c) Ada" in made.iptc and b"sea" not in made.iptc
    assert made.exif is not None and len(made.exif) < 70 and NOTE not in made.exif


def test_the_more_specific_word_wins() -> None:
    made = rest(everything(), [], strip="all,gps", keep="exif,xmp")
    assert not made.has_position and "Make" in tags(made) and made.xmp is not None and b"Rating" in made.xmp
    made = rest(everything(), [], strip="exif", keep="gps")
    assert made.has_position and "Make" not in tags(made)
    made = rest(everything(), [], strip="artist,keywords")
    assert "Artist" not in tags(made) and "Make" in tags(made)
    assert made.xmp is not None and b"Ada" not in made.xmp and b"Rating" in made.xmp
    assert made.iptc is not None and b"sea" not in made.iptc and b"(c) Ada" in made.iptc


def test_a_maker_note_stays_where_it_is_or_goes_whole() -> None:
    before = block("<", small())
    for words in ("gps", "artist", "thumbnail", "gps,thumbnail,date"):
        made = rest(everything(), [], strip=words).exif
        assert made is not None and made.index(NOTE) == before.index(NOTE), words
    made = rest(everything(), [], strip="serial").exif
    assert made is not None and NOTE not in made


def test_an_orientation_that_the_pixels_need_survives() -> None:
    held = Image.Exif()
    held[ExifTags.Base.Orientation], held[ExifTags.Base.Artist] = 6, "Ada"
    made = rest(Metadata(exif=held.tobytes()[6:]), [], strip="all")
    assert tags(made) == {"Orientation"}
    held[ExifTags.Base.Orientation] = 1
    assert rest(Metadata(exif=held.tobytes()[6:]), [], strip="all").exif is None


@pytest.mark.parametrize("packet", [b"<x:xmpmeta exif:GPSLatitude='1'", b"<!DOCTYPE a []><a exif:GPSLatitude='1'/>"])
def test_xmp_that_cannot_be_read_goes_whole_and_that_is_said(packet: bytes) -> None:
    encoded = encode("webp", Metadata(xmp=packet), strip="gps")
    assert back(encoded).xmp is None
    assert "xmp: removed whole, since it cannot be read" in encoded.changes


def test_a_gps_directory_that_cannot_be_found_is_not_carried_along() -> None:
    raw = bytearray(block("<", small()))
    (pointer,) = (entry for entry in exif_tags.entries(bytes(raw)) if entry.tag == exif_tags.GPS_IFD)
    (at,) = struct.unpack_from("<I", raw, pointer.at + 8)
    struct.pack_into("<H", raw, at, 60_000)  # so many entries do not lie within the block
    made = rest(Metadata(exif=bytes(raw)), [], strip="gps").exif
    assert made is not None and struct.pack("<II", 56, 1) not in made and "Make" in tags(Metadata(exif=made))


def test_words_are_known_or_the_nearest_is_named() -> None:
    assert Encoding(strip="GPS, Artist").strip == "gps,artist"
    for word, nearest in (("gsp", "gps"), ("copyrigt", "copyright"), ("BodySerialNumbr", "bodyserialnumber")):
        with pytest.raises(UsageError, match=f"{nearest}"):
            Encoding(strip=word)


def test_stripping_the_profile_converts_to_srgb(tmp_path: Path) -> None:
    from tests.contracts.test_profiles import ADOBE, profile

    Image.new("RGB", (8, 8), (107, 82, 70)).save(tmp_path / "a.png", icc_profile=profile(ADOBE))
    for number, output in enumerate((Output(strip="icc"), Output(strip="all"), Output(keep="artist"))):
        run([tmp_path / "a.png"], tmp_path / str(number), Recipe(outputs=[output]), workers=0)
        with Image.open(tmp_path / f"{number}/a.png") as made:
            assert "icc_profile" not in made.info and made.getpixel((0, 0)) == (116, 81, 68)
    run([tmp_path / "a.png"], tmp_path / "kept", Recipe(outputs=[Output(strip="all", keep="icc")]), workers=0)
    with Image.open(tmp_path / "kept/a.png") as made:
        assert made.info["icc_profile"] == profile(ADOBE) and made.getpixel((0, 0)) == (107, 82, 70)


def test_what_stands_inside_a_kept_property_stays() -> None:
    made = rest(everything(), [], keep="thumbnail").xmp
    assert made is not None and b"<xmp:image>AAAA</xmp:image>" in made and b"Rating" not in made


def test_colors_that_became_srgb_are_called_so() -> None:
    from tests.contracts.test_profiles import ADOBE, profile

    for wish, said in (("keep", 65535), ("srgb", 1), ("none", 1)):
        held = Metadata(block("<"), profile(ADOBE))
        raw = back(encode("png", held, icc=wish)).exif
        assert raw is not None
        with Image.open(io.BytesIO(encode("png", held, icc=wish).data)) as made:
            assert made.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] == said


# -- how it is read ----------------------------------------------------------------------------------------------------


def test_maker_notes_with_offsets_do_not_come_out_of_a_tiff_or_go_into_one(tmp_path: Path) -> None:
    for note, moves in ((NOTE, False), (b"Apple iOS\0" + NOTE, True)):
        exif = Image.Exif()
        exif[ExifTags.Base.Make] = "Maker"
        exif[ExifTags.IFD.Exif] = {ExifTags.Base.MakerNote: note}
        encoded = encode("tiff", Metadata(exif.tobytes()[6:]))
        assert (note in encoded.data) == moves == ("maker note not written: tiff" not in encoded.changes)
        Image.new("L", (4, 4)).save(tmp_path / "a.tif", exif=exif.tobytes())
        with codecs.open_image((tmp_path / "a.tif").read_bytes(), ".tif", 10**6) as opened:
            assert opened.metadata.exif is not None
            assert (note in opened.metadata.exif) == moves == ("maker note not kept" not in opened.changes)


def test_extended_xmp_is_left_and_no_longer_announced() -> None:
    packet = XMP.replace(b'xmp:Rating="5"', b'xmp:Rating="5" xmpNote:HasExtendedXMP="0123456789ABCDEF"')
    data = encode("jpeg", Metadata(xmp=packet)).data
    content = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40
    segment = b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content
    with codecs.open_image(data[:2] + segment + data[2:], "", 10**6) as opened:
        found, changes = opened.metadata.xmp, opened.changes
    assert found is not None and b"HasExtendedXMP" not in found and b"Rating" in found
    assert changes == ["extended xmp not kept"]


@pytest.mark.parametrize(("unit", "number", "wanted"), [
    (2, 300, (300, 300)), (3, 100, (254, 254)), (1, 300, None), (2, 0, None),
])  # fmt: skip
def test_the_resolution_of_a_jpeg_may_stand_in_exif(unit: int, number: int, wanted: tuple[int, int] | None) -> None:
    base, exif, file = ExifTags.Base, Image.Exif(), io.BytesIO()
    exif.update({base.XResolution: number, base.YResolution: number, base.ResolutionUnit: unit})
    Image.new("L", (4, 4)).save(file, "JPEG", exif=exif)
    with codecs.open_image(file.getvalue(), "", 10**6) as opened:
        assert opened.metadata.resolution == (None if wanted is None else pytest.approx(wanted))


@pytest.mark.parametrize("format", ["png", "webp", "avif", "tiff", "gif"])
def test_animations_and_pages_keep_it_too(format: str) -> None:
    frames = [Image.new("RGB", (16, 12), color) for color in ("red", "lime", "blue")]
    motion = AnimationTiming([40, 40, 40], 0)
    encoded = codecs.encode(frames, format, Encoding(strip="gps"), everything(), motion)
    assert encoded.frames == 3
    found = back(encoded)
    for name in ("exif", "xmp", "iptc"):
        assert bool(getattr(found, name)) == (not TABLE[name][format].startswith("-")), name
    assert not found.has_position


# -- true after the turn -----------------------------------------------------------------------------------------------


def photo_with_orientation(tmp_path: Path) -> Path:
    raw = bytearray(block("<", small()))
    (entry,) = (one for one in exif_tags.entries(bytes(raw)) if one.tag == ExifTags.Base.ImageWidth)
    struct.pack_into("<HHIH2x", raw, entry.at, ExifTags.Base.Orientation, 3, 1, 6)  # tags out of order: readers cope
    image = Image.linear_gradient("L").resize((64, 48))
    image.save(tmp_path / "a.jpg", exif=b"Exif\0\0" + bytes(raw), xmp=XMP, quality=95)
    return tmp_path / "a.jpg"


def test_everything_is_turned_with_the_picture(tmp_path: Path) -> None:
    """The pixels, the tags of EXIF and XMP, the embedded small picture."""
    run([photo_with_orientation(tmp_path)], tmp_path / "out", Recipe([Resize("32")]), workers=0)
    with Image.open(tmp_path / "out/a.jpg") as made:
        assert made.size == (24, 32) and made.getexif()[ExifTags.Base.Orientation] == 1
        raw, packet = made.info["exif"][6:], made.info["xmp"]
    assert b'tiff:Orientation="1"' in packet and b"exif:PixelXDimension='24'" in packet
    data = exif_tags.thumbnail(raw)
    assert data is not None and NOTE in raw
    with Image.open(io.BytesIO(data)) as turned, Image.open(io.BytesIO(small())) as before:
        assert turned.size == (12, 16)
        wanted = before.transpose(Image.Transpose.ROTATE_270)
        assert max(abs(one - other) for one, other in zip(turned.tobytes(), wanted.tobytes(), strict=True)) < 12


@pytest.mark.parametrize("no_plan", [True, False])
@pytest.mark.parametrize(("op", "stays"), [
    (Resize("32"), True), (Resize("32x32!"), True), (Resize("32x32", fit="cover"), False), (Crop("20x20"), False),
    (Blur(2), False), (Rotate(90), False), (Resize("32x32", fit="contain"), False),
])  # fmt: skip
def test_a_small_picture_of_something_else_goes(op: Operation, stays: bool, no_plan: bool, tmp_path: Path) -> None:
    report = run([photo_with_orientation(tmp_path)], tmp_path / "out", Recipe([op]), workers=0, no_plan=no_plan)
    (outcome,) = report.outcomes
    with Image.open(tmp_path / "out/a.jpg") as made:
        raw, packet = made.info["exif"][6:], made.info["xmp"]
    assert exif_tags.has_thumbnail(raw) == (b"AAAA" in packet) == stays
    assert ("embedded thumbnail removed: it shows the picture as it was" in outcome.changes) != stays
    assert NOTE in raw and b"Rating" in packet


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the corpus of real pictures is not here")
@needs_exiftool
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("name", ["canon-g11-10mp.jpg", "leica-t-16mp-orient8-gps.jpg", "kodak-pixpro-16mp.jpg",
                                  "samsung-j3-5mp-orient6.jpg", "iphone5-8mp-orient3-gps.jpg"])  # fmt: skip
def test_maker_notes_of_real_cameras_are_read_as_before(name: str, format: Any, tmp_path: Path) -> None:
    run([PHOTOS / name], tmp_path, Recipe([Resize("160")], [Output(format=format)]), workers=0)
    own = re.compile(r":(ExifImage|Orientation|Thumbnail|MakerNote)|^(System|File|SourceFile|ExifTool|JFIF|Composite)")
    before, after = (
        {
            key: value
            for key, value in exiftool_tags(path, "-makernotes:all", "-exif:all").items()
            if not own.search(key)
        }
        for path in (PHOTOS / name, (tmp_path / name).with_suffix(SUFFIX[format]))
    )
    if (subject := before.get("ExifIFD:SubjectArea")) is not None:  # of orientation 3, and a 20.4th as large
        x, y, *sides = map(int, subject.split())
        place = (3264 - x, 2448 - y, *sides)
        before["ExifIFD:SubjectArea"] = " ".join(str(round(number * 160 / 3264)) for number in place)
    if "InteropIFD:RelatedImageWidth" in before:
        before |= {"InteropIFD:RelatedImageWidth": 160, "InteropIFD:RelatedImageHeight": 120}
    assert after == before and len(before) > 20


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the corpus of real pictures is not here")
@needs_exiftool
@pytest.mark.parametrize("name", ["leica-t-16mp-orient8-gps.jpg", "iphone5-8mp-orient3-gps.jpg"])
def test_real_positions_go_and_the_rest_stays_valid(name: str, tmp_path: Path) -> None:
    run([PHOTOS / name], tmp_path, Recipe([Resize("160")], [Output(strip="gps")]), workers=0)
    found = exiftool_tags(tmp_path / name, "-validate", "-all")
    assert not [key for key in found if key.startswith(("GPS:", "IFD1:"))]
    assert found["ExifTool:Validate"] == "OK"


def test_the_names_of_blocks_are_those_of_the_table() -> None:
    assert set(TABLE) | {"all", "gps", "location", "thumbnail"} == set(BLOCKS)
    assert all(list(row) == list(FORMATS) for row in TABLE.values())
    assert iptc.NAMES[80] == "by-line"
