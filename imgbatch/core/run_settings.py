"""Run settings: how shall a run go, apart from what it makes?

Which files count (Filters), how the work is done (Settings) and how the command behaves where nobody watches
(UnattendedSettings). Each is declared once: the flags, the environment variables, the recipe's ``[input]`` and
``[run]`` tables and the keyword arguments of the library come from here.
"""

# Without `from __future__ import annotations`: every start of a command would compile the texts of the fields again.
import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Choice, Grammar, Switch, spell_path
from imgbatch.core.parameters import Brief, Declaration, Heading
from imgbatch.core.quantities import Amount, Count, Duration, Limit

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Which engine resizes; auto: SIMD code where it is installed (operations/support/resampling/resampler.py).
RESAMPLERS = ("auto", "numpy", "cykooz")
InTheWay = Literal["refuse", "overwrite", "skip", "rename"]
#: Of the help pages: what decides about files that are there already.
_EXISTING = Heading("existing files")
AUTO_STATE = "auto"  # of state: the user's state folder, which only the command knows
FAIL_ON = ("none", "truncated", "error", "warning")
EXECUTOR_WORDS = ("processes", "inline", "dask")  # of --executor, each a line of executors/registry.py
Number = int | float

_SHARD = re.compile(r"(auto|\d{1,6})(?:/(\d{1,6}))?")


def shard_word(word: str) -> str:
    """``I/N`` (0 <= I < N) or ``auto[/N]`` in its one spelling; ValueError for anything else."""
    match = _SHARD.fullmatch(word.strip())
    if match is None or (match[1] != "auto" and match[2] is None):
        raise ValueError(word)
    count = None if match[2] is None else int(match[2])
    number = match[1] if match[1] == "auto" else str(int(match[1]))
    if count is not None and not (number == "auto" or int(number) < count) or count == 0:
        raise ValueError(word)
    return number if count is None else f"{number}/{count}"


def folder_word(word: str) -> str:
    """The folder as typed; ValueError when it is none."""
    if not word or "\0" in word:
        raise ValueError(word)
    return word


def executor_word(word: str) -> str:
    """One of `EXECUTOR_WORDS`, or ``dask:ADDRESS``; ValueError for any other word."""
    name, colon, address = word.partition(":")
    if name not in EXECUTOR_WORDS or colon and (name != "dask" or not address.strip()):
        raise ValueError(word)
    return word


@frozen
class Filters(Declaration):
    """Which files of a folder or a glob count; files that are named always do."""

    word: ClassVar[str] = ""

    recursive: Annotated[bool, Switch(), "look into folders below"] = True
    max_depth: Annotated[int | None, Count(0, auto=False), "how many folders deep to look; 0: only SRC itself"] = None
    newer_than: Annotated[float | None, Duration(), "only files modified within this time"] = None
    min_size: Annotated[int | None, Amount(), "only files of at least so many bytes"] = None
    max_size: Annotated[int | None, Amount(), "only files of at most so many bytes"] = None
    settle: Annotated[float, Duration(), "leave files modified more recently than this for the next run"] = 0.0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    if TYPE_CHECKING:

        def __init__(
            self, recursive: bool = True, max_depth: int | None = None, newer_than: float | str | None = None,
            min_size: int | str | None = None, max_size: int | str | None = None, settle: float | str = 0.0,
            include: str | Iterable[str] = (), exclude: str | Iterable[str] = (),
        ) -> None: ...  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "include", _patterns("include", self.include))
        object.__setattr__(self, "exclude", _patterns("exclude", self.exclude))


