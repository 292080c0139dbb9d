"""EXIF: what does it say of a picture, and how is it carried without breaking what we do not understand?

Cameras put offsets into private blocks (maker notes), so a block is never taken apart and put together again: it is
carried byte for byte, and the orientation is patched in place. Only TIFF, whose tags are EXIF's own, gets a new block
made of the tags that describe the picture.
"""

from __future__ import annotations

import contextlib
import io
import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.metadata import exif_tags, header_blocks
from imgbatch.codecs.metadata.exif_tags import (
    EXIF_IFD,
    GPS_IFD,
    INTEROP_IFD,
    MAKER_NOTE,
    ORIENTATION,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    Y_RESOLUTION,
)
from imgbatch.codecs.metadata.read import MOST
from imgbatch.pixels.orientation import to_upright

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

    from imgbatch.codecs.metadata.block import Metadata

_SMALL = 1 << 20  # px: an embedded picture that is larger is not turned, but removed
#: Where Pillow looks for the orientation.
_ORIENTATION_KEYS = frozenset({"exif", "xmp", header_blocks.PNG_XMP})
_MOVABLE = (b"Apple iOS\0", b"Nikon\0\x02", b"FUJIFILM", b"OLYMPUS\0", b"OM SYSTEM\0", b"PENTAX \0")
#: Tags of the first directory that describe the picture rather than how the file stores it.
_DESCRIPTIVE = (
    0x010E,  # ImageDescription
    0x010F,  # Make
    0x0110,  # Model
    ORIENTATION,
    X_RESOLUTION,
    Y_RESOLUTION,
    RESOLUTION_UNIT,
    0x0131,  # Software
    0x0132,  # DateTime
    0x013B,  # Artist
    0x013C,  # HostComputer
    0x8298,  # Copyright
)


def orientation(image: Image, warnings: list[str]) -> int:
    """The orientation that EXIF or XMP says, 1..8; 1 where there is none or it makes no sense (then with a warning)."""
    if image._exif is None and _ORIENTATION_KEYS.isdisjoint(image.info) and not hasattr(image, "tag_v2"):
        return 1
    from PIL.Image import Image as Plain

    try:
        value = Plain.getexif(image).get(ORIENTATION, 1)  # PNG's own getexif would decode the picture
    except Exception:  # noqa: BLE001 - whatever is wrong with the block, the picture is fine
        warnings.append("exif is damaged, orientation not known")
        with contextlib.suppress(AttributeError):
            image._exif = None
        return 1
    if isinstance(value, int) and 0 <= value <= 8:
        return value or 1  # some cameras write 0 for "not known"
    value_text = f" {value!r}" if isinstance(value, (int, str)) else ""
    warnings.append(f"exif orientation{value_text} is none of 1..8, taken for 1")
    return 1


def exif_of(image: Image, warnings: list[str], changes: list[str] | None = None) -> bytes | None:
    r"""The EXIF block without its ``Exif\0\0``; None when there is none or it is damaged (then with a warning).

    Parameters
    ----------
    image : Image
        As its reader opened it.
    warnings : list of str
        Gets why a block is not kept: damaged, or too large.
    changes : list of str, optional
        Gets what is lost: of a TIFF's tags a new block is made, and some maker notes may not be moved.
    """
    raw = (
        _block_of_tiff(image, [] if changes is None else changes)
        if hasattr(image, "tag_v2")
        else _block_in_header(image)
    )
    if not raw:
        return None
    if len(raw) > MOST:
        warnings.append(f"exif ignored: {len(raw) / 1e6:.1f} MB, more than {MOST / 1e6:.1f} MB")
        return None
    if not exif_tags.directories(raw):
        warnings.append("exif is damaged, not kept")
        return None
    return raw


def _block_in_header(image: Image) -> bytes | None:
    """The block of a picture that is no TIFF, whatever it holds."""
    block: Any = image.info.get("exif")
    return header_blocks.without_marks(block) if isinstance(block, bytes) else None


