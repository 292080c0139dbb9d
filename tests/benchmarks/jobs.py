"""What does the engine itself cost? Trivial jobs a second and memory a job, beside ProcessPoolExecutor.map; the start.

``python -m tests.benchmarks.jobs [--jobs 200000] [--chunk 16] [--rounds 3]``: one engine, one count per process,
interleaved, medians. A job does nothing; its outcome is thrown away as it comes. The bytes a job are the growth of the
parent's peak memory from a tenth of the jobs to all of them. The start is the time from a running Python with the
package imported to the first outcome of two workers, the forkserver included.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from imgbatch.core.job import Job, Outcome, Source
from imgbatch.executors.processes.pool import Pool
from imgbatch.pipeline.task import Task, TaskContext

ENGINES = ("imgbatch", "ProcessPoolExecutor")
_SOURCE = Source("/a.jpg", "/", "a.jpg")


@dataclass(frozen=True)
class Nothing(Task):
    """The work of these jobs."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        return Outcome(job.index, job.source, "ok")


class Many:
    """So many jobs, made when they are asked for: their memory is not the engine's."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: slice) -> list[Job]:
        return [Job(number, _SOURCE, ()) for number in range(*index.indices(self._count))]


def plain(job: Job) -> Outcome:
    """The same for other engines."""
    return Outcome(job.index, job.source, "ok")


def outcomes(engine: str, count: int, chunk: int, workers: int) -> Iterator[Outcome]:
    """What an engine yields for `count` jobs."""
    if engine == "imgbatch":
        yield from Pool(workers, chunk).run(Nothing(), Many(count))  # type: ignore[arg-type]  # only length and slices
        return
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        yield from executor.map(plain, (Job(number, _SOURCE, ()) for number in range(count)), chunksize=chunk)


def one(engine: str, count: int, chunk: int, workers: int) -> None:
    """In a process of its own: seconds to the first outcome, to the last, and the peak in bytes."""
    began = time.perf_counter()
    found = outcomes(engine, count, chunk, workers)
    next(found)
    first = time.perf_counter() - began
    seen = 1 + sum(1 for _ in found)
    assert seen == count, f"{seen} outcomes of {count} jobs"
    spent = time.perf_counter() - began
    print(first, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200_000)
    parser.add_argument("--chunk", type=int, default=16)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "JOBS"), help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.one:
        one(words.one[0], int(words.one[1]), words.chunk, words.workers)
        return
    counts = (words.jobs // 10, words.jobs)
    runs: dict[tuple[str, int], list[list[float]]] = {key: [] for key in itertools.product(ENGINES, counts)}
    for _ in range(words.rounds):
        for (engine, count), found in runs.items():
            command = [sys.executable, "-m", "tests.benchmarks.jobs", *sys.argv[1:], "--one", engine, str(count)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found.append([float(word) for word in said.split()])
    print(f"{words.jobs} jobs, chunk {words.chunk}, {words.workers} workers, medians of {words.rounds} rounds")
    rates = {}
    for engine in ENGINES:
        first, spent, peak = (statistics.median(column) for column in zip(*runs[engine, counts[1]], strict=True))
        small = statistics.median(column[2] for column in runs[engine, counts[0]])
        rates[engine] = words.jobs / spent
        print(
            f"  {engine:20} {rates[engine]:9.0f} jobs/s  {(peak - small) / (counts[1] - counts[0]):7.1f} bytes a job  "
            f"peak {peak / 1e6:6.1f} MB  first outcome {first * 1000:4.0f} ms"
        )
    print(f"  imgbatch / ProcessPoolExecutor: {rates['imgbatch'] / rates['ProcessPoolExecutor']:.2f}x the rate")


if __name__ == "__main__":
    main()
