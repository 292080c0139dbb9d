"""Man page: what does ``man imgbatch`` show? roff, made of the declarations and the texts of the help pages."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from imgbatch.cli.dispatch import COMMANDS
from imgbatch.cli.flag import Flag
from imgbatch.cli.flag_table import Command, run_flags
from imgbatch.cli.manual.blocks.exit_codes import meaning_of
from imgbatch.cli.manual.command_pages import MAIN
from imgbatch.core.report import ExitCode
from imgbatch.core.version import VERSION
from imgbatch.operations import all_operations

_PLACES = """\
Running flags can be set as IMGBATCH_WORKERS, IMGBATCH_MAX_PIXELS, ... A flag wins over the environment, that over a
recipe. Presets lie in $XDG_CONFIG_HOME/imgbatch, else ~/.config/imgbatch; the ledger of an output folder in its
folder .imgbatch, unless --state says otherwise."""


def man_page() -> str:
    """The page, for ``man -l``."""
    operations = all_operations()
    flags = run_flags(operations)
    names = {flag.name for flag in flags}
    lines = [
        f'.TH IMGBATCH 1 "" "imgbatch {VERSION}" "User Commands"',
        *_section("NAME"),
        r"imgbatch \- resize, filter and convert folders of images",
        *_section("SYNOPSIS"),
        r".B imgbatch",
        _text("COMMAND ..."),
        *_section("DESCRIPTION"),
        *_verbatim(MAIN.partition("\n\n")[2]),
    ]
    for name in COMMANDS:
        command = _command(name)
        if command is None:
            continue
        lines += _section(f"imgbatch {name}")
        lines += [*_verbatim(command.usage), ".PP", *_lines(command.about), ".PP"]
        own = command.flags(operations) if name != "run" else flags
        lines += _flags([flag for flag in own if name == "run" or flag.name not in names])
        lines += [".PP", *_lines(command.after)]
        if name != "run":
            common = ", ".join(flag.name for flag in own if flag.name in names and not flag.is_operation)
            lines += [".PP", *_lines(f"As in imgbatch run: {common}.")]
    lines += _section("EXIT STATUS")
    lines += [line for code in ExitCode for line in (".TP", f".B {code.value}", _text(meaning_of(code)))]
    lines += [*_section("ENVIRONMENT AND FILES"), *_lines(_PLACES), *_section("SEE ALSO")]
    lines += _lines("imgbatch help topics lists the pages of the manual, imgbatch ops NAME tells all of an operation.")
    return "\n".join(_with_few_paragraphs(lines)) + "\n"


def _with_few_paragraphs(lines: list[str]) -> Iterator[str]:
    """The lines without the paragraphs that a heading or a tag begins anyway."""
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if line != ".PP" or not (before.startswith((".SH", ".SS", ".PP")) or after.startswith((".SH", ".SS", ".TP"))):
            yield line


def _command(name: str) -> Command[Any] | None:
    """What a command declares; None for one without a table of flags."""
    module = importlib.import_module(f"imgbatch.cli.commands.{COMMANDS[name]}")
    command = getattr(module, name.upper(), None)
    return command if isinstance(command, Command) else None


def _section(title: str) -> list[str]:
    return [f'.SH "{_text(title).upper()}"']


def _flags(flags: list[Flag]) -> Iterator[str]:
    """Each flag with its help, under the headings of the help page."""
    group = ""
    groups = list(dict.fromkeys(flag.group for flag in flags))
    for flag in sorted(flags, key=lambda flag: groups.index(flag.group)):
        if flag.group != group:
            group = flag.group
            yield f'.SS "{_text(group)}"'
        value = f"[={flag.metavar}]" if flag.takes == "attached" else f" {flag.metavar}"
        yield ".TP"
        yield _text(", ".join(flag.names) + (value if flag.metavar else ""))
        yield from _lines(flag.help)


def _verbatim(text: str) -> list[str]:
    return [".PP", ".nf", *map(_text, text.rstrip().split("\n")), ".fi"]


def _lines(text: str) -> list[str]:
    return [_text(line) if line else ".PP" for line in text.split("\n")]


def _text(line: str) -> str:
    """A line of text, in which nothing is a request or an escape."""
    roff = line.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga").replace("^", r"\(ha")
    roff = roff.replace("~", r"\(ti").replace('"', r"\(dq")
    return rf"\&{roff}" if roff.startswith((".", "'")) else roff
