"""Does every command have its function, and do the words that need no workers name flags?"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

from imgbatch.cli.commands.check import CHECK, VERIFY
from imgbatch.cli.commands.pack import PACK
from imgbatch.cli.commands.run import RUN
from imgbatch.cli.commands.service.watch import WATCH
from imgbatch.cli.commands.stats import STATS
from imgbatch.cli.commands.views.dupes import DUPES
from imgbatch.cli.commands.views.sheet import SHEET
from imgbatch.cli.dispatch import COMMANDS, IDLE, IDLE_PAIRS, WITH_WORKERS
from imgbatch.cli.flag_table import Command
from imgbatch.cli.parse import parse

PARALLEL: list[Command[Any]] = [RUN, WATCH, CHECK, VERIFY, STATS, DUPES, SHEET, PACK]
NAMES = {name: flag for command in PARALLEL for flag in command.flags([]) for name in flag.names}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_a_function_of_its_module(command: str) -> None:
    function = getattr(importlib.import_module(f"imgbatch.cli.commands.{COMMANDS[command]}"), command)
    assert inspect.isfunction(function) and list(inspect.signature(function).parameters) == ["words"]


def test_the_commands_with_workers_are_those_that_have_a_flag_for_them() -> None:
    assert [command.name for command in PARALLEL] == list(WITH_WORKERS)
    for command in PARALLEL:
        assert any("--workers" in flag.names for flag in command.flags([]))


@pytest.mark.parametrize("word", sorted(IDLE) + [" ".join(pair) for pair in sorted(IDLE_PAIRS)])
def test_every_word_that_needs_no_workers_is_a_flag_that_says_so(word: str) -> None:
    name = next(name for name in sorted(NAMES, key=len, reverse=True) if word.startswith(name))
    rest = word.removeprefix(name)
    assert rest in ("", "0", "=0", " 0") and bool(rest) is (NAMES[name].takes == "value")
    if rest:
        arguments = parse(["a.jpg", *word.split()], CHECK)
        assert arguments is not None and arguments.settings["workers"] == 0


def test_all_names_of_a_flag_that_needs_no_workers_are_there() -> None:
    for word in IDLE:
        if "0" not in word:
            assert set(NAMES[word].names) <= IDLE
