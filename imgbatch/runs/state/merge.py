"""Merge: what did all shards do together? One ledger, one report, one set of figures, as one run would have left them.

Each shard has left a ledger and a record of its outcomes (ledger/shards/). Nothing is joined before all of them are
there: a shard that never ran, was killed or stopped is named. Then the outcomes are told in the order of all sources,
the ledgers joined and removed. The records stay: a merge may be repeated, until a shard begins the next round.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from imgbatch.core.errors import MissingShardsError, PlanError, wrong_value
from imgbatch.core.parameter_kinds import check_path, check_type, python_scalar
from imgbatch.core.quantities import Duration
from imgbatch.core.report import Report
from imgbatch.core.run_settings import Settings
from imgbatch.ledger.rows import state_folder
from imgbatch.ledger.shards import record
from imgbatch.ledger.shards.join import JoinRun, join_ledgers, remove_ledgers
from imgbatch.ledger.shards.record import ShardRecord, read_record, refuse_odd_conditions
from imgbatch.ledger.shards.shard import Shard, shards_in, waiting_shards
from imgbatch.ledger.shards.shard_ledger import merge_ids, write_merge_ids
from imgbatch.ledger.trust import refuse_strange_state
from imgbatch.planning.folders import display_path
from imgbatch.runs.state.shard_part import ShardPart
from imgbatch.runs.workload import Path
from imgbatch.storage.lock import CAN_SHARE, Lock
from imgbatch.storage.registry import absolute, is_remote, refuse_remote, refuse_unknown_stores

if TYPE_CHECKING:
    from imgbatch.core.job import Outcome
    from imgbatch.pixels.statistics import Statistics

_MOST_NAMES = 10  # of missing shards in a message


class ShardMerge:
    """The merge of the shards of one output folder.

    Parameters
    ----------
    folder : path
        The output folder.
    state : path, optional
        Where the shards' state is, if not in the folder.
    wait : float
        How many seconds to wait for a shard that is at work.
    trust_state : bool
        Whether a state folder that is a link, or another user's, is believed.
    placeholders : bool
        Whether outputs are looked at for their placeholders, where their shard was not asked for these.
    known_failures : "ok" or "fail"
        Whether files that had failed before the shards' runs make the exit code 1.

    Attributes
    ----------
    folder : str
        Absolute.
    report : Report
        Of all shards, once :meth:`carry_out` has returned. ``seconds`` are the sum of theirs.
    shards : tuple of Shard
        All that there are.
    """

    def __init__(
        self, folder: Path, *, state: Path | None = None, wait: float = 0.0, trust_state: bool = False,
        placeholders: bool = False, known_failures: str = "fail",
    ) -> None:  # fmt: skip
        folder = check_path("folder", folder, "a folder")
        refuse_unknown_stores(folder)
        self.folder = absolute(folder)
        state = None if state is None else check_path("state", state, "a folder")
        refuse_remote("state", state or "", "a folder on a disk of this machine")
        if is_remote(folder) and state is None:
            raise wrong_value("the folder on a disk that has the shards' state", "state", state)
        self._base = state_folder(self.folder, state)
        self._wait = Duration().check("wait", python_scalar(wait))
        self._trust_state = check_type("trust_state", trust_state, bool, "true or false")
        self._placeholders = check_type("placeholders", placeholders, bool, "true or false")
        self.shards: tuple[Shard, ...] = ()
        known_failures = Settings(known_failures=known_failures).known_failures or "fail"
        self.report = Report(base=self.folder, known_failures=known_failures)
        self._parts: list[ShardPart] = []

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ShardMerge belongs to its process and cannot be copied; send its report instead")

    def carry_out(self, check: Callable[[Report], None] | None = None) -> Report:
        """Join the shards; the report of all.

        Parameters
        ----------
        check : callable, optional
            Is called with the report before anything is changed; what it raises ends the merge.

        Raises
        ------
        MissingShardsError
            Shards have not run, or not to their end.
        PlanError
            There are no shards, they do not belong together, or what they left cannot be read.
        LockedError
            A shard, or another run, is at work.
        """
        refuse_strange_state(self._base, self._trust_state, writing=True)
        if not shards_in(self._base):
            raise PlanError(f"no shards are in {display_path(self.folder)}; imgbatch run ... --shard I/N makes them")
        locks: list[Lock] = []
        try:
            for shard in shards_in(self._base):  # first, to name the one that is at work
                self._lock(shard).release()
            locks.append(Lock(self._base, self._wait, self.folder))
            if not CAN_SHARE:  # else every shard at work would hold that one; and a thousand are many open files
                locks += map(self._lock, shards_in(self._base))
            self._join(check)
        finally:
            for lock in locks:
                lock.release()
        return self.report

    def statistics(self) -> Statistics:
        """The figures of all that the shards wrote, as ``--stats`` of one run has them.

        Raises
        ------
        PlanError
            A shard was run without ``--stats``, or its sums are lost because it was killed.
        """
        tables = [table for part in self._parts for table in part.sums()]
        from imgbatch.pixels.exact_sums import Layout, Sums
        from imgbatch.pixels.statistics import output_statistics

        try:
            sums = Sums.of_tables(tables, Layout())
        except (ValueError, TypeError, LookupError, OverflowError):
            raise PlanError(f"the sums in a record below {self._base} are damaged; run that shard again") from None
        return output_statistics(sums, self.report.outcomes)

    def _lock(self, shard: Shard) -> Lock:
        state = shard.state(self._base)
        refuse_strange_state(state, self._trust_state, writing=True)
        return Lock(state, self._wait, f"shard {shard} of {self.folder}")

    def _join(self, check: Callable[[Report], None] | None) -> None:
        ids = merge_ids(self._base)
        records = {shard: read_record(self._file(shard), self.folder) for shard in shards_in(self._base)}
        count = self._choose_count(records, ids)
        self.shards = tuple(Shard(number, count) for number in range(count))
        group = {shard: records.get(shard) for shard in self.shards}
        is_repeated = all(one is not None and one.id in ids for one in group.values())
        parts = self._parts = self._complete(group, frozenset() if is_repeated else ids)
        self._refuse_mixtures(parts)
        self._tell(parts)
        if check is not None:
            check(self.report)
        states = [shard.state(self._base) for shard in self.shards]
        if not is_repeated:
            first = parts[0].last.conditions
            run = JoinRun(
                self.folder, min(part.record.runs[0].started_ns for part in parts),
                max(part.last.ended_ns for part in parts), self.report.summary(), first["recipe"], first["versions"],
                first["command"],
            )  # fmt: skip
            successes = [one.source.path for one in self.report.outcomes if one.status == "ok"]
            join_ledgers(self._base, states, run, successes)
            others = [one.id for shard, one in records.items() if one is not None and shard.count != count]
            write_merge_ids(self._base, {*(part.record.id for part in parts), *ids.intersection(others)})
        remove_ledgers(states)  # that a killed merge has left

    def _file(self, shard: Shard) -> str:
        return os.path.join(shard.state(self._base), record.FILE)

    def _choose_count(self, records: dict[Shard, ShardRecord | None], ids: frozenset[str]) -> int:
        """How many shards there are: those that wait say it, or else those that were merged last."""
        waiting = {shard.count for shard in waiting_shards(self._base)}
        counts = sorted(waiting or {shard.count for shard, one in records.items() if one and one.id in ids})
        if len(counts) > 1 and waiting:
            folders = os.path.join(display_path(self._base), f"shard-*-of-{counts[0]}")
            raise PlanError(
                f"shards of {' and of '.join(map(str, counts))} wait in {display_path(self.folder)}, which are not one "
                f"run; take those away that were a mistake (such as {folders}), then merge again"
            )
        if not counts:
            raise PlanError(f"no shards wait in {display_path(self.folder)}; imgbatch run ... --shard I/N makes them")
        return max(counts, key=lambda count: self._last_end(records, count))

    @staticmethod
    def _last_end(records: dict[Shard, ShardRecord | None], count: int) -> int:
        ends = [one.runs[-1].ended_ns for shard, one in records.items() if shard.count == count and one and one.runs]
        return max(ends, default=0)

    def _complete(self, group: dict[Shard, ShardRecord | None], ids: frozenset[str]) -> list[ShardPart]:
        """What all shards did; MissingShardsError where some are not there."""
        parts, problems = [], []
        for shard, one in group.items():
            why = _problem(one, ids)
            if why:
                problems.append(f"shard {shard} {why}")
            elif one is not None:
                parts.append(ShardPart(shard, one))
        if problems:
            more = len(problems) - _MOST_NAMES
            names = ", ".join(problems[:_MOST_NAMES]) + (f" (and {more} more)" if more > 0 else "")
            again = "run it" if len(problems) == 1 else "run each of them"
            raise MissingShardsError(
                f"{names}; {again}, then `imgbatch merge {display_path(self.folder)}`; nothing was merged"
            )
        return parts

    def _refuse_mixtures(self, parts: Sequence[ShardPart]) -> None:
        """PlanError where shards were not run with one recipe; warnings where they may not have done the same."""
        first = parts[0]
        for part in parts:
            refuse_odd_conditions(part.record)
            for name, what in (("recipe", "another recipe"), ("fail_on", "another --fail-on")):
                if part.last.conditions.get(name) != first.last.conditions.get(name):
                    raise PlanError(
                        f"shard {part.shard} was run with {what} than shard {first.shard}; run the one that is wrong "
                        "again, then merge again"
                    )
        for name, sentence in (
            ("sources", "shards saw different sources, as files came or went meanwhile; a plain run does what is left"),
            ("versions", "shards were run with different versions of imgbatch or Pillow; their outputs may differ"),
        ):
            if len({part.last.conditions.get(name) for part in parts}) > 1:
                self.report.warnings.append(sentence)
        if len({part.resampler for part in parts} - {""}) > 1:
            self.report.warnings.append(
                "shards were resized by different engines; their outputs may differ in rounding"
            )

    def _tell(self, parts: Sequence[ShardPart]) -> None:
        """Count all outcomes, in the order of the sources."""
        report = self.report
        report.fail_on = parts[0].last.conditions["fail_on"]
        for part in parts:
            for outcome in part.outcomes():
                report.add(self._with_placeholders(outcome) if self._placeholders else outcome)
            report.counts["skipped"] += part.skip_count
            report.other_outputs += part.number_of("other_outputs")
            report.seconds += part.seconds
            report.resampler = report.resampler or part.resampler
        report.sort()

    @staticmethod
    def _with_placeholders(outcome: Outcome) -> Outcome:
        from imgbatch.pipeline.previews import placeholder

        return placeholder.complete(outcome, Settings.max_pixels)


def merge(
    folder: Path, *, state: Path | None = None, wait: float = 0.0, trust_state: bool = False,
    known_failures: str = "fail",
) -> Report:  # fmt: skip
    """Join the shards of an output folder: their ledgers, and their reports.

    Parameters
    ----------
    folder, state, wait, trust_state, known_failures
        As of :class:`ShardMerge`.

    Returns
    -------
    Report
        As one run over all sources would have given it; ``seconds`` are the sum of the shards'.

    Raises
    ------
    MissingShardsError, PlanError, LockedError
        As of :meth:`ShardMerge.carry_out`.
    """
    shards = ShardMerge(folder, state=state, wait=wait, trust_state=trust_state, known_failures=known_failures)
    return shards.carry_out()


def _problem(one: ShardRecord | None, ids: frozenset[str]) -> str:
    """Why a shard cannot be joined; "" where it can."""
    if one is None or not one.runs:
        return "never ran"
    if one.id in ids:
        return "has not run since the last merge"
    summary = one.runs[-1].summary
    if summary is None:
        return "was killed"
    return "was stopped before its end" if summary.get("remaining") else ""
