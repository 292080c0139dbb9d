"""Cell classes: how does an operation reach a worker whose class is in no module, and what is its code?

Such a class was typed in a notebook's cell or at a prompt, or stands inside of a function. cloudpickle, of
``imgbatch[notebook]``, sends it whole, with the functions and values of the notebook that it uses. Those are its code
in digests, too, each function as it was typed: a cell that is executed again, or has another line elsewhere, makes no
output again. What it uses of modules does not count.
"""

from __future__ import annotations

import contextlib
import copyreg
import dataclasses
import dis
import hashlib
import importlib
import inspect
import os
import pickle
import sys
import textwrap
import types
from collections.abc import Iterator
from typing import Any

from imgbatch.core.lazy_import import is_installed
from imgbatch.operations.base import Operation

_TOKEN = os.urandom(8)  # of this process and its forks
_CLASSES: dict[int, type[Operation]] = {}  # those that are sent whole, by their ids
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def import_obstacle(cls: type) -> str:
    """Why workers cannot import a class, in a sentence's words; "" where they can."""
    if cls.__module__ == "__main__" and _is_typed("__main__"):
        return "its class was typed at a prompt or in a notebook"
    if "<locals>" in cls.__qualname__:
        return f"its class {cls.__qualname__} is inside of a function"
    return ""


def send_by_value(cls: type[Operation]) -> bool:
    """Have operations of a class sent whole from now on; False where cloudpickle is not installed."""
    if not is_installed("cloudpickle"):
        return False
    _CLASSES[id(cls)] = cls
    copyreg.pickle(cls, _reduce)
    return True


def code(cls: type[Operation]) -> str:
    """SHA-256 of what a class does: of its functions, and of what these use that is in no module."""
    digest = hashlib.sha256()
    for fact in _facts(cls, set()):
        digest.update(f"{len(fact)}:{fact}".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _reduce(op: Operation) -> tuple[Any, ...]:
    cloudpickle = importlib.import_module("cloudpickle")
    state = {field.name: getattr(op, field.name) for field in dataclasses.fields(op)}
    origin = (_TOKEN, os.getpid(), id(type(op)))
    return _restore, (origin, cloudpickle.dumps(type(op)), cloudpickle.dumps(state))


def _restore(origin: tuple[bytes, int, int], class_pickle: bytes, state_pickle: bytes) -> Operation:
    """The operation; in the process that has sent it, of its own class, which cloudpickle would cut off its notebook.

    Parameters
    ----------
    origin : (bytes, int, int)
        The process, by its token and number, and there the class.
    class_pickle, state_pickle : bytes
        Of the class, and of the fields' values by name.
    """
    token, process, key = origin
    cls = _CLASSES[key] if (token, process) == (_TOKEN, os.getpid()) else pickle.loads(class_pickle)
    send_by_value(cls)  # from here, too
    result: Operation = object.__new__(cls)
    for name, value in pickle.loads(state_pickle).items():
        object.__setattr__(result, name, value)
    return result


def _is_typed(module: str) -> bool:
    """Whether what a module holds was typed: it has no file, and nobody can import it."""
    there = sys.modules.get(module)
    return there is None or (getattr(there, "__spec__", None) is None and not hasattr(there, "__file__"))


def _facts(value: object, ids: set[int]) -> Iterator[str]:
    """What `value` is, in texts that are the same in each process.

    Parameters
    ----------
    value : object
    ids : set of int
        Of what was told already, as functions may use each other.
    """
    if isinstance(value, _PLAIN):
        yield repr(value)
        return
    if id(value) in ids:
        return
    ids.add(id(value))
    if isinstance(value, types.FunctionType):
        yield from _function_facts(value, ids)
    elif isinstance(value, types.ModuleType):
        yield value.__name__
    elif isinstance(value, type):
        yield from _class_facts(value, ids)
    elif isinstance(value, (staticmethod, classmethod)):
        yield from _facts(value.__func__, ids)
    elif isinstance(value, property):
        yield from _facts(value.fget, ids)
    elif isinstance(value, (tuple, list)):
        yield f"{len(value)} items"
        for item in value:
            yield from _facts(item, ids)
    elif isinstance(value, dict):
        yield f"{len(value)} pairs"
        for key, item in value.items():
            yield from _facts(key, ids)
            yield from _facts(item, ids)
    elif isinstance(value, (set, frozenset)):
        yield from sorted(map(repr, value))
    else:
        yield from _facts(type(value), ids)
        with contextlib.suppress(Exception):  # what cannot be pickled is refused where it would be sent
            yield hashlib.sha256(pickle.dumps(value, 4)).hexdigest()


def _class_facts(cls: type, ids: set[int]) -> Iterator[str]:
    yield f"{cls.__module__}.{cls.__qualname__}"
    if not import_obstacle(cls):
        return
    for base in cls.__bases__:
        yield from _facts(base, ids)
    for name, member in sorted(vars(cls).items()):
        is_standard = name[:2] == name[-2:] == "__" and (dataclasses.is_dataclass(cls) or not callable(member))
        if name == "__post_init__" or not (is_standard or name == "_abc_impl"):
            yield name
            yield from _facts(member, ids)


def _function_facts(function: types.FunctionType, ids: set[int]) -> Iterator[str]:
    """Its text, and what it uses; of a function of a module, such as a decorator's, only what it has caught."""
    yield function.__name__
    if _is_typed(str(function.__globals__.get("__name__"))):
        yield _text(function.__code__)
        for name in sorted(_global_names(function.__code__)):
            if name in function.__globals__:
                yield name
                yield from _facts(function.__globals__[name], ids)
    yield from _facts(function.__defaults__, ids)
    yield from _facts(function.__kwdefaults__, ids)
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # it is empty
            yield from _facts(cell.cell_contents, ids)


def _text(function: types.CodeType) -> str:
    """A function as it was typed; its byte code where nobody remembers that (``python -c``, an old prompt)."""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return _byte_code(function)


def _byte_code(value: object) -> str:
    if isinstance(value, types.CodeType):
        return repr([value.co_code.hex(), value.co_names, *map(_byte_code, value.co_consts)])
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _global_names(function: types.CodeType) -> set[str]:
    """The names of its module that a function reads, and those inside of it."""
    names = {str(step.argval) for step in dis.get_instructions(function) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names.union(*(_global_names(part) for part in function.co_consts if isinstance(part, types.CodeType)))
