"""Cluster: how is a Dask cluster reached, and what does it tell a run? News, in one queue: replies, and who is there.

``distributed`` is loaded (package.py) when the first job is to be done, and nowhere else but in its own workers.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import pickle
import queue
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import HostError, UsageError, sentence, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.lazy_import import is_installed
from imgbatch.executors.dask.package import load_package
from imgbatch.executors.host_limits import auto_workers
from imgbatch.executors.processes.start_method import block_terminal_signals

if TYPE_CHECKING:
    from typing import TypeAlias

    from distributed import Client, Future, LocalCluster

    #: Where the news of a run arrive.
    News: TypeAlias = "queue.SimpleQueue[CallResult | Beginning | Census | None]"

TOPIC = "imgbatch"  # of Dask's events: a worker says there which chunk it begins
POLL = 0.5  # seconds between looks at who is there
_CONNECT = 10.0  # seconds that a scheduler has to answer for the first time
_CONNECT_STEPS = 3  # that may take so long: to be there, to say who it is, and to take a client
_ANSWER = 10.0  # seconds that the scheduler has for an answer
_CLOSE = 10.0  # seconds that an end may take
#: Of a cluster of our own: it is in this process, for who connects to a scheduler has it run whatever they like, and a
#: port is open to all users of the machine. No web page either, and not a word on the user's terminal.
_LOCAL = {
    "processes": False, "dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0",
    "scheduler_kwargs": {"dashboard": False}, "silence_logs": logging.CRITICAL,
}  # fmt: skip
#: The news of the runs that a client has at work: Dask has one handler for a topic, whoever subscribes to it.
_news_by_client: weakref.WeakKeyDictionary[Client, list[News]] = weakref.WeakKeyDictionary()
_subscribing = threading.Lock()


@frozen
class CallResult:
    """What has become of a chunk: the bytes of its reply, or the error that is there instead."""

    key: str
    data: bytes | None
    error: BaseException | None = None


@frozen
class Beginning:
    """A worker begins with a chunk."""

    key: str


@frozen
class Census:
    """The workers of the cluster by address, with their threads: those that are there, and those that take work."""

    alive: dict[str, int]
    running: dict[str, int]


class Cluster:
    """The cluster of one run: reached when it is first needed, watched until it is closed.

    Parameters
    ----------
    client : distributed.Client or None
        The caller's, which stays open.
    address : str
        Of the scheduler, where there is no client; "": a cluster on this machine is started, and ended with the run.
    workers : int or "auto"
        How many jobs may be done at a time, at least 1; auto: as many as its workers have threads.
    timeout : float
        Seconds that it may be without workers.

    Raises
    ------
    UsageError
        The extra is not installed, or a client that is asynchronous.

    Attributes
    ----------
    news : SimpleQueue of CallResult, Beginning, Census or None
        What a run waits for; None says only that it should look about.
    census : Census
        The latest.
    """

    def __init__(self, client: Client | None, address: str, workers: int | str, timeout: float) -> None:
        if client is not None and getattr(client, "asynchronous", False):
            raise wrong_value("a Client that is not asynchronous", "executor", client)
        if not is_installed("distributed"):
            raise UsageError("expected dask.distributed for a cluster, and it is missing: "
                             "pip install 'imgbatch[dask]'")  # fmt: skip
        if workers == 0:
            raise UsageError("expected workers for a cluster, got 0 (-j 0)")
        self.news: News = queue.SimpleQueue()
        self.workers, self.timeout = workers, timeout
        self._client: Any = client
        self._address, self._own = address, client is None
        self._local: LocalCluster | None = None
        self.census = Census({}, {})
        self._is_open = False

    def open(self) -> None:
        """Reach the cluster, and begin to watch it; HostError when nobody answers in time. May be called again."""
        if self._is_open:
            return
        package = load_package()
        if self._client is None and not self._address:
            count = auto_workers() if self.workers == "auto" else int(self.workers)
            try:
                with block_terminal_signals(), warnings.catch_warnings():
                    warnings.simplefilter("ignore", RuntimeWarning)  # without a network: none is needed
                    self._local = package.LocalCluster(n_workers=1, threads_per_worker=count, **_LOCAL)
            except Exception as error:  # noqa: BLE001 - whatever keeps Dask from starting, the machine's or its own
                raise HostError(f"a Dask cluster cannot be started here: {sentence(error)}") from None
        if self._client is None:
            try:
                self._client = _connect(package, self._local or self._address, min(_CONNECT, self.timeout))
            except (OSError, ValueError, TypeError) as error:
                self.close()
                raise HostError(f"no Dask scheduler answers at {self._address}: {sentence(error)}") from None
            except Exception as error:  # noqa: BLE001 - whatever Dask makes of what others say
                self.close()
                raise HostError(
                    f"what answers at {self._address} is no Dask scheduler of a version that fits: {sentence(error)}"
                ) from None
        self._is_open = True
        with _subscribing:
            listeners = _news_by_client.setdefault(self._client, [])
            listeners.append(self.news)
            self._client.subscribe_topic(TOPIC, functools.partial(_note_beginning, listeners))
        self._client.loop.add_callback(self._watch)

    @property
    def is_here(self) -> bool:
        """Whether its workers are threads of this process."""
        return self._local is not None

    def submit(self, key: str, function: Callable[[bytes], bytes], order: bytes, worker: str) -> Future:
        """Have one worker call a function; its :class:`CallResult` will be in the news.

        Parameters
        ----------
        key : str
            Of the reply; no two calls have the same.
        function : callable
            Of a module that the worker can import.
        order : bytes
        worker : str
            Its address.
        """
        client, call = self._client, pickle.dumps(_Call(function, order))
        future = client.submit(pickle.loads, call, key=key, pure=False, workers=[worker], allow_other_workers=False)
        client.loop.add_callback(self._fetch, key, future)
        return future

    def tell(self, function: Callable[..., object], *values: object) -> None:
        """Have all workers call a function soon; who does not hear of it will do without."""
        if self._is_open:
            with contextlib.suppress(Exception):  # the loop has ended
                self._client.loop.add_callback(self._tell, function, *values)

    def tell_and_wait(self, seconds: float, function: Callable[..., object], *values: object) -> None:
        """As :meth:`tell`, until they have done so, but not for ever.

        Parameters
        ----------
        seconds : float
            How long it may take, at most.
        function, *values
            What is called, and with what.
        """
        if self._is_open:
            with contextlib.suppress(Exception):  # the scheduler is gone, and so are its workers
                self._client.sync(self._tell, function, *values, callback_timeout=seconds)

    def close(self) -> None:
        """End the watch, and what was started here. May be called again."""
        client, local, was_open, self._is_open = self._client, self._local, self._is_open, False
        if not self._own:
            if was_open:
                self._unsubscribe()
            return
        self._client = self._local = None
        for one in (client, local):
            if one is not None:
                with contextlib.suppress(Exception):  # it has gone by itself
                    one.close(timeout=_CLOSE)

    def _unsubscribe(self) -> None:
        with _subscribing:
            listeners = _news_by_client[self._client]
            listeners.remove(self.news)
            if not listeners:
                with contextlib.suppress(Exception):  # it has gone by itself
                    self._client.unsubscribe_topic(TOPIC)

    # -- in the client's thread ----------------------------------------------------------------------------------------

    async def _fetch(self, key: str, future: Future) -> None:
        try:
            self.news.put(CallResult(key, await self._client.gather(future, asynchronous=True)))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the run has to hear of it
            self.news.put(CallResult(key, None, error))

    async def _watch(self) -> None:
        import asyncio

        while self._is_open:
            with contextlib.suppress(Exception):  # no answer is no news; the run counts the seconds
                scheduler = self._client.scheduler
                alive = await asyncio.wait_for(scheduler.ncores(), _ANSWER)
                running = await asyncio.wait_for(scheduler.ncores_running(), _ANSWER)
                self.census = Census(dict(alive), dict(running))
                self.news.put(self.census)
            await asyncio.sleep(POLL)

    async def _tell(self, function: Callable[..., object], *values: object) -> None:
        with contextlib.suppress(Exception):
            await self._client.run(function, *values, on_error="ignore")


class _Call:
    """A call that is made where it is unpickled: ``pickle.loads`` is a function that every worker has.

    Dask closes a worker that cannot import a function that it is sent. So it learns of ours only within a task, which
    fails where imgbatch is missing, and the worker lives on for others.
    """

    def __init__(self, function: Callable[[bytes], bytes], order: bytes) -> None:
        self._function, self._order = function, order

    def __reduce__(self) -> tuple[Callable[[bytes], bytes], tuple[bytes]]:
        return self._function, (self._order,)


def _connect(package: Any, place: LocalCluster | str, seconds: float) -> Any:
    """A client; TimeoutError where somebody takes the connection and says nothing, for which Dask waits without end.

    Parameters
    ----------
    package : module
        distributed.
    place : LocalCluster or str
        Where the scheduler is.
    seconds : float
        That each step of the connection may take.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    is_late = threading.Event()

    def connect() -> None:
        try:
            answer = package.Client(place, timeout=seconds)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            answer = error
        answers.put(answer)
        if is_late.is_set() and not isinstance(answer, BaseException):
            answer.close()

    threading.Thread(target=connect, name="imgbatch-connect", daemon=True).start()
    try:
        answer = answers.get(timeout=_CONNECT_STEPS * seconds)
    except queue.Empty:
        is_late.set()
        raise TimeoutError(f"it says nothing for {_CONNECT_STEPS * seconds:g} s") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _note_beginning(listeners: list[News], event: tuple[float, str]) -> None:
    for news in listeners:
        news.put(Beginning(event[1]))
