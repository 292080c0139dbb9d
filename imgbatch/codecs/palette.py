"""Which few colors stand for many, and how do frames become alike?

Pictures that have few enough colors keep every one of them exactly. Others get a median cut over all frames, so that
an animation does not flicker, and Floyd-Steinberg dithering.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch import color

if TYPE_CHECKING:
    from PIL.Image import Image

_SAMPLE = 1 << 20  # pixels over all frames that the colors are chosen from


def is_indexed(image: Image) -> bool:
    """Whether GIF holds `image` as it is: gray or a palette, with at most one transparent entry."""
    if image.mode not in ("1", "L", "P"):
        return False
    key = image.info.get("transparency")
    return isinstance(key, int) or (key is None and not color.has_transparency(image))


def uniform(frames: list[Image]) -> list[Image]:
    """All frames in one mode that loses nothing: palettes stay only where they are all the same."""
    first = frames[0]
    if all(frame.mode == first.mode for frame in frames) and not (
        first.mode == "P" or any("transparency" in frame.info for frame in frames)
    ):
        return frames
    if first.mode == "P" and all(
        frame.mode == "P" and frame.getpalette() == first.getpalette()
        and frame.info.get("transparency") == first.info.get("transparency")
        for frame in frames
    ):  # fmt: skip
        return frames
    whole = [color.continuous(color.to_eight_bits(frame)) for frame in frames]
    transparent = any(frame.mode in ("LA", "RGBA") for frame in whole)
    if all(frame.mode in ("L", "LA") for frame in whole):
        mode = "LA" if transparent else "L"
    else:
        mode = "RGBA" if transparent else "RGB"
    made = [frame if frame.mode == mode else frame.convert(mode) for frame in whole]
    for frame in made:
        frame.info = {}
    return made


def reduced(frames: list[Image], colors: int, changes: list[str], keyed: bool = False) -> list[Image]:
    """All frames as P with at most `colors` entries, the same for all where the colors had to be reduced.

    Pixels less than half opaque become the transparent entry. With `keyed` False (PNG), pictures that are partly
    transparent keep their shades of alpha in the palette, without dithering.
    """
    from imgbatch.codecs import pixels

    whole = [color.continuous(color.to_eight_bits(frame)) for frame in frames]
    solid = [pixels.opaque(frame) for frame in whole]
    if not keyed and len(whole) == 1 and not solid[0]:
        return [_with_alpha_palette(whole[0], colors)]
    opaque = [
        pixels.without_alpha(frame).convert("RGB") if frame.mode in ("LA", "RGBA") else frame.convert("RGB")
        for frame in whole
    ]
    masks = [None if plain else _hidden(frame) for frame, plain in zip(whole, solid, strict=True)]
    hole = any(mask is not None for mask in masks)
    if any(_soft(frame) for frame, plain in zip(whole, solid, strict=True) if not plain):
        changes.append("alpha: reduced to transparent or opaque")
    for frame, mask in zip(opaque, masks, strict=True):
        if mask is not None:
            frame.paste((0, 0, 0), mask=mask)  # one color less to choose for what nobody sees
    room = colors - 1 if hole else colors
    made = _exact(opaque, room, alike=not keyed)
    if made is None:
        made = _dithered(opaque, room)
        changes.append(f"colors: reduced to {colors}")
    for frame, mask in zip(made, masks, strict=True):
        if mask is not None:
            frame.paste(room, mask=mask)
        if hole:
            frame.info["transparency"] = room
    if hole:
        for frame in made:
            entries = (frame.getpalette() or [])[: room * 3]
            frame.putpalette(entries + [0] * ((room + 1) * 3 - len(entries)))
    return made


def _soft(image: Image) -> bool:
    """Whether any pixel is partly transparent."""
    return any(image.getchannel("A").histogram()[1:255])


def _hidden(image: Image) -> Image:
    """A mask of the pixels that are less than half opaque."""
    return image.getchannel("A").point([255] * 128 + [0] * 128)


def _with_alpha_palette(image: Image, colors: int) -> Image:
    from PIL import Image as Images

    made = image.convert("RGBA").quantize(colors, method=Images.Quantize.FASTOCTREE)
    made.info = {}
    return made


def _exact(frames: list[Image], room: int, alike: bool) -> list[Image] | None:
    """No color changed: one palette for all frames, else (not `alike`) one for each; None where colors are too many."""
    shared = _few(frames, room)
    if shared is not None:
        return [_indexed(frame, shared) for frame in frames]
    if alike:
        return None
    made = []
    for frame in frames:
        own = _few([frame], room)
        if own is None:
            return None
        made.append(_indexed(frame, own))
    return made


def _few(frames: list[Image], room: int) -> list[tuple[int, int, int]] | None:
    """The colors of all frames where they are at most `room`, in order; None where there are more."""
    found: set[tuple[int, int, int]] = set()
    for frame in frames:
        counted = frame.getcolors(room)
        if counted is None:
            return None
        found.update(value for _, value in counted if isinstance(value, tuple) and len(value) == 3)
        if len(found) > room:
            return None
    return sorted(found)


def _indexed(frame: Image, colors: list[tuple[int, int, int]]) -> Image:
    """Every pixel gets the entry of its own color."""
    import numpy
    from PIL import Image as Images

    codes = numpy.array([red << 16 | green << 8 | blue for red, green, blue in colors], dtype=numpy.int32)
    samples = numpy.asarray(frame).astype(numpy.int32)
    packed = samples[..., 0] << 16 | samples[..., 1] << 8 | samples[..., 2]
    made = Images.fromarray(numpy.searchsorted(codes, packed).astype(numpy.uint8))
    made.putpalette([channel for entry in colors for channel in entry])
    return made


def _dithered(frames: list[Image], room: int) -> list[Image]:
    from PIL import Image as Images

    sample = _sample(frames)
    chosen = sample.quantize(room, method=Images.Quantize.MEDIANCUT, kmeans=1)
    made = []
    for frame in frames:
        image = frame.quantize(palette=chosen, dither=Images.Dither.FLOYDSTEINBERG)
        image.info = {}
        made.append(image)
    return made


def _sample(frames: list[Image]) -> Image:
    """One picture that stands for all frames: the only one, or nearest-neighbor samples below each other."""
    from PIL import Image as Images

    if len(frames) == 1:
        return frames[0]
    width, height = frames[0].size
    scale = min(1.0, (_SAMPLE / (width * height * len(frames))) ** 0.5)
    small = (max(1, int(width * scale)), max(1, int(height * scale)))
    sheet = Images.new("RGB", (small[0], small[1] * len(frames)))
    for index, frame in enumerate(frames):
        sheet.paste(frame.resize(small, Images.Resampling.NEAREST), (0, index * small[1]))
    return sheet
