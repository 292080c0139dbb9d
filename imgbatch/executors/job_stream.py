"""Job stream: how does an executor get jobs that come while others are done?

It asks for the next one, gets it or is told that there is none yet, and sleeps until the bell rings: a source has come,
an outcome is there, the run is stopped. Thus nobody waits for one of these while another has happened.
"""

from __future__ import annotations

import contextlib
import queue
from abc import ABC, abstractmethod
from collections.abc import Iterator

from imgbatch.core.job import Job, Outcome


class JobStream(ABC):
    """Jobs as they come, taken by one thread; what needs no work is an Outcome, to be yielded as it is."""

    def __init__(self) -> None:
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()  # its put() may be called by a signal handler

    @property
    @abstractmethod
    def has_ended(self) -> bool:
        """Whether nothing more will come: all is there, or the run is stopped."""

    @abstractmethod
    def take(self) -> Job | Outcome | None:
        """The next; None where there is none now."""

    @abstractmethod
    def repeat(self) -> None:
        """Give again what was given, to an executor that replaces one which has done nothing; to the first, nothing."""

    def ring(self) -> None:
        """Wake up who waits; callable from any thread or signal handler."""
        self._bell.put(None)

    def silence(self) -> None:
        """Forget that the bell has rung; to be called before one looks for what has happened."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._bell.get_nowait()

    def wait(self) -> None:
        """Sleep until the bell rings, be it that it has."""
        self._bell.get()

    def __iter__(self) -> Iterator[Job | Outcome]:
        """All of them, waiting where there is none yet."""
        while True:
            self.silence()
            while (item := self.take()) is not None:
                yield item
            if self.has_ended:
                return
            self.wait()
