"""What is an operation?

A frozen dataclass with annotated fields (declare.py) and ``apply(image) -> image``. Operations open no files, know no
processes and hold no state: the same operation on the same image gives the same pixels, in any process.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from imgbatch.declare import Declared
from imgbatch.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image

Size = tuple[int, int]  # (width, height) in px


@dataclass(frozen=True)
class Operation(Declared, ABC):
    """One step from image to image.

    Attributes
    ----------
    word : str
        The name in recipes and, with dashes, of the flag.
    group : str
        The heading under which the help lists it.
    example : str
        A flag's value worth showing.
    detached : bool or None
        Whether the flag's value stands as the next word (``--blur 2``) or only attached (``--trim=10``).
        None: detached exactly when a parameter is required.
    on_screen : bool
        Whether the operation has a meaning for colors of light (RGB, gray) only: pictures of ink (CMYK) and LAB are
        then converted to sRGB, through their profile, before the first operation.
    """

    group: ClassVar[str] = ""
    example: ClassVar[str] = ""
    detached: ClassVar[bool | None] = None
    on_screen: ClassVar[bool] = False

    @abstractmethod
    def apply(self, image: Image) -> Image:
        """`image` changed; the argument itself is not changed and may be returned as it is when there is nothing to do.

        Raises
        ------
        ImageError
            Kind ``mode`` when the operation has no meaning for the image's mode, ``operation`` for the rest.
        """

    def demand(self, size: Size) -> Size | None:
        """How large must my input be to give all I can of an original of `size`? None: I need every pixel."""
        return None

    def settled(self, size: Size) -> Operation:
        """The operation with its numbers settled for an original of `size`, to be applied to fewer pixels of it.

        Called when :meth:`demand` gave an answer: 50 % of the original are not 50 % of what was decoded of it.
        """
        return self

    def across(self, frames: Sequence[Image]) -> Operation:
        """The operation to apply to each of several frames, decided once for all of them (a trim's box, say)."""
        return self


def through(operations: Iterable[Operation], frames: Iterable[Image]) -> Iterator[Image]:
    """All `operations` in order over each of `frames`, lazily: a frame at a time unless an operation looks across."""
    passing = iter(frames)
    for operation in operations:
        if type(operation).across is not Operation.across:
            held = list(passing)
            if len(held) > 1:
                operation = operation.across(held)
            passing = iter(held)
        passing = map(operation.apply, passing)
    return passing


def refuse_mode(operation: Operation, image: Image, instead: str) -> ImageError:
    """The error for a mode that the operation has no meaning for."""
    return ImageError("mode", f"{operation.word} cannot work on {image.mode} pixels; {instead}")
