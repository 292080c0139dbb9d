"""What is a codec?

One class per format that imgbatch writes: its name and suffixes, which pixel modes it holds, whether it holds several
frames, profiles and EXIF, and how the declared options (:class:`Encoding`) become Pillow's. What all formats share of
the way from pixels to bytes is here and in pixel_modes.py. Reading is Pillow's, through decode.py and limits.py.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from imgbatch.codecs import errors
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.core.errors import ImageError
from imgbatch.pixels.frames import Film, of

if TYPE_CHECKING:
    from PIL.Image import Image

#: How long a page shows when pages without durations become an animation, in milliseconds.
PAGE_MS = 1000


@dataclass
class JpegTables:
    """How a JPEG was encoded: its quantization tables (64 numbers each, as Pillow has them) and chroma sampling.

    `sampling` is None where it is none that can be written again.
    """

    quantization: dict[int, list[int]]
    sampling: str | None


@dataclass
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
    """

    exif: bytes | None = None
    icc: bytes | None = None
    tables: JpegTables | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None
    text: dict[str, str] = field(default_factory=dict)
    resolution: tuple[float, float] | None = None

    @property
    def located(self) -> bool:
        """Whether it says where the picture was taken."""
        if self.exif is None and self.xmp is None:
            return False
        from imgbatch.codecs.metadata import exif_tags, xmp

        return (self.exif is not None and exif_tags.has_position(self.exif)) or (
            self.xmp is not None and xmp.has_position(self.xmp)
        )


@dataclass
class AnimationTiming:
    """How several frames play: milliseconds per frame, and how often in all.

    `loop` is 1 for once, 2 for twice, 0 for ever, None for pages that do not play. While frames are being decoded
    `durations` grows with each of them, so it is complete when the last frame has been taken.
    """

    durations: list[int] = field(default_factory=list)
    loop: int | None = None


@dataclass
class Encoded:
    """The bytes of one file and what is true of it."""

    data: bytes
    format: str
    width: int
    height: int
    frames: int = 1
    quality: int | None = None
    changes: list[str] = field(default_factory=list)
    mode: str = ""
    located: bool = False  # whether it says where the picture was taken


