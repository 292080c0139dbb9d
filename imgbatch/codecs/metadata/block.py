"""Metadata of one picture: what travels beside its pixels, and how do several frames play?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from imgbatch.core.places import Journey

#: How long a page shows when pages without durations become an animation, in milliseconds.
PAGE_MS = 1000
#: What may accompany a picture in its file.
GAIN_MAP, PICTURE, PREVIEW, FILM = "gain map", "second picture", "preview picture", "film"
DEPTH, SOUND = "depth map", "sound"


@dataclass(repr=False, eq=False)
class JpegTables:
    """How a JPEG was encoded: its quantization tables (64 numbers each, as Pillow has them) and chroma sampling.

    `sampling` is None where there are no colors. Where it is none that can be written again (`other_sampling` names it)
    it is 4:4:4, of which nothing is lost.
    """

    quantization: dict[int, list[int]]
    sampling: str | None
    other_sampling: str = ""


class TagValue(NamedTuple):
    """A value of a TIFF tag: its type, how many numbers or letters, and its bytes, little-endian."""

    kind: int
    number: int
    raw: bytes


PageTags = dict[int, TagValue]


@dataclass(repr=False)
class Metadata:
    """What travels beside the pixels.

    Attributes
    ----------
    exif : bytes or None
        A TIFF file's structure, ``Exif\\0\\0`` removed.
    icc : bytes or None
        The profile.
    tables : JpegTables or None
        How a JPEG was encoded.
    xmp : bytes or None
        The packet, UTF-8.
    iptc : bytes or None
        IIM records.
    comment : bytes or None
        Of a JPEG or GIF.
    text : dict of str to str
        Of a PNG, by keyword.
    resolution : (float, float) or None
        Pixels per inch, across and down.
    others : tuple of (str, bytes)
        What only a copy of the file keeps: blocks beside the one that counts, by what they are called.
    pages : tuple of PageTags
        Of a TIFF the tags of each page that go into another TIFF; of the first without those that are in `exif`.
    journey : Journey or None
        The picture's way to the output, which places in the blocks must follow; None: it stays as it is.
    compressions : tuple of int
        How the pixels of each page of a TIFF are packed, by TIFF's numbers.
    lossless : bool
        Whether a WebP lost nothing of its pixels.
    bits : int
        Of a sample of the pixels, as stored.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    tables: JpegTables | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None
    text: dict[str, str] = field(default_factory=dict)
    resolution: tuple[float, float] | None = None
    others: tuple[tuple[str, bytes], ...] = ()
    pages: tuple[PageTags, ...] = ()
    journey: Journey | None = None
    compressions: tuple[int, ...] = ()
    lossless: bool = False
    bits: int = 8

    @property
    def sizes(self) -> dict[str, int]:
        """The bytes of each block that there is, by its name, the largest first."""
        lengths = {name: len(getattr(self, name) or b"") for name in ("exif", "icc", "xmp", "iptc", "comment")}
        lengths["text"] = sum(len(key) + len(text) for key, text in self.text.items())
        return {name: lengths[name] for name in sorted(lengths, key=lambda name: -lengths[name]) if lengths[name]}

    @property
    def has_position(self) -> bool:
        """Whether it says where the picture was taken."""
        blocks = [block for _, block in self.others]
        if self.exif is None and self.xmp is None and not blocks:
            return False
        from imgbatch.codecs.metadata import exif_tags, xmp

        return any(exif_tags.has_position(block) for block in (self.exif, *blocks) if block) or any(
            xmp.has_position(block) for block in (self.xmp, *blocks) if block
        )


@dataclass(repr=False, eq=False)
class AnimationTiming:
    """How several frames play: milliseconds per frame, and how often in all.

    `loop` is 1 for once, 2 for twice, 0 for ever, None for pages that do not play. While frames are being decoded
    `durations` grows with each of them, so it is complete when the last frame has been taken.
    """

    durations: list[int] = field(default_factory=list)
    loop: int | None = None

    def for_frames(self, count: int, changes: list[str]) -> list[int]:
        """Milliseconds for each of `count` frames; pages that have none show for :data:`PAGE_MS`."""
        durations = list(self.durations[:count])
        if len(durations) < count:
            fill = durations[-1] if durations else PAGE_MS
            if not durations:
                changes.append(f"durations: {PAGE_MS} ms a page")
            durations += [fill] * (count - len(durations))
        return durations
