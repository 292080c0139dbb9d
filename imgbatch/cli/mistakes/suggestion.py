"""Suggestion: what should have been typed instead of another tool's words? One sentence for all of them together."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise

from imgbatch.cli.flag import Flag
from imgbatch.cli.mistakes.habit import Habit
from imgbatch.cli.mistakes.habits import HABITS
from imgbatch.core.frozen_dataclass import frozen

_FLAG = re.compile(r"-{1,2}[A-Za-z]")
_LONG = 5  # characters of a long flag with one dash: -flat


@frozen
class _Use:
    """A habit as it was typed: the words, and what belongs to them as a value."""

    words: tuple[str, ...]
    value: str
    habit: Habit


def suggestion(words: Sequence[str], flags: Sequence[Flag]) -> str | None:
    """What to type instead, in one sentence; None where no word is known of another tool.

    Parameters
    ----------
    words : sequence of str
        What was typed after the command's name.
    flags : sequence of Flag
        All that this command has.
    """
    by_name = {name: flag for flag in flags for name in flag.names}
    uses = [(use, part) for use in _uses(words, flags, by_name) if (part := _part(use, by_name)) is not None]
    if not uses:
        return None
    parts = [part for use, part in uses if part and not use.habit.adds]
    for use, _ in uses:
        if use.habit.adds:
            _add(use, parts, words)
    parts = [part for part in dict.fromkeys(parts) if not any(other.startswith(f"{part}=") for other in parts)]
    original = " ".join(shlex.join(use.words) for use, _ in uses)
    reasons = dict.fromkeys(reason for use, part in uses if (reason := _reason(use, part, len(uses) == 1)))
    if parts:
        return " ".join([f"{original}: did you mean {' '.join(parts)}?", *map(_capital, reasons)])
    return f"{original}: {'; '.join(reasons)}"


def _reason(use: _Use, part: str, is_alone: bool) -> str:
    """Why nothing is to be typed, or what else is worth knowing; "" where there is nothing."""
    habit = use.habit
    if part:
        return habit.number if habit.number and use.value.isdecimal() else habit.why
    return f"leave {'it' if is_alone else use.words[0]} out: {habit.why}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def is_foreign(word: str, flags: Sequence[Flag]) -> bool:
    """Whether a word that is no SRC may be another tool's, or a long name of ours with fewer dashes than two."""
    name = word.partition("=")[0]
    return name in HABITS or name.lower() in HABITS or _with_fewer_dashes(name, flags) is not None


def _uses(words: Sequence[str], flags: Sequence[Flag], by_name: Mapping[str, Flag]) -> list[_Use]:
    uses = []
    place = 0
    while place < len(words) and words[place] != "--":
        word, following = words[place], words[place + 1 : place + 3]
        name, equals, end = word.partition("=")
        own = by_name.get(name)
        habit = HABITS.get(name) or HABITS.get(name.lower()) or _with_fewer_dashes(name, flags)
        if name[:1] != "-" and os.path.lexists(word):
            habit = None  # it is SRC
        next_value = end if equals else (following[0] if following else "")
        place += 1
        if habit is not None and (own is None or (habit.when is not None and habit.when(next_value))):
            values = [] if equals else _values(following[: habit.values])
            uses.append(_Use((word, *values), end if equals else "".join(values[-1:]), habit))
            place += len(values)
        elif own is not None and own.takes == "value" and not equals:
            place += 1
    return uses


def _values(words: Sequence[str]) -> list[str]:
    """The words that can be values: up to the next flag."""
    count = next((index for index, word in enumerate(words) if _FLAG.match(word)), len(words))
    return list(words[:count])


def _with_fewer_dashes(name: str, flags: Sequence[Flag]) -> Habit | None:
    """The habit of one dash before a long name of ours (``-flat``), or of none before an operation (``blur 2``)."""
    long = f"--{name.lstrip('-')}"
    flag = next((flag for flag in flags if long in flag.names), None)
    if flag is None or name[:2] == "--" or (name[:1] == "-" and len(name) < _LONG):
        return None
    if name[:1] != "-" and not flag.is_operation:
        return None
    if flag.takes == "value":
        return Habit((name,), f"{long} {{}}", change=shlex.quote)
    return Habit((name,), long, 0)


def _part(use: _Use, by_name: Mapping[str, Flag]) -> str | None:
    """What is typed instead; None: there is nothing like that value, or this command has no use for it."""
    habit = use.habit
    part = habit.instead
    if "{}" in habit.instead + habit.adds:
        try:
            value = habit.change(use.value) if use.value else ""
        except ValueError:
            value = ""
        if not value and (habit.adds or habit.instead == "{}"):
            return None
        if not habit.adds:
            part = habit.instead.replace("{}", value) if value else habit.instead.split("{}")[0].strip(" =")
    flags = [word.partition("=")[0] for word in shlex.split(part) if _FLAG.match(word)]
    return part if all(flag in by_name for flag in flags) else None


def _add(use: _Use, parts: list[str], words: Sequence[str]) -> None:
    """Put a parameter to the operation that is meant, too, or that was typed, or to an example of one."""
    habit = use.habit
    addition = habit.adds.replace("{}", habit.change(use.value) if "{}" in habit.adds else "")
    for index, part in enumerate(parts):
        flag, *values = shlex.split(part)
        if flag in habit.to and values:
            parts[index] = shlex.join([flag, f"{values[0]},{addition}", *values[1:]])
            return
    operation = next((shlex.join(pair) for pair in pairwise(words) if pair[0] in habit.to), habit.instead)
    parts.append(f"{operation},{addition}")
