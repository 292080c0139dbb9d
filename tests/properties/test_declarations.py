"""Do words, tables and Python calls of one declaration always say the same?"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgbatch.core.errors import UsageError
from imgbatch.core.file_parameter import File
from imgbatch.core.parameter_kinds import Choice, Grammar, Number, Switch
from imgbatch.core.parameters import (
    Declaration,
    Parameter,
    from_table,
    from_words,
    parameters,
    split_words,
    to_table,
    to_words,
)
from imgbatch.operations import Operation, all_operations
from tests.properties.strategies import NO_VALUE, operations


@dataclass(frozen=True)
class Caption(Declaration):
    """Free text before parameters of every other kind."""

    word: ClassVar[str] = "caption"

    text: Annotated[str, Grammar("a text", str, ("Hello, world",))]
    place: Annotated[str, Choice(("top", "bottom"))] = "bottom"
    bold: Annotated[bool, Switch()] = False
    size: Annotated[float, Number(0)] = 12
    note: Annotated[str | None, Grammar("a note", str, ("n",))] = None


CAPTIONS = st.builds(
    Caption,
    text=st.text(),
    place=st.sampled_from(["top", "bottom", "TOP"]),
    bold=st.booleans(),
    size=st.floats(0, allow_infinity=False) | st.integers(0, 10**9),
    note=st.none() | st.text(alphabet='ab,="() \\'),
)
PARAMETERS = [(cls, field) for cls in all_operations() for field in parameters(cls)]
NAMES = [f"{cls.word}-{field.name}" for cls, field in PARAMETERS]
STRICT = [(cls, field) for cls, field in PARAMETERS if not isinstance(field.kind, (Grammar, File))]  # take any word


def arguments(cls: type[Operation], field: Parameter) -> str:
    """A flag's value that is right before `field`, which is to be given last."""
    needed = [other for other in parameters(cls) if other.is_required and other.name != field.name]
    example = from_words(cls, cls.example)
    return "".join(f"{other.name}={to_table(example)[other.name]}," for other in needed)


@settings(deadline=None)  # the first color loads Pillow
@given(operations())
def test_flag_words_give_the_operation_back(operation: Operation) -> None:
    assert from_words(type(operation), to_words(operation)) == operation


@settings(deadline=None)
@given(operations())
def test_tables_give_the_operation_back_through_json(operation: Operation) -> None:
    for everything in (False, True):
        table = json.loads(json.dumps(to_table(operation, everything)))
        table = {key: value for key, value in table.items() if value is not None}  # TOML knows no null
        assert from_table(type(operation), table) == operation


@settings(deadline=None)
@given(operations())
def test_canonical_form_is_its_own(operation: Operation) -> None:
    again = type(operation)(**to_table(operation, everything=True))
    assert again == operation and hash(again) == hash(operation)
    assert repr(to_table(again, everything=True)) == repr(to_table(operation, everything=True))
    assert to_words(again) == to_words(operation)


@settings(deadline=None)
@given(operations())
def test_defaults_are_left_out_of_the_short_table(operation: Operation) -> None:
    short = to_table(operation)
    assert type(operation)(**short) == operation
    for field in parameters(type(operation)):
        if not field.is_required and field.name not in short:
            without = {name: value for name, value in to_table(operation, True).items() if name != field.name}
            assert type(operation)(**without) == operation


@settings(max_examples=400, deadline=None)
@given(CAPTIONS)
def test_any_text_survives_the_flag(caption: Caption) -> None:
    caption = Caption(caption.text, caption.place, caption.bold, caption.size, caption.note)
    assert from_words(Caption, to_words(caption)) == caption


@given(st.lists(st.text(alphabet="ab=;|"), min_size=1))
def test_split_is_the_opposite_of_join(words: list[str]) -> None:
    assert split_words(",".join(words)) == words


@pytest.mark.parametrize(("cls", "field"), STRICT, ids=[f"{cls.word}-{field.name}" for cls, field in STRICT])
@pytest.mark.parametrize("wrong", NO_VALUE)
def test_wrong_words_are_named(cls: type[Operation], field: Parameter, wrong: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_words(cls, f'{arguments(cls, field)}{field.name}="{wrong}"')
    message = str(caught.value)
    assert field.name in message and cls.word in message and "\n" not in message
    assert message.startswith(("expected ", "unknown "))


@pytest.mark.parametrize(("cls", "field"), PARAMETERS, ids=NAMES)
@pytest.mark.parametrize("wrong", [object(), [1], {}, b"1", 1j, float("nan"), float("inf"), -float("inf")])
def test_wrong_values_are_named(cls: type[Operation], field: Parameter, wrong: object) -> None:
    values = {name: value for name, value in to_table(from_words(cls, cls.example)).items() if name != field.name}
    with pytest.raises(UsageError, match="expected ") as caught:
        cls(**{**values, field.name: wrong})
    assert f"{cls.word} {field.name}" in str(caught.value)


@pytest.mark.parametrize(("cls", "field"), PARAMETERS, ids=NAMES)
def test_unknown_keys_name_the_nearest(cls: type[Operation], field: Parameter) -> None:
    wrong = field.name + "z"
    sentence = f"^unknown parameter of {cls.word} '{wrong}'; did you mean '{field.name}'\\?$"
    with pytest.raises(UsageError, match=sentence):
        from_words(cls, f"{wrong}=1")
    with pytest.raises(UsageError, match=sentence):
        from_table(cls, {wrong: 1})


@pytest.mark.parametrize(
    "cls", [cls for cls in all_operations() if any(field.is_required for field in parameters(cls))]
)
def test_missing_parameters_are_named(cls: type[Operation]) -> None:
    missing = next(field for field in parameters(cls) if field.is_required)
    sentence = f"^expected .* for {cls.word} {missing.name}, got nothing$"
    with pytest.raises(UsageError, match=sentence):
        from_words(cls, "")
    with pytest.raises(UsageError, match=sentence):
        from_table(cls, {})


@settings(deadline=None)
@given(operations())
def test_tables_survive_toml(operation: Operation) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in to_table(operation).items()]
    assert from_table(type(operation), tomllib.loads("\n".join(lines))) == operation
