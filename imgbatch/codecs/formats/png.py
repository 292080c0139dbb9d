"""PNG: how is it written? Lossless, with alpha; several frames become APNG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.containers.png_chunks import MOST
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.formats import apng
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.codecs.metadata.iptc import PNG_TEXT
from imgbatch.codecs.small_png import save_small
from imgbatch.pixels.alpha import as_deep
from imgbatch.pixels.color import DEEP_COLOR

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.errors import Finding

#: zlib's level for 16 bits of color: at most two thirds of 6's time (``python -m tests.benchmarks.deep``).
DEEP_LEVEL = 4
_XMP = "XML:com.adobe.xmp"


class Png(Codec):
    """PNG and APNG, by zlib."""

    name = "png"
    modes = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA", "LA;16", "RGB;16", "RGBA;16"})
    longest = 2**31 - 1
    plays = True
    color_key = True
    optimizes = True
    for_web = True
    label_places = ("exif", "xmp", "text")
    feature = "zlib"

    def findings(self, data: bytes) -> Iterator[Finding]:
        from imgbatch.codecs.containers import integrity

        return integrity.png(data)

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        if encoding.colors is None and len(frames) == 1:
            return frames
        from imgbatch.codecs.writing import palette, pixel_modes

        frames = pixel_modes.to_eight_bits(frames, changes)  # palettes and Pillow's APNG have no more
        if encoding.colors is not None:
            frames = palette.reduce_colors(frames, encoding.colors, changes)
        return palette.to_one_mode(frames) if len(frames) > 1 else frames

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        if encoding.optimize:
            return {"optimize": True}
        usual = DEEP_LEVEL if frames[0].mode in DEEP_COLOR else 6
        return {"compress_level": usual if encoding.effort is None else max(1, encoding.effort)}

    def can_write_profile(self, icc: bytes) -> bool:
        return len(icc) <= MOST

    def exif_options(self, exif: bytes) -> dict[str, Any]:
        return super().exif_options(exif) if len(exif) <= MOST else {}

    def metadata_options(self, metadata: Metadata, missing: list[str]) -> dict[str, Any]:
        """As for every format; what is longer than readers take (Pillow refuses the picture) is not written."""
        texts = dict(metadata.text)
        if metadata.comment:
            texts.setdefault("Comment", _text_of(metadata.comment))
        if metadata.iptc:
            from imgbatch.codecs.metadata import iptc

            texts[PNG_TEXT] = iptc.hexadecimal(metadata.iptc)
        if metadata.xmp:
            texts[_XMP] = metadata.xmp.decode("utf-8", "replace")
        words = {_XMP: "xmp", PNG_TEXT: "iptc"}
        for key in [key for key, text in texts.items() if len(text.encode("utf-8", "replace")) > MOST]:
            missing.append(words.get(key, "text"))
            del texts[key]
        options: dict[str, Any] = {"dpi": metadata.resolution} if metadata.resolution else {}
        return options | ({"texts": texts} if texts else {})

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        """Pillow's encoder; `texts` become chunks: XMP and what is not Latin-1 as UTF-8, the hexadecimal compressed."""
        if len(frames) == 1 and (small := save_small(frames[0], options)) is not None:
            return small
        options = dict(options)
        if texts := options.pop("texts", None):
            from PIL.PngImagePlugin import PngInfo

            chunks = PngInfo()
            for key, text in texts.items():
                if key == _XMP:
                    chunks.add_itxt(key, text)
                else:
                    chunks.add_text(key, text, zip=key.startswith("Raw profile"))
            options["pnginfo"] = chunks
        if frames[0].mode == "1" and "transparency" in frames[0].info:
            # Pillow says 255 for white, and writes that, though a PNG of one bit knows 0 and 1 only.
            options["transparency"] = int(frames[0].info["transparency"] != 0)
        if len(frames) == 1 and frames[0].mode in DEEP_COLOR:
            from imgbatch.codecs.writing import deep_png

            level = 9 if options.get("optimize") else options.get("compress_level", 6)
            plain = super().save([deep_png.stand_in(frames[0])], options)
            data = deep_png.with_pixels(plain, as_deep(frames[0]), level)
        else:
            data = super().save(frames, options) if len(frames) == 1 else apng.encode(frames, options)
        return _with_code_points(data, options.get("icc_profile", b""))

    def animation_options(self, timing: AnimationTiming, count: int, changes: list[str]) -> dict[str, Any]:
        options = super().animation_options(timing, count, changes)
        if max(options["duration"]) > apng.LONGEST_MS:
            changes.append(f"durations: at most {apng.LONGEST_MS} ms")
            options["duration"] = [min(duration, apng.LONGEST_MS) for duration in options["duration"]]
        return options


def _text_of(comment: bytes) -> str:
    """A comment as text: what is not UTF-8 as Latin-1, in which each byte stays itself."""
    try:
        return comment.decode()
    except UnicodeDecodeError:
        return comment.decode("latin-1")


def _with_code_points(data: bytes, icc: bytes) -> bytes:
    """A PNG whose cICP says what its profile has as code points: HDR is told by it, and no profile tells as much."""
    if b"cicp" not in icc:
        return data
    from imgbatch.codecs.containers import png_chunks
    from imgbatch.pixels.color_spaces import icc_profile

    code = icc_profile.code_points(icc)
    return data if code is None else png_chunks.with_cicp(data, code)
