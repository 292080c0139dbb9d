"""Deep image: how is a picture with 16 bits of color held, and how are its bands changed?

Pillow has no mode for it, but one for 16-bit gray (``I;16``): a deep image is two to four such bands under a mode of
our own (:data:`pixels.color.DEEP_COLOR`). Beside one numpy array, bands are resized in the same time and turned in a
third of it, since Pillow's kernels take them as they are: 6 MP in 85 and 16 ms, as an array in 98 and 53
(``python -m tests.benchmarks.deep``). It is a kind of Pillow's Image, so that it goes the way of all pictures; what
Pillow's methods would do to pixels that are not there fails, and what is not said here is done by operations, as they
declare it (:attr:`operations.base.Operation.bands`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import PIL.Image as Images
from PIL.Image import Image, Resampling, Transpose

from imgbatch.pixels.color import FLOATS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[Any]  # float32, (row, column)

BAND = "I;16"
WHITE = 65535
_MODES = {2: "LA;16", 3: "RGB;16", 4: "RGBA;16"}
_SHALLOW = {"LA;16": "LA", "RGB;16": "RGB", "RGBA;16": "RGBA", FLOATS: "RGB"}
_LEAST = 0.5  # of alpha: what rounds to no alpha shows no color


class DeepImage(Image):
    """Gray with alpha, RGB or RGBA of 16 bits.

    Parameters
    ----------
    bands : sequence of Image
        Two to four of mode ``I;16`` and one size, alpha last.
    info : dict, optional
        The header.
    """

    def __init__(self, bands: Sequence[Image], info: dict[Any, Any] | None = None) -> None:
        super().__init__()
        self.bands = tuple(bands)
        self._mode = _MODES[len(self.bands)]
        self._size = self.bands[0].size
        self.info = dict(info or {})

    @property
    def alpha(self) -> Image | None:
        """The band of alpha."""
        return self.bands[-1] if "A" in self.getbands() else None

    @property
    def colors(self) -> tuple[Image, ...]:
        """The bands without alpha: one of gray, or red, green and blue."""
        return self.bands if self.alpha is None else self.bands[:-1]

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """For ``numpy.asarray``: (row, column, band), uint16."""
        import numpy

        array = numpy.stack([numpy.asarray(band) for band in self.bands], axis=2)
        return {"shape": array.shape, "typestr": array.dtype.str, "version": 3, "data": array}

    def change_bands(self, change: Callable[[Image], Image]) -> Self:
        """`change` of each band by itself, alpha too."""
        return type(self)([change(band) for band in self.bands], self.info)

    def change_colors(self, change: Callable[[Image], Image]) -> Self:
        """`change` of each band by itself, but of alpha."""
        alpha = () if self.alpha is None else (self.alpha,)
        return type(self)([*map(change, self.colors), *alpha], self.info)

    def change_by_alpha(self, change: Callable[[Image], Image]) -> DeepImage:
        """`change` of each band as 32-bit floats, colors weighted by alpha and weighted back; rounded at the end."""
        return DeepImage(list(map(to_band, self.weighted_planes(change))), self.info)

    def weighted_planes(self, change: Callable[[Image], Image]) -> Iterator[Plane]:
        """The bands of :meth:`change_by_alpha` one at a time, before they are rounded."""
        import numpy

        if self.alpha is None or is_opaque(self):
            for band in self.bands:
                yield numpy.asarray(change(band.convert("F")))
            return
        weight = numpy.asarray(self.alpha.convert("F"))
        alpha = numpy.asarray(change(self.alpha.convert("F")))
        visible = numpy.maximum(alpha, _LEAST)
        for band in self.colors:
            light = Images.fromarray(numpy.asarray(band.convert("F")) * weight)
            yield numpy.where(alpha < _LEAST, 0, numpy.asarray(change(light)) / visible)
        yield alpha

    def with_alpha(self) -> DeepImage:
        """The same with an alpha channel; opaque where it had none."""
        if self.alpha is not None:
            return self
        return DeepImage([*self.bands, Images.new(BAND, self.size, WHITE)], self.info)

    def without_alpha(self) -> Image:
        """The colors alone: another deep image, or 16-bit gray."""
        result = DeepImage(self.colors) if len(self.colors) > 1 else self.colors[0].copy()
        result.info = dict(self.info)
        return result

    def to_color(self) -> DeepImage:
        """Gray with alpha as RGBA; RGB and RGBA as they are."""
        return self if self.mode != "LA;16" else DeepImage([*[self.bands[0]] * 3, self.bands[1]], self.info)

    def to_eight_bits(self) -> Image:
        """The picture as LA, RGB or RGBA, each sample rounded."""
        import numpy

        bands = []
        for band in self.bands:
            samples = numpy.asarray(band).astype(numpy.uint32)
            bands.append(Images.fromarray(((samples * 255 + 32895) >> 16).astype(numpy.uint8)))  # sample / 257, rounded
        result = Images.merge(_SHALLOW[self.mode], bands)
        result.info = dict(self.info)
        return result

    # -- what Pillow's images can do, and pictures in the walk are asked for -------------------------------------------

    def getbands(self) -> tuple[str, ...]:
        """The bands' names."""
        return tuple(_SHALLOW[self.mode])

    def split(self) -> tuple[Image, ...]:
        """The bands."""
        return self.bands

    def getchannel(self, channel: int | str) -> Image:
        """One band."""
        return self.bands[self.getbands().index(channel) if isinstance(channel, str) else channel]

    def copy(self) -> Image:
        """The same, apart from this one."""
        return self.change_bands(Image.copy)

    def crop(self, box: tuple[float, float, float, float] | None = None) -> Image:
        """A rectangle."""
        return self.change_bands(lambda band: band.crop(box))

    def transpose(self, method: Transpose) -> Image:
        """The picture turned or mirrored."""
        return self.change_bands(lambda band: band.transpose(method))

    def paste(self, im: Any, box: Any = None, mask: Image | None = None) -> None:
        """Lay another deep image of this mode on this one; there are no masks.

        Parameters
        ----------
        im, box, mask
            As Pillow's.
        """
        assert mask is None and im.mode == self.mode
        for band, other in zip(self.bands, im.bands, strict=True):
            band.paste(other, box)

    def resize(
        self,
        size: tuple[int, int] | list[int] | NDArray[Any],
        resample: int | None = None,
        box: tuple[float, float, float, float] | None = None,
        reducing_gap: float | None = None,
    ) -> Image:
        """Fewer or more pixels; colors are weighted by alpha.

        Parameters
        ----------
        size, resample, box, reducing_gap
            As Pillow's.
        """
        if resample == Resampling.NEAREST:
            return self.change_bands(lambda band: band.resize(size, resample, box))
        return self.change_by_alpha(lambda band: band.resize(size, resample, box, reducing_gap))

    def tobytes(self, encoder_name: str = "raw", *args: Any) -> bytes:
        """The bands' bytes, one after another."""
        return b"".join([band.tobytes() for band in self.bands])


