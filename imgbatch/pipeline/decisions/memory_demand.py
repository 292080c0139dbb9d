"""Memory demand: how many pixels of a picture are decoded by its plan, and how much memory does it take?"""

from __future__ import annotations

import math

from imgbatch.codecs.reading.decode import MULTIFRAME, SourceImage
from imgbatch.core.quantities import Size
from imgbatch.pipeline.decisions.decode_plan import DecodePlan, jpeg_scale, sizes_along
from imgbatch.pixels import frames
from imgbatch.pixels.color import FLOATS

_SEQUENCES = 4  # what was decoded, one output's frames, these in the format's mode and in its palette

#: Bytes of a pixel for each band of 16 bits: two readers' halves, what comes of them, and an operation's floats.
_DEEP_BYTES = 6
_MOST = 1 << 40  # px
_BANDS = {"LA;16": 2, "RGB;16": 3, FLOATS: 6}


def memory_demand(picture: SourceImage, plan: DecodePlan, data: int, spool: bool = True) -> int:
    """About how many bytes the picture will take: what is decoded, twice what comes of it, and the file itself.

    What comes of it counts as large as the operations make it: a turn by 45 degrees has twice the pixels, and holds
    three such pictures.

    Parameters
    ----------
    picture, plan, data, spool
        `data`: the file's size in bytes. A JPEG in several scans is held whole, JPEG 2000 in numbers of 32 bits. Of
        `spool` frames a few sequences' worth is in memory, and for GIF a byte a pixel; of others one at a time.
    """
    is_deep = plan.deep or picture.deep == FLOATS  # which are read whole whatever comes of them
    width = _DEEP_BYTES * _BANDS.get(picture.deep or "", 4) if is_deep else 4
    pixels = math.prod((plan.demand if picture.scales else None) or plan.size)
    more = (picture.frame_count if spool and picture.format in MULTIFRAME else 1) - 1
    spool_size = min(width * more * pixels, _SEQUENCES * frames.MEMORY_LIMIT + more * pixels)
    size = decoded_size(picture, plan)
    results = max(2 * pixels, _largest_results(size, plan))
    return width * (math.prod(size) + results) + spool_size + picture.waves + data


def _largest_results(size: Size, plan: DecodePlan) -> int:
    """Pixels of what the operations hold at once of their results, from a picture of `size` on."""
    most = 0
    for own in plan.own or ((),):
        ops = (*plan.common, *own)
        for operation, after in zip(ops, sizes_along(ops, size)[1:], strict=True):
            if after is None:
                break  # only its pixels can tell, and what can be told of these makes pictures smaller
            most = max(most, operation.memory_copies * math.prod(after))
    return min(most, _MOST)  # more pixels are refused by the operation


def decoded_size(picture: SourceImage, plan: DecodePlan) -> Size:
    """Width and height in px of what is decoded, the way up of the plan's size."""
    scale = jpeg_scale(plan.size, plan.demand if picture.scales else None)  # nothing else is decoded smaller
    return -(-plan.size[0] // scale), -(-plan.size[1] // scale)
