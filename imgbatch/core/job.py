"""Jobs and outcomes: what passes from room to room?

Small frozen values without pixels: a Source is found, a Job is planned from it, Written and Failure are what work
reports, an Outcome is what became of the job. All of them pickle, and an Outcome knows its JSON record.
"""

# Without `from __future__ import annotations`: every start of a command would compile the texts of the fields again.
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, get_args

from imgbatch.core.errors import Kind, Phase
from imgbatch.core.frozen_dataclass import frozen

Status = Literal["ok", "unchanged", "skipped", "failed", "timeout", "crashed"]
STATUSES: tuple[Status, ...] = get_args(Status)
#: What is said of a source that `--archive` and `--quarantine` moved, before its new place.
MOVES = ("archived", "quarantined")
NO_ATTEMPT = "not tried "  # what the note of a failure begins with that is only remembered
SCHEMA = 1  # the "v" of every JSON record


@frozen(slots=True)
class Failure:
    """Why a file failed: one of errors.KINDS, the phase it happened in, and a sentence."""

    kind: Kind
    phase: Phase
    message: str


@frozen(slots=True)
class Source:
    """An image file that was found.

    `path` is absolute; `root` is as the user typed it and `relative` the path below it (``/`` between its parts);
    `size` in bytes and `mtime_ns` are those of the moment it was found. `problem` is set where even looking failed.
    `place` is the folder that `relative` starts from (device, inode, machine) where no link was on the way from there:
    none is followed later.
    """

    path: str
    root: str
    relative: str
    size: int = 0
    mtime_ns: int = 0
    named: bool = False  # typed by the user, rather than found in a folder
    problem: Failure | None = None
    place: tuple[int, int, str] | None = None


@frozen(slots=True)
class LedgerEntry:
    """What the ledger knows of a file in the output folder: made from `source` (absolute path) for output `output`.

    `is_edited` says that it is no longer as it was written; `doubtful`, that a killed run or somebody else may have
    left it: its content will tell. `former_source` is where the source was, before both were moved or copied.
    """

    source: str
    output: int
    is_edited: bool
    doubtful: bool = False
    former_source: str = ""


@frozen(slots=True)
class Target:
    """One file to be written: which of the recipe's outputs, and where.

    Attributes
    ----------
    path : str
        Absolute. When `late`, a template: ``{width}``, ``{height}`` and ``{hash}`` are filled in by work, once the
        pixels are known, and the file is created exclusively.
    other : str or None
        For a source whose format cannot be written: the name as TIFF, for the modes that PNG cannot hold.
    format : str
        The format to write; "png" where `other` is set.
    replace : bool
        Whether a file in the way may be replaced (it is ours, or --overwrite); if not, creation is exclusive.
    earlier_outputs : tuple of str
        What an earlier run made of the same source for the same output (for any, when `late`), unmodified since: may
        always be replaced.
    versions : tuple of (str, int)
        Paths that may be replaced, and the :meth:`Storage.version` that they must still have then; only in stores that
        replace on that condition.
    """

    output: int
    path: str
    format: str
    other: str | None = None
    late: bool = False
    replace: bool = False
    earlier_outputs: tuple[str, ...] = ()
    versions: tuple[tuple[str, int], ...] = ()


@frozen(slots=True)
class Job:
    """One source and what to make of it; `index` is its place in the order of the sources, from 0."""

    index: int
    source: Source
    targets: tuple[Target, ...]


