"""Runs as users start them, and what they read of the results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import assert_type

import imgbatch as ib

PHOTOS = Path("photos")


def log(outcome: ib.Outcome) -> str | None:
    """A function for any outcome takes those of `failed`, too."""
    return None if outcome.error is None else outcome.error.message


def run() -> int:
    report = ib.run([PHOTOS, "more"], Path("web"), workers=4, timeout="60s", memory="2G", archive=Path("done"))
    for outcome in report.failed:
        assert_type(outcome.error, ib.Failure)
        print(outcome.source.relative, outcome.error.kind, outcome.error.message, log(outcome))
    for any_outcome in report.outcomes:
        assert_type(any_outcome.error, ib.Failure | None)
        print(any_outcome.error.kind)  # type: ignore[union-attr]
    first: Sequence[ib.Outcome] = report.failed[:3]
    return report.exit_code + len(first)


def stream() -> None:
    for outcome in ib.process(PHOTOS, "web", ledger=False):
        assert_type(outcome, ib.Outcome)
        if outcome.error is not None:  # what was wrong, and nothing else, has an error
            print(outcome.source.relative, outcome.error.kind)
    handle = ib.start(PHOTOS, "web")
    assert_type(handle.result(timeout=3), ib.Report)
    done, total = handle.progress
    print(done / total)


def measure() -> float:
    statistics = ib.stats(PHOTOS, weight="image", workers="auto")
    mean: float = statistics.mean[0]
    for failed in statistics.failures:
        assert_type(failed.error, ib.Failure)
    with ib.load(PHOTOS, ib.Resize((64, 64), fit="cover"), mode="L") as loaded:
        print([failed.error.message for failed in loaded.failed])
    ib.check("photos", fail_on="warning")
    ib.check("photos", fail_on="warnings")  # type: ignore[arg-type]
    return mean


ib.run(PHOTOS, "web", worker=4)  # type: ignore[call-arg]
ib.run(PHOTOS, "web", workers=[4])  # type: ignore[arg-type]
ib.check("photos", overwrite=True)  # type: ignore[call-arg]
