"""TIFF: how is it written? Lossless, every mode, several pages."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import Metadata
from imgbatch.pixels.color import DEEP_COLOR
from imgbatch.pixels.frames import map_frames

if TYPE_CHECKING:
    from PIL.Image import Image

_BYTE, _ASCII, _LONG, _UNDEFINED = 1, 2, 4, 7
_XMP, _IPTC = 700, 33723


class Tiff(Codec):
    """TIFF, by libtiff: Deflate, and CCITT group 4 for 1-bit pages."""

    name = "tiff"
    page_tags = True
    modes = frozenset({"1", "L", "LA", "P", "PA", "I", "I;16", "F", "RGB", "RGBA", "CMYK", "LAB", "RGB;16", "RGBA;16"})

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        one_bit = all(frame.mode == "1" for frame in frames)
        return {"compression": "group4" if one_bit else "tiff_adobe_deflate"}

    def exif_options(self, exif: bytes) -> dict[str, Any]:
        from imgbatch.codecs.metadata.exif import description_tags

        # Only what describes the picture: a camera's ImageWidth among the tags would break the file.
        flat, groups = description_tags(exif)
        return ({"exif": flat} if flat else {}) | ({"groups": groups} if groups else {})

    def metadata_options(self, metadata: Metadata, missing: list[str]) -> dict[str, Any]:
        from imgbatch.codecs.metadata import exif_tags, iptc
        from imgbatch.codecs.metadata.exif import has_fixed_maker_note

        if metadata.exif:
            missing += ["maker note"] if has_fixed_maker_note(metadata.exif) else []
            missing += ["exif thumbnail"] if exif_tags.has_thumbnail(metadata.exif) else []
        super().metadata_options(replace(metadata, xmp=None, iptc=None, resolution=None), missing)
        blocks = {_XMP: metadata.xmp, iptc.TIFF_TAG: metadata.iptc}
        raw = {tag: block for tag, block in blocks.items() if block}
        options: dict[str, Any] = {"raw": raw} if raw else {}
        options |= {"pages": metadata.pages} if metadata.pages else {}
        return options | ({"dpi": metadata.resolution} if metadata.resolution else {})

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        groups, raw, pages = options.get("groups", {}), options.get("raw", {}), options.get("pages", ())
        options = {key: value for key, value in options.items() if key not in ("groups", "raw", "pages")}
        if any(frame.mode in DEEP_COLOR for frame in frames):
            data = self._save_deep(frames, options)
        else:
            data = super().save(frames, options) if len(frames) == 1 else _pages(frames, options)
        data = _insert_entries(data, groups, raw) if groups or raw else data
        if not pages:
            return data
        from imgbatch.codecs.writing.tiff_directories import with_page_tags

        return with_page_tags(data, pages)

    def _save_deep(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        from imgbatch.codecs.writing import deep_tiff

        is_packed = options.get("compression", "raw") != "raw"
        pages = map_frames(frames, lambda frame: deep_tiff.as_gray(frame, is_packed))
        data = super().save(pages, options) if len(pages) == 1 else _pages(pages, options)
        return deep_tiff.with_colors(data, frames, is_packed)


def _pages(frames: Sequence[Image], options: dict[str, Any]) -> bytes:
    """All `frames`, one after another, without looking through those before: Pillow's own way is quadratic."""
    from PIL.TiffImagePlugin import AppendingTiffWriter

    class Writer(AppendingTiffWriter):
        last = 0  # where the last directory says where the next one is

        def skipIFDs(self) -> None:
            if self.last:
                self.f.seek(self.last)
            super().skipIFDs()
            self.last = self.whereToWriteNewIFDOffset or 0

    file = io.BytesIO()
    with Writer(file) as writer:
        for frame in frames:
            frame.save(writer, "TIFF", **options)
            writer.newFrame()
    return file.getvalue()


def _insert_entries(data: bytes, groups: dict[int, dict[int, Any]], raw: dict[int, bytes]) -> bytes:
    """The file with EXIF and GPS directories, XMP and IPTC in its first page: Pillow cannot write them compressed.

    The first directory is written again at the end, with the new entries among its own; values stay where they are.
    """
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    result = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    end = start + 2 + 12 * count
    entries = [data[at : at + 12] for at in range(start + 2, end, 12)]
    for tag, values in groups.items():
        result += bytes(-len(result) % 2)
        directory = ImageFileDirectory_v2(b"II*\0\0\0\0\0", group=tag)
        for key, value in values.items():
            if isinstance(value, str):  # Pillow would write a ? for what is not ASCII
                directory.tagtype[key], value = _ASCII, value.encode("latin-1", "replace")
            directory[key] = value
        entries.append(struct.pack("<HHII", tag, _LONG, 1, len(result)))
        result += directory.tobytes(len(result))
    for tag, block in raw.items():
        result += bytes(-len(result) % 2)
        entries.append(struct.pack("<HHII", tag, _UNDEFINED if tag == _IPTC else _BYTE, len(block), len(result)))
        result += block if len(block) > 4 else block.ljust(5, b"\0")
    result += bytes(-len(result) % 2)
    struct.pack_into("<I", result, 4, len(result))
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    result += struct.pack("<H", len(entries)) + b"".join(entries) + data[end : end + 4]
    return bytes(result)
