"""Pictures: which files of a run are looked at again for its page, and what comes of it?

A reporter knows neither codecs nor workers. It says what it would like to show (:class:`Wish`), the most wanted first,
and who carries out the run may lend it somebody who looks (:data:`Review`), as far as time allows. What is not looked
at is shown by the browser, from the files themselves.
"""

from __future__ import annotations

import base64
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from imgbatch.core.job import Outcome, ReviewOutcome, Written

#: Of the first files, of those that failed, and of those that may look worst: how many are looked at.
MOST_FIRST, MOST_FAILURES, MOST_SUSPECTS = 500, 500, 250
_SHARE, _LEAST_S, _MOST_S = 0.02, 0.5, 30.0  # of the time of the run, and seconds


@dataclass(frozen=True)
class Wish:
    """A row of the page, and the file to make small; with `compares`, how like its source an output is, instead."""

    row: int
    outcome: Outcome
    output: Written | None
    compares: bool = False


@dataclass(frozen=True)
class Look:
    """What was seen for a row: a JPEG, or a likeness (SSIM)."""

    row: int
    thumbnail: bytes
    ssim: float | None


#: Looks at files again, in the order of the wishes, for so many seconds.
Review = Callable[[Sequence[Wish], float], Iterable[Look]]


class Candidates:
    """The rows that are worth a look, chosen while they pass by."""

    def __init__(self) -> None:
        self._first: list[Wish] = []
        self._failures: list[Wish] = []
        self._suspects: list[tuple[float, int, Wish]] = []  # a heap: the least suspect is on top
        self.thumbnails: dict[int, bytes] = {}  # by row, of those that came with one

    def add(self, row: int, outcome: Outcome) -> None:
        """Consider one row."""
        output = max(outcome.outputs, key=lambda one: one.width * one.height, default=None)
        wish = Wish(row, outcome, output)
        if isinstance(outcome, ReviewOutcome) and outcome.thumbnail and len(self.thumbnails) < MOST_FIRST:
            self.thumbnails[row] = outcome.thumbnail
        if not outcome.ok:
            if len(self._failures) < MOST_FAILURES:
                self._failures.append(wish)
        elif len(self._first) < MOST_FIRST:
            self._first.append(wish)
        if output is not None and outcome.status == "ok":
            suspect = (-output.bytes / max(1, output.width * output.height), -row, wish)  # few bytes for a pixel
            if len(self._suspects) < MOST_SUSPECTS:
                heapq.heappush(self._suspects, suspect)
            else:
                heapq.heappushpop(self._suspects, suspect)

    def wishes(self) -> list[Wish]:
        """What to look at, the most wanted first: pictures of all of them, then how good those are that may be bad."""
        suspects = [wish for *_, wish in sorted(self._suspects, reverse=True)]
        small = {wish.row: wish for wish in (*self._failures, *self._first, *suspects)}
        results = [wish for wish in self._first if wish.outcome.status == "ok" and wish.output is not None]
        likenesses = {wish.row: Wish(wish.row, wish.outcome, wish.output, True) for wish in (*suspects, *results)}
        return [*(wish for row, wish in small.items() if row not in self.thumbnails), *likenesses.values()]


def looks(review: Review | None, candidates: Candidates, seconds: float) -> Iterator[list[object]]:
    """The items of a section of pictures.

    Parameters
    ----------
    review : Review or None
        None: nobody looks.
    candidates : Candidates
        All rows have been added.
    seconds : float
        That the run has taken; looking again takes a small share of it.
    """
    for row, thumbnail in candidates.thumbnails.items():
        yield _item(Look(row, thumbnail, None))
    wishes = candidates.wishes() if review is not None else []
    if review is None or not wishes:
        return
    for look in review(wishes, min(_MOST_S, max(_LEAST_S, _SHARE * seconds))):
        if look.thumbnail or look.ssim is not None:
            yield _item(look)


def _item(look: Look) -> list[object]:
    text = base64.b64encode(look.thumbnail).decode()
    ssim = None if look.ssim is None else round(look.ssim, 4)
    return [look.row, f"data:image/jpeg;base64,{text}" if text else "", ssim]
