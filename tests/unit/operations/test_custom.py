"""Does a frozen dataclass become an operation like any other, and is each mistake said in one sentence?"""

from __future__ import annotations

import dataclasses
import pickle
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy
import pytest
from PIL import Image, ImageChops, ImageOps

import imgbatch as ib
from imgbatch import declare, testing
from imgbatch.core.errors import UsageError
from imgbatch.core.parameter_kinds import Number, Switch
from imgbatch.core.parameters import from_table, from_words, parameters, summary, to_words
from imgbatch.operations import custom, plugins
from tests.pages import blocks

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

RED = Image.new("RGB", (8, 6), (200, 0, 0))


@ib.operation("fade_test")
@dataclass(frozen=True)
class Fade:
    """Fade every image toward black.

    Parameters
    ----------
    amount : float
        0 to 1.
    """

    example: ClassVar[str] = "0.3"

    amount: Annotated[float, Number(0, 1), "how much"]
    times: int = 1
    style: Literal["plain", "odd"] = "plain"
    again: bool = False
    label: str | None = None
    seen: list[int] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.style == "odd" and self.times % 2 == 0:
            raise UsageError("expected odd times for fade_test with style=odd")

    def apply(self, image: Picture) -> Picture:
        return image.point([round(value * (1 - self.amount)) for value in range(256)] * len(image.getbands()))


@ib.operation("flip_test")
@dataclass(frozen=True)
class FlipTest(ib.Operation):
    """Flip every image over."""

    smooth: ClassVar[bool] = True

    def apply(self, image: Picture) -> Picture:
        return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = dict(custom._CUSTOM)
    yield
    custom._CUSTOM.clear()
    custom._CUSTOM.update(before)


def test_a_plain_dataclass_is_an_operation() -> None:
    op: Any = Fade(0.5)
    assert op.word == "fade_test" and op.group == "custom" and issubclass(Fade, ib.Operation)
    assert op == Fade(0.5) and hash(op) == hash(Fade(0.5)) and op != Fade(0.4)
    assert pickle.loads(pickle.dumps(op)) == op
    assert ib.apply(RED, op).getpixel((0, 0)) == (100, 0, 0)
    assert ib.apply(RED, ib.Recipe([op, ib.Flip()])).getpixel((0, 0)) == (100, 0, 0)


def test_parameters_are_checked_and_read_as_those_of_all_operations() -> None:
    cls: Any = Fade
    assert [item.name for item in parameters(cls)] == ["amount", "times", "style", "again", "label"]
    result: Any = from_words(cls, "0.25,3,style=odd,again,label=x")
    assert (result.amount, result.times, result.style, result.again, result.label) == (0.25, 3, "odd", True, "x")
    assert from_words(cls, to_words(result)) == result
    for words, message in (
        ("2", "expected a number from 0 to 1 for fade_test amount, got '2'"),
        ("0.5,times=1.5", "expected a whole number for fade_test times, got '1.5'"),
        ("0.5,style=ood", "unknown fade_test style 'ood'; did you mean 'odd'?"),
        ("0.5,2,style=odd", "expected odd times for fade_test with style=odd"),
        ("0.5,amuont=1", "unknown parameter of fade_test 'amuont'; did you mean 'amount'?"),
        ("", "expected a number from 0 to 1 for fade_test amount, got nothing"),
    ):
        with pytest.raises(UsageError) as error:
            from_words(cls, words)
        assert str(error.value).startswith(message.rstrip("?"))
    with pytest.raises(UsageError, match="expected a number from 0 to 1 for fade_test amount, got 2"):
        Fade(2)
    with pytest.raises(UsageError, match="unknown parameter of fade_test 'seen'"):
        from_table(cls, {"amount": 1, "seen": []})


def test_it_is_found_by_its_name_and_keeps_what_its_class_says() -> None:
    assert [plugins.get_operation(word) for word in ("fade-test", "flip_test")] == [Fade, FlipTest]
    assert FlipTest().demand((4, 3), (8, 6)) == (4, 3)
    assert FlipTest.word == "flip_test"
    assert plugins.get_operation("resize") is ib.Resize


def test_its_class_may_have_any_name() -> None:
    cls = type("HDRLook", (), {"__annotations__": {}, "apply": lambda self, image: image, "__module__": __name__})
    look: Any = custom.operation("hdr_look")(dataclasses.dataclass(frozen=True)(cls))
    assert plugins.get_operation("hdr_look") is plugins.get_operation("hdr-look") is look
    assert plugins.parse_operation("hdr-look") == look()
    with pytest.raises(UsageError, match="unknown operation 'HDRLook'"):
        plugins.get_operation("HDRLook")


