"""Schedule command: what does ``imgbatch schedule`` do? It prints the crontab line or systemd units for a recipe."""

from __future__ import annotations

import glob
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch import operations
from imgbatch.cli.commands.recipe_effects import tell_effects
from imgbatch.cli.commands.service.crontab_line import Times, crontab
from imgbatch.cli.commands.service.reach import account, reach, root_of_run, state_of_run
from imgbatch.cli.commands.service.unit_files import write_units
from imgbatch.cli.commands.service.units import units, watch_unit
from imgbatch.cli.environment.presets import find_recipe, refuse_results
from imgbatch.cli.flag_table import Command, run_flags, schedule_flags
from imgbatch.cli.manual.command_pages import SCHEDULE_ABOUT, SCHEDULE_AFTER, SCHEDULE_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import OUTPUT, below, home, load
from imgbatch.cli.standard_streams import print_stderr
from imgbatch.core.errors import RecipeError, UsageError, unknown, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameters import parameters
from imgbatch.core.report import ExitCode
from imgbatch.core.run_settings import AUTO_STATE, Settings
from imgbatch.reporters.base import printable
from imgbatch.reporters.registry import SUFFIXES
from imgbatch.storage.registry import absolute, is_remote

if TYPE_CHECKING:
    from imgbatch.planning.recipe_file import RecipeFile


@frozen
class ScheduleArguments:
    """What was typed for ``imgbatch schedule``."""

    operands: tuple[str, ...] = ()
    at: str | None = None
    manager: str = "cron"
    output: str | None = None
    watch: bool = False
    folder: str | None = None
    report_files: tuple[str, ...] = ()


_REASON = "what a run does stands in its recipe; type it with imgbatch run and --save-recipe"
_REFUSALS = {name: _REASON for flag in run_flags(operations.all_operations()) for name in flag.names}
_REFUSALS["--unattended"] = "what it prints has that already"
SCHEDULE = Command(
    "schedule", ScheduleArguments, schedule_flags, SCHEDULE_USAGE, SCHEDULE_ABOUT, SCHEDULE_AFTER, _REFUSALS
)
MANAGERS = ("cron", "systemd")
_SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")


def schedule(words: Sequence[str]) -> int:
    """Carry out ``imgbatch schedule``; the exit code."""
    arguments = parse(words, SCHEDULE)
    if arguments is None:
        return print_help(SCHEDULE, words)
    if len(arguments.operands) != 1:
        raise UsageError(f"expected one RECIPE.toml for schedule, got {len(arguments.operands)}; see {SCHEDULE_USAGE}")
    if arguments.watch and (arguments.at is not None or arguments.manager == "cron"):
        raise UsageError("expected --watch --as systemd without --at: cron starts what ends, and a watch does not")
    if arguments.at is None and not arguments.watch:
        raise UsageError(f"expected --at 03:00, say, for schedule, got nothing; see {SCHEDULE_USAGE}")
    if arguments.manager not in MANAGERS:
        raise unknown(arguments.manager, "kind of schedule", MANAGERS)
    if arguments.folder is not None and arguments.manager == "cron":
        raise UsageError("expected --write with --as systemd: a crontab is edited with crontab -e, it is no file")
    suffixes = (".prom",) if arguments.watch else SUFFIXES
    for report in arguments.report_files:
        if not report.lower().endswith(suffixes):
            raise wrong_value(f"a file name ending in {', '.join(suffixes)}", "--report", report)
    recipe = find_recipe(arguments.operands[0])
    times = None if arguments.at is None else Times.read(arguments.at)
    if os.path.exists(recipe) and not os.path.isfile(recipe):  # a pipe is gone when the run starts
        raise wrong_value("a recipe that stays a file", "schedule", recipe)
    file = load(recipe, execute=False)
    if arguments.watch and file.input.get("paths"):
        _refuse_unwatchable(recipe, file)
    tell_effects(recipe, file)
    _tell_absences(recipe, file)
    program = _program()
    word = "run" if times is not None else "watch"
    reports = [word for path in arguments.report_files for word in ("--report", os.path.abspath(path))]
    output = [*_output(recipe, file, arguments.output), *_state(recipe, file, arguments.output)]
    command = [*program, word, "-r", os.path.abspath(recipe), *output, *reports, "--unattended"]
    path = os.pathsep.join(dict.fromkeys([os.path.dirname(program[0]), *_SYSTEM]))
    if times is not None and arguments.manager == "cron":
        print(crontab(times, command, path))
        return int(ExitCode.OK)
    folders, network = reach(recipe, file, arguments.output, arguments.report_files)
    place = os.path.abspath(recipe)
    if times is None:
        texts = watch_unit(command, path, place, folders, network, account())
    else:
        texts = units(times, command, path, place, folders, network, account())
    if arguments.folder is None:
        for name, text in texts.items():
            print(f"# {name}\n{text}")
        return int(ExitCode.OK)
    commands = write_units(arguments.folder, place, texts)
    for name in texts:
        print(printable(os.path.join(arguments.folder, name)))
    print("\n".join(["to install them, as root:", *(f"  {command}" for command in commands)]))
    return int(ExitCode.OK)


def _tell_absences(recipe: str, file: RecipeFile) -> None:
    """Say which sources are not there: a name that is wrong is easier to mend now than at 3 a.m."""
    paths = file.input.get("paths", [])
    for path in [paths] if isinstance(paths, str) else paths:
        place = below(home(recipe), path)
        if not is_remote(place) and not glob.has_magic(path) and not os.path.lexists(place):
            print_stderr(f"note: the source {printable(os.path.abspath(place))} is not there now")


def _output(recipe: str, file: RecipeFile, output: str | None) -> list[str]:
    """The -o of the command; a recipe that does not say what to do, and where, is refused now rather than at 3 a.m."""
    if not file.input.get("paths"):
        raise RecipeError(f"{recipe}: expected paths in [input], got none; a scheduled run has no SRC to type")
    if output is not None:
        return ["-o", absolute(output)]
    if not file.run.get("in_place"):
        refuse_results(recipe, file.run.get(OUTPUT, ""))
    if not (file.run.get("in_place") or OUTPUT in file.run or all(wish.dir for wish in file.recipe.outputs)):
        raise RecipeError(f"{recipe}: expected output in [run], or a dir in every [[output]]; add that, or say -o DIR")
    return []


def _state(recipe: str, file: RecipeFile, output: str | None) -> list[str]:
    """The --state of the command where the user's state folder has it: cron may know of another one."""
    if file.run.get("state", AUTO_STATE) != AUTO_STATE:
        return []
    state = state_of_run(file, root_of_run(recipe, file, output))
    return [] if state is None else ["--state", state]


def _refuse_unwatchable(recipe: str, file: RecipeFile) -> None:
    """RecipeError for what no watch can do: its service would start again and again."""
    from imgbatch.runs.watch.watch import refuse_unwatchable

    paths = file.input["paths"]
    names = {field.name for field in parameters(Settings)}
    settings = Settings(**{key: value for key, value in file.run.items() if key in names})
    try:
        refuse_unwatchable([paths] if isinstance(paths, str) else paths, settings)
    except UsageError as error:
        raise RecipeError(f"{recipe}: {error}") from None


def _program() -> list[str]:
    """How this program is started, whatever the folder and the PATH."""
    script = sys.argv[0]
    if os.path.basename(script) == "imgbatch":
        executable = os.path.abspath(script) if os.path.dirname(script) else shutil.which(script)
        if executable and os.access(executable, os.X_OK):
            return [os.path.abspath(executable)]
    return [sys.executable, "-m", "imgbatch"]
