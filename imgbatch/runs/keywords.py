"""Keyword arguments: which settings do `run`, `check`, `stats` and their like take?"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar

from imgbatch.core.errors import ImgbatchError, UsageError, unknown, wrong_value
from imgbatch.core.parameter_kinds import Switch, check_type
from imgbatch.core.parameters import Declaration, from_table, parameters
from imgbatch.core.run_settings import Filters, Settings, UnattendedSettings

if TYPE_CHECKING:
    import concurrent.futures
    import os

_LONG = 40  # characters of a value that is not repeated
_REPORT = "a run gives back a Report: go through its .outcomes and .failed, or write its .to_json()"
_WORKERS = "say workers=4"
#: Where that is what is typed at the shell, or what others call a setting.
_PLACES = {
    "report": f"{_REPORT}; pages, CSV and the like are written at the shell (imgbatch run --report)",
    "failed_list": _REPORT,
    "stats": "ib.stats(folder) measures pictures, those of an output folder, too",
    "widths": "it is of an output: outputs=ib.Output(format='webp').renditions([320, 640])",
    "dry_run": "ib.estimate(...) takes the same arguments and writes nothing",
    "estimate": "ib.estimate(...) takes the same arguments and writes nothing",
    "quiet": "nothing is printed; progress=True shows a bar",
    "verbose": "nothing is printed; the logger 'imgbatch' has a record of each file that fails",
    "log": "it is of the shell; here the logger 'imgbatch' has the records",
    "recipe_file": "a recipe's file is used at the shell (imgbatch run -r)",
    "files_from": "give the lines of the file as paths",
    **dict.fromkeys(("out", "out_dir", "output_dir", "outdir", "dest", "dst"), "the folder for the results is output"),
    **dict.fromkeys(("jobs", "n_jobs", "threads", "processes", "num_workers", "max_workers", "nproc"), _WORKERS),
}
#: Flags of the shell that are nothing in a program, beside UnattendedSettings.
_OF_THE_SHELL = ("explain", "json", "null", "save_recipe", "srcset")
_FLAG = re.compile(r"(?<![\w-])(?:--[a-z][a-z-]+|-[of])(?![\w-])")
_LETTERS = {"-o": "--output", "-f": "--format"}

F = TypeVar("F", bound=Callable[..., object])


class ReadOnlyKeywords(TypedDict, total=False):
    """The fields of :class:`imgbatch.Settings` that mean something where no outputs are written."""

    workers: int | str
    chunksize: int | str
    timeout: float | str | None
    memory: int | str
    untrusted: bool
    max_pixels: int | str
    fail_on: Literal["none", "truncated", "error", "warning"]
    fail_fast: bool
    max_failures: str | int | None
    retries: int


class ResizeKeywords(ReadOnlyKeywords, total=False):
    """The same where pictures may be resized first."""

    resampler: Literal["auto", "numpy", "cykooz"]


class RunKeywords(ResizeKeywords, total=False):
    """The fields of :class:`imgbatch.Settings`."""

    flat: bool
    overwrite: bool
    skip_existing: bool
    rename: bool
    force: bool
    retry_failed: bool
    prune: bool
    lock: bool
    wait: float | str
    max_time: float | str | None
    max_files: int | None
    state: str | os.PathLike[str] | None
    trust_state: bool
    sync: Literal["auto", "off"]
    in_place: bool
    keep_backups: float | str | None
    archive: str | os.PathLike[str] | None
    quarantine: str | os.PathLike[str] | None
    no_plan: bool
    profile: bool
    executor_timeout: float | str
    shard: str | None
    stream: bool
    known_failures: Literal["ok", "fail"] | None


def describe_settings(function: F) -> F:
    """`function` with each setting in its docstring, for ``help``: what it means, and its default."""
    if function.__doc__:  # none under python -OO
        lines = [f"    {one.name} : {one.default!r}\n        {one.help}\n" for one in parameters(Settings)]
        function.__doc__ = f"{function.__doc__.rstrip()}\n\n    Settings\n    --------\n{''.join(lines)}"
    return function


def read_only_settings(keywords: Mapping[str, object], kind: type[ReadOnlyKeywords] = ReadOnlyKeywords) -> Settings:
    """The settings of a run without outputs; UsageError for a keyword that has no meaning there."""
    for name, value in keywords.items():
        if name not in kind.__annotations__:
            raise _of_elsewhere(name, value) or unknown(name, "setting", kind.__annotations__)
    return from_table(Settings, keywords)


def run_settings(keywords: Mapping[str, object]) -> Settings:
    """The settings of a run; UsageError for a keyword that is none, with the place where it belongs."""
    known = {parameter.name for parameter in parameters(Settings)}
    for name, value in keywords.items():
        if name not in known and (error := _of_elsewhere(name, value)) is not None:
            raise error
    return from_table(Settings, keywords)


def _of_elsewhere(name: str, value: object) -> UsageError | None:
    """The error for a keyword that belongs elsewhere: to an output, an operation, the filters, or to the shell."""
    from imgbatch.operations.custom import find_operation
    from imgbatch.planning.recipe import Output

    is_plain = isinstance(value, (str, int, float)) and len(repr(value)) < _LONG
    content = repr(value) if is_plain else "..."
    call = f"{name}={content}"
    op = find_operation(name)
    if name in {parameter.name for parameter in parameters(Output)}:
        place = f"it is of an output: recipe=ib.Recipe(outputs=[ib.Output({call})])"
    elif name in ("include", "exclude") or name in {parameter.name for parameter in parameters(Filters)}:
        place = f"it is of the filters: filters=ib.Filters({call})"
    elif name in ("ops", "outputs", "auto_orient"):
        place = f"it is of a recipe: recipe=ib.Recipe({call})"
    elif op is not None:
        place = f"it is an operation: recipe=ib.Recipe(ops=[ib.{op.__qualname__}({content})])"
    else:
        flags = (*_OF_THE_SHELL, *(one.name for one in parameters(UnattendedSettings)))
        flag = f"it is of the shell, imgbatch run --{name.replace('_', '-')}" if name in flags else ""
        place = _PLACES.get(name, flag)
    return UsageError(f"{name} is no setting; {place}") if place else None


@contextlib.contextmanager
def note_arguments() -> Iterator[None]:
    """Around what a program calls: an error whose sentence names flags has a note of what they are in Python.

    Python shows it below the sentence, which stays one line and the same as at the shell.
    """
    try:
        yield
    except ImgbatchError as error:
        flags = dict.fromkeys(_FLAG.findall(str(error)))
        notes = [f"{flag} is {argument}" for flag in flags if (argument := _argument(_LETTERS.get(flag, flag)))]
        if notes:
            error.add_note(f"in Python, {', '.join(notes)}")
        raise


def _argument(flag: str) -> str:
    """What a flag of ``run`` is in a call of the library; "" for one that is the shell's only."""
    from imgbatch.operations.custom import find_operation
    from imgbatch.planning.recipe import Output

    name = flag[2:].replace("-", "_")
    places: tuple[tuple[type[Declaration], str], ...] = (
        (Settings, "{}"), (Output, "ib.Output({})"), (Filters, "filters=ib.Filters({})"),
    )  # fmt: skip
    for cls, call in places:
        for one in parameters(cls):
            if name == one.name:
                return call.format(f"{name}={isinstance(one.kind, Switch) or '...'}")
            if name == f"no_{one.name}" and one.default is True:
                return call.format(f"{one.name}=False")
    if name in ("include", "exclude"):
        return f"filters=ib.Filters({name}=...)"
    op = find_operation(name)
    return f"ib.{op.__qualname__}(...)" if op is not None else "output" * (name == "output")


def check_arguments(
    settings: object, filters: object, executor: Any
) -> tuple[Settings, Filters, concurrent.futures.Executor | None]:
    """The settings and filters of a run, or those that it has without, and its executor; a word is one of the settings.

    UsageError where one is of another type.

    Parameters
    ----------
    settings : Settings or None
    filters : Filters or None
    executor : concurrent.futures.Executor, Client of Dask, str or None
    """
    own_settings = Settings() if settings is None else check_type("settings", settings, Settings, "Settings")
    what = "Filters such as Filters(max_depth=1)"
    own_filters = Filters() if filters is None else check_type("filters", filters, Filters, what)
    if isinstance(executor, str):
        return replace(own_settings, executor=executor), own_filters, None
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise wrong_value("an Executor of concurrent.futures, a Client of Dask or a word", "executor", executor)
    return own_settings, own_filters, executor
