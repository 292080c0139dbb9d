"""Progress: how far is a run that was started from Python? A bar of tqdm's, in a notebook its own kind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from imgbatch.core.job import Outcome
from imgbatch.core.parameter_kinds import check_type
from imgbatch.core.report import WRONG

if TYPE_CHECKING:
    from typing import Protocol

    class HasOutcomes(Protocol):
        """A run, as far as a bar has to do with it."""

        @property
        def total(self) -> int: ...

        def outcomes(self) -> Iterator[Outcome]: ...


def carry_out(run: HasOutcomes, progress: bool) -> None:
    """Have a run done to its end, with a bar where one is wanted."""
    for _ in outcomes_of(run, progress):
        pass


def outcomes_of(run: HasOutcomes, progress: bool) -> Iterator[Outcome]:
    """The outcomes of a run, with a bar where one is wanted; UsageError, before anything, where `progress` is no bool.

    Parameters
    ----------
    run : Run
    progress : bool
        As of :func:`imgbatch.run`.
    """
    if not check_type("progress", progress, bool, "true or false"):
        return run.outcomes()
    return show_progress(run.outcomes(), lambda: run.total)


def show_progress(outcomes: Iterator[Outcome], count_total: Callable[[], int]) -> Iterator[Outcome]:
    """The same outcomes, with a bar that counts them; closing it closes them, too.

    Parameters
    ----------
    outcomes : generator of Outcome
    count_total : callable
        How many there will be, as far as is known; asked again with each outcome.
    """
    from tqdm.auto import tqdm  # takes asyncio and, in a notebook, its widgets

    wrong = 0
    with contextlib.ExitStack() as stack:
        stack.callback(getattr(outcomes, "close", lambda: None))
        bar = None
        for outcome in outcomes:
            if bar is None:  # the plan is known with the first one
                bar = stack.enter_context(tqdm(total=count_total(), unit="file"))
            if outcome.status in WRONG:
                wrong += 1
                bar.set_postfix_str(f"{wrong} failed", refresh=False)
            bar.total = count_total()
            bar.update()
            yield outcome
