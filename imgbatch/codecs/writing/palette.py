"""Palettes: which few colors stand for many, and how do frames become alike?

Pictures that have few enough colors keep every one of them exactly. Others get the colors of color_quantization.py,
chosen for all frames together, so that an animation does not flicker, and Floyd-Steinberg dithering.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from imgbatch.pixels import alpha, color
from imgbatch.pixels.frames import SpooledFrames, map_frames

if TYPE_CHECKING:
    from PIL.Image import Image

    Indexing = Callable[[Image], Image]  # RGB to P

_SAMPLE = 1 << 20  # pixels over all frames that the colors are chosen from


def is_indexed(image: Image) -> bool:
    """Whether GIF holds `image` as it is: gray or a palette, with at most one transparent entry."""
    if image.mode not in ("1", "L", "P"):
        return False
    key = image.info.get("transparency")
    return isinstance(key, int) or (key is None and not color.has_transparency(image))


def to_one_mode(frames: Sequence[Image]) -> Sequence[Image]:
    """All frames in one mode that loses nothing: palettes stay only where they are all the same."""
    first = frames[0]
    if all(frame.mode == first.mode and (frame.mode != "P" and "transparency" not in frame.info) for frame in frames):
        return frames
    if first.mode == "P" and all(
        frame.mode == "P" and frame.getpalette() == first.getpalette()
        and frame.info.get("transparency") == first.info.get("transparency")
        for frame in frames
    ):  # fmt: skip
        return frames
    modes = {_to_eight_bits(frame).mode for frame in frames}
    mode = "L" if modes <= {"L", "LA"} else "RGB"
    if modes & {"LA", "RGBA"}:
        mode += "A"

    def alike(frame: Image) -> Image:
        whole = _to_eight_bits(frame)
        result = whole if whole.mode == mode else whole.convert(mode)
        result.info = {}
        return result

    return map_frames(frames, alike)


def reduce_colors(frames: Sequence[Image], colors: int, changes: list[str], color_key: bool = False) -> Sequence[Image]:
    """All frames as P, with the same palette where the colors had to be reduced.

    Pixels less than half opaque become the transparent entry.

    Parameters
    ----------
    frames : sequence of Image
    colors : int
        Entries at most, the transparent one among them; up to 256.
    changes : list of str
        Gets what is lost of colors and alpha.
    color_key : bool
        False (PNG): a picture that is partly transparent keeps its shades of alpha in the palette, without dithering.
    """
    solid, soft = True, False
    for frame in frames:
        whole = _to_eight_bits(frame)
        if not alpha.is_opaque(whole):
            solid, soft = False, soft or _is_partly_transparent(whole)
    if not color_key and len(frames) == 1 and not solid:
        return [_with_alpha_palette(_to_eight_bits(frames[0]), colors, changes)]
    if soft:
        changes.append("alpha: reduced to transparent or opaque")
    room = colors if solid else colors - 1
    visible_frames = map_frames(frames, _visible_colors)
    indexing = _exact_indexing(visible_frames, room, alike=not color_key)
    if indexing is None:
        indexing = _dither(visible_frames, room)
        changes.append(f"colors: reduced to {colors}")
    if solid:
        return map_frames(visible_frames, indexing)
    pairs = zip(visible_frames, frames, strict=True)
    return SpooledFrames(_with_transparent_entry(indexing(visible), frame, room) for visible, frame in pairs)


def _to_eight_bits(image: Image) -> Image:
    """`image` in 8 bits, its transparency as alpha."""
    return color.to_continuous_tone(color.to_eight_bits(image))


def _visible_colors(image: Image) -> Image:
    """The colors as RGB, black where nobody sees them: one color less to choose."""
    whole = _to_eight_bits(image)
    if alpha.is_opaque(whole):
        return (alpha.without_alpha(whole) if whole.mode in ("LA", "RGBA") else whole).convert("RGB")
    result = alpha.without_alpha(whole).convert("RGB")
    result.paste((0, 0, 0), mask=_transparency_mask(whole))
    return result


def _with_transparent_entry(image: Image, frame: Image, room: int) -> Image:
    """`image` with the entry `room` where `frame` is transparent."""
    whole = _to_eight_bits(frame)
    if whole.mode in ("LA", "RGBA"):
        image.paste(room, mask=_transparency_mask(whole))
    entries = (image.getpalette() or [])[: room * 3]
    image.putpalette(entries + [0] * ((room + 1) * 3 - len(entries)))
    image.info["transparency"] = room
    return image


def _is_partly_transparent(image: Image) -> bool:
    """Whether any pixel is partly transparent."""
    return any(image.getchannel("A").histogram()[1:255])


def _transparency_mask(image: Image) -> Image:
    """A mask of the pixels that are less than half opaque."""
    return image.getchannel("A").point([255] * 128 + [0] * 128)


def _with_alpha_palette(image: Image, colors: int, changes: list[str]) -> Image:
    """`image` with shades of alpha in its palette; `changes` get whether anything that shows is another color."""
    from PIL import Image as Images
    from PIL import ImageChops

    whole = image.convert("RGBA")
    result = whole.quantize(colors, method=Images.Quantize.FASTOCTREE)
    difference = ImageChops.difference(result.convert("RGBA").convert("RGBa"), whole.convert("RGBa"))
    if any(band.getextrema() != (0, 0) for band in difference.split()):
        changes.append(f"colors: reduced to {colors}")
    result.info = {}
    return result


def _exact_indexing(frames: Sequence[Image], room: int, alike: bool) -> Indexing | None:
    """No color changed: one palette for all frames, else (not `alike`) one for each; None where colors are too many."""
    palette = _few_colors(frames, room)
    if palette is not None:
        return lambda frame: _index_exactly(frame, palette)
    if alike or any(_few_colors([frame], room) is None for frame in frames):
        return None
    return lambda frame: _index_exactly(frame, _few_colors([frame], room) or [])


def _few_colors(frames: Sequence[Image], room: int) -> list[tuple[int, int, int]] | None:
    """The colors of all frames where they are at most `room`, in order; None where there are more."""
    colors: set[tuple[int, int, int]] = set()
    for frame in frames:
        counts = frame.getcolors(room)
        if counts is None:
            return None
        colors.update(value for _, value in counts if isinstance(value, tuple) and len(value) == 3)
        if len(colors) > room:
            return None
    return sorted(colors)


def _index_exactly(frame: Image, colors: list[tuple[int, int, int]]) -> Image:
    """Every pixel gets the entry of its own color."""
    import numpy
    from PIL import Image as Images

    codes = numpy.array([red << 16 | green << 8 | blue for red, green, blue in colors], dtype=numpy.int32)
    samples = numpy.asarray(frame).astype(numpy.int32)
    pixel_codes = samples[..., 0] << 16 | samples[..., 1] << 8 | samples[..., 2]
    result = Images.fromarray(numpy.searchsorted(codes, pixel_codes).astype(numpy.uint8))
    result.putpalette([channel for entry in colors for channel in entry])
    return result


def _dither(frames: Sequence[Image], room: int) -> Indexing:
    import numpy
    from PIL import Image as Images

    from imgbatch.codecs.writing.color_quantization import choose_colors

    palette = Images.new("P", (1, 1))
    palette.putpalette(choose_colors(numpy.asarray(_sample(frames)), room).tobytes())

    def near(frame: Image) -> Image:
        result = frame.quantize(palette=palette, dither=Images.Dither.FLOYDSTEINBERG)
        result.info = {}
        return result

    return near


def _sample(frames: Sequence[Image]) -> Image:
    """One picture that stands for all frames: a small one itself, or nearest-neighbor samples below each other."""
    from PIL import Image as Images

    width, height = frames[0].size
    scale = min(1.0, (_SAMPLE / (width * height * len(frames))) ** 0.5)
    if len(frames) == 1 and scale == 1:
        return frames[0]
    small = (max(1, int(width * scale)), max(1, int(height * scale)))
    sheet = Images.new("RGB", (small[0], small[1] * len(frames)))
    for index, frame in enumerate(frames):
        sheet.paste(frame.resize(small, Images.Resampling.NEAREST), (0, index * small[1]))
    return sheet
