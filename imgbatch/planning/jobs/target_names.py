"""Target names: which paths do the files get that are made of a source?"""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Callable
from typing import Any

from imgbatch.core.errors import ImageError, PlanError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Failure, Job, Source, Target
from imgbatch.operations.base import EXIF
from imgbatch.planning import names
from imgbatch.planning.folders import TargetFolders, display_path, too_long_sentence, unusable
from imgbatch.planning.jobs.claims import label
from imgbatch.planning.names import STATE
from imgbatch.planning.recipe import Output, Recipe, name_fields
from imgbatch.storage.registry import is_remote
from imgbatch.storage.temporary import TEMPORARY

OutputPaths = Callable[[str, int | None], tuple[str, ...]]


class _NoNameError(Exception):
    """A source that cannot get a name."""


@frozen(slots=True)
class _NamePattern:
    """How the files of one output of the recipe are named."""

    number: int
    output: Output
    base: str  # absolute, with a separator at the end
    fields: frozenset[str]
    late: bool


class TargetNames:
    """Gives every source the paths of its outputs."""

    def __init__(
        self, recipe: Recipe, places: TargetFolders, flat: bool, format_of: Callable[[Source], str | None]
    ) -> None:
        self._folder, self._inside, self._flat, self._format_of = places.folder, places.inside, flat, format_of
        self._patterns = [self._pattern(number, output) for number, output in enumerate(recipe.outputs)]
        self.late = any(pattern.late for pattern in self._patterns)
        fields = {field for pattern in self._patterns for field in pattern.fields}
        self._times = fields & {"date", "mtime"}
        self._of_picture = {field for field in fields if field == "date" or field.startswith(EXIF)}
        self._same = any(pattern.output.format == "same" for pattern in self._patterns)
        self._digest = recipe.digest if any("recipe" in pattern.fields for pattern in self._patterns) else ""

    def _pattern(self, number: int, output: Output) -> _NamePattern:
        names.check_template(output.name)
        if os.path.isabs(output.name):
            raise self._leads_out(output.name)
        base = _normal(os.path.join(self._folder, output.dir)).rstrip(os.sep) + os.sep
        if not base.startswith(self._inside):
            raise self._leads_out(output.dir)
        return _NamePattern(number, output, base, frozenset(name_fields(output.name)), names.is_late(output.name))

    def job(self, index: int, source: Source, earlier: OutputPaths) -> Job:
        """The job of one source, with what is to be made of it, or with a problem.

        Parameters
        ----------
        index, source, earlier
            As :meth:`targets` has them.
        """
        targets: tuple[Target, ...] = ()
        if source.problem is None:
            try:
                targets = self.targets(index, source, earlier)
            except _NoNameError as error:
                source = dataclasses.replace(source, problem=Failure("io", "write", str(error)))
            except ImageError as error:
                source = dataclasses.replace(source, problem=Failure(error.kind, "read", str(error)))
        return Job(index, source, targets)

    def targets(self, index: int, source: Source, earlier: OutputPaths) -> tuple[Target, ...]:
        """What is to be made of one source, in the order of the outputs.

        Parameters
        ----------
        index : int
            Its place in the order of the sources, from 0; ``{n}`` is one more.
        source : Source
        earlier : callable
            What an earlier run made of the source (its absolute path) for an output's number; None: for any output.
        """
        folder, _, name = source.relative.rpartition("/")
        stem, suffix = names.split_name(name)
        values: dict[str, Any] = {
            "dir": "" if self._flat else folder, "stem": stem, "name": name, "n": index + 1, "recipe": self._digest,
        }  # fmt: skip
        if self._of_picture:
            values.update(names.picture_values(source, self._of_picture))
        for name in self._times:
            if values.get(name) is None:
                values[name] = _modification_time(source, name)
        own = self._format_of(source) if self._same else None
        targets = []
        for pattern in self._patterns:
            format = own if pattern.output.format == "same" else pattern.output.format
            other = None
            if format is None:  # it becomes PNG, or TIFF, and its name gains the suffix
                extra_suffix = "" if "name" in pattern.fields else suffix  # {name} has it already
                format = "png"
                values.update(format="tiff", ext=names.added_extension(extra_suffix, "tiff"))
                other = self._path(pattern, values, source)
                values.update(format="png", ext=names.added_extension(extra_suffix, "png"))
            else:
                values.update(format=format, ext=names.extension(suffix, format))
            path = self._path(pattern, values, source)
            number = None if pattern.late else pattern.number  # renditions change places with the list
            outputs = earlier(source.path, number)
            targets.append(Target(pattern.number, path, format, other, pattern.late, False, outputs))
        return tuple(targets)

    def _path(self, pattern: _NamePattern, values: dict[str, Any], source: Source) -> str:
        name = names.fill_early(pattern.output.name, values)
        if not pattern.late:
            return self._check(_join(pattern.base, name), pattern, source)
        self._check(_join(pattern.base, names.fill_example(name)), pattern, source)
        return _join(names.escape(pattern.base), name)

    def _check(self, path: str, pattern: _NamePattern, source: Source) -> str:
        """`path` itself; PlanError when no image may be written there."""
        if len(path) <= len(pattern.base) and path.rstrip(os.sep) + os.sep == pattern.base:
            raise PlanError(f"{label(source)} gets no name from {pattern.output.name}; add {{stem}} to --name")
        if not path.startswith(self._inside):
            raise self._leads_out(f"{pattern.output.name} for {label(source)}")
        if os.sep + "." in path:
            first, last = path[len(self._inside) :].split(os.sep)[0], os.path.basename(path)
            if first.casefold() == STATE or TEMPORARY.match(last):
                raise PlanError(
                    f"{label(source)} would be {display_path(path)}, kept for imgbatch itself; change --name"
                )
        if unusable(path, self._inside):
            raise _NoNameError(too_long_sentence(path))
        return path

    def _leads_out(self, name: str) -> PlanError:
        return PlanError(
            f"names must stay below {display_path(self._folder)}, got {name}; change --name or the output's dir"
        )


def _join(base: str, name: str) -> str:
    """`name` below `base`; slashes of empty fields (``{dir}/`` at the top) do not count."""
    path = base + name.lstrip("/")
    if os.sep != "/":
        path = path.replace("/", os.sep)
    if not name or "//" in name or "./" in name or name.endswith(("/", ".")):
        return _normal(path)
    return path


def _normal(path: str) -> str:
    """``os.path.normpath``, which knows no URLs."""
    if not is_remote(path):
        return os.path.normpath(path)
    scheme, _, rest = path.partition("://")
    return f"{scheme}://{os.path.normpath(rest)}"


def _modification_time(source: Source, field: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromtimestamp(source.mtime_ns / 1e9)
    except (OverflowError, ValueError, OSError):
        raise _NoNameError(f"its modification time is no date; leave {{{field}}} out of --name") from None
