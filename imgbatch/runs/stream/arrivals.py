"""Arrivals: which sources have come? A producer thread finds them, and puts them into a bounded queue.

The thread asks an iterable for SRC after SRC, a file, a folder or a glob each, and finds what they stand for. ``None``
in the queue, the poison pill, says that there is no more. The queue holds a window of :data:`WINDOW`: a producer that
is faster than the work waits. Whoever takes from it never waits here: the bell of the job stream says when to look.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator

from imgbatch.core.errors import HostError, UsageError, sentence
from imgbatch.core.job import Failure, Source
from imgbatch.core.parameter_kinds import check_path
from imgbatch.planning.find import Candidate, SkippedFile

WINDOW = 1_000  # candidates
_PATIENCE_S = 1.0  # for a producer that is being closed; one that waits for somebody else is left to itself

Find = Callable[[str], Iterator[Candidate]]


class Arrivals:
    """What comes, found by a thread of its own.

    Parameters
    ----------
    words : iterable of str, path or Candidate
        What was typed or given, one by one; asked for in the thread. A Candidate was found by somebody else. An
        iterable that has a ``close`` is told by it, in another thread, that nobody listens any more.
    find : callable
        What a SRC stands for; PlanError or UsageError where it is nothing.
    ring : callable
        Told that something has come.

    Attributes
    ----------
    has_ended : bool
        Whether all was taken.
    error : BaseException or None
        What the iterable has raised.
    """

    def __init__(self, words: Iterable[object], find: Find, ring: Callable[[], None]) -> None:
        self._words, self._find, self._ring = words, find, ring
        self._queue: queue.Queue[Candidate | None] = queue.Queue(WINDOW)
        self._is_closed = self.has_ended = False
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._produce, name="imgbatch-arrivals", daemon=True)

    def start(self) -> None:
        """Begin to ask; HostError where there are no more threads."""
        try:
            self._thread.start()
        except RuntimeError as error:
            raise HostError(f"a stream needs a thread, and {sentence(error)}; run without --stream") from None

    def take(self) -> Candidate | None:
        """What came next; None where nothing has yet, or all is taken."""
        try:
            item = None if self.has_ended else self._queue.get_nowait()
        except queue.Empty:
            return None
        self.has_ended = item is None
        return item

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take now; that there is no more is something."""
        return self._queue.empty()

    @property
    def has_candidates(self) -> bool:
        """Whether there is one to take now."""
        return not self._queue.empty() and self._queue.queue[0] is not None

    def close(self) -> None:
        """Let the thread end; one that waits for somebody who does not listen is left to itself."""
        self._is_closed = True
        if self._thread.ident is None:
            return
        close = getattr(self._words, "close", None)
        if close is not None:
            with contextlib.suppress(ValueError):  # a generator at work; it is the thread's, which closes it
                close()
        with contextlib.suppress(queue.Empty):  # it may wait for room
            while True:
                self._queue.get_nowait()
        self._thread.join(_PATIENCE_S)

    def _produce(self) -> None:
        try:
            for word in self._words:
                for candidate in self._candidates(word):
                    self._put(candidate)
                    if self._is_closed:
                        return
                if self._is_closed:
                    return
        except BaseException as error:  # noqa: BLE001 - raised by the run, when what came before is done
            self.error = error
        finally:
            close = getattr(self._words, "close", None)
            if close is not None:
                with contextlib.suppress(Exception):  # nobody asks any more
                    close()
            self._put(None)
            del self._find, self._ring  # both hold the run, which holds this: a circle that keeps its folder open

    def _candidates(self, word: object) -> Iterator[Candidate]:
        """What one SRC stands for; that it is nothing is a Source with a problem."""
        if isinstance(word, (Source, SkippedFile)):
            yield word
            return
        path = check_path("paths", word, "a file, a folder or a glob")
        try:
            yield from self._find(path)
        except UsageError as error:
            yield unknown_source(path, sentence(error))

    def _put(self, candidate: Candidate | None) -> None:
        if not self._is_closed:
            self._queue.put(candidate)
            self._ring()


def unknown_source(path: str, reason: str) -> Source:
    """What stands for a SRC that is nothing: a source whose outcome says why."""
    folder, name = os.path.split(path.rstrip("/" + os.sep))
    problem = Failure("io", "read", reason)
    return Source(os.path.abspath(path), folder or ".", name or path, named=True, problem=problem)
