"""Vocabulary: which words may stand where on a command line? From the declarations, for the scripts of all shells.

Nothing here is asked when Tab is pressed: a script holds the answers, so that no Python has to start.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections import Counter
from collections.abc import Collection
from typing import Any, Literal

from imgbatch import operations
from imgbatch.cli.commands.guide.completion import SHELLS
from imgbatch.cli.dispatch import COMMANDS
from imgbatch.cli.flag import Flag, takes_next_word
from imgbatch.cli.flag_table import Command
from imgbatch.cli.manual.command_pages import MAIN
from imgbatch.cli.manual.pages import topics
from imgbatch.codecs.encoder_options import SAME
from imgbatch.codecs.metadata.labels.label_words import WORDS as LABELS
from imgbatch.codecs.metadata.words import BLOCKS
from imgbatch.codecs.registry import WRITTEN
from imgbatch.core.file_parameter import File
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Choice, Switch
from imgbatch.core.parameters import Parameter, flag, parameters
from imgbatch.executors.registry import EXECUTORS
from imgbatch.operations import Operation, plugins

#: Where the words come from. nothing: no value can be offered; words: one of them; list: several, with commas between;
#: files and folders: those of the disk, beside the words; recipes: files, and presets by name; operation: what may be
#: said of the operation that is the only word.
Origin = Literal["nothing", "words", "list", "files", "folders", "recipes", "operation"]
#: In the metavar of a flag, what stands for other values; any other alternative is a word to be typed.
_PLACEHOLDERS = frozenset({"N", "X", "P%", "I/N"})


@frozen
class Completions:
    """What may stand in one place: the words that are known, and where others come from."""

    origin: Origin = "nothing"
    words: tuple[str, ...] = ()


@frozen
class ParameterEntry:
    """One parameter of an operation; of a switch the bare name says true."""

    name: str
    help: str
    is_switch: bool
    values: Completions


@frozen
class OperationEntry:
    """An operation: what comes first in its value (all that may, if `is_optional`), and what can follow a comma."""

    name: str
    parameters: tuple[ParameterEntry, ...]
    is_optional: bool


@frozen
class FlagEntry:
    """A flag of a command; `values` is None where it takes none."""

    names: tuple[str, ...]
    help: str
    metavar: str
    values: Completions | None
    is_attached: bool
    is_repeatable: bool


@frozen
class CommandEntry:
    """A command: what it does, its flags, and what stands there without one."""

    name: str
    summary: str
    flags: tuple[FlagEntry, ...]
    operands: Completions


@frozen
class Vocabulary:
    """All that can be typed."""

    commands: tuple[CommandEntry, ...]
    operations: tuple[OperationEntry, ...]


_SOURCES, _FOLDER, _RECIPE = Completions("files"), Completions("folders"), Completions("recipes")
_OPERANDS = {
    **dict.fromkeys(("run", "check", "stats", "dupes", "sheet", "pack", "watch"), _SOURCES),
    **dict.fromkeys(("verify", "history", "undo", "merge"), _FOLDER),
    "schedule": _RECIPE,
    "ops": Completions("files", tuple(flag(one) for one in operations.all_operations())),
    "formats": Completions(),
    "init": Completions("files"),
    "recipes": Completions(),
    "completion": Completions("words", SHELLS),
    "help": Completions("words", tuple(dict.fromkeys([*topics(), *COMMANDS, *map(flag, operations.all_operations())]))),
}
#: Flags whose words stand in no declaration of theirs.
_VALUES = {
    "--format": Completions("list", (*WRITTEN, SAME)),
    "--strip": Completions("list", BLOCKS),
    "--keep": Completions("list", BLOCKS[1:]),
    "--set": Completions("words", tuple(f"{word}=" for word in LABELS)),
    "--executor": Completions("words", tuple(name for name in EXECUTORS if name != "futures")),
    "--recipe": _RECIPE,
    "--log": Completions("files", ("syslog",)),
}
_HELP = FlagEntry(("-h", "--help"), "this page", "", None, is_attached=False, is_repeatable=False)
#: The flags of commands that have no table of them.
_FLAGS = {
    "help": (
        FlagEntry(
            ("--markdown",), "write the pages as Markdown", "DIR", _FOLDER, is_attached=False, is_repeatable=False
        ),
        FlagEntry(("--man",), "print a page for man", "", None, is_attached=False, is_repeatable=False),
        _HELP,
    ),
    "recipes": (
        FlagEntry(("--json",), "print JSON objects", "", None, is_attached=False, is_repeatable=False),
        _HELP,
    ),
}


def vocabulary() -> Vocabulary:
    """All that can be typed here, operations of installed packages too."""
    commands = tuple(_command(name, summary) for name, summary in summaries().items())
    return Vocabulary(commands, tuple(map(_operation, operations.all_operations())))


def summaries() -> dict[str, str]:
    """What each command does, as the general page says it; commands in its order."""
    lines = re.findall(r"^  (\w+)(?: \S+)*? {2,}(\S.*)$", MAIN, flags=re.MULTILINE)
    result: dict[str, str] = {}
    for name, summary in lines:
        if name in COMMANDS:
            result.setdefault(name, summary)
    return result


def _command(name: str, summary: str) -> CommandEntry:
    module = importlib.import_module(f"imgbatch.cli.commands.{COMMANDS[name]}")
    command: Command[Any] | None = getattr(module, name.upper(), None)
    flags = command.flags(operations.all_operations()) if isinstance(command, Command) else ()
    return CommandEntry(name, summary, tuple(map(_flag, flags)) or _FLAGS.get(name, (_HELP,)), _OPERANDS[name])


def _flag(one: Flag) -> FlagEntry:
    takes_none = one.takes == "nothing" or (one.operation is not None and not parameters(one.operation))
    values = None if takes_none else _values(one)
    return FlagEntry(
        one.names, _short(one.help), one.metavar or "true|false", values, one.takes == "attached", one.many
    )


def _short(text: str) -> str:
    """A help text without what only a page has room for."""
    short = re.split(r"; | \(also: | \(repeatable\)|: (?=out = )", text)[0]
    return short if short.count("(") == short.count(")") else short.rpartition(" (")[0]


def _values(one: Flag) -> Completions:
    if one.operation is not None:
        return Completions("operation", (flag(one.operation),))
    if one.name == "--op":
        return Completions("files", tuple(name for name, _ in plugins.others()))
    if one.name in _VALUES:
        return _VALUES[one.name]
    if one.takes == "attached":
        return Completions("words", ("true", "false"))
    if one.metavar == "DIR":
        return _FOLDER
    if one.metavar.startswith(("FILE", "OUT.", "GLOB", "FONT")):
        return Completions("files")
    return _alternatives(one.metavar)


def _alternatives(metavar: str) -> Completions:
    """The words in a metavar: ``N|auto`` has one, ``keep|8|16`` has three, SIZE has none."""
    words = metavar.split("|") if "|" in metavar or metavar.islower() else []
    words = [word for word in words if word not in _PLACEHOLDERS]
    return Completions("words", tuple(words)) if words else Completions()


def _operation(operation: type[Operation]) -> OperationEntry:
    entries = tuple(map(_parameter, parameters(operation)))
    return OperationEntry(flag(operation), entries, not takes_next_word(operation))


def _parameter(one: Parameter) -> ParameterEntry:
    values = Completions()
    is_true = isinstance(one.kind, Switch)
    if isinstance(one.kind, Choice):
        values = Completions("words", one.kind.words)
    elif is_true:
        values = Completions("words", ("true", "false"))
    elif isinstance(one.kind, File):
        values = Completions("files")
    return ParameterEntry(one.name, _short(one.help), is_true and one.default is False, values)


def flag_groups(commands: Collection[CommandEntry]) -> list[tuple[tuple[str, ...], FlagEntry]]:
    """Every flag that takes a value, each once for all commands in which it takes the same one.

    Of a flag that takes the same wherever it is, the commands are ``("*",)``: most flags of ``run`` are others' too.
    """
    users: dict[FlagEntry, list[str]] = {}
    every: Counter[str] = Counter()
    for command in commands:
        for one in command.flags:
            every[one.names[-1]] += 1
            if one.values is not None:
                users.setdefault(dataclasses.replace(one, help="", metavar=""), []).append(command.name)
    return [(("*",) if len(names) == every[one.names[-1]] else tuple(names), one) for one, names in users.items()]
