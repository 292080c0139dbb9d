"""Stats command: what does ``imgbatch stats`` do? It asks for a StatsRun, and for reporters of its figures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from imgbatch.cli.arguments import ReportArguments, SourceArguments
from imgbatch.cli.flag_table import Command, stats_flags
from imgbatch.cli.manual.command_pages import STATS_ABOUT, STATS_AFTER, STATS_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import read_request
from imgbatch.cli.report_run import carry_out, console_style, file_reporters, refuse_sources
from imgbatch.core.errors import UsageError, unknown
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.operations import Operation
from imgbatch.reporters.console import Console
from imgbatch.reporters.registry import make_reporter
from imgbatch.reporters.statistics import StatisticsText

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.statistics import Spread, Statistics


@frozen
class StatsArguments:
    """What was typed for ``imgbatch stats``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    operations: tuple[Operation, ...] = ()
    auto_orient: bool = True
    mode: str = "RGB"
    weight: str = "pixel"
    plot: str | None = None
    mean_image: str | None = None
    normalize_for: str | None = None
    json: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    report: ReportArguments = field(default_factory=ReportArguments)


STATS = Command("stats", StatsArguments, stats_flags, STATS_USAGE, STATS_ABOUT, STATS_AFTER)
_MEAN_IMAGE = (256, 256)  # px, where the operations do not say
_FRAMEWORKS = ("torch",)


def stats(words: Sequence[str]) -> int:
    """Carry out ``imgbatch stats``; the exit code."""
    arguments = parse(words, STATS)
    if arguments is None:
        return print_help(STATS, words)
    if arguments.normalize_for is not None and arguments.normalize_for not in _FRAMEWORKS:
        raise unknown(arguments.normalize_for, "framework", _FRAMEWORKS)
    if arguments.normalize_for is not None and arguments.json:
        raise UsageError("expected --json or --normalize-for, got both")
    report = arguments.report
    console = Console(sys.stderr, console_style(report, arguments.json))
    pictures = [path for path in (arguments.plot, arguments.mean_image) if path is not None]
    for path in pictures:
        if os.path.isdir(path):
            raise UsageError(f"expected a file name ending in .png, got the folder {path!r}")
    files = file_reporters(report, console, arguments.sources.null)
    request = read_request("stats", arguments.sources, arguments.settings)
    from imgbatch.datasets.stats import StatsRun

    survey = StatsRun(
        request.paths, arguments.operations, mode=arguments.mode, weight=arguments.weight,
        auto_orient=arguments.auto_orient,
        mean_image=_grid(arguments.operations) if arguments.mean_image is not None else None,
        settings=request.settings, filters=request.filters,
    )  # fmt: skip
    survey.prepare()
    refuse_sources(survey, report, *pictures)
    if arguments.mean_image is not None:
        files.append(make_reporter("--mean-image", arguments.mean_image, lambda: survey.statistics().picture()))
    if arguments.plot is not None:
        files.append(make_reporter("--plot", arguments.plot, lambda: plot(survey.statistics())))
    format_statistics = _formatter(arguments)
    files.append(StatisticsText(lambda: format_statistics(survey.statistics())))
    return carry_out(survey, report, console, files, next_step="stopped early: no statistics")


def _grid(ops: Sequence[Operation]) -> tuple[int, int]:
    """The size of the mean image: that of every picture after the operations, where they have one."""
    from imgbatch.datasets.fixed_size import fixed_size

    try:
        return fixed_size(ops)
    except UsageError:
        return _MEAN_IMAGE


def plot(statistics: Statistics) -> Image:
    """The histogram, drawn."""
    from imgbatch.reporters.files.histogram_plot import draw

    notes = [f"mean {mean:.3f}, std {std:.3f}" for mean, std in zip(statistics.mean, statistics.std, strict=True)]
    title = f"{_count(statistics.images, 'image')}, {_pixels(statistics.pixels)}"
    return draw(statistics.histogram, statistics.channels, title, notes if statistics.pixels else ())


def _formatter(arguments: StatsArguments) -> Callable[[Statistics], str]:
    if arguments.json:
        return lambda statistics: statistics.to_json()
    if arguments.normalize_for is not None:
        return lambda statistics: statistics.torch() + "\n"
    return text


def text(statistics: Statistics) -> str:
    """The figures for a reader."""
    failures = f" ({statistics.failed} failed)" if statistics.failed else ""
    head = (
        f"{_count(statistics.images, 'image')}{failures}, {_pixels(statistics.pixels)}, measured as {statistics.mode}"
    )
    if not statistics.pixels:
        return head + "\n"
    return "\n".join([head, "", *_channels(statistics), "", *_pictures(statistics)]) + "\n"


def _channels(statistics: Statistics) -> Iterator[str]:
    """One column for each channel; mean and std also on the scale of the pixels."""
    yield _row("", statistics.channels)
    by = " by image" if statistics.weight == "image" else ""
    for name, values in ((f"mean{by}", statistics.mean), (f"std{by}", statistics.std)):
        yield _row(name, [f"{value:.6f}" for value in values])
        yield _row("  of 255", [f"{value * 255:.3f}" for value in values])
    for name, values in (("min", statistics.min), ("max", statistics.max)):
        yield _row(name, [f"{value * 255:.0f}" for value in values])


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<14}" + "".join(f"{cell:>12}" for cell in cells)


def _pictures(statistics: Statistics) -> Iterator[str]:
    for name, spread in (("width", statistics.width), ("height", statistics.height)):
        yield f"{name:<14}{_spread(spread)}"
    for name, counts in (
        ("aspect ratios", statistics.aspects),
        ("formats", statistics.formats),
        ("modes", statistics.modes),
    ):
        pairs = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        yield f"{name:<14}" + ", ".join(f"{word} ({count})" for word, count in pairs)


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    if spread.min == spread.max:
        return f"{spread.min} px"
    return f"{spread.min} to {spread.max} px, median {spread.median:g}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _pixels(number: int) -> str:
    for unit, size in (("gigapixels", 10**9), ("megapixels", 10**6)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return _count(number, "pixel")
