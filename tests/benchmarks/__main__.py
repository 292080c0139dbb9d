"""Benchmarks: how long does a folder take, beside what one would reach for instead?

``python -m tests.benchmarks [--only W1,W2] [--peers "imgbatch;sharp"] [--rounds 5] [--data DIR] [--work DIR]
[--share 0.1] [--fast PYTHON] [--markdown]``: whole processes, interleaved; seconds and processor seconds of the whole
process tree (median, min-max, ratio: imgbatch's / the peer's; the second holds on a loaded machine, too), peak memory
of the tree (sum of PSS, sampled in an untimed round), SSIM to the full decode resized once with Lanczos, and the Pillow
floor (scaled decode, resize and encode in one process, divided by the processors). All write quality 82 and 4:2:0.
``--markdown`` prints README's table to stdout, and the tables to stderr. ``--share`` takes a part of each set, to try.

imgbatch is measured as the interpreter that runs this has it, and as the one of ``--fast`` has it, where the extra is
installed. Install both as users do, in virtual environments outside: an editable one looks for its modules and may
compile them at every start. ::

    python3 -m venv base && base/bin/pip install '.'         # then base/bin/python -m tests.benchmarks
    python3 -m venv fast && fast/bin/pip install '.[fast]'   # then --fast fast/bin/python

Peers are found on PATH (mogrify, gm, vips, vipsthumbnail, gifsicle, node), in ``--node-modules DIR`` or NODE_PATH
(sharp, sharp-cli), and in the interpreter ``--python PATH`` (pyvips, cv2). What is missing is named. To install them,
on Debian::

    apt-get install imagemagick graphicsmagick libvips-tools gifsicle nodejs npm strace
    npm install --prefix peers sharp sharp-cli           # then --node-modules peers/node_modules
    python3 -m venv peers/venv && peers/venv/bin/pip install pyvips pyvips-binary opencv-python-headless
                                                         # then --python peers/venv/bin/python

Beside it: ``python -m tests.benchmarks.loading`` (arrays), ``.scaling`` (cost per file from 30 to 3,000 files),
``.syscalls`` and ``.instructions`` (system calls and instructions per file), ``.choices`` (what each choice in the code
spares), ``.palettes`` (choosing the colors of a palette), ``.pixel_loops`` (PNM and DDS).
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks import peers, quality
from tests.benchmarks.case import Case, Command, NoPeer, Tools
from tests.benchmarks.data import COUNT, Sets
from tests.benchmarks.measure import CommandError, Watch, clear, run
from tests.benchmarks.tables import Row, Table, markdown
from tests.benchmarks.workloads import WORKLOADS


def measure_case(case: Case, rounds: int, wanted: list[str], patience: float) -> Table:
    """One workload: a round for memory and SSIM, which also warms the disk, then `rounds` that are timed.

    Whoever takes more than `patience` times as long as the first contender is timed once.
    """
    files = [path for path in case.source.iterdir() if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    table = Table(case.workload, f"{len(files)} file{'s' if len(files) > 1 else ''}, {size / 1e6:.0f} MB")
    commands: dict[str, Command] = {}
    for name, command in peers.commands(case).items():
        if wanted and name not in wanted:
            continue
        if isinstance(command, NoPeer):
            table.missing.append(f"{name} ({command})")
        else:
            commands[name] = command
            table.rows.append(Row(name, floor=name == peers.FLOOR))
    known = Known()
    for number in range(rounds + 1):
        for row in table.rows:
            if row.name not in commands:
                continue
            try:
                if number:
                    if number > 1 and row.seconds[0] > patience * table.rows[0].median:
                        continue
                    take_time(case, commands[row.name], row)
                else:
                    examine(case, commands[row.name], row, len(files), known)
            except (CommandError, OSError) as error:
                del commands[row.name]
                table.missing.append(f"{row.name} ({error})")
        if not table.rows[0].seconds and number:
            break  # there is nothing to compare with
    clear(case.target)
    return table


def take_time(case: Case, command: Command, row: Row) -> None:
    """A round that is timed."""
    found = run(command, case.target, case.source, case.tools.environment())
    row.seconds.append(float(found.printed) if row.floor else found.seconds)
    row.processor.append(found.processor)


@dataclass
class Known:
    """What the results of a workload are compared with: references for SSIM, the first contender's figures."""

    references: quality.References = field(default_factory=dict)
    figures: dict[str, Any] | None = None


