"""Do typed words become the values that INTERFACE.md promises, and wrong ones one clear line?"""

from __future__ import annotations

import pytest

from imgbatch.cli.flag_table import detached, run_flags
from imgbatch.cli.parse import parse, parser
from imgbatch.core.errors import UsageError
from imgbatch.core.parameters import flag
from imgbatch.operations import OPERATIONS, Operation, named


def said(*words: str) -> str:
    """The error for these words."""
    with pytest.raises(UsageError) as caught:
        parse(words)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_operations_keep_their_order_and_repeat() -> None:
    typed = parse(["a.jpg", "--blur", "2", "--resize", "100", "--flip", "--blur", "1", "b.jpg"])
    assert [op.word for op in typed.ops] == ["blur", "resize", "flip", "blur"]
    assert typed.ops[0] == named("blur")(2)  # type: ignore[call-arg]  # the list holds the base class
    assert typed.sources == ("a.jpg", "b.jpg")


def test_flags_and_sources_mix() -> None:
    typed = parse(["-q", "80", "a", "--flat", "b", "-o", "out", "c", "-f", "webp", "d"])
    assert typed.sources == ("a", "b", "c", "d")
    assert (typed.output, typed.formats, typed.settings) == ("out", ("webp",), {"flat": True})
    assert typed.output_fields == {"quality": 80}


def test_a_value_may_begin_with_a_dash() -> None:
    typed = parse(["--rotate", "-90,background=red", "a"])
    assert typed.ops == (named("rotate")(-90, "red"),)  # type: ignore[call-arg]  # the list holds the base class
    assert typed.sources == ("a",)
    assert parse(["--rotate=-45"]).ops == (named("rotate")(-45),)  # type: ignore[call-arg]  # as above


def test_an_attached_value_never_swallows_a_source() -> None:
    typed = parse(["--trim", "a", "--trim=20", "b", "--grayscale", "c", "--progressive", "d", "--flat", "e", "-p", "f"])
    assert typed.sources == ("a", "b", "c", "d", "e", "f")
    assert [op.word for op in typed.ops] == ["trim", "trim", "grayscale"]
    assert typed.ops[0] != typed.ops[1]
    assert typed.output_fields == {"progressive": True, "preserve": True}


def test_two_dashes_end_the_flags() -> None:
    typed = parse(["--flip", "--", "--flop", "-x.jpg", "--"])
    assert [op.word for op in typed.ops] == ["flip"]
    assert typed.sources == ("--flop", "-x.jpg", "--")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.word)
def test_every_operation_is_a_flag(operation: type[Operation]) -> None:
    held = named(operation.word)
    words = [f"--{flag(held)}", held.example] if detached(held) else [f"--{flag(held)}={held.example}"]
    typed = parse(["before", *words, "after"])
    assert [type(op) for op in typed.ops] == [held]
    assert typed.sources == ("before", "after")


def test_short_flags_stand_together() -> None:
    typed = parse(["-npQvv", "-j4", "-q82", "a"])
    assert (typed.dry_run, typed.quiet, typed.verbose) == (True, True, 2)
    assert typed.settings == {"workers": 4}
    assert typed.output_fields == {"preserve": True, "quality": 82}


def test_switches_can_be_turned_off() -> None:
    typed = parse(["--flat=false", "--overwrite=yes", "--no-recursive", "a"])
    assert typed.settings == {"flat": False, "overwrite": True}
    assert typed.filters == {"recursive": False}


def test_formats_have_usual_spellings_and_may_be_several() -> None:
    assert parse(["-f", "jpg,TIF,webp,jpeg"]).formats == ("jpeg", "tiff", "webp")
    assert parse(["--format=same"]).formats == ("same",)


def test_lists_and_quantities() -> None:
    typed = parse(["-E", "*.tmp", "--exclude=b/**", "--newer-than", "1d", "--max-size", "2M", "--max-pixels", "1Ki"])
    assert typed.filters == {"exclude": ("*.tmp", "b/**"), "newer_than": 86400.0, "max_size": 2_000_000}
    assert typed.settings == {"max_pixels": 1024}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--rezise", "100"], "unknown flag --rezise; did you mean --resize? See imgbatch run --help"),
        (["--resiz=100"], "unknown flag --resiz; did you mean --resize? See imgbatch run --help"),
        (["--box_blur=1"], "unknown flag --box_blur; did you mean --box-blur? See imgbatch run --help"),
        (["--resize"], "expected a value for --resize, got nothing; see imgbatch run --help"),
        (["--resize", "--blur", "2"], "expected a value for --resize, got --blur; see imgbatch run --help"),
        (["-o", "-n"], "expected a value for -o, got -n; see imgbatch run --help"),
        (["-o"], "expected a value for -o, got nothing; see imgbatch run --help"),
        (["--output="], "expected a folder for --output, got ''; see imgbatch run --help"),
        (["--json=1"], "expected no value for --json, got '1'; see imgbatch run --help"),
        (["-q", "0"], "expected a whole number from 1 to 100 or keep for --quality, got '0'; see imgbatch run --help"),
        (["-f", "wepb"], "unknown format 'wepb'; did you mean 'webp'? See imgbatch run --help"),
        (["--blur", "x"], "expected a number from 0.01 to 250 px for blur sigma, got 'x'; see imgbatch ops blur"),
        (["--blur=1,sigam=2"], "unknown parameter of blur 'sigam'; did you mean 'sigma'? See imgbatch ops blur"),
        (["--flat=maybe"], "expected true or false for --flat, got 'maybe'; see imgbatch run --help"),
        (["--name", "{stm}"], "unknown field of a name template 'stm'; did you mean 'stem'? See imgbatch run --help"),
    ],
)
def test_wrong_words_are_one_line(words: list[str], line: str) -> None:
    assert said("a", *words) == line


def test_no_flag_is_abbreviated() -> None:
    for abbreviated in ("--res", "--over", "--dry", "--qual"):
        assert "unknown flag" in said(abbreviated, "1")


def test_a_recipe_is_not_saved_over_a_picture() -> None:
    assert "ending in .toml" in said("--save-recipe", "photo.jpg")


def test_the_page_names_every_flag_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    page = parser().format_help()
    assert max(len(line) for line in page.splitlines()) <= 100
    for one in run_flags():
        assert all(name in page for name in one.names)
    assert "``" not in page


def test_flags_are_unique() -> None:
    names = [name for one in run_flags() for name in one.names]
    assert len(names) == len(set(names))
