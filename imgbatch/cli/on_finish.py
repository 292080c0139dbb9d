"""On-finish hook: what is started when a run has ended? ``--on-finish CMD``, by the shell, the summary on its stdin."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

from imgbatch.cli.standard_streams import print_stderr
from imgbatch.core.report import Report, dumps
from imgbatch.reporters.summary import night_line

PATIENCE = 600.0  # seconds: a mail program that hangs must not keep tomorrow's run from starting


def run_hook(command: str, report: Report, output: str = "", command_line: str = "") -> bool:
    """Run `command`; whether it went well. What it prints goes to stderr: stdout carries only data.

    Parameters
    ----------
    command : str
    report : Report
    output : str
        The output folder (absolute), or the one whose files are replaced; "" where it is not known.
    command_line : str
        Of the run: it tells one scheduled run from another.
    """
    about = {key: value for key, value in (("command", command_line), ("output", output)) if value}
    summary = dumps({**report.summary(), "text": night_line(report), **about}).encode() + b"\n"
    process = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, stdout=sys.stderr.fileno(), process_group=0)
    try:
        with contextlib.suppress(BrokenPipeError):  # a command that does not read is none that failed
            process.communicate(summary, timeout=PATIENCE)
        code = process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            _end(process)
        print_stderr(f"imgbatch: --on-finish {command!r} took longer than {PATIENCE:.0f} s and was ended")
        return False
    if code:
        print_stderr(f"imgbatch: --on-finish {command!r} failed: {_exit_cause(code)}")
    return code == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and what it has started."""
    import os

    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _exit_cause(code: int) -> str:
    return f"exit code {code}" if code > 0 else signal.Signals(-code).name
