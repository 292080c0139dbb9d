"""Report: how did the run go? The counts, the exit code and the sentence, in one place."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from imgbatch.core.job import SCHEMA, STATUSES, Outcome, Status
from imgbatch.core.records.outcomes import Outcomes

if TYPE_CHECKING:
    from imgbatch.core.job import FailedOutcome

WRONG: tuple[Status, ...] = ("failed", "timeout", "crashed")


class ExitCode(enum.IntEnum):
    """What a run tells its caller, at the shell and in cron."""

    OK = 0
    FAILURES = 1
    USAGE = 2
    STOPPED = 4
    INTERNAL = 70
    LOCKED = 75
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(repr=False)
class Report:
    """The sum of all outcomes.

    Attributes
    ----------
    outcomes : sequence of Outcome
        In the order of the sources, once the run has ended. Those of a large run lie in a temporary file, and are
        other, equal objects each time. It compares as a list of them does.
    counts : dict of Status to int
        How many outcomes there are of each status; under ``skipped`` also files that were no images.
    remaining : int
        Jobs that were not tried because the run was stopped.
    stopped : ExitCode or None
        Why the run ended early (STOPPED, INTERRUPTED, TERMINATED), or None.
    reason : str
        The sentence for it.
    warnings : list of str
        What is odd of the run as a whole: that its ledger was damaged.
    known, known_truncations : int
        Of the files that failed, those of which this very file had failed before with the same recipe.
    known_failures : str
        ``fail`` or ``ok``: whether these count for the exit code.
    resampler : str
        The engine that resizes, ``numpy`` or ``cykooz``; "" where nothing was to be resized.
    """

    base: str = ""  # the output folder: outputs are reported relative to it
    fail_on: str = "error"  # none, truncated, error or warning: what makes the exit code 1
    known_failures: str = "fail"
    outcomes: Outcomes = field(default_factory=Outcomes)
    counts: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    remaining: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0
    warned: int = 0
    truncated: int = 0
    known: int = 0
    known_truncations: int = 0
    other_outputs: int = 0  # folders and files of other runs, left out
    located: int = 0  # pictures for the web that say where they were taken
    stopped: ExitCode | None = None
    reason: str = ""
    warnings: list[str] = field(default_factory=list)
    resampler: str = ""

    def add(self, outcome: Outcome, keep: bool = True) -> None:
        """Count one outcome.

        Parameters
        ----------
        outcome : Outcome
        keep : bool
            Whether it is kept for the records.

        Raises
        ------
        HostError
            The disk has no room for the records.
        """
        is_truncated = outcome.error is not None and outcome.error.kind == "truncated"
        self.counts[outcome.status] += 1
        self.warned += bool(outcome.warnings)
        self.truncated += is_truncated
        self.known += outcome.is_known
        self.known_truncations += outcome.is_known and is_truncated
        if outcome.status != "unchanged":
            self.located += any(output.located for output in outcome.outputs)
            self.bytes_in += outcome.source.size
            self.bytes_out += sum(output.bytes for output in outcome.outputs)
        if keep:
            self.outcomes.append(outcome)

    def sort(self) -> None:
        """Bring the outcomes into the order of the sources, whatever the scheduling was."""
        self.outcomes.sort()

    @property
    def wrong(self) -> int:
        """How many files failed, timed out or crashed."""
        return sum(self.counts[status] for status in WRONG)

    @property
    def ok(self) -> bool:
        """Whether everything is done and nothing is wrong."""
        return self.exit_code == ExitCode.OK

    @property
    def failed(self) -> Sequence[FailedOutcome]:
        """The outcomes that are wrong, each with its error, in the order of the sources."""
        return cast("Sequence[FailedOutcome]", self.outcomes.of_status(WRONG))

    @property
    def exit_code(self) -> ExitCode:
        """0 all done, 1 some files failed that count, 4 stopped early, 130/143 interrupted."""
        if self.stopped is not None:
            return self.stopped
        no_news = self.known_failures == "ok"
        wrong = self.wrong - self.known * no_news
        worth = {
            "none": 0,
            "truncated": self.truncated - self.known_truncations * no_news,
            "error": wrong,
            "warning": wrong + self.warned,
        }
        return ExitCode.FAILURES if worth[self.fail_on] else ExitCode.OK

    def summary(self) -> dict[str, Any]:
        """The JSON record of the end."""
        return {
            "v": SCHEMA,
            "event": "summary",
            **{status: self.counts[status] for status in STATUSES},
            "known": self.known,
            **({"other_outputs": self.other_outputs} if self.other_outputs else {}),
            "remaining": self.remaining,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "seconds": round(self.seconds, 3),
            **({"resampler": self.resampler} if self.resampler else {}),
            "exit_code": int(self.exit_code),
        }

    def records(self) -> Iterator[dict[str, Any]]:
        """Every file's record in the order of the sources, then the summary."""
        for outcome in self.outcomes:
            yield outcome.record(self.base)
        yield self.summary()

    def to_json(self) -> str:
        """The records as a JSON array, one record a line."""
        return "".join(self.json_pieces())

    def json_pieces(self) -> Iterator[str]:
        """The text of :meth:`to_json`, a record at a time."""
        before = "[\n"
        for record in self.records():
            yield before + dumps(record)
            before = ",\n"
        yield "\n]\n"

    def sentence(self) -> str:
        """The summary in words: ``12 ok, 1 failed (8.1 MB -> 1.2 MB, 3.4 s)``."""
        parts = [f"{self.counts[status]} {status}" for status in STATUSES if self.counts[status] or status == "ok"]
        if self.known:
            count = "all" if self.known == self.wrong else self.known
            parts.append("known before" if self.wrong == 1 else f"{count} of these known before")
        if self.remaining:
            parts.append(f"{self.remaining} remaining")
        sizes = f"{format_bytes(self.bytes_in)} -> {format_bytes(self.bytes_out)}, " if self.bytes_out else ""
        return f"{', '.join(parts)} ({sizes}{self.seconds:.1f} s)"

    def __repr__(self) -> str:
        return f"<Report: {self.sentence()}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: counts, the first failures, a few thumbnails."""
        from imgbatch.core.display.cards import report_card

        return report_card(self)


def dumps(record: dict[str, Any]) -> str:
    """One JSON line, non-ASCII as it is."""
    return without_controls(json.dumps(record, ensure_ascii=False, separators=(",", ":")))


def without_controls(text: str) -> str:
    r"""JSON with an escape (``\u009b``) for each character that a terminal would obey or not show; it means the same.

    Line breaks stay, and so does the joiner of emoji.
    """
    if text.isprintable():
        return text

    def spell(character: str) -> str:
        if character == "\n" or is_shown(character):
            return character
        units = character.encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))

    return "".join(map(spell, text))


def is_shown(character: str) -> bool:
    """Whether a terminal shows a character as it is, be it a blank, or joins two with it."""
    from unicodedata import category  # names hold such characters seldom

    return character.isprintable() or character == "\u200d" or category(character) == "Zs"


def format_bytes(size: float) -> str:
    """Bytes in decimal units, as the sizes on the command line are: ``1.2 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 999.5 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.95 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")
