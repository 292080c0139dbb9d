"""Is what accompanies a picture kept where the picture stays, and named where it goes?"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs.containers import mpo_index
from imgbatch.codecs.containers.jpeg_companions import companions
from imgbatch.codecs.metadata import announcements
from imgbatch.core.job import Outcome
from tests import accompanied
from tests.accompanied import film, jpeg, ramp, with_pictures

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


def test_a_second_picture_loses_what_the_first_loses(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 13.9), 3: "E", 4: (11.0, 34.0, 30.0)})
    second = jpeg(ramp((32, 24)), exif=exif.tobytes())
    data, outcome = make(tmp_path, with_pictures(jpeg(ramp(), exif=exif.tobytes()), second), strip="gps")
    assert assert_true(data) == ["second picture"]
    for one in (data, data[companions(data)[0].start :]):
        with Image.open(io.BytesIO(one)) as image:
            assert not image.getexif().get_ifd(0x8825)


def test_a_second_picture_that_cannot_be_read_goes_with_what_is_to_go(tmp_path: Path) -> None:
    broken = b"\xff\xd8\xff\xe1\0\x08secret\xff\xda\0\2\xff\xd9"
    data, outcome = make(tmp_path, jpeg(ramp()) + broken, strip="gps")
    assert "second picture not kept" in outcome.changes and b"secret" not in data


def test_gainmap_drop_leaves_it_out_of_the_same_picture(tmp_path: Path) -> None:
    data, outcome = make(tmp_path, HDR, gainmap="drop")
    assert assert_true(data) == [] and "gain map not kept" in outcome.changes
    assert "picture copied: only metadata are changed" in outcome.changes
    assert not [claim for claim in CLAIMS if claim in data] and b"dc:source" in data


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
