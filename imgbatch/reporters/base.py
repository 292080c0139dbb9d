"""Reporter: what observes a run and reports it?

The run starts, outcomes arrive in order of completion, the run finishes. Reporters decide nothing, and one that cannot
write its file does not stop the work.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from imgbatch.core.job import NO_ATTEMPT, Outcome, Source
from imgbatch.core.report import Report

if TYPE_CHECKING:
    from imgbatch.reporters.page.pictures import Review

_JOINER = "\u200d"  # joins emoji; everything else that does not print is spelled out


class Reporter(ABC):
    """Told of a run from its start to its finish, by one thread.

    Attributes
    ----------
    of_every_run : bool
        Whether it also tells of a run that was refused, or could not begin.
    reads_outcomes : bool
        Whether it looks at the report's outcomes at the finish; where no reporter does, the run keeps none.
    path : str
        The file that it writes, if one.
    shows_pictures : bool
        Whether it has a use for `review`.
    thumbnails : int
        How many outcomes, the first ones, should bring a thumbnail.
    review : Review or None
        Lent to it before :meth:`finish`, if at all: looks at files of the run again.
    """

    of_every_run: ClassVar[bool] = False
    reads_outcomes: ClassVar[bool] = True
    path: str = ""
    shows_pictures: ClassVar[bool] = False
    thumbnails: ClassVar[int] = 0
    review: Review | None = None

    def start(self, total: int, total_bytes: int) -> None:  # noqa: B027 - most reporters have nothing to do yet
        """`total` files will have an outcome; those that have to be read hold `total_bytes` bytes."""

    def grow(self, total: int, total_bytes: int) -> None:  # noqa: B027 - only a bar asks how far a run is
        """More files were found meanwhile: the numbers of :meth:`start` are these now."""

    def outcome(self, outcome: Outcome) -> None:  # noqa: B027 - reports in source order wait for the finish
        """One more file is done, in order of completion."""

    @abstractmethod
    def finish(self, report: Report) -> None:
        """The run has ended; the report's outcomes are in the order of the sources.

        Raises
        ------
        OSError
            When the reporter's file cannot be written; nothing of it is left then.
        """

    def close(self) -> None:  # noqa: B027 - only what holds the terminal has something to give back
        """No more calls follow, whether or not :meth:`finish` was one of them."""


def need_outcomes(reporters: Iterable[Reporter]) -> bool:
    """Whether one of these reads the report's outcomes: else the run need not keep them."""
    return any(reporter.reads_outcomes for reporter in reporters)


def printable(text: str) -> str:
    r"""`text` on one line: control characters and bytes that are no UTF-8 are spelled out (``\n``, ``\udcff``)."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character == _JOINER
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def explanation(outcome: Outcome) -> str:
    """What is said of an outcome's error, why it was not met again and where its file went; "" where there is none."""
    error, place = outcome.error, outcome.moved_to
    if error is None:
        return ""
    notes = [note for note in outcome.changes if note.startswith(NO_ATTEMPT)] + [f"moved to {place}"] * bool(place)
    return "; ".join([f"{error.kind} in {error.phase}: {error.message}", *notes])


def location(source: Source) -> str:
    """The source's path from where the user stands: the root as typed, and the path below it."""
    return os.path.join(source.root, source.relative)