def turn(metadata: Metadata, orientation: int) -> None:
    """Make what `metadata` says true of a picture that was turned upright: the tags, and the embedded small picture."""
    from imgbatch.codecs.metadata import xmp

    if metadata.exif is not None:
        metadata.exif = with_upright_orientation(metadata.exif)
        small = exif_tags.thumbnail(metadata.exif)
        if small is not None and orientation != 1:
            upright = _turn_thumbnail(small, orientation)
            metadata.exif = (
                exif_tags.without(metadata.exif, exif_tags.of_thumbnail)
                if upright is None
                else exif_tags.with_thumbnail(metadata.exif, upright)
            )
    if metadata.xmp is not None:
        metadata.xmp = xmp.with_upright_orientation(metadata.xmp)


def without_thumbnails(metadata: Metadata, changes: list[str]) -> Metadata:
    """`metadata` without the small pictures embedded in it, for pixels that show something else by now."""
    from imgbatch.codecs.metadata import xmp

    result = replace(metadata)
    if metadata.exif is not None and exif_tags.has_thumbnail(metadata.exif):
        result.exif = exif_tags.without(metadata.exif, exif_tags.of_thumbnail)
    if metadata.xmp is not None and b"Thumbnails" in metadata.xmp:
        result.xmp = xmp.without(metadata.xmp, lambda prefix, name, inside: name == "Thumbnails")
    if (result.exif, result.xmp) != (metadata.exif, metadata.xmp):
        changes.append("embedded thumbnail removed: it shows the picture as it was")
    return result


def _turn_thumbnail(small: bytes, orientation: int) -> bytes | None:
    """A JPEG turned upright; None where it is none, or no small one."""
    from PIL import Image as Images

    way = to_upright(orientation)
    try:
        with Images.open(io.BytesIO(small), formats=["JPEG"]) as image:
            if way is None or math.prod(image.size) > _SMALL:
                return None
            file = io.BytesIO()
            image.transpose(way).save(file, "JPEG", quality=80)
            return file.getvalue()
    except Exception:  # noqa: BLE001 - a small picture that cannot be read is not worth a picture
        return None


def with_upright_orientation(exif: bytes) -> bytes:
    """The same block with every orientation of its first and second directory (picture, thumbnail) set to 1."""
    order, result = exif_tags.order_of(exif), bytearray(exif)
    for entry in exif_tags.entries(exif):
        if entry.tag == ORIENTATION and entry.directory in ("image", "thumbnail"):
            word = {exif_tags.SHORT: "H", exif_tags.LONG: "I"}.get(entry.kind)
            if word is not None:
                struct.pack_into(f"{order}{word}", result, entry.at + 8, 1)
    return bytes(result)


def without_orientation(exif: bytes) -> bytes:
    """The same block without an orientation of 1 in its first directory; offsets stay true, 12 bytes become slack."""
    order, image = exif_tags.order_of(exif), next(iter(exif_tags.directories(exif)), None)
    if image is None:
        return exif
    for entry in image.entries:
        if entry.tag == ORIENTATION:
            if struct.unpack_from(f"{order}H", exif, entry.at + 8)[0] != 1:
                return exif
            start, count = image.at, len(image.entries)
            end = start + 2 + 12 * count + 4
            head = exif[:start] + struct.pack(f"{order}H", count - 1) + exif[start + 2 : entry.at]
            return head + exif[entry.at + 12 : end] + bytes(12) + exif[end:]
    return exif


def description_tags(exif: bytes) -> tuple[Exif | None, dict[int, dict[int, Any]]]:
    """For TIFF: the tags that describe the picture, and its directories of EXIF and GPS values."""
    from PIL import Image as Images

    tags = Images.Exif()
    try:
        tags.load(exif_tags.with_ascii_kinds(exif))
        description, groups = _descriptive_tags(tags)
        return description if len(description) else None, groups
    except Exception:  # noqa: BLE001 - a damaged block: the picture is written without it
        return None, {}


def _descriptive_tags(tags: Exif) -> tuple[Exif, dict[int, dict[int, Any]]]:
    """The tags of the first directory that describe the picture, and the groups that can be written again."""
    from PIL import Image as Images
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    description = Images.Exif()
    description.endian = "<"
    for tag in _DESCRIPTIVE:
        if tag in tags and _is_writable(tag, tags[tag]):
            description[tag] = _as_bytes(tags[tag])
    if RESOLUTION_UNIT not in description and (X_RESOLUTION in description or Y_RESOLUTION in description):
        description[RESOLUTION_UNIT] = 1  # none: what the numbers count is not known
    groups: dict[int, dict[int, Any]] = {}
    for group in (EXIF_IFD, GPS_IFD):
        values = {}
        for tag, value in (tags.get_ifd(group) if group in tags else {}).items():
            trial = ImageFileDirectory_v2(b"II*\0\0\0\0\0", group=group)
            if tag == MAKER_NOTE and not is_movable(value):
                continue
            with contextlib.suppress(Exception):  # one odd value is not worth the others
                trial[tag] = value
                trial.tobytes(8)
                if tag != INTEROP_IFD:
                    values[tag] = value
        if values:
            groups[group] = values
    return description, groups


