"""Do turned JPEGs keep their coefficients, and everything else that an encoding would keep? With the real package."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import imgbatch as ib
from imgbatch.__main__ import main
from imgbatch.codecs.formats import jpeg_turn
from imgbatch.codecs.reading.decode import ALL_DATA, SourceImage
from imgbatch.core.job import Outcome
from imgbatch.operations import Operation
from imgbatch.pipeline.task import LocalContext
from imgbatch.pixels.orientation import to_upright
from tests import accompanied
from tests.accompanied import companions, ramp, segment

PHOTOS = Path("/work/shared/images/photos")
WAYS: dict[str, tuple[tuple[Operation, ...], tuple[Operation, ...], int]] = {
    "90": ((ib.Rotate(90),), (ib.Rotate(-90),), 6),
    "180": ((ib.Rotate(180),), (ib.Rotate(180),), 3),
    "270": ((ib.Rotate(270),), (ib.Rotate(90),), 8),
    "flip": ((ib.Flip(),), (ib.Flip(),), 4),
    "flop": ((ib.Flop(),), (ib.Flop(),), 2),
    "transpose": ((ib.Rotate(90), ib.Flop()), (ib.Rotate(90), ib.Flop()), 5),
    "transverse": ((ib.Rotate(90), ib.Flip()), (ib.Rotate(90), ib.Flip()), 7),
    "nothing": ((ib.Rotate(90), ib.Rotate(-90)), (ib.Rotate(360),), 1),
}
#: Levels that the same coefficients may differ by: libjpeg rounds columns first, and colors are weighted by up to 1.8.
ROUNDING = {"L": 1, "RGB": 4, "CMYK": 4}


@pytest.fixture(autouse=True)
def needs_the_package() -> None:
    if not jpeg_turn.is_installed():
        pytest.skip(f"needs {jpeg_turn.ADVICE}")


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when this is called the package is not there."""
    return lambda: monkeypatch.setattr(jpeg_turn, "is_installed", lambda: False)


def picture(size: tuple[int, int] = (96, 64), mode: str = "RGB") -> Image.Image:
    """Noise over a ramp, so that each coefficient counts; the same at each call."""
    noise = np.random.default_rng(7).integers(0, 60, (size[1], size[0], 3))
    return Image.fromarray((np.asarray(ramp(size)) * 0.75 + noise).astype(np.uint8)).convert(mode)


def jpeg(size: tuple[int, int] = (96, 64), mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    picture(size, mode).save(file, "JPEG", **options)
    return file.getvalue()


_numbers = itertools.count()


def run(folder: Path, data: bytes, *ops: Operation, **options: Any) -> tuple[bytes, Outcome]:
    """The only output, and the outcome."""
    place = folder / str(next(_numbers))
    place.mkdir()
    (place / "a.jpg").write_bytes(data)
    recipe = ib.Recipe(ops, [ib.Output(**options)])
    (outcome,) = ib.run(place / "a.jpg", place / "out", recipe, workers=0).outcomes
    assert outcome.error is None, outcome.error
    return Path(outcome.outputs[0].path).read_bytes(), outcome


def decode(data: bytes, mode: str | None = None) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.draft(mode, image.size)
    image.load()
    return image


def difference(one: Image.Image, other: Image.Image) -> int:
    assert one.size == other.size and one.mode == other.mode
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).max())


