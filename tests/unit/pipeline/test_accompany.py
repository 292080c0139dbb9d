"""Is what accompanies a picture kept where the picture stays, and named where it goes?"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

import imgbatch as ib
from imgbatch.codecs.containers import mpo_index
from imgbatch.codecs.formats.companions.extended import extension_of
from imgbatch.codecs.metadata import announcements
from imgbatch.core.job import Outcome
from tests import accompanied
from tests.accompanied import companions, film, jpeg, ramp, with_pictures

HDR = accompanied.ultra_hdr()
SECOND = jpeg(ramp((32, 24)), comment=b"of the second")
FILES = {
    "ultra hdr": (HDR, ["gain map"]),
    "iso": (accompanied.ultra_hdr(iso=True), ["gain map"]),
    "apple": (accompanied.apple(), ["gain map"]),
    "motion": (accompanied.ultra_hdr(film=film()), ["gain map", "film"]),
    "micro video": (accompanied.micro_video(), ["film"]),
    "samsung": (accompanied.samsung(), ["film", "Samsung's trailer"]),
    "mpo": (with_pictures(jpeg(ramp()), SECOND), ["first of 2 pictures kept: mpo"]),
    "joined": (jpeg(ramp()) + SECOND, ["second picture"]),
    "bytes": (jpeg(ramp()) + b"unknown words", ["13 bytes after the picture"]),
}
CLAIMS = (b"hdrgm:", b"Container:Directory", b"MicroVideo", b"MotionPhoto", b"MPF\0", b"SEFT", accompanied.ISO)


def make(folder: Path, data: bytes, *ops: ib.Operation, **options: object) -> tuple[bytes, Outcome]:
    """The only output, and the outcome."""
    source = folder / "a.jpg"
    source.write_bytes(data)
    report = ib.run(source, folder / "out", ib.Recipe(ops, [ib.Output(**options)]), workers=0)  # type: ignore[arg-type]
    (outcome,) = report.outcomes
    assert outcome.error is None, outcome.error
    return Path(outcome.outputs[0].path).read_bytes(), outcome


def packet_of(data: bytes) -> bytes:
    """The XMP of a file."""
    with Image.open(io.BytesIO(data)) as image:
        return bytes(image.info.get("xmp", b""))


def assert_true(data: bytes) -> list[str]:
    """That each offset and length in a file is that of what is there; the kinds of what follows the picture."""
    packet = packet_of(data)
    found = companions(data, packet)
    starts = {one.start: one for one in found}
    for entry in mpo_index.pictures(data)[1:]:
        assert data[entry.start : entry.start + 3] == b"\xff\xd8\xff" and starts[entry.start].is_jpeg
        assert starts[entry.start].end == entry.start + entry.length
    if entries := mpo_index.pictures(data):
        assert entries[0].length == min(starts)
    at = min(starts, default=len(data))
    for item in announcements.items(packet)[1:]:
        assert starts[at].kind == item.kind and starts[at].end == at + item.length
        at += item.length
    if (length := announcements.film_length(packet)) is not None:
        assert starts[len(data) - length].kind == "film"
    return [one.kind for one in found]


@pytest.mark.parametrize("name", FILES)
def test_where_nothing_changes_everything_is_kept(tmp_path: Path, name: str) -> None:
    data, outcome = make(tmp_path, FILES[name][0])
    assert data == FILES[name][0] and outcome.changes == ("bytes copied: nothing to change",)


@pytest.mark.parametrize("how", ["webp", "blur", "png"])
@pytest.mark.parametrize("name", FILES)
def test_what_goes_is_named_and_announced_no_more(tmp_path: Path, name: str, how: str) -> None:
    options = {} if how == "blur" else {"format": how}
    data, outcome = make(tmp_path, FILES[name][0], *[ib.Blur(2)] * (how == "blur"), **options)
    for word in FILES[name][1]:
        assert word in outcome.changes or f"{word} not kept" in outcome.changes, outcome.changes
    assert not [claim for claim in CLAIMS if claim in data]
    assert name not in ("ultra hdr", "motion", "micro video") or b"here</dc:source>" in data


@pytest.mark.parametrize("strip", ["gps", "comment", "exif"])
@pytest.mark.parametrize("name", FILES)
def test_around_a_picture_that_stays_all_offsets_are_true(tmp_path: Path, name: str, strip: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker" * 100
    source = FILES[name][0]
    source = source[:2] + accompanied.segment(0xFE, b"a comment") + source[2:]
    if (index := mpo_index.index(source)) is not None:  # a comment before the index: only the first length changes
        at = index.base + index.place + 4
        (length,) = struct.unpack_from(index.order + "I", source, at)
        source = source[:at] + struct.pack(index.order + "I", length + len(b"a comment") + 4) + source[at + 4 :]
    before = assert_true(source)
    data, outcome = make(tmp_path, source, strip=strip)
    assert "picture copied: only metadata are changed" in outcome.changes
    assert assert_true(data) == before
    assert (b"of the second" in data) == (b"of the second" in source and strip != "comment")
    assert not [change for change in outcome.changes if "not kept" in change]
    assert (accompanied.ISO in data) == (accompanied.ISO in source)


@pytest.mark.parametrize("options", [{"strip": "all"}, {"strip": "xmp"}, {"keep": "artist"}], ids=str)
@pytest.mark.parametrize("name", ["ultra hdr", "iso", "apple"])
def test_a_gain_map_is_no_metadata(tmp_path: Path, name: str, options: dict[str, str]) -> None:
    data, outcome = make(tmp_path, FILES[name][0], **options)
    assert assert_true(data) == ["gain map"] and b"dc:source" not in data
    assert (b"hdrgm:Version" in packet_of(data)) == (name != "apple")
    assert data.count(b"hdrgm:GainMapMax") == FILES[name][0].count(b"hdrgm:GainMapMax")


@pytest.mark.parametrize("strip", ["gps", "all"])
def test_a_film_that_says_where_it_was_taken_goes_with_the_position(tmp_path: Path, strip: str) -> None:
    data, outcome = make(tmp_path, accompanied.micro_video(place=True), strip=strip)
    assert "film not kept" in outcome.changes and b"48.1372" not in data and b"MicroVideo" not in data


@pytest.mark.parametrize("strip", ["gps", "artist"])
@pytest.mark.parametrize("word", [b"Exif\0\0", b"II*\0\x08\0\0\0", b"MM\0*", b"<x:xmpmeta>", b""])
def test_bytes_that_hold_metadata_go_where_some_are_stripped(tmp_path: Path, word: bytes, strip: str) -> None:
    still = accompanied.box(b"ftyp", b"heic\0\0\0\0mif1heic") + accompanied.box(b"mdat", b"secret " + word + b"words")
    for number, rest in enumerate((still, b"more " + word + b" secret words")):
        folder = tmp_path / str(number)
        folder.mkdir()
        data, outcome = make(folder, jpeg(ramp()) + rest, strip=strip)
        assert (b"secret" in data) == (not word)
        assert any("not kept" in change for change in outcome.changes) == bool(word)


def test_a_second_picture_loses_what_the_first_loses(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 13.9), 3: "E", 4: (11.0, 34.0, 30.0)})
    second = jpeg(ramp((32, 24)), exif=exif.tobytes())
    data, outcome = make(tmp_path, with_pictures(jpeg(ramp(), exif=exif.tobytes()), second), strip="gps")
    assert assert_true(data) == ["second picture"]
    for one in (data, data[companions(data)[0].start :]):
        with Image.open(io.BytesIO(one)) as image:
            assert not image.getexif().get_ifd(0x8825)


@pytest.mark.parametrize("place", ["second exif", "extended xmp", "unknown segment"])
def test_what_hides_in_a_second_picture_goes_when_it_is_asked_for(tmp_path: Path, place: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 13.9), 3: "E", 4: (11.0, 34.0, 30.0), 29: "secret"})
    plain = Image.Exif()
    plain[0x010F] = "Maker"
    content = {
        "second exif": b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0"),
        "extended xmp": b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + b"<a exif:GPSLatitude='secret'/>",
        "unknown segment": b"Anything\0secret",
    }[place]
    marker = 0xE5 if place == "unknown segment" else 0xE1
    second = accompanied.inserted(jpeg(ramp((32, 24)), exif=plain), accompanied.segment(marker, content))
    data, outcome = make(tmp_path, with_pictures(jpeg(ramp()), second), strip="gps")
    assert assert_true(data) == ["second picture"] and b"secret" not in data and b"Maker" in data


@pytest.mark.parametrize("strip", ["thumbnail", "all", "comment"])
def test_a_preview_is_a_thumbnail(tmp_path: Path, strip: str) -> None:
    source = with_pictures(jpeg(ramp(), comment=b"x"), SECOND, jpeg(ramp((16, 12))), kinds=(0x010002, 0))
    data, outcome = make(tmp_path, source, strip=strip)
    assert assert_true(data) == ["preview picture", "second picture"][strip != "comment" :]
    assert ("preview picture not kept" in outcome.changes) == (strip != "comment")


def test_a_second_picture_that_cannot_be_read_goes_with_what_is_to_go(tmp_path: Path) -> None:
    broken = b"\xff\xd8\xff\xe1\0\x08secret\xff\xda\0\2\xff\xd9"
    data, outcome = make(tmp_path, jpeg(ramp()) + broken, strip="gps")
    assert "second picture not kept" in outcome.changes and b"secret" not in data


GEOMETRY: dict[str, tuple[ib.Operation, ...]] = {
    "resize": (ib.Resize("300"),),
    "crop": (ib.Crop("401x299+37+21"),),
    "turn": (ib.Rotate(90),),
    "turn and flip": (ib.Rotate(270), ib.Flip()),
    "cover and flop": (ib.Resize("200x200", fit="cover"), ib.Flop()),
    "several": (ib.Rotate(180), ib.Crop("16:9", gravity="north"), ib.Resize("222"), ib.Crop("50%x50%")),
    "enlarge": (ib.Crop("100x100+510+500"), ib.Resize("400", upscale=True)),
    "nothing": (),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", GEOMETRY)
def test_a_gain_map_shows_what_the_picture_shows(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = accompanied.ultra_hdr((960, 640), iso=True, exif=exif)
    data, outcome = make(tmp_path, source, *GEOMETRY[name], quality=90)
    assert assert_true(data) == ["gain map"] and accompanied.ISO in data
    (gain,) = companions(data, packet_of(data))
    with Image.open(io.BytesIO(data)) as picture, Image.open(io.BytesIO(data[gain.start : gain.end])) as small:
        assert abs(small.width - picture.width / 2) <= 1 and abs(small.height - picture.height / 2) <= 1
        difference = ImageChops.difference(picture.getchannel(0), small.resize(picture.size, Image.Resampling.BICUBIC))
        assert ImageStat.Stat(difference).mean[0] < 1.5  # of a ramp that is another one in every other place and turn
        assert b"hdrgm:GainMapMax" in small.info["xmp"]
    same = source.endswith(data[gain.start :])  # as stored, or turned back to that
    assert ("gain map made along with the picture" in outcome.changes) != same
    assert not [change for change in outcome.changes if "not kept" in change]


def test_without_turning_upright_a_gain_map_stays_as_stored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.jpg"
    path.write_bytes(accompanied.ultra_hdr(exif=exif))
    recipe = ib.Recipe([ib.Resize("48")], [ib.Output()], auto_orient=False)
    (outcome,) = ib.run(path, tmp_path / "out", recipe, workers=0).outcomes
    data = Path(outcome.outputs[0].path).read_bytes()
    (gain,) = companions(data, packet_of(data))
    with Image.open(io.BytesIO(data[gain.start : gain.end])) as small:
        assert small.size == (24, 16)


@pytest.mark.parametrize(
    "ops",
    [
        (ib.Brightness(1.1),), (ib.Rotate(3),), (ib.Pad("200x200"),), (ib.Resize("200x200", fit="contain"),),
        (ib.Crop("50x50", gravity="entropy"),), (ib.Resize("48"), ib.Grayscale()), (ib.Rotate(90, expand=False),),
        (ib.Crop("30x30"), ib.Resize("40x20", fit="contain")),  # its border lies where there was more of the picture
    ],
    ids=lambda ops: ops[-1].word,
)  # fmt: skip
def test_a_gain_map_holds_for_no_other_operation(tmp_path: Path, ops: tuple[ib.Operation, ...]) -> None:
    data, outcome = make(tmp_path, HDR, *ops)
    assert assert_true(data) == [] and "gain map not kept" in outcome.changes
    assert not [claim for claim in CLAIMS if claim in data]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_only_a_gray_gain_map_holds_for_converted_colors(tmp_path: Path, mode: str) -> None:
    profile = (Path(__file__).parents[3] / "sample_images" / "color" / "wide-gamut.jpg").read_bytes()
    with Image.open(io.BytesIO(profile)) as wide:
        icc = wide.info["icc_profile"]
    source = accompanied.ultra_hdr(mode=mode, icc_profile=icc)
    data, outcome = make(tmp_path, source, ib.Resize("48"), icc="srgb")
    assert ("gain map not kept" in outcome.changes) == (mode == "RGB")
    data, outcome = make(tmp_path, source, ib.Resize("40"))
    assert assert_true(data) == ["gain map"]


def test_a_gain_map_counts_among_the_bytes_that_are_wanted(tmp_path: Path) -> None:
    source = accompanied.ultra_hdr((960, 640))
    most = len(make(tmp_path, source, ib.Resize("480"), quality=60)[0])
    data, outcome = make(tmp_path, source, ib.Resize("480"), max_bytes=most)
    assert assert_true(data) == ["gain map"] and len(data) <= most
    data, outcome = make(tmp_path, source, ib.Resize("480"), max_bytes=6000)
    assert assert_true(data) == [] and len(data) <= 6000 and "gain map not kept" in outcome.changes


@pytest.mark.parametrize("strip", ["all", "xmp", "gps"])
def test_metadata_go_and_the_gain_map_is_made_along(tmp_path: Path, strip: str) -> None:
    data, outcome = make(tmp_path, HDR, ib.Resize("48"), strip=strip)
    assert assert_true(data) == ["gain map"] and b"hdrgm:Version" in packet_of(data)
    assert (b"dc:source" in data) == (strip == "gps")


def test_a_gain_map_that_cannot_be_read_is_not_kept(tmp_path: Path) -> None:
    source = HDR[: len(HDR) - 300] + b"\xff\xd9"
    head = source.rindex(b"\xff\xc0")
    for broken in (source[:head] + b"\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0" + source[head + 13 :],):
        data, outcome = make(tmp_path, broken, ib.Resize("48"))
        assert assert_true(data) == [] and "gain map not kept" in outcome.changes


def test_a_film_goes_and_the_gain_map_stays(tmp_path: Path) -> None:
    data, outcome = make(tmp_path, accompanied.ultra_hdr(film=film()), ib.Resize("48"))
    assert assert_true(data) == ["gain map"] and "film not kept" in outcome.changes and b"MotionPhoto" not in data


def test_gainmap_drop_resizes_without_it(tmp_path: Path) -> None:
    data, outcome = make(tmp_path, HDR, ib.Resize("48"), gainmap="drop")
    assert assert_true(data) == [] and "gain map not kept" in outcome.changes
    assert not [claim for claim in CLAIMS if claim in data]


def test_a_depth_map_in_extended_xmp_stays_where_only_metadata_change(tmp_path: Path) -> None:
    source = accompanied.depth_photo(comment=b"a comment")
    data, outcome = make(tmp_path, source, strip="comment")
    assert b"a comment" not in data and not [change for change in outcome.changes if "not kept" in change]
    before, after = extension_of(source), extension_of(data)
    assert before is not None and before == after
    assert b'HasExtendedXMP="' + before.name + b'"' in packet_of(data) and b"GDepth:Format" in packet_of(data)


@pytest.mark.parametrize("how", ["gps", "xmp", "encoded", "cut"])
def test_where_it_goes_nothing_announces_it(tmp_path: Path, how: str) -> None:
    source = accompanied.depth_photo(place=how == "gps", comment=b"a comment")
    if how == "cut":
        source = source.replace(b"GDepth:Data", b"GDepth:Dato")  # which its name does not fit any more
    options: dict[str, dict[str, object]] = {"encoded": {"quality": 80}, "cut": {"strip": "comment"}}
    data, outcome = make(tmp_path, source, **options.get(how, {"strip": how}))
    assert "extended xmp not kept" in outcome.changes
    assert extension_of(data) is None and b"GDepth:" not in data and b"HasExtendedXMP" not in data
    assert ("depth map not kept" in outcome.changes) and b"GPSLatitude" not in data


def apple_note() -> bytes:
    """A maker note with a version, headroom and gain, and something behind."""
    rows = [
        (1, 9, 1, struct.pack(">i", 15)),
        (0x21, 10, 1, struct.pack(">I", 68)),
        (0x30, 10, 1, struct.pack(">I", 76)),
    ]
    rows.append((0x3A, 9, 1, struct.pack(">i", 7)))
    body = b"".join(struct.pack(">HHI", *row[:3]) + row[3] for row in rows)
    values = struct.pack(">iiii", 15189, 10000, 3, 4)
    return b"Apple iOS\0\0\1MM" + struct.pack(">H", len(rows)) + body + bytes(4) + values


@pytest.mark.parametrize("how", ["resize", "blur", "webp", "drop"])
def test_apples_headroom_goes_with_the_gain_map(tmp_path: Path, how: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Apple"
    exif.get_ifd(0x8769)[0x927C] = apple_note()
    ops: dict[str, list[ib.Operation]] = {"resize": [ib.Resize("48")], "blur": [ib.Blur(1)]}
    options = {"webp": {"format": "webp"}, "drop": {"gainmap": "drop"}}
    data, outcome = make(tmp_path, accompanied.apple(exif=exif), *ops.get(how, []), **options.get(how, {}))
    at = data.index(b"Apple iOS\0")
    count = int.from_bytes(data[at + 14 : at + 16], "big")
    tags = [int.from_bytes(data[place : place + 2], "big") for place in range(at + 16, at + 16 + 12 * count, 12)]
    assert tags == ([1, 0x21, 0x30, 0x3A] if how == "resize" else [1, 0x3A])
    assert data[at : at + len(apple_note())].endswith(apple_note()[-16:])
    assert ("gain map not kept" in outcome.changes) == (how != "resize")


def test_gainmap_drop_leaves_it_out_of_the_same_picture(tmp_path: Path) -> None:
    data, outcome = make(tmp_path, HDR, gainmap="drop")
    assert assert_true(data) == [] and "gain map not kept" in outcome.changes
    assert "picture copied: only metadata are changed" in outcome.changes
    assert not [claim for claim in CLAIMS if claim in data] and b"dc:source" in data


def test_gainmap_drop_leaves_the_film_where_it_is(tmp_path: Path) -> None:
    data, outcome = make(tmp_path, accompanied.ultra_hdr(film=film()), gainmap="drop")
    assert assert_true(data) == ["film"] and b'GCamera:MotionPhoto="1"' in packet_of(data)
    assert "gain map not kept" in outcome.changes and "film not kept" not in outcome.changes
    assert [item.kind for item in announcements.items(packet_of(data))] == ["", "film"]
    assert b"hdrgm:" not in data


@pytest.mark.parametrize("name", ["micro video", "samsung", "bytes"])
def test_beside_a_picture_that_changes_the_others_stay(tmp_path: Path, name: str) -> None:
    primary = FILES[name][0]
    cut = min(one.start for one in companions(primary, packet_of(primary)))
    second = jpeg(ramp((32, 24)), comment=b"of the second")
    source = with_pictures(primary[:cut], second, rest=primary[cut:])
    before = assert_true(source)
    data, outcome = make(tmp_path, source, strip="comment")
    assert assert_true(data) == before and b"of the second" not in data
    assert data.endswith(primary[cut:]) and not [change for change in outcome.changes if "not kept" in change]


def test_a_film_that_nobody_announces_any_more_goes(tmp_path: Path) -> None:
    data, outcome = make(tmp_path, FILES["motion"][0], strip="xmp")
    assert assert_true(data) == ["gain map"] and "film not kept" in outcome.changes
    assert b"MotionPhoto" not in data and b"hdrgm:Version" in packet_of(data)


def test_gainmap_drop_copies_what_has_none(tmp_path: Path) -> None:
    source = jpeg(ramp())
    data, outcome = make(tmp_path, source, gainmap="drop")
    assert data == source


def test_an_option_that_is_not_used_makes_no_output_of_before_again() -> None:
    assert "gainmap" not in ib.Recipe().canonical(0)["output"]
    digests = {ib.Recipe((), [ib.Output(gainmap=word)]).output_digest(0) for word in ("keep", "drop")}
    assert len(digests) == 2


def test_xmp_that_announces_what_is_not_there_is_mended(tmp_path: Path) -> None:
    packet = accompanied.container(accompanied.Part("GainMap", "image/jpeg", bytes(9)))
    data, outcome = make(tmp_path, jpeg(ramp(), xmp=packet), ib.Blur(1))
    assert "xmp announces no gain map any more: the file has none" in outcome.changes
    assert b"hdrgm:Version" not in data and b"here</dc:source>" in data


def test_statistics_and_arrays_say_what_they_do_not_see(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(HDR)
    with ib.load(tmp_path / "a.jpg", ib.Resize("32x32", fit="cover"), workers=0) as batch:
        assert "gain map not kept" in batch.outcomes[0].changes
