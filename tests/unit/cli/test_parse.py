"""Do typed words become the values that INTERFACE.md promises, and wrong ones one clear line?"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from imgbatch.cli.arguments import RecipeArguments
from imgbatch.cli.commands.check import CHECK
from imgbatch.cli.commands.history import HISTORY, UNDO
from imgbatch.cli.commands.pack import PACK
from imgbatch.cli.commands.run import RUN, RunArguments
from imgbatch.cli.commands.service.schedule import SCHEDULE
from imgbatch.cli.commands.stats import STATS
from imgbatch.cli.flag import takes_next_word
from imgbatch.cli.flag_table import Command
from imgbatch.cli.manual.help_page import full_page
from imgbatch.cli.parse import parse
from imgbatch.core.errors import UsageError
from imgbatch.core.parameters import flag, from_table
from imgbatch.operations import Operation, all_operations, get_operation
from imgbatch.planning.recipe import Output

COMMANDS: list[Command[Any]] = [RUN, CHECK, STATS, PACK, SCHEDULE, HISTORY, UNDO]
#: Fields that no flag fills: the figures of stats are no lines.
NO_FLAGS = {"stats": {"json_lines"}}


def run_arguments(*words: str) -> RunArguments:
    """The arguments of ``imgbatch run``."""
    arguments = parse(words, RUN)
    assert arguments is not None
    return arguments


def of_recipe(*words: str) -> RecipeArguments:
    """Those that a recipe can say, too."""
    return run_arguments(*words).recipe


def error_line(*words: str) -> str:
    """The error for these words."""
    with pytest.raises(UsageError) as caught:
        parse(words, RUN)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_operations_keep_their_order_and_repeat() -> None:
    typed = run_arguments("a.jpg", "--blur", "2", "--resize", "100", "--flip", "--blur", "1", "b.jpg")
    operations = typed.recipe.operations
    assert [op.word for op in operations] == ["blur", "resize", "flip", "blur"]
    assert operations[0] == get_operation("blur")(2)  # type: ignore[call-arg]  # the list holds the base class
    assert typed.sources.operands == ("a.jpg", "b.jpg")


def test_flags_and_sources_mix() -> None:
    typed = run_arguments("-q", "80", "a", "--flat", "b", "-o", "out", "c", "-f", "webp", "d")
    assert typed.sources.operands == ("a", "b", "c", "d")
    recipe = typed.recipe
    assert (recipe.output, recipe.formats, recipe.settings) == ("out", ("webp",), {"flat": True})
    assert recipe.output_fields == {"quality": 80}


def test_a_value_may_begin_with_a_dash() -> None:
    typed = run_arguments("--rotate", "-90,background=red", "a")
    turned = get_operation("rotate")(-90, "red")  # type: ignore[call-arg]  # the list holds the base class
    assert typed.recipe.operations == (turned,)
    assert typed.sources.operands == ("a",)
    assert of_recipe("--rotate=-45").operations == (get_operation("rotate")(-45),)  # type: ignore[call-arg]  # as above


def test_an_attached_value_never_swallows_a_source() -> None:
    words = ["--trim", "a", "--trim=20", "b", "--grayscale", "c", "--progressive", "d", "--flat", "e", "-p", "f"]
    typed = run_arguments(*words)
    operations = typed.recipe.operations
    assert typed.sources.operands == ("a", "b", "c", "d", "e", "f")
    assert [op.word for op in operations] == ["trim", "trim", "grayscale"]
    assert operations[0] != operations[1]
    assert typed.recipe.output_fields == {"progressive": True, "preserve": True}


def test_two_dashes_end_the_flags() -> None:
    typed = run_arguments("--flip", "--", "--flop", "-x.jpg", "--")
    assert [op.word for op in typed.recipe.operations] == ["flip"]
    assert typed.sources.operands == ("--flop", "-x.jpg", "--")


@pytest.mark.parametrize("operation", all_operations(), ids=lambda operation: operation.word)
def test_every_operation_is_a_flag(operation: type[Operation]) -> None:
    held = get_operation(operation.word)
    words = [f"--{flag(held)}", held.example] if takes_next_word(held) else [f"--{flag(held)}={held.example}"]
    typed = run_arguments("before", *words, "after")
    assert [type(op) for op in typed.recipe.operations] == [held]
    assert typed.sources.operands == ("before", "after")


def test_short_flags_stand_together() -> None:
    typed = run_arguments("-npQvv", "-j4", "-q82", "a")
    assert (typed.dry_run, typed.report.quiet, typed.report.verbose) == (True, True, 2)
    assert typed.recipe.settings == {"workers": 4}
    assert typed.recipe.output_fields == {"preserve": True, "quality": 82}


def test_switches_can_be_turned_off() -> None:
    typed = run_arguments("--flat=false", "--overwrite=yes", "--no-recursive", "a")
    assert typed.recipe.settings == {"flat": False, "overwrite": True}
    assert typed.sources.filters == {"recursive": False}


@pytest.mark.parametrize("words", [["--no-lock", "--lock"], ["--lock", "--no-lock"]])
def test_the_negative_of_a_switch_wins(words: list[str]) -> None:
    assert of_recipe(*words).settings == {"lock": False}


def test_formats_have_usual_spellings_and_may_be_several() -> None:
    assert of_recipe("-f", "jpg,TIF,webp,jpeg").formats == ("jpeg", "tiff", "webp")
    assert of_recipe("--format=same").formats == ("same",)


def test_formats_are_spelled_in_python_and_recipes_as_at_the_shell() -> None:
    for word in ("jpg", "TIF", "heic", "JPEG", "same"):
        assert (from_table(Output, {"format": word}).format,) == of_recipe("-f", word).formats


def test_lists_and_quantities() -> None:
    words = ["-E", "*.tmp", "--exclude=b/**", "--newer-than", "1d", "--max-size", "2M", "--max-pixels", "1Ki"]
    typed = run_arguments(*words)
    assert typed.sources.filters == {"exclude": ("*.tmp", "b/**"), "newer_than": 86400.0, "max_size": 2_000_000}
    assert typed.recipe.settings == {"max_pixels": 1024}


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
    assert error_line("a", *words) == line


def test_no_flag_is_abbreviated() -> None:
    for abbreviated in ("--res", "--over", "--dry", "--qual"):
        assert "unknown flag" in error_line(abbreviated, "1")


def test_a_recipe_is_not_saved_over_a_picture() -> None:
    assert "ending in .toml" in error_line("--save-recipe", "photo.jpg")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_page_names_every_flag_and_fits(command: Command[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    flags = command.flags(all_operations())
    page = full_page(command, flags)
    assert max(len(line) for line in page.splitlines()) <= 100
    for one in flags:
        assert all(name in page for name in one.names)
    assert "``" not in page


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_flags_are_unique(command: Command[Any]) -> None:
    names = [name for one in command.flags(all_operations()) for name in one.names]
    assert len(names) == len(set(names))


def fields_of(arguments: type[Any]) -> list[str]:
    """The fields of a class of arguments, with those of its parts."""
    names = []
    for item in dataclasses.fields(arguments):
        part: Any = item.default_factory
        names += fields_of(part) if dataclasses.is_dataclass(part) else [item.name]  # type: ignore[arg-type]  # a class
    return names


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_flag_fills_a_field_of_its_command_and_every_field_has_a_flag(command: Command[Any]) -> None:
    fields = fields_of(command.arguments)
    assert len(fields) == len(set(fields))
    filled = {one.field for one in command.flags(all_operations())} - {"help"}
    assert filled | {"operands"} == set(fields) - NO_FLAGS.get(command.name, set())


def test_a_text_whose_quotes_the_shell_took_is_not_cut_in_silence() -> None:
    """2026 would be the size of the text, over half of the picture."""
    for value in ("© Me, 2026", "© Me, 2026,opacity=0.5"):
        line = error_line("--text", value)
        assert """type --text '"© Me, 2026\"""" in line and "or size=2026" in line
    for value in ('"© Me, 2026",opacity=0.5', "© Me,4%", "© Me,size=2026"):
        assert len(of_recipe("--text", value).operations) == 1
