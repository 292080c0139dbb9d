"""Plugins: where are operations that are not ours? In a file, in a package's entry points, or registered.

In the parent, a flag or a recipe names an operation (a file as ``FILE.py:NAME``), and :func:`get_operation` finds its
class; a file is executed once, as a module of its own, its folder importable meanwhile. A worker gets an operation of
an importable module as any pickled object, one of a file as the file's path, the class's name and its parameters: it
executes the file, too, if that is still the same; a machine that has none executes the text that comes with it. In
digests an operation stands with the SHA-256 of its class's file (:func:`code`), so that a changed one makes its outputs
again; what that file imports does not count.
"""

from __future__ import annotations

import copyreg
import dataclasses
import functools
import hashlib
import os
import pickle
import re
import sys
import types
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import EngineError, ImageError, UsageError, nearest, sentence, unknown, wrong_value
from imgbatch.core.parameters import from_words, split_words, unquote
from imgbatch.operations import custom, registry
from imgbatch.operations.base import Operation

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from PIL.Image import Image

ENTRY_POINTS = "imgbatch.operations"  # the group
_PREFIX = "imgbatch_operations_"  # of the modules made of files
_CODES: dict[str, str] = {}  # SHA-256 of each such file, as it was executed
_TEXTS: dict[str, bytes] = {}  # and its bytes, unless it is large
#: What @dataclass does not know: a flag, a recipe and a digest hold plain values only.
_MUTABLE_HINT = '; the default of a parameter is a plain value: write a text such as tags: str = "", and take it apart'
#: A value that is put to the name as elsewhere: FILE.py:NAME(0.5), FILE.py:NAME=0.5.
_OTHER_VALUE = re.compile(r"(.+\.py:\w+)[\s=:(]+([^():]+)\)?")
_OTHER_NAME = re.compile(r"(.+?)(?:\.py)?(?:::|[:. ])(\w+)")  # own:Name, own.Name, and what else people try
_PORTABLE = 1_000_000  # bytes of a file whose text travels


def get_operation(word: str, folder: str = "", allow_files: bool = True) -> type[Operation]:
    """The operation that a flag or a recipe in `folder` names; UsageError, with the nearest name, when there is none.

    Parameters
    ----------
    word : str
        The name of one of ours, of one that was registered, of an entry point, or ``FILE.py:NAME``.
    folder : str
        Where the file lies.
    allow_files : bool
        Whether a file may be named, and is then executed.
    """
    path, colon, name = word.rpartition(":")
    if colon and path.endswith(".py") and not allow_files:
        raise UsageError(
            f"{word} is code of a file, which --untrusted does not run; install it as a package, or leave it out"
        )
    if colon and path.endswith(".py"):
        return from_file(os.path.join(folder, path), name)
    if word.endswith(".py"):
        raise wrong_value("FILE.py:NAME", "the operation", word)
    if (there := custom.find_operation(word)) is not None:
        return there
    entries = _entries()
    if (key := word.replace("-", "_")) in entries:
        return _load(key, entries[key])
    other = _OTHER_NAME.fullmatch(word)
    if other and os.path.isfile(os.path.join(folder, file := f"{other[1]}.py")):
        raise UsageError(f"expected FILE.py:NAME for the operation, got {word!r}; did you mean {file}:{other[2]}?")
    raise unknown(word, "operation", [*custom.words(), *entries])


def operation_stub(word: str, folder: str = "") -> Operation | None:
    """What stands for an operation ``FILE.py:NAME`` whose file is not to be executed; None for one without a file.

    Its name is `word`; what it does to pixels is not known, and no output is one that it made.
    """
    path, colon, _ = word.rpartition(":")
    if not colon or not path.endswith(".py"):
        return None
    _read(path, os.path.join(folder, path))
    cls: type[Operation] = type("OperationStub", (_OperationStub,), {"word": word, "__module__": __name__})
    return cls()