def test_made_again_it_replaces_itself() -> None:
    again = custom.operation("flip_test")(FlipTest)
    assert again is FlipTest and plugins.get_operation("flip_test") is FlipTest


def test_a_file_that_fails_takes_no_names(tmp_path: Path) -> None:
    text = (
        "from dataclasses import dataclass\nimport imgbatch as ib\n"
        "@ib.operation('taken_test')\n@dataclass(frozen=True)\nclass Taken(ib.Operation):\n"
        "    def apply(self, image): return image\n"
    )
    (tmp_path / "one.py").write_text(text + "1 / 0\n")
    (tmp_path / "two.py").write_text(text)
    with pytest.raises(UsageError, match="one.py cannot be executed: ZeroDivisionError: division by zero"):
        plugins.get_operation(f"{tmp_path}/one.py:Taken")
    assert plugins.get_operation(f"{tmp_path}/two.py:Taken").word == "taken_test"


def test_its_code_and_parameters_count_in_the_digest() -> None:
    op: Any = Fade(0.5)
    table = ib.Recipe([op]).canonical(0)["ops"][0]
    assert table["name"] == "fade_test" and table["amount"] == 0.5 and len(table["code"]) == 64
    other: Any = Fade(0.6)
    assert ib.Recipe([op]).digest != ib.Recipe([other]).digest
    assert "code" not in ib.Recipe([ib.Flip()]).canonical(0)["ops"][0]


def test_something_else_than_an_image_is_that_file_s_failure() -> None:
    @ib.operation("none_test")
    @dataclass(frozen=True)
    class NoneTest(ib.Operation):
        """Forget to return."""

        def apply(self, image: Picture) -> Picture:
            return None  # type: ignore[return-value]  # the mistake that is tested

    with pytest.raises(TypeError, match="none_test returned NoneType, not an image"):
        ib.apply(RED, NoneTest())


def test_what_it_raises_names_the_mode_of_the_image(tmp_path: Path) -> None:
    @ib.operation("raise_test")
    @dataclass(frozen=True)
    class RaiseTest(ib.Operation):
        """Take RGB only, and say nothing of it."""

        def apply(self, image: Picture) -> Picture:
            if image.mode == "L":
                raise ib.ImageError("mode", "no gray")
            return ImageChops.multiply(image, RED)

    for mode in ("LA", "L"):
        Image.new(mode, (8, 6)).save(tmp_path / f"{mode}.png")
    gray, pale = ib.run(tmp_path, tmp_path / "out", ib.Recipe([RaiseTest()]), workers=0).failed
    assert (gray.error.kind, gray.error.message) == ("mode", "no gray")
    assert (pale.error.kind, pale.error.message) == (
        "operation", "ValueError: images do not match; its image was of mode LA",
    )  # fmt: skip


@pytest.mark.parametrize("mode", [mode for mode in testing.MODES if mode not in ("I;16", "I;16B", "I", "F")])
def test_the_page_shows_how_alpha_is_kept(mode: str) -> None:
    space: dict[str, Any] = {}
    exec(blocks("own-operations", "python")[1], space)
    image = testing.picture(mode, (7, 5))
    made = space["apply_to_colors"](image)
    assert made.mode == ("RGBA" if "+" in mode or "A" in mode.replace("LAB", "") else "RGB")
    assert made.convert("RGB").tobytes() == ImageOps.posterize(image.convert("RGB"), 3).tobytes()
    if made.mode == "RGBA":
        assert made.getchannel("A").tobytes() == image.convert("RGBA").getchannel("A").tobytes()


# -- mistakes ----------------------------------------------------------------------------------------------------------


def _make_class(
    word: Any = "bad_test", frozen: bool = True, apply: Any = lambda self, image: image, **body: Any
) -> type:
    notes = {key: type(value) for key, value in body.items() if key != "__annotations__"}
    body.setdefault("__annotations__", notes)
    cls = type("Bad", (), {**({"apply": apply} if apply else {}), "__module__": __name__, **body})
    return ib.operation(word)(dataclass(frozen=frozen)(cls))


def _make_loose_operation() -> type:
    body = {"__module__": __name__, "__annotations__": {"x": float}, "x": 0.5, "apply": lambda self, image: image}
    return dataclass(types.new_class("Loose", (ib.Operation,), exec_body=lambda space: space.update(body)))