def _as_bytes(value: Any, end: bytes = b"") -> Any:
    """A text as it was in the file: Pillow reads it as Latin-1, and writes a ``?`` for what is not ASCII."""
    return value.encode("latin-1", "replace") + end if isinstance(value, str) else value


def _is_writable(tag: int, value: object) -> bool:
    """Whether libtiff takes a value of a descriptive tag: it refuses the picture for the sake of one."""
    if tag == RESOLUTION_UNIT:
        return value in (1, 2, 3)
    if tag == ORIENTATION:
        return value in range(1, 9)
    if tag in (X_RESOLUTION, Y_RESOLUTION):
        with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
            return 0 <= float(value) < 2**32  # type: ignore[arg-type]  # whatever it is
        return False
    return isinstance(value, (str, bytes))


def is_movable(note: object) -> bool:
    """Whether a maker note may be moved: these begin with a name, and count their offsets from there."""
    return isinstance(note, bytes) and note.startswith(_MOVABLE)


def has_fixed_maker_note(exif: bytes) -> bool:
    """Whether there is a maker note that may not be moved."""
    notes = [entry for entry in exif_tags.entries(exif) if entry.tag == MAKER_NOTE and entry.directory == "exif"]
    return any(not is_movable(exif[note.start : note.start + note.length]) for note in notes)


def _block_of_tiff(image: Image, changes: list[str]) -> bytes | None:
    from PIL import TiffTags
    from PIL.Image import Image as Plain

    try:
        tags = Plain.getexif(image)
        texts = _utf8_texts(image)
        for tag, text in texts.pop(0).items():
            tags[tag] = text
        description, groups = _descriptive_tags(tags)
        for group, values in texts.items():
            if values:
                groups[group] = groups.get(group, {}) | values
        if MAKER_NOTE in tags.get_ifd(EXIF_IFD) and MAKER_NOTE not in groups.get(EXIF_IFD, {}):
            changes.append("maker note not kept")
        for group, values in groups.items():
            ends = {tag: b"" if TiffTags.lookup(tag, group).type == exif_tags.ASCII else b"\0" for tag in values}
            description[group] = {tag: _as_bytes(value, ends[tag]) for tag, value in values.items()}
        ascii_tags = {tag for values in groups.values() for tag, value in values.items() if isinstance(value, str)}
        return exif_tags.with_ascii_kinds(description.tobytes()[6:], ascii_tags) if len(description) else None
    except Exception:  # noqa: BLE001 - tags that cannot be written again are not worth a picture
        return None


def _utf8_texts(image: Any) -> dict[int, dict[int, str]]:
    """The texts of the type UTF-8 (EXIF 3.0), which Pillow leaves out, of a TIFF's first page: by directory and tag."""
    order, room = image.tag_v2._endian, MOST
    texts: dict[int, dict[int, str]] = {0: {}}
    queue = [(0, image.tag_v2._offset)]
    for group, at in queue:  # which grows meanwhile
        image.fp.seek(at)
        head = image.fp.read(2)
        count = 0 if image.tag_v2._bigtiff or len(head) < 2 else struct.unpack(order + "H", head)[0]
        entries = image.fp.read(12 * count)
        for tag, kind, number, start in struct.iter_unpack(order + "HHII", entries[: len(entries) // 12 * 12]):
            if group == 0 and tag in (EXIF_IFD, GPS_IFD) and tag not in texts:
                texts[tag] = {}
                queue.append((tag, start))
            elif kind == exif_tags.UTF_8 and number <= room:
                image.fp.seek(start)
                text = image.fp.read(number) if number > 4 else struct.pack(order + "I", start)[:number]
                texts[group][tag] = text.rstrip(b"\0").decode("latin-1")  # as Pillow reads what is ASCII
                room -= number
    return texts