def examine(case: Case, command: Command, row: Row, files: int, known: Known) -> None:
    """The untimed round: is all there, how good is it, how much memory did it take?"""
    watch, load = Watch(), case.workload
    printed = run(command, case.target, case.source, case.tools.environment(), watch).printed
    row.memory = watch.peak
    if load.task == "stats":
        known.figures = known.figures or json.loads(printed)
        compare(json.loads(printed), known.figures)
    if not load.shapes or not case.target.is_dir():
        return
    paths = [path for path in case.target.rglob(f"*{load.suffix}") if ".imgbatch" not in path.parts]
    if len(paths) != files * len(load.shapes):
        raise CommandError(f"made {len(paths)} of {files * len(load.shapes)} files")
    if load.format == "tiff" and any(quality.bits(path) != 16 for path in paths):
        raise CommandError("made 8 bits of 16")
    row.ssim = quality.summary(quality.scores(load, case.source, case.target, known.references))


def compare(figures: dict[str, Any], others: dict[str, Any]) -> None:
    """CommandError where figures of the same pixels differ by more than decoders of JPEG do."""
    pairs = [(figures["pixels"], others["pixels"]), (sum(figures["histogram"][0]), sum(others["histogram"][0]))]
    pairs += [pair for key in ("mean", "std") for pair in zip(figures[key], others[key], strict=True)]
    if any(not math.isclose(one, other, rel_tol=0.002) for one, other in pairs):
        raise CommandError("other figures than the first contender's")


def about(tools: Tools) -> list[str]:
    """Date, machine and versions."""
    cores = len(os.sched_getaffinity(0))
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    today = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return [f"{today}; {cores} x {model}; {platform.system()} {platform.release()}", *peers.versions(tools)]


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).is_file() else []


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="W1,W2", help="these workloads")
    parser.add_argument("--peers", default="", metavar="NAMES", help="these contenders, split by ;")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patience", type=float, default=math.inf, metavar="TIMES",
                        help="time whoever takes so many times as long as imgbatch only once")  # fmt: skip
    parser.add_argument("--data", type=Path, help="a folder of JPEG photographs")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    parser.add_argument("--photos", type=int, default=COUNT, help=f"how many photographs (default {COUNT})")
    parser.add_argument("--tiny", type=int, default=20_000, help="how many tiny PNGs (default 20000)")
    parser.add_argument("--share", type=float, default=1.0, metavar="PART", help="a part of each set, such as 0.1")
    parser.add_argument("--node-modules", type=Path)
    parser.add_argument("--fast", metavar="PYTHON", help="the interpreter that has imgbatch[fast]")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has pyvips and cv2")
    parser.add_argument("--markdown", action="store_true", help="README's table on stdout, the tables on stderr")
    words = parser.parse_args()
    keys = [key.strip().upper() for key in words.only.split(",") if key.strip()]
    if unknown := set(keys) - {workload.key for workload in WORKLOADS}:
        parser.error(f"expected W1 to W13 for --only, got {', '.join(sorted(unknown))}")
    tools = Tools(words.python, words.node_modules and words.node_modules.resolve(), words.fast)
    work = words.work.resolve()
    sets = Sets(work, words.data, words.tiny, words.photos, words.share)
    stream = sys.stderr if words.markdown else sys.stdout
    head = about(tools)
    print("\n".join(head), file=stream)
    wanted = [name.strip() for name in words.peers.split(";") if name.strip()]
    tables = []
    for workload in WORKLOADS:
        if keys and workload.key not in keys:
            continue
        case = Case(workload, sets.folder(workload.data), work / "out", work, len(os.sched_getaffinity(0)), tools)
        tables.append(measure_case(case, words.rounds, wanted, words.patience))
        print("", tables[-1].text(), sep="\n", file=stream, flush=True)
    if words.markdown:
        print(markdown(tables), "\n".join(head), sep="\n\n")


if __name__ == "__main__":
    main()
