"""Help page: what does ``imgbatch COMMAND --help`` print? What fits two screens, or all, or one flag or operation.

A flag says itself whether it is on the short page (`brief`), and under which heading (`group`): flag_table.py and the
declarations of outputs and settings. Operations are there by their names. A page that is short anyway is shown whole.
"""

from __future__ import annotations

import argparse
import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from imgbatch import operations
from imgbatch.cli.flag import Flag
from imgbatch.cli.flag_table import Command
from imgbatch.cli.parse import HELP_FLAGS, parser
from imgbatch.core.errors import UsageError, nearest
from imgbatch.core.parameter_kinds import Kind

LINES = 60  # of a short page, at the most
WIDTH = 100  # columns
_COLUMN = 27  # where the texts of a short page begin
_NAMES_COLUMN = 18  # where the names of operations begin


def page(command: Command[Any], words: Sequence[str]) -> str:
    """The page that is asked for.

    Parameters
    ----------
    command : Command
    words : sequence of str
        What was typed after its name: ``--help``, ``--help-all``, ``--help resize`` or ``--help --quality`` among it.

    Raises
    ------
    UsageError
        There is neither a flag nor an operation of the name that is asked for.
    """
    flags = command.flags(operations.all_operations())
    topic = _topic(words)
    if topic is not None:
        flag = _find(topic, flags)
        if flag is not None:
            return flag_page(command, flag)
        if topic.startswith("-") or not os.path.lexists(topic):
            raise _unknown(topic, flags)
    full = full_page(command, flags)
    return full if "--help-all" in words or full.count("\n") <= LINES else short_page(command, flags)


def full_page(command: Command[Any], flags: Sequence[Flag]) -> str:
    """All flags of a command with all that is said of them."""

    def formatter(prog: str) -> _Formatter:
        result = _Formatter(prog, max_help_position=30, width=_width())
        result.spellings = {flag.name: flag.spelling for flag in flags}
        return result

    page_parser = parser(command, flags)
    page_parser.formatter_class = formatter
    return page_parser.format_help()


def short_page(command: Command[Any], flags: Sequence[Flag]) -> str:
    """What is needed most: the operations by name, and the flags that have a brief text, by group."""
    sentence = " ".join(command.about.split()).partition(". ")[0].rstrip(".") + "."
    lines = [f"usage: {command.usage}", "", *textwrap.wrap(sentence, _width()), ""]
    common = [flag for flag in flags if flag.brief is not None]
    by_name = [flag for flag in common if flag.is_operation]
    if by_name:
        lines += ["operations, in the order in which they are typed (--resize 1600x1200,fit=cover):"]
        lines += [*_names(by_name), ""]
    for group, members in _groups(flag for flag in common if not flag.is_operation):
        lines.append(f"{group}:")
        for flag in members:
            lines += entry(flag, flag.brief or flag.help, _COLUMN)
        lines.append("")
    this = f"imgbatch {command.name}"
    lines.append(f"All flags: {this} --help-all; one of them: {this} --help {'resize' if by_name else 'workers'}")
    return "\n".join(lines) + "\n"


def flag_page(command: Command[Any], flag: Flag) -> str:
    """All that is to be said of one flag; of an operation its own page."""
    if flag.operation is not None:
        from imgbatch.cli.commands.guide.operations_and_formats import page as operation_page

        return operation_page(flag.operation) + "\n"
    lines = entry(flag, flag.help, _COLUMN)
    kind = getattr(flag.read, "__self__", None)
    if flag.takes != "nothing" and isinstance(kind, Kind):  # of a flag that is made from a declaration
        lines += _wrap("value", kind.describe().rstrip(","))
    lines += [line for title, text in _places(flag) for line in _wrap(title, text)]
    return "\n".join([f"imgbatch {command.name}, {flag.group}", "", *lines]) + "\n"


def entry(flag: Flag, text: str, column: int) -> list[str]:
    """The lines of one flag.

    Parameters
    ----------
    flag : Flag
        How it is typed comes first.
    text : str
        What is said of it.
    column : int
        Where that begins, in characters from the left.
    """
    head = f"  {flag.spelling}"
    lines = textwrap.wrap(text, _width() - column)
    if len(head) + 2 > column:
        return [head, *(" " * column + line for line in lines)]
    return [head.ljust(column) + lines[0], *(" " * column + line for line in lines[1:])]


def _wrap(title: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, _width(), initial_indent=f"  {title}:".ljust(_COLUMN), subsequent_indent=" " * _COLUMN,
        break_long_words=False,
    )  # fmt: skip


def _places(flag: Flag) -> Iterator[tuple[str, str]]:
    """Where else what a flag says can be said: in a recipe, in Python, in the environment."""
    from imgbatch.cli.precedence import NOT_IN_RECIPES

    name = flag.key
    recipe = {"output_fields": "[[output]]", "filters": "[input]", "settings": "[run]", "unattended_settings": "[run]"}
    if name and flag.field in recipe and name not in NOT_IN_RECIPES:
        yield "in a recipe", f"{name} in {recipe[flag.field]}"
    if name and flag.field == "output_fields":
        yield "in Python", f"imgbatch.Output({name}=...)"
    elif name and flag.field in ("settings", "filters"):
        yield "in Python", f"imgbatch.run(..., {name}=...)"
    if name and flag.field in ("settings", "unattended_settings"):
        yield "in the environment", f"IMGBATCH_{name.upper()}"


def _names(flags: Iterable[Flag]) -> Iterator[str]:
    """Operations by group, with nothing but what is typed."""
    for group, members in _groups(flags):
        words = "\0".join(flag.spelling.replace(" ", "\1") for flag in members)  # no line ends inside of one
        lines = textwrap.wrap(
            words.replace("\0", " "), _width(), initial_indent=f"  {group}".ljust(_NAMES_COLUMN),
            subsequent_indent=" " * _NAMES_COLUMN, break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        yield from (line.replace("\1", " ") for line in lines)


def _groups(flags: Iterable[Flag]) -> list[tuple[str, list[Flag]]]:
    """The flags under their headings, these in the order in which they first come."""
    groups: dict[str, list[Flag]] = {}
    for flag in flags:
        groups.setdefault(flag.group, []).append(flag)
    return list(groups.items())


def _topic(words: Sequence[str]) -> str | None:
    """The one word after ``--help``, or the flag that is alone before it."""
    place = next((index for index, word in enumerate(words) if word in HELP_FLAGS), None)
    if place is None or words[place] == "--help-all":
        return None
    if len(words) == place + 2:
        return words[-1]
    return words[0] if place == 1 == len(words) - 1 and words[0].startswith("-") else None


def _find(topic: str, flags: Iterable[Flag]) -> Flag | None:
    """The flag that a word means, with its dashes or without."""
    word = topic.partition("=")[0]
    name = f"--{word.lstrip('-').replace('_', '-')}"
    return next((flag for flag in flags if word in flag.names or name in flag.names), None)


def _unknown(topic: str, flags: Iterable[Flag]) -> UsageError:
    near = nearest(topic.strip("-"), [name.strip("-") for flag in flags for name in flag.names if len(name) > 2])
    hint = f"did you mean {near!r}?" if near else "--help-all lists all flags"
    return UsageError(f"unknown flag or operation {topic!r}; {hint}")


def _width() -> int:
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """A full page that shows a flag's value once, and after "=" where it only counts there."""

    spellings: dict[str, str] = {}

    def _format_action_invocation(self, action: argparse.Action) -> str:
        return self.spellings[action.option_strings[-1]]
