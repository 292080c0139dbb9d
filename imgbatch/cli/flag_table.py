"""Flag table: which flags does a command have, and which field of its arguments does each fill?

One explicit list each. The flags of operations, outputs, settings and filters are made from their declarations, so a
new parameter has a flag, a help line and a check at once; what belongs to a command alone is written out below.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Generic, TypeVar

from imgbatch.cli.arguments import path_reader, read_folder, read_formats, read_recipe, read_widths
from imgbatch.cli.flag import Flag, declaration_flags, operation_flag
from imgbatch.codecs.encoder_options import FORMATS
from imgbatch.codecs.registry import OPTIONAL
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.quantities import Amount, Count, Duration
from imgbatch.core.run_settings import Filters, Settings, UnattendedSettings
from imgbatch.operations import Operation
from imgbatch.planning.recipe import Output
from imgbatch.reporters.registry import SUFFIXES

A = TypeVar("A")
#: The classes of operations that need flags: all of them for a help page, those that were typed for a run.
Operations = Iterable[type[Operation]]


@frozen
class Command(Generic[A]):
    """One command that takes flags: its arguments, its flags, and the texts around them on its help page.

    What else `run` has and this command cannot do is in `refusals`: why, and how to go on.
    """

    name: str
    arguments: type[A]
    flags: Callable[[Operations], tuple[Flag, ...]]
    usage: str
    about: str
    after: str
    refusals: Mapping[str, str] = field(default_factory=dict)


def run_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch run``, in the order of the help."""
    return (*_operation_flags(operations), *_RUN)


def watch_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch watch``: its own, and those of ``run`` that have a meaning for a run without an end."""
    others = {
        "--files-from", "--save-recipe", "--srcset", "--stats", "--failed-list", "--dry-run", "--explain", "--estimate",
        "--in-place", "--keep-backups", "--overwrite", "--shard", "--stream", "--max-files", "--profile", "--executor",
        "--executor-timeout", "--retries",
    }  # fmt: skip
    return (*_operation_flags(operations), *_WATCH, *(one for one in _RUN if one.name not in others))


def pack_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch pack``: its own, and those of ``run`` that have a meaning for an array or samples."""
    encoding = {"--format", "--quality", "--icc", "--strip", "--background"}
    return (*_operation_flags(operations), *_PACK, *_of_run(encoding | _names_in_pack()))


def stats_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch stats``: its own, and those of ``run`` that have a meaning where nothing is made."""
    return (*_operation_flags(operations), *_STATS, *_of_run(_names_in_stats()))


def check_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch check``: its own, and those of ``run`` that have a meaning where nothing is made."""
    return (*_CHECK, *_of_run(_names_in_check()))


def verify_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch verify``: its own, and those of ``check`` for files that are known."""
    return (*_VERIFY, *_of_run(_names_in_verify()))


def dupes_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch dupes``: its own, and those of ``run`` that have a meaning where nothing is made."""
    return (*_DUPES, *_of_run(_names_in_dupes()))


def sheet_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch sheet``: its own, and those of ``run`` that have a meaning for a sheet."""
    from imgbatch.datasets.sheets.layout import SheetLayout  # no other command has a use for it

    output = Flag(("-o", "--output"), "output", "sheet", "SHEET.jpg, .png, .webp or .pdf; SHEET-1.jpg ... for several",
                  metavar="FILE", read=path_reader("a file name"), brief="")  # fmt: skip
    own = declaration_flags(SheetLayout, "layout", "sheet")
    return (output, *own, *_of_run(_names_in_pack() | {"--timeout", "--memory"}))


def schedule_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch schedule``."""
    return _SCHEDULE


def history_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch history``."""
    return (*_HISTORY, *_of_run({"--state", "--trust-state", *_HELP_NAMES}))


def undo_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch undo``."""
    return (*_UNDO, *_of_run({"--state", "--trust-state", "--wait", "--verbose", "--quiet", *_HELP_NAMES}))


def merge_flags(operations: Operations) -> tuple[Flag, ...]:
    """Every flag of ``imgbatch merge``: those of ``run`` that report, and those that lead to the shards."""
    return _of_run({
        "--report", "--srcset", "--stats", "--failed-list", "--null", "--state", "--trust-state", "--wait", "--quiet",
        "--known-failures", *_HELP_NAMES,
    })  # fmt: skip


def _operation_flags(operations: Operations) -> Iterator[Flag]:
    yield from map(operation_flag, operations)
    yield _CUSTOM


def _of_run(names: Collection[str]) -> tuple[Flag, ...]:
    return tuple(one for one in _RUN if one.name in names)


def _names_in_pack() -> frozenset[str]:
    """The flags of ``run`` that ``pack`` takes, too. The names are gathered when asked for: ``run`` needs none."""
    return _FILTERS - {"--recursive"} | {
        "--include", "--exclude", "--files-from", "--null", "--no-auto-orient", "--workers", "--chunksize",
        "--max-pixels", "--untrusted", "--fail-on", "--fail-fast", "--max-failures", "--overwrite", "--json",
        "--report", "--failed-list", "--resampler", "--verbose", "--quiet", "--no-progress", *_HELP_NAMES,
    }  # fmt: skip