@frozen(slots=True)
class Written:
    """One file that was written: `path` is absolute here, relative to the output folder in the record."""

    output: int
    path: str
    format: str
    width: int
    height: int
    bytes: int
    quality: int | None = None
    frames: int = 1
    mtime_ns: int = 0
    mode: str = ""  # Pillow's, of the pixels as written; not known of copies and of what a former run wrote
    hash: str = ""  # of the bytes; "" for what was not written by this run
    source_format: str = ""  # where it is one that can be written
    located: bool = False  # whether the file, of a format for publishing, says where the picture was taken
    fields: tuple[
        str, ...
    ] = ()  # those that operations asked for and that the file's content does not decide: n, mtime
    placeholder: str = ""  # what stands for the file while it loads: its thumbhash in base64, and its color ``#rrggbb``

    def record(self, base: str) -> dict[str, Any]:
        """The JSON record of one output, its path relative to `base`, an absolute folder; "" keeps it absolute."""
        path = self.path.removeprefix(base.rstrip("/") + "/") if base else self.path
        result: dict[str, Any] = {
            "path": path, "format": self.format, "width": self.width, "height": self.height, "bytes": self.bytes,
        }  # fmt: skip
        if self.quality is not None:
            result["quality"] = self.quality
        if self.frames > 1:
            result["frames"] = self.frames
        return result


@frozen(slots=True)
class Cost:
    """What a job cost, beside the milliseconds of its phases; only measured when asked for.

    Attributes
    ----------
    format : str
        Of the source; "" when its header could not be read.
    pixels : int
        Of the source, all frames that were decoded together.
    steps : dict of str to float
        Milliseconds of each operation, by its name; one that occurs twice has the sum.
    cpu_ms : float
        Processor time of the whole process, all threads.
    memory : int
        Bytes: the most that the process held in its whole life; 0 where the system does not tell.
    """

    format: str
    pixels: int
    steps: dict[str, float]
    cpu_ms: float
    memory: int


@frozen(slots=True)
class Outcome:
    """What became of one job. Exactly one per job, whatever happens. `cost` is there when it was asked for.

    `host_warnings` are none of the file's: what its process lacks, which the run says once. `attempts` is how often the
    job was begun: more than once where the engine of others that did it lost a worker. `is_known`: a failure of a file
    that had failed before as it is, with this recipe; where it was not tried again, `changes` says why.
    """

    index: int
    source: Source
    status: Status
    outputs: tuple[Written, ...] = ()
    error: Failure | None = None
    warnings: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    ms: dict[str, float] = field(default_factory=dict)
    cost: Cost | None = None
    source_hash: str = ""  # of the bytes that were read
    host_warnings: tuple[str, ...] = ()
    attempts: int = 1
    is_known: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong: done now, or done before and unchanged since."""
        return self.status in ("ok", "unchanged", "skipped")

    @property
    def moved_to(self) -> str:
        """Where its source is now that it was archived or quarantined; "" where it stayed."""
        for text in reversed(self.changes):
            word, _, place = text.partition(": ")
            if word in MOVES:
                return place
        return ""

    def __repr__(self) -> str:
        from imgbatch.core.display.cards import outcome_line

        return f"<Outcome: {outcome_line(self)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the same, what was noted, and the picture."""
        from imgbatch.core.display.cards import outcome_card

        return outcome_card(self)

    def record(self, base: str = "") -> dict[str, Any]:
        """The JSON record; paths of outputs are relative to `base`, milliseconds rounded to 0.1."""
        error = self.error
        return {
            "v": SCHEMA,
            "event": "file",
            "status": self.status,
            "root": readable(self.source.root),
            "source": readable(self.source.relative),
            "outputs": [{**one, "path": readable(one["path"])} for one in (w.record(base) for w in self.outputs)],
            "error": error and {"kind": error.kind, "phase": error.phase, "message": readable(error.message)},
            "warnings": [readable(text) for text in self.warnings],
            "changes": [readable(text) for text in self.changes],
            "ms": {phase: round(ms, 1) for phase, ms in self.ms.items()},
            **({"attempts": self.attempts} if self.attempts > 1 else {}),
            **({"known": True} if self.is_known else {}),
        }


@frozen(slots=True)
class ReviewOutcome(Outcome):
    """An Outcome with what was seen: a JPEG of the file, small, or how like its source it is (SSIM); or nothing."""

    thumbnail: bytes = b""
    ssim: float | None = None


if TYPE_CHECKING:

    class FailedOutcome(Outcome):
        """An Outcome that is wrong, as type checkers see it: its error is there."""

        error: Failure


def readable(text: str) -> str:
    r"""`text` with the bytes that are no UTF-8 (surrogates, as Python hands them over) spelled ``\udcXX``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
