"""Where does a file's time go? Milliseconds per phase, and the word to the desk when a phase begins."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from imgbatch.errors import Phase
from imgbatch.job import Desk
from imgbatch.operations import Operation, through

if TYPE_CHECKING:
    from PIL.Image import Image


class Clock:
    """One job's time, from its first phase on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ms: dict[str, float] = {}
        self._began = time.perf_counter()
        self.phase: Phase = "read"
        desk.phase("read")

    def enter(self, phase: Phase) -> None:
        if phase == self.phase:
            return
        now = time.perf_counter()
        self._ms[self.phase] = self._ms.get(self.phase, 0.0) + (now - self._began) * 1000
        self._began = now
        self.phase = phase
        self._desk.phase(phase)

    def spent(self) -> dict[str, float]:
        """All phases so far, in the order they were entered."""
        now = time.perf_counter()
        self._ms[self.phase] = self._ms.get(self.phase, 0.0) + (now - self._began) * 1000
        self._began = now
        return self._ms

    def operating(self, ops: Iterable[Operation], frames: Iterable[Image]) -> Iterator[Image]:
        """`ops` over `frames`, with the time of what makes the frames counted as their own phase."""
        source: Phase = "decode" if self.phase == "decode" else "ops"
        self.enter(source)
        for frame in through(ops, self._counted(frames, source)):
            yield frame
            self.enter(source)

    def _counted(self, frames: Iterable[Image], source: Phase) -> Iterator[Image]:
        for frame in frames:
            self.enter("ops")
            yield frame
            self.enter(source)
