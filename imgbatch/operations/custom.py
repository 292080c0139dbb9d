"""Custom operations: how does somebody else's become one of ours? By ``@imgbatch.operation("vignette")`` on its class.

The decorator checks the class when it is made, before any image: a frozen dataclass with ``apply(self, image) ->
image``, each parameter of a kind that a flag and a recipe can hold, a name that nobody else has. Plain annotations
(``float``, ``int``, ``bool``, ``str``, ``Literal["a", "b"]``, each also ``| None``) get the kind that they mean; for a
range, a unit or a help line write ``Annotated[float, Number(0, 1), "how dark"]`` (parameters.py). From then on it is
found by its name; where its file comes from is for plugins.py.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import re
import sys
import types
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union

from imgbatch.core.errors import DeclarationError, ImageError, UsageError, wrong_value
from imgbatch.core.parameter_kinds import Choice, Grammar, Number, Switch
from imgbatch.core.parameters import Declaration, from_words, parameters
from imgbatch.operations import registry
from imgbatch.operations.base import Operation

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")
GROUP = "custom"
_VAR_POSITIONAL = 0x04  # of a function's flags (inspect.CO_VARARGS): it takes any number of arguments
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PLAIN: dict[Any, Number | Switch | Grammar] = {
    float: Number(), int: Number(whole=True), bool: Switch(), str: Grammar("a text", str, ("x",)),
}  # fmt: skip
_CUSTOM: dict[str, type[Operation]] = {}


def operation(word: str) -> Callable[[type[T]], type[T]]:
    """Make a frozen dataclass an operation: for recipes, Python, ``--op`` and ``imgbatch ops``.

    Parameters
    ----------
    word : str
        Its name in recipes and reports: small letters, digits and underscores; no other operation's.

    The class may derive from :class:`imgbatch.Operation`, which says what else it can tell (``smooth``, ``bands``,
    ``after``, ``demand``, ``on_screen``, ``across``); else it is made to. Its docstring is its help; ``example`` and
    ``group`` are class variables. A field that is declared with ``compare=False`` is no parameter. For worker processes
    it must live at the top of a module, or of a script with a main guard; in a notebook's cell, ``imgbatch[notebook]``
    is needed to send it.

    Raises
    ------
    DeclarationError
        The class is no frozen dataclass, has no ``apply`` of an image, a parameter that no flag can hold, a default or
        an example that it does not take itself, or a name that is taken.

    Examples
    --------
    >>> import imgbatch as ib
    >>> from dataclasses import dataclass
    >>> @ib.operation("mirror_example")
    ... @dataclass(frozen=True)
    ... class MirrorExample(ib.Operation):
    ...     "Mirror every image."
    ...
    ...     def apply(self, image):
    ...         return image.transpose(0)
    """
    if not isinstance(word, str) or not _NAME.fullmatch(word):
        what = 'a name of small letters, digits and underscores, as in @imgbatch.operation("vignette")'
        raise wrong_value(what, "the operation", word)

    def register(cls: type[T]) -> type[T]:
        _check(word, cls)
        result = _operation(word, cls)
        _annotate(result)
        _check_values(result)
        _CUSTOM[word] = result
        return typing.cast("type[T]", result)

    return register


def find_operation(word: str) -> type[Operation] | None:
    """The operation of that name, ours or one that was registered (dashes count as underscores)."""
    return registry.find_operation(word) or _CUSTOM.get(word.replace("-", "_"))


def words() -> list[str]:
    """The names of all operations that are known by now."""
    return [*(operation.word for operation in registry.all_operations()), *_CUSTOM]


def check_parameters(op: Operation) -> None:
    """DeclarationError where a recipe would not hold all that `op` was made with, so that a change would go unseen."""
    cls = type(op)
    fields = {item.name: item.compare for item in dataclasses.fields(op)}
    names = (*fields, *(name for name in vars(op) if not hasattr(cls, name)))  # a cached property is the class's
    known = {parameter.name for parameter in parameters(cls)}
    absent = [name for name in names if name not in known and fields.get(name, True)]
    if absent:
        word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        raise DeclarationError(
            f"{cls.__qualname__} is not declared, so its {absent[0]} would be in no recipe; write "
            f'@imgbatch.operation("{word}") and @dataclass(frozen=True) in the lines above class {cls.__name__}, and '
            f"each parameter as a line such as {absent[0]}: float = 0.5"
        )


def operations_of(module: str) -> dict[str, type[Operation]]:
    """The operations that a module has registered, by the names of their classes."""
    return {cls.__qualname__: cls for cls in _CUSTOM.values() if cls.__module__ == module}


def forget(module: str) -> None:
    """Free the names that a module registered before it failed to load."""
    for cls in operations_of(module).values():
        del _CUSTOM[cls.word]


def _check(word: str, cls: object) -> None:
    if not isinstance(cls, type) or "__dataclass_params__" not in vars(cls):
        name = getattr(cls, "__name__", repr(cls))
        raise DeclarationError(
            f"operation {word}: {name} is no dataclass; put @dataclass(frozen=True) between @imgbatch.operation and it"
        )
    if not vars(cls)["__dataclass_params__"].frozen:
        raise DeclarationError(f"operation {word}: {cls.__qualname__} can be changed; make it @dataclass(frozen=True)")
    apply: Any = getattr(cls, "apply", None)
    if not callable(apply) or getattr(cls, "__abstractmethods__", None):
        raise DeclarationError(
            f"operation {word}: {cls.__qualname__} has no apply(self, image) that returns an image; write "
            "def apply(self, image): return image"
        )
    code = getattr(apply, "__code__", None)  # of a plain function; whatever else can be called is believed
    if code is not None and not code.co_flags & _VAR_POSITIONAL:
        least = code.co_argcount - len(apply.__defaults__ or ())
        if not least <= 2 <= code.co_argcount:
            names = ", ".join(code.co_varnames[: code.co_argcount])
            raise DeclarationError(
                f"operation {word}: expected apply(self, image), got apply({names}); what it needs else is a parameter "
                "of the class, a line such as amount: float = 0.5"
            )
    owner = find_operation(word)
    if owner is not None and (owner.__module__, owner.__qualname__) != (cls.__module__, cls.__qualname__):
        whose = "imgbatch's own" if registry.is_builtin(owner) else f"that of {owner.__qualname__} in {_place(owner)}"
        raise DeclarationError(f"operation {word}: the name is {whose}; give {cls.__qualname__} another")


def _check_values(cls: type[Operation]) -> None:
    """DeclarationError when a default is no value of its kind, or the example none of the operation."""
    try:
        for field in parameters(cls):
            if not field.is_required and field.default is not None:
                field.kind.check(f"the default of {cls.word} {field.name}", field.default)
    except DeclarationError:
        raise
    except UsageError as error:
        raise DeclarationError(str(error)) from None
    if not cls.example:
        return
    try:
        from_words(cls, cls.example)
    except UsageError as error:
        raise DeclarationError(
            f"operation {cls.word}: its example is what would follow its flag, and {cls.example!r} is wrong: {error}"
        ) from None
    except Exception:  # noqa: BLE001 - its own __post_init__ may need what is defined further below
        return


def without_docstring(cls: type) -> str:
    """What stands where an operation's class has no docstring."""
    return f"No docstring of {cls.__name__} says what it does."


