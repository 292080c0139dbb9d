"""Async process: how do outcomes reach a program of asyncio? A thread has the run, the event loop gets its outcomes.

The thread is a few outcomes ahead at most, and then waits. Who leaves the ``async for``, or whose task is cancelled,
ends the run: files in hand are finished, nothing new begins, and the generator has ended when the workers have.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Unpack

from imgbatch.core.job import Outcome
from imgbatch.core.report import ExitCode
from imgbatch.core.run_settings import Filters
from imgbatch.planning.recipe import Recipe
from imgbatch.reporters.progress import outcomes_of
from imgbatch.runs.batch import Batch
from imgbatch.runs.keywords import RunKeywords, note_arguments
from imgbatch.runs.run import make_batch, outcomes_or_error
from imgbatch.runs.workload import Path

if TYPE_CHECKING:
    from imgbatch.executors.base import ForeignExecutor

_AHEAD = 64  # outcomes that wait for the loop
_LOOK = 1.0  # seconds after which a thread that waits for the loop looks whether there still is one


async def aprocess(
    paths: Iterable[Path] | Path,
    output: Path | None = None,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    ledger: bool = True,
    executor: ForeignExecutor | None = None,
    progress: bool = False,
    **settings: Unpack[RunKeywords],
) -> AsyncGenerator[Outcome, None]:
    """As :func:`run.process`, for ``async for``; the event loop is free meanwhile.

    The plan is made with the first outcome that is asked for. A task that is cancelled within the loop ends the run:
    the files in hand are finished, and no worker is left when the generator is closed. asyncio closes it when it is
    dropped; ``contextlib.aclosing`` does so at once.

    Parameters
    ----------
    paths, output, recipe, filters, ledger, executor, progress, **settings
        As of :func:`run.run`; the errors are those of :func:`run.process`.

    Examples
    --------
    >>> import asyncio, tempfile
    >>> import imgbatch as ib
    >>> async def count(folder):
    ...     return len([outcome async for outcome in ib.aprocess("sample_images/travel", folder, workers=0)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(count(folder))
    4
    """
    feed = _Feed(asyncio.get_running_loop())

    def work() -> None:
        with note_arguments():
            batch = make_batch(paths, output, recipe, settings, filters, ledger, executor)
            batch.keeps_outcomes = False
            feed.send_all(batch, outcomes_or_error(batch, outcomes_of(batch, progress)))

    thread = threading.Thread(target=feed.run, args=(work,), name="imgbatch-aprocess", daemon=True)
    thread.start()
    try:
        while (outcome := await feed.next()) is not None:
            yield outcome
    finally:
        feed.stop()
        await feed.ended.wait()
        thread.join()
    if feed.error is not None:
        raise feed.error


class _Feed:
    """Between the thread that has the run, and the event loop that reads its outcomes.

    Attributes
    ----------
    error : BaseException or None
        What ended the run.
    ended : asyncio.Event
        Set when it has ended, its workers too.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._outcomes: asyncio.Queue[Outcome | None] = asyncio.Queue()  # None: no more; bounded by the slots
        self._slots = threading.Semaphore(_AHEAD)
        self._is_stopping = False
        self._batch: Batch | None = None
        self.error: BaseException | None = None
        self.ended = asyncio.Event()

    async def next(self) -> Outcome | None:
        """The next outcome; None when there are no more."""
        outcome = await self._outcomes.get()
        self._slots.release()
        return outcome

    def stop(self) -> None:
        """End the run soon; callable more than once, and after it has ended."""
        self._is_stopping = True
        self._slots.release()
        if self._batch is not None:
            self._batch.stop(ExitCode.STOPPED, "cancelled")

    def run(self, work: Callable[[], None]) -> None:
        """The thread's whole life."""
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised in the task that asks for outcomes
            self.error = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._outcomes.put_nowait, None)
            self._loop.call_soon_threadsafe(self.ended.set)

    def send_all(self, batch: Batch, outcomes: Iterator[Outcome]) -> None:
        """Do a run, and send its outcomes while somebody wants them; those of files in hand are recorded anyway."""
        self._batch = batch
        if self._is_stopping:
            return
        batch.prepare()
        with contextlib.closing(outcomes):  # type: ignore[type-var]  # it is a generator
            for outcome in outcomes:
                if not self._is_stopping and not self._send(outcome):
                    return

    def _send(self, outcome: Outcome) -> bool:
        """Whether the loop takes an outcome, be it one that nobody reads any more; False: there is no loop."""
        while not self._slots.acquire(timeout=_LOOK):
            if self._loop.is_closed():
                return False
        try:
            self._loop.call_soon_threadsafe(self._outcomes.put_nowait, outcome)
        except RuntimeError:
            return False
        return True