KINDS: dict[str, dict[str, Any]] = {
    "4:4:4": {"subsampling": 0}, "4:2:2": {"subsampling": 1}, "4:2:0": {"subsampling": 2}, "gray": {"mode": "L"},
    "cmyk": {"mode": "CMYK"}, "progressive": {"progressive": True}, "optimized": {"optimize": True},
    "restarts": {"restart_marker_rows": 1}, "gray progressive": {"mode": "L", "progressive": True},
    "rgb": {"keep_rgb": True}, "coarse": {"quality": 5}, "fine": {"quality": 100},
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_coefficients_are_moved_and_come_back(tmp_path: Path, kind: str, way: str) -> None:
    there, back, orientation = WAYS[way]
    source = jpeg(**KINDS[kind])
    turned, outcome = run(tmp_path, source, *there)
    assert jpeg_turn.TURN_CHANGE in outcome.changes and outcome.outputs[0].quality is None
    before, after = decode(source), decode(turned)
    assert after.size == (outcome.outputs[0].width, outcome.outputs[0].height)
    transpose = to_upright(orientation)
    expected = before if transpose is None else before.transpose(transpose)
    assert difference(after, expected) <= ROUNDING[before.mode]
    if before.mode == "RGB" and kind != "rgb":
        luma = decode(source, "L")
        assert difference(decode(turned, "L"), luma if transpose is None else luma.transpose(transpose)) <= 1
    again, _ = run(tmp_path, turned, *back)
    assert difference(decode(again), before) == 0
    assert run(tmp_path, again, *there)[0] == turned
    assert bool(after.info.get("progressive")) == bool(before.info.get("progressive"))
    tables = [sorted(map(sorted, image.quantization.values())) for image in (before, after)]  # type: ignore[attr-defined]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("samplings", [(0x12, 0x11), (0x41, 0x11), (0x14, 0x11), (0x42, 0x11), (0x22, 0x12)])
def test_rare_samplings_are_right_or_encoded(tmp_path: Path, samplings: tuple[int, int]) -> None:
    """Gray in all colors: what the other components hold is the same for any sampling of so few blocks."""
    across, down = samplings[0] >> 4, samplings[0] & 15
    source = _resampled(across, down, samplings[1] & 15)
    for ops, _, orientation in WAYS.values():
        turned, outcome = run(tmp_path, source, *ops)
        expected = decode(source)
        transpose = to_upright(orientation)
        expected = expected if transpose is None else expected.transpose(transpose)
        found = difference(decode(turned), expected)
        if jpeg_turn.TURN_CHANGE in outcome.changes:
            assert found <= ROUNDING["RGB"]
        else:
            assert any("picture encoded anew to be turned" in change for change in outcome.changes)


def _resampled(across: int, down: int, other_down: int) -> bytes:
    """A JPEG of 64 x 64 px of one color, whose header and data say another sampling.

    Each block of a flat picture but the first has a difference of 0 and no more: its bits are known.
    """
    data = bytearray(accompanied.jpeg(Image.new("RGB", (64, 64), (200, 90, 30)), subsampling=0))
    frame = data.index(b"\xff\xc0")
    data[frame + 11], data[frame + 14], data[frame + 17] = (across << 4) | down, 0x10 | other_down, 0x10 | other_down
    scan = data.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    bits = "".join(f"{byte:08b}" for byte in bytes(data[start:-2]).replace(b"\xff\0", b"\xff"))
    # T.81's tables: EOB of luma is 1010, of chroma 00; a difference of 0 is 00 in both.
    first = [_first_block(bits)]
    units = (64 // (8 * across)) * (64 // (8 * down))
    luma, chroma = "00" + "1010", "00" + "00"
    one = first[0]
    made = one[0] + luma * (across * down - 1)
    made += one[1] + chroma * (other_down - 1) + one[2] + chroma * (other_down - 1)
    made += (luma * (across * down) + chroma * other_down * 2) * (units - 1)
    made += "1" * (-len(made) % 8)
    stream = bytes(int(made[at : at + 8], 2) for at in range(0, len(made), 8)).replace(b"\xff", b"\xff\0")
    return bytes(data[:start]) + stream + b"\xff\xd9"


def _first_block(bits: str) -> tuple[str, str, str]:
    """The bits of the first block of each component, which are a difference and the end of the block."""
    luma = ["00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110", "11111110", "111111110"]
    chroma = ["00", "01", "10", "110", "1110", "11110", "111110", "1111110", "11111110", "111111110"]
    parts, at = [], 0
    for codes, end in ((luma, "1010"), (chroma, "00"), (chroma, "00")):
        size = next(number for number, code in enumerate(codes) if bits.startswith(code, at))
        stop = at + len(codes[size]) + size
        assert bits.startswith(end, stop)
        parts.append(bits[at : stop + len(end)])
        at = stop + len(end)
    return parts[0], parts[1], parts[2]


# -- what is beside the picture ----------------------------------------------------------------------------------------


def rich(orientation: int = 6, **options: Any) -> bytes:
    """A JPEG with all that a camera and its owner write."""
    tags = Image.Exif()
    tags[0x0112], tags[0x010F], tags[0x013B] = orientation, "Maker", "Somebody"
    tags.get_ifd(0x8769).update({0xA002: 96, 0xA003: 64, 0x9214: (40, 20, 10, 8), 0x9003: "2024:01:02 03:04:05"})
    tags.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 34.0, 0.0)})
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
        b'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"'
        b' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d" tiff:ImageWidth="96">'
        b'<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="96" stDim:h="64" '
        b'stDim:unit="pixel"/><mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Ada">'
        b'<mwg-rs:Area stArea:x="0.25" stArea:y="0.5" stArea:w="0.1" stArea:h="0.2" stArea:unit="normalized"/>'
        b"</rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description></rdf:RDF>"
        b"</x:xmpmeta>"
    ) % orientation
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    records = b"\x1c\x02\x50\0\x03Ada"
    resources = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(records).to_bytes(4, "big") + records
    data = jpeg(exif=tags, xmp=packet, icc_profile=profile, comment=b"a word", dpi=(300, 300), **options)
    return accompanied.inserted(data, segment(0xED, resources + b"\0" * (len(records) % 2)))


