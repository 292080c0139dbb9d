"""Operation: what does every operation promise?

A frozen dataclass with annotated fields (parameters.py) and ``apply(image) -> image``. Operations open no files, know
no processes and hold no state: the same operation on the same image gives the same pixels, in any process.
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from imgbatch.core.errors import ImageError
from imgbatch.core.frozen_dataclass import FrozenType
from imgbatch.core.parameters import Declaration
from imgbatch.core.quantities import Size
from imgbatch.pixels.color import DEEP, DEEP_COLOR, FLOATS, INK, to_eight_bits

#: What the facts of a file begin with that are its EXIF tags: ``exif.Artist``.
EXIF = "exif."

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.core.places import PlaceMap
    from imgbatch.pixels.planes import PlanarImage


_OURS = "imgbatch.operations."
#: How an operation treats pictures with 16 bits of color.
Bands = Literal["eight_bits", "each", "colors", "weighted", "whole"]


@dataclass(frozen=True)
class Operation(Declaration, metaclass=FrozenType):
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
    smooth : bool
        Whether each pixel is made of itself alone, and so evenly that it hardly matters if pixels are averaged before
        or after: a brightness, a grayscale; no threshold, no median, nothing that measures the picture's extremes.
        Such an operation may be applied to a picture that was decoded with fewer pixels.
    bands : str
        How pictures with 16 bits of color (pixels/deep/bands.py) are treated. ``eight_bits``: they become 8 bits
        before the operation, which is noted; of an operation that is not imgbatch's own, deep gray does, too. Of the
        others `apply` sees ``each`` band by itself, as 16-bit gray; all ``colors`` so, and alpha stays; each band as
        32-bit floats, the colors ``weighted`` by alpha; or the deep image as a ``whole``.
    on_planes : bool
        Whether :meth:`apply_to_planes` does the same to a photograph whose brightness and colors are apart. What is
        linear in red, green and blue is so, but for what is cut off at black and white, and what changes the luma
        alone. Then a resize, such operations and a JPEG encoder hand planes on, and no other pixels are made.
    floats : bool
        Whether what sees the deep image as a ``whole`` works on color of 32-bit floats (pixels/deep/floats.py), too;
        others refuse it. Single bands of it are of mode ``F``.

    Notes
    -----
    How few pixels must be decoded is found from :meth:`after` and :meth:`demand` (decode_plan.py). Both have an answer
    that is always right, "only the pixels can tell" and "all pixels": an operation need not know anything of this.
    Where a better answer is worth having:

    - tone and color, pixel by pixel: declare ``smooth = True``, and nothing else.
    - mirroring and turning: `after`, `demand` and `place_map` in one line each (see Flip and Rotate); without the last,
      a JPEG whose sides are no multiples of 8 is decoded whole.
    - what measures in px of its input (blur, median, border, pad, text), or looks at single pixels (trim, threshold,
      dither): leave `demand` alone. After a resize that costs nothing, since the resize has asked for few already.
    """

    group: ClassVar[str] = ""
    example: ClassVar[str] = ""
    detached: ClassVar[bool | None] = None
    on_screen: ClassVar[bool] = False
    smooth: ClassVar[bool] = False
    bands: ClassVar[Bands] = "eight_bits"
    floats: ClassVar[bool] = False
    on_planes: ClassVar[bool] = False

    @abstractmethod
    def apply(self, image: Image) -> Image:
        """`image` changed; the argument itself is not changed and may be returned as it is when there is nothing to do.

        Raises
        ------
        ImageError
            Kind ``mode`` when the operation has no meaning for the image's mode, ``operation`` for the rest.
        """

    def apply_to_planes(self, image: PlanarImage) -> Image:
        """The same as :meth:`apply` for a picture whose brightness and colors are apart; called where `on_planes`."""
        raise NotImplementedError(f"{self.word} says that it works on planes, and not how")

    def after(self, size: Size) -> Size | None:
        """The size in px of what I make of any picture of `size` px; None: only its pixels can tell."""
        return size if self.smooth else None

    @property
    def uses_numpy(self) -> bool:
        """Whether most pictures need numpy, so that it is loaded once, before there are workers; a hint."""
        return False

    @property
    def memory_copies(self) -> int:
        """How many pictures of its result's size are in memory at once while it works, the result itself with them."""
        return 2

    def demand(self, wanted: Size, size: Size) -> Size:
        """How large must my input be, of an original of `size` px, to give `wanted` px of what I make of it?

        Parameters
        ----------
        wanted : Size
            What the operations after me need of my result; never more than ``after(size)``.
        size : Size
            My input at full scale; the answer is never larger. The same as `size`: I need every pixel.

        An answer below `size` promises that :meth:`apply` gives the same picture, only smaller, for an input of any
        size between the answer and `size`.
        """
        return wanted if self.smooth else size

    def place_map(self, size: Size) -> PlaceMap | None:
        """Where the places of a picture of `size` px come to lie; None: I do not say, or only its pixels can tell.

        Imgbatch's own leave them alone, apart from those in geometry/.
        """
        from imgbatch.core.places import STILL  # not where a command starts

        return STILL if self.smooth or type(self).__module__.startswith(_OURS) else None

    def of_file(self, facts: Mapping[str, Any]) -> Operation:
        """The operation for one file, with what it needs to know of it filled in (a caption's text).

        Parameters
        ----------
        facts : mapping
            ``stem name ext dir width height n date mtime``, ``exif.TAG`` and ``orientation`` (EXIF's 1..8, from which
            the pixels were turned upright); only what is known of the file. Values are looked up when they are asked
            for.
        """
        return self

    @property
    def together(self) -> bool:
        """Whether the frames of an animation must be seen together, by :meth:`across`."""
        return type(self).across is not Operation.across

    def across(self, frames: Sequence[Image]) -> Operation:
        """The operation to apply to each of several frames, decided once for all of them (a trim's box, say)."""
        return self


