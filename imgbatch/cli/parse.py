"""Parser: how do typed words become a command's arguments?

``parse`` reads the words after a command's name into the frozen dataclass of that command: every word is checked by
itself, nothing is merged or opened yet. The flag table says which field each flag fills. Flags and SRC mix freely,
operations keep their order, ``--`` ends the flags. What argparse cannot know is decided before it is asked: which flags
take the next word even if it begins with a dash, and which never take one.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from imgbatch import operations
from imgbatch.cli.flag import Flag
from imgbatch.cli.flag_table import Command
from imgbatch.core.errors import UsageError, nearest
from imgbatch.core.parameters import flag as flag_of
from imgbatch.core.parameters import from_words
from imgbatch.operations import Operation

A = TypeVar("A")
#: What asks for a help page instead.
HELP_FLAGS = frozenset({"-h", "--help", "--help-all"})
#: Letters together, too, and a value that is attached to a letter: -npQ, -oout.
_CUT_TEXT = re.compile(r'[^",=]+, +(\d[\d.]*)(?:%|px)?(?:,|$)')
_LONG_WITH_ONE_DASH = re.compile(r"-[A-Za-z][A-Za-z_-]{3,}(?:$|=)")


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors that are raised, not printed."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found wrong, in our words."""
        match = re.match(r"argument (\S+): (.*)", message)
        if match is None:
            raise UsageError(message)
        if "expected one argument" in match[2]:
            raise UsageError(f"expected a value for {match[1]}, got nothing")
        raise UsageError(f"expected no value for {match[1]}, got {message.rpartition(' ')[2]}")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if "--" in arg_strings:  # --resize=--: argparse takes it for the end of the flags, and leaves an empty list
            raise UsageError(f"expected a value for {action.option_strings[-1]}, got --")
        return super()._get_values(action, arg_strings)


def parser(command: Command[Any], flags: Sequence[Flag]) -> Parser:
    """The parser of a command, with some or all of its flags."""
    result = Parser(
        prog=f"imgbatch {command.name}",
        usage=command.usage.replace("%", "%%"),
        description=command.about,
        epilog=command.after,
        allow_abbrev=False,
        add_help=False,
    )
    groups: dict[str, Any] = {}
    for flag in flags:
        if flag.group not in groups:
            groups[flag.group] = result.add_argument_group(flag.group)
        options: dict[str, Any] = {"dest": _dest(flag), "help": flag.help.replace("%", "%%"), "default": None}
        if flag.is_operation:
            options |= {"action": _AppendPair, "nargs": 1, "metavar": flag.metavar}
        elif flag.takes == "nothing":
            options |= {"action": "count"}
        else:
            options |= {"action": "append" if flag.many else "store", "metavar": flag.metavar}
        groups[flag.group].add_argument(*flag.names, **options)
    return result


def print_help(command: Command[Any], words: Sequence[str]) -> int:
    """Print the help page that `words`, typed after the command's name, ask for; the exit code."""
    from imgbatch.cli.manual import help_page  # only where one is asked for

    print(help_page.page(command, words), end="")
    return 0


