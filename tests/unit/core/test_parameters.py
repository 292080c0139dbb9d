"""Does each kind of field say what it wants, and read what a shell, a recipe and Python give it?"""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest

from imgbatch.core import parameters
from imgbatch.core.errors import UsageError
from imgbatch.core.parameter_kinds import Choice, Grammar, Number, Switch
from imgbatch.core.parameters import Declaration, from_table, from_words, to_table, to_words


def _upper(word: str) -> str:
    if not word.isalpha():
        raise ValueError(word)
    return word.upper()


@dataclass(frozen=True)
class Stamp(Declaration):
    """Stamp a word.

    More about it.
    """

    word: ClassVar[str] = "stamp_it"

    text: Annotated[str, Grammar("letters", _upper, ("OK",)), "what to stamp"]
    angle: Annotated[float, Number(-360, 360), "turned by"] = 0.0
    where: Annotated[str, Choice(("top", "bottom")), "at which edge"] = "top"
    bold: Annotated[bool, Switch(), "thick letters"] = False
    double_line: Annotated[bool, Switch()] = False
    size: Annotated[float, Number(1, unit="px")] = 12
    label: Annotated[str, Grammar("letters", _upper, ("x",))] = "none"
    odd: Annotated[int | None, Number(1, 9, whole=True, odd=True)] = None


@dataclass(frozen=True)
class Line(Declaration):
    """Write any text."""

    word: ClassVar[str] = "line"

    text: Annotated[str, Grammar("a text", str, ("Hello, world",))]
    color: Annotated[str, Grammar("a color", str, ("red",))] = "red"
    shadow: Annotated[bool, Switch()] = False


def message(call: Any, *values: Any, **named: Any) -> str:
    with pytest.raises(UsageError) as caught:
        call(*values, **named)
    return str(caught.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("a,x", "expected a number from -360 to 360 for stamp_it angle, got 'x'"),
        ("a,400", "expected a number from -360 to 360 for stamp_it angle, got '400'"),
        ("a,nan", "expected a number from -360 to 360 for stamp_it angle, got 'nan'"),
        ("a,size=0", "expected a number of at least 1 px for stamp_it size, got '0'"),
        ("a,odd=4", "expected an odd whole number from 1 to 9 for stamp_it odd, got '4'"),
        ("a,odd=2.5", "expected an odd whole number from 1 to 9 for stamp_it odd, got '2.5'"),
        ("a,where=tip", "unknown stamp_it where 'tip'; did you mean 'top'?"),
        ("a,where=left", "unknown stamp_it where 'left'; known: top, bottom"),
        ("a,bold=maybe", "expected true or false for stamp_it bold, got 'maybe'"),
        ("4", "expected letters for stamp_it text, got '4'"),
        ("", "expected letters for stamp_it text, got nothing"),
        ("angle=3", "expected letters for stamp_it text, got nothing"),
        ("a,angel=3", "unknown parameter of stamp_it 'angel'; did you mean 'angle'?"),
        ("a,1,angle=2", "expected angle of stamp_it once, got it twice in 'a,1,angle=2'"),
        ('"a', "expected a closing double quote in '\"a'"),
        ("a,1,top,true,true,12,b,1,9", "expected at most 8 values for --stamp-it, got 'a,1,top,true,true,12,b,1,9'"),
    ],
)
def test_sentence_of_wrong_words(words: str, sentence: str) -> None:
    assert message(from_words, Stamp, words) == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"angle": True}, "expected a number from -360 to 360 for stamp_it angle, got True"),
        ({"angle": "3"}, "expected a number from -360 to 360 for stamp_it angle, got '3'"),
        ({"angle": math.nan}, "expected a number from -360 to 360 for stamp_it angle, got nan"),
        ({"size": math.inf}, "expected a number of at least 1 px for stamp_it size, got inf"),
        ({"angle": None}, "expected a number from -360 to 360 for stamp_it angle, got None"),
        ({"odd": False}, "expected an odd whole number from 1 to 9 for stamp_it odd, got False"),
        ({"bold": 1}, "expected true or false for stamp_it bold, got 1"),
        ({"where": 3}, "expected one of top, bottom for stamp_it where, got 3"),
        ({"text": 1.5}, "expected letters for stamp_it text, got 1.5"),
        ({"text": True}, "expected letters for stamp_it text, got True"),
    ],
)
def test_sentence_of_wrong_values(values: dict[str, Any], sentence: str) -> None:
    values = {"text": "a", **values}
    assert message(Stamp, **values) == sentence
    assert message(from_table, Stamp, values) == sentence


def test_numbers_beyond_every_float_are_refused() -> None:
    assert message(Stamp, "a", size=10**400).startswith(
        "expected a number of at least 1 px for stamp_it size, got 1000"
    )


def test_values_are_held_in_their_canonical_form() -> None:
    stamp = Stamp("ok", angle=90, where="TOP", odd=3.0)  # type: ignore[arg-type] # a recipe may say 3.0
    assert to_table(stamp) == {"text": "OK", "angle": 90.0, "odd": 3}
    assert isinstance(stamp.angle, float) and isinstance(stamp.odd, int)
    assert stamp == Stamp("OK", 90.0, odd=3)


