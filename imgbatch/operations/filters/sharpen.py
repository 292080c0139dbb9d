"""Sharpening: how is a picture sharpened?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.filters.blur import blur_image, filter_image
from imgbatch.pixels.alpha import apply_to_colors, as_deep, to_straight_alpha
from imgbatch.pixels.color import DEEP_COLOR, FLOATS
from imgbatch.pixels.deep import gray as deep

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.planes import PlanarImage


@dataclass(frozen=True)
class Unsharp(Operation):
    """Sharpen by the difference from a blurred copy.

    ``out = in + amount * (in - blurred)`` where ``|in - blurred| > threshold``, band by band; the blur is that of
    ``blur``. The alpha band is kept. Where transparent pixels share the blurred neighborhood, the effect fades with
    their share.

    Parameters
    ----------
    sigma : float
        Standard deviation of the blur in px, 0.01 to 250: the size of the details to bring out.
    amount : float
        Strength, 0 to 10; 1.0 is 100 %, 0 leaves the image as it is.
    threshold : int
        Differences up to this many levels, 0 to 255, are left alone (grain, JPEG noise).
    """

    word: ClassVar[str] = "unsharp"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "filters"
    example: ClassVar[str] = "1,amount=0.8"
    detached: ClassVar[bool | None] = True

    sigma: Annotated[float, Number(0.01, 250, unit="px"), "standard deviation of the blur"] = 1.0
    amount: Annotated[float, Number(0, 10), "strength; 1 = 100 %, 0 = unchanged"] = 1.0
    threshold: Annotated[int, Number(0, 255, whole=True), "differences up to this many levels are left alone"] = 0

    @property
    def uses_numpy(self) -> bool:
        return True

    def apply(self, image: Image) -> Image:
        if self.amount == 0:
            return image
        return _move_apart(image, self._smooth, self._smooth_deep, self.amount, self.threshold)

    @property
    def on_planes(self) -> bool:  # type: ignore[override]  # a constant of most operations
        """Whether all differences count: a threshold is one of red, green and blue."""
        return self.threshold == 0

    def apply_to_planes(self, image: PlanarImage) -> Image:
        from imgbatch.operations.support.resampling.gaussian import blur_bands

        return image.change_planes(
            lambda plane: _blend(plane, blur_bands(plane, self.sigma), self.amount),
            lambda plane: _blend(plane, blur_bands(plane, self.sigma / 2), self.amount),
        )

    def _smooth(self, image: Image) -> Image:
        return blur_image(image, self.sigma)

    def _smooth_deep(self, band: Image) -> Image:
        return deep.gaussian_blur(band, self.sigma)


@dataclass(frozen=True)
class Sharpen(Operation):
    """Sharpen by the difference from the nearest neighbors.

    ``out = in + amount * (in - smooth)``, where ``smooth`` is the mean of the 3 x 3 px around, the center weighted 5
    (Pillow's ``ImageFilter.SMOOTH``): at amount 1 what ``ImageEnhance.Sharpness`` does at factor 2. The outermost
    rows and columns and the alpha band are kept.

    Parameters
    ----------
    amount : float
        Strength, 0 to 10; 1.0 is 100 %, 0 leaves the image as it is.
    """

    word: ClassVar[str] = "sharpen"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    on_planes: ClassVar[bool] = True
    group: ClassVar[str] = "filters"
    example: ClassVar[str] = "1.5"

    amount: Annotated[float, Number(0, 10), "strength; 1 = 100 %, 0 = unchanged"] = 1.0

    def apply(self, image: Image) -> Image:
        return image if self.amount == 0 else _move_apart(image, _smooth, deep.smooth, self.amount)

    @property
    def uses_numpy(self) -> bool:
        return not float(self.amount).is_integer()

    def apply_to_planes(self, image: PlanarImage) -> Image:
        return _sharpen_planes(image, self.amount)


@dataclass(frozen=True)
class Sharpness(Operation):
    """Make the image softer or sharper: ``out = smooth + (in - smooth) * factor``.

    ``smooth`` is that of ``sharpen``; as Pillow's ``ImageEnhance.Sharpness``. The outermost rows and columns and the
    alpha band are kept.

    Parameters
    ----------
    factor : float
        0 to 10; 0 gives the smooth image, 1 leaves the image as it is, 2 is ``sharpen`` 1.
    """

    word: ClassVar[str] = "sharpness"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    on_planes: ClassVar[bool] = True
    group: ClassVar[str] = "tone and color"
    example: ClassVar[str] = "1.5"

    factor: Annotated[float, Number(0, 10), "1 = unchanged, 0 = smooth"]

    def apply(self, image: Image) -> Image:
        return image if self.factor == 1 else _move_apart(image, _smooth, deep.smooth, self.factor - 1)

    @property
    def uses_numpy(self) -> bool:
        return not float(self.factor).is_integer()

    def apply_to_planes(self, image: PlanarImage) -> Image:
        return _sharpen_planes(image, self.factor - 1)


def _smooth(image: Image) -> Image:
    """The mean of the 3 x 3 px around, the center weighted 5."""
    from PIL import ImageFilter

    return filter_image(image, ImageFilter.SMOOTH)


_ROWS = 128  # at a time, so that floats of them stay in the processor's cache
#: What that mean does to colors at half size: spread over four pixels each, and averaged again after it.
_HALF_SIZE_MEAN = (1, 4, 1, 4, 32, 4, 1, 4, 1)


def _sharpen_planes(image: PlanarImage, amount: float) -> Image:
    from PIL import ImageFilter

    mean = ImageFilter.Kernel((3, 3), _HALF_SIZE_MEAN)
    return image.change_planes(
        lambda plane: _blend(plane, plane.filter(ImageFilter.SMOOTH), amount),
        lambda plane: _blend(plane, plane.filter(mean), amount),
    )


def _blend(image: Image, smooth: Image, amount: float) -> Image:
    """`image` moved away from `smooth` by `amount` times their difference, each sample rounded."""
    from PIL import Image as Images

    if float(amount).is_integer():
        return Images.blend(smooth, image, 1 + amount)
    # Pillow cuts fractions off: on average a picture would get darker by half a level
    bands = [_blend_band(*pair, 1 + amount) for pair in zip(image.split(), smooth.split(), strict=True)]
    return bands[0] if len(bands) == 1 else Images.merge(image.mode, bands)


def _blend_band(band: Image, smooth: Image, factor: float) -> Image:
    import numpy
    from PIL import Image as Images

    sharp, flat = numpy.asarray(band), numpy.asarray(smooth)
    result = numpy.empty_like(sharp)
    for top in range(0, len(sharp), _ROWS):
        rows = flat[top : top + _ROWS].astype(numpy.float32)
        rows += numpy.float32(factor) * (sharp[top : top + _ROWS] - rows)
        result[top : top + _ROWS] = numpy.rint(rows, out=rows).clip(0, 255)
    return Images.fromarray(result)


def _move_apart(
    image: Image,
    smooth: Callable[[Image], Image],
    smooth_deep: Callable[[Image], Image],
    amount: float,
    threshold: int = 0,
) -> Image:
    """`image` moved away from its smooth copy by `amount` times their difference, in its own depth.

    Parameters
    ----------
    image : Image
    smooth : callable
        What gives the smooth copy of 8 bits.
    smooth_deep : callable
        The same for gray of more bits, and for bands of colors.
    amount : float
    threshold : int
        Differences up to this many levels are left alone.
    """
    if image.mode == FLOATS:
        levels = deep.gray_range(image) if threshold else None
        return as_deep(image).change_bands(lambda band: deep.move_apart(band, smooth_deep, amount, threshold, levels))
    if image.mode in DEEP_COLOR:
        return _move_deep_apart(image, smooth_deep, amount, threshold)
    if deep.is_deep(image):
        return deep.move_apart(image, smooth_deep, amount, threshold)
    ready = to_straight_alpha(image)
    return _apart(ready, smooth(ready), amount, threshold)


def _move_deep_apart(image: Image, smooth: Callable[[Image], Image], amount: float, threshold: int) -> Image:
    """The same as `_apart` with 16 bits of color; `smooth` is given bands of 32-bit floats."""
    import numpy

    from imgbatch.pixels.deep.bands import WHITE, DeepImage, to_band

    deep_image = as_deep(image)
    blur = list(deep_image.weighted_planes(smooth))
    share = 1 if deep_image.alpha is None else blur[-1] / numpy.float32(WHITE)
    result = []
    for band, flat in zip(deep_image.colors, blur, strict=False):
        samples = numpy.asarray(band.convert("F"))
        difference = samples - flat
        if threshold:
            difference[numpy.abs(difference) <= 257 * threshold] = 0
        result.append(to_band(samples + amount * share * difference))
    return DeepImage([*result, *deep_image.bands[len(result) :]], image.info)


def _apart(image: Image, blur: Image, amount: float, threshold: int) -> Image:
    """`image` moved away from `blur` by `amount` times their difference, where that exceeds `threshold` levels.

    Sharpening weighted colors and alpha as four bands would overshoot the colors where alpha cannot: a bright fringe
    along every soft edge. So the colors are compared, and their difference counts as much as the alpha it stands on.
    """
    from PIL import Image as Images

    def change(colors: Image) -> Image:
        smooth = blur if blur.mode == colors.mode else blur.convert(colors.mode)
        sharp = _blend(colors, smooth, amount)
        if threshold:
            sharp = _where_above(threshold, colors, smooth, sharp)
        if blur.mode in ("LA", "RGBA"):
            sharp = Images.composite(sharp, colors, blur.getchannel("A"))
        return sharp

    return apply_to_colors(image, change)


def _where_above(threshold: int, image: Image, smooth: Image, sharp: Image) -> Image:
    """The samples of `sharp` where `image` and `smooth` differ by more than `threshold` levels, else of `image`."""
    from PIL import Image as Images
    from PIL import ImageChops

    table = [255 if level > threshold else 0 for level in range(256)]
    bands = [
        Images.composite(there, here, ImageChops.difference(here, flat).point(table))
        for here, flat, there in zip(image.split(), smooth.split(), sharp.split(), strict=True)
    ]
    return Images.merge(image.mode, bands)
