"""How do typed words become values?

``parse`` reads the words of a command into Typed: every word checked by itself, nothing merged or opened yet.
Flags and SRC mix freely, operations keep their order, ``--`` ends the flags. What argparse cannot know is settled
before it is asked: which flags take the next word even if it begins with a dash, and which never take one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any, NoReturn

from imgbatch.cli.flag_table import Command, Flag, run_flags, typed_flags
from imgbatch.cli.help import RUN_ABOUT, RUN_AFTER, RUN_USAGE
from imgbatch.codecs.encoder_options import FORMATS, SAME
from imgbatch.core.errors import UsageError, expected, nearest, unknown
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameters import Switch, fields, from_words
from imgbatch.core.parameters import flag as flag_of
from imgbatch.core.run_settings import Filters, Settings, Telling
from imgbatch.operations import Operation, plugins
from imgbatch.planning.recipe import Output

RUN = Command("run", run_flags, RUN_USAGE, RUN_ABOUT, RUN_AFTER)
_SPELLINGS = {"jpg": "jpeg", "tif": "tiff"}


@frozen
class Typed:
    """What was typed for a command; a table holds only what was said."""

    command: str = "run"
    sources: tuple[str, ...] = ()
    ops: tuple[Operation, ...] = ()
    formats: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    output_fields: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    telling: dict[str, Any] = field(default_factory=dict)
    filters: dict[str, Any] = field(default_factory=dict)
    output: str | None = None
    recipe: str | None = None
    save_recipe: str | None = None
    auto_orient: bool = True
    files_from: str | None = None
    null: bool = False
    dry_run: bool = False
    explain: bool = False
    estimate: bool = False
    json: bool = False
    reports: tuple[str, ...] = ()
    srcset: str | None = None
    stats: str | None = None
    failed_list: str | None = None
    verbose: int = 0
    quiet: bool = False
    progress: bool = True
    help: bool = False
    mode: str = "RGB"
    spill: str | None = None
    weight: str = "pixel"
    plot: str | None = None
    mean_image: str | None = None
    normalize_for: str | None = None
    at: str | None = None
    manager: str = "cron"


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors that are raised, not printed."""

    def error(self, message: str) -> NoReturn:
        match = re.match(r"argument (\S+): (.*)", message)
        if match is None:
            raise UsageError(message)
        if "expected one argument" in match[2]:
            raise UsageError(f"expected a value for {match[1]}, got nothing")
        raise UsageError(f"expected no value for {match[1]}, got {message.rpartition(' ')[2]}")

    def print_help(self, file: Any = None) -> None:
        """As argparse does, which passes over what it cannot write: a help page on a full disk is no success."""
        print(self.format_help(), end="", file=file)


def parser(command: Command = RUN, known: Sequence[Flag] | None = None) -> Parser:
    """The parser of a command; also its help page. `known`: its flags, if not all are needed."""
    flags = command.flags() if known is None else known
    width = min(100, shutil.get_terminal_size((100, 24)).columns)

    def page(prog: str) -> _Page:
        made = _Page(prog, max_help_position=30, width=width)
        made.flags = flags
        return made

    made = Parser(
        prog=f"imgbatch {command.name}",
        usage=command.usage,
        description=command.about,
        epilog=command.after,
        allow_abbrev=False,
        add_help=False,
        formatter_class=page,
    )
    groups: dict[str, Any] = {}
    for flag in flags:
        if flag.group not in groups:
            groups[flag.group] = made.add_argument_group(flag.group)
        told: dict[str, Any] = {"dest": flag.key, "help": flag.help.replace("%", "%%"), "default": None}
        if flag.applies:
            told |= {"action": _Keep, "nargs": 1, "metavar": flag.metavar}
        elif flag.takes == "nothing":
            told |= {"action": "count"}
        else:
            told |= {"action": "append" if flag.many else "store", "metavar": flag.metavar}
        groups[flag.group].add_argument(*flag.names, **told)
    return made


class _Page(argparse.RawDescriptionHelpFormatter):
    """A help page that shows a flag's value once, and after "=" where it only counts there."""

    flags: Sequence[Flag] = ()

    def _format_action_invocation(self, action: argparse.Action) -> str:
        flag = _by_name(action.option_strings[-1], self.flags)
        value = f"[={flag.metavar}]" if flag.takes == "attached" else f" {flag.metavar}"
        return ", ".join(flag.names) + (value if flag.metavar else "")


class _Keep(argparse.Action):
    """Keeps the flag that was typed beside its value: the order of operations matters."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), (option, values[0])])


def parse(words: Sequence[str], command: Command = RUN) -> Typed:
    """The words after the command's name; UsageError (one line, and where to read more) when they make no sense."""
    known = typed_flags(words) if command is RUN else command.flags()
    help_page = f"imgbatch {command.name} --help"
    try:
        flags, after = settled(words, known)
        space, left = parser(command, known).parse_known_args(flags)
        said = {key: value for key, value in vars(space).items() if value is not None}
        if "help" in said:
            return Typed(command.name, help=True)
        _refuse_unknown(left, command)
        ops = []
        for name, text in said.pop("ops", []):
            operation = _by_name(name, known).operation
            help_page = f"imgbatch ops {flag_of(operation)}" if operation else "imgbatch ops"
            ops.append(from_words(operation, text) if operation else plugins.typed(text))
        help_page = f"imgbatch {command.name} --help"
        return _typed(said, [*left, *after], ops, command)
    except UsageError as error:
        told = str(error)
        raise UsageError(f"{told} See {help_page}" if told.endswith("?") else f"{told}; see {help_page}") from None