MISTAKES: list[tuple[Callable[[], object], str]] = [
    (lambda: ib.operation("bad_test")(type("Bad", (), {})), "operation bad_test: Bad is no dataclass; put @dataclass("),
    (lambda: ib.operation("bad_test")(lambda image: image), "operation bad_test: <lambda> is no dataclass; put @data"),  # type: ignore[arg-type]  # the mistake that is tested
    (lambda: _make_class(frozen=False), "operation bad_test: Bad can be changed; make it @dataclass(frozen=True)"),
    (_make_loose_operation, "Loose can be changed; write @dataclass(frozen=True) in the line above it"),
    (lambda: _make_class(apply=None), "operation bad_test: Bad has no apply(self, image) that returns an image"),
    (lambda: _make_class("resize"), "operation resize: the name is imgbatch's own; give Bad another"),
    (lambda: _make_class("fade_test"), "operation fade_test: the name is that of Fade in "),
    (lambda: _make_class("Bad-Name"), "expected a name of small letters, digits and underscores, as in @"),
    (lambda: ib.operation(Fade), "expected a name of small letters, digits and underscores, as in @"),  # type: ignore[arg-type]  # the mistake that is tested
    (
        lambda: _make_class(box=(1, 2)),
        "operation bad_test: no flag or recipe can hold box: tuple; expected float, int,",
    ),
    (
        lambda: _make_class(__annotations__={"x": "Nix"}),
        "operation bad_test: name 'Nix' is not defined, in the annotations",
    ),
    (
        lambda: _make_class(__annotations__={"x": Annotated[float, Number(0, 1), "x"]}, x=3.0),
        "expected a number from 0 to 1",
    ),
    (
        lambda: _make_class(__annotations__={"x": str}, x=field(default_factory=str)),
        "operation bad_test: the default of x must be a plain value; write x: str =",
    ),
    (
        lambda: _make_class(__annotations__={"size": Annotated[int, "px"]}, size=3),
        "expected a kind of imgbatch.declare, then a text, in the annotation of Bad.size, got 'px'; write "
        'size: Annotated[int, Number(whole=True), "px"] = 3',
    ),
    (
        lambda: _make_class(__annotations__={"size": Annotated[float | None, "how large", Number(0, 1)]}),
        "expected a kind of imgbatch.declare, then a text, in the annotation of Bad.size, got 'how large', Number(low=",
    ),
    (
        lambda: _make_class(__annotations__={"on": Annotated[bool, Switch]}, on=False),
        "expected a kind of imgbatch.declare, then a text, in the annotation of Bad.on, got ",
    ),
    (
        lambda: _make_class(apply=lambda image: image),
        "operation bad_test: expected apply(self, image), got apply(image); what it needs else is a parameter",
    ),
    (
        lambda: _make_class(apply=lambda self, image, amount: image),
        "operation bad_test: expected apply(self, image), got apply(self, image, amount);",
    ),
    (
        lambda: _make_class(__annotations__={"x": float}, x=0.5, example="much"),
        "operation bad_test: its example is what would follow its flag, and 'much' is wrong: expected a number",
    ),
]


@pytest.mark.parametrize(("make", "message"), MISTAKES, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_mistakes_are_one_sentence(make: Callable[[], object], message: str) -> None:
    before = dict(custom._CUSTOM)
    with pytest.raises(UsageError) as error:
        make()
    assert isinstance(error.value, ib.DeclarationError) or message.startswith("expected a name")
    assert str(error.value).startswith(message) and "\n" not in str(error.value), error.value
    assert before == custom._CUSTOM, "a name was taken"


LINES = [
    ('Annotated[int, "px"]', "3"), ('Annotated[float, "px", Number(0, 9)]', "3"), ('Annotated[bool, "on"]', "True"),
    ('Annotated[str, "a word"]', '"x"'), ('Annotated[int | None, "px"]', "None"), ("Annotated[bool, Switch]", "True"),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "default"), LINES)
def test_the_line_to_write_is_right(annotation: str, default: str) -> None:
    names = {**vars(declare), "Annotated": Annotated}

    def of(line: str) -> dict[str, Any]:
        _, _, rest = line.partition(": ")
        hint, _, value = rest.rpartition(" = ")
        return {"__annotations__": {"size": eval(hint.replace("(...)", "(0, 9)"), names)}, "size": eval(value, names)}

    with pytest.raises(ib.DeclarationError) as error:
        _make_class(**of(f"size: {annotation} = {default}"))
    line = str(error.value).partition("; write ")[2]
    result: Any = _make_class(**of(line))
    assert result().size == eval(default)


def test_other_ways_to_take_an_image_are_believed() -> None:
    _make_class(apply=lambda self, *images: images[0])
    _make_class("other_bad_test", apply=lambda self, image, amount=1: image)


