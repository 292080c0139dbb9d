"""Is what follows a JPEG's picture found, whoever announces it, and with nothing believed?"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.codecs.containers import jpeg_headers
from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.metadata import announcements
from imgbatch.codecs.reading.companions import losses_in_boxes
from tests import accompanied
from tests.accompanied import Part, box, container, film, gain_map, jpeg, ramp, with_pictures

PLAIN = jpeg(ramp(), quality=90)
SECOND = jpeg(ramp((32, 24)))
FILM = film()


def kinds(data: bytes, xmp: bytes = b"") -> list[str]:
    """What is found; every byte behind the picture belongs to something."""
    found = accompanied.companions(data, xmp)
    whole = max((one.end for one in found), default=len(data))
    assert whole == len(data)
    return [one.kind for one in found]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PLAIN, []),
        (PLAIN + SECOND, ["second picture"]),
        (PLAIN + gain_map(), ["gain map"]),
        (PLAIN + gain_map(xmp=accompanied.APPLE_XMP), ["gain map"]),
        (PLAIN + gain_map(xmp=b"", iso=bytes(61)), ["gain map"]),
        (with_pictures(PLAIN, SECOND, gain_map()), ["second picture", "gain map"]),
        (with_pictures(PLAIN, SECOND, kinds=(0x020002,)), ["second picture"]),  # a stereo pair's
        (PLAIN + FILM, ["film"]),
        (PLAIN + bytes(40) + FILM + SECOND, ["film", "second picture"]),
        (PLAIN + b"unknown words" + SECOND, ["bytes", "second picture"]),
        (PLAIN + b"unknown words", ["bytes"]),
        (accompanied.samsung(), ["film", "Samsung's trailer"]),
    ],
    ids=[
        "none",
        "plain",
        "adobe",
        "apple",
        "iso",
        "mpf",
        "disparity",
        "film",
        "padding",
        "unknown",
        "words",
        "samsung",
    ],
)
def test_what_follows_the_picture_is_found(data: bytes, expected: list[str]) -> None:
    assert kinds(data) == expected


def test_xmp_names_what_does_not_say_what_it_is() -> None:
    depth, gain = SECOND, jpeg(ramp((48, 32), "L"))
    parts = [Part("GainMap", "image/jpeg", gain), Part("Depth", "image/jpeg", depth)]
    parts.append(Part("MotionPhoto", "video/mp4", FILM))
    packet = container(*parts)
    assert kinds(PLAIN + gain + depth + FILM, packet) == ["gain map", "depth map", "film"]
    assert kinds(PLAIN + gain + depth, packet) == ["gain map", "depth map"]
    strange = b"not a box, but a film all the same"
    offset = container(gain_map=False, more=f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(strange)}"')
    assert kinds(PLAIN + strange, offset) == ["film"]


@pytest.mark.parametrize("length", [0, 1, 70_000, 400_000])
@pytest.mark.parametrize("progressive", [False, True])
def test_the_end_is_found_where_the_decoder_stopped(length: int, progressive: bool) -> None:
    small = jpeg(ramp((8, 8)))
    data = jpeg(ramp((500, 400)), exif=b"Exif\0\0MM\0*" + bytes(12) + small, progressive=progressive)
    whole = data + bytes(length)
    assert jpeg_scans(whole)[1] == len(data)
    if not progressive:
        for position in (0, len(data) - 1, min(len(whole), len(data) + 65_536)):
            assert jpeg_headers.scan_end(whole, position) == len(data)


def test_a_directory_of_elements_says_the_same_as_one_of_attributes() -> None:
    gain = jpeg(ramp((48, 32), "L"))
    rows = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item rdf:parseType="Resource"><Item:Length>{length}</Item:Length>'
        f"<Item:Mime>image/jpeg</Item:Mime>\n<Item:Semantic> {semantic} </Item:Semantic></Container:Item></rdf:li>"
        for semantic, length in (("Primary", 0), ("GainMap", len(gain)), ("Depth", len(SECOND)))
    )
    packet = container()
    start, end = packet.index(b"<rdf:li"), packet.index(b"</rdf:Seq>")
    packet = packet[:start] + rows.encode() + packet[end:]
    assert announcements.items(packet) == [("", 0, 0), ("gain map", len(gain), 0), ("depth map", len(SECOND), 0)]
    assert kinds(PLAIN + gain + SECOND, packet) == ["gain map", "depth map"]
    rest, announced = announcements.without_announcements(packet)
    assert (
        rest is not None
        and sorted(announced) == ["depth map", "gain map"]
        and b"Item:" not in rest.split(b"dc:source")[1]
    )


def test_announcements_are_taken_out_by_their_namespace() -> None:
    packet = container(Part("GainMap", "image/jpeg", SECOND), more='GCamera:MotionPhoto="1" GCamera:Other="2"')
    packet = packet.replace(b"hdrgm", b"x1").replace(b"Container", b"GContainer").replace(b"Item:", b"It:")
    packet = packet.replace(b"xmlns:Item", b"xmlns:It").replace(b"GContainer:Item", b"GContainer:Item")
    rest, found = announcements.without_announcements(packet)
    assert rest is not None and sorted(found) == ["film", "gain map"]
    assert b"here</dc:source>" in rest and b'GCamera:Other="2"' in rest
    assert b"x1:Version" not in rest and b"Directory" not in rest and b"MotionPhoto" not in rest
    assert announcements.without_announcements(rest) == (rest, [])


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (b"", []),
        (box(b"mpvd", FILM), ["film not kept"]),
        (box(b"jhgm", b"x"), ["gain map not kept"]),
        (box(b"free", b"infe" + bytes(8) + b"tmap"), []),
    ],
    ids=["none", "film", "gain map", "free"],
)
@pytest.mark.parametrize(
    ("inner", "also"),
    [
        (b"", []),
        (b"auxC\0\0\0\0urn:com:apple:photo:2020:aux:hdrgainmap\0", ["gain map not kept"]),
        (b"infe\2\0\0\0\0\7\0\0tmap", ["gain map not kept"]),
        (b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth\0", ["depth map not kept"]),
        (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", []),
    ],
    ids=["plain", "apple", "tmap", "depth", "alpha"],
)
def test_what_accompanies_a_picture_in_boxes_is_named(
    more: bytes, expected: list[str], inner: bytes, also: list[str]
) -> None:
    data = box(b"ftyp", b"avif") + box(b"meta", inner) + more
    assert sorted(losses_in_boxes(data)) == sorted({*expected, *also})


def test_an_avif_says_what_is_lost_with_it(tmp_path: Path) -> None:
    file = io.BytesIO()
    ramp().save(file, "AVIF")
    (tmp_path / "a.avif").write_bytes(file.getvalue() + box(b"mpvd", FILM))
    (outcome,) = ib.run(tmp_path / "a.avif", tmp_path / "out", ib.Recipe([ib.Resize("32")]), workers=0).outcomes
    assert outcome.error is None and "film not kept" in outcome.changes
    (outcome,) = ib.run(tmp_path / "a.avif", tmp_path / "copy", ib.Recipe(), workers=0).outcomes
    assert outcome.changes == ("bytes copied: nothing to change",)
