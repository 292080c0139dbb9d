"""What does ``imgbatch pack`` do? It asks for a Packing, tells the reporters how it goes, and gives the exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from imgbatch.cli.flag_table import Command, pack_flags
from imgbatch.cli.help import PACK_ABOUT, PACK_AFTER, PACK_USAGE
from imgbatch.cli.parse import parse, parser
from imgbatch.cli.precedence import decide
from imgbatch.cli.report_run import file_reporters, look, refuse_taken, told
from imgbatch.core.report import ExitCode
from imgbatch.reporters import Console

PACK = Command("pack", pack_flags, PACK_USAGE, PACK_ABOUT, PACK_AFTER, "a file name ending in .npy")


def pack(words: Sequence[str]) -> int:
    """Carry out ``imgbatch pack``; the exit code."""
    typed = parse(words, PACK)
    if typed.help:
        parser(PACK).print_help()
        return int(ExitCode.OK)
    console = Console(sys.stderr, look(typed))
    files = file_reporters(typed, console)
    wish = decide(typed, os.environ, sys.stdin.buffer if sys.stdin else io.BytesIO())
    from imgbatch.datasets.pack import Packing

    packing = Packing(
        wish.paths, typed.ops, wish.output, mode=typed.mode, spill=typed.spill, settings=wish.settings,
        filters=wish.filters, auto_orient=typed.auto_orient,
    )  # fmt: skip
    packing.prepare()
    refuse_taken({job.source.path for job in packing.todo} | {packing.array_path, packing.index_path}, typed)
    return told(packing, typed, console, files, after_a_stop="nothing was written")
