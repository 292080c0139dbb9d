"""Which files do the operations of a run need, and what is in them? Each is read once, before the first image.

In the parent, before the first image: :class:`Resources` reads and checks every file that an operation names
(file_parameter.py), so that a missing watermark or a broken LUT ends the run before it begins; its hashes belong to the
digests of the outputs, so that a changed file makes them again, wherever it lies. While the run goes on,
:meth:`Resources.lent` lends the numbers in shared memory: an operation that holds them travels to a worker as the
place where they are, and when the run is over they are removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from imgbatch.core.errors import EngineError, ImageError, PlanError
from imgbatch.core.file_parameter import Held, Here, Holds, files
from imgbatch.core.parameters import Declared
from imgbatch.operations import Operation
from imgbatch.planning.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

T = TypeVar("T")
_MOST = 512_000_000  # bytes of a file; what is larger is none of these
_MAX_PIXELS = 268_000_000
Key = tuple[Holds, str]


class Resources:
    """What operations need from files.

    Attributes
    ----------
    contents : dict
        The SHA-256 of each file by its name, as the operations have it.

    Raises
    ------
    PlanError
        A file is missing, or is not what it should be.
    """

    def __init__(self, needing: Iterable[Declared]) -> None:
        self.contents: dict[str, str] = {}
        self._held: dict[Key, Held] = {}
        for op in needing:
            for field, kind, path in files(op):
                if (kind.holds, path) not in self._held:
                    data = _read(path, f"{op.word} {field.name}")
                    self.contents[path] = hashlib.sha256(data).hexdigest()
                    self._held[kind.holds, path] = _understood(data, kind.holds, path, f"{op.word} {field.name}")

    @contextlib.contextmanager
    def lent(self, ops: Iterable[Operation], shared: bool = True) -> Iterator[tuple[Operation, ...]]:
        """`ops` with what they need, for as long as the context lasts; `shared` with other processes."""
        with self._lent(shared) as held:
            yield tuple(_given(op, held) for op in ops)

    @contextlib.contextmanager
    def lent_to(self, recipe: Recipe, shared: bool = True) -> Iterator[Recipe]:
        """The recipe with what its operations need, as :meth:`lent`."""
        if not self._held:
            yield recipe
            return
        with self._lent(shared) as held:
            yield recipe.mapped(lambda op: _given(op, held))

    @contextlib.contextmanager
    def _lent(self, shared: bool) -> Iterator[dict[Key, Held]]:
        if not shared or not self._held:
            yield self._held
            return
        from imgbatch.memory.shared_arrays import SharedArray

        with contextlib.ExitStack() as stack:
            lent = {}
            for key, held in self._held.items():
                try:
                    holder = SharedArray.create(held.array.shape, held.array.dtype)
                except EngineError as error:
                    raise EngineError(f"{error}, for {key[1]!r}; use a smaller file, or run with workers=0") from None
                stack.callback(holder.release)
                holder.array[...] = held.array
                lent[key] = dataclasses.replace(held, holder=holder)
            yield lent


def gathered(recipe: Recipe) -> Resources:
    """What the operations of a recipe, its outputs and their operations need."""
    return Resources([*recipe.every_op, *recipe.outputs])


def _given(op: Operation, held: dict[Key, Held]) -> Operation:
    from imgbatch.operations.file_backed import FromFile

    if not isinstance(op, FromFile):
        return op
    for _, kind, path in files(op):
        return dataclasses.replace(op, held=held[kind.holds, path])
    return op


def _read(path: str, who: str) -> bytes:
    try:
        if not os.path.isfile(path):
            why = "it is a folder" if os.path.isdir(path) else "there is no such file"
            raise PlanError(f"{who}: cannot read {path!r}: {why}")
        if os.path.getsize(path) > _MOST:
            raise PlanError(f"{who}: {path!r} has more than {_MOST // 1_000_000} MB")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise PlanError(f"{who}: cannot read {path!r}: {error.strerror or error}") from None


def _understood(data: bytes, holds: Holds, path: str, who: str) -> Held:
    readers: dict[Holds, Callable[[bytes, str], Held]] = {
        "picture": _picture, "frame": _frame, "histogram": _histogram, "lut": _lut, "font": _font,
        "profile": _profile,
    }  # fmt: skip
    try:
        return readers[holds](data, os.path.splitext(path)[1].lower())
    except (ImageError, ValueError, OSError) as error:
        raise PlanError(f"{who}: {path!r} cannot be used: {error}") from None


def _decoded(data: bytes, suffix: str) -> tuple[Image, bytes | None]:
    """The first frame, upright, and its profile."""
    from imgbatch.codecs.reading import decode, limits

    with limits.pixel_limit(_MAX_PIXELS), decode.open_image(data, suffix, _MAX_PIXELS) as opened:
        frames, _ = opened.decode("first")
        return next(frames), opened.metadata.icc


def _picture(data: bytes, suffix: str) -> Held:
    import numpy

    from imgbatch.pixels import color

    image, icc = _decoded(data, suffix)
    ready = (color.to_srgb(image, icc) if icc else None) or image
    return Held(Here(numpy.asarray(color.to_rgb(ready, icc).convert("RGBA"))), image.mode)


def _frame(data: bytes, suffix: str) -> Held:
    import numpy

    image = _plain(*_decoded(data, suffix))
    samples: NDArray[Any] = numpy.asarray(image)
    native = samples.astype(samples.dtype.newbyteorder("="))
    return Held(Here(native.reshape(image.height, image.width, -1)), image.mode)


def _histogram(data: bytes, suffix: str) -> Held:
    import numpy

    image = _plain(*_decoded(data, suffix))
    if image.mode in ("I", "F"):
        raise ValueError("its 32-bit samples have no fixed white; convert it to 16 bits first")
    samples = numpy.asarray(image).reshape(image.height, image.width, -1)
    levels = 65536 if samples.dtype.itemsize == 2 else 256
    counts = [numpy.bincount(samples[..., band].ravel(), minlength=levels) for band in range(samples.shape[2])]
    return Held(Here(numpy.stack(counts).astype(numpy.int64)), image.mode)


def _plain(image: Image, icc: bytes | None) -> Image:
    """Gray of any depth, or RGB; without alpha."""
    from imgbatch.pixels import alpha, color

    if image.mode in color.INK:
        return color.to_rgb(image, icc).convert("RGB")
    ready = alpha.straight(image)
    return ready if ready.mode in color.DEEP else ready.convert("L" if ready.mode in ("L", "LA") else "RGB")


def _lut(data: bytes, suffix: str) -> Held:
    from imgbatch.operations.tone import cube_file

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # a title in another alphabet
    if "\0" in text:
        raise ValueError("this is no .cube file: it is no text")
    table, low, high = cube_file.parse(text)
    return Held(Here(table), span=(low, high))


def _font(data: bytes, suffix: str) -> Held:
    import numpy

    from imgbatch.operations.overlays import fonts

    try:
        fonts.font(data, 12)
    except OSError as error:
        raise ValueError(f"this is no font: {error}") from None
    return Held(Here(numpy.frombuffer(data, numpy.uint8)))


def _profile(data: bytes, suffix: str) -> Held:
    import numpy

    from imgbatch.pixels import profile_conversion

    return Held(Here(numpy.frombuffer(profile_conversion.checked(data), numpy.uint8)))
