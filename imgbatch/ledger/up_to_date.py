"""Up to date: which jobs are done already, which are known to fail, and which are left to do?

This is how a run resumes, also one that was killed: what the ledger knows to be done is not done again. Whether
one file is still as it was written is for index/ to say; in place, for originals/in_place.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from imgbatch.core.job import NO_ATTEMPT, Job, Outcome
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import is_retryable
from imgbatch.planning.recipe import Recipe

NOT_AGAIN = f"{NO_ATTEMPT}again: neither the file nor the recipe has changed (--retry-failed)"


def up_to_date(
    ledger: Ledger, job: Job, recipe: Recipe, digests: Mapping[int, str], with_mtime: Collection[int]
) -> Outcome | None:
    """The outcome "unchanged", when every target of the job is there, as this recipe would make it of this source.

    Parameters
    ----------
    ledger : Ledger
    job : Job
    recipe : Recipe
    digests : mapping of int to str
        Of the recipe's outputs, in their order.
    with_mtime : collection of int
        The outputs whose files have the source's mtime.
    """
    if not job.targets:
        return None
    if any(target.late for target in job.targets):
        from imgbatch.planning.renditions import outputs_without_file  # only recipes with widths have them

        without_file = outputs_without_file(ledger.widths(job.source, list(digests.values())), job, recipe)
        digests = {output: digest for output, digest in digests.items() if output not in without_file}
    outputs = ledger.up_to_date(job, digests, with_mtime)
    return None if outputs is None else Outcome(job.index, job.source, "unchanged", outputs=outputs)


def known_failure(ledger: Ledger, job: Job, now_ns: int) -> Outcome | None:
    """The outcome of the last attempt, when another one would end as it did, or is not due yet.

    Parameters
    ----------
    ledger : Ledger
    job : Job
    now_ns : int
        Nanoseconds since 1970.
    """
    row = ledger.last_failure(job.source)
    if row is None or row.due(now_ns):
        return None
    reason = NOT_AGAIN
    if row.next_ns:
        hours = max(1, round((row.next_ns - now_ns) / 3.6e12))
        when = f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"
        reason = f"{NO_ATTEMPT}before {when} are over, after {row.attempts} attempts (--retry-failed)"
    return Outcome(job.index, job.source, row.status, error=row.failure, changes=(reason,))


def is_retried(ledger: Ledger, job: Job) -> bool:
    """Whether a job failed before in a way that every run looks for again; then the others go first."""
    row = ledger.last_failure(job.source)
    return row is not None and is_retryable(row.failure)


def is_suspicious(ledger: Ledger, job: Job) -> bool:
    """Whether a job has cost a worker before, and is better done last and alone."""
    row = ledger.last_failure(job.source)
    return row is not None and row.status in ("timeout", "crashed")
