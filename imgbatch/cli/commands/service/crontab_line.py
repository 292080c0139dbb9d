"""Crontab line: how does cron or systemd start a run? By a crontab line, or a service and a timer unit.

Both take the time as a crontab has it. A field becomes the set of its values, so that one reading of the grammar
(crontab(5): lists, ranges, steps, names) serves both, and what systemd spells otherwise is written out as a list.
"""

from __future__ import annotations

import os
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
        """The times of ``0 3 * * *`` or ``@daily``; UsageError when it is none."""
        words = text.split()
        fields = _NICKNAMES.get(words[0].lower(), "").split() if len(words) == 1 else words
        if len(fields) != len(_FIELDS):
            raise wrong_value('five crontab fields such as "0 3 * * *", or @daily,', "--at", text)
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


#: What a run never needs (systemd.exec(5)): rights beyond those over files, other address families than the one of its
#: workers, the hardware, the kernel's settings.
_HARDENING = (
    "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateDevices=yes", "ProtectClock=yes", "ProtectHostname=yes",
    "ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes", "ProtectControlGroups=yes",
    "RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
    "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
    "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID", "MemoryMax=80%", "TasksMax=1024",
)  # fmt: skip
_TEMPORARY = ("/tmp", "/var/tmp")


def units(
    times: Times, command: Sequence[str], path: str, recipe: str, writable: Sequence[str] = (), network: bool = False
) -> dict[str, str]:
    """The texts of the service and the timer unit, by file name.

    Parameters
    ----------
    command : sequence of str
        The program, absolute, and its words.
    path : str
        The service's PATH.
    recipe : str
        The recipe's path; the units are named after it and described by it.
    writable : sequence of str
        The folders (absolute) that the run writes to; everything else is read-only for it.
    network : bool
        Whether it may speak to other machines (its command at the end, say).
    """
    name, about, service = _service(command, path, recipe, writable, network, ["Type=oneshot"])
    timer = [
        "[Unit]", about, "", "[Timer]", *(f"OnCalendar={line}" for line in times.calendar()), "Persistent=true", "",
        "[Install]", "WantedBy=timers.target", "",
    ]  # fmt: skip
    return {f"{name}.service": "\n".join(service), f"{name}.timer": "\n".join(timer)}


def watch_unit(
    command: Sequence[str], path: str, recipe: str, writable: Sequence[str] = (), network: bool = False
) -> dict[str, str]:
    """The text of the service unit of a watch, by its file name.

    Parameters
    ----------
    command, path, recipe, writable, network
        As of :func:`units`; the command says by itself when it is ready, and that it is alive.
    """
    # Longer than a file may take (10 min, unattended): no sign of life comes while all workers have such a one
    kind = ["Type=notify", "WatchdogSec=15min", "Restart=on-failure", "RestartSec=10s", "SuccessExitStatus=1"]
    name, _, service = _service(command, path, recipe, writable, network, kind)
    return {f"{name}-watch.service": "\n".join([*service, "[Install]", "WantedBy=multi-user.target", ""])}


def _service(
    command: Sequence[str], path: str, recipe: str, writable: Sequence[str], network: bool, kind: Sequence[str]
) -> tuple[str, str, list[str]]:
    """The name of a unit, its description and the lines of its service.

    Parameters
    ----------
    command, path, recipe, writable, network
        As of :func:`units`.
    kind : sequence of str
        The lines that say how it starts and ends.
    """
    for word in (*command, path, *writable):
        if "\r" in word:  # which systemd takes for the end of a line, in quotes, too
            raise UsageError(f"expected names without carriage returns in a unit, got {word!r}; rename the file")
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", os.path.splitext(os.path.basename(recipe))[0]).strip("-.") or "recipe"
    name = f"imgbatch-{stem}"
    about = f"Description=imgbatch run of {' '.join(recipe.replace('%', '%%').split())}"
    service = [
        "[Unit]", about, "", "[Service]", *kind, f"Environment={_quote(f'PATH={path}', dollars=False)}",
        f"ExecStart={' '.join(map(_quote, command))}", "KillMode=mixed", *_HARDENING,
        f"RestrictAddressFamilies=AF_UNIX{' AF_INET AF_INET6' if network else ''}", *_folders(writable, recipe), "",
    ]  # fmt: skip
    return name, about, service


def _folders(writable: Sequence[str], recipe: str) -> list[str]:
    """Where the service may write, and its own /tmp, unless its files lie in that of all."""
    in_temporary = any(one == top or one.startswith(top + "/") for one in (*writable, recipe) for top in _TEMPORARY)
    folders = [*writable, *(_TEMPORARY if in_temporary else ())]
    lines = [] if in_temporary else ["PrivateTmp=yes"]
    return [*lines, *(f"ReadWritePaths={_quote(folder, dollars=False)}" for folder in dict.fromkeys(folders))]


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


def _quote(word: str, dollars: bool = True) -> str:
    """A word of a unit file (systemd.service(5), "Command lines"): in quotes, % and $ taken as they are."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("%", "%%")
    text = text.replace("$", "$$") if dollars else text
    return f'"{text}"' if not re.fullmatch(r"[\w@%+=:,./-]+", text) else text
