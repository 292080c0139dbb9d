"""Dask executor: how do the jobs of a run get to the machines of a cluster, and their outcomes back? By chunks.

A chunk is about a second of work. Two for each thread of a worker are on their way (dispatch.py); who is there is asked
anew all the time, for clusters grow and shrink. What the run needs goes with each chunk; what is done on the other side
says slot.py. Only here anything is counted or summed, at the moment when a reply is here whole.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import time
from collections.abc import Iterator, Sequence

from imgbatch.core.errors import EngineError
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.attempts import Attempts
from imgbatch.executors.base import Executor, ExecutorOptions, pickle_task
from imgbatch.executors.chunks import REMOTE_MS, Chunks
from imgbatch.executors.dask.cluster import Cluster
from imgbatch.executors.dask.dispatch import Dispatch
from imgbatch.executors.dask.hosted_runs import abort_run, clean_up_after_dead, end_run, end_run_here, stop_run
from imgbatch.executors.dask.slot import Order
from imgbatch.executors.messages import pickle_job
from imgbatch.executors.remote.host import terms_of
from imgbatch.pipeline.task import Task

PATIENCE = 5.0  # seconds that a closed iterator gives the files in hand
GRACE = 1.2  # seconds that an abort may take to be told to the workers
_CLEAN_UP = 10.0  # seconds that the workers may take to remove what dead ones have left


class Dask(Executor):
    """The workers of a cluster; it is opened and closed by the run.

    Parameters
    ----------
    cluster : Cluster
    options : ExecutorOptions
    """

    def __init__(self, cluster: Cluster, options: ExecutorOptions) -> None:
        self._cluster, self._options = cluster, options
        self._name = ""  # of the run at work, as the workers know it
        self._stopping = self._aborting = False
        self._owner = os.getpid()

    @classmethod
    def make(cls, options: ExecutorOptions) -> Dask:
        """With the run's cluster."""
        assert options.cluster is not None
        return cls(options.cluster, options)

    @property
    def parallelism(self) -> int:
        """What the run's `workers` says, or as many as the cluster has threads, as far as it is known."""
        workers = self._cluster.workers
        return workers if isinstance(workers, int) else sum(self._cluster.census.running.values()) or 1

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        data = pickle_task(task)
        self._cluster.open()
        self._name = f"imgbatch-{secrets.token_hex(6)}"
        sums, options = self._options.sums, self._options
        chunks = Chunks(jobs, options.chunksize, 1, REMOTE_MS)
        attempts = Attempts(task, chunks, options.retries, sums)
        with terms_of(task) as terms:
            order = Order(data, options.timeout, options.memory, None if sums is None else sums.layout, terms)
            work = Dispatch(self._name, task, self._cluster, attempts, chunks, pickle.dumps(order))
            try:
                yield from self._outcomes(work)
            except GeneratorExit:
                self.stop()
                self.late = self._drain(work)
                raise
            except BaseException:
                self.abort()
                raise
            finally:
                if self._owner == os.getpid():
                    self._end(work, task, data)

    def _end(self, work: Dispatch, task: Task, data: bytes) -> None:
        """Nothing is left of the run: no process at the workers, and no file that was half written when one died."""
        work.close()
        if self._cluster.is_here:  # which may be closed before it has heard
            end_run_here(self._name)
        else:
            self._cluster.tell(end_run, self._name)
        self._name = ""
        if work.lost_jobs:
            jobs = pickle.dumps(list(map(pickle_job, work.lost_jobs)))
            self._cluster.tell_and_wait(_CLEAN_UP, clean_up_after_dead, data, jobs)
            task.clean_up_after(None, work.lost_jobs)

    def _outcomes(self, work: Dispatch) -> Iterator[Outcome]:
        is_told = False
        while not self._aborting:
            if self._stopping and not is_told:
                is_told = True
                self._cluster.tell(stop_run, self._name)
            if not self._stopping:
                work.send()
            if not work.flights and (self._stopping or work.is_done):
                break
            yield from work.hear()

    def _drain(self, work: Dispatch) -> list[Outcome]:
        """The Outcomes of the files in hand, which are given a while; then they are dropped, but the end is awaited.

        Before that nobody may take the folder: a worker that still writes is not seen by the lock.
        """
        outcomes: list[Outcome] = []
        self._cluster.tell(stop_run, self._name)
        end, is_told = time.monotonic() + PATIENCE, False
        with contextlib.suppress(EngineError):  # no workers: nobody writes
            while work.flights:
                outcomes += work.hear()
                if not is_told and time.monotonic() > end:
                    is_told = True
                    self._cluster.tell(abort_run, self._name)
        return outcomes

    def stop(self) -> None:
        self._stopping = True
        self._cluster.news.put(None)

    def abort(self) -> None:
        self.stop()
        self._aborting = True
        if self._name and self._owner == os.getpid():
            self._cluster.tell_and_wait(GRACE, abort_run, self._name)