def _place(cls: type) -> str:
    return getattr(sys.modules.get(cls.__module__), "__file__", None) or cls.__module__


def _operation(word: str, cls: type) -> type[Operation]:
    """`cls` itself where it is an Operation, else one that inherits from both; with a checked `apply`."""
    if issubclass(cls, Operation):
        result: type[Operation] = cls
    else:

        def check_all(self: Any) -> None:
            Declaration.__post_init__(self)
            if hasattr(cls, "__post_init__"):
                cls.__post_init__(self)

        body = {key: getattr(cls, key) for key in ("__module__", "__qualname__", "__doc__")}
        plain = abc.ABCMeta(cls.__name__, (cls, Operation), {**body, "__post_init__": check_all})
        result = typing.cast("type[Operation]", dataclasses.dataclass(frozen=True)(typing.cast("type[Any]", plain)))
    result.word = word
    result.group = result.group or GROUP
    if not cls.__doc__ or cls.__doc__.startswith(f"{cls.__name__}("):  # @dataclass puts the fields there
        result.__doc__ = without_docstring(cls)
    setattr(result, "apply", _check_result(result.apply))  # noqa: B010 - mypy takes no method that is assigned
    return result


def _check_result(apply: Callable[[Any, Image], Image]) -> Callable[[Any, Image], Image]:
    """`apply`, with a sentence where it returns no image, and a note of the mode where it raises."""

    @functools.wraps(apply)
    def apply_and_check(self: Operation, image: Image) -> Image:
        from PIL import Image as Images

        try:
            result = apply(self, image)
        except ImageError:
            raise
        except Exception as error:
            error.add_note(f"its image was of mode {image.mode}")
            raise
        if not isinstance(result, Images.Image):
            raise TypeError(f"{self.word} returned {type(result).__name__}, not an image")
        return result

    return apply_and_check


def _annotate(cls: type[Operation]) -> None:
    """Give each parameter that has a plain annotation the kind that it means."""
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise DeclarationError(f"operation {cls.word}: {error}, in the annotations of {cls.__qualname__}") from None
    annotations: dict[str, Any] = {}
    for item in dataclasses.fields(cls):
        hint = hints[item.name]
        if not item.compare or typing.get_origin(hint) is Annotated:
            continue
        if item.default_factory is not dataclasses.MISSING:
            raise DeclarationError(
                f'operation {cls.word}: the default of {item.name} must be a plain value; write {item.name}: str = "", '
                "say, and take it apart in apply"
            )
        annotations[item.name] = Annotated[hint, _kind(cls.word, item.name, hint), item.name.replace("_", " ")]
    if annotations:
        cls.__annotations__ = {item.name: hints[item.name] for item in dataclasses.fields(cls)} | annotations


def _kind(word: str, name: str, hint: Any) -> Number | Switch | Choice | Grammar:
    """The kind that a plain annotation means."""
    if typing.get_origin(hint) in (Union, types.UnionType):
        others = [part for part in typing.get_args(hint) if part is not type(None)]
        hint = others[0] if len(others) == 1 else hint
    if hint in _PLAIN:
        return _PLAIN[hint]
    choices = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
    if choices and all(isinstance(choice, str) and choice == choice.lower() for choice in choices):
        return Choice(choices)
    raise DeclarationError(
        f"operation {word}: no flag or recipe can hold {name}: {getattr(hint, '__name__', hint)}; "
        "expected float, int, bool, str, Literal of small words, or Annotated with a kind of imgbatch.declare"
    )
