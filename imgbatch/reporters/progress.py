"""Progress: how far is a run that was started from Python? A bar of tqdm's, in a notebook its own kind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from imgbatch.core.job import Outcome
from imgbatch.core.report import WRONG


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