def settled(words: Sequence[str], flags: Sequence[Flag]) -> tuple[list[str], list[str]]:
    """(words as argparse reads them right, words after ``--``).

    An operation's value is joined to its flag with "=", also when it begins with a dash (``--rotate -90``); a flag
    whose value may only be attached gets an empty one, so that it never takes a SRC for it.
    """
    known = {name: flag for flag in flags for name in flag.names}
    made: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return made, list(rest)
        flag = known.get(word)
        if flag is None:
            made.append(word)
        elif flag.takes == "attached":
            made.append(f"{flag.name}=")
        elif flag.applies:
            value = next(rest, None)
            if value is None or value.startswith("--") or value in known:
                raise UsageError(f"expected a value for {word}, got {'nothing' if value is None else value}")
            made.append(f"{word}={value}")
        else:
            made.append(word)
            if flag.takes == "value":
                made.append(_plain_value(word, rest))
    return made, []


def _plain_value(word: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None or (value.startswith("-") and value != "-"):
        raise UsageError(f"expected a value for {word}, got {'nothing' if value is None else value}")
    return value


def _refuse_unknown(left: Sequence[str], command: Command) -> None:
    for word in left:
        if word.startswith("-") and word != "-":
            name = word.partition("=")[0]
            near = nearest(name, [name for flag in command.flags() for name in flag.names if name.startswith("--")])
            hint = f"; did you mean {near}?" if near else "; for a file of that name, put -- before it"
            raise UsageError(f"unknown flag {name}{hint}")


def _by_name(name: str, flags: Sequence[Flag]) -> Flag:
    return next(flag for flag in flags if name in flag.names)


def _typed(said: dict[str, Any], sources: list[str], ops: list[Operation], command: Command) -> Typed:
    formats: tuple[str, ...] = ()
    if "format" in said:
        formats = _formats(said.pop("format"))
    return Typed(
        command=command.name,
        sources=tuple(sources),
        ops=tuple(ops),
        formats=formats,
        widths=_widths(said["widths"]) if "widths" in said else (),
        output_fields=_read(said, Output),
        settings=_read(said, Settings),
        telling=_read(said, Telling),
        filters={
            **_read(said, Filters),
            **{key: tuple(said[key]) for key in ("include", "exclude") if key in said},
        },
        output=_path(said, "output", command.result),
        recipe=_path(said, "recipe", "a recipe file"),
        save_recipe=_path(said, "save_recipe", "a file name ending in .toml", ".toml"),
        auto_orient="no_auto_orient" not in said,
        files_from=_path(said, "files_from", "a file, or - for stdin"),
        null="null" in said,
        dry_run="dry_run" in said,
        explain="explain" in said,
        estimate="estimate" in said,
        json="json" in said,
        reports=tuple(said.get("report", ())),
        srcset=_path(said, "srcset", "a file name ending in .json", ".json"),
        stats=_path(said, "stats", "a file name ending in .json", ".json"),
        failed_list=_path(said, "failed_list", "a file name"),
        verbose=said.get("verbose", 0),
        quiet="quiet" in said,
        progress="no_progress" not in said,
        mode=said.get("mode", "RGB"),
        spill=_path(said, "spill", "a folder"),
        weight=said.get("weight", "pixel"),
        plot=_path(said, "plot", "a file name ending in .png", ".png"),
        mean_image=_path(said, "mean_image", "a file name ending in .png", ".png"),
        normalize_for=said.get("normalize_for"),
        at=said.get("at"),
        manager=said.get("manager", "cron"),
    )


def _read(said: dict[str, Any], cls: type[Output] | type[Settings] | type[Filters] | type[Telling]) -> dict[str, Any]:
    """The fields of a declaration that were said, each read by its kind."""
    made = {}
    for item in fields(cls):
        if item.default is True and f"no_{item.name}" in said:
            made[item.name] = False
        elif item.name in said and item.name not in ("dir", "format"):
            name = f"--{item.name.replace('_', '-')}"
            word = said[item.name]
            plain = isinstance(item.kind, Switch) and (word == "" or isinstance(word, int))
            made[item.name] = True if plain else item.kind.read(name, word)
    return made


def _formats(word: str) -> tuple[str, ...]:
    made = []
    for part in word.split(","):
        name = part.strip().lower()
        name = _SPELLINGS.get(name, name)
        if name not in (*FORMATS, SAME):
            raise unknown(part, "format", (*FORMATS, SAME))
        if name not in made:
            made.append(name)
    return tuple(made)


def _widths(word: str) -> tuple[int, ...]:
    """The widths in px, each once, in the order in which they were typed."""
    parts = [part.strip().lower().removesuffix("px") for part in word.split(",")]
    if not all(part.isascii() and part.isdecimal() and 1 <= int(part) <= 1_000_000 for part in parts):
        raise expected("widths in px such as 320,640,1280", "--widths", word)
    return tuple(dict.fromkeys(int(part) for part in parts))


def _path(said: dict[str, Any], key: str, what: str, suffix: str = "") -> str | None:
    word = said.get(key)
    if word is None:
        return None
    assert isinstance(word, str)  # stored, not counted
    if not word or "\0" in word or not word.lower().endswith(suffix) or (key == "save_recipe" and os.path.isdir(word)):
        raise expected(what, f"--{key.replace('_', '-')}", word)
    return word
