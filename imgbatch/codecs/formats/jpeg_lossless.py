"""Lossless JPEG changes: how do a JPEG's metadata change while its picture stays what it is, bit by bit?

A JPEG is a row of segments before the first scan. What the decoder needs stays (tables, frame, Adobe's marker, JFIF,
the profile); all other application segments and comments go, and those that are wanted are put in. What follows the
picture (a gain map, a motion photo's film, more pictures) is for companions/rest.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgbatch.codecs.containers.integrity import jpeg_scans, scans_alone
from imgbatch.codecs.containers.jpeg_headers import segment, segments
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.formats.jpeg import Jpeg
from imgbatch.codecs.metadata import strip
from imgbatch.codecs.metadata.header_blocks import XMP
from imgbatch.codecs.writing.encode import EncodedFile, metadata_options
from imgbatch.pixels import profile_conversion

if TYPE_CHECKING:
    from imgbatch.codecs.reading.decode import SourceImage

_APP0, _APP1, _APP2, _APP14, _APP15, _COM, _SOS = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE, 0xDA
_JFIF, _ICC = b"JFIF\0", b"ICC_PROFILE\0"
_PIECE = 65535 - 2 - len(_ICC) - 2


def rewrite(data: bytes, encoding: Encoding, image: SourceImage) -> EncodedFile | None:
    """A JPEG with other metadata around the same picture; None where it has to be decoded.

    Parameters
    ----------
    data : bytes
        The file.
    encoding : Encoding
        Which metadata go and stay.
    image : SourceImage
        The same file, opened.
    """
    metadata, size = image.metadata, image.size
    changes = ["picture copied: only metadata are changed"]
    final = strip.metadata_to_write(metadata, encoding.strip, encoding.keep, encoding.icc, size, changes)
    codec, rest, extension = Jpeg(), None, b""
    image.end = image.end or jpeg_scans(data)[1]
    if image.companions or metadata.xmp:
        from imgbatch.codecs.formats.companions.rest import rest_to_write

        rest, extension = rest_to_write(image, data, encoding, final, changes)
    options = metadata_options(codec, final, changes) | ({"icc_profile": metadata.icc} if metadata.icc else {})
    raw = replace_metadata(data, options, metadata.icc is not None, image.end)
    if raw is None:
        return None
    if metadata.icc and _ICC not in data:
        changes.append(f"icc: {profile_conversion.profile_name(metadata.icc)} written beside the picture")
    if rest is not None:
        raw = rest.append_to(raw, extension if "xmp" in options else b"")
    return EncodedFile(raw, codec.name, *size, changes=changes, has_position=final.has_position)


def replace_metadata(data: bytes, options: dict[str, Any], profile: bool, end: int | None = None) -> bytes | None:
    """`data` with other metadata around the same picture; None where it is not as a JPEG should be.

    Parameters
    ----------
    data : bytes
        The whole JPEG.
    options : dict
        Pillow's save options; of them exif, xmp, extra, comment, dpi, and icc_profile where `data` embeds none.
    profile : bool
        Whether its ICC profile stays.
    end : int, optional
        Where its picture ends, where that is known.
    """
    end = end or jpeg_scans(data)[1]
    pieces, jfif, scans, has_profile = [], b"", None, False
    for marker, start, stop in segments(data):
        if marker == _SOS:
            scans = start
            break
        content = data[start + 4 : stop]
        if marker == _APP0 and content.startswith(_JFIF) and len(content) >= 14:
            jfif = segment(_APP0, _density(content, options.get("dpi")))
        of_profile = profile and marker == _APP2 and content.startswith(_ICC)
        has_profile = has_profile or of_profile
        if of_profile or marker == _APP14 or (marker not in range(_APP0, _APP15 + 1) and marker != _COM):
            pieces.append(data[start:stop])
    if end is None or scans is None:
        return None
    head = [jfif]
    if exif := options.get("exif"):
        head.append(segment(_APP1, exif))
    if packet := options.get("xmp"):
        head.append(segment(_APP1, XMP + packet))
    head.append(options.get("extra", b""))
    if not has_profile and "icc_profile" in options:
        head += _profile_segments(options["icc_profile"])
    if comment := options.get("comment"):
        head.append(segment(_COM, comment))
    return b"".join([data[:2], *head, *pieces, scans_alone(data, scans, end)])


def _profile_segments(icc: bytes) -> list[bytes]:
    """A profile in numbered pieces (ICC.1:2022, annex B.4)."""
    pieces = [icc[at : at + _PIECE] for at in range(0, len(icc), _PIECE)]
    heads = (_ICC + bytes((number, len(pieces))) for number in range(1, len(pieces) + 1))
    return [segment(_APP2, head + piece) for head, piece in zip(heads, pieces, strict=True)]


def _density(jfif: bytes, dpi: tuple[float, float] | None) -> bytes:
    """A JFIF header with another resolution, and without its thumbnail."""
    if dpi is None and jfif[7] == 0:
        return jfif[:12] + b"\0\0"  # the shape of a pixel, which is no resolution
    unit, across, down = (0, 1, 1) if dpi is None else (1, round(dpi[0]), round(dpi[1]))
    return jfif[:7] + bytes((unit,)) + across.to_bytes(2, "big") + down.to_bytes(2, "big") + b"\0\0"
