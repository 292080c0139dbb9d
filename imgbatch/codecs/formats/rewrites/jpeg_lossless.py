"""Lossless JPEG changes: how do a JPEG's metadata change while its picture stays what it is, bit by bit?

A JPEG is a row of segments before the first scan. What the decoder needs stays (tables, frame, Adobe's marker, JFIF,
the profile); all other application segments and comments go, and those that are wanted are put in. What follows the
picture (a gain map, a motion photo's film, more pictures) is for companions/rest.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.containers.integrity import jpeg_scans, scans_alone
from imgbatch.codecs.containers.jpeg_headers import (
    APP0,
    APP1,
    APP2,
    APP13,
    APP14,
    APPLICATIONS,
    COM,
    SOS,
    segment,
    segments,
)
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.formats.jpeg import Jpeg
from imgbatch.codecs.metadata import iptc
from imgbatch.codecs.metadata.header_blocks import JFIF, PHOTOSHOP, PROFILE, SEGMENTS, XMP
from imgbatch.codecs.writing.encode import EncodedFile, final_metadata, metadata_options
from imgbatch.pixels import profile_conversion

if TYPE_CHECKING:
    from imgbatch.codecs.reading.decode import SourceImage

#: Blocks beside the one that counts.
_DOUBLES = ("second exif block", "second xmp packet")
_PIECE = 65535 - 2 - len(PROFILE) - 2


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
    only_labels = bool(encoding.set) and encoding.strip is None and encoding.keep is None
    if only_labels:  # blocks that nobody reads here stay, but for those that say the same again
        metadata = replace(metadata, others=tuple(one for one in metadata.others if one[0] in _DOUBLES))
    codec, rest, extension = Jpeg(), None, b""
    final = final_metadata(codec, metadata, encoding, size, changes)
    same = (final.exif, final.xmp, final.iptc) == (metadata.exif, metadata.xmp, metadata.iptc)
    if only_labels and same and not metadata.others and not (encoding.gainmap == "drop" and image.companions):
        return EncodedFile(data, codec.name, *size, changes=changes, has_position=final.has_position)
    image.end = image.end or jpeg_scans(data)[1]
    if image.companions or metadata.xmp:
        from imgbatch.codecs.formats.companions.rest import rest_to_write

        rest, extension = rest_to_write(image, data, encoding, final, changes)
    icc = None if only_labels else metadata.icc
    options = metadata_options(codec, final, changes) | ({"icc_profile": icc} if icc else {})
    raw = replace_metadata(data, options, metadata.icc is not None, image.end, only_labels)
    if raw is None:
        return None
    if icc and PROFILE not in data:
        changes.append(f"icc: {profile_conversion.profile_name(icc)} written beside the picture")
    if rest is not None:
        raw = rest.append_to(raw, extension if "xmp" in options else b"")
    return EncodedFile(raw, codec.name, *size, changes=changes, has_position=final.has_position)


def replace_metadata(
    data: bytes, options: dict[str, Any], profile: bool, end: int | None = None, others: bool = False
) -> bytes | None:
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
    others : bool
        Whether blocks that are read by nobody here stay, and all comments.
    """
    end = end or jpeg_scans(data)[1]
    resources: list[bytes] = []
    pieces, jfif, scans, has_profile = [], b"", None, False
    for marker, start, stop in segments(data):
        if marker == SOS:
            scans = start
            break
        content = data[start + 4 : stop]
        if marker == APP0 and content.startswith(JFIF) and len(content) >= 14:
            jfif = data[start:stop] if others else segment(APP0, _density(content, options.get("dpi")))
        if others and marker == APP13 and content.startswith(PHOTOSHOP):
            resources.append(content[len(PHOTOSHOP) :])
            continue
        of_profile = profile and marker == APP2 and content.startswith(PROFILE)
        has_profile = has_profile or of_profile
        is_other = others and not content.startswith(SEGMENTS.get(f"APP{marker - APP0}", b"?"))
        if of_profile or is_other or marker == APP14 or (marker not in APPLICATIONS and marker != COM):
            pieces.append(data[start:stop])
    if end is None or scans is None:
        return None
    head = [jfif]
    if exif := options.get("exif"):
        head.append(segment(APP1, exif))
    if packet := options.get("xmp"):
        head.append(segment(APP1, XMP + packet))
    head.append(options.get("extra", b""))
    rest = iptc.with_records(b"".join(resources), None)
    head += [segment(APP13, PHOTOSHOP + piece) for piece in _pieces(rest, 65000)]
    if not has_profile and "icc_profile" in options:
        head += _profile_segments(options["icc_profile"])
    if (comment := options.get("comment")) and not others:
        head.append(segment(COM, comment))
    return b"".join([data[:2], *head, *pieces, scans_alone(data, scans, end)])


def _profile_segments(icc: bytes) -> list[bytes]:
    """A profile in numbered pieces (ICC.1:2022, annex B.4)."""
    pieces = _pieces(icc, _PIECE)
    heads = (PROFILE + bytes((number, len(pieces))) for number in range(1, len(pieces) + 1))
    return [segment(APP2, head + piece) for head, piece in zip(heads, pieces, strict=True)]


def _pieces(block: bytes, most: int) -> list[bytes]:
    return [block[at : at + most] for at in range(0, len(block), most)]


def _density(jfif: bytes, dpi: tuple[float, float] | None) -> bytes:
    """A JFIF header with another resolution, and without its thumbnail."""
    if dpi is None and jfif[7] == 0:
        return jfif[:12] + b"\0\0"  # the shape of a pixel, which is no resolution
    unit, across, down = (0, 1, 1) if dpi is None else (1, round(dpi[0]), round(dpi[1]))
    return jfif[:7] + bytes((unit,)) + across.to_bytes(2, "big") + down.to_bytes(2, "big") + b"\0\0"