def _names_in_stats() -> frozenset[str]:
    return (_names_in_pack() | {"--timeout", "--memory"}) - {"--overwrite", "--json"}


def _names_in_check() -> frozenset[str]:
    return (_names_in_stats() | {"--json"}) - {"--no-auto-orient", "--resampler"}


def _names_in_verify() -> frozenset[str]:
    return (_names_in_check() | {"--state"}) - _FILTERS - {"--include", "--exclude", "--files-from"}


def _names_in_dupes() -> frozenset[str]:
    return (_names_in_check() | {"--state", "--trust-state"}) - {"--json"}


_CUSTOM = Flag(
    ("--op",), "operations", "custom",
    "an operation of your own, or of a package that is installed (imgbatch ops lists them)",
    metavar="FILE.py:NAME", many=True, brief="",
)  # fmt: skip
_HELP = (
    Flag(("-h", "--help"), "help", "reports", "help; of one flag or operation: --help NAME", "nothing"),
    Flag(("--help-all",), "help", "reports", "all flags, with all that is to be said of them", "nothing"),
)  # fmt: skip
_HELP_NAMES = frozenset({"--help", "--help-all"})
_HISTORY = (Flag(("--json",), "json", "history", "print one JSON object for each run", "nothing"),)
_CHECK = (
    Flag(("--quality",), "quality", "check", "also warn of pictures that are blurred, too dark, too light, or plain",
         "nothing", brief=""),
)  # fmt: skip
_VERIFY = (Flag(("--deep",), "deep", "verify", "decode every frame, too", "nothing"),)
_UNDO = (Flag(("-n", "--dry-run"), "dry_run", "undo", "show what would be done, do nothing", "nothing"),)
_SCHEDULE = (
    Flag(("--at",), "at", "schedule", "when: 03:00, daily, hourly ..., or as a crontab says it: '0 3 * * 1'",
         metavar="TIME"),
    Flag(("--watch",), "watch", "schedule", "a service that waits for files, instead of --at", "nothing"),
    Flag(("--as",), "manager", "schedule", "for whom (default cron)", metavar="cron|systemd"),
    Flag(("--write",), "folder", "schedule", "write the units of systemd into DIR, instead of printing them",
         metavar="DIR", read=path_reader("a folder")),
    Flag(("--report",), "report_files", "schedule", "what the run writes as --report, X.prom say (repeatable)",
         metavar="FILE", many=True),
    Flag(("-o", "--output"), "output", "schedule", "where the results go", metavar="DIR", read=path_reader("a folder")),
    *_HELP,
)
_DUPES = (
    Flag(("--threshold",), "threshold", "duplicates",
         "bits of 64 in which near pictures may differ, 0 to 16 (default 8)", metavar="N", brief=""),
    Flag(("--any-orientation",), "any_orientation", "duplicates", "near are also turned and mirrored pictures",
         "nothing", brief=""),
    Flag(("--likeness",), "likeness", "duplicates", "how alike files of a group are at least (default near)",
         metavar="bytes|pixels|near", brief=""),
    Flag(("--json",), "json", "duplicates", "print one JSON object a line: groups, failures, the sums", "nothing",
         brief=""),
    Flag(("--print0",), "print0", "duplicates", "print only what could go, NUL after each path", "nothing", brief=""),
)  # fmt: skip
_WATCH = (
    Flag(("--poll",), "poll", "watch", "look every so often, for network disks; else watchfiles tells when",
         metavar="TIME", read=Duration(0.01).read, brief=""),
)  # fmt: skip
_PNG = path_reader("a file name ending in .png", ".png")
_STATS = (
    Flag(("--mode",), "mode", "statistics", "what is measured (default RGB)", metavar="RGB|L|RGBA", brief=""),
    Flag(("--weight",), "weight", "statistics", "what counts the same in mean and std (default pixel)",
         metavar="pixel|image", brief=""),
    Flag(("--plot",), "plot", "statistics", "draw the histogram", metavar="FILE.png", read=_PNG, brief=""),
    Flag(("--mean-image",), "mean_image", "statistics",
         "the mean of all images, 256x256, or of the one size that the operations give", metavar="FILE.png", read=_PNG,
         brief=""),
    Flag(("--normalize-for",), "normalize_for", "statistics", "print only the line to paste", metavar="torch",
         brief=""),
    Flag(("--json",), "json", "statistics", "print one JSON object, exact to the last bit", "nothing", brief=""),
)  # fmt: skip
_PACK = (
    Flag(("-o", "--output"), "output", "output",
         "the array, with OUT.json beside it; or samples, encoded: shards/%06d.tar, X.parquet", metavar="OUT.npy",
         read=path_reader("a file name ending in .npy"), brief=""),
    Flag(("--mode",), "mode", "output", "the channels of a pixel (default RGB)", metavar="RGB|L|RGBA", brief=""),
    Flag(("--spill",), "spill", "output", "gather the rows in DIR first: for a disk that cannot be mapped",
         metavar="DIR", read=path_reader("a folder")),
    Flag(("--shard-files",), "shard_files", "output", "samples in a shard, at most (default 10000)", metavar="N",
         read=lambda name, word: Count(1, 10**9, auto=False).check(name, word), brief=""),
    Flag(("--shard-bytes",), "shard_bytes", "output", "bytes of pictures in a shard, at most (default 1G)",
         metavar="BYTES", read=lambda name, word: Amount(1).check(name, word), brief=""),
)  # fmt: skip
_FORMAT = Flag(
    ("-f", "--format"), "formats", "output",
    f"{', '.join(FORMATS)}, {' and '.join(OPTIONAL)} with their extras, or same (the source's own; default); "
    "comma-separated for several",
    metavar="FORMAT", read=read_formats, brief="jpeg, png, webp, avif ... or same; several: webp,jpeg",
)  # fmt: skip
_FOLDER = Flag(
    ("-o", "--output"), "output", "output", "where the results go", metavar="DIR", read=read_folder, brief="",
)  # fmt: skip
_OUTPUT = (
    Flag(("--widths",), "widths", "output", "several renditions: 320,640,1280 (px)", metavar="N,N,...",
         read=read_widths, brief=""),
    Flag(("-r", "--recipe"), "recipe_file", "output", "a recipe file, or a preset by its name; flags override it",
         metavar="FILE|NAME", read=read_recipe, brief=""),
    Flag(("--save-recipe",), "save_recipe", "output", "write what was typed as a recipe", metavar="FILE.toml",
         read=path_reader("a file name ending in .toml", ".toml", folder=False), brief=""),
    Flag(("--no-auto-orient",), "auto_orient", "output", "leave the EXIF orientation alone", "nothing", value=False),
)  # fmt: skip
_FILES = (
    Flag(("--include",), "filters", "sources", "only files that match (repeatable)", metavar="GLOB", many=True,
         key="include", brief=""),
    Flag(("-E", "--exclude"), "filters", "sources", "leave these out (repeatable)", metavar="GLOB", many=True,
         key="exclude", brief=""),
    Flag(("--files-from",), "files_from", "sources", "a list of SRC, one a line; -: stdin", metavar="FILE",
         read=path_reader("a file, or - for stdin"), brief=""),
    Flag(("-0", "--null"), "null", "sources", "NUL separates --files-from and --failed-list", "nothing"),
)  # fmt: skip
_RUN_FLAGS = (
    Flag(("-n", "--dry-run"), "dry_run", "running", "print what would be written, write nothing", "nothing", brief=""),
    Flag(("--explain",), "explain", "running", "print how each file would be made, with how few pixels; write nothing",
         "nothing"),
    Flag(("--estimate",), "estimate", "running", "try a sample, print size, time and memory, write nothing", "nothing",
         brief=""),
)  # fmt: skip
_JSON = path_reader("a file name ending in .json", ".json")
_REPORT_FLAGS = (
    Flag(("--json",), "json_lines", "reports", "one JSON object a line on stdout, as files get done", "nothing",
         brief=""),
    Flag(("--report",), "report_files", "reports",
         f"all records, as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} (repeatable)", metavar="FILE", many=True,
         brief="all records: FILE.json, .csv, .html or .prom (repeatable)"),
    Flag(("--srcset",), "srcset", "reports", "what <picture> needs, as data; as elements with FILE.html",
         metavar="FILE.json", read=path_reader("a file name ending in .json or .html", (".json", ".html"))),
    Flag(("--stats",), "stats", "reports", "the figures of `imgbatch stats`, of all that this run writes",
         metavar="FILE.json", read=_JSON),
    Flag(("--failed-list",), "failed_list", "reports", "paths of what failed, for --files-from", metavar="FILE",
         read=path_reader("a file name")),
    Flag(("-v", "--verbose"), "verbose", "reports", "also skipped files, warnings and changes; -vv: tracebacks",
         "nothing", many=True, brief="also skipped files, warnings and changes"),
    Flag(("-Q", "--quiet"), "quiet", "reports", "only errors", "nothing", brief=""),
    Flag(("--no-progress",), "progress", "reports", "no bar, no line a minute", "nothing", value=False),
)  # fmt: skip


_FILTER_FLAGS = tuple(declaration_flags(Filters, "filters", "sources"))
_FILTERS = frozenset(one.name for one in _FILTER_FLAGS)
#: The flags of ``imgbatch run`` that are no operations; those that other commands have, too, are taken from here.
_RUN = (
    _FOLDER,
    _FORMAT,
    *declaration_flags(Output, "output_fields", "output", {"quality": "-q", "preserve": "-p"}, leave=("dir", "format")),
    *_OUTPUT,
    *_FILES,
    *_FILTER_FLAGS,
    *declaration_flags(Settings, "settings", "running", {"workers": "-j"}),
    *_RUN_FLAGS,
    *_REPORT_FLAGS,
    *declaration_flags(UnattendedSettings, "unattended_settings", "reports"),
    *_HELP,
)
