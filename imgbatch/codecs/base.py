"""What is a codec?

One class per format that imgbatch writes: its name and suffixes, which pixel modes it holds, whether it holds several
frames, profiles and EXIF, and how the declared options (:class:`Encoding`) become Pillow's. What all formats share of
the way from pixels to bytes is here and in pixels.py. Reading is Pillow's, through reading.py and guard.py.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.color import COLOR
from imgbatch.declare import Choice, Declared, Number, Switch, Text
from imgbatch.errors import ImageError
from imgbatch.outside import File
from imgbatch.quantities import Amount, Quality

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("jpeg", "png", "webp", "avif", "tiff", "gif", "bmp")
SAME = "same"
#: How long a page shows when pages without durations become an animation, in milliseconds.
PAGE_MS = 1000


def canonical_frames(word: str) -> str:
    """``all``, ``first`` or how many, as a word; ValueError when it is none of these."""
    if word.lower() in ("all", "first"):
        return word.lower()
    if int(word) < 1:
        raise ValueError(word)
    return str(int(word))


def canonical_share(word: str) -> str:
    """``5%`` as it is, ``5`` as that; ValueError when it is no share of 100."""
    share = float(word.removesuffix("%"))
    if not 0 <= share <= 100:
        raise ValueError(word)
    return f"{share:g}%"


@dataclass(frozen=True)
class Encoding(Declared):
    """How a file is encoded: the options that all formats share, each mapped by the format's codec.

    An option that a format does not know is ignored by it (``quality`` for PNG), so one recipe serves several formats.
    """

    word: ClassVar[str] = "output"

    format: Annotated[str, Choice((*FORMATS, SAME)), "format to write; same: the source's own"] = SAME
    quality: Annotated[
        int | str | None,
        Quality(),
        "1 (small) to 100 (best), or keep: a JPEG's own tables and sampling; JPEG and WebP 82, AVIF 60 when not said",
    ] = None
    subsampling: Annotated[
        str, Choice(("auto", "4:4:4", "4:2:2", "4:2:0")), "chroma sampling of JPEG and AVIF; auto: 4:2:0"
    ] = "auto"
    progressive: Annotated[bool, Switch(), "JPEG in several scans"] = False
    optimize: Annotated[bool, Switch(), "smaller JPEG and PNG files for more time, same pixels"] = False
    lossless: Annotated[bool, Switch(), "WebP without loss; AVIF only for gray pictures"] = False
    effort: Annotated[int | None, Number(0, 9, whole=True), "0 (fast) to 9 (small), mapped per format"] = None
    colors: Annotated[int | None, Number(2, 256, whole=True), "colors of the palette, for PNG and GIF"] = None
    max_bytes: Annotated[int | None, Amount(1), "the highest quality, up to --quality, that is no larger"] = None
    min_ssim: Annotated[
        float | None, Number(0, 1), "the lowest quality that looks so much like the original; 0.97 is hard to tell"
    ] = None
    min_quality: Annotated[
        int | None, Number(1, 100, whole=True), "as low as --max-bytes and --min-ssim may go; 20 when not said"
    ] = None
    then_shrink: Annotated[bool, Switch(), "fewer pixels where --min-quality is still above --max-bytes"] = False
    min_savings: Annotated[
        str | None,
        Text("a share such as 5%", canonical_share, ("5%", "12.5%")),
        "keep the original's bytes when the same picture gets no smaller than by this",
    ] = None
    background: Annotated[str, COLOR, "what transparent pixels are laid on where the format has no alpha"] = "#ffffff"
    frames: Annotated[
        str,
        Text("all, first or a number of frames", canonical_frames, ("all", "first", "3")),
        "frames of animations and pages to keep",
    ] = "all"
    icc: Annotated[
        str, Choice(("keep", "srgb", "none")), "color profile; srgb converts to sRGB, none converts and writes none"
    ] = "keep"
    assume_icc: Annotated[
        str | None,
        File("profile", "an ICC profile's file", ("scanner.icc",)),
        "profile of pictures that have none, where it is for such pixels; sRGB when not said",
    ] = None


@dataclass
class Tables:
    """How a JPEG was encoded: its quantization tables (64 numbers each, as Pillow has them) and chroma sampling.

    `sampling` is None where it is none that can be written again.
    """

    quantization: dict[int, list[int]]
    sampling: str | None


@dataclass
class Metadata:
    """What travels beside the pixels: raw EXIF (``Exif\\0\\0`` removed), the ICC profile's bytes, a JPEG's tables."""

    exif: bytes | None = None
    icc: bytes | None = None
    tables: Tables | None = None


@dataclass
class Motion:
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

    def kept(self, tables: Tables, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        """Pillow's save parameters for ``quality="keep"``; empty where the format has no such tables."""
        return {}

    def finish(self, frames: list[Image], encoding: Encoding, changes: list[str]) -> list[Image]:
        """What must be decided over all frames at once, after each has a mode of the format."""
        return frames

    def metadata(self, exif: bytes) -> dict[str, Any]:
        """Pillow's save parameters for `exif`; empty when it cannot be written."""
        return {"exif": exif}

    def motion(self, motion: Motion, count: int, changes: list[str]) -> dict[str, Any]:
        """Pillow's save parameters for the playing of `count` frames, of a format that `plays`."""
        return {"duration": _durations(motion, count, changes), "loop": 0 if motion.loop is None else motion.loop}

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        """Pillow's encoder."""
        if len(frames) > 1:
            options = {**options, "save_all": True, "append_images": list(frames[1:])}
        file = io.BytesIO()
        frames[0].save(file, self.pillow, **options)
        return file.getvalue()

    def encode(self, frames: Iterable[Image], encoding: Encoding, metadata: Metadata, motion: Motion) -> Encoded:
        """All `frames` as one file, in memory.

        Raises
        ------
        ImageError
            Kind ``frames`` for several frames to a format of one, or of different sizes to an animation;
            ``too_large`` when a side is longer than the format can say; ``unsupported`` when the encoder refuses.
        """
        return self.prepared(frames, encoding, metadata, motion).encoded(encoding)

    def prepared(self, frames: Iterable[Image], encoding: Encoding, metadata: Metadata, motion: Motion) -> Prepared:
        """`frames` as this format holds them, for one encode or several."""
        from imgbatch.codecs import guard, pixels, profiling

        changes: list[str] = []
        pictures = self._taken(frames)
        self._check_sizes(pictures)
        with guard.classified("encode"):
            icc = metadata.icc
            if encoding.icc == "keep":
                pictures, icc = pixels.fitted(pictures, self, encoding, icc, changes)
            else:
                pictures, icc = profiling.unprofiled(pictures, icc, changes)
                pictures, _ = pixels.fitted(pictures, self, encoding, None, changes)
                icc = profiling.named(pictures, encoding.icc, icc, self, changes)
            pictures = self.finish(pictures, encoding, changes)
            options: dict[str, Any] = {"icc_profile": icc} if icc else {}
            options |= self._exif_options(metadata.exif, changes)
            if len(pictures) > 1:
                if self.plays:
                    options |= self.motion(motion, len(pictures), changes)
                elif motion.loop is not None:
                    changes.append(f"durations not written: {self.name}")
        return Prepared(self, pictures, options, list(dict.fromkeys(changes)), metadata.tables)

    def _taken(self, frames: Iterable[Image]) -> list[Image]:
        taken: list[Image] = []
        for frame in frames:
            if taken and not self.multiframe:
                raise ImageError("frames", f"{self.name} holds one picture, the source has several; use --frames first")
            taken.append(frame)
        if not taken:
            raise ImageError("frames", "there is no frame to write")
        return taken

    def _check_sizes(self, pictures: Sequence[Image]) -> None:
        for picture in pictures:
            width, height = picture.size
            if self.longest is not None and max(width, height) > self.longest:
                most = f"{self.name} holds at most {self.longest} px a side"
                raise ImageError("too_large", f"{width}x{height} px: {most}; resize first")
            if self.plays and picture.size != pictures[0].size:
                one_size = f"{self.name} holds frames of one size, the pages differ"
                raise ImageError("frames", f"{one_size}; use --frames first or --format tiff")

    def _exif_options(self, exif: bytes | None, changes: list[str]) -> dict[str, Any]:
        if not exif:
            return {}
        options = self.metadata(exif) if self.exif else {}
        if not options:
            changes.append(f"exif not written: {self.name}")
        return options


@dataclass
class Prepared:
    """Frames in modes of a format, with all that is saved beside them; only the encoding is open."""

    codec: Codec
    pictures: list[Image]
    options: dict[str, Any]
    changes: list[str]
    tables: Tables | None = None

    def encoded(self, encoding: Encoding) -> Encoded:
        """One encode; with ``optimize`` two, of which the smaller is kept."""
        from imgbatch.codecs import guard

        codec, pictures = self.codec, self.pictures
        with guard.classified("encode"):
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
        return Encoded(data, codec.name, width, height, count, None if kept else quality, changes, pictures[0].mode)

    def _kept(self, encoding: Encoding) -> dict[str, Any]:
        if encoding.quality != "keep" or self.tables is None:
            return {}
        return self.codec.kept(self.tables, encoding, self.pictures)


def _durations(motion: Motion, count: int, changes: list[str]) -> list[int]:
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
