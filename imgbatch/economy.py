"""How few pixels will do?

Work asks here before it decodes: how large must the decoded picture be so that every output comes out as from all its
pixels, and how much memory will that take?
"""

from __future__ import annotations

from collections.abc import Sequence

from imgbatch.codecs.reading import Opened
from imgbatch.operations import Operation, Size
from imgbatch.recipe import Output, Recipe


def wanted(recipe: Recipe, size: Size, outputs: Sequence[Output]) -> Size | None:
    """How many pixels of an original of `size` will do for all outputs; None: all of them."""
    wishes = []
    for output in outputs:
        ops = (*recipe.ops, *output.ops)
        wish = ops[0].demand(size) if ops else None
        if wish is None:
            return None
        wishes.append(wish)
    if not wishes:
        return None
    return max(width for width, _ in wishes), max(height for _, height in wishes)


def needed(opened: Opened, wanted: Size, data: int) -> int:
    """About how many bytes the picture will take: what is decoded, twice what comes of it, and the file itself."""
    width, height = opened.size
    if opened.format == "jpeg":  # decoded at half, a quarter or an eighth where that will do
        long, wish = max(width, height), max(wanted)
        scale = next((scale for scale in (8, 4, 2) if long >= scale * wish), 1)
        width, height = width // scale, height // scale
    frames = opened.frame_count if opened.format in ("gif", "png", "webp", "avif", "tiff") else 1
    return 4 * (width * height + (1 + frames) * wanted[0] * wanted[1]) + data


def settled(ops: Sequence[Operation], size: Size) -> Sequence[Operation]:
    """`ops` with the first one's numbers settled for the original's size: what it will see has fewer pixels."""
    return (ops[0].settled(size), *ops[1:]) if ops else ops
