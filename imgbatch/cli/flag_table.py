"""Which flags does a command have?

One explicit list each. The flags of operations, outputs, settings and filters are made from their declarations, so a
new parameter has a flag, a help line and a check at once; what belongs to a command alone is written out below.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from imgbatch import operations
from imgbatch.codecs.encoder_options import FORMATS
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameters import Choice, Declared, Field, Kind, Number, Switch, fields, flag, has_required, summary
from imgbatch.core.quantities import Amount, Count, Duration, Limit, Quality
from imgbatch.core.run_settings import Filters, Settings, Telling
from imgbatch.operations import Operation
from imgbatch.planning.recipe import Output

#: value: stands as the next word, or after "="; attached: only after "=", a plain flag has a meaning of its own;
#: nothing: takes none.
Takes = Literal["value", "attached", "nothing"]


@frozen
class Flag:
    """One flag: its names (the long one last), where its words are kept, and what the help says."""

    names: tuple[str, ...]
    key: str
    group: str
    help: str
    takes: Takes = "value"
    metavar: str = ""
    many: bool = False  # may be repeated, and every value counts
    kind: Kind | None = None
    operation: type[Operation] | None = None

    @property
    def applies(self) -> bool:
        """Whether it is an operation, whose place among the others counts."""
        return self.key == "ops"

    @property
    def name(self) -> str:
        return self.names[-1]


@frozen
class Command:
    """One command that works on pictures: its flags, and the texts around them on its help page."""

    name: str
    flags: Callable[[], tuple[Flag, ...]]
    usage: str
    about: str
    after: str
    result: str = "a folder"  # what -o names


@functools.cache
def run_flags() -> tuple[Flag, ...]:
    """Every flag of ``imgbatch run``, in the order of the help."""
    return _run_flags(operations.OPERATIONS)


def typed_flags(words: Iterable[str]) -> tuple[Flag, ...]:
    """The flags of ``imgbatch run``, but of the operations only those among its `words`: no other has to be loaded."""
    typed = dict.fromkeys(operations.found(word.partition("=")[0][2:]) for word in words if word.startswith("--"))
    return _run_flags(operation for operation in typed if operation is not None)


def _run_flags(applied: Iterable[type[Operation]]) -> tuple[Flag, ...]:
    return (
        *(_operation(operation) for operation in applied),
        _CUSTOM,
        *_declared(Output, "output", {"format": "-f", "quality": "-q", "preserve": "-p"}, leave=("dir",)),
        *_OUTPUT,
        *_FILES,
        *_declared(Filters, "which files"),
        *_declared(Settings, "running", {"workers": "-j"}),
        *_RUNNING,
        *_REPORTING[:-1],
        *_declared(Telling, "reporting"),
        _REPORTING[-1],
    )


@functools.cache
def pack_flags() -> tuple[Flag, ...]:
    """Every flag of ``imgbatch pack``: its own, and those of ``run`` that have a meaning for an array."""
    shared = [flag for flag in run_flags() if flag.applies or flag.key in _PACK_TOO]
    operations = [flag for flag in shared if flag.applies]
    return (*operations, *_PACK, *(flag for flag in shared if not flag.applies))


@functools.cache
def stats_flags() -> tuple[Flag, ...]:
    """Every flag of ``imgbatch stats``: its own, and those of ``run`` that have a meaning where nothing is made."""
    operations = [flag for flag in run_flags() if flag.applies]
    return (*operations, *_STATS, *(flag for flag in run_flags() if flag.key in _STATS_TOO))


@functools.cache
def check_flags() -> tuple[Flag, ...]:
    """Every flag of ``imgbatch check``: those of ``run`` that have a meaning where nothing is made."""
    return tuple(flag for flag in run_flags() if flag.key in _CHECK_TOO)


def schedule_flags() -> tuple[Flag, ...]:
    """Every flag of ``imgbatch schedule``."""
    return _SCHEDULE


def history_flags() -> tuple[Flag, ...]:
    """Every flag of ``imgbatch history``."""
    return (*_HISTORY, *_shared("state", "help"))


def undo_flags() -> tuple[Flag, ...]:
    """Every flag of ``imgbatch undo``."""
    return (*_UNDO, *_shared("state", "wait", "verbose", "quiet", "help"))


def _shared(*keys: str) -> tuple[Flag, ...]:
    return tuple(flag for flag in run_flags() if flag.key in keys)


_HISTORY = (Flag(("--json",), "json", "history", "print one JSON object for each run", "nothing"),)
_UNDO = (Flag(("-n", "--dry-run"), "dry_run", "undo", "show what would be done, do nothing", "nothing"),)
_CUSTOM = Flag(
    ("--op",), "ops", "custom", "an operation of your own, or of a package that is installed (imgbatch ops lists them)",
    metavar="FILE.py:NAME", many=True,
)  # fmt: skip
_SCHEDULE = (
    Flag(("--at",), "at", "schedule", "when, as a crontab says it", metavar='"M H DOM MON DOW"'),
    Flag(("--as",), "manager", "schedule", "for whom (default cron)", metavar="cron|systemd"),
    Flag(("-o", "--output"), "output", "schedule", "where the results go", metavar="DIR"),
    Flag(("-h", "--help"), "help", "schedule", "this page", "nothing"),
)
_STATS = (
    Flag(("--mode",), "mode", "statistics", "what is measured (default RGB)", metavar="RGB|L|RGBA"),
    Flag(("--weight",), "weight", "statistics", "what counts the same in mean and std (default pixel)",
         metavar="pixel|image"),
    Flag(("--plot",), "plot", "statistics", "draw the histogram", metavar="FILE.png"),
    Flag(("--mean-image",), "mean_image", "statistics",
         "the mean of all images, 256x256, or of the one size that the operations give", metavar="FILE.png"),
    Flag(("--normalize-for",), "normalize_for", "statistics", "print only the line to paste", metavar="torch"),
    Flag(("--json",), "json", "statistics", "print one JSON object, exact to the last bit", "nothing"),
)  # fmt: skip
_PACK = (
    Flag(("-o", "--output"), "output", "output", "the array; OUT.json beside it tells its rows", metavar="OUT.npy"),
    Flag(("--mode",), "mode", "output", "the channels of a pixel (default RGB)", metavar="RGB|L|RGBA"),
    Flag(("--spill",), "spill", "output", "gather the rows in DIR first: for a disk that cannot be mapped",
         metavar="DIR"),
)  # fmt: skip
_PACK_TOO = frozenset({
    *(field.name if field.default is not True else f"no_{field.name}" for field in fields(Filters)), "include",
    "exclude", "files_from", "null", "no_auto_orient", "workers", "chunksize", "max_pixels", "fail_on", "fail_fast",
    "max_failures", "overwrite", "json", "report", "failed_list", "verbose", "quiet",
    "no_progress", "help",
})  # fmt: skip
_STATS_TOO = (_PACK_TOO | {"timeout", "memory"}) - {"overwrite", "json"}
_CHECK_TOO = (_STATS_TOO | {"json"}) - {"no_auto_orient"}
_OUTPUT = (
    Flag(("-o", "--output"), "output", "output", "where the results go", metavar="DIR"),
    Flag(("--widths",), "widths", "output", "several renditions: 320,640,1280 (px)", metavar="N,N,..."),
    Flag(("-r", "--recipe"), "recipe", "output", "a recipe file; flags override it", metavar="FILE"),
    Flag(("--save-recipe",), "save_recipe", "output", "write what was typed as a recipe", metavar="FILE.toml"),
    Flag(("--no-auto-orient",), "no_auto_orient", "output", "leave the EXIF orientation alone", "nothing"),
)
_FILES = (
    Flag(("--include",), "include", "which files", "only files that match (repeatable)", metavar="GLOB", many=True),
    Flag(("-E", "--exclude"), "exclude", "which files", "leave these out (repeatable)", metavar="GLOB", many=True),
    Flag(("--files-from",), "files_from", "which files", "a list of SRC, one a line; -: stdin", metavar="FILE"),
    Flag(("-0", "--null"), "null", "which files", "NUL separates --files-from and --failed-list", "nothing"),
)
_RUNNING = (
    Flag(("-n", "--dry-run"), "dry_run", "running", "print what would be written, write nothing", "nothing"),
    Flag(("--explain",), "explain", "running", "print how each file would be made, with how few pixels; write nothing",
         "nothing"),
    Flag(("--estimate",), "estimate", "running", "try a sample, print size, time and memory, write nothing", "nothing"),
)  # fmt: skip
_REPORTING = (
    Flag(("--json",), "json", "reporting", "one JSON object a line on stdout, as files get done", "nothing"),
    Flag(("--report",), "report", "reporting", "all records, as .json, .csv or .prom (repeatable)",
         metavar="FILE", many=True),
    Flag(("--srcset",), "srcset", "reporting", "what <picture> needs: paths, sizes, formats", metavar="FILE.json"),
    Flag(("--stats",), "stats", "reporting", "the figures of `imgbatch stats`, of all that this run writes",
         metavar="FILE.json"),
    Flag(("--failed-list",), "failed_list", "reporting", "paths of what failed, for --files-from", metavar="FILE"),
    Flag(("-v", "--verbose"), "verbose", "reporting", "also skipped files, warnings and changes; -vv: tracebacks",
         "nothing"),
    Flag(("-Q", "--quiet"), "quiet", "reporting", "only errors", "nothing"),
    Flag(("--no-progress",), "no_progress", "reporting", "no bar, no line a minute", "nothing"),
    Flag(("-h", "--help"), "help", "reporting", "this page", "nothing"),
)  # fmt: skip


#: What the help says of a flag that takes more than its field does.
_HELP = {"format": f"{', '.join(FORMATS)}, or same (the source's own; default); comma-separated for several"}


def detached(operation: type[Operation]) -> bool:
    """Whether the value of an operation's flag stands as the next word."""
    return has_required(operation) if operation.detached is None else operation.detached


