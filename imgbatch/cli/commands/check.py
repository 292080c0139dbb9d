"""What does ``imgbatch check`` do? It asks for a Checking, tells what it finds, and gives the exit code."""

from __future__ import annotations

import dataclasses
import io
import os
import sys
from collections.abc import Sequence

from imgbatch.cli.flag_table import Command, check_flags
from imgbatch.cli.help import CHECK_ABOUT, CHECK_AFTER, CHECK_USAGE
from imgbatch.cli.parse import parse, parser
from imgbatch.cli.precedence import decide
from imgbatch.cli.report_run import file_reporters, look, refuse_taken, told
from imgbatch.core.report import ExitCode
from imgbatch.reporters import Console

CHECK = Command("check", check_flags, CHECK_USAGE, CHECK_ABOUT, CHECK_AFTER)


def check(words: Sequence[str]) -> int:
    """Carry out ``imgbatch check``; the exit code."""
    typed = parse(words, CHECK)
    if typed.help:
        parser(CHECK).print_help()
        return int(ExitCode.OK)
    console = Console(sys.stderr, dataclasses.replace(look(typed), warnings=True))
    files = file_reporters(typed, console)
    # No -o: nothing is made, so the results go nowhere
    wish = decide(dataclasses.replace(typed, output=""), os.environ, sys.stdin.buffer if sys.stdin else io.BytesIO())
    from imgbatch.runs.check import Checking

    checking = Checking(wish.paths, wish.settings, wish.filters)
    checking.prepare()
    refuse_taken({job.source.path for job in checking.todo}, typed)
    return told(checking, typed, console, files)