class _OperationStub(Operation):
    """An operation of which only the name is known."""

    def apply(self, image: Image) -> Image:
        """ImageError: what would be done is in a file that was not executed."""
        raise ImageError("operation", f"{self.word} was not executed")


def parse_operation(text: str, allow_files: bool = True) -> Operation:
    """The operation of ``--op FILE.py:NAME,key=value``, where files are allowed, or ``--op NAME,key=value``."""
    word, *values = split_words(text)
    other = _OTHER_VALUE.fullmatch(word)
    if other:
        better = ",".join([other[1], other[2], *values])
        raise UsageError(f"expected FILE.py:NAME,VALUE for the operation, got {text!r}; did you mean {better}?")
    return from_words(get_operation(unquote(word), allow_files=allow_files), ",".join(values))


def from_file(path: str, name: str, text: bytes = b"") -> type[Operation]:
    """The operation of that class's name, or its own, in a Python file; UsageError says why there is none.

    Parameters
    ----------
    path, name : str
        Of the file, and of the operation.
    text : bytes
        What the file holds where it is known; executed where there is none, as on another machine.
    """
    real = os.path.realpath(path)
    module = _execute(path, real, text)
    there = custom.operations_of(module.__name__)
    for cls in there.values():
        if name in (cls.__qualname__, cls.word):
            copyreg.pickle(cls, _reduce)
            return cls
    if name in vars(module):
        raise UsageError(
            f'{path}: {name} is no operation; write @imgbatch.operation("{name.lower()}") and @dataclass(frozen=True) '
            f"in the lines above class {name}"
        )
    near = nearest(name, there)
    hint = f"did you mean {near}?" if near else f"it has {', '.join(there) or 'none'}"
    raise UsageError(f"{path} has no operation {name!r}; {hint}")


def others() -> Iterator[tuple[str, type[Operation] | UsageError]]:
    """Every operation that is not ours, by its name: registered ones and entry points, or why one cannot be used."""
    for word in custom.words():
        cls = custom.find_operation(word)
        if cls is not None and not registry.is_builtin(cls):
            yield word, cls
    for name, entries in _entries().items():
        if custom.find_operation(name) is None:
            try:
                yield name, _load(name, entries)
            except UsageError as error:
                yield name, error
        elif registry.is_builtin(custom.find_operation(name) or Operation):
            yield name, UsageError(f"{_whose(entries)} offers an operation of a name that is imgbatch's own")


def spell(cls: type[Operation], folder: str | None = None) -> str:
    """What :func:`get_operation` finds an operation by; a file's path from `folder`, or from everywhere."""
    path = _file(cls)
    if path is None:
        return cls.word
    return f"{path if folder is None else os.path.relpath(path, folder or '.')}:{cls.__qualname__}"


def code(cls: type[Operation]) -> str:
    """What stands for an operation's code in a digest: nothing for ours, else the SHA-256 of the file of its class.

    Where its class is in no module (cell_classes.py), that of what was typed.
    """
    if registry.is_builtin(cls):
        return ""
    if cls.__module__ in _CODES:
        return _CODES[cls.__module__]
    from imgbatch.operations import cell_classes

    if not cell_classes.import_obstacle(cls):
        return _file_code(cls) or f"{cls.__module__}.{cls.__qualname__}"
    return cell_classes.code(cls) + _file_code(cls)