def _operation(operation: type[Operation]) -> Flag:
    declared = [field.name for field in fields(operation)]
    metavar = "".join(declared[:1]).upper().replace("_", "-")
    names = ", ".join(declared[1:])
    return Flag(
        (f"--{flag(operation)}",),
        "ops",
        operation.group,
        summary(operation).rstrip(".").replace("``", "") + (f" (also: {names})" if names else ""),
        "value" if detached(operation) else "attached",
        metavar,
        many=True,
        operation=operation,
    )


def _declared(
    cls: type[Declared], group: str, short: dict[str, str] | None = None, leave: tuple[str, ...] = ()
) -> Iterator[Flag]:
    for field in fields(cls):
        if field.name in leave:
            continue
        negative = field.default is True
        long = f"--{'no-' if negative else ''}{field.name.replace('_', '-')}"
        if negative:  # the default, to be said where a recipe or the environment says otherwise
            yield Flag((long.replace("--no-", "--", 1),), field.name, group, f"{field.help} (default)", "nothing")
        letter = (short or {}).get(field.name)
        takes: Takes = "value"
        if isinstance(field.kind, Switch):
            takes = "nothing" if negative or letter else "attached"  # letters can stand together: -pn
        yield Flag(
            (letter, long) if letter else (long,),
            f"no_{field.name}" if negative else field.name,
            group,
            f"do not {field.help}" if negative else _HELP.get(field.name, field.help) + _default(field),
            takes,
            "" if takes != "value" else _metavar(field),
            kind=field.kind,
        )


