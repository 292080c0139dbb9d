"""TIFF: how is it written? Lossless but for ``--compression jpeg``, every mode, several pages."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.metadata.exif_tags import ASCII, BYTE, IPTC_TAG, LONG, UNDEFINED, XMP_TAG
from imgbatch.core.errors import ImageError
from imgbatch.pixels.color import DEEP_COLOR, FLOATS
from imgbatch.pixels.frames import SpooledFrames

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 82  # of JPEG
#: What TIFF's numbers of compressions are called here, by the user or, where no word of ours is for them, by Pillow.
_WORDS = {
    1: "none", 2: "tiff_ccitt", 3: "group3", 4: "g4", 5: "lzw", 6: "jpeg", 7: "jpeg", 8: "deflate", 32773: "packbits",
    32946: "deflate", 34925: "lzma", 50000: "zstd", 50001: "webp",
}  # fmt: skip
_PILLOW = {"none": "raw", "deflate": "tiff_adobe_deflate", "lzw": "tiff_lzw", "g4": "group4"}
#: The modes that a compression holds; the others hold all, and webp is not written.
_MODES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("g4", "group3", "tiff_ccitt"), frozenset({"1"})),
    "jpeg": frozenset({"L", "RGB", "CMYK"}),
    "webp": frozenset(),
}
#: Those that pack differences of samples better (predictor 2), by Pillow's names.
_WITH_DIFFERENCES = frozenset({"tiff_adobe_deflate", "tiff_lzw", "zstd", "lzma"})
_OPTIONAL = ("zstd", "lzma")  # libtiff may be built without them


class Tiff(Codec):
    """TIFF, by libtiff: each page packed as the source's, else Deflate, and CCITT group 4 for 1-bit pages."""

    name = "tiff"
    page_tags = True
    label_places = ("exif", "xmp", "iptc")
    modes = frozenset(
        {"1", "L", "LA", "P", "PA", "I", "I;16", "F", "RGB", "RGBA", "CMYK", "LAB", "RGB;16", "RGBA;16", FLOATS}
    )

    def quality(self, encoding: Encoding) -> int | None:
        if encoding.compression != "jpeg":
            return None
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def inherit(
        self, encoding: Encoding, metadata: Metadata, frames: Sequence[Image], changes: list[str]
    ) -> tuple[Encoding, dict[str, Any]]:
        """How each page is packed: as was typed, else as in the source where that holds such pixels."""
        words = []
        for number, frame in enumerate(frames):
            word = encoding.compression
            if word != "keep":
                if (refusal := _refusal(word, frame.mode, encoding.lossless)) is not None:
                    raise ImageError("unsupported", f"{refusal}; use --compression keep or deflate")
            else:
                word = "g4" if frame.mode == "1" else "deflate"
                if number < len(metadata.compressions):
                    code = metadata.compressions[number]
                    own = _WORDS.get(code, f"compression {code}")
                    if (refusal := _refusal(own, frame.mode, encoding.lossless)) is None:
                        word = own
                    else:
                        changes.append(f"compression: {word} instead of {own}: {refusal}")
            words.append(word)
        quality = "jpeg" if "jpeg" in words else encoding.compression
        return replace(encoding, compression=quality), {"compressions": [_PILLOW.get(word, word) for word in words]}

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        return {"quality": self.quality(encoding)} if encoding.compression == "jpeg" else {}

    def exif_options(self, exif: bytes) -> dict[str, Any]:
        from imgbatch.codecs.containers.tiff_tags import tags_of_block
        from imgbatch.codecs.metadata.exif import description_tags

        # Only what describes the picture: a camera's ImageWidth among the tags would break the file.
        flat, groups = description_tags(exif)
        tags, _ = tags_of_block(exif)
        options = {"exif": flat, "groups": groups, "tags": tags}
        return {name: value for name, value in options.items() if value}

    def metadata_options(self, metadata: Metadata, missing: list[str]) -> dict[str, Any]:
        from imgbatch.codecs.containers.tiff_tags import tags_of_block
        from imgbatch.codecs.metadata import exif_tags
        from imgbatch.codecs.metadata.exif import has_fixed_maker_note
        from imgbatch.codecs.metadata.read import is_same, resolution_of_block

        if metadata.exif:
            missing += ["maker note"] if has_fixed_maker_note(metadata.exif) else []
            missing += ["exif thumbnail"] if exif_tags.has_thumbnail(metadata.exif) else []
            missing += ["exif interoperability"] if _has_interoperability(metadata.exif) else []
            missing += tags_of_block(metadata.exif)[1]
            by_exif = resolution_of_block(metadata.exif)
            missing += ["exif resolution"] if by_exif and not is_same(by_exif, metadata.resolution or by_exif) else []
        super().metadata_options(replace(metadata, xmp=None, iptc=None, resolution=None), missing)
        blocks = {XMP_TAG: metadata.xmp, IPTC_TAG: metadata.iptc}
        raw = {tag: block for tag, block in blocks.items() if block}
        options: dict[str, Any] = {"raw": raw} if raw else {}
        options |= {"pages": metadata.pages} if metadata.pages else {}
        return options | ({"dpi": metadata.resolution} if metadata.resolution else {})

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        groups, raw, pages = options.get("groups", {}), options.get("raw", {}), options.get("pages", ())
        if tags := options.get("tags"):
            pages = ({**(pages[0] if pages else {}), **tags}, *pages[1:])
        compressions = options.get("compressions") or [_PILLOW["deflate"]] * len(frames)
        left_out = ("groups", "raw", "pages", "tags", "compressions")
        options = {key: value for key, value in options.items() if key not in left_out}
        if any(frame.mode in DEEP_COLOR for frame in frames):
            data = self._save_deep(frames, options, compressions)
        else:
            data = self._save_pages(frames, options, compressions)
        data = _insert_entries(data, groups, raw) if groups or raw else data
        if not pages:
            return data
        from imgbatch.codecs.writing.tiff_directories import with_page_tags

        return with_page_tags(data, pages)

    def _save_pages(self, frames: Sequence[Image], options: dict[str, Any], compressions: Sequence[str]) -> bytes:
        if len(frames) == 1:
            return super().save(frames, _page_options(options, compressions[0]))
        return _pages(frames, options, compressions)

    def _save_deep(self, frames: Sequence[Image], options: dict[str, Any], compressions: Sequence[str]) -> bytes:
        from imgbatch.codecs.writing import deep_tiff

        differences = [
            compression in _WITH_DIFFERENCES and frame.mode != FLOATS
            for frame, compression in zip(frames, compressions, strict=True)
        ]
        deflates = [
            frame.mode in DEEP_COLOR and compression == _PILLOW["deflate"]
            for frame, compression in zip(frames, compressions, strict=True)
        ]
        pages = SpooledFrames(itertools.starmap(deep_tiff.as_gray, zip(frames, differences, deflates, strict=True)))
        plain = ["raw" if own else compression for own, compression in zip(deflates, compressions, strict=True)]
        return deep_tiff.with_colors(self._save_pages(pages, options, plain), frames, differences, deflates)


