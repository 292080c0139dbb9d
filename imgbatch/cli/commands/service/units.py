"""Units: how does systemd start a run, or a watch? By a service, which may do no more than it has to, and a timer.

The service may write to the folders that the recipe names and to no other, has no rights beyond those over files, and
makes way for everything else on the machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from imgbatch.cli.commands.service.crontab_line import Times
from imgbatch.core.errors import UsageError
from imgbatch.core.report import ExitCode

#: What a run never needs (systemd.exec(5)): rights beyond those over files, other address families than the one of its
#: workers, the hardware, the kernel's settings.
_HARDENING = (
    "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateDevices=yes", "ProtectClock=yes", "ProtectHostname=yes",
    "ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes", "ProtectControlGroups=yes",
    "RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
    "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
    "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID", )  # fmt: skip
_MAKE_WAY = ("Nice=10", "IOSchedulingClass=idle", "MemoryMax=80%", "TasksMax=1024")
_TEMPORARY = ("/tmp", "/var/tmp")


def units(
    times: Times, command: Sequence[str], path: str, recipe: str, writable: Sequence[str] = (), network: bool = False,
    user: str = "",
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
    user : str
        Whose files these are; "" for root.
    """
    # It ends so when it is told to: files in hand are whole, and the next run goes on
    kind = ["Type=oneshot", f"SuccessExitStatus={int(ExitCode.TERMINATED)}"]
    name, about, service = _service(command, path, recipe, writable, network, user, kind)
    timer = [
        "[Unit]", about, "", "[Timer]", *(f"OnCalendar={line}" for line in times.calendar()), "Persistent=true", "",
        "[Install]", "WantedBy=timers.target", "",
    ]  # fmt: skip
    return {f"{name}.service": "\n".join(service), f"{name}.timer": "\n".join(timer)}


def watch_unit(
    command: Sequence[str], path: str, recipe: str, writable: Sequence[str] = (), network: bool = False,
    user: str = "",
) -> dict[str, str]:
    """The text of the service unit of a watch, by its file name.

    Parameters
    ----------
    command, path, recipe, writable, network, user
        As of :func:`units`; the command says by itself when it is ready, and that it is alive.
    """
    # Longer than a file may take (10 min, unattended): no sign of life comes while all workers have such a one
    kind = ["Type=notify", "WatchdogSec=15min", "Restart=on-failure", "RestartSec=10s", "SuccessExitStatus=1 143"]
    name, _, service = _service(command, path, recipe, writable, network, user, kind)
    return {f"{name}-watch.service": "\n".join([*service, "[Install]", "WantedBy=multi-user.target", ""])}


def _service(
    command: Sequence[str], path: str, recipe: str, writable: Sequence[str], network: bool, user: str,
    kind: Sequence[str],
) -> tuple[str, str, list[str]]:
    """The name of a unit, its description and the lines of its service.

    Parameters
    ----------
    command, path, recipe, writable, network, user
        As of :func:`units`.
    kind : sequence of str
        The lines that say how it starts and ends.
    """
    for word in (*command, path, *writable, user):
        if "\r" in word:  # which systemd takes for the end of a line, in quotes, too
            raise UsageError(f"expected names without carriage returns in a unit, got {word!r}; rename the file")
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", os.path.splitext(os.path.basename(recipe))[0]).strip("-.") or "recipe"
    name = f"imgbatch-{stem}"
    about = f"Description=imgbatch run of {' '.join(recipe.replace('%', '%%').split())}"
    service = [
        "[Unit]", about, "", "[Service]", *kind, *([f"User={user}"] if user else []),
        f"Environment={_quote(f'PATH={path}', dollars=False)}",
        f"ExecStart={' '.join(map(_quote, command))}", "KillMode=mixed", *_MAKE_WAY, *_HARDENING,
        f"RestrictAddressFamilies=AF_UNIX{' AF_INET AF_INET6' if network else ''}", *_folders(writable, recipe), "",
    ]  # fmt: skip
    return name, about, service


def _folders(writable: Sequence[str], recipe: str) -> list[str]:
    """Where the service may write, and its own /tmp, unless its files lie in that of all."""
    in_temporary = any(one == top or one.startswith(top + "/") for one in (*writable, recipe) for top in _TEMPORARY)
    folders = [*writable, *(_TEMPORARY if in_temporary else ())]
    lines = [] if in_temporary else ["PrivateTmp=yes"]
    return [*lines, *(f"ReadWritePaths={_quote(folder, dollars=False)}" for folder in dict.fromkeys(folders))]


def _quote(word: str, dollars: bool = True) -> str:
    """A word of a unit file (systemd.service(5), "Command lines"): in quotes, % and $ taken as they are."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("%", "%%")
    text = text.replace("$", "$$") if dollars else text
    return f'"{text}"' if not re.fullmatch(r"[\w@%+=:,./-]+", text) else text
