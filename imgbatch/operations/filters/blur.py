"""Blur: how is a picture blurred, and how is a kernel applied without fringes?

All work with colors weighted by alpha, so that what hides under transparent pixels never shows at an edge. Pixels
outside the image count as copies of the edge's. Palettes and 1-bit images become RGB or gray first; CMYK and LAB are
filtered band by band. 16-bit and 32-bit gray keeps its depth (pixels/deep).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation
from imgbatch.pixels.alpha import apply_to_premultiplied_colors, to_straight_alpha, with_header
from imgbatch.pixels.deep import gray as deep

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFilter import Filter

    from imgbatch.pixels.planes import PlanarImage


@dataclass(frozen=True)
class Blur(Operation):
    """Blur with a Gaussian.

    Within two levels of the true bell, which is cut off at 3.5 standard deviations. In pictures of less than 65,536 px,
    with a side of more than 16,384 px, or of 16 bits, three passes of an extended box blur stand in for it (P. Gwosdek
    et al., "Theoretical foundations of Gaussian convolution by extended box filtering", SSVM 2011), whose impulse
    response differs by a few percent of the peak.

    Parameters
    ----------
    sigma : float
        Standard deviation in px, 0.01 to 250.
    """

    word: ClassVar[str] = "blur"
    bands: ClassVar[Bands] = "weighted"
    group: ClassVar[str] = "filters"
    example: ClassVar[str] = "2"
    on_planes: ClassVar[bool] = True

    sigma: Annotated[float, Number(0.01, 250, unit="px"), "standard deviation of the Gaussian"]

    @property
    def uses_numpy(self) -> bool:
        return True

    def apply(self, image: Image) -> Image:
        if deep.is_deep(image):
            return deep.gaussian_blur(image, self.sigma)
        return blur_image(to_straight_alpha(image), self.sigma)

    def apply_to_planes(self, image: PlanarImage) -> Image:
        from imgbatch.operations.support.resampling.gaussian import blur_bands

        return image.change_planes(
            lambda plane: blur_bands(plane, self.sigma), lambda plane: blur_bands(plane, self.sigma / 2)
        )


@dataclass(frozen=True)
class BoxBlur(Operation):
    """Blur by the mean of a square.

    Parameters
    ----------
    radius : float
        Half the square's side in px, 0 to 250: each pixel becomes the mean of the 2 * radius + 1 pixels around it in
        both directions, the outermost weighted by the radius' fraction. 0 leaves the image as it is.
    """

    word: ClassVar[str] = "box_blur"
    bands: ClassVar[Bands] = "weighted"
    group: ClassVar[str] = "filters"
    example: ClassVar[str] = "3"

    radius: Annotated[float, Number(0, 250, unit="px"), "half the side of the square; 0 = unchanged"]

    def apply(self, image: Image) -> Image:
        from PIL import ImageFilter

        if self.radius == 0:
            return image
        if deep.is_deep(image):
            return deep.box_blur(image, self.radius)
        return filter_image(to_straight_alpha(image), ImageFilter.BoxBlur(self.radius))


def blur_image(image: Image, sigma: float) -> Image:
    """`image` blurred, alpha-correct."""
    from imgbatch.operations.support.resampling.gaussian import blur_bands

    return apply_to_premultiplied_colors(image, lambda layer: blur_bands(layer, sigma))


def filter_image(image: Image, kernel: Filter | type[Filter]) -> Image:
    """`kernel` over `image`, alpha-correct; LAB, which Pillow's blurs do not take, band by band."""
    from PIL import Image as Images

    if image.mode == "LAB":
        return with_header(Images.merge("LAB", [band.filter(kernel) for band in image.split()]), image)
    return apply_to_premultiplied_colors(image, lambda layer: layer.filter(kernel))