def around(data: bytes) -> dict[str, Any]:
    """What is beside the pixels."""
    image = decode(data)
    info: dict[str, Any] = {"size": image.size, "mode": image.mode}
    info |= {str(key): value for key, value in image.info.items() if key not in ("progressive", "progression")}
    return info


SAID: list[dict[str, Any]] = [
    {},
    {"strip": "gps"},
    {"strip": "exif,comment"},
    {"keep": "artist,icc"},
    {"set": {"artist": "Ann", "title": "Sea"}},
]


@pytest.mark.parametrize("options", SAID, ids=str)
@pytest.mark.parametrize("orientation", [1, 6, 8])
@pytest.mark.parametrize("ops", [(), (ib.Rotate(90),), (ib.Flop(),)], ids=lambda ops: " ".join(op.word for op in ops))
def test_all_else_is_as_when_it_is_encoded(
    tmp_path: Path,
    without: Callable[[], None],
    ops: tuple[Operation, ...],
    orientation: int,
    options: dict[str, Any],
) -> None:
    source = rich(orientation)
    turned, outcome = run(tmp_path, source, *ops, **options)
    if not ops and orientation == 1:
        assert jpeg_turn.TURN_CHANGE not in outcome.changes  # there is nothing to turn
        return
    without()
    encoded, expected = run(tmp_path, source, *ops, **options)
    assert around(turned) == around(encoded)
    assert set(outcome.changes) - {jpeg_turn.TURN_CHANGE} == set(expected.changes)
    assert jpeg_turn.TURN_CHANGE in outcome.changes
    one, other = outcome.outputs[0], expected.outputs[0]
    assert (one.width, one.height, one.mode, one.frames) == (other.width, other.height, other.mode, other.frames)
    assert one.located == other.located


@pytest.mark.parametrize("ops", [(ib.Rotate(90),), (ib.Flip(),), (ib.Rotate(180), ib.Rotate(180))], ids=str)
@pytest.mark.parametrize("make", [accompanied.ultra_hdr, accompanied.apple], ids=lambda make: make.__name__)
@pytest.mark.parametrize("gainmap", ["keep", "drop"])
def test_what_accompanies_it_is_as_when_it_is_encoded(
    tmp_path: Path, without: Callable[[], None], make: Callable[[], bytes], ops: tuple[Operation, ...], gainmap: str
) -> None:
    turned, outcome = run(tmp_path, make(), *ops, gainmap=gainmap)
    assert jpeg_turn.TURN_CHANGE in outcome.changes
    without()
    encoded, expected = run(tmp_path, make(), *ops, gainmap=gainmap)
    assert set(outcome.changes) - {jpeg_turn.TURN_CHANGE} == set(expected.changes)
    parts = []
    for data in (turned, encoded):
        packet = decode(data).info.get("xmp", b"")
        rest = companions(data, packet)
        assert [one.kind for one in rest] == (["gain map"] if gainmap == "keep" else [])
        parts.append(([data[one.start : one.end] for one in rest], packet))
    assert parts[0] == parts[1]


def test_a_resolution_without_a_place_is_named(tmp_path: Path) -> None:
    """A JPEG of inks has no JFIF header after it was turned."""
    tags = Image.Exif()
    tags[0x011A] = tags[0x011B] = 300.0
    tags[0x0128] = 2
    header = segment(0xE0, b"JFIF\0\1\1\1\1\x2c\1\x2c\0\0")
    for exif in (Image.Exif(), tags):
        data = jpeg(mode="CMYK", exif=exif)
        _, outcome = run(tmp_path, data[:2] + header + data[2:], ib.Rotate(90))
        assert jpeg_turn.TURN_CHANGE in outcome.changes
        assert ("resolution not written: jpeg" in outcome.changes) == (not len(exif))


