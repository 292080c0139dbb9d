"""What does ``imgbatch run`` do? It asks for a Batch, tells the reporters how it goes, and gives the exit code."""

from __future__ import annotations

import dataclasses
import io
import os
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.cli.parse import Typed, parse, parser
from imgbatch.cli.precedence import Wish, decide, save
from imgbatch.cli.report_run import file_reporters, look, refuse_taken, told
from imgbatch.core.report import ExitCode, human
from imgbatch.reporters import Console, Reporter, shown

if TYPE_CHECKING:
    from imgbatch.core.run_settings import Settings
    from imgbatch.runs.batch import Batch


def run(words: Sequence[str]) -> int:
    """Carry out ``imgbatch run``; the exit code."""
    typed = parse(words)
    if typed.help:
        parser().print_help()
        return int(ExitCode.OK)
    wish = decide(typed, os.environ, sys.stdin.buffer if sys.stdin else io.BytesIO())
    telling = wish.telling
    if telling.unattended:
        from imgbatch.executors.processes.priority import lower

        lower()
        typed = dataclasses.replace(typed, quiet=True, progress=False)
    console = Console(sys.stderr, look(typed))
    files = file_reporters(typed, console)
    from imgbatch.runs.batch import Batch

    batch = Batch(
        wish.paths, wish.output or None, wish.recipe, wish.settings, wish.filters, stats=typed.stats is not None
    )
    batch.command = shlex.join(["imgbatch", "run", *words])
    batch.prepare(hold=not (typed.dry_run or typed.estimate or typed.explain))
    looked = _looked_at(batch, wish.output, typed, console)
    if looked is not None:
        return looked
    taken = {job.source.path for job in batch.todo}
    taken |= {outcome.source.path for outcome in (*batch.unchanged, *batch.kept)}
    taken |= {target.path for job in batch.todo for target in job.targets}
    refuse_taken(taken, typed)
    if typed.save_recipe is not None:
        save(typed.save_recipe, typed, wish)
    return _carried_out(batch, wish, typed, console, files)


def _looked_at(batch: Batch, output: str, typed: Typed, console: Console) -> int | None:
    """The exit code of a run that only shows what it would do; None: it is to be carried out."""
    if typed.dry_run:
        from imgbatch.cli.commands.dry_run import show_plan

        return show_plan(batch, output, typed)
    if typed.explain:
        from imgbatch.cli.commands.dry_run import show_explanation

        return show_explanation(batch, output, typed, console)
    if typed.estimate:
        from imgbatch.cli.commands.estimate import show_estimate

        return show_estimate(batch, typed, console)
    return None


def _carried_out(batch: Batch, wish: Wish, typed: Typed, console: Console, files: list[Reporter]) -> int:
    """The exit code of a run that is done, and told on the way."""
    telling = wish.telling
    if typed.stats is not None:
        from imgbatch.reporters import StatsFile

        files.append(StatsFile(typed.stats, lambda: batch.statistics().to_json()))
    if telling.log is not None:
        files.append(_log(telling.log, telling.log_format, batch.folder, typed))
    teller: Reporter = console
    if telling.unattended:
        from imgbatch.reporters import News

        teller = News(console.say, batch.failing, console.lines)
    shortage = batch.shortage
    if shortage is not None and not typed.quiet:
        wanted, free = map(human, shortage)
        console.say(f"warning: the disk of {shown(wish.output)} may become full: about {wanted} to write, {free} free")
    profile = _profile(console, wish.settings) if wish.settings.profile else None
    code = told(batch, typed, console, files, teller=teller)
    if not typed.quiet:
        _add(batch, console)
    if profile is not None:
        profile.finish(batch.report)
    if telling.on_finish is not None:
        from imgbatch.cli.on_finish import finished

        if not finished(telling.on_finish, batch.report) and code == ExitCode.OK:
            return int(ExitCode.STOPPED)
    return code


def _add(batch: Batch, console: Console) -> None:
    """What is said after the sums: what was removed, and how what was replaced comes back."""
    if batch.pruned:
        console.say(f"({len(batch.pruned)} removed: the source is gone)")
    if batch.preparation.in_place is not None and batch.report.counts["ok"]:
        console.say(f"(originals are kept; to take it back: imgbatch undo {shlex.quote(shown(batch.folder))})")


def _profile(console: Console, settings: Settings) -> Reporter:
    """Where the time goes; it has to know how many worker processes there will be at most."""
    from imgbatch.executors.processes.pool import auto_workers
    from imgbatch.reporters import Profile

    return Profile(console.say, auto_workers() if settings.workers == "auto" else int(settings.workers))


def _log(path: str, form: str, folder: str, typed: Typed) -> Reporter:
    from imgbatch.reporters.log import Log  # only here: logging's handlers are slow to import

    return Log(path, form, folder, everything=typed.verbose > 0)