@functools.cache
def _file_code(cls: type[Operation]) -> str:
    """SHA-256 of the file of a class; "" where there is none."""
    path = getattr(sys.modules.get(cls.__module__), "__file__", None)
    try:
        with open(path or "", "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def refuse_immobile(ops: Iterable[Operation]) -> None:
    """EngineError when an operation cannot be sent to worker processes; to be asked before the first image.

    One whose class is in no module is sent whole from then on, where that is possible.
    """
    for op in ops:
        cls = type(op)
        if registry.is_builtin(cls):
            continue
        from imgbatch.operations import cell_classes

        why, way = cell_classes.import_obstacle(cls), "define it at the top of a FILE.py"
        if why and not cell_classes.send_by_value(cls):
            way = f"pip install 'imgbatch[notebook]', {way}"
        else:
            why = _pickling_error(op)
        if why:
            what = f"operation {cls.word or cls.__qualname__} cannot be sent to the workers"
            raise EngineError(f"{what}: {why}; {way}, or run with workers=0")


def _pickling_error(op: Operation) -> str:
    try:
        pickle.dumps(op)
    except Exception as error:  # noqa: BLE001 - pickling calls the user's code, which may raise anything
        return sentence(error)
    return ""


def _execute(path: str, real: str, text: bytes = b"") -> types.ModuleType:
    """The module of a file, executed when it is first asked for; of `text` where there is none."""
    name = _PREFIX + hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
    if name in sys.modules:
        return sys.modules[name]
    data = text if text and not os.path.lexists(real) else _read(path, real)
    module = types.ModuleType(name)
    module.__file__ = real
    sys.modules[name], _CODES[name] = module, hashlib.sha256(data).hexdigest()
    _TEXTS[name] = data if len(data) <= _PORTABLE else b""
    sys.path.insert(0, os.path.dirname(real))
    try:
        exec(compile(data, real, "exec"), vars(module))
    except BaseException as error:
        del sys.modules[name], _CODES[name]
        custom.forget(name)
        if isinstance(error, UsageError):
            raise UsageError(f"{path}: {error}") from None
        if isinstance(error, (Exception, SystemExit)):
            hint = _MUTABLE_HINT if str(error).startswith("mutable default") else ""
            raise UsageError(f"{path} cannot be executed: {type(error).__name__}: {sentence(error)}{hint}") from error
        raise
    finally:
        sys.path.remove(os.path.dirname(real))
    return module


def _read(path: str, real: str) -> bytes:
    try:
        with open(real, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"cannot read the operations in {path!r}: {error.strerror or error}") from None


def _file(cls: type[Operation]) -> str | None:
    """The file that an operation was loaded from by its name; None for one of an importable module."""
    return str(sys.modules[cls.__module__].__file__) if cls.__module__ in _CODES else None


def _reduce(op: Operation) -> tuple[Any, ...]:
    state = {field.name: getattr(op, field.name) for field in dataclasses.fields(op)}
    return _restore, (_file(type(op)), type(op).__qualname__, code(type(op)), state, _TEXTS[type(op).__module__])


def _restore(path: str, name: str, digest: str, state: dict[str, Any], text: bytes = b"") -> Operation:
    cls = from_file(path, name, text)
    if code(cls) != digest:
        raise EngineError(f"{path} has changed since the run began; start it again")
    result = object.__new__(cls)
    for key, value in state.items():
        object.__setattr__(result, key, value)
    return result


@functools.cache
def _entries() -> dict[str, list[EntryPoint]]:
    """The entry points by name; of several that are equal only one."""
    from importlib.metadata import entry_points

    there: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        same = there.setdefault(entry.name, [])
        if entry.value not in [other.value for other in same]:
            same.append(entry)
    return there


def _load(name: str, entries: list[EntryPoint]) -> type[Operation]:
    if len(entries) > 1:
        raise UsageError(f"operation {name} is offered by {_whose(entries)}; uninstall one of them")
    who = f"operation {name} of {_whose(entries)}"
    try:
        cls = entries[0].load()
    except Exception as error:
        raise UsageError(f"{who} cannot be loaded: {type(error).__name__}: {sentence(error)}") from error
    if not isinstance(cls, type) or not issubclass(cls, Operation) or custom.find_operation(name) is not cls:
        raise UsageError(f"{who} cannot be used: {entries[0].value} is not registered by @imgbatch.operation({name!r})")
    return cls


def _whose(entries: list[EntryPoint]) -> str:
    return " and ".join(f"{entry.dist.name if entry.dist else '?'} ({entry.value})" for entry in entries)