def _default(field: Field) -> str:
    if field.default in (None, False, "") or field.name in ("name", "format"):
        return ""
    shown = field.default
    if isinstance(shown, int) and shown >= 10**6 and shown % 10**6 == 0:
        shown = f"{shown // 10**6}M"
    return f" (default {shown:g})" if isinstance(shown, float) else f" (default {shown})"


def _metavar(field: Field) -> str:
    kind = field.kind
    if field.name == "format":
        return "FORMAT"
    if isinstance(kind, Choice):
        return "|".join(kind.words)
    if isinstance(kind, Number):
        return "N" if kind.whole else "X"
    if isinstance(kind, Quality):
        return "N|keep"
    if isinstance(kind, Count):
        return "N|auto" if kind.auto else "N"
    for cls, word in ((Amount, "SIZE"), (Duration, "TIME"), (Limit, "N|P%")):
        if isinstance(kind, cls):
            return word
    own = {"log": "FILE", "on_finish": "CMD", "assume_icc": "FILE", "strip": "WORD,...", "keep": "WORD,..."}
    own |= {"background": "COLOR", "frames": "all|first|N", "name": "TEMPLATE", "min_savings": "P%"}
    own |= dict.fromkeys(("state", "archive", "quarantine"), "DIR")
    return own.get(field.name, field.name.upper())