class _AppendPair(argparse.Action):
    """Keeps the flag that was typed beside its value: the order of operations matters."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), (option, values[0])])


def parse(words: Sequence[str], command: Command[A]) -> A | None:
    """The arguments of a command.

    Parameters
    ----------
    words : sequence of str
        What was typed after the command's name.
    command : Command
        Says which flags there are, and what the arguments are.

    Returns
    -------
    The command's arguments, or None: its help page is asked for.

    Raises
    ------
    UsageError
        The words make no sense; one line, which says where to read more.
    """
    if HELP_FLAGS.intersection(words[: words.index("--")] if "--" in words else words):
        return None  # whatever else there is: no flag takes one of these for its value
    flags = command.flags(_operations(words))
    help_page = f"imgbatch {command.name} --help"
    try:
        _refuse_foreign((word for word in words if _LONG_WITH_ONE_DASH.match(word)), words, command)
        before, after = argparse_words(words, flags)
        space, other_words = parser(command, flags).parse_known_args(before)
        raw_values = {key: value for key, value in vars(space).items() if value is not None}
        if "--help" in raw_values:
            return None
        _refuse_unknown(other_words, command)
        _refuse_foreign((word for word in other_words if word.isalpha() or word[:1] == "+"), words, command)
        values: dict[str, Any] = {"operands": (*other_words, *after), "operations": ()}
        for name, text in raw_values.pop("operations", []):
            operation = _by_name(name, flags).operation
            own = "imgbatch help own-operations" if ".py" in text else "imgbatch ops"
            help_page = f"imgbatch ops {flag_of(operation)}" if operation else own
            if operation and operation.word == "text":
                _refuse_cut_text(text)
            one = from_words(operation, text) if operation else _parse_custom(text, _values(raw_values, flags))
            values["operations"] += (one,)
        help_page = f"imgbatch {command.name} --help"
        return fill(command.arguments, values | _values(raw_values, flags))
    except UsageError as error:
        line = _suggestion(words, command) or str(error)
        raise UsageError(_refer(line, help_page)) from None


def _refuse_cut_text(value: str) -> None:
    """UsageError for ``--text "Me, 2026"``, whose quotes the shell has taken: 2026 would be the size of "Me"."""
    if match := _CUT_TEXT.match(value):
        text, number = match[0].rstrip(","), match[1]
        quotes = shlex.quote(f'"{text}"{value[len(text) :]}')
        raise UsageError(
            f"expected double quotes around a text with a comma, got {text!r}; type --text {quotes}, or size={number}"
        )


def _refer(line: str, help_page: str) -> str:
    """A line that leads on to a page."""
    return f"{line} See {help_page}" if line.endswith(("?", "?)")) else f"{line}; see {help_page}"


def _refuse_foreign(candidates: Iterable[str], words: Sequence[str], command: Command[Any]) -> None:
    """UsageError for words of other tools that could be read as ours, or as a SRC that is not there.

    ``-resize`` is ``-r esize``, ``-normalize`` is ``-n -o rmalize``, and sharp-cli has ``resize 800``.
    """
    for word in candidates:
        if not word.startswith("-") and os.path.lexists(word):
            continue
        from imgbatch.cli.mistakes.suggestion import is_foreign

        if is_foreign(word, command.flags(_operations([f"--{word.lstrip('-')}"]))):
            line = _suggestion(words, command)
            if line is not None:
                raise UsageError(line)


def _suggestion(words: Sequence[str], command: Command[Any]) -> str | None:
    """What to type instead of words of other tools; None where there are none."""
    from imgbatch.cli.mistakes.suggestion import suggestion  # only where something is wrong

    return suggestion(words, command.flags(operations.all_operations()))


def _parse_custom(text: str, values: Mapping[str, Any]) -> Operation:
    from imgbatch.cli.precedence import is_untrusted
    from imgbatch.operations import plugins  # only --op needs them

    allow_files = not is_untrusted(values.get("settings", {}), values.get("recipe_file"))
    return plugins.parse_operation(text, allow_files)


def _operations(words: Sequence[str]) -> list[type[Operation]]:
    """The operations among the words: no other has to be loaded."""
    names = dict.fromkeys(word.partition("=")[0][2:] for word in words if word.startswith("--"))
    return [operation for name in names if (operation := operations.find_operation(name)) is not None]


def _values(raw_values: Mapping[str, Any], flags: Sequence[Flag]) -> dict[str, Any]:
    """What the flags that were typed fill in, by the names of the fields."""
    values: dict[str, Any] = {}
    for flag in flags:
        if _dest(flag) not in raw_values:
            continue
        value = _value(flag, raw_values[_dest(flag)])
        if flag.key:
            values.setdefault(flag.field, {})[flag.key] = value
        else:
            values[flag.field] = value
    return values


def _value(flag: Flag, raw: Any) -> Any:
    """The value of a flag: `raw` is how often it was there, its word, or all its words."""
    if flag.takes == "nothing":
        return raw if flag.many else flag.value
    if flag.many:
        return tuple(raw if flag.read is None else [flag.read(flag.name, word) for word in raw])
    if flag.takes == "attached" and not raw:
        return flag.value
    return raw if flag.read is None else flag.read(flag.name, raw)


def fill(arguments: type[A], values: Mapping[str, Any]) -> A:
    """An instance of a class of arguments and of its parts; a field without a value has its default."""
    fields = {}
    for item in dataclasses.fields(arguments):  # type: ignore[arg-type]  # every class of arguments is a dataclass
        part: Any = item.default_factory
        if isinstance(part, type) and dataclasses.is_dataclass(part):
            fields[item.name] = fill(part, values)
        elif item.name in values:
            fields[item.name] = values[item.name]
    return arguments(**fields)


def _dest(flag: Flag) -> str:
    """Where argparse keeps what was typed: all operations in one list, every other flag by itself."""
    return flag.field if flag.is_operation else flag.name


def argparse_words(words: Sequence[str], flags: Sequence[Flag]) -> tuple[list[str], list[str]]:
    """(words as argparse reads them right, words after ``--``).

    An operation's value is joined to its flag with "=", also when it begins with a dash (``--rotate -90``); a flag
    whose value may only be attached gets an empty one, so that it never takes a SRC for it.
    """
    by_name = {name: flag for flag in flags for name in flag.names}
    before: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return before, list(rest)
        flag = by_name.get(word)
        if flag is None:
            before.append(word)
        elif flag.takes == "attached":
            before.append(f"{flag.name}=")
        elif flag.is_operation:
            value = next(rest, None)
            if value is None or value.startswith("--") or value in by_name:
                raise UsageError(f"expected a value for {word}, got {'nothing' if value is None else value}")
            before.append(f"{word}={value}")
        else:
            before.append(word)
            if flag.takes == "value":
                before.append(_plain_value(word, rest))
    return before, []


def _plain_value(word: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None or (value.startswith("-") and value != "-"):
        raise UsageError(f"expected a value for {word}, got {'nothing' if value is None else value}")
    return value


def _refuse_unknown(words: Sequence[str], command: Command[Any]) -> None:
    for word in words:
        if word.startswith("-") and word != "-":
            name = word.partition("=")[0]
            if name in command.refusals:
                raise UsageError(f"expected a {command.name} without {name}, got it: {command.refusals[name]}")
            flags = command.flags(operations.all_operations())
            near = nearest(name, [name for flag in flags for name in flag.names if name.startswith("--")])
            hint = f"; did you mean {near}?" if near else "; for a file of that name, put -- before it"
            raise UsageError(f"unknown flag {name}{hint}")


def _by_name(name: str, flags: Sequence[Flag]) -> Flag:
    return next(flag for flag in flags if name in flag.names)
