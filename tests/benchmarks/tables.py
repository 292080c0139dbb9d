"""How are the measurements shown? A table of plain text per workload, and one in Markdown over all of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.workloads import Workload


@dataclass
class Row:
    """What one contender did with one workload: seconds of each round, peak memory (bytes), SSIM (0..1)."""

    name: str
    seconds: list[float] = field(default_factory=list)
    memory: int = 0
    ssim: float | None = None
    floor: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass
class Table:
    """All rows of a workload; the first is imgbatch's. `missing` says who is not there, and why."""

    workload: Workload
    about: str
    rows: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Aligned text; ``ratio`` is imgbatch's median divided by the contender's."""
        head = ("", "seconds", "min-max", "ratio", "memory", "SSIM")
        cells = [head, *(self._cells(row) for row in self.rows if row.seconds)]
        lines = [f"{self.workload.key} {self.workload.title} ({self.about})", *align(cells)]
        return "\n".join([*lines, *(f"  not measured: {why}" for why in self.missing)])

    def _cells(self, row: Row) -> tuple[str, ...]:
        spread = f"{min(row.seconds):.2f}-{max(row.seconds):.2f}"
        memory = f"{row.memory / 1e6:.0f} MB" if row.memory else ""
        ratio = f"{self.rows[0].median / row.median:.2f}" if self.rows[0].seconds else ""
        return row.name, f"{row.median:.2f}", spread, ratio, memory, "" if row.ssim is None else f"{row.ssim:.4f}"


def align(cells: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return ["  " + "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in cells]


def markdown(tables: Sequence[Table]) -> str:
    """Seconds (median) of every contender and workload; below, memory and SSIM of the first workload that has them."""
    names = list(dict.fromkeys(row.name for table in tables for row in table.rows if row.seconds))
    found = {(table.workload.key, row.name): row for table in tables for row in table.rows if row.seconds}
    keys = [table.workload.key for table in tables]
    lines = [line(["seconds", *keys]), line(["---", *["---:"] * len(keys)])]
    for name in names:
        rows = [found.get((key, name)) for key in keys]
        cells = ["" if row is None else f"{row.median:.2f}" for row in rows]
        lines.append(line([f"**{name}**" if name == "imgbatch" else name, *cells]))
    shown = [table for table in tables if any(row.ssim is not None for row in table.rows)]
    if shown:
        keys = [table.workload.key for table in shown]
        lines += ["", line(["SSIM (peak MB)", *keys]), line(["---", *["---:"] * len(keys)])]
        for name in names:
            rows = [found.get((key, name)) for key in keys]
            if any(row is not None and row.ssim is not None for row in rows):
                cells = ["" if row is None or row.ssim is None else _worth(row) for row in rows]
                lines.append(line([f"**{name}**" if name == "imgbatch" else name, *cells]))
    said = [f"{table.workload.key}: {table.workload.title}, {table.about}" for table in tables]
    return "\n".join([*lines, "", "; ".join(said) + "."])


def line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _worth(row: Row) -> str:
    memory = f" ({row.memory / 1e6:.0f})" if row.memory else ""
    return f"{row.ssim:.4f}{memory}"
