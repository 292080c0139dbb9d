"""Testing: does an operation keep what every operation promises? ``check_operation(Vignette(0.5))``, in your own tests.

The promises are those that imgbatch's own operations are tested by: over every mode that a file can have, an image of
a mode that can be saved or one sentence why not; the argument is never changed; the same answer each time, also from a
copy that was pickled or written as a flag or a recipe; and what it says of its sizes is true.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import ImageError, UsageError, sentence
from imgbatch.core.parameters import from_table, from_words, parameters, summary, to_table, to_words
from imgbatch.operations import Operation
from imgbatch.operations.base import apply_operation
from imgbatch.operations.custom import check_parameters, without_docstring
from imgbatch.runs.apply import apply

if TYPE_CHECKING:
    from PIL.Image import Image

#: Every mode that a decoder of ours gives; ``+t`` with a transparent color in the header.
MODES = ("1", "L", "L+t", "LA", "P", "P+t", "PA", "RGB", "RGB+t", "RGBA", "CMYK", "LAB", "I;16", "I;16B", "I", "F")
SAVABLE = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16", "I;16B"})
SIZES = ((40, 30), (7, 5), (1, 1), (1, 6))
_SMOOTH = 6.0  # levels of 255 that a smooth operation's results may differ in the mean, before and after averaging


def check_operation(operation: Operation | type[Operation]) -> None:
    """Check that an operation keeps its promises; for pytest, or any other test.

    Parameters
    ----------
    operation : Operation or type
        An instance, or a class, which is checked with its ``example`` and, where it needs none, with its defaults.

    Raises
    ------
    AssertionError
        One sentence: the promise that is broken, for which mode and size.
    """
    for op in _instances(operation):
        _check_declaration(op)
        for mode in MODES:
            for size in SIZES:
                _check_answers(op, mode, size)
        if op.smooth:
            _check_smooth(op)


def _instances(operation: Operation | type[Operation]) -> list[Operation]:
    if isinstance(operation, Operation):
        return [operation]
    _promise(isinstance(operation, type) and issubclass(operation, Operation), f"{operation!r} is no operation")
    result = []
    try:
        if operation.example:
            result.append(from_words(operation, operation.example))
        if not any(field.is_required for field in parameters(operation)):
            result.append(operation())
    except UsageError as error:
        raise AssertionError(f"{operation.word}: its example is wrong: {error}") from None
    _promise(bool(result), f"{operation.word} needs parameters: give it an example, or check an instance")
    return result


def _check_declaration(op: Operation) -> None:
    cls = type(op)
    who = cls.word or cls.__qualname__
    params = vars(cls).get("__dataclass_params__")
    _promise(params is not None and params.frozen, f"{who} can be changed: put @dataclass(frozen=True) above it")
    try:
        check_parameters(op)
    except UsageError as error:
        raise AssertionError(str(error)) from None
    _promise(cls.word.isidentifier() and cls.word == cls.word.lower(), f"{who}: its word is no name")
    _promise(
        summary(cls) != without_docstring(cls),
        f"{who} has no docstring: write what it does to an image in a line below class {cls.__name__}",
    )
    _promise(10 <= len(summary(cls)) <= 100, f"{who}: its docstring must begin with a line of 10 to 100 characters")
    for field in parameters(cls):
        _promise(bool(field.help) and "\n" not in field.help, f"{who}: {field.name} has no help in one line")
    try:
        copy = pickle.loads(pickle.dumps(op))
    except Exception as error:
        raise AssertionError(f"{who} cannot be pickled: {sentence(error)}") from error
    _promise(copy == op and hash(copy) == hash(op), f"{who}: a pickled copy is not equal")
    _promise(from_table(cls, to_table(op)) == op, f"{who}: its recipe does not give it back: {to_table(op)}")
    _promise(from_words(cls, to_words(op)) == op, f"{who}: its flag does not give it back: {to_words(op)!r}")


def _check_answers(op: Operation, mode: str, size: tuple[int, int]) -> None:
    """An image or one sentence, the same each time, for a picture of that mode and size."""
    where = f"{op.word} on {mode} of {size[0]}x{size[1]} px"
    image = picture(mode, size)
    before = _state(image)
    first = _outcome(op, image, where)
    _promise(_state(image) == before, f"{where}: it changed its argument; work on image.copy()")
    _promise(_outcome(op, picture(mode, size), where) == first, f"{where}: the same picture gave another result")
    copy = pickle.loads(pickle.dumps(op))
    _promise(_outcome(copy, picture(mode, size), where) == first, f"{where}: a pickled copy gave another result")
    if isinstance(first, str):
        return
    after = op.after(size)
    _promise(after is None or after == first[1], f"{where}: after() says {after}, the result is {first[1]}")
    demand = op.demand(first[1], size)
    within = all(1 <= side <= most for side, most in zip(demand, size, strict=True))
    _promise(within, f"{where}: demand() says {demand}")


def _outcome(op: Operation, image: Image, where: str) -> tuple[Any, ...] | str:
    from PIL import Image as Images

    try:
        result = apply_operation(op, image)
    except ImageError as error:
        message = str(error)
        _promise(bool(message) and "\n" not in message, f"{where}: its ImageError has no sentence of one line")
        return message
    except Exception as error:
        raise AssertionError(
            f"{where}: it raised {type(error).__name__}: {sentence(error)}; where a mode has no meaning, raise "
            'imgbatch.ImageError("mode", "a sentence")'
        ) from error
    _promise(isinstance(result, Images.Image), f"{where}: it returned {type(result).__name__}, not an image")
    _promise(result.mode in SAVABLE, f"{where}: no format can hold the mode of its result, {result.mode}")
    _promise(
        result.width >= 1 and result.height >= 1, f"{where}: its result has no pixels: {result.width}x{result.height}"
    )
    stale = "transparency" in result.info and result.mode in ("LA", "RGBA", "PA", "CMYK")
    _promise(not stale, f"{where}: the header of its result has a transparent color beside alpha")
    return _state(result)


def _check_smooth(op: Operation) -> None:
    """A smooth operation gives nearly the same before and after pixels are averaged."""
    import numpy
    from PIL import Image as Images

    random = numpy.random.default_rng(7)
    noise = random.integers(0, 256, (12, 16, 3), dtype=numpy.uint8)
    image = Images.fromarray(noise).resize((160, 120), Images.Resampling.BICUBIC)
    early, late = apply(image.reduce(4), op), apply(image, op).reduce(4)
    _promise(early.size == late.size, f"{op.word} is called smooth, but changes sizes")
    apart = numpy.abs(numpy.asarray(early.convert("RGB"), float) - numpy.asarray(late.convert("RGB"), float)).mean()
    _promise(
        apart <= _SMOOTH,
        f"{op.word} is called smooth, but averaging before and after it differ by {apart:.1f} of 255 in the mean",
    )


def _state(image: Image) -> tuple[Any, ...]:
    info = dict(image.info)
    if isinstance(icc := info.get("icc_profile"), bytes):  # Pillow makes one for LAB: with the time
        info["icc_profile"] = icc[:24] + icc[36:]
    return image.mode, image.size, image.tobytes(), image.getpalette(), sorted(map(str, info.items()))


def picture(kind: str, size: tuple[int, int]) -> Image:
    """A noisy picture of one of :data:`MODES`, the same at every call."""
    import numpy
    from PIL import Image as Images

    mode, _, transparent = kind.partition("+")
    random = numpy.random.default_rng(7)
    if mode in ("I;16", "I;16B", "I", "F"):
        kinds = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4", "F": "<f4"}
        result = Images.fromarray(random.integers(0, 65536, (size[1], size[0])).astype(kinds[mode]))
    else:
        bands = [Images.fromarray(random.integers(0, 256, (size[1], size[0]), dtype=numpy.uint8)) for _ in range(4)]
        base = Images.merge("RGBA", bands)
        if mode in ("P", "PA"):
            result = base.convert("RGB").quantize(5).convert(mode)
        elif mode in ("CMYK", "LAB"):
            result = Images.merge(mode, bands[: len(Images.new(mode, (1, 1)).getbands())])
        else:
            result = base.convert("RGB").convert(mode) if mode in ("1", "L", "RGB") else base.convert(mode)
    if transparent:
        result.info["transparency"] = bytes([0, 128, 255]) if mode == "P" else result.getpixel((0, 0))
    return result


def _promise(holds: bool, complaint: str) -> None:
    if not holds:
        raise AssertionError(complaint)
