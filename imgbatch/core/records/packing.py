"""Packing: which bytes stand for a source, a job and an outcome? Those of ``marshal``, and few of them.

What many of them share stands once, in memory: the root and the folder of a source, the names of phases. Values of
other types than the plain ones are pickled. The bytes are for this process, and for copies of what holds them.
"""

from __future__ import annotations

import marshal
import operator
import pickle
from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from imgbatch.core.job import Cost, Failure, Job, Outcome, Source, Target, Written

T = TypeVar("T")
_VERSION = 4  # of marshal's format, which every Python since 3.4 reads
_PICKLE = b"\x80"  # how a pickle begins, and nothing that marshal writes of a tuple
_SHARED_LIMIT = 4096  # values that stand once: more of them are not shared by many

_source_values = operator.attrgetter(*Source.__match_args__)
_failure_values = operator.attrgetter(*Failure.__match_args__)
_target_values = operator.attrgetter(*Target.__match_args__)
_written_values = operator.attrgetter(*Written.__match_args__)
_cost_values = operator.attrgetter(*Cost.__match_args__)
_OUTCOME_FIELDS = Outcome.__match_args__
_outcome_values = operator.attrgetter(*_OUTCOME_FIELDS)


class Packing(ABC, Generic[T]):
    """Makes bytes of values, and the values again; equal to what they were. Pickles."""

    def pack(self, value: T) -> bytes:
        """The bytes of a value, which may have attributes that cannot be marshalled."""
        try:
            values = self.values(value)
            if values is not None:
                return marshal.dumps(values, _VERSION)
        except ValueError:
            pass
        return pickle.dumps(value)

    def unpack(self, record: bytes) -> T:
        """The value of :meth:`pack`."""
        if record[:1] == _PICKLE:
            return pickle.loads(record)  # type: ignore[no-any-return]  # what was packed
        return self.value(marshal.loads(record))

    @abstractmethod
    def values(self, value: T) -> tuple[Any, ...] | None:
        """Plain values that say all of it; None where it is of a kind of its own. ValueError as of marshal."""

    @abstractmethod
    def value(self, values: tuple[Any, ...]) -> T:
        """The value that :meth:`values` were made of."""


class SharedValues:
    """Values that many records share: a record has a number for each, or the value, where there are too many."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._values: list[Any] = []

    def number(self, value: tuple[Any, ...]) -> int | tuple[Any, ...]:
        """What stands for `value` in a record."""
        number = self._numbers.get(value)
        if number is not None:
            return number
        if len(self._values) >= _SHARED_LIMIT:
            return value
        self._values.append(value)
        self._numbers[value] = len(self._values) - 1
        return len(self._values) - 1

    def value(self, number: int | tuple[Any, ...]) -> tuple[Any, ...]:
        """The value that it stands for."""
        return number if isinstance(number, tuple) else self._values[number]


class SourcePacking(Packing[Source]):
    """Of sources; the folder of their root is shared."""

    def __init__(self) -> None:
        self._roots = SharedValues()

    def values(self, value: Source) -> tuple[Any, ...] | None:
        if type(value) is not Source:
            return None
        path, root, relative, size, mtime_ns, named, problem, place = _source_values(value)
        if not path.endswith(relative):
            return (*_source_values(value)[:-2], problem and _failure_values(problem), place)
        root_number = self._roots.number((path[: len(path) - len(relative)], root, named, place))
        if problem is None:
            return root_number, relative, size, mtime_ns
        return root_number, relative, size, mtime_ns, _failure_values(problem)

    def value(self, values: tuple[Any, ...]) -> Source:
        if len(values) > 5:
            path, root, relative, size, mtime_ns, named, problem, place = values
            return Source(path, root, relative, size, mtime_ns, named, problem and Failure(*problem), place)
        folder, root, named, place = self._roots.value(values[0])
        relative = values[1]
        problem = Failure(*values[4]) if len(values) == 5 else None
        return Source(folder + relative, root, relative, values[2], values[3], named, problem, place)


class JobPacking(Packing[Job]):
    """Of jobs and their targets."""

    def __init__(self) -> None:
        self._sources = SourcePacking()

    def values(self, value: Job) -> tuple[Any, ...] | None:
        source = self._sources.values(value.source) if type(value) is Job else None
        if source is None or any(type(target) is not Target for target in value.targets):
            return None
        return (value.index, source, *map(_target_values, value.targets))

    def value(self, values: tuple[Any, ...]) -> Job:
        index, source, *targets = values
        return Job(index, self._sources.value(source), tuple([Target(*target) for target in targets]))


class OutcomePacking(Packing[Outcome]):
    """Of outcomes; what has more fields, a measurement, says them after the others."""

    def __init__(self) -> None:
        self._sources = SourcePacking()
        self._kinds = SharedValues()  # class, status, names of the phases

    def values(self, value: Outcome) -> tuple[Any, ...] | None:
        index, source, status, outputs, error, warnings, changes, ms, cost, *hashes = _outcome_values(value)
        source = self._sources.values(source)
        kind = type(value)
        names = kind.__match_args__
        if source is None or names[: len(_OUTCOME_FIELDS)] != _OUTCOME_FIELDS:
            return None
        if any(type(output) is not Written for output in outputs):
            return None
        return (
            index, source, self._kinds.number((kind, status, *ms)), tuple(ms.values()),
            tuple([_written_values(output) for output in outputs]), error and _failure_values(error),
            warnings, changes, cost and _cost_values(cost), *hashes,
            *[getattr(value, name) for name in names[len(_OUTCOME_FIELDS) :]],
        )  # fmt: skip

    def value(self, values: tuple[Any, ...]) -> Outcome:
        index, source, kind, ms, outputs, error, warnings, changes, cost, *others = values
        cls, status, *phases = self._kinds.value(kind)
        outcome: Outcome = cls(
            index, self._sources.value(source), status, tuple([Written(*output) for output in outputs]),
            error and Failure(*error), warnings, changes, dict(zip(phases, ms, strict=True)), cost and Cost(*cost),
            *others,
        )  # fmt: skip
        return outcome
