"""Is the help that is asked for first short, is all of it there with --help-all, and is one flag found by its name?"""

from __future__ import annotations

from typing import Any

import pytest

from imgbatch.cli.commands.check import CHECK, VERIFY
from imgbatch.cli.commands.history import HISTORY, UNDO
from imgbatch.cli.commands.merge import MERGE
from imgbatch.cli.commands.pack import PACK
from imgbatch.cli.commands.run import RUN
from imgbatch.cli.commands.service.schedule import SCHEDULE
from imgbatch.cli.commands.service.watch import WATCH
from imgbatch.cli.commands.stats import STATS
from imgbatch.cli.commands.views.dupes import DUPES
from imgbatch.cli.commands.views.sheet import SHEET
from imgbatch.cli.flag_table import Command
from imgbatch.cli.manual.help_page import page
from imgbatch.cli.parse import parse
from imgbatch.core.errors import UsageError
from imgbatch.core.parameters import flag as flag_of
from imgbatch.operations import Operation, all_operations

COMMANDS: list[Command[Any]] = [
    RUN, WATCH, PACK, SHEET, STATS, DUPES, CHECK, VERIFY, HISTORY, UNDO, MERGE, SCHEDULE,
]  # fmt: skip
LONG = [RUN, WATCH, PACK, SHEET, STATS]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_has_at_most_sixty_lines(command: Command[Any]) -> None:
    lines = page(command, ["--help"]).splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_all_has_every_flag_and_its_whole_text(command: Command[Any]) -> None:
    text = page(command, ["--help-all"])
    words = " ".join(text.split())
    for one in command.flags(all_operations()):
        assert f"  {one.spelling}" in text
        assert " ".join(one.help.split()) in words
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("command", LONG, ids=lambda command: command.name)
def test_a_short_page_has_what_is_declared_for_it_and_leads_on(command: Command[Any]) -> None:
    text = page(command, ["photos", "-h"])
    assert f"imgbatch {command.name} --help-all" in text
    for one in command.flags(all_operations()):
        start = " " if one.is_operation else "\n  "
        ends = (" ", "\n")
        assert any(f"{start}{one.spelling}{end}" in text for end in ends) == (one.brief is not None), one.spelling
        if not one.is_operation and one.brief is not None:
            assert (one.brief or one.help).split()[0] in text


def test_groups_are_tasks() -> None:
    lines = page(RUN, ["--help"]).splitlines()
    titles = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert titles[0].startswith("operations")
    assert titles[1:] == ["output:", "metadata:", "sources:", "running:", "existing files:", "reports:"]
    at = {title: lines.index(title) for title in titles}
    strip = next(index for index, line in enumerate(lines) if line.startswith("  --strip"))
    assert at["metadata:"] < strip < at["sources:"]


@pytest.mark.parametrize("operation", all_operations(), ids=lambda operation: operation.word)
def test_help_of_an_operation_is_its_page(operation: type[Operation]) -> None:
    name = flag_of(operation)
    assert page(RUN, ["--help", name]).startswith(f"{name} ({operation.group})\n")
    assert page(STATS, ["photos", "--help", f"--{name}"]) == page(RUN, ["--help", name])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--help", "quality"], ["-q, --quality N|keep", "a whole number from 1 to 100 or keep", "imgbatch.Output("]),
        (["--help", "--quality"], ["-q, --quality N|keep", "quality in [[output]]"]),
        (["--help", "-q"], ["-q, --quality N|keep"]),
        (["-q", "--help"], ["-q, --quality N|keep"]),
        (["-h", "max_pixels"], ["--max-pixels SIZE", "IMGBATCH_MAX_PIXELS", "max_pixels in [run]"]),
        (["--help", "trust-state"], ["IMGBATCH_TRUST_STATE"]),
        (["photos", "--help", "newer-than"], ["--newer-than TIME", "newer_than in [input]"]),
    ],
)
def test_help_of_a_flag_is_short_and_names_its_other_places(words: list[str], said: list[str]) -> None:
    text = page(RUN, words)
    assert text.count("\n") <= 10
    assert all(part in text for part in said)


def test_what_no_recipe_may_say_is_not_named_for_one() -> None:
    assert "in a recipe" not in page(RUN, ["--help", "trust-state"])


@pytest.mark.parametrize("words", [["--help", "qualty"], ["--help", "--qualty"]])
def test_help_of_nothing_says_what_is_near(words: list[str]) -> None:
    with pytest.raises(UsageError, match="unknown flag or operation '(--)?qualty'; did you mean 'quality'"):
        page(RUN, words)


@pytest.mark.parametrize(
    "words",
    [["photos", "-o", "out", "--help"], ["--help", "a", "b"], ["--help", "tests"], ["--resize", "--help", "-o", "x"]],
)
def test_words_of_a_run_are_no_topic(words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse(words, RUN) is None
    assert page(RUN, words) == page(RUN, ["--help"])


def test_help_after_two_dashes_is_a_file() -> None:
    arguments = parse(["--", "--help", "--help-all"], RUN)
    assert arguments is not None and arguments.sources.operands == ("--help", "--help-all")
