"""Shard's part: what does one shard contribute to the report and the figures of all?"""

from __future__ import annotations

from collections.abc import Iterator

from imgbatch.core.errors import PlanError, wrong_value
from imgbatch.core.job import Outcome
from imgbatch.ledger.shards.record import ShardRecord, final_outcomes
from imgbatch.ledger.shards.shard import Shard


class ShardPart:
    """What one shard did, as its record has it; the record is complete.

    Attributes
    ----------
    shard : Shard
    record : ShardRecord
    last : ShardRun
        The run that came to its end.
    """

    def __init__(self, shard: Shard, record: ShardRecord) -> None:
        self.shard, self.record, self.last = shard, record, record.runs[-1]
        self._image_counts: dict[int, int] = {}  # files that were written, by the start of the run
        self._skips = 0

    @property
    def skip_count(self) -> int:
        """How many files are no sources."""
        return self.number_of("skipped") - self._skips

    @property
    def seconds(self) -> float:
        """How long its runs took that came to an end."""
        return sum(float((run.summary or {}).get("seconds", 0)) for run in self.record.runs)

    @property
    def resampler(self) -> str:
        """The engine that resized; "" where nothing was."""
        names = [str((run.summary or {}).get("resampler", "")) for run in self.record.runs]
        return next(filter(None, reversed(names)), "")

    def number_of(self, name: str) -> int:
        """A count of its summary."""
        return int((self.last.summary or {}).get(name, 0))

    def outcomes(self) -> Iterator[Outcome]:
        """What became of its files; to be read once, before the counts are asked for."""
        for outcome, run in final_outcomes(self.record):
            self._skips += outcome.status == "skipped"
            if outcome.status == "ok":
                count = self._image_counts.get(run.started_ns, 0)
                self._image_counts[run.started_ns] = count + len(outcome.outputs)
            yield outcome

    def sums(self) -> Iterator[dict[str, object]]:
        """The sums of the runs that wrote its files; PlanError where they are not those of these files."""
        runs = [run for run in self.record.runs if self._image_counts.get(run.started_ns)]
        for run in runs or [self.last]:
            if run.sums is None and run.summary is not None:
                raise wrong_value("a run with --stats", f"shard {self.shard}", "one without")
            images = self._image_counts.get(run.started_ns, 0)
            if run.sums is None or (len(self.record.runs) > 1 and run.sums.get("images") != images):
                raise PlanError(
                    f"the sums of what shard {self.shard} wrote are lost, as it was killed or wrote files twice; run "
                    "it again with --force --stats, then merge again"
                )
            yield run.sums