def from_bytes(mode: str, size: tuple[int, int], data: bytes) -> DeepImage:
    """What :meth:`DeepImage.tobytes` has written.

    Parameters
    ----------
    mode : str
        One of :data:`pixels.color.DEEP_COLOR`.
    size : (int, int)
        In px.
    data : bytes
    """
    length = 2 * size[0] * size[1]
    parts = (data[at : at + length] for at in range(0, length * len(_SHALLOW[mode]), length))
    return DeepImage([Images.frombytes(BAND, size, part) for part in parts])


def from_halves(high: Image, low: Image) -> DeepImage:
    """A deep image of two of 8 bits, RGB or RGBA, that hold the high and the low bytes of its samples."""
    return DeepImage([merge_halves(*halves) for halves in zip(high.split(), low.split(), strict=True)])


def merge_halves(high: Image, low: Image) -> Image:
    """A band of its high and its low bytes, each as L."""
    return Images.frombuffer(BAND, high.size, Images.merge("LA", (low, high)).tobytes(), "raw", BAND, 0, 1)


def from_eight_bits(image: Image) -> Image:
    """A picture of mode L, LA, RGB or RGBA with 16 bits: 255 becomes 65535."""
    bands = [merge_halves(band, band) for band in image.split()]
    result = bands[0] if len(bands) == 1 else DeepImage(bands)
    result.info = dict(image.info)
    return result


def from_array(samples: NDArray[Any], info: dict[Any, Any] | None = None) -> DeepImage:
    """A deep image of samples (row, column, band); floats are rounded and cut to 0..65535."""
    return DeepImage([to_band(samples[..., band]) for band in range(samples.shape[2])], info)


def to_band(values: Plane) -> Image:
    """A band of samples; floats are rounded half up and cut to 0..65535."""
    import numpy

    if values.dtype.kind == "f":
        values = numpy.floor(values + 0.5).clip(0, WHITE)
    return Images.fromarray(numpy.ascontiguousarray(values, dtype="<u2"))


def unpremultiply(image: DeepImage) -> DeepImage:
    """RGBA whose colors were stored weighted by alpha."""
    import numpy

    assert image.alpha is not None
    weight = numpy.maximum(_plane(image.alpha), 1) / numpy.float32(WHITE)
    return DeepImage([*(to_band(_plane(band) / weight) for band in image.colors), image.alpha], image.info)


def is_opaque(image: DeepImage) -> bool:
    """Whether no pixel is transparent."""
    return image.alpha is None or image.alpha.getextrema()[0] == WHITE


def flatten(image: DeepImage, background: tuple[int, int, int]) -> Image:
    """A deep image laid on `background` (red, green, blue, each 0..255), without alpha.

    Gray stays gray on a gray background and becomes RGB on a colored one.
    """
    if image.alpha is None:
        return image
    import numpy

    ready = image if len(set(background)) == 1 else image.to_color()
    share = numpy.asarray(image.alpha.convert("F")) / numpy.float32(WHITE)
    bands = [
        to_band(numpy.asarray(band.convert("F")) * share + 257 * level * (1 - share))
        for band, level in zip(ready.colors, background, strict=False)
    ]
    result = DeepImage(bands) if len(bands) > 1 else bands[0]
    result.info = dict(image.info)
    return result


def lay(below: DeepImage, above: DeepImage, share: Plane) -> DeepImage:
    """A deep image laid on another one.

    Parameters
    ----------
    below, above : DeepImage
        Of one mode and size.
    share : (H, W) float32
        How far each pixel of `above` covers, 0..1.
    """
    import numpy

    rest = 1 - share
    if below.alpha is None or above.alpha is None:
        pairs = zip(below.bands, above.bands, strict=True)
        return DeepImage([to_band(_plane(one) * rest + _plane(other) * share) for one, other in pairs], below.info)
    one, other = _plane(below.alpha) * rest, _plane(above.alpha) * share
    alpha = one + other
    visible = numpy.maximum(alpha, _LEAST)
    bands = [
        to_band((_plane(here) * one + _plane(there) * other) / visible)
        for here, there in zip(below.colors, above.colors, strict=True)
    ]
    return DeepImage([*bands, to_band(alpha)], below.info)


def _plane(band: Image) -> Plane:
    """The samples of a band as floats."""
    import numpy

    return numpy.asarray(band.convert("F"))