def test_pictures_behind_it_are_named(tmp_path: Path) -> None:
    data = accompanied.with_pictures(jpeg(), jpeg((32, 24)))
    _, outcome = run(tmp_path, data, ib.Rotate(90))
    assert set(outcome.changes) == {jpeg_turn.TURN_CHANGE, "first of 2 pictures kept: mpo"}


# -- damage, limits, runs ----------------------------------------------------------------------------------------------


def damages() -> Iterator[tuple[str, bytes]]:
    for name, data in (("baseline", jpeg()), ("progressive", jpeg(progressive=True))):
        middle = data.index(b"\xff\xda") + 400
        yield f"{name} half", data[: len(data) // 2]
        yield f"{name} no end", data[:-2]
        yield f"{name} cut", data[:-30]
        yield f"{name} changed", data[:middle] + b"\x55\xaa" * 8 + data[middle + 16 :]
        yield f"{name} marker", data[:middle] + b"\xff\xd9" + data[middle + 2 :]
        yield f"{name} zeros", data[:middle] + bytes(len(data) - middle)
    yield "restarts", jpeg(restart_marker_rows=1).replace(b"\xff\xd1", b"\xff\xd4", 1)


DAMAGES = dict(damages())


@pytest.mark.parametrize("fail_on", ["truncated", "error", "warning"])
@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_told_as_without_the_package(
    tmp_path: Path, without: Callable[[], None], name: str, fail_on: Any
) -> None:
    outcomes = []
    for folder in ("with", "without"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(DAMAGES[name])
        recipe = ib.Recipe([ib.Rotate(90)])
        out = tmp_path / folder / "out"
        report = ib.run(tmp_path / folder / "a.jpg", out, recipe, workers=0, fail_on=fail_on)
        outcomes.append(report.outcomes[0])
        without()
    one, other = outcomes
    assert (one.status, one.error and one.error.kind, one.warnings) == (
        other.status, other.error and other.error.kind, other.warnings
    )  # fmt: skip
    assert len(one.outputs) == len(other.outputs)


def test_where_nothing_else_is_made_of_it_it_is_only_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[object] = []
    decode_picture = SourceImage.decode

    def note(picture: SourceImage, *words: Any) -> Any:
        sizes.append(words[1])
        return decode_picture(picture, *words)

    monkeypatch.setattr(SourceImage, "decode", note)
    run(tmp_path, rich(), ib.Flop())
    assert sizes == [ALL_DATA]


def test_its_memory_is_asked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(LocalContext, "reserve", lambda _, size: sizes.append(size))
    turn = jpeg_turn.turn_coefficients

    def note(*words: Any) -> bytes | str:
        sizes.append(-1)
        return turn(*words)

    monkeypatch.setattr(jpeg_turn, "turn_coefficients", note)
    data = jpeg(mode="CMYK")  # of which the coefficients are more than the pixels
    run(tmp_path, data, ib.Rotate(90))
    assert sizes == [jpeg_turn.working_memory(data), -1] and sizes[0] > 16 * 96 * 64


def test_too_many_pixels_never_reach_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(jpeg_turn, "turn_coefficients", refuse)
    (tmp_path / "a.jpg").write_bytes(jpeg())
    report = ib.run(tmp_path / "a.jpg", tmp_path / "out", ib.Recipe([ib.Rotate(90)]), workers=0, max_pixels=96 * 64 - 1)
    assert report.outcomes[0].error is not None and report.outcomes[0].error.kind == "too_large"


@pytest.mark.parametrize("workers", [0, 2])
def test_a_second_run_has_nothing_to_do(tmp_path: Path, workers: int) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(rich())
    made = []
    for status in ("ok", "unchanged"):
        report = ib.run(tmp_path / "in", tmp_path / "out", ib.Recipe([ib.Flop()]), workers=workers)
        assert [outcome.status for outcome in report.outcomes] == [status] * 3
        made.append([path.read_bytes() for path in sorted((tmp_path / "out").glob("*.jpg"))])
    assert made[0] == made[1] and len(made[0]) == 3


def test_what_was_encoded_before_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    with monkeypatch.context() as patch:
        patch.setattr(jpeg_turn, "is_installed", lambda: False)
        ib.run(tmp_path / "a.jpg", tmp_path / "out", ib.Recipe([ib.Flop()]), workers=0)
    before = (tmp_path / "out" / "a.jpg").read_bytes()
    report = ib.run(tmp_path / "a.jpg", tmp_path / "out", ib.Recipe([ib.Flop()]), workers=0)
    assert [outcome.status for outcome in report.outcomes] == ["unchanged"]
    assert (tmp_path / "out" / "a.jpg").read_bytes() == before


def test_files_are_turned_where_they_lie_once(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(rich())
    for status in ("ok", "unchanged"):
        report = ib.run(tmp_path / "a.jpg", recipe=ib.Recipe([ib.Rotate(90)]), in_place=True, workers=0)
        assert [outcome.status for outcome in report.outcomes] == [status]
        assert decode((tmp_path / "a.jpg").read_bytes()).size == (96, 64)  # stored so, upright 64x96
    assert decode((tmp_path / "a.jpg").read_bytes()).getexif()[0x0112] == 1


def test_of_several_outputs_each_gets_its_own(tmp_path: Path, without: Callable[[], None]) -> None:
    data = rich(3)
    outputs = [
        ib.Output(dir="turned"), ib.Output(dir="small", ops=[ib.Resize("50%")]), ib.Output(dir="web", format="webp"),
        ib.Output(dir="back", ops=[ib.Rotate(270)]), ib.Output(dir="fine", quality=95),
        ib.Output(dir="best", optimize=True),
    ]  # fmt: skip
    (tmp_path / "a.jpg").write_bytes(data)
    recipe = ib.Recipe([ib.Rotate(90)], outputs)
    (outcome,) = ib.run(tmp_path / "a.jpg", tmp_path / "out", recipe, workers=0).outcomes
    assert outcome.error is None and [one.quality for one in outcome.outputs] == [None, 82, 82, None, 95, None]
    without()
    (expected,) = ib.run(tmp_path / "a.jpg", tmp_path / "other", recipe, workers=0).outcomes
    sizes = [[(one.width, one.height, one.format) for one in made.outputs] for made in (outcome, expected)]
    assert sizes[0] == sizes[1]
    for one, other in zip(outcome.outputs, expected.outputs, strict=True):
        if one.quality is not None:
            assert Path(one.path).read_bytes() == Path(other.path).read_bytes()
    best, turned = (Path(outcome.outputs[place].path) for place in (5, 0))
    assert best.stat().st_size < turned.stat().st_size
    assert difference(decode(best.read_bytes()), decode(turned.read_bytes())) == 0


def test_renditions_that_are_no_smaller_are_turned(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    outputs = ib.Output(name="{stem}-{width}w.{ext}").renditions([32, 64, 200])
    (outcome,) = ib.run(tmp_path / "a.jpg", tmp_path / "out", ib.Recipe([ib.Rotate(90)], outputs), workers=0).outcomes
    assert outcome.error is None
    assert [(one.width, one.quality) for one in outcome.outputs] == [(32, 82), (64, None)]


def test_of_outputs_that_would_be_made_from_one_another_each_is_turned(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(rich())
    outputs = [ib.Output(dir=size, ops=[ib.Resize(size)]) for size in ("9999", "8888")]
    (outcome,) = ib.run(tmp_path / "a.jpg", tmp_path / "out", ib.Recipe([], outputs), workers=0).outcomes
    assert outcome.error is None
    assert [(one.width, one.height, one.quality) for one in outcome.outputs] == [(64, 96, None)] * 2


def test_statistics_are_those_of_the_pixels(tmp_path: Path, without: Callable[[], None]) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    numbers = []
    for name in ("with", "without"):
        stats, report, out = (str(tmp_path / f"{name}{rest}") for rest in ("-stats.json", ".json", ""))
        words = ["run", str(tmp_path / "a.jpg"), "-o", out, "--rotate", "90", "--stats", stats, "--report", report]
        assert main([*words, "-j", "0"]) == 0
        assert (jpeg_turn.TURN_CHANGE in Path(report).read_text()) == (name == "with")
        numbers.append(json.loads(Path(stats).read_text()))
        without()
    assert numbers[0] == numbers[1] and numbers[0]["pixels"] == 96 * 64


@pytest.mark.parametrize("name", ["iphone11-bus-12mp-p3.jpg", "dessert-at-dusk-24mp.jpg"])
def test_photographs(tmp_path: Path, name: str) -> None:
    if not (PHOTOS / name).exists():
        pytest.skip("needs the public photographs")
    source = (PHOTOS / name).read_bytes()
    turned, outcome = run(tmp_path, source, ib.Rotate(90))
    assert jpeg_turn.TURN_CHANGE in outcome.changes
    again, _ = run(tmp_path, turned, ib.Rotate(270))
    assert difference(decode(source), decode(again)) == 0 and len(turned) < 1.04 * len(source)
