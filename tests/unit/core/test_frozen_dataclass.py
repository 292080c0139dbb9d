"""Is what ``@frozen`` makes the frozen dataclass that ``@dataclass(frozen=True)`` would have made?"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from imgbatch.core.frozen_dataclass import frozen


def body() -> dict[str, Any]:
    """A class body, made anew since both decorators change it."""

    def __post_init__(self: Any) -> None:
        self.seen.append(self.first)

    return {
        "__annotations__": {"first": "int", "second": "str", "third": "list[int]", "seen": "ClassVar[list[int]]"},
        "__doc__": "Some values.", "__module__": __name__, "__qualname__": "Outer.Values",
        "second": "b", "third": field(default_factory=list), "seen": [], "__post_init__": __post_init__,
    }  # fmt: skip


def make(decorator: Callable[[type[Any]], type[Any]]) -> type[Any]:
    return decorator(type("Values", (), body()))


PLAIN = make(dataclass(frozen=True))
EACH = pytest.mark.parametrize("cls", [make(frozen), make(frozen(slots=True))], ids=["dict", "slots"])


def message(act: Callable[[], object]) -> tuple[type, str]:
    with pytest.raises((TypeError, AttributeError)) as caught:
        act()
    return caught.type, str(caught.value)


@EACH
def test_it_is_made_and_shown_like_a_dataclass(cls: type[Any]) -> None:
    assert repr(cls(1, third=[2])) == repr(PLAIN(1, third=[2])) == "Outer.Values(first=1, second='b', third=[2])"
    assert str(inspect.signature(cls)) == str(inspect.signature(PLAIN))
    assert cls.__match_args__ == PLAIN.__match_args__
    assert [item.name for item in dataclasses.fields(cls)] == ["first", "second", "third"]
    assert cls.__init__.__module__ == __name__
    assert message(lambda: cls()) == message(lambda: PLAIN())
    assert message(lambda: cls(1, fourth=2)) == message(lambda: PLAIN(1, fourth=2))
    assert message(lambda: cls(1, "2", [], 4)) == message(lambda: PLAIN(1, "2", [], 4))


@EACH
def test_factories_and_post_init_are_called_for_each(cls: type[Any]) -> None:
    cls.seen.clear()
    one, other = cls(1), cls(2)
    assert one.third == [] and one.third is not other.third
    assert cls.seen == [1, 2]


@EACH
def test_values_are_compared_and_hashed(cls: type[Any]) -> None:
    assert cls(1) == cls(1) != cls(2)
    assert cls(1) != PLAIN(1) and cls(1) != (1, "b", [])
    assert hash(cls(1, "2", ())) == hash(cls(1, "2", ())) == hash(PLAIN(1, "2", ()))
    assert message(lambda: hash(cls(1))) == message(lambda: hash(PLAIN(1)))


@EACH
def test_nothing_can_be_changed(cls: type[Any]) -> None:
    one, plain = cls(1), PLAIN(1)
    for name in ("first", "unknown"):
        assert message(lambda: setattr(one, name, 2)) == message(lambda: setattr(plain, name, 2))  # noqa: B023 - called at once
        assert message(lambda: delattr(one, name)) == message(lambda: delattr(plain, name))  # noqa: B023 - called at once
    assert dataclasses.replace(one, first=2) == cls(2)
    assert dataclasses.asdict(one) == dataclasses.asdict(plain)
    assert one == cls(1)


@frozen
class Point:
    """Not slotted: pickled as any object is."""

    x: int
    y: int = 0
    origin: ClassVar[str] = "corner"


@frozen(slots=True)
class Place(Point):
    """Slotted, and a kind of Point."""

    name: str = "here"


@pytest.mark.parametrize("value", [Point(1, 2), Place(1, 2, "there")])
def test_values_survive_pickling_and_copying(value: Point) -> None:
    copies = (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value))
    assert all(type(one) is type(value) and one == value for one in copies)


def test_annotations_are_understood_where_the_class_stands() -> None:
    from imgbatch import Recipe

    assert set(typing.get_type_hints(Recipe.__init__)) > set(Recipe.__match_args__)


@EACH
def test_a_subclass_may_have_values_of_its_own(cls: type[Any]) -> None:
    class More(cls):  # type: ignore[misc]  # a class that is only known here
        def __init__(self) -> None:
            super().__init__(1)
            self.extra = 2

    value = More()
    assert value.extra == 2
    del value.extra
    assert message(lambda: setattr(value, "first", 3))[0] is dataclasses.FrozenInstanceError
    assert message(lambda: delattr(value, "first"))[0] is dataclasses.FrozenInstanceError


def test_a_class_keeps_what_it_says_itself() -> None:
    @frozen
    class Loud:
        """It has a repr of its own."""

        x: int

        def __repr__(self) -> str:
            return "loud"

    @frozen(eq=False)
    class Single:
        """It equals only itself."""

        x: int

    assert repr(Loud(1)) == "loud"
    assert Single(1) != Single(1)
    assert len({Single(1), Single(1)}) == 2


@pytest.mark.parametrize(
    "unknown", [field(default=1, compare=False), field(default=1, repr=False), field(default=1, kw_only=True),
                field(default=1, init=False)],
)  # fmt: skip
def test_what_it_cannot_do_it_refuses(unknown: Any) -> None:
    with pytest.raises(TypeError, match="Odd.x: a field that @frozen does not know"):
        frozen(type("Odd", (), {"__annotations__": {"x": "int"}, "x": unknown}))


def test_defaults_come_last() -> None:
    with pytest.raises(TypeError, match="Odd.y: no default"):
        frozen(type("Odd", (), {"__annotations__": {"x": "int", "y": "int"}, "x": 1}))
