"""Exit codes: which are there, and what does each mean?"""

from __future__ import annotations

from imgbatch.cli.manual.blocks.markdown_table import markdown_table
from imgbatch.core.report import ExitCode

_MEANINGS = {
    ExitCode.OK: "all done; unchanged files and a planned stop (`--max-time`, `--max-files`) included",
    ExitCode.FAILURES: "finished, some files failed (`--known-failures ok`, as `--unattended` has it: some that had "
    "not failed before)",
    ExitCode.USAGE: "usage, recipe or plan refused; nothing was written",
    ExitCode.STOPPED: "stopped early: failure limit, disk full or failing, output folder gone, a cluster without "
    "workers for `--executor-timeout`; a merge without all of its shards; or all is done, and "
    "`--on-finish` or a report failed",
    ExitCode.INTERNAL: "internal error: please report it",
    ExitCode.LOCKED: "another run is at work in the output folder",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C): files in hand were finished, or dropped whole",
    ExitCode.TERMINATED: "terminated (SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2): files in hand were finished "
    "within `--grace 30s`, or dropped whole",
}


def meaning_of(code: ExitCode) -> str:
    """What an exit code says, without the marks of code."""
    return _MEANINGS[code].replace("`", "")


def block() -> str:
    """The table of exit codes."""
    return markdown_table(["code", "meaning"], [[str(int(code)), _MEANINGS[code]] for code in ExitCode])
