"""Alpha operations: how is transparency removed, added or shown?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, get_args

from imgbatch.core.parameter_kinds import Choice, Grammar
from imgbatch.operations.base import Bands, Operation, refuse_mode
from imgbatch.operations.support.as_array import picture, samples
from imgbatch.operations.support.color_matrix import gray_image
from imgbatch.pixels.alpha import GRAY_16_BIT, as_deep, flatten, to_straight_alpha, with_header
from imgbatch.pixels.color import DEEP_COLOR, canonical_color, rgba, spell_color

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.color import Color
    from imgbatch.pixels.deep.bands import DeepImage


def _opaque(word: str) -> str:
    if rgba(word)[3] != 255:
        raise ValueError(word)
    return canonical_color(word)


BACKGROUND = Grammar(
    "an opaque color such as white, #ff8800 or rgb(255,136,0)",
    _opaque,
    ("white", "#ff8800", "rgb(1,2,3)"),
    spell_color,
)
Action = Literal["remove", "off", "on", "set", "opaque", "transparent", "extract", "copy", "shape", "background"]
ACTIONS: tuple[Action, ...] = get_args(Action)


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
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "alpha"
    example: ClassVar[str] = "white"

    background: Annotated[str, BACKGROUND, "the color behind transparent pixels"] = "white"

    if TYPE_CHECKING:

        def __init__(self, background: Color = "white") -> None: ...

    def apply(self, image: Image) -> Image:
        red, green, blue, _ = rgba(self.background)
        if image.mode not in GRAY_16_BIT and image.mode not in ("I", "F"):
            return flatten(image, (red, green, blue))
        key = image.info.get("transparency")
        if key is None:
            return image
        if not red == green == blue or image.mode not in GRAY_16_BIT:
            instead = "choose a gray background for 16-bit gray, or convert the file to 8 bits first"
            raise refuse_mode(self, image, instead)
        import numpy
        from PIL import Image as Images

        samples = numpy.asarray(image)
        result = with_header(
            Images.fromarray(numpy.where(samples == key, red * 257, samples).astype(samples.dtype)), image
        )
        result.info.pop("transparency", None)
        return result


@dataclass(frozen=True)
class Alpha(Operation):
    """Do something to the transparency alone, as ImageMagick's ``-alpha``.

    ``remove`` lays the image on the background and leaves no alpha; ``off`` drops alpha, and what hid under
    transparent pixels shows; ``on`` and ``set`` add an opaque alpha channel where there is none; ``opaque`` and
    ``transparent`` make every pixel so; ``extract`` gives the alpha channel as a gray picture (white where there is
    none); ``copy`` makes the picture's grays its alpha; ``shape`` does so and fills the picture with the background
    color; ``background`` gives fully transparent pixels that color, and leaves them transparent.

    Parameters
    ----------
    action : str
        One of the words above.
    background : str
        An opaque color, for remove, shape and background.

    Raises
    ------
    ImageError
        Kind ``mode`` when an alpha channel is wanted and no mode holds one beside such pixels (CMYK, LAB, 16-bit gray).
    """

    word: ClassVar[str] = "alpha"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "alpha"
    example: ClassVar[str] = "remove,background=white"

    action: Annotated[str, Choice(ACTIONS), "what to do"]
    background: Annotated[str, BACKGROUND, "the color for remove, shape and background"] = "white"

    if TYPE_CHECKING:

        def __init__(self, action: Action, background: Color = "white") -> None: ...

    def apply(self, image: Image) -> Image:
        if self.action == "remove":
            return Flatten(self.background).apply(image)
        if image.mode in GRAY_16_BIT or image.mode in ("I", "F"):
            return self._deep(image)
        ready = to_straight_alpha(image)
        if ready.mode in DEEP_COLOR:
            return self._apply_deep(as_deep(ready))
        has_alpha = ready.mode in ("LA", "RGBA")
        if self.action == "off":
            return with_header(_colors(ready), ready) if has_alpha else image
        if self.action == "extract":
            from PIL import Image as Images

            alpha = ready.getchannel("A") if has_alpha else Images.new("L", ready.size, 255)
            return with_header(alpha, ready)
        if ready.mode not in ("L", "LA", "RGB", "RGBA"):
            raise refuse_mode(self, image, f"no mode holds alpha beside them ({self.action}); convert to sRGB first")
        return self._with_alpha(ready, has_alpha)

    def _with_alpha(self, image: Image, has_alpha: bool) -> Image:
        from PIL import Image as Images

        if self.action in ("on", "set") and has_alpha:
            return image
        colors = _colors(image)
        if self.action in ("on", "set", "opaque", "transparent"):
            alpha = Images.new("L", image.size, 0 if self.action == "transparent" else 255)
        elif self.action == "background":
            if not has_alpha:
                return image
            alpha = image.getchannel("A")
            clear = alpha.point([255, *[0] * 255])
            colors = Images.composite(self._fill(image), colors.convert("RGB"), clear)
        else:
            alpha = colors.convert("L")
            colors = self._fill(image) if self.action == "shape" else colors
        return with_header(_merge(colors, alpha), image)

    def _apply_deep(self, image: DeepImage) -> Image:
        """Of 16 bits of color."""
        from PIL import Image as Images

        from imgbatch.pixels.deep.bands import BAND, WHITE, DeepImage

        alpha = image.alpha
        if self.action == "off":
            return image if alpha is None else image.without_alpha()
        if self.action == "extract":
            return Images.new(BAND, image.size, WHITE) if alpha is None else alpha.copy()
        if self.action in ("on", "set"):
            return image.with_alpha()
        colors = image.colors
        if self.action in ("shape", "background"):
            if self.action == "background" and alpha is None:
                return image
            colors = tuple(self._deep_fill(image))
        if self.action in ("copy", "shape"):
            alpha = gray_image(image).split()[0]
        elif self.action != "background":
            alpha = Images.new(BAND, image.size, 0 if self.action == "transparent" else WHITE)
        return DeepImage([*colors, alpha or image.bands[-1]], image.info)

    def _deep_fill(self, image: DeepImage) -> list[Image]:
        """The background everywhere, or where nothing shows."""
        import numpy

        from imgbatch.pixels.deep.bands import to_band

        is_clear = numpy.asarray(image.bands[-1]) == 0 if self.action == "background" else numpy.bool(True)
        pairs = zip(image.to_color().colors, rgba(self.background), strict=False)
        return [to_band(numpy.where(is_clear, 257 * level, numpy.asarray(band))) for band, level in pairs]

    def _fill(self, image: Image) -> Image:
        from PIL import Image as Images

        return Images.new("RGB", image.size, rgba(self.background)[:3])

    def _deep(self, image: Image) -> Image:
        key = image.info.get("transparency")
        if self.action == "off":
            result = image.copy()
            result.info.pop("transparency", None)
            return image if key is None else result
        if self.action in ("on", "set", "background") or (self.action == "opaque" and key is None):
            return image  # a transparent level in the header is all the alpha that there can be
        if self.action == "extract" and image.mode in GRAY_16_BIT:
            import numpy

            values = samples(image)
            mask = numpy.ones_like(values) if key is None else values != key
            result = picture(mask.astype(numpy.float32) * 65535, image)
            result.info.pop("transparency", None)
            return result
        raise refuse_mode(self, image, f"no mode holds alpha beside them ({self.action}); convert to 8 bits first")


def _colors(image: Image) -> Image:
    """The color bands alone, as they are."""
    from PIL import Image as Images

    if image.mode == "LA":
        return image.getchannel("L")
    return Images.merge("RGB", image.split()[:3]) if image.mode == "RGBA" else image


def _merge(colors: Image, alpha: Image) -> Image:
    from PIL import Image as Images

    return Images.merge("RGBA" if colors.mode == "RGB" else "LA", (*colors.split(), alpha))
