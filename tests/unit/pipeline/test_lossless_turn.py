"""Which outputs are a JPEG turned, whose coefficients can be moved; and what if the package for it is not there?"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image, ImageChops

import imgbatch as ib
from imgbatch.codecs.formats import jpeg_turn
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.job import Outcome, Target
from imgbatch.operations import Operation
from imgbatch.pipeline.decisions import decode_plan, output_decision
from imgbatch.pipeline.decisions.lossless_turn import Turn, with_turns
from imgbatch.pixels.orientation import to_upright
from tests.accompanied import ramp

SIZE = (64, 48)
QUARTER = ib.Rotate(90)


def jpeg(size: tuple[int, int] = SIZE, mode: str = "RGB", orientation: int = 1, **options: Any) -> bytes:
    file = io.BytesIO()
    tags = Image.Exif()
    tags[0x0112] = orientation
    ramp(size).convert(mode).save(file, "JPEG", **{"exif": tags, **options})
    return file.getvalue()


def turns_of(
    data: bytes, ops: Sequence[Operation] = (QUARTER,), outputs: Sequence[ib.Output] = (ib.Output(),), **more: Any
) -> tuple[list[Turn | None], list[str]]:
    """How each output is made of a JPEG by turning it, and what is noted of that."""
    picture = open_image(data, ".jpg", 10**8)
    formats = ["jpeg" if output.format == "same" else output.format for output in outputs]
    targets = [Target(number, f"/{number}", format) for number, format in enumerate(formats)]
    plan = decode_plan.make_plan(picture, more.get("upright", True), ops, [output.ops for output in outputs])
    decisions = output_decision.decide(picture, plan, outputs, targets, data)
    decisions = with_turns(decisions, picture, plan, outputs, targets, data)
    return [one.turn for one in sorted(decisions.outputs, key=lambda one: one.output)], picture.changes


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_turn, "is_installed", lambda: True)


def pixels(image: Image.Image, *ops: Operation) -> Image.Image:
    for op in ops:
        image = op.apply(image)
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "ops",
    [
        (), (ib.Rotate(90),), (ib.Rotate(-90),), (ib.Rotate(180),), (ib.Rotate(360),), (ib.Flip(),), (ib.Flop(),),
        (ib.Flip(), ib.Rotate(270)), (ib.Rotate(90), ib.Flop()), (ib.Flip(), ib.Flop(), ib.Rotate(180)),
        (ib.Rotate(180, expand=False),), (ib.Rotate(90), ib.Resize("64")), (ib.Resize("9999"), ib.Flop()),
    ],
    ids=lambda ops: " ".join(map(str, ops)),
)  # fmt: skip
def test_the_way_is_that_of_the_pixels(package: None, ops: tuple[Operation, ...], orientation: int) -> None:
    ((turn,), changes) = turns_of(jpeg(orientation=orientation), ops)
    if not ops and orientation == 1:
        assert turn is None
        return
    assert turn is not None and not turn.advice and not changes
    stored = ramp(SIZE)
    upright = to_upright(orientation)
    expected = pixels(stored if upright is None else stored.transpose(upright), *ops)
    way = to_upright(turn.way)
    assert ImageChops.difference(stored if way is None else stored.transpose(way), expected).getbbox() is None
    assert turn.size == expected.size


@pytest.mark.parametrize(
    "ops",
    [
        (ib.Rotate(45),), (ib.Rotate(90, expand=False),), (QUARTER, ib.Resize("32")), (ib.Resize("32"), QUARTER),
        (QUARTER, ib.Brightness(1.1)), (ib.Crop("16x16"), QUARTER), (QUARTER, ib.Resize("200", upscale=True)),
        (QUARTER, ib.Pad("200x200")), (ib.Blur(1),),
    ],
    ids=lambda ops: " ".join(map(str, ops)),
)  # fmt: skip
def test_what_does_more_is_encoded(package: None, ops: tuple[Operation, ...]) -> None:
    assert turns_of(jpeg(orientation=6), ops) == ([None], [])


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 82}, {"quality": 95}, {"progressive": True}, {"subsampling": "4:4:4"}, {"format": "png"},
        {"icc": "srgb"}, {"icc": "none"}, {"effort": 9}, {"max_bytes": 10**6}, {"min_ssim": 0.9},
        {"min_savings": "5%"}, {"background": "#000000"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_said_of_the_encoding_is_done(package: None, options: dict[str, Any]) -> None:
    assert turns_of(jpeg(), outputs=[ib.Output(**options)]) == ([None], [])


@pytest.mark.parametrize(
    "options",
    [
        {"quality": "keep"}, {"optimize": True}, {"strip": "gps"}, {"keep": "artist"}, {"subsampling": "4:2:0"},
        {"format": "jpeg"}, {"preserve": True}, {"compression": "lzw"}, {"depth": "8"}, {"gainmap": "drop"},
        {"set": {"artist": "Ann"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_source_has_already_may_be_said(package: None, options: dict[str, Any]) -> None:
    (turn,), changes = turns_of(jpeg(), outputs=[ib.Output(**options)])
    assert turn == Turn(6, (48, 64), optimize=options.get("optimize", False)) and not changes


def test_a_resize_leaves_alone_what_was_turned_before_it(package: None) -> None:
    for ops, idle in (((QUARTER, ib.Resize("48x64")), True), ((ib.Resize("48x64"), QUARTER), False)):
        assert (turns_of(jpeg(), ops)[0] != [None]) == idle


def test_progressive_and_sampling_are_compared_with_those_of_the_source(package: None) -> None:
    def turn(said: dict[str, Any], *ops: Operation, **has: Any) -> Turn | None:
        return turns_of(jpeg(**has), ops or (QUARTER,), [ib.Output(**said)])[0][0]

    assert turn({"progressive": True}, progressive=True) is not None
    assert turn({}, progressive=True) is not None
    assert turn({"subsampling": "4:4:4"}, subsampling=0) is not None
    assert turn({"subsampling": "4:2:2"}, ib.Flip(), subsampling=1) is not None
    assert turn({"subsampling": "4:2:2"}, QUARTER, subsampling=1) is None  # it becomes 4:4:0


def test_a_profile_that_is_to_go_or_change_needs_the_pixels(package: None) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged = jpeg(icc_profile=profile)
    assert turns_of(tagged)[0] != [None]
    said: list[dict[str, Any]] = [{"strip": "icc"}, {"strip": "all"}, {"icc": "none"}]
    for options in said:
        assert turns_of(tagged, outputs=[ib.Output(**options)])[0] == [None], options
    assert turns_of(jpeg(), outputs=[ib.Output(strip="all")])[0] != [None]


UNITS = {"L": 8, "4:4:4": 8, "4:2:0": 16}


@pytest.mark.parametrize("way", range(1, 9))
@pytest.mark.parametrize("kind", UNITS)
def test_sides_that_come_to_lie_left_or_on_top_need_whole_blocks(kind: str, way: int) -> None:
    unit = UNITS[kind]
    options: dict[str, Any] = {"mode": "L"} if kind == "L" else {"subsampling": kind}
    for size in ((2 * unit, 2 * unit), (2 * unit + 1, 2 * unit), (2 * unit, 2 * unit + 8 % unit + 1)):
        right, bottom = _moves(size, way)
        why = jpeg_turn.obstacle(jpeg(size, **options), way)
        assert (why is not None) == ((right and size[0] % unit > 0) or (bottom and size[1] % unit > 0))
        assert why is None or f"{size[0]}x{size[1]} px are no whole blocks of {unit}x{unit} px" in why


def _moves(size: tuple[int, int], way: int) -> tuple[bool, bool]:
    """Whether the right and the bottom edge come to lie on the left or on top, seen by pixels."""
    transpose = to_upright(way)
    if transpose is None:
        return False, False

    def moves(box: tuple[int, int, int, int]) -> bool:
        edge = Image.new("L", size)
        edge.paste(255, box)
        left, top, *_ = edge.transpose(transpose).getbbox() or (1, 1)
        return left == top == 0

    return moves((size[0] - 1, 0, *size)), moves((0, size[1] - 1, *size))


def test_sides_that_forbid_it_are_noted_where_the_package_is(package: None, monkeypatch: pytest.MonkeyPatch) -> None:
    data = jpeg((60, 50))
    assert turns_of(data) == (
        [None],
        ["picture encoded anew to be turned: 60x50 px are no whole blocks of 16x16 px at the edge to be moved"],
    )
    monkeypatch.setattr(jpeg_turn, "is_installed", lambda: False)
    assert turns_of(data) == ([None], [])


@pytest.mark.parametrize(("at", "value"), [(1, 0xC3), (1, 0xC9), (1, 0xCA), (4, 12), (9, 9), (11, 0x01)], ids=str)
def test_other_kinds_of_jpeg_are_not_turned(at: int, value: int) -> None:
    data = bytearray(jpeg())
    data[data.index(b"\xff\xc0") + at] = value
    assert "its kind of JPEG" in str(jpeg_turn.obstacle(bytes(data), 6))
    assert jpeg_turn.obstacle(b"\xff\xd8", 6) is not None
    assert jpeg_turn.working_memory(b"\xff\xd8") == 0


def test_its_memory_is_counted() -> None:
    color, gray = (jpeg_turn.working_memory(jpeg((640, 480), mode)) for mode in ("RGB", "L"))
    assert 2 * 2 * 1.5 * 640 * 480 < color < 2.2 * 2 * 1.5 * 640 * 480
    assert 2 * 2 * 640 * 480 < gray < 2.2 * 2 * 640 * 480


# -- a run without the package, with another one, and with one that refuses --------------------------------------------


def run(folder: Path, data: bytes, *ops: Operation, **settings: Any) -> tuple[bytes, Outcome]:
    folder.mkdir()
    (folder / "a.jpg").write_bytes(data)
    report = ib.run(folder / "a.jpg", folder / "out", ib.Recipe(ops), workers=0, **settings)
    (outcome,) = report.outcomes
    assert outcome.error is None, outcome.error
    return Path(outcome.outputs[0].path).read_bytes(), outcome


class Package(SimpleNamespace):
    """A package of that name which has been called with `calls`, and does `transform`."""

    OP = SimpleNamespace(**{name: name for name in ("ROT90", "ROT180", "HFLIP")})


def test_without_the_package_it_is_encoded_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_turn, "is_installed", lambda: False)
    (turn,), changes = turns_of(jpeg())
    assert turn is not None and turn.advice == 'pip install "imgbatch[turn]"' and not changes
    _, outcome = run(tmp_path / "a", jpeg(), QUARTER)
    assert outcome.outputs[0].quality == 82 and outcome.changes == ()


def test_what_the_package_refuses_is_encoded_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: None
) -> None:
    def refuse(*_: object, **options: object) -> bytes:
        raise RuntimeError("Corrupt JPEG data:\nbad Huffman code")

    monkeypatch.setitem(sys.modules, "turbojpeg", Package(transform=refuse))
    made, outcome = run(tmp_path / "a", jpeg(orientation=6), QUARTER)
    why = "picture encoded anew to be turned: turbojpeg says Corrupt JPEG data: bad Huffman code"
    assert set(outcome.changes) == {why, "orientation: baked 6"}
    monkeypatch.setattr(jpeg_turn, "is_installed", lambda: False)
    assert made == run(tmp_path / "b", jpeg(orientation=6), QUARTER)[0]


@pytest.mark.parametrize("result", [b"", b"\xff\xd8", jpeg(SIZE)])
def test_what_the_package_makes_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: None, result: bytes
) -> None:
    monkeypatch.setitem(sys.modules, "turbojpeg", Package(transform=lambda *_, **__: result))
    made, outcome = run(tmp_path / "a", jpeg(), QUARTER)
    assert outcome.changes == ("picture encoded anew to be turned: turbojpeg made something else of it",)
    with Image.open(io.BytesIO(made)) as image:
        assert image.size == (48, 64)


def test_files_of_strangers_do_not_reach_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: None
) -> None:
    calls: list[object] = []
    monkeypatch.setitem(sys.modules, "turbojpeg", Package(transform=lambda *_, **__: calls.append(1)))
    _, outcome = run(tmp_path / "a", jpeg(), QUARTER, untrusted=True)
    assert not calls and outcome.outputs[0].quality == 82


def test_the_other_package_of_that_name_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTurboJPEG is one file of Python."""
    monkeypatch.delitem(sys.modules, "turbojpeg", raising=False)
    (tmp_path / "turbojpeg.py").write_text("class TurboJPEG: ...\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    jpeg_turn.is_installed.cache_clear()
    assert jpeg_turn.is_installed() is False
    jpeg_turn.is_installed.cache_clear()


def test_an_explanation_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from imgbatch.__main__ import main

    (tmp_path / "a.jpg").write_bytes(jpeg())
    words = ["run", str(tmp_path / "a.jpg"), "-o", str(tmp_path / "out"), "--rotate", "90", "--explain"]
    monkeypatch.setattr(jpeg_turn, "is_installed", lambda: False)
    assert main(words) == 0
    assert 'encoded as jpeg (not encoded anew after pip install "imgbatch[turn]")' in capsys.readouterr().out
    monkeypatch.setattr(jpeg_turn, "is_installed", lambda: True)
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "the coefficients of the source's picture, turned and not encoded anew" in shown
    assert "decoded as 8x6, 2% of the pixels, to see that nothing is broken" in shown
    assert main([*words, "--json"]) == 0
    assert '"copied":"coefficients"' in capsys.readouterr().out.replace(" ", "")