class Codec(ABC):
    """One format that can be written.

    Attributes
    ----------
    name, pillow : str
        Our name of the format, and Pillow's.
    suffixes : tuple of str
        Lower case with the dot; the first is the one given to new names.
    modes : frozenset of str
        Modes that are written as they are. The others become one of `targets`, the first of which is for gray
        without alpha, then gray with alpha, color, color with alpha (see pixels.aim).
    longest : int or None
        The longest side that the format can say, in px.
    multiframe, plays : bool
        Whether it holds several frames, and whether they have durations.
    alpha, icc, exif : bool
        Whether it holds an alpha channel, a color profile, EXIF.
    optimizes : bool
        Whether ``optimize`` has a meaning, so that the result is compared with the plain one.
    keyed : bool
        Whether one gray value or color can be declared transparent (``transparency`` in Pillow's info).
    """

    name: ClassVar[str]
    pillow: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    modes: ClassVar[frozenset[str]]
    targets: ClassVar[tuple[str, str, str, str]] = ("L", "LA", "RGB", "RGBA")
    longest: ClassVar[int | None] = None
    multiframe: ClassVar[bool] = False
    plays: ClassVar[bool] = False
    alpha: ClassVar[bool] = True
    icc: ClassVar[bool] = True
    exif: ClassVar[bool] = True
    keyed: ClassVar[bool] = False
    optimizes: ClassVar[bool] = False

    @abstractmethod
    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        """Pillow's save parameters for the frames as they will be written."""

    def takes(self, icc: bytes) -> bool:
        """Whether a profile can be written."""
        return self.icc

    def quality(self, encoding: Encoding) -> int | None:
        """The quality that is used, or None where the format (or a lossless one) has none."""
        return None

    def halves(self, encoding: Encoding) -> bool:
        """Whether four pixels share their colors in the file, and what the pixels are encoded from may be YCbCr."""
        return False

    def kept(self, tables: JpegTables, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        """Pillow's save parameters for ``quality="keep"``; empty where the format has no such tables."""
        return {}

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        """What must be decided over all frames at once, after each has a mode of the format."""
        return frames

    def metadata(self, exif: bytes) -> dict[str, Any]:
        """Pillow's save parameters for `exif`; empty when it cannot be written."""
        return {"exif": exif}

    def beside(self, held: Metadata, missed: list[str]) -> dict[str, Any]:
        """Save parameters for XMP, IPTC, comment, text and resolution; `missed` gets the names of what has no place."""
        from imgbatch.codecs.metadata import exif_tags

        blocks = {"xmp": held.xmp, "iptc": held.iptc, "comment": held.comment, "text": held.text}
        missed += [name for name, block in blocks.items() if block]
        in_exif = self.exif and held.exif is not None and exif_tags.has_resolution(held.exif)
        missed += ["resolution"] if held.resolution is not None and not in_exif else []
        return {}

    def motion(self, motion: AnimationTiming, count: int, changes: list[str]) -> dict[str, Any]:
        """Pillow's save parameters for the playing of `count` frames, of a format that `plays`."""
        return {"duration": _durations(motion, count, changes), "loop": 0 if motion.loop is None else motion.loop}

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        """Pillow's encoder."""
        file = io.BytesIO()
        if len(frames) > 1:
            from imgbatch.codecs.frame_sequence import Reel

            Reel(frames).save(file, self.pillow, save_all=True, **options)
        else:
            frames[0].save(file, self.pillow, **options)
        return file.getvalue()

    def encode(
        self, frames: Iterable[Image], encoding: Encoding, metadata: Metadata, motion: AnimationTiming
    ) -> Encoded:
        """All `frames` as one file, in memory.

        Raises
        ------
        ImageError
            Kind ``frames`` for several frames to a format of one, or of different sizes to an animation;
            ``too_large`` when a side is longer than the format can say; ``unsupported`` when the encoder refuses.
        """
        return self.prepared(frames, encoding, metadata, motion).encoded(encoding)

    def prepared(
        self, frames: Iterable[Image], encoding: Encoding, metadata: Metadata, motion: AnimationTiming
    ) -> Prepared:
        """`frames` as this format holds them, for one encode or several."""
        from imgbatch.codecs.metadata import profile_policy, strip
        from imgbatch.codecs.writing import pixel_modes

        changes: list[str] = []
        pictures: Sequence[Image] = self._taken(frames)
        self._check_sizes(pictures)
        with errors.image_errors("encode"):
            icc, wish = metadata.icc, strip.profile(encoding)
            if wish == "keep":
                pictures, icc = pixel_modes.fitted(pictures, self, encoding, icc, changes)
            else:
                pictures, icc = profile_policy.unprofiled(pictures, icc, changes)
                pictures, _ = pixel_modes.fitted(pictures, self, encoding, None, changes)
                icc = profile_policy.named(pictures, wish, icc, self, changes)
            pictures = self.finish(pictures, encoding, changes)
            options: dict[str, Any] = {"icc_profile": icc} if icc else {}
            held = strip.settled(metadata, encoding, pictures[0].size, changes)
            options |= self._metadata_options(held, changes)
            if len(pictures) > 1:
                if self.plays:
                    options |= self.motion(motion, len(pictures), changes)
                elif motion.loop is not None:
                    changes.append(f"durations not written: {self.name}")
        return Prepared(self, pictures, options, list(dict.fromkeys(changes)), metadata.tables, held.located)

    def _taken(self, frames: Iterable[Image]) -> Film:
        taken = of(frames)
        if len(taken) > 1 and not self.multiframe:
            raise ImageError("frames", f"{self.name} holds one picture, the source has several; use --frames first")
        if not taken:
            raise ImageError("frames", "there is no frame to write")
        return taken

    def _check_sizes(self, pictures: Sequence[Image]) -> None:
        first = pictures[0].size
        for picture in pictures:
            width, height = picture.size
            if self.longest is not None and max(width, height) > self.longest:
                most = f"{self.name} holds at most {self.longest} px a side"
                raise ImageError("too_large", f"{width}x{height} px: {most}; resize first")
            if self.plays and picture.size != first:
                one_size = f"{self.name} holds frames of one size, the pages differ"
                raise ImageError("frames", f"{one_size}; use --frames first or --format tiff")

    def _metadata_options(self, held: Metadata, changes: list[str]) -> dict[str, Any]:
        missed: list[str] = []
        options = self.metadata(held.exif) if held.exif and self.exif else {}
        if held.exif and not options:
            missed.append("exif")
            held.exif = None
        options |= self.beside(held, missed)
        changes += [f"{name} not written: {self.name}" for name in missed]
        if "xmp" in missed:
            held.xmp = None
        return options


@dataclass
class Prepared:
    """Frames in modes of a format, with all that is saved beside them; only the encoding is open."""

    codec: Codec
    pictures: Sequence[Image]
    options: dict[str, Any]
    changes: list[str]
    tables: JpegTables | None = None
    located: bool = False

    def encoded(self, encoding: Encoding) -> Encoded:
        """One encode; with ``optimize`` two, of which the smaller is kept."""
        codec, pictures = self.codec, self.pictures
        with errors.image_errors("encode"):
            kept = self._kept(encoding)
            more = self.options | kept
            data = codec.save(pictures, codec.options(encoding, pictures) | more)
            if encoding.optimize and codec.optimizes:
                plain = replace(encoding, optimize=False)
                data = min(data, codec.save(pictures, codec.options(plain, pictures) | more), key=len)
            count = len(pictures) if len(pictures) == 1 else _count(data, codec.pillow)
        width, height = pictures[0].size
        quality = codec.quality(encoding)
        changes = list(self.changes)
        if encoding.quality == "keep" and quality is not None:
            changes.append("quality: the source's tables kept" if kept else f"quality: {quality}, no tables to keep")
        quality = None if kept else quality
        mode = "RGB" if pictures[0].mode == "YCbCr" else pictures[0].mode  # as it will be read
        return Encoded(data, codec.name, width, height, count, quality, changes, mode, self.located)

    def _kept(self, encoding: Encoding) -> dict[str, Any]:
        if encoding.quality != "keep" or self.tables is None:
            return {}
        return self.codec.kept(self.tables, encoding, self.pictures)


def _durations(motion: AnimationTiming, count: int, changes: list[str]) -> list[int]:
    """Milliseconds for each of `count` frames; pages that have none show for :data:`PAGE_MS`."""
    durations = list(motion.durations[:count])
    if len(durations) < count:
        fill = durations[-1] if durations else PAGE_MS
        if not durations:
            changes.append(f"durations: {PAGE_MS} ms a page")
        durations += [fill] * (count - len(durations))
    return durations


def _count(data: bytes, pillow: str) -> int:
    """How many frames were written: encoders join equal neighbors."""
    from PIL import Image as Images

    with Images.open(io.BytesIO(data), formats=[pillow]) as image:
        return int(getattr(image, "n_frames", 1))