def test_an_example_may_need_what_comes_later() -> None:
    def check(self: Any) -> None:
        raise NameError("name 'LATER' is not defined")

    _make_class(__annotations__={"x": float}, x=0.5, example="1", __post_init__=check)


def test_a_class_without_a_docstring_says_so(tmp_path: Path) -> None:
    cls: Any = _make_class(__annotations__={"x": float}, x=0.5)
    assert summary(cls) == "No docstring of Bad says what it does."
    with pytest.raises(AssertionError, match="bad_test has no docstring: write what it does to an image in a line"):
        ib.check_operation(cls)


def test_a_mutable_default_in_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from dataclasses import dataclass\nimport imgbatch as ib\n@ib.operation('own_test')\n"
        "@dataclass(frozen=True)\nclass Own(ib.Operation):\n    tags: list[str] = []\n"
    )
    with pytest.raises(
        UsageError, match="mutable default .* the default of a parameter is a plain value: write a text"
    ):
        plugins.get_operation(f"{tmp_path}/own.py:Own")


@pytest.mark.parametrize("word", ["own:Own", "own.Own", "own.py Own", "own.py::Own", "own::Own"])
def test_other_spellings_of_a_file_and_a_name_are_understood(word: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"unknown operation '{word}'"):
        plugins.get_operation(word, str(tmp_path))
    (tmp_path / "own.py").touch()
    with pytest.raises(UsageError, match=rf"got '{word}'; did you mean own\.py:Own\?"):
        plugins.get_operation(word, str(tmp_path))


def test_an_operation_whose_parameters_no_recipe_holds_is_in_none() -> None:
    class TurnBy(ib.Operation):
        def __init__(self, angle: float) -> None:
            self.angle = angle

        def apply(self, image: Picture) -> Picture:
            return image.rotate(self.angle)

    @dataclass(frozen=True)
    class Turn(ib.Operation):
        angle: float

        def apply(self, image: Picture) -> Picture:
            return image.rotate(self.angle)

    for operation, word in ((TurnBy(90), "turn_by"), (Turn(90), "turn")):
        with pytest.raises(ib.DeclarationError, match=rf'not declared, .* write @imgbatch.operation\("{word}"\) and'):
            ib.Recipe(ops=[operation])
        with pytest.raises(ib.DeclarationError, match="not declared"):
            ib.Output(ops=[operation])
    with pytest.raises(AssertionError, match="not declared"):
        ib.check_operation(Turn(90))


@ib.operation("warm_test")
@dataclass(frozen=True)
class WarmTest(ib.Operation):
    """Make every picture as warm as most people would write it."""

    def apply(self, image: Image.Image) -> Image.Image:
        return image.convert("RGB")


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
@pytest.mark.parametrize("shared", [True, False])
def test_it_gets_eight_bits_of_gray_unless_it_says_more(mode: str, shared: bool, tmp_path: Path) -> None:
    """Pillow makes white of 16-bit gray that is converted to RGB, and says nothing."""
    ramp = numpy.linspace(0, 65535 if mode != "F" else 1, 256).reshape(16, 16)
    kinds = {"I;16": numpy.uint16, "I": numpy.int32, "F": numpy.float32}
    Image.fromarray(ramp.astype(kinds[mode])).save(tmp_path / "a.tif")
    outputs = [ib.Output(format="png")] if shared else [ib.Output(format="png", ops=[WarmTest()])]
    report = ib.run(tmp_path, tmp_path / "out", ib.Recipe([WarmTest()] if shared else [], outputs), workers=0)
    assert report.outcomes[0].changes[-1] == "depth: warm_test works with 8 bits"
    assert f"depth: {16 if mode == 'I;16' else 32} -> 8 bits" in report.outcomes[0].changes
    with Image.open(tmp_path / "out/a.png") as made:
        pixels = numpy.asarray(made.convert("RGB")).astype(int)
    assert abs(pixels - numpy.arange(256).reshape(16, 16, 1)).max() <= 1
    with Image.open(tmp_path / "a.tif") as original:
        assert (numpy.asarray(ib.apply(original, WarmTest())) == pixels).all()
    ib.check_operation(WarmTest)


def test_the_time_in_a_profile_that_pillow_makes_is_no_other_result() -> None:
    made = [Image.new("RGB", (1, 1)) for _ in range(3)]
    for image, time in zip(made, (b"1", b"2", b"2"), strict=True):
        image.info["icc_profile"] = b"a" * 24 + time * 12 + b"b" * 92
    made[2].info["icc_profile"] += b"c"
    first, second, other = map(testing._state, made)
    assert first == second != other
