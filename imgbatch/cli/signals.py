"""Signals: what happens on Ctrl-C? The first time finishes the files in hand, the second ends everything at once.

SIGTERM comes from services and machines that go down: the files in hand get `grace` seconds, then they are dropped.

Handlers are set by the command only, never in library use, and only while a run is going.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Protocol

from imgbatch.core.report import ExitCode

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
#: Seconds for the reports, once the files in hand were dropped.
_REPORTS_S = 5.0
_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Stoppable(Protocol):
    """What a signal can stop."""

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and start nothing new."""

    def abort(self) -> None:
        """Stop at once."""


@contextlib.contextmanager
def stop_at_signals(batch: Stoppable, quiet: bool, grace: float) -> Iterator[None]:
    """Within the block SIGINT and SIGTERM stop `batch`.

    Parameters
    ----------
    batch : Stoppable
    quiet : bool
        Whether nothing is said of it.
    grace : float
        Seconds that a first SIGTERM leaves the files in hand.
    """
    numbers: list[int] = []
    terminal = _terminal()
    timers: list[threading.Timer] = []

    def later(seconds: float, action: Callable[[], object]) -> None:
        timers.append(threading.Timer(seconds, action))
        timers[-1].daemon = True
        timers[-1].start()

    def drop() -> None:
        later(_REPORTS_S, lambda: os._exit(ExitCode.TERMINATED))  # where a file is decoded in this very process
        with contextlib.suppress(Exception):
            batch.abort()

    def handle(number: int, frame: FrameType | None) -> None:
        numbers.append(number)
        code = _CODES[signal.Signals(number)]
        if len(numbers) == 1:
            batch.stop(code, _WORDS[signal.Signals(number)])
            if not quiet:
                _say(terminal, "finishing the files in hand; again to stop at once")
            if number == signal.SIGTERM:
                later(grace, drop)
            return
        if len(numbers) == 2:
            with contextlib.suppress(Exception):
                batch.abort()
        os._exit(code)  # the batch has cleaned up; nothing else here has anything that must be kept

    catchable = [
        number for number in _CODES if signal.getsignal(number) != signal.SIG_IGN
    ]  # not in nohup or a background job
    before = {number: signal.signal(number, handle) for number in catchable}
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
        if terminal is not None:
            os.close(terminal)


def _terminal() -> int | None:
    """A descriptor of our own for what stderr is now: while a picture is decoded here, 2 may be lent to C libraries."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.dup(sys.stderr.fileno())
    return None


def _say(terminal: int | None, line: str) -> None:
    """A line straight to the terminal: a handler may interrupt a write, and must not start another on that stream."""
    if terminal is None:
        return
    with contextlib.suppress(OSError, ValueError):
        erase = b"\r\x1b[K" if os.isatty(terminal) else b""
        os.write(terminal, erase + line.encode("ascii") + b"\n")
