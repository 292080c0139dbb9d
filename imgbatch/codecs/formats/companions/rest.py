"""Rest: what follows a JPEG's picture when its metadata are changed, or a gain map is made along with it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.codecs.containers import mpo_index
from imgbatch.codecs.formats.companions import extended, layout
from imgbatch.codecs.formats.companions.layout import Piece
from imgbatch.codecs.formats.companions.pieces import announcements_of, pieces_of, strip_piece
from imgbatch.codecs.metadata import announcements, strip
from imgbatch.codecs.metadata.block import FILM, GAIN_MAP, PREVIEW
from imgbatch.codecs.reading import companions

if TYPE_CHECKING:
    from imgbatch.codecs.containers.jpeg_companions import Companion
    from imgbatch.codecs.encoder_options import Encoding
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.reading.decode import SourceImage

#: How a film says where it was taken; other tracks and boxes hold no words of their own.
_PLACES = (b"\xa9xyz", b"loci", b"location.ISO6709", b"gpmd", b"camm", b"freeGPS", b"xmpmeta")
#: What begins metadata in bytes that are neither a JPEG nor a film, as a HEIC picture's.
_BLOCKS = (b"Exif", b"II*\0", b"MM\0*", b"xmpmeta", b"8BIM", b"GPS")


class Rest:
    """What follows a picture whose metadata are changed.

    Parameters
    ----------
    source : bytes
        The file.
    end : int
        Where its picture ends.
    pieces : list of Piece or None
        The JPEGs that follow from now on; None: all that follows in `source`, as it is.
    tail : bytes
        What follows `pieces`.
    """

    def __init__(self, source: bytes, end: int, pieces: list[Piece] | None, tail: bytes = b"") -> None:
        self.source, self.end, self.pieces, self.tail = source, end, pieces, tail

    def append_to(self, jpeg: bytes, more: bytes = b"") -> bytes:
        """The file of the picture `jpeg`, which has no index yet, with `more` segments, and of what follows."""
        jpeg = layout.insert(jpeg, more)
        with_mark = layout.insert(jpeg, layout.iso_segments(self.source))
        if self.pieces is None:
            return layout.with_index(with_mark, self.source, self.end)
        has_gain_map = any(piece.kind == GAIN_MAP for piece in self.pieces)
        return layout.assemble(with_mark if has_gain_map else jpeg, self.pieces) + self.tail


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
    originals = pieces_of(data, jpegs)
    pieces = [strip_piece(piece, encoding) for piece in originals]
    if not losses and pieces == originals and announcements_of(before) == announcements_of(final.xmp):
        return Rest(data, end, None), extended.keep_extension(image, data, encoding, final, changes)
    rest = [piece for piece in pieces if piece is not None]
    changes += ["attributes in the index of pictures (MPF) not kept"] if mpo_index.has_attributes(data) else []
    losses += [one for one, piece in zip(jpegs, pieces, strict=True) if piece is None]
    tail = _tail(others, losses, before, final.xmp)
    losses += [one for one in others if not one.is_jpeg and one not in tail and one not in losses]
    changes += companions.losses(losses, image)
    if any(one.kind == GAIN_MAP for one in losses):
        final.exif = companions.without_gain_of_apple(final).exif
    films = [one for one in tail if one.kind == FILM]
    final.xmp = companions.without_announcements(final, image, changes, keep_films=bool(films)).xmp
    directory = [(piece.kind, len(piece.data)) for piece in rest]
    if any(item.kind == FILM for item in announcements.items(before or b"")):
        directory += [(one.kind, one.end - one.start) for one in films]
    final.xmp = layout.announce(final.xmp, before, directory)
    changes += extended.losses(image)
    return Rest(data, end, rest, data[tail[0].start :] if tail else b""), b""


def _tail(
    others: Sequence[Companion], losses: Sequence[Companion], before: bytes | None, packet: bytes | None
) -> list[Companion]:
    """The end of the file from the first companion on that is no JPEG, if it stays: its places count from the end.

    A film stays only as long as it is announced as it was.
    """
    tail = sorted((one for one in others if not one.is_jpeg), key=lambda one: one.start)
    if (
        not tail
        or any(one in losses for one in tail)
        or any(one.start > tail[0].start for one in others if one.is_jpeg)
    ):
        return []
    was, still = (FILM in announcements.without_announcements(xmp or b"")[1] for xmp in (before, packet))
    return tail if was == still else []


def _stays(data: bytes, one: Companion, encoding: Encoding) -> bool:
    """Whether a companion may stay: metadata of what is no JPEG cannot be stripped, so it goes where it has some."""
    if one.kind == GAIN_MAP and encoding.gainmap == "drop":
        return False
    rules = strip.strip_rules(encoding.strip, encoding.keep)
    if rules is not None and one.kind == PREVIEW and rules.drops("", "thumbnail", "all"):
        return False
    if one.is_jpeg or rules is None:
        return True
    if rules.block("film"):
        return False
    places = _PLACES if rules.drops("", "location", "gps") else ()
    words = places if one.kind == FILM else _BLOCKS
    return not any(data.find(word, one.start, one.end) >= 0 for word in words)
