"""Codec: what can one format hold, and how do the declared options become Pillow's?

One class per format that imgbatch writes. A codec only declares; writing/encode.py asks it on the way from pixels to
bytes. Reading is Pillow's, through reading/decode.py.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from imgbatch.codecs.registry import WRITTEN

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from imgbatch.codecs.encoder_options import Encoding
    from imgbatch.codecs.errors import Finding
    from imgbatch.codecs.metadata.block import AnimationTiming, JpegTables, Metadata


class Codec(ABC):
    """One format that can be written.

    Attributes
    ----------
    name : str
        Our name of the format, by which registry.WRITTEN knows more of it.
    modes : frozenset of str
        Modes that are written as they are. The others become one of `targets`, the first of which is for gray
        without alpha, then gray with alpha, color, color with alpha (see writing.pixel_modes.target_mode).
    most_bits : int
        Of a sample, where it holds more than 8.
    longest : int or None
        The longest side that the format can hold, in px.
    plays : bool
        Whether its frames have durations.
    alpha, icc, exif : bool
        Whether it holds an alpha channel, a color profile, EXIF.
    optimizes : bool
        Whether ``optimize`` has a meaning, so that the result is compared with the plain one.
    color_key : bool
        Whether one gray value or color can be declared transparent (``transparency`` in Pillow's info).
    for_web : bool
        Whether files of it are made for the web: then a position in their metadata is worth a hint.
    plain_xmp : bool
        Whether the encoder takes XMP as it is, whatever its length.
    page_tags : bool
        Whether its pages hold TIFF's own tags.
    label_places : tuple of str
        Where texts that a user sets (artist, ...) have their usual place: of ``exif``, ``xmp``, ``iptc``, ``text``.
    feature : str or None
        The feature of Pillow's (PIL.features) without which it cannot be read.
    """

    name: ClassVar[str]
    modes: ClassVar[frozenset[str]]
    targets: ClassVar[tuple[str, str, str, str]] = ("L", "LA", "RGB", "RGBA")
    most_bits: ClassVar[int] = 16
    longest: ClassVar[int | None] = None
    plays: ClassVar[bool] = False
    alpha: ClassVar[bool] = True
    icc: ClassVar[bool] = True
    exif: ClassVar[bool] = True
    color_key: ClassVar[bool] = False
    optimizes: ClassVar[bool] = False
    for_web: ClassVar[bool] = False
    plain_xmp: ClassVar[bool] = False
    page_tags: ClassVar[bool] = False
    label_places: ClassVar[tuple[str, ...]] = ("exif", "xmp")
    feature: ClassVar[str | None] = None

    @property
    def pillow(self) -> str:
        """Pillow's name of the format."""
        return WRITTEN[self.name].pillow

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Lower case with the dot; the first is the one given to new names."""
        return WRITTEN[self.name].suffixes

    @property
    def multiframe(self) -> bool:
        """Whether it holds several frames or pages."""
        return WRITTEN[self.name].multiframe

    @abstractmethod
    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        """Pillow's save parameters for the frames as they will be written."""

    def can_write_profile(self, icc: bytes) -> bool:
        """Whether a profile can be written."""
        return self.icc

    def quality(self, encoding: Encoding) -> int | None:
        """The quality that is used, or None where the format (or a lossless one) has none."""
        return None

    def sampling(self, encoding: Encoding) -> str:
        """The chroma sampling of colors, in a format that has several: as typed, or by the quality."""
        if encoding.subsampling != "auto":
            return encoding.subsampling
        whole, quality = WRITTEN[self.name].whole_chroma, self.quality(encoding)
        return "4:4:4" if whole is not None and quality is not None and quality >= whole else "4:2:0"

    def deep_bits(self, encoding: Encoding, metadata: Metadata) -> int:
        """Bits of a sample in the file, of pixels that have more than 8."""
        return self.most_bits

    def inherit(
        self, encoding: Encoding, metadata: Metadata, frames: Sequence[Image], changes: list[str]
    ) -> tuple[Encoding, dict[str, Any]]:
        """The options with what they leave to the source, and Pillow's save parameters that follow from both.

        Parameters
        ----------
        encoding : Encoding
        metadata : Metadata
            How the source was encoded.
        frames : sequence of Image
            In modes of the format.
        changes : list of str
            Gets a text where something cannot be as in the source.
        """
        return encoding, {}

    def halves_chroma(self, encoding: Encoding) -> bool:
        """Whether four pixels share their colors in the file, and what the pixels are encoded from may be YCbCr."""
        return False

    def table_options(self, tables: JpegTables, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        """Pillow's save parameters for ``quality="keep"``; empty where the format has no such tables.

        Parameters
        ----------
        tables : JpegTables
            Quantization and sampling of the source.
        encoding : Encoding
        frames : sequence of Image
            In modes of the format.
        """
        return {}

    def findings(self, data: bytes) -> Iterable[Finding]:
        """What is wrong with a file, as far as its blocks tell without being decoded."""
        return ()

    def confirm(self, data: bytes, findings: list[Finding]) -> list[Finding]:
        """The findings of a file that could be decoded, without what decoding disproves."""
        return findings

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        """The frames after what depends on all of them (palettes, one mode); each has a mode of the format already.

        Parameters
        ----------
        frames : sequence of Image
        encoding : Encoding
        changes : list of str
            Gets what is lost, a text for each.
        """
        return frames

    def exif_options(self, exif: bytes) -> dict[str, Any]:
        """Pillow's save parameters for `exif`; empty when it cannot be written."""
        return {"exif": exif}

    def metadata_options(self, metadata: Metadata, missing: list[str]) -> dict[str, Any]:
        """Save parameters for XMP, IPTC, comment, text and resolution; `missing` gets what has no place."""
        from imgbatch.codecs.metadata.read import is_same, resolution_of_block

        options = {"xmp": metadata.xmp} if self.plain_xmp and metadata.xmp else {}
        blocks = {"xmp": metadata.xmp, "iptc": metadata.iptc, "comment": metadata.comment, "text": metadata.text}
        missing += [name for name, block in blocks.items() if block and name not in options]
        by_exif = resolution_of_block(metadata.exif) if metadata.exif and metadata.resolution and self.exif else None
        missing += (
            ["resolution"] if metadata.resolution is not None and not is_same(by_exif, metadata.resolution) else []
        )
        return options

    def animation_options(self, timing: AnimationTiming, count: int, changes: list[str]) -> dict[str, Any]:
        """Pillow's save parameters for the playing of `count` frames, of a format that `plays`.

        Parameters
        ----------
        timing : AnimationTiming
            Without a ``loop`` the animation plays for ever.
        count : int
            At least 2.
        changes : list of str
            Gets a text where durations are assumed.
        """
        return {"duration": timing.for_frames(count, changes), "loop": 0 if timing.loop is None else timing.loop}

    def open(self, data: bytes) -> ImageFile:
        """One of its own files, for a look at what was made of the pixels."""
        from PIL import Image as Images

        return Images.open(io.BytesIO(data), formats=[self.pillow])

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        """Pillow's encoder."""
        file = io.BytesIO()
        if len(frames) > 1:
            from imgbatch.codecs.frame_sequence import FrameSequence

            FrameSequence(frames).save(file, self.pillow, save_all=True, **options)
        else:
            frames[0].save(file, self.pillow, **options)
        return file.getvalue()
