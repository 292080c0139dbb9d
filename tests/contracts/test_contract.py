"""Does the suite for other people's operations pass ours, and find each promise that is broken?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import ImageError
from imgbatch.core.quantities import Size
from imgbatch.operations import custom

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    before = dict(custom._CUSTOM)
    yield
    custom._CUSTOM.clear()
    custom._CUSTOM.update(before)


@pytest.mark.parametrize("cls", [ib.Blur, ib.Brightness, ib.Crop, ib.Trim, ib.Grayscale], ids=lambda cls: str(cls.word))
def test_ours_pass(cls: type[ib.Operation]) -> None:
    ib.check_operation(cls)


def test_an_instance_is_checked_as_it_is() -> None:
    ib.check_operation(ib.Resize("3x3", fit="cover", upscale=True))
    ib.check_operation(Turns(0))  # its class would be checked with its example, which breaks a promise
    with pytest.raises(AssertionError, match=r"after\(\) says \(40, 30\), the result is \(30, 40\)"):
        ib.check_operation(Turns(1))
    with pytest.raises(AssertionError, match=r"after\(\) says"):
        ib.check_operation(Turns)


@ib.operation("turns_unsaid")
@dataclass(frozen=True)
class Turns(ib.Operation):
    """Turn by quarters, and say that the size stays."""

    example: ClassVar[str] = "1"
    quarters: int = 0

    def apply(self, image: Picture) -> Picture:
        return image.transpose(Image.Transpose.ROTATE_90) if self.quarters else image

    def after(self, size: Size) -> Size:
        return size


@ib.operation("bad_promise")
@dataclass(frozen=True)
class Bad(ib.Operation):
    """Do what is given, whatever that breaks."""

    count: ClassVar[Any] = itertools.count()
    does: ClassVar[Callable[[Any], Any]] = staticmethod(lambda image: image)
    says: ClassVar[Size | None] = None
    needs: ClassVar[Size | None] = None
    smooth: ClassVar[bool] = False

    def apply(self, image: Picture) -> Picture:
        made: Picture = type(self).does(image)
        return made

    def after(self, size: Size) -> Size | None:
        return self.says

    def demand(self, wanted: Size, size: Size) -> Size:
        return self.needs or size


def _paint(image: Picture) -> Picture:
    image.putpixel((0, 0), 0 if len(image.getbands()) == 1 else (0,) * len(image.getbands()))
    return image


def _refuse(image: Picture) -> Picture:
    raise ImageError("mode", "two\nlines")


def _fail(image: Picture) -> Picture:
    raise ValueError("what?")


def _count(image: Picture) -> Picture:
    return image.resize((1 + next(Bad.count) % 7, 1))


def _stale(image: Picture) -> Picture:
    if image.mode not in ("L", "RGB"):
        return image
    made = image.convert("RGBA")
    made.info["transparency"] = 0
    return made


def _steps(image: Picture) -> Picture:
    return image.convert("L").point([0] * 128 + [255] * 128) if image.mode == "RGB" else image


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"does": _paint}, "bad_promise on 1 of 40x30 px: it changed its argument; work on image.copy()"),
        ({"does": _count}, "bad_promise on 1 of 40x30 px: the same picture gave another result"),
        ({"does": _refuse}, "bad_promise on 1 of 40x30 px: its ImageError has no sentence of one line"),
        ({"does": _fail}, "bad_promise on 1 of 40x30 px: it raised ValueError: what?; where a mode has no "),
        ({"does": lambda image: Image.new("HSV", (4, 4))}, "bad_promise on 1 of 40x30 px: no format can hold the mode"),
        ({"does": lambda image: None}, "bad_promise on 1 of 40x30 px: it raised TypeError: bad_promise returned NoneT"),
        ({"does": lambda image: Image.new("L", (0, 4))}, "bad_promise on 1 of 40x30 px: its result has no pixels: 0x4"),
        ({"does": _stale}, "bad_promise on L of 40x30 px: the header of its result has a transparent color"),
        ({"says": (3, 3)}, "bad_promise on 1 of 40x30 px: after() says (3, 3), the result is (40, 30)"),
        ({"needs": (99, 1)}, "bad_promise on 1 of 40x30 px: demand() says (99, 1)"),
        ({"does": _steps, "smooth": True}, "bad_promise is called smooth, but averaging before and after it differ"),
        ({"__doc__": "Short."}, "bad_promise: its docstring must begin with a line of 10 to 100 characters"),
        ({"word": "Bad Promise"}, "Bad Promise: its word is no name"),
        ({"example": "7"}, "bad_promise: its example is wrong: expected at most 0 values"),
        ({"__reduce__": lambda self: (int, ("x",))}, "bad_promise cannot be pickled: invalid literal for int()"),
        ({"__reduce__": lambda self: (int, ("3",))}, "bad_promise: a pickled copy is not equal"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_each_broken_promise_is_named(monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], said: str) -> None:
    for name, value in change.items():
        monkeypatch.setattr(Bad, name, staticmethod(value) if name == "does" else value)
    if not said:
        ib.check_operation(Bad)
        return
    with pytest.raises(AssertionError) as caught:
        ib.check_operation(Bad)
    assert str(caught.value).startswith(said) and "\n" not in str(caught.value), caught.value


def test_what_is_no_operation() -> None:
    for wrong in (int, 7):
        with pytest.raises(AssertionError, match="is no operation"):
            ib.check_operation(wrong)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(AssertionError, match="thawed can be changed: put @dataclass"):
        ib.check_operation(type("Thawed", (ib.Flip,), {"word": "thawed", "__doc__": "A class that is no dataclass."}))
