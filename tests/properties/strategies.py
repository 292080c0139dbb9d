"""Which random instances of an operation are there? Made from its declaration, as everything else is."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from hypothesis import reject
from hypothesis import strategies as st

from imgbatch.core.errors import UsageError
from imgbatch.core.file_parameter import File
from imgbatch.core.parameter_kinds import Choice, Grammar, Number, Switch, Texts
from imgbatch.core.parameters import Declaration, Parameter, parameters
from imgbatch.operations import Operation, all_operations
from tests import outside

D = TypeVar("D", bound=Declaration)
LARGEST = 50.0  # what a test can afford: a blur of 250 px or a border of 10 000 px shows nothing more

#: Words that no number, switch or choice is.
NO_VALUE = ("", "x", "nan", "inf", "-inf", "1e999", "1;2", "0b1", "true false", "größer", "１２,")


def numbers(kind: Number) -> st.SearchStrategy[float]:
    """Numbers that `kind` takes, kept small where its range is huge."""
    low, high = max(kind.low, -LARGEST), min(kind.high, LARGEST)
    if not kind.whole:
        return st.floats(low, high, allow_nan=False, allow_infinity=False)
    wholes = st.integers(math.ceil(low), math.floor(high))
    return wholes.filter(lambda number: number % 2 == 1) if kind.odd else wholes


def values(field: Parameter) -> st.SearchStrategy[Any]:
    """Values that `field` takes, None included where that means "not said"."""
    kind = field.kind
    found: st.SearchStrategy[Any]
    if isinstance(kind, Number):
        found = numbers(kind)
    elif isinstance(kind, Switch):
        found = st.booleans()
    elif isinstance(kind, Choice):
        found = st.sampled_from(kind.words)
    elif isinstance(kind, File):
        found = st.sampled_from([outside.file(example) for example in kind.examples])
    elif isinstance(kind, (Grammar, Texts)):
        found = st.sampled_from(kind.examples)
    else:
        raise TypeError(f"no strategy for the kind {type(kind).__name__}")
    return st.none() | found if field.optional else found


def instances(cls: type[D]) -> st.SearchStrategy[D]:
    """Instances of `cls`; parameters with a default are left out half of the time.

    A combination that the class refuses as a whole (a fit that needs both sides) is drawn again.
    """
    required = {field.name: values(field) for field in parameters(cls) if field.is_required}
    others = {field.name: values(field) for field in parameters(cls) if not field.is_required}

    def made(chosen: dict[str, Any]) -> D:
        try:
            return cls(**chosen)
        except UsageError:
            reject()

    return st.fixed_dictionaries(required, optional=others).map(made)


def operations() -> st.SearchStrategy[Operation]:
    """Instances of every operation there is."""
    return st.sampled_from(all_operations()).flatmap(_any_instance)


def _any_instance(cls: type[Operation]) -> st.SearchStrategy[Operation]:
    return instances(cls)
