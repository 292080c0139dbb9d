"""What does the ledger say of a job: up to date, known to fail, or to do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from imgbatch.core.job import Job, Outcome
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import mendable
from imgbatch.planning.recipe import Recipe

NOT_AGAIN = "not tried again: neither the file nor the recipe has changed (--retry-failed)"


def up_to_date(ledger: Ledger, job: Job, recipe: Recipe, digests: Sequence[str]) -> Outcome | None:
    """The outcome "unchanged", when every target of the job is there, as this recipe would make it of this source."""
    if not job.targets:
        return None
    late = any(target.late for target in job.targets)
    collapsed = _collapsed(ledger.widths(job.source, digests), job, recipe) if late else set()
    wanted = {output: digest for output, digest in enumerate(digests) if output not in collapsed}
    dated = {output for output in wanted if recipe.outputs[output].preserve}
    done = ledger.up_to_date(job, wanted, dated)
    return None if done is None else Outcome(job.index, job.source, "unchanged", outputs=done)


def known_to_fail(ledger: Ledger, job: Job, now_ns: int) -> Outcome | None:
    """The outcome of the last attempt, when another one would end as it did, or is not due yet."""
    held = ledger.failed(job.source)
    if held is None or held.due(now_ns):
        return None
    said = NOT_AGAIN
    if held.next_ns:
        hours = max(1, round((held.next_ns - now_ns) / 3.6e12))
        when = f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"
        said = f"not tried before {when} are over, after {held.attempts} attempts (--retry-failed)"
    error = replace(held.failure, message=f"{held.failure.message}; {said}")
    return Outcome(job.index, job.source, held.status, error=error)


def retried(ledger: Ledger, job: Job) -> bool:
    """Whether a job failed before in a way that every run looks for again; then the others go first."""
    held = ledger.failed(job.source)
    return held is not None and mendable(held.failure)


def suspicious(ledger: Ledger, job: Job) -> bool:
    """Whether a job has cost a worker before, and is better done last and alone."""
    held = ledger.failed(job.source)
    return held is not None and held.status in ("timeout", "crashed")


def _collapsed(widths: dict[int, int], job: Job, recipe: Recipe) -> set[int]:
    """The outputs that have no file of their own: renditions wider than the picture, of which one was written."""
    asked = {
        target.output: (target.path, width)
        for target in job.targets
        if target.late and (width := recipe.outputs[target.output].rendition) is not None
    }
    narrower = {output: width for output, width in widths.items() if output in asked and width < asked[output][1]}
    found = {asked[output][0]: width for output, width in narrower.items()}
    return {
        output
        for output, (path, width) in asked.items()
        if output not in widths and path in found and found[path] <= width
    }