@frozen
class Settings(Declaration):
    """How the work is done."""

    word: ClassVar[str] = ""
    #: Seconds that a file of strangers may take, where nobody said how many.
    untrusted_timeout_s: ClassVar[float] = 60.0

    workers: Annotated[int | str, Count(0, 512), "worker processes; 0: in this process", Brief()] = "auto"
    chunksize: Annotated[int | str, Count(1, 10_000), "files handed to a worker at a time"] = "auto"
    timeout: Annotated[float | None, Duration(0.001), "the time that a file may take; enforced from outside"] = None
    memory: Annotated[
        int | str, Amount(1_000_000, auto=True, noun="bytes"), "decoded pixels that all workers may hold at a time"
    ] = "auto"
    max_pixels: Annotated[int, Amount(1, noun="a number of pixels"), "refuse pictures with more pixels"] = 268_000_000
    fail_on: Annotated[
        str,
        Choice(FAIL_ON),
        "what makes a file wrong: warning: also one that was read with warnings; none: the exit code stays 0",
    ] = "error"
    fail_fast: Annotated[bool, Switch(), "stop after the first failure"] = False
    max_failures: Annotated[str | None, Limit(), "stop after so many failures, or such a share of the files"] = None
    flat: Annotated[bool, Switch(), "do not mirror the folders of the source", Heading("output")] = False
    overwrite: Annotated[bool, Switch(), "replace files in the way that imgbatch did not write", Brief(), _EXISTING] = (
        False
    )
    skip_existing: Annotated[bool, Switch(), "leave files in the way, and skip their sources", _EXISTING] = False
    rename: Annotated[bool, Switch(), "number the new name when a file is in the way", _EXISTING] = False
    force: Annotated[bool, Switch(), "make everything again, unchanged or not", Brief(), _EXISTING] = False
    retry_failed: Annotated[
        bool, Switch(), "try again what failed, though neither file nor recipe changed", _EXISTING
    ] = False
    prune: Annotated[
        bool, Switch(), "remove outputs, made by imgbatch and unmodified, whose sources are gone", _EXISTING
    ] = False
    lock: Annotated[bool, Switch(), "refuse to start while another run is at work in the same output folder"] = True
    wait: Annotated[float, Duration(), "how long to wait for another run to end"] = 0.0
    max_time: Annotated[float | None, Duration(0.001), "stop after this time; the next run goes on"] = None
    max_files: Annotated[int | None, Count(1, 10**9, auto=False), "stop after so many files"] = None
    state: Annotated[
        str | None,
        Grammar("a folder", folder_word, ("/var/lib/imgbatch", AUTO_STATE), spell_path),
        "where ledger and lock lie (default DIR/.imgbatch); auto: in your state folder",
    ] = None
    in_place: Annotated[
        bool,
        Switch(),
        "replace each source by what is made of it, and keep the originals for `imgbatch undo`",
        Brief("replace each source; `imgbatch undo` brings them back"),
        _EXISTING,
    ] = False
    keep_backups: Annotated[float | None, Duration(), "remove the originals of runs that are older", _EXISTING] = None
    archive: Annotated[
        str | None,
        Grammar("a folder", folder_word, ("done",), spell_path),
        "move sources there once their outputs are on the disk",
        _EXISTING,
    ] = None
    quarantine: Annotated[
        str | None,
        Grammar("a folder", folder_word, ("bad",), spell_path),
        "move sources that failed there, with a .txt that says why",
        _EXISTING,
    ] = None
    no_plan: Annotated[bool, Switch(), "touch every pixel: decode whole, encode always, to compare"] = False
    profile: Annotated[bool, Switch(), "say after the run where the time went, and what was the limit"] = False
    # By position the newest come last: who wrote Settings(...) before they were there still means the same
    trust_state: Annotated[
        bool, Switch(), "believe a state folder that is a link, or another user's (not in a recipe)"
    ] = False
    sync: Annotated[
        str, Choice(("auto", "off")), "put outputs on the disk before the ledger says that they are done; off: later"
    ] = "auto"
    untrusted: Annotated[
        bool, Switch(), "files from strangers: JPEG, PNG, WebP, GIF, AVIF and TIFF only, 60 s each, no code of files"
    ] = False
    resampler: Annotated[
        str, Choice(RESAMPLERS), "what resizes; auto: cykooz-resizer where imgbatch[fast] is installed, else numpy"
    ] = "auto"
    retries: Annotated[
        int, Count(1, 100, auto=False), "how often to try a file again whose worker an engine of others has lost"
    ] = 3
    executor: Annotated[
        str,
        Grammar(f"{', '.join(EXECUTOR_WORDS)} or dask:ADDRESS", executor_word, ("processes", "dask:tcp://host:8786")),
        "who does the work: worker processes here (default), this process, or a Dask cluster (imgbatch[dask])",
    ] = "processes"
    executor_timeout: Annotated[
        float, Duration(0.001), "stop when a cluster has had no worker for this time; the next run goes on"
    ] = 60.0
    shard: Annotated[
        str | None,
        Grammar("I/N with I from 0 to N-1, or auto,", shard_word, ("0/8", "auto")),
        "do a part of the files, as one of N runs that `imgbatch merge` joins; auto: as the job array says",
    ] = None
    stream: Annotated[
        bool, Switch(), "begin with the first SRC, while the others are still to come; names are claimed as they come"
    ] = False
    known_failures: Annotated[
        str | None,
        Choice(("ok", "fail")),
        "whether files that failed before make the exit code 1 (default fail; with --unattended ok)",
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.overwrite + self.skip_existing + self.rename > 1:
            raise UsageError("expected one of overwrite, skip-existing and rename, got several")

        if self.prune and (self.archive is not None or self.quarantine is not None):
            raise UsageError("expected --prune or --archive and --quarantine, got both: what is moved is not gone")
        if self.shard is not None:
            self._refuse_with_shard()
        if self.stream:
            self._refuse_with_stream()

    def _refuse_with_stream(self) -> None:
        """UsageError for what a run cannot do that does not know its files before it writes."""
        reasons = {
            "in_place": "what is replaced is planned as a whole; leave --stream out",
            "prune": "what is gone is only known when all sources are; prune in a run without --stream",
            "overwrite": "what is in the way may be a source that is still to come; use --rename or --skip-existing",
            "shard": "each shard would need the whole list; give each run a list of its own",
        }
        for name, reason in reasons.items():
            if getattr(self, name):
                raise UsageError(f"expected --stream or --{name.replace('_', '-')}, got both: {reason}")
        if self.executor.startswith("dask"):
            raise UsageError("expected --stream or a cluster, got both: it gets what is known; leave one of them out")
        if self.needs_total:
            raise UsageError(
                f"expected a number of --max-failures with --stream, got {self.max_failures}: nobody knows of how many "
                "files that is a share"
            )

    def _refuse_with_shard(self) -> None:
        """UsageError for what a run cannot do that has only a part of the files."""
        for name in ("in_place", "prune", "archive", "quarantine"):
            if getattr(self, name):
                flag = f"--{name.replace('_', '-')}"
                raise UsageError(
                    f"expected --shard or {flag}, got both: other shards have to see the same sources and outputs; "
                    + ("leave one of them out" if name == "in_place" else f"use {flag} in a run after imgbatch merge")
                )

    @property
    def in_the_way(self) -> InTheWay:
        """What happens to a foreign file where an output belongs."""
        if self.overwrite:
            return "overwrite"
        if self.skip_existing:
            return "skip"
        return "rename" if self.rename else "refuse"

    @property
    def needs_total(self) -> bool:
        """Whether all files must be known before the first is done: a share of them is allowed to fail."""
        return self.max_failures is not None and self.max_failures.endswith("%")

    def too_many(self, wrong: int, total: int) -> bool:
        """Whether `wrong` failures of `total` files end the run."""
        if self.fail_fast:
            return wrong > 0
        if self.max_failures is None:
            return False
        if self.max_failures.endswith("%"):
            return wrong * 100 > float(self.max_failures[:-1]) * total
        return wrong > int(self.max_failures)


def _words(word: str) -> str:
    """The word itself; ValueError when it says nothing."""
    if not word.strip() or "\0" in word:
        raise ValueError(word)
    return word


@frozen
class UnattendedSettings(Declaration):
    """How the command behaves where nobody watches; the library has no use for it."""

    word: ClassVar[str] = ""
    #: The timeout of an unattended run that sets none, in seconds for each file.
    timeout_s: ClassVar[float] = 600.0

    unattended: Annotated[
        bool,
        Switch(),
        "for cron: low priority, no progress, and not a word unless there is news",
        Brief("for cron: low priority, and not a word unless there is news"),
    ] = False
    grace: Annotated[float, Duration(), "how long SIGTERM lets the files in hand go on"] = 30.0
    log: Annotated[
        str | None, Grammar("a file, or syslog,", _words, ("night.log",)), "append to FILE (rotated) or to syslog"
    ] = None
    log_format: Annotated[str, Choice(("text", "json")), "how the log is written"] = "text"
    on_finish: Annotated[
        str | None,
        Grammar("a command", _words, ("mail -s done me",)),
        "run CMD at the end, the summary as JSON on stdin",
    ] = None


def _patterns(name: str, value: Any) -> tuple[str, ...]:
    patterns = (value,) if isinstance(value, str) else tuple(value)
    for pattern in patterns:
        if not isinstance(pattern, str) or not pattern:
            raise UsageError(f"expected a glob such as '**/*.jpg' for {name}, got {pattern!r}")
    return patterns
