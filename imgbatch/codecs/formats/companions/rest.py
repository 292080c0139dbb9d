"""Rest: what follows a JPEG's picture when its metadata are changed, or a gain map is made along with it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.codecs.formats.companions import extended, layout
from imgbatch.codecs.formats.companions.layout import Piece
from imgbatch.codecs.formats.companions.pieces import announcements_of, pieces_of, strip_piece
from imgbatch.codecs.metadata import strip
from imgbatch.codecs.metadata.block import GAIN_MAP, PREVIEW
from imgbatch.codecs.reading import companions

if TYPE_CHECKING:
    from imgbatch.codecs.containers.jpeg_companions import Companion
    from imgbatch.codecs.encoder_options import Encoding
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.reading.decode import SourceImage

#: How a film says where it was taken; other tracks and boxes hold no words of their own.
_PLACES = (b"\xa9xyz", b"loci", b"location.ISO6709", b"gpmd", b"GPS")


class Rest:
    """What follows a picture whose metadata are changed.

    Parameters
    ----------
    source : bytes
        The file.
    end : int
        Where its picture ends.
    pieces : list of Piece or None
        What follows from now on; None: all that follows in `source`, as it is.
    """

    def __init__(self, source: bytes, end: int, pieces: list[Piece] | None) -> None:
        self.source, self.end, self.pieces = source, end, pieces

    def append_to(self, jpeg: bytes, more: bytes = b"") -> bytes:
        """The file of the picture `jpeg`, which has no index yet, with `more` segments, and of what follows."""
        jpeg = layout.insert(jpeg, more)
        with_mark = layout.insert(jpeg, layout.iso_segments(self.source))
        if self.pieces is None:
            return layout.with_index(with_mark, self.source, self.end)
        has_gain_map = any(piece.kind == GAIN_MAP for piece in self.pieces)
        return layout.assemble(with_mark if has_gain_map else jpeg, self.pieces)


def rest_to_write(
    image: SourceImage, data: bytes, encoding: Encoding, final: Metadata, changes: list[str]
) -> tuple[Rest, bytes]:
    """What follows a JPEG's picture when its metadata are changed: all of it, or what has to go is left out.

    And the segments of its extended XMP, where that stays.

    Parameters
    ----------
    image : SourceImage
    data : bytes
        Its file.
    encoding : Encoding
        Which metadata go, and whether gain maps stay.
    final : Metadata
        What is written; its XMP is made true.
    changes : list of str
        Gets what is not kept.
    """
    end = image.end or len(data)
    others, before = image.companions, image.metadata.xmp
    losses = [one for one in others if not _stays(data, one, encoding)]
    jpegs = [one for one in others if one.is_jpeg and one not in losses]
    pieces = [strip_piece(data, one, encoding) for one in jpegs]
    same_pieces = pieces == pieces_of(data, jpegs)
    if not losses and same_pieces and announcements_of(before) == announcements_of(final.xmp):
        return Rest(data, end, None), extended.keep_extension(image, data, encoding, final, changes)
    rest = [piece for piece in pieces if piece is not None]
    losses += [one for one, piece in zip(jpegs, pieces, strict=True) if piece is None]
    losses += [one for one in others if not one.is_jpeg and one not in losses]
    changes += companions.losses(losses, image)
    if any(one.kind == GAIN_MAP for one in losses):
        final.exif = companions.without_gain_of_apple(final).exif
    final.xmp = companions.without_announcements(final, image, changes).xmp
    final.xmp = layout.announce(final.xmp, before, rest)
    changes += extended.losses(image)
    return Rest(data, end, rest), b""


def _stays(data: bytes, one: Companion, encoding: Encoding) -> bool:
    """Whether a companion may stay: a film's metadata cannot be stripped, so it goes where it could have some."""
    if one.kind == GAIN_MAP and encoding.gainmap == "drop":
        return False
    rules = strip.strip_rules(encoding.strip, encoding.keep)
    if rules is not None and one.kind == PREVIEW and rules.drops("", "thumbnail", "all"):
        return False
    if one.is_jpeg or rules is None:
        return True
    if rules.block("film"):
        return False
    return not rules.drops("", "location", "gps") or not any(
        data.find(word, one.start, one.end) >= 0 for word in _PLACES
    )
