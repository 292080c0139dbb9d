"""Encoding: how do frames become the bytes of one file?

The codec is asked what its format holds; the frames are brought into its modes, the profile and the other metadata are
chosen, and Pillow's encoder is called.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs import errors
from imgbatch.codecs.metadata import profile_policy, strip
from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.writing import pixel_modes
from imgbatch.core.errors import ImageError
from imgbatch.pixels.frames import SpooledFrames, spool

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.base import Codec
    from imgbatch.codecs.encoder_options import Encoding
    from imgbatch.codecs.metadata.block import AnimationTiming, JpegTables

_NOTHING = Metadata()
_MOST_INPUTS = 64  # that are remembered: a recipe has few outputs
#: What was prepared for pictures of nothing but pixels, of which the mode tells all, by codec, mode and the id of the
#: encoding; and the encoding, so that no other one gets that id.
_plain_inputs: dict[tuple[str, str, int], tuple[Encoding, EncoderInput]] = {}


@dataclass(repr=False, eq=False)
class EncodedFile:
    """The bytes of one file and what is true of it."""

    data: bytes
    format: str
    width: int
    height: int
    frames: int = 1
    quality: int | None = None
    changes: list[str] = field(default_factory=list)
    mode: str = ""
    has_position: bool = False  # whether it says where the picture was taken


@dataclass(repr=False, eq=False)
class EncoderInput:
    """Frames in modes of a format, with all that is saved beside them: what is encoded, once or several times."""

    codec: Codec
    frames: Sequence[Image]
    encoding: Encoding  # with what the source decides
    metadata: Metadata  # what is left of it, and blocks that the format has no place for
    options: dict[str, Any]
    changes: list[str]
    tables: JpegTables | None = None
    has_position: bool = False

    @property
    def blocks(self) -> dict[str, int]:
        """Bytes of the metadata that are written, by their blocks, the largest first."""
        sizes = replace(self.metadata, icc=self.options.get("icc_profile")).sizes
        missing = " not written: " + self.codec.name
        return {name: size for name, size in sizes.items() if name + missing not in self.changes}

    def overhead(self, encoding: Encoding) -> int:
        """How many bytes of a file are metadata: what they add to a picture of one pixel."""
        codec, picture = self.codec, [self.frames[0].crop((0, 0, 1, 1))]
        more = {key: value for key, value in self.options.items() if key not in ("duration", "loop")}
        with errors.image_errors("encode"):
            plain = codec.options(encoding, picture)
            return len(codec.save(picture, plain | more)) - len(codec.save(picture, plain))

    def encode(self, encoding: Encoding) -> EncodedFile:
        """One encode; with ``optimize`` two, of which the smaller is kept."""
        codec, frames = self.codec, self.frames
        with errors.image_errors("encode"):
            tables = self._table_options(encoding)
            more = self.options | tables
            data = codec.save(frames, codec.options(encoding, frames) | more)
            if encoding.optimize and codec.optimizes:
                plain = replace(encoding, optimize=False)
                data = min(data, codec.save(frames, codec.options(plain, frames) | more), key=len)
            count = _frame_count(data, codec.pillow) if codec.plays and len(frames) > 1 else len(frames)
        width, height = (first := frames[0]).size
        quality = codec.quality(encoding)
        changes = list(self.changes)
        if encoding.quality == "keep" and quality is not None:
            changes.append("quality: the source's tables kept" if tables else f"quality: {quality}, no tables to keep")
        if tables.get("subsampling") and self.tables is not None and self.tables.other_sampling:
            changes.append(
                f"sampling: {self.tables.other_sampling} is not written, {tables['subsampling']} in its place"
            )
        quality = None if tables else quality
        mode = "RGB" if first.mode == "YCbCr" else first.mode  # as it will be read
        return EncodedFile(data, codec.name, width, height, count, quality, changes, mode, self.has_position)

    def _table_options(self, encoding: Encoding) -> dict[str, Any]:
        if encoding.quality != "keep" or self.tables is None:
            return {}
        return self.codec.table_options(self.tables, encoding, self.frames)


def encode(
    codec: Codec, frames: Iterable[Image], encoding: Encoding, metadata: Metadata, timing: AnimationTiming
) -> EncodedFile:
    """All `frames` as one file, in memory.

    Parameters
    ----------
    codec : Codec
        The format.
    frames : iterable of Image
        Taken one at a time.
    encoding : Encoding
        The options; its ``max_bytes`` and ``min_ssim`` are for quality_search.py.
    metadata : Metadata
        What the source came with, already true of the pixels.
    timing : AnimationTiming
        How several frames play.

    Raises
    ------
    ImageError
        Kind ``frames`` for several frames to a format of one, or of different sizes to an animation;
        ``too_large`` when a side is longer than the format can say; ``unsupported`` when the encoder refuses.
    """
    whole = prepare(codec, frames, encoding, metadata, timing)
    return whole.encode(whole.encoding)


def prepare(
    codec: Codec, frames: Iterable[Image], encoding: Encoding, metadata: Metadata, timing: AnimationTiming
) -> EncoderInput:
    """The same up to Pillow's encoder, for one encode or several.

    Parameters
    ----------
    codec, frames, encoding, metadata, timing
        As of :func:`encode`, which says the errors, too.
    """
    pictures: Sequence[Image] = _checked_frames(codec, frames)
    _check_sizes(codec, pictures)
    is_plain = len(pictures) == 1 and encoding.colors is None and metadata == _NOTHING
    if not (is_plain and pixel_modes.is_fit(first := pictures[0], codec)):
        return _prepare(codec, pictures, encoding, metadata, timing)
    key = codec.name, first.mode, id(encoding)
    entry = _plain_inputs.get(key)
    if entry is None:
        result = _prepare(codec, pictures, encoding, metadata, timing)
        if result.frames is pictures:  # else its codec has looked at the pixels
            if len(_plain_inputs) >= _MOST_INPUTS:
                _plain_inputs.clear()
            _plain_inputs[key] = encoding, replace(result, frames=())
        return result
    _, like = entry
    position = like.has_position
    return EncoderInput(codec, pictures, like.encoding, like.metadata, like.options, like.changes, None, position)


def _prepare(
    codec: Codec, pictures: Sequence[Image], encoding: Encoding, metadata: Metadata, timing: AnimationTiming
) -> EncoderInput:
    changes: list[str] = []
    with errors.image_errors("encode"):
        icc, policy = metadata.icc, strip.icc_policy(encoding.icc, encoding.strip, encoding.keep)
        is_reduced_last = encoding.depth == "8" and policy != "keep"  # colors are converted with all their bits
        if not is_reduced_last:
            pictures = pixel_modes.set_depth(pictures, encoding.depth, codec, changes)
        if policy == "keep":
            pictures, icc = pixel_modes.fit(pictures, codec, encoding.background, icc, changes)
        else:
            pictures, icc = profile_policy.convert_to_srgb(pictures, icc, changes)
            if is_reduced_last:
                pictures = pixel_modes.set_depth(pictures, encoding.depth, codec, changes)
            pictures, _ = pixel_modes.fit(pictures, codec, encoding.background, None, changes)
            icc = profile_policy.profile_to_write(
                pictures, policy, icc if icc and codec.can_write_profile(icc) else None, codec.icc, changes
            )
        pictures = codec.finish(pictures, encoding, changes)
        changes += _depth_changes(codec, pictures[0].mode, encoding, metadata)
        wish, options = codec.inherit(encoding, metadata, pictures, changes)
        options |= {"icc_profile": icc} if icc else {}
        is_srgb = not icc and pictures[0].mode != "CMYK"
        final = final_metadata(codec, metadata, encoding, pictures[0].size, changes, is_srgb)
        if final.pages and not codec.page_tags:
            from imgbatch.codecs.containers.tiff_tags import names_of

            changes += [f"{name} not written: {codec.name}" for name in names_of(final.pages, len(pictures))]
        options |= metadata_options(codec, final, changes)
        if len(pictures) > 1:
            if codec.plays:
                options |= codec.animation_options(timing, len(pictures), changes)
            elif timing.loop is not None:
                changes.append(f"durations not written: {codec.name}")
    changes = list(dict.fromkeys(changes))
    return EncoderInput(codec, pictures, wish, final, options, changes, metadata.tables, final.has_position)


def final_metadata(
    codec: Codec,
    metadata: Metadata,
    encoding: Encoding,
    size: tuple[int, int],
    changes: list[str],
    is_srgb: bool = False,
) -> Metadata:
    """What is written beside a picture, encoded or not: stripped, true of it, and with the texts that are set.

    Parameters
    ----------
    codec : Codec
    metadata : Metadata
        Not changed.
    encoding : Encoding
        Which metadata go and stay, and what is set.
    size : (int, int)
        Of the picture, in px.
    changes : list of str
        Gets what goes, and what is set.
    is_srgb : bool
        Whether it is sRGB without a profile, so that EXIF must not say Adobe RGB.
    """
    final = strip.metadata_to_write(metadata, encoding.strip, encoding.keep, encoding.icc, size, changes)
    if is_srgb and final.exif:
        final = replace(final, exif=profile_policy.exif_of_srgb(final.exif, changes))
    if encoding.set:
        from imgbatch.codecs.writing.labels_in_format import set_labels

        final = set_labels(codec, final, encoding.set, changes)
    return final


def metadata_options(codec: Codec, metadata: Metadata, changes: list[str]) -> dict[str, Any]:
    """Pillow's save parameters for `metadata`, from which goes what `codec` has no place for.

    Parameters
    ----------
    codec : Codec
    metadata : Metadata
        EXIF and XMP that cannot be written are set to None.
    changes : list of str
        Gets a text for each block that is not written.
    """
    missing: list[str] = []
    options = codec.exif_options(metadata.exif) if metadata.exif and codec.exif else {}
    if metadata.exif and not options:
        missing.append("exif")
        metadata.exif = None
    options |= codec.metadata_options(metadata, missing)
    changes += [f"{name} not written: {codec.name}" for name in missing]
    if "xmp" in missing:
        metadata.xmp = None
    return options


def _depth_changes(codec: Codec, mode: str, encoding: Encoding, metadata: Metadata) -> list[str]:
    """The change where samples of more than 8 bits have other bits in the file than they had in the source."""
    if not mode.endswith(";16"):
        return []
    source_bits = metadata.bits if 8 < metadata.bits < 16 else 16
    bits = codec.deep_bits(encoding, metadata)
    return [f"depth: {source_bits} -> {bits} bits"] if bits != source_bits else []


def _checked_frames(codec: Codec, frames: Iterable[Image]) -> SpooledFrames:
    result = spool(frames)
    if len(result) > 1 and not codec.multiframe:
        raise ImageError("frames", f"{codec.name} holds one picture, the source has several; use --frames first")
    if not result:
        raise ImageError("frames", "there is no frame to write")
    return result


def _check_sizes(codec: Codec, pictures: Sequence[Image]) -> None:
    first = pictures[0].size
    for picture in pictures:
        width, height = picture.size
        if codec.longest is not None and max(width, height) > codec.longest:
            most = f"{codec.name} holds at most {codec.longest} px a side"
            raise ImageError("too_large", f"{width}x{height} px: {most}; resize first")
        if codec.plays and picture.size != first:
            one_size = f"{codec.name} holds frames of one size, the pages differ"
            raise ImageError("frames", f"{one_size}; use --frames first or --format tiff")


def _frame_count(data: bytes, pillow: str) -> int:
    """How many frames were written: encoders join equal neighbors."""
    from PIL import Image as Images

    with Images.open(io.BytesIO(data), formats=[pillow]) as image:
        return int(getattr(image, "n_frames", 1))
