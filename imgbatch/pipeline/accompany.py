"""Accompanied output: what becomes of the pictures, films and depth that accompany a picture in its file?

A gain map is made along with a picture that stays a JPEG and is at most resized, cropped, turned by quarters and
mirrored. Everything else is left out, and XMP announces it no more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.codecs.metadata import strip
from imgbatch.codecs.metadata.block import GAIN_MAP
from imgbatch.codecs.metadata.words import PLACE_TAGS
from imgbatch.codecs.reading import companions
from imgbatch.core.errors import ImageError
from imgbatch.core.places import STILL

if TYPE_CHECKING:
    from imgbatch.codecs.containers.jpeg_companions import Companion
    from imgbatch.codecs.formats.companions.layout import Piece
    from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
    from imgbatch.codecs.writing.encode import EncodedFile
    from imgbatch.core.quantities import Size
    from imgbatch.pipeline.steps import ImageContext, OutputContext
    from imgbatch.pixels.frames import SpooledFrames
    from imgbatch.planning.recipe import Output

PLACE_CHANGE = "place on earth or sheet (GeoTIFF, position) not kept: the geometry has changed"
MADE_ALONG = "gain map made along with the picture"
#: Bytes of an index of two pictures and of their announcement in XMP, at most.
_INDEX = 1200


def encode(
    image: ImageContext,
    one: OutputContext,
    frames: SpooledFrames,
    format: str,
    metadata: Metadata,
    timing: AnimationTiming,
) -> EncodedFile:
    """An output's file, in memory, whose changes say what accompanied the source's picture and is not in it.

    Parameters
    ----------
    image : ImageContext
        The source.
    one : OutputContext
        The output.
    frames, format, metadata, timing
        As of :func:`codecs.encode`.
    """
    others = image.picture.companions
    changes: list[str] = []
    names_place = any(tag in PLACE_TAGS for page in metadata.pages for tag in page)
    if names_place and not _keeps_places(image, one, frames[0].size):
        pages = tuple({tag: value for tag, value in page.items() if tag not in PLACE_TAGS} for page in metadata.pages)
        metadata = replace(metadata, pages=pages if any(pages) else ())
        changes.append(PLACE_CHANGE)
    metadata = companions.without_announcements(metadata, image.picture, changes)
    gain_map = next((other for other in others if other.kind == GAIN_MAP and other.is_jpeg), None)
    piece = None if gain_map is None or format != "jpeg" else _make_gain_map(image, one, gain_map)
    if gain_map is not None and piece is not None:
        file = _encode_with(image, one, frames, metadata, timing, piece)
        if file is not None:
            changes += [] if piece.data == image.data[gain_map.start : gain_map.end] else [MADE_ALONG]
            changes += companions.losses([other for other in others if other is not gain_map], image.picture)
            file.changes += changes
            return file
    if gain_map is not None or f"{GAIN_MAP} not kept" in image.picture.changes:
        metadata = companions.without_gain_of_apple(metadata)
    file = _encode(image, one, frames, format, one.output, metadata, timing)
    file.changes += [*changes, *companions.losses(others, image.picture)]
    return file


def _encode(
    image: ImageContext,
    one: OutputContext,
    frames: SpooledFrames,
    format: str,
    output: Output,
    metadata: Metadata,
    timing: AnimationTiming,
) -> EncodedFile:
    """The picture alone: encoded, or with the coefficients of its source."""
    if not one.decision.turns:
        return codecs.encode(frames, format, output, metadata, timing)
    from imgbatch.pipeline import coefficients

    return coefficients.file(image, one, metadata)


def _keeps_places(image: ImageContext, one: OutputContext, end: Size) -> bool:
    """Whether each point of the picture is where it was."""
    from imgbatch.pipeline.decisions.journey import map_along

    recipe, picture = image.task.recipe, image.picture
    if recipe.auto_orient and picture.orientation != 1:
        return False
    return map_along((*recipe.ops, *one.output.ops), picture.size, end) == STILL


def _make_gain_map(image: ImageContext, one: OutputContext, gain_map: Companion) -> Piece | None:
    """The gain map of an output; None where it is not wanted, or does not hold for what is made of the picture."""
    from imgbatch.codecs.formats.companions import pieces
    from imgbatch.operations.geometry.view import follow  # few files with XMP have a gain map

    picture, output, recipe = image.picture, one.output, image.task.recipe
    if output.gainmap == "drop":
        return None
    view = follow((*recipe.ops, *output.ops), picture.size, picture.orientation if recipe.auto_orient else 1)
    (original,) = pieces.pieces_of(image.data, [gain_map])
    piece = pieces.strip_piece(original, output)
    if view is None or piece is None:
        return None
    policy = strip.icc_policy(output.icc, output.strip, output.keep)
    if policy != "keep" and picture.metadata.icc is not None and not pieces.is_gray(piece):
        return None  # each channel's gain is for the colors of the profile
    if view.is_whole:
        return piece
    return pieces.remake(piece, view.apply, picture.size[0] * picture.size[1])


def _encode_with(
    image: ImageContext,
    one: OutputContext,
    frames: SpooledFrames,
    metadata: Metadata,
    timing: AnimationTiming,
    piece: Piece,
) -> EncodedFile | None:
    """The file of the picture and its gain map; None where there is no room for both."""
    from imgbatch.codecs.formats.companions import layout, rest

    output = one.output
    if output.max_bytes is not None:
        room = output.max_bytes - len(piece.data) - _INDEX
        if room < 1:
            return None
        output = replace(output, max_bytes=room)
    try:
        file = _encode(image, one, frames, "jpeg", output, metadata, timing)
    except ImageError as error:
        if one.output.max_bytes is not None and error.kind == "target":
            return None
        raise
    jpeg = layout.announce_in(file.data, image.picture.metadata.xmp, [piece])
    if jpeg is None:
        return None
    return replace(file, data=rest.Rest(image.data, 0, [piece]).append_to(jpeg))
