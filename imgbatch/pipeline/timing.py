"""Timing: where does a file's time go? Milliseconds per phase; the worker's context hears when a phase begins.

When profiled, also what each operation took, the processor's time, and the memory: a few calls more for each file.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from imgbatch.core.errors import Phase
from imgbatch.core.job import Cost
from imgbatch.operations import Operation, apply_all
from imgbatch.operations.base import apply_operation

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pipeline.task import TaskContext


class PhaseTimer:
    """One job's time, from its first phase on.

    Attributes
    ----------
    format, pixels, frames : str, int, int
        What the task has seen of the source so far: its format, the pixels of a frame, how many frames were decoded.
    """

    def __init__(self, context: TaskContext, profile: bool = False) -> None:
        self.format, self.pixels, self.frames = "", 0, 1
        self._profile = profile
        self._steps: dict[str, float] = {}
        self._cpu = time.process_time() if profile else 0.0
        self._context = context
        self._ms: dict[str, float] = {}
        self._start = time.perf_counter()
        self.phase: Phase = "read"
        context.phase("read")

    def enter(self, phase: Phase) -> None:
        """The task begins `phase`, if it is another one: the time till now counts for the one before."""
        before = self.phase
        if phase == before:
            return
        now = time.perf_counter()  # as in phase_ms, without a call: it comes for each phase of each file
        self._ms[before] = self._ms.get(before, 0.0) + (now - self._start) * 1000
        self._start, self.phase = now, phase
        self._context.phase(phase)

    def phase_ms(self) -> dict[str, float]:
        """All phases so far, in the order they were entered."""
        now = time.perf_counter()
        self._ms[self.phase] = self._ms.get(self.phase, 0.0) + (now - self._start) * 1000
        self._start = now
        return self._ms

    def cost(self) -> Cost | None:
        """What the job has cost so far; None when nobody asked for it."""
        if not self._profile:
            return None
        cpu_ms = (time.process_time() - self._cpu) * 1000
        return Cost(self.format, self.pixels * self.frames, self._steps, cpu_ms, peak_memory())

    def operate(self, ops: Iterable[Operation], frames: Iterable[Image]) -> Iterator[Image]:
        """Apply `ops` to `frames`; the time that it takes to get the frames counts as a phase of its own."""
        source: Phase = "decode" if self.phase == "decode" else "ops"
        self.enter(source)
        return apply_all(ops, self._time_source(frames, source), self._time if self._profile else None)

    def _time(self, operation: Operation, image: Image) -> Image:
        start = time.perf_counter()
        try:
            return apply_operation(operation, image)
        finally:
            ms = (time.perf_counter() - start) * 1000
            self._steps[operation.word] = self._steps.get(operation.word, 0.0) + ms

    def _time_source(self, frames: Iterable[Image], source: Phase) -> Iterator[Image]:
        for frame in frames:
            self.enter("ops")
            yield frame
            self.enter(source)
        self.enter("ops")  # of an operation that has waited for the last frame


def peak_memory() -> int:
    """The most bytes that this process has held so far; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
