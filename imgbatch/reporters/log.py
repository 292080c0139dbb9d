"""Log: what is left of a run that nobody watched?

``--log FILE`` gets a line when the run starts, for each file that went wrong or was read with warnings, and for the
summary; with -v for every file.
The file is rotated at 10 MB and five old ones are kept. ``--log syslog`` writes to the system's log instead (a file of
that name is ``./syslog``). As text or, with ``--log-format json``, as the records of ``--json`` with time and level.
"""

from __future__ import annotations

import errno
import logging
import logging.handlers
import os
import stat
import time
from typing import Any

from imgbatch.core.errors import UsageError
from imgbatch.core.job import Outcome, readable
from imgbatch.core.report import WRONG, Report, dumps
from imgbatch.reporters.base import Reporter, printable
from imgbatch.reporters.logger import end_line, outcome_line, start_line
from imgbatch.reporters.summary import next_step

SYSLOG = "syslog"
FORMATS = ("text", "json")
MOST_BYTES, OLD_FILES = 10_000_000, 5
_SOCKETS = ("/dev/log", "/var/run/syslog")  # Linux, macOS


class Log(Reporter):
    """Lines with a time and a level, appended as the run goes.

    Parameters
    ----------
    path : str
        The file, or :data:`SYSLOG`.
    form : "text" or "json"
    base : str
        The output folder.
    everything : bool
        Whether files that went well have a line, too.

    Raises
    ------
    UsageError
        The file cannot be written, or there is no system log.
    """

    of_every_run = True
    reads_outcomes = False

    def __init__(self, path: str, form: str, base: str, everything: bool = False) -> None:
        self.path = path
        self._json, self._base, self._everything = form == "json", base, everything
        self._handler = _handler(path)
        self._handler.setFormatter(_JsonFormatter() if self._json else _text(path == SYSLOG))

    def start(self, total: int, total_bytes: int) -> None:
        """Log that the run starts, with how many files."""
        record = {"event": "start", "output": readable(self._base), "files": total, "bytes": total_bytes}
        self._say(logging.INFO, start_line(total, self._base), record)

    def outcome(self, outcome: Outcome) -> None:
        """Log a file that went wrong or has warnings; every file, if asked for."""
        if outcome.status in WRONG or outcome.warnings or self._everything:
            self._say(*outcome_line(outcome), outcome.record(self._base))

    def finish(self, report: Report) -> None:
        """Log what is odd, the sums and the exit code; raise the first error that logging had."""
        for warning in report.warnings:
            self._say(logging.WARNING, warning, {"event": "warning", "message": readable(warning)})
        self._say(*end_line(report, next_step(report)), report.summary())
        self._handler.close()
        if self._handler.failure is not None:
            raise self._handler.failure

    def _say(self, level: int, words: str, record: dict[str, Any]) -> None:
        entry = logging.LogRecord("imgbatch", level, "", 0, printable(words), None, None)
        entry.__dict__["record"] = record
        self._handler.handle(entry)


class _FirstFailureHandler(logging.Handler):
    """A handler that keeps its first failure for the finish: a full disk must not end the work, nor print."""

    failure: OSError | None = None

    def handleError(self, record: logging.LogRecord) -> None:
        """Keep the first error for the finish."""
        import sys

        error = sys.exc_info()[1]
        if self.failure is None:
            self.failure = error if isinstance(error, OSError) else OSError(errno.EIO, str(error))


class _LogFileHandler(_FirstFailureHandler, logging.handlers.RotatingFileHandler):
    pass


class _SyslogHandler(_FirstFailureHandler, logging.handlers.SysLogHandler):
    pass


def _handler(path: str) -> _LogFileHandler | _SyslogHandler:
    try:
        if path != SYSLOG:
            _refuse_binary(path)
            return _LogFileHandler(
                path, maxBytes=MOST_BYTES, backupCount=OLD_FILES, encoding="utf-8", errors="backslashreplace"
            )
        there = [name for name in _SOCKETS if os.path.exists(name)]
        if not there:  # logging would send the lines to a port of this machine, heard or not
            raise UsageError("expected a system log for --log syslog, got none (no /dev/log); give --log a file name")
        return _SyslogHandler(there[0])
    except OSError as error:
        raise UsageError(f"cannot write --log {path!r}: {error.strerror or error}; give it another name") from None


def _refuse_binary(path: str) -> None:
    """UsageError for a picture, say, whose name was taken for that of the log, and for a pipe that nobody reads."""
    if os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode):
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            raise UsageError(f"cannot write --log {path!r}: nobody reads that pipe; give it another name") from None
    if os.path.isfile(path):
        with open(path, "rb") as file:
            if b"\0" in file.read(4096):
                raise UsageError(f"expected the name of a text file for --log, got {path!r}, which is none")


def _text(system: bool) -> logging.Formatter:
    if system:  # which adds the time itself
        return logging.Formatter(f"imgbatch[{os.getpid()}]: %(message)s")
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    return formatter


class _JsonFormatter(logging.Formatter):
    """One JSON object a line: the record, with ``time`` (UTC) and ``level`` in front."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        stamp = {"time": f"{seconds}.{int(record.msecs):03}Z", "level": record.levelname.lower()}
        return dumps({**stamp, **record.__dict__["record"]})
