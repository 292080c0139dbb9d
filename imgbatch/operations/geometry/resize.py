"""Resize: what does it take? A size, a way to fit it, and a kernel."""

# Without `from __future__ import annotations`: every start of a command would compile the texts of the fields again.
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.core.parameter_kinds import Choice, Switch
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.fit import FITS, KERNELS, SIZE, SUFFIXES, Fit, Kernel, Placement, fit_size, geometry
from imgbatch.operations.support.lengths import ENTROPY, FOCAL, PLACE, Place, anchor, read_focal, refuse_two_places
from imgbatch.pixels.color import COLOR

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.core.places import PlaceMap
    from imgbatch.operations.support.lengths import Sides
    from imgbatch.pixels.color import Color

_HUGE = 20_000, 20_000  # px, of a picture whose size only the resize limits
_WORTH = 256 * 256  # as in support/resampling/separable.py, which is loaded by workers only


@dataclass(frozen=True)
class Resize(Operation):
    """Resize to a longest edge, a box, a percentage or a number of megapixels.

    Nothing is enlarged unless `upscale` is set. Sides are rounded half up and are at least 1 px; megapixels are an
    upper limit. Transparency is respected: the colors of transparent pixels do not show in their neighbors. 1-bit
    pictures become gray and palettes RGB or RGBA, except where nothing is averaged (kernel ``nearest``, or nothing to
    resize).

    Parameters
    ----------
    size : str
        ``1600`` longest edge in px (shortest edge for fit=outside); ``1600x`` width; ``x1600`` height; ``1600x1200`` a
        box; ``50%`` or ``50%x25%`` a box relative to the picture; ``12MP`` at most so many million pixels. A ``!`` at
        the end stands for fit=fill, a ``^`` for fit=outside. Sides up to 1,000,000 px.
    fit : str
        ``inside`` the largest picture within the box; ``outside`` the smallest that covers it; ``cover`` as outside,
        then cropped to exactly the box; ``contain`` as inside, then padded to exactly the box; ``fill`` exactly the
        box, distorted. The last three need a box. Without `upscale`, cover only cuts off what exceeds the box of a
        picture that does not cover it, contain pads a small picture as it is, fill only shortens sides.
    gravity : str
        Which part a cover crop keeps, and where a contained picture sits. ``entropy`` (cover only): the part with the
        most to see, which is the largest entropy of its gray levels; one place for all frames of an animation.
    kernel : str
        How pixels are averaged; ``nearest`` averages none.
    upscale : bool
        Whether sides may become longer.
    background : str or None
        The padding of fit=contain. None: transparent where the picture has transparency, else white. A transparent
        color gives an opaque gray or RGB picture an alpha channel.
    focal : str or None
        The point that a cover crop keeps as near to its center as the picture's edges allow: ``30%x40%`` from the left
        and from the top of the upright picture.
    linear : bool
        Average light instead of sRGB levels, so that small bright details keep their brightness: every pixel counts as
        what sRGB's curve (IEC 61966-2-1) makes of its level. CMYK and LAB become sRGB first; 32-bit gray counts as
        light already.

    Raises
    ------
    UsageError
        `size` and `fit` contradict each other.
    ImageError
        Kind ``too_large`` for a result of more than 1000 megapixels; kind ``mode`` when the picture's mode cannot hold
        the background (a color in 16-bit gray, transparency in CMYK).
    """

    word: ClassVar[str] = "resize"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "geometry"
    example: ClassVar[str] = "1600x1200,fit=cover,gravity=north"

    size: Annotated[str, SIZE, "what to resize to"]
    fit: Annotated[str, Choice(FITS), "how the picture fits the box"] = "inside"
    gravity: Annotated[str, PLACE, "the part that cover keeps, the place where contain puts the picture"] = "center"
    kernel: Annotated[str, Choice(KERNELS), "how pixels are averaged"] = "lanczos"
    upscale: Annotated[bool, Switch(), "enlarge small pictures"] = False
    background: Annotated[
        str | None, COLOR, "the padding of contain; by default transparent where the picture has alpha, else white"
    ] = None
    focal: Annotated[str | None, FOCAL, "the point that cover keeps near its center"] = None
    linear: Annotated[bool, Switch(), "average light, not levels"] = False

    if TYPE_CHECKING:

        def __init__(
            self, size: Sides, fit: Fit = "inside", gravity: Place = "center",
            kernel: Kernel = "lanczos", upscale: bool = False, background: Color | None = None,
            focal: str | None = None, linear: bool = False,
        ) -> None: ...  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        spec = geometry(self.size)
        if spec.suffix:
            stands_for = SUFFIXES[spec.suffix]
            if self.fit not in ("inside", stands_for):
                raise UsageError(f"resize size {self.size!r} means fit={stands_for}, which contradicts fit={self.fit}")
            object.__setattr__(self, "fit", stands_for)
            object.__setattr__(self, "size", self.size.removesuffix(spec.suffix))
        if self.fit in ("cover", "contain", "fill") and not spec.is_box:
            raise wrong_value("both sides, such as 300x200,", f"resize size with fit={self.fit}", self.size)
        if self.fit == "outside" and spec.area is not None:
            raise wrong_value("sides, such as 300x200,", "resize size with fit=outside", self.size)
        if self.fit != "cover" and (self.gravity == ENTROPY or self.focal is not None):
            what = f"focal={self.focal}" if self.focal else f"gravity={ENTROPY}"
            raise UsageError(f"resize {what} says which part is kept, so it needs fit=cover; got fit={self.fit}")
        refuse_two_places(self.word, self.gravity if self.gravity != "center" else None, self.focal)

    @property
    def on_screen(self) -> bool:  # type: ignore[override]  # a constant of most operations
        """Whether light is averaged, which only colors of light have; the kernel ``nearest`` averages nothing."""
        return self.linear and self.kernel != "nearest"

    @property
    def together(self) -> bool:
        return self.gravity == ENTROPY

    def placement(self, size: Size) -> Placement:
        """What becomes of a picture of `size`; as if centered where only the pixels can tell the place."""
        gravity = "center" if self.gravity == ENTROPY else self.gravity
        point = None if self.focal is None else read_focal(self.focal)
        return fit_size(size, geometry(self.size), self.fit, self.upscale, gravity, point)

    def idle(self, size: Size) -> bool:
        """Whether a picture of `size` stays as it is."""
        return self.placement(size) == Placement((0, 0, *size), size, size)

    def after(self, size: Size) -> Size:
        return self.placement(size).canvas

    def place_map(self, size: Size) -> "PlaceMap | None":
        if self.gravity == ENTROPY:
            return None
        from imgbatch.core.places import scale_box, shift

        box, inner, canvas = self.placement(size)
        return scale_box(box, inner).then(shift(*anchor(inner, canvas, self.gravity)))

    def across(self, frames: "Sequence[Image]") -> Operation:
        """The resize with a fixed point to crop around, where the pixels decide on it."""
        if self.gravity != ENTROPY or len({frame.size for frame in frames}) > 1:
            return self
        from imgbatch.operations.support.entropy import busiest

        left, top, right, bottom = self.placement(frames[0].size).box
        return replace(self, gravity="center", focal=busiest(frames, (right - left, bottom - top)))

    @property
    def uses_numpy(self) -> bool:
        return self.kernel != "nearest" and math.prod(self.after(_HUGE)) >= _WORTH

    def apply(self, image: "Image") -> "Image":
        if self.gravity == ENTROPY:
            return self.across([image]).apply(image)
        # Only workers need them: the command, which checks what is typed, starts without
        from imgbatch.operations.support.canvas import on_canvas, refuse_too_large
        from imgbatch.operations.support.resampling.resample import resample_image

        placement = self.placement(image.size)
        refuse_too_large(self, placement.canvas)
        result = resample_image(image, placement.box, placement.size, self.kernel, linear=self.linear)
        corner = anchor(placement.size, placement.canvas, self.gravity)
        return on_canvas(self, result, placement.canvas, corner, self.background)
