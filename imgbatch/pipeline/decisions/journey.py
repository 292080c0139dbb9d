"""Journey: where do the places of a file's picture come to lie in one of its outputs?"""

from __future__ import annotations

from dataclasses import replace

from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.metadata.exif import without_thumbnails
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.core.places import STILL, Journey, PlaceMap
from imgbatch.core.quantities import Size
from imgbatch.operations import Operation
from imgbatch.pipeline.decisions.decode_plan import DecodePlan, shows_whole_source
from imgbatch.pixels.orientation import swap_size


def journey_to(picture: SourceImage, plan: DecodePlan, output: int, end: Size) -> Journey:
    """The journey of a picture to an output of `end` px; its map is None where an operation does not say where to.

    Parameters
    ----------
    picture : SourceImage
    plan : DecodePlan
    output : int
        Its place among the job's targets.
    end : Size
        Of the first frame after the operations, in px.
    """
    orientation = picture.sensor_orientation(upright=plan.turner != "nobody")
    start = swap_size(plan.size, orientation)
    return Journey(start, orientation, map_along((*plan.common, *plan.own[output]), plan.size, end), end)


def on_journey(
    metadata: Metadata, picture: SourceImage, plan: DecodePlan, output: int, end: Size, changes: list[str]
) -> Metadata:
    """`metadata` for an output: with the journey where they name places, without a thumbnail that shows more than it.

    Parameters
    ----------
    metadata, picture, plan, output, end
        As of :func:`journey_to`.
    changes : list of str
        Gets that the thumbnail goes.
    """
    if not shows_whole_source((*plan.common, *plan.own[output])):
        metadata = without_thumbnails(metadata, changes)
    from imgbatch.codecs.metadata.regions.follow import names_places  # not where nothing has metadata

    return replace(metadata, journey=journey_to(picture, plan, output, end)) if names_places(metadata) else metadata


def map_along(ops: tuple[Operation, ...], size: Size, end: Size) -> PlaceMap | None:
    """Where operations lead the places of a picture; None where one of them does not say.

    Parameters
    ----------
    ops : tuple of Operation
    size, end : Size
        Of the picture before and after them, in px.
    """
    result, here = STILL, size
    for op in ops:
        place_map, after = op.place_map(here), op.after(here)
        if place_map == STILL:  # what leaves places alone need not say its size, and keeps it
            here = after or here
            continue
        if place_map is None or after is None:
            return None
        result, here = result.then(place_map), after
    return result if here == end else None