def test_a_default_is_left_out_whatever_its_spelling() -> None:
    assert Stamp("a").label == "NONE" and to_table(Stamp("a")) == {"text": "A"}
    assert to_words(Stamp("a", label="NoNe")) == "A"
    assert to_table(Stamp("a"), everything=True)["label"] == "NONE"


@pytest.mark.parametrize(
    ("words", "stamp"),
    [
        ("ok", Stamp("OK")),
        ("ok,-90", Stamp("OK", -90)),
        ("ok,angle=-1.5e1", Stamp("OK", -15)),
        (" ok , angle = 3 ", Stamp("OK", 3)),
        ("size=10px,text=ok", Stamp("OK", size=10)),
        ("ok,size=10 px", Stamp("OK", size=10)),
        ("ok,bold", Stamp("OK", bold=True)),
        ("ok,double-line", Stamp("OK", double_line=True)),
        ("ok,double-line=no,bold=ON", Stamp("OK", bold=True)),
        ("ok,bold,90,bottom", Stamp("OK", 90, "bottom", bold=True)),
        ("ok,1,top,yes,0", Stamp("OK", 1, bold=True)),
        ('"bold"', Stamp("BOLD")),
    ],
)
def test_words_at_the_shell(words: str, stamp: Stamp) -> None:
    assert from_words(Stamp, words) == stamp


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ('"Hello, world"', "Hello, world"),
        ('text="Hello, world"', "Hello, world"),
        ('"say ""hi"", now"', 'say "hi", now'),
        ('"color=blue"', "color=blue"),
        ('""', ""),
        ('"shadow"', "shadow"),
        ("rgb(1,2,3)", "rgb(1,2,3)"),
        ("no quotes", "no quotes"),
    ],
)
def test_quotes_hold_commas(words: str, text: str) -> None:
    assert from_words(Line, words + ",color=green") == Line(text, "green")
    assert from_words(Line, to_words(Line(text, "green"))) == Line(text, "green")


def test_words_are_quoted_only_where_needed() -> None:
    assert to_words(Line("Hello, world")) == '"Hello, world"'
    assert to_words(Line("Hello", "rgb(1,2,3)")) == "Hello,color=rgb(1,2,3)"
    assert to_words(Stamp("ok", -90, bold=True)) == "OK,angle=-90,bold=true"


def test_a_number_stands_for_a_text() -> None:
    assert Line(1600).text == "1600"  # type: ignore[arg-type] # a recipe may say size = 1600


def test_descriptions() -> None:
    assert parameters.flag(Stamp) == "stamp-it" and parameters.summary(Stamp) == "Stamp a word."
    kinds = [field.kind.describe() for field in parameters.parameters(Stamp)]
    assert kinds[:4] == ["letters", "a number from -360 to 360", "one of top, bottom", "true or false"]
    assert Number().describe() == "a number" and Number(unit="px").describe() == "a number in px"
    assert [field.name for field in parameters.parameters(Stamp) if field.is_required] == ["text"]
    assert parameters.has_required(Stamp)
    assert parameters.parameters(Stamp)[0].help == "what to stamp"


@dataclass(frozen=True)
class Caption(Declaration):
    """Write below."""

    word: ClassVar[str] = "caption"

    text: Annotated[str, Grammar("a text", str, ("Hello, world",))]
    size: Annotated[float, Number(1)] = 12
    bold: Annotated[bool, Switch()] = False


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("Hello, world", '"Hello, world"'),
        ("Hello, world,size=3", '"Hello, world",size=3'),
        ('say "hi", all,bold', '"say ""hi"", all",bold'),
        ("a, b=3", '"a, b=3"'),
        ("a,b,c,d", '"a,b,c,d"'),
    ],
)
def test_a_text_with_a_comma_is_answered_with_its_quotes(text: str, better: str) -> None:
    hint = message(from_words, Caption, text).partition("; a text with a comma needs double quotes: ")[2]
    assert shlex.split(hint) == [better]
    assert "," in from_words(Caption, better).text


def test_quotes_are_no_help_where_no_text_comes_first() -> None:
    assert "quotes" not in message(from_words, Stamp, "OK,1,top,true,true,5,x,3,9")
    assert "quotes" not in message(from_words, Stamp, "OK,angle=x")
    assert "quotes" not in message(from_words, Line, "Hello,color=1,color=2")
    assert message(from_words, Caption, "Hello,sizes=1") == "unknown parameter of caption 'sizes'; did you mean 'size'?"
    assert "quotes" not in message(from_words, Caption, "txet=1")


def test_a_choice_may_have_other_spellings() -> None:
    kind = Choice(("jpeg", "png"), (("jpg", "jpeg"),))
    assert [kind.check("format", word) for word in ("JPG", "jpg", "Jpeg", "png")] == ["jpeg", "jpeg", "jpeg", "png"]
    assert message(kind.check, "format", "gif") == "unknown format 'gif'; known: jpeg, png"
