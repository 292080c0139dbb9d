"""Which operations are about transparency itself?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.alpha import SIXTEEN, carrying, flattened
from imgbatch.color import canonical_color, rgba
from imgbatch.declare import Text
from imgbatch.operations.base import Operation, refuse_mode

if TYPE_CHECKING:
    from PIL.Image import Image


def _opaque(word: str) -> str:
    if rgba(word)[3] != 255:
        raise ValueError(word)
    return canonical_color(word)


@dataclass(frozen=True)
class Flatten(Operation):
    """Lay the image on a background, so that nothing is transparent.

    ``out = in * alpha + background * (1 - alpha)``. Images without transparency are left as they are. Gray images stay
    gray on a gray background; 16-bit gray with a transparent level keeps its 16 bits.

    Parameters
    ----------
    background : str
        An opaque color.
    """

    word: ClassVar[str] = "flatten"
    group: ClassVar[str] = "alpha"
    example: ClassVar[str] = "white"

    background: Annotated[
        str,
        Text("an opaque color such as white, #ff8800 or rgb(255,136,0)", _opaque, ("white", "#ff8800", "rgb(1,2,3)")),
        "the color behind transparent pixels",
    ] = "white"

    def apply(self, image: Image) -> Image:
        red, green, blue, _ = rgba(self.background)
        if image.mode not in SIXTEEN and image.mode not in ("I", "F"):
            return flattened(image, (red, green, blue))
        key = image.info.get("transparency")
        if key is None:
            return image
        if not red == green == blue or image.mode not in SIXTEEN:
            instead = "choose a gray background for 16-bit gray, or convert the file to 8 bits first"
            raise refuse_mode(self, image, instead)
        import numpy
        from PIL import Image as Images

        samples = numpy.asarray(image)
        made = carrying(Images.fromarray(numpy.where(samples == key, red * 257, samples).astype(samples.dtype)), image)
        made.info.pop("transparency", None)
        return made
