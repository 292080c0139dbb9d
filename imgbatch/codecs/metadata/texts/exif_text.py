"""EXIF text: what does a tag say, as people would write it?

Text in EXIF is declared as ASCII and is UTF-8 by now, where it is not what Windows had (code page 1252). UserComment
begins with eight bytes that name its coding; UNICODE there is UTF-16 in either order, and UTF-8 of careless writers.
Windows writes XPTitle and its kin in UTF-16. Numbers are ratios: an exposure of 0.004 s is written 1/250.
"""

from __future__ import annotations

import contextlib
import math
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.metadata import exif_tags

if TYPE_CHECKING:
    from PIL.Image import Exif

_USER_COMMENT, _EXPOSURE_TIME, _EXPOSURE_BIAS = 0x9286, 0x829A, 0x9204
_XP = frozenset(range(0x9C9B, 0x9CA0))  # XPTitle, XPComment, XPAuthor, XPKeywords, XPSubject
#: Texts though their type may be that of plain bytes, which Pillow writes.
_BYTE_TEXTS = _XP | {_USER_COMMENT}
#: How struct reads the types of numbers; pairs are ratios.
_NUMBERS = {1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d"}
_TEXT_KINDS = frozenset({exif_tags.ASCII, exif_tags.UTF_8, exif_tags.UNDEFINED})
_LONG_EXPOSURE = 0.25  # s: from here on people write a decimal fraction
_MOST_NUMBERS, _MOST_BYTES = 64, 1 << 16  # of one tag: nobody reads more
_SHORT_TEXT = 6  # bytes: so few may be both UTF-8 and a word of two Chinese characters


def texts_of_block(exif: bytes, directories: Sequence[exif_tags.Directory] | None = None) -> dict[str, str]:
    """The tags of the picture and of how it was taken, by their names, as text; what has none is left out."""
    order = exif_tags.order_of(exif) or "<"
    ifds = exif_tags.directories(exif) if directories is None else directories
    tags = [entry for ifd in ifds if ifd.name in ("image", "exif") for entry in ifd.entries]
    return _by_name(((entry.tag, _value(exif, entry, order)) for entry in tags), order)


def is_text(entry: exif_tags.Entry) -> bool:
    """Whether a tag is one of texts."""
    return entry.kind in _TEXT_KINDS or entry.tag in _BYTE_TEXTS


def text_of_entry(exif: bytes, entry: exif_tags.Entry) -> str:
    """What one tag of a block says, with its ends of lines; "" where that is no text."""
    order = exif_tags.order_of(exif) or "<"
    return lines_of(entry.tag, _value(exif, entry, order), order) if is_text(entry) else ""


def texts_of_file(exif: bytes | None, data: bytes) -> dict[str, str]:
    """The same of a picture's block, or of a TIFF, which is such a block itself.

    Parameters
    ----------
    exif : bytes or None
        The picture's block.
    data : bytes
        Its file.
    """
    if exif_tags.order_of(data) is not None:
        return texts_of_block(data, exif_tags.directories.__wrapped__(data))  # nobody keeps the file for the next time
    return {} if exif is None else texts_of_block(exif)


def texts_of_exif(exif: Exif) -> dict[str, str]:
    """The same of tags that Pillow holds."""
    order = exif.endian or "<"
    return _by_name((item for block in (exif, exif.get_ifd(exif_tags.EXIF_IFD)) for item in block.items()), order)


def _by_name(values: Iterator[tuple[int, Any]], order: str) -> dict[str, str]:
    from PIL.ExifTags import TAGS

    return {TAGS[tag]: text for tag, value in values if tag in TAGS and (text := text_of(tag, value, order))}


def text_of(tag: int, value: object, order: str = "<") -> str:
    """A tag's value in one line; "" where it says nothing.

    Parameters
    ----------
    tag : int
    value : object
        str (Latin-1, as Pillow decodes what is declared as ASCII, or real text), bytes, a number, or several.
    order : "<" or ">"
        The order of the block's bytes.
    """
    return " ".join(lines_of(tag, value, order).replace("\0", " ").split())


def lines_of(tag: int, value: object, order: str = "<") -> str:
    """The same as it is, with its ends of lines.

    Parameters
    ----------
    tag, value, order
        As of :func:`text_of`.
    """
    if tag in _XP:
        return _windows_text(value)
    if tag == _USER_COMMENT:
        return _comment(value, order)
    if tag == _EXPOSURE_TIME:
        return _exposure(value)
    if tag == _EXPOSURE_BIAS:
        return _steps(value)
    return _plain(value)


def _value(exif: bytes, entry: exif_tags.Entry, order: str) -> object:
    raw = exif[entry.start : entry.start + min(entry.length, _MOST_BYTES)]
    if entry.kind in (exif_tags.ASCII, exif_tags.UTF_8):
        return raw.decode("latin-1")
    if entry.kind == exif_tags.UNDEFINED or (entry.kind == exif_tags.BYTE and entry.tag in _BYTE_TEXTS):
        return raw
    kinds = _NUMBERS.get(entry.kind)
    if kinds is None:
        return None
    size = struct.calcsize(order + kinds)
    numbers = list(struct.iter_unpack(order + kinds, raw[: len(raw) // size * size][: size * _MOST_NUMBERS]))
    if len(kinds) == 1:
        return tuple(number for (number,) in numbers)
    return tuple(Fraction(*pair) if pair[1] else None for pair in numbers)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return value.removeprefix(b"ASCII\0\0\0").decode("utf-8", "replace")
    if isinstance(value, str):
        return _mend(value)
    if isinstance(value, (tuple, list)):
        return " ".join(map(_plain, value[:_MOST_NUMBERS]))
    number = _number(value)
    return "" if number is None else f"{number:g}"


def _mend(text: str) -> str:
    """Text that was decoded as Latin-1, which fits any bytes, as what these bytes are; real text as it is."""
    if text.isascii():
        return text
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    return _first_fit(raw, ("utf-8", "cp1252"))


def _windows_text(value: object) -> str:
    if isinstance(value, str):
        return _mend(value)
    try:
        raw = bytes(value) if isinstance(value, (bytes, tuple, list)) else b""
    except (TypeError, ValueError):
        return ""
    return raw[:_MOST_BYTES].decode("utf-16-le", "replace").partition("\0")[0]


def _comment(value: object, order: str) -> str:
    """What UserComment says behind the eight bytes that name its coding."""
    if not isinstance(value, bytes):
        return _plain(value)
    code, raw = value[:8], value[8:_MOST_BYTES]
    if code == b"UNICODE\0":
        return _wide(raw, order)
    if code == b"JIS\0\0\0\0\0":
        codings = ("iso2022_jp" if b"\x1b" in raw else "euc_jp", "shift_jis", "utf-8")
        return _first_fit(raw.rstrip(b"\0 "), codings)
    if code not in (b"ASCII\0\0\0", bytes(8)):
        raw = value[:_MOST_BYTES]  # without a code, as some write it
    return _first_fit(raw.rstrip(b"\0 "), ("utf-8", "cp1252"))


def _first_fit(raw: bytes, codings: tuple[str, ...]) -> str:
    for coding in codings:
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _wide(raw: bytes, order: str) -> str:
    """UTF-16 with or without a mark of its order, or the UTF-8 of those who did not know."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace").partition("\0")[0]
    narrow = raw.rstrip(b"\0 ")
    if b"\0" not in narrow and (len(narrow) >= _SHORT_TEXT or len(narrow) % 2):
        with contextlib.suppress(UnicodeDecodeError):
            text = narrow.decode("utf-8")
            if "".join(text.split()).isprintable():
                return text
    own = "utf-16-le" if order == "<" else "utf-16-be"
    other = "utf-16-be" if order == "<" else "utf-16-le"
    texts = [raw[: len(raw) // 2 * 2].decode(coding, "replace").partition("\0")[0] for coding in (own, other)]
    return max(texts, key=_likelihood)  # of two that are equal, the first


def _likelihood(text: str) -> float:
    """How much of a text are letters and signs that are usual, where bytes in the wrong order give others."""
    if not text:
        return 0
    worth = 0.0
    for character in text:
        category = unicodedata.category(character)
        worth += -1 if category in ("Cn", "Co", "Cs", "Cc") and character not in "\r\n\t" else 0.5
        worth += 0.5 if character < "\u0600" or category == "Lo" and "\u3040" <= character <= "\u9fff" else 0
        worth += 0.25 if character < "\u0100" else 0
    return worth / len(text)


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # a number or a ratio; what is neither has no text
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _exposure(value: object) -> str:
    """An exposure time in s: ``1/250``, ``0.5``, ``30``."""
    number = _number(_single(value))
    if number is None or not 0 < number < _LONG_EXPOSURE:
        return _plain(value)
    return f"1/{round(1 / number)}"


def _steps(value: object) -> str:
    """An exposure bias in EV: ``-1/3``, ``0.5``, ``2``."""
    number = _number(_single(value))
    thirds = None if number is None else round(number * 3)
    if number is None or thirds is None or thirds % 3 == 0 or abs(number * 3 - thirds) > 0.05:
        return _plain(value)
    return f"{thirds}/3"


def _single(value: object) -> object:
    return value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
