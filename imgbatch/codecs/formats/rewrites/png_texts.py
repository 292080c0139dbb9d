"""PNG texts: how do EXIF, XMP and texts get into a PNG around the same pixels?

Chunks that say something else go, those of the same keyword too, also ImageMagick's (``exif:Artist``, "Raw profile
type"); the new ones stand behind the head. All other chunks stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.codecs.containers.png_chunks import MOST, TEXTS, chunk, chunks
from imgbatch.codecs.metadata import iptc
from imgbatch.codecs.metadata.header_blocks import PNG_IPTC, PNG_XMP, RAW_PROFILE
from imgbatch.codecs.metadata.labels.write_labels import word_of_key

if TYPE_CHECKING:
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.metadata.labels.label_words import Labels

_HEAD = 33  # signature and IHDR
_PROFILES = ("exif", "app1", "xmp", "iptc", "8bim")


def with_metadata(data: bytes, before: Metadata, final: Metadata, labels: Labels) -> bytes | None:
    """A PNG with the blocks and texts of `final`; None where one is longer than readers take, or the file is cut.

    Parameters
    ----------
    data : bytes
        The file.
    before : Metadata
        Of the file.
    final : Metadata
    labels : Labels
        The texts by which both differ.
    """
    rows = list(chunks(data))
    if not rows or rows[0][:2] != (b"IHDR", 8) or rows[0][2] != _HEAD or rows[-1][0] != b"IEND":
        return None
    keys = [_key(data, name, start, end) for name, start, end in rows]
    counts: dict[str, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    words = {word for word, _ in labels}
    stale = {
        key for key in counts if key and word_of_key(key) in words and (counts[key] > 1 or key.startswith("exif:"))
    }
    blocks = (before.exif, before.xmp, before.iptc) != (final.exif, final.xmp, final.iptc)
    new_keys = {key for key in {*before.text, *final.text} if before.text.get(key) != final.text.get(key)} | stale
    if not blocks and not new_keys:
        return data
    new = []
    if blocks:
        new += [chunk(b"eXIf", final.exif)] if final.exif else []
        new += [_text(PNG_XMP, final.xmp.decode("utf-8", "replace"))] if final.xmp else []
        new += [_text(PNG_IPTC, iptc.hexadecimal(final.iptc))] if final.iptc else []
    new += [_text(key, text) for key, text in final.text.items() if key in new_keys]
    if any(len(one) > MOST for one in new):
        return None
    rest = [
        data[start:end]
        for (name, start, end), key in zip(rows[1:], keys[1:], strict=True)
        if not (key in new_keys or (blocks and (name == b"eXIf" or key == PNG_XMP or _is_profile(key))))
    ]
    return b"".join([data[:_HEAD], *new, *rest, data[rows[-1][2] :]])


def _key(data: bytes, name: bytes, start: int, end: int) -> str:
    """The keyword of a text; "" of any other chunk."""
    if name not in TEXTS:
        return ""
    return data[start + 8 : min(start + 88, end - 4)].partition(b"\0")[0].decode("latin-1")


def _is_profile(key: str) -> bool:
    return key.startswith(RAW_PROFILE) and key.removeprefix(RAW_PROFILE).lower() in _PROFILES


def _text(key: str, text: str) -> bytes:
    """A text as every reader takes it: Latin-1 where that holds it, else UTF-8; XMP always as that."""
    head = key.encode("latin-1", "replace") + b"\0"
    if key != PNG_XMP:
        try:
            return chunk(b"tEXt", head + text.encode("latin-1"))
        except UnicodeEncodeError:
            pass
    return chunk(b"iTXt", head + b"\0\0\0\0" + text.encode())