def _has_interoperability(exif: bytes) -> bool:
    from imgbatch.codecs.metadata import exif_tags

    return any(entry.directory == "interop" for entry in exif_tags.entries(exif))


def _refusal(word: str, mode: str, lossless: bool) -> str | None:
    """Why pixels of a mode cannot be packed so; None where they can."""
    if word not in _PILLOW and word not in _MODES and word not in (*_OPTIONAL, "packbits"):
        return "it is not written here"
    if word in _MODES and mode not in _MODES[word]:
        modes = " or ".join(sorted(_MODES[word]))
        return f"tiff packs pixels of mode {modes} only as {word}, not {mode}" if modes else "it is not written here"
    if word == "jpeg" and lossless:
        return "jpeg loses some of the pixels, which --lossless forbids"
    if word in _OPTIONAL:
        from imgbatch.codecs.reading.reader_gaps import has_compression

        return None if has_compression(word) else f"this Pillow's libtiff has no {word}"
    return None


def _page_options(options: dict[str, Any], compression: str) -> dict[str, Any]:
    """Pillow's save parameters of one page; a quality is for JPEG only."""
    rest = options if compression == "jpeg" else {key: value for key, value in options.items() if key != "quality"}
    return rest | {"compression": compression}


def _pages(frames: Sequence[Image], options: dict[str, Any], compressions: Sequence[str]) -> bytes:
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
        for frame, compression in zip(frames, compressions, strict=True):
            frame.save(writer, "TIFF", **_page_options(options, compression))
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
                directory.tagtype[key], value = ASCII, value.encode("latin-1", "replace")
            directory[key] = value
        entries.append(struct.pack("<HHII", tag, LONG, 1, len(result)))
        result += directory.tobytes(len(result))
    for tag, block in raw.items():
        result += bytes(-len(result) % 2)
        entries.append(struct.pack("<HHII", tag, UNDEFINED if tag == IPTC_TAG else BYTE, len(block), len(result)))
        result += block if len(block) > 4 else block.ljust(5, b"\0")
    result += bytes(-len(result) % 2)
    struct.pack_into("<I", result, 4, len(result))
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    result += struct.pack("<H", len(entries)) + b"".join(entries) + data[end : end + 4]
    return bytes(result)