def apply_all(
    operations: Iterable[Operation],
    frames: Iterable[Image],
    apply: Callable[[Operation, Image], Image] | None = None,
) -> Iterator[Image]:
    """All `operations` in order over each of `frames`, lazily: a frame at a time unless an operation looks across.

    Parameters
    ----------
    operations : iterable of Operation
    frames : iterable of Image
    apply : callable, optional
        Called with an operation and a frame instead of :func:`apply_operation`, to measure it.
    """
    stream = iter(frames)
    for operation in operations:
        if operation.together:
            from imgbatch.pixels.frames import SpooledFrames

            spool = SpooledFrames(map(functools.partial(_as_it_asks, operation), stream))
            if len(spool) > 1:
                operation = operation.across(spool)
            stream = iter(spool)
        stream = map(functools.partial(apply or apply_operation, operation), stream)
    return stream


def apply_operation(operation: Operation, image: Image) -> Image:
    """What an operation makes of an image: of planes, and of 16 bits of color, as it declares it."""
    if image.mode == "YCbCr" and works_on_planes(operation):
        from imgbatch.pixels.planes import PlanarImage

        if isinstance(image, PlanarImage):
            return operation.apply_to_planes(image)
    if loses_depth(operation, image):
        return operation.apply(to_eight_bits(image))
    if image.mode not in DEEP_COLOR or operation.bands == "whole":
        return operation.apply(_check_floats(operation, image))
    from imgbatch.pixels.alpha import as_deep

    deep = as_deep(image)
    if operation.bands == "each":
        return deep.change_bands(operation.apply)
    if operation.bands == "colors":
        return deep.change_colors(operation.apply)
    return deep.change_by_alpha(operation.apply)


def _check_floats(operation: Operation, image: Image) -> Image:
    """`image` itself; ImageError where it is color of floats, and the operation declares no way for them."""
    if image.mode == FLOATS and operation.bands == "whole" and not operation.floats:
        instead = "32-bit samples have no fixed white; leave the operation away or convert the file to 16 bits first"
        raise refuse_mode(operation, image, instead)
    return image


def _as_it_asks(operation: Operation, image: Image) -> Image:
    return to_eight_bits(image) if loses_depth(operation, image) else _check_floats(operation, image)


def loses_depth(operation: Operation, image: Image) -> bool:
    """Whether an operation gets 8 bits of an image with more.

    Ours know 16-bit and 32-bit gray. What others call of Pillow mostly does not: ``convert("RGB")`` of it is white.
    """
    if has_16_bits(operation):
        return False
    return image.mode in (DEEP_COLOR if type(operation).__module__.startswith(_OURS) else DEEP)


def eight_bit_operation(operations: Iterable[Operation]) -> Operation | None:
    """The first of `operations` that has no more than 8 bits of color; None: all have 16."""
    return next((operation for operation in operations if not has_16_bits(operation)), None)


def has_16_bits(operation: Operation) -> bool:
    """Whether an operation works with 16 bits of color; one of a user's may have a parameter called `bands`."""
    return operation.bands in ("each", "colors", "weighted", "whole")


def works_on_planes(operation: Operation) -> bool:
    """Whether an operation is `on_planes`; a class of a user's, derived from one that is, has to say how itself."""
    kind = type(operation)
    return operation.on_planes and (kind.__module__.startswith(_OURS) or "apply_to_planes" in vars(kind))


def needs_screen(operations: Iterable[Operation], mode: str) -> bool:
    """Whether pixels of that mode become sRGB before `operations`: ink or LAB, where one is `on_screen`."""
    return mode in INK and any(operation.on_screen for operation in operations)


def refuse_mode(operation: Operation, image: Image, instead: str) -> ImageError:
    """The error for a mode that the operation has no meaning for, to be raised.

    Parameters
    ----------
    operation : Operation
    image : Image
        Its mode is named.
    instead : str
        What to do instead: the end of the sentence, without a full stop.
    """
    return ImageError("mode", f"{operation.word} cannot work on {image.mode} pixels; {instead}")
