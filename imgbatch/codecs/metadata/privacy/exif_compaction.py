"""EXIF compaction: which tags of a block can be written together anew, so that nothing else is left between them?

What is written anew has moved: not for maker notes, whose offsets only their makers know, and a thumbnail is left. A
value that cannot be measured (of an unknown type, or cut off) is not copied.
"""

from __future__ import annotations

import struct

from imgbatch.codecs.metadata import exif_tags, spans
from imgbatch.codecs.metadata.exif_tags import POINTERS, Directory, Entry

_SUBFILES = 0x014A  # more directories, which are not followed
_DIRECTORY = 13  # the type of an entry that points to one


def has_unknown_directory(exif: bytes) -> bool:
    """Whether an entry points to a directory that does not lie within the block, or is none that was followed."""
    order, ifds = exif_tags.order_of(exif), exif_tags.directories(exif)
    names, places = {one.name for one in ifds}, {one.at for one in ifds}
    for one in ifds:
        for entry in one.entries:
            if entry.tag in POINTERS:
                if POINTERS[entry.tag] not in names or (
                    entry.length == 4 and struct.unpack_from(f"{order}I", exif, entry.start)[0] not in places
                ):
                    return True
            elif _is_foreign(entry):
                return True
        after = one.at + 2 + 12 * len(one.entries)
        if one.name in ("image", "thumbnail") and after + 4 <= len(exif):
            following = struct.unpack_from(f"{order}I", exif, after)[0]
            if 8 <= following < len(exif) and following not in places:
                return True
    return False


def without_slack(exif: bytes) -> bytes:
    """The block with zeros where no tag says that its value is: editors leave there what they have taken out.

    The same where a tag's value cannot be measured, or a maker note may have its own values there.
    """
    ifds = exif_tags.directories(exif)
    every = [entry for one in ifds for entry in one.entries]
    if any(entry.tag == exif_tags.MAKER_NOTE or not entry.is_measured for entry in every):
        return exif
    values = [(entry.start, entry.start + entry.length) for entry in every]
    tables = [(one.at, one.at + 2 + 12 * len(one.entries) + 4) for one in ifds]
    small = exif_tags.thumbnail_span(exif)
    slack = spans.difference([(0, len(exif))], [(0, 8), *values, *tables, *([] if small is None else [small])])
    if not any(any(exif[start:end]) for start, end in slack):
        return exif
    block = bytearray(exif)
    for start, end in slack:
        block[start:end] = bytes(end - start)
    return bytes(block)


def compact(exif: bytes) -> bytes | None:
    """The same tags without slack, values moved together.

    None where values overlap so that they would take more room than before.
    """
    order, ifds = exif_tags.order_of(exif), {one.name: one for one in exif_tags.directories(exif)}
    if order is None or "image" not in ifds:
        return None
    if sum(entry.length for one in ifds.values() for entry in one.entries) > len(exif):
        return None
    body = bytearray(exif[:8])
    struct.pack_into(order + "I", body, 4, 8)
    _pack(body, exif, order, ifds, "image")
    return bytes(body) if exif_tags.entries(bytes(body)) else None


def _is_foreign(entry: Entry) -> bool:
    """Whether an entry points to directories that are not followed."""
    return entry.tag not in POINTERS and (entry.tag == _SUBFILES or entry.kind == _DIRECTORY)


def _pack(body: bytearray, exif: bytes, order: str, ifds: dict[str, Directory], name: str) -> None:
    """Append a directory, its values, and the directories that it points to."""
    directory, at = ifds.pop(name), len(body)
    valid_entries = [
        entry
        for entry in directory.entries
        if entry.is_measured and not _is_foreign(entry) and POINTERS.get(entry.tag, name) in (name, *ifds)
    ]
    body += struct.pack(order + "H", len(valid_entries)) + bytes(12 * len(valid_entries) + 4)
    for place, entry in enumerate(valid_entries):
        here = at + 2 + 12 * place
        body[here : here + 12] = exif[entry.at : entry.at + 12]
        inner = POINTERS.get(entry.tag)
        if inner is not None or entry.length > 4:
            body += bytes(len(body) % 2)
            struct.pack_into(order + "I", body, here + 8, len(body))
        if inner in ifds:
            _pack(body, exif, order, ifds, inner)
        elif entry.length > 4:
            body += exif[entry.start : entry.start + entry.length]
