"""Crontab line: when does a scheduled run start, and how does cron start it?

cron and systemd both take the time as a crontab has it, or as a word or a time of day. A field becomes the set of its
values, so that one reading of the grammar (crontab(5): lists, ranges, steps, names) serves both, and what systemd
spells otherwise is written out as a list.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.core.frozen_dataclass import frozen

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NICKNAMES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...], int], ...] = (  # name, lowest, highest, names, number of the first
    ("minute", 0, 59, (), 0),
    ("hour", 0, 23, (), 0),
    ("day of the month", 1, 31, (), 1),
    ("month", 1, 12, _MONTHS, 1),
    ("day of the week", 0, 7, _DAYS, 0),
)
_PART = re.compile(r"(?:(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d{1,3}))?")


@frozen
class Times:
    """When a run starts, read from the five fields of a crontab line.

    Attributes
    ----------
    text : str
        As it was typed, blanks squeezed.
    values : tuple of tuple of int
        Minutes, hours, days of the month, months, days of the week (0 is Sunday), each sorted.
    either : bool
        Whether one of day of the month and day of the week is enough: cron's rule where both are restricted.
    """

    text: str
    values: tuple[tuple[int, ...], ...]
    either: bool

    @classmethod
    def read(cls, text: str) -> Times:
        """The times of ``0 3 * * *``, ``03:00`` (each day) or ``daily``; UsageError when it is none."""
        words = text.split()
        if len(words) == 1 and (clock := _CLOCK.fullmatch(words[0])):
            words = [str(int(clock[2])), str(int(clock[1])), "*", "*", "*"]
        elif len(words) == 1:
            words = [f"@{words[0].lower().removeprefix('@')}"]
        fields = _NICKNAMES.get(words[0], "").split() if len(words) == 1 else words
        if len(fields) != len(_FIELDS):
            raise wrong_value('a time such as 03:00, daily, or five crontab fields such as "0 3 * * *",', "--at", text)
        values = tuple(_values(word, *field) for word, field in zip(fields, _FIELDS, strict=True))
        _, _, days, months, _ = values
        most = max(29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31 for month in months)
        either = not fields[2].startswith("*") and not fields[4].startswith("*")
        if min(days) > most and not either:
            raise wrong_value("a day that one of the months has", "--at", text)
        return cls(" ".join(words), values, either)

    def calendar(self) -> list[str]:
        """The same for systemd's OnCalendar= (systemd.time(7)); any of the lines starts the run."""
        minutes, hours, days, months, weekdays = self.values
        clock = f"{_list(hours, 24)}:{_list(minutes, 60)}:00"
        month, day = _list(months, 12), _list(days, 31)
        weekday_names = ",".join(_DAYS[number].capitalize() for number in weekdays)
        week = f"{weekday_names} " if len(weekdays) < 7 else ""
        if self.either:
            return [f"*-{month}-{day} {clock}", f"{week}*-{month}-* {clock}"]
        return [f"{week}*-{month}-{day} {clock}"]


def crontab(times: Times, command: Sequence[str], path: str) -> str:
    """The crontab line that starts a command.

    Parameters
    ----------
    times : Times
    command : sequence of str
        The program, absolute, and its words.
    path : str
        The command's PATH.

    Raises
    ------
    UsageError
        A word holds a line break: no crontab line can say it.
    """
    for word in (*command, path):
        if "\n" in word or "\r" in word:
            raise UsageError(f"expected names without line breaks in a crontab line, got {word!r}; rename the file")
    line = f"PATH={shlex.quote(path)} {shlex.join(command)}"
    return f"{times.text} {line.replace('%', chr(92) + '%')}"  # cron takes a bare % for a line break


def _values(word: str, what: str, low: int, high: int, names: tuple[str, ...], first: int) -> tuple[int, ...]:
    """The numbers that one crontab field stands for."""
    numbers: set[int] = set()
    for part in word.lower().split(","):
        match = _PART.fullmatch(part)
        if match is None or match["step"] == "0" or (match["step"] and not match["all"] and not match["last"]):
            raise wrong_value(f"a number from {low} to {high}, * or */N", f"the {what} of --at", word)
        if match["all"]:
            start, end = low, high
        else:
            start = _number(match["first"], names, first)
            end = start if match["last"] is None else _number(match["last"], names, first)
        if not low <= start <= end <= high:
            raise wrong_value(f"a number from {low} to {high}, * or */N", f"the {what} of --at", word)
        numbers.update(range(start, end + 1, int(match["step"] or 1)))
    return tuple(sorted({number % 7 for number in numbers} if names is _DAYS else numbers))


def _number(word: str, names: tuple[str, ...], first: int) -> int:
    if word in names:
        return names.index(word) + first
    return int(word) if word.isdecimal() and len(word) < 4 else -1


def _list(values: Sequence[int], most: int) -> str:
    return "*" if len(values) == most else ",".join(f"{value:02}" for value in values)
