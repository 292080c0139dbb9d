"""Changes: when is it time to look at the folders again? Told by the system (watchfiles), or by the clock (``--poll``).

What has changed is not believed but looked up: an event only says that it is time. One bell wakes whoever waits, for an
event as for a stop.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from imgbatch.core.errors import HostError, UsageError, sentence

_QUIET_MS = 50  # how long nothing must have happened before one looks
_MOST_MS = 300  # ... and how long one waits for that at most


class Changes:
    """Rings when something may have changed.

    Parameters
    ----------
    poll_s : float or None
        Seconds between two looks; None: the system tells.

    Raises
    ------
    UsageError
        watchfiles is missing.
    """

    def __init__(self, poll_s: float | None) -> None:
        self.poll_s = poll_s
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()  # its put() may be called by a signal handler
        self._stop: threading.Event | None = None
        self._folders: list[str] = []
        self.error: Exception | None = None
        self._watchfiles: Any = None if poll_s is not None else _watchfiles()

    def ring(self) -> None:
        """Wake up who waits; callable from any thread or signal handler."""
        self._bell.put(None)

    def wait(self, seconds: float) -> bool:
        """Whether the bell rang within so many seconds; what rang before counts.

        Raises
        ------
        HostError
            The system does not tell of changes any more.
        """
        try:
            self._bell.get(timeout=seconds)
        except queue.Empty:
            return False
        while not self._bell.empty():
            self._bell.get()
        if self.error is not None and any(map(os.path.isdir, self._folders)):
            raise HostError(f"changes cannot be watched ({sentence(self.error)}); use --poll 2s")
        return True

    def listen(self, folders: Iterable[str]) -> None:
        """Hear of changes in these folders from now on, and no others."""
        self.close()
        self.error = None
        there = self._folders = [folder for folder in folders if os.path.isdir(folder)]
        if self._watchfiles is None or not there:
            return
        stop = self._stop = threading.Event()
        threading.Thread(target=self._hear, args=(there, stop), name="imgbatch-watch", daemon=True).start()

    def _hear(self, folders: Sequence[str], stop: threading.Event) -> None:
        """Ring for each change; and once when the system has begun to tell, for what came before."""
        has_begun = False
        try:
            for changes in self._watchfiles.watch(
                *folders, watch_filter=None, debounce=_MOST_MS, step=_QUIET_MS, stop_event=stop, rust_timeout=1_000,
                yield_on_timeout=True, raise_interrupt=False,
            ):  # fmt: skip
                if changes or not has_begun:
                    self.ring()
                has_begun = True
        except Exception as error:  # noqa: BLE001 - raised again by wait(), in the thread that asks
            self.error = error
            self.ring()

    def close(self) -> None:
        """Hear nothing any more."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None


def _watchfiles() -> Any:
    """watchfiles, which only a watch needs."""
    try:
        import watchfiles
    except ImportError:
        raise UsageError(
            "expected watchfiles for a watch, and it is missing: pip install 'imgbatch[watch]', or look every few "
            "seconds with --poll 2s"
        ) from None
    return watchfiles
