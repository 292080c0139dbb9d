"""Signals: what happens on Ctrl-C? The first time finishes the files in hand, the second ends everything at once.

SIGTERM comes from services and machines that go down, SIGHUP from a terminal that is closed: the files in hand get
`grace` seconds, then they are dropped. The other signals that would end a process are heard as SIGTERM.

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

_NAMES = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_CODES = {signal.SIGINT: ExitCode.INTERRUPTED} | {
    signal.Signals[name]: ExitCode.TERMINATED
    for name in _NAMES
    if hasattr(signal, name)  # Windows has few
}
#: Seconds for the reports, once the files in hand were dropped.
_REPORTS_S = 5.0
_WORDS = {ExitCode.INTERRUPTED: "interrupted", ExitCode.TERMINATED: "terminated"}


class Stoppable(Protocol):
    """What a signal can stop."""

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and start nothing new."""

    def abort(self) -> None:
        """Stop at once."""


@contextlib.contextmanager
def stop_at_signals(
    batch: Stoppable, quiet: bool, grace: float, last_words: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Within the block SIGINT, SIGTERM and the like stop `batch`.

    Parameters
    ----------
    batch : Stoppable
    quiet : bool
        Whether nothing is said of it.
    grace : float
        Seconds that a first SIGTERM leaves the files in hand.
    last_words : callable
        Called by another thread, before all ends, where the files in hand cannot be dropped: they are decoded by this
        very process.
    """
    numbers: list[int] = []
    terminal = _terminal()
    timers: list[threading.Timer] = []

    def later(seconds: float, action: Callable[[], object]) -> None:
        timers.append(threading.Timer(seconds, action))
        timers[-1].daemon = True
        with contextlib.suppress(RuntimeError):  # no more threads: then a second signal has to do
            timers[-1].start()

    def speak() -> None:
        with contextlib.suppress(Exception):  # nobody could be told
            last_words()

    def end() -> None:
        with contextlib.suppress(RuntimeError):  # no more threads
            speaker = threading.Thread(target=speak, daemon=True)  # it may have to wait for a reader of stdout, say
            speaker.start()
            speaker.join(_REPORTS_S)
        os._exit(ExitCode.TERMINATED)

    def drop() -> None:
        later(_REPORTS_S, end)
        with contextlib.suppress(Exception):
            batch.abort()

    def handle(number: int, frame: FrameType | None) -> None:
        code = _CODES[signal.Signals(number)]
        if numbers and signal.Signals(number).name == "SIGHUP":  # the shell and the kernel both say that it is closed
            return
        numbers.append(number)
        if len(numbers) == 1:
            batch.stop(code, _WORDS[code])
            if not quiet:
                _say(terminal, "finishing the files in hand; again to stop at once")
            if code == ExitCode.TERMINATED:
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


def serve_as_init() -> None:
    """In process 1 of a container: return in a child, which carries out the command, and look after it here.

    Process 1 becomes the parent of all that lose theirs, and gets no signal that it does not ask for. So it passes
    signals on, waits for the dead, and ends as its child does. A terminal's signals reach the child by themselves.
    """
    numbers = {*_CODES, signal.SIGCHLD}
    old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    child = os.fork()
    if not child:
        signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)
        return
    while True:
        news = signal.sigwaitinfo(numbers)
        if news.si_signo != signal.SIGCHLD:
            if news.si_code <= 0:  # sigaction(2): sent by a process
                os.kill(child, news.si_signo)
            continue
        status = _wait_for_all(child)
        if status is not None:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _wait_for_all(child: int) -> int | None:
    """Wait for all processes that have ended; the status of `child` if it is one of them."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (end := os.waitpid(-1, os.WNOHANG))[0]:
            if end[0] == child:
                status = end[1]
    return status
