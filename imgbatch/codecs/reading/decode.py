"""Decoding: how does a picture whose header was read become frames, of no more pixels than needed?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from imgbatch.codecs import errors
from imgbatch.codecs.containers import jpeg_headers, png_chunks, tiff_pages
from imgbatch.codecs.metadata import exif
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.codecs.metadata.read import comment, packet, records, resolution, texts
from imgbatch.codecs.reading import aperture, color_description, jpeg_draft, limits, losses, optional_readers
from imgbatch.codecs.reading.reader_gaps import reader_errors
from imgbatch.codecs.reading.samples import bit_depth, loaded_frame
from imgbatch.codecs.registry import CODECS
from imgbatch.pixels.orientation import from_upright, swap_size, to_upright

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose
    from PIL.ImageFile import ImageFile

    from imgbatch.codecs.containers.jpeg_companions import Companion
    from imgbatch.codecs.reading.samples.deep_frames import Reader

#: As `min_size` of `SourceImage.decode`: all of a JPEG's data are read, but no picture is wanted.
ALL_DATA = (1, 1)
MULTIFRAME = losses.MULTIFRAME
_NAMES = {**{one.pillow: name for name, one in CODECS.items()}, "MPO": "jpeg"}
_SUBFILE = 254
_LOSSLESS = 3  # the JPEG process that has no smaller scales


class SourceImage:
    """A picture whose header was read.

    Parameters
    ----------
    image, data, max_pixels, bare
        As Pillow opened it, the whole file, how many pixels all frames may have, whether it is a PNG of nothing else.

    Attributes
    ----------
    format : str
        One of registry.CODECS, or Pillow's name in lower case.
    size, upright_size : (int, int)
        (width, height) in px, as stored and after the orientation.
    orientation : int
        1..8 as EXIF counts them.
    length : int
        Bytes of the file.
    heavy, is_plain : bool
        Whether it has blocks too large to be read, so that its bytes are not passed on; whether it is only pixels.
    untrusted : bool
        Whether it comes from strangers, so that Pillow alone decodes it.
    waves : int
        Bytes that its decoder holds besides pixels: JPEG's in several scans, JPEG 2000's numbers of 32 bits.
    scales, luma : bool
        Whether fewer pixels can be decoded than there are, and brightness and colors apart (YCbCr).
    file, end : file, int or None
        What the decoder reads, and where the picture ends as far as that is known before it is decoded.
    deep : str or None
        The mode of 16 bits of color that `decode` can give instead of `mode`, which has 8.
    depth : int
        Bits per sample as stored.
    metadata : Metadata
        EXIF and profile as they are in the file; `decode` makes EXIF upright with the pixels.
    changes, warnings : list of str
        What is lost already, and what looked wrong.
    """

    is_plain = False

    def __init__(self, image: ImageFile, data: bytes, max_pixels: int, bare: bool) -> None:
        self.image = image
        self.format = _NAMES.get(image.format or "", (image.format or "unknown").lower())
        self.mode = image.mode
        self.changes: list[str] = []
        self.warnings: list[str] = []
        self._data = data
        self.length, self.heavy, self.untrusted, self._max_pixels = len(data), False, False, max_pixels
        self._pixels: dict[int, int] = {}  # of each page, where they have sizes of their own
        self.depth = bit_depth.depth(image, self.format, data)
        if self.format == "png" and not bare:
            png_chunks.add_late_info(image, data)
        if self.format == "png":
            png_chunks.rescale_key(image, data)
        others = () if bare else losses.other_blocks(image, self.format, data, self.warnings)
        upright = self.format in optional_readers.EXTRAS and optional_readers.is_upright(image)
        self.orientation = 1 if upright else exif.orientation(image, self.warnings)
        size = tiff_pages.stored_size(image)
        self._box = aperture.box_of(size, self.format, data, self.warnings)
        self.size = (self._box[2] - self._box[0], self._box[3] - self._box[1])
        self.upright_size = swap_size(self.size, self.orientation)
        process, several = jpeg_headers.process_of(data) if self.format == "jpeg" else (None, False)
        self.scales = self.format == "jpeg" and process != _LOSSLESS
        self.luma = self.scales and jpeg_headers.is_ycbcr(image)
        self.waves = jpeg_headers.decoder_bytes(image, self.format, several) + aperture.bytes_around(size, self._box)
        limits.check_pixels(size, max_pixels)
        if process == _LOSSLESS:
            jpeg_headers.refuse_ycbcr(image)
        self.file, self.end = image.fp, jpeg_headers.end_of_scans(data) if several else None
        self.metadata = Metadata()
        if image.info or others or (not bare and (self.format != "png" or png_chunks.cicp(data))):
            block = exif.exif_of(image, self.warnings, self.changes)
            self.metadata = Metadata(
                block,
                color_description.profile_of(image, self.format, data, block, self.warnings, self.changes),
                jpeg_headers.tables(image) if self.format == "jpeg" else None,
                packet(image, self.format, data, self.warnings, self.changes),
                records(image, self.warnings),
                comment(image),
                texts(image) if self.format == "png" else {},
                resolution(image),
                others,
            )
        self.metadata.bits = self.depth
        if upright:
            exif.turn(self.metadata, 1)
        self.deep: str | None = None
        if self.depth > 8:
            from imgbatch.codecs.reading.samples import deep_frames  # few files are

            self.deep = deep_frames.deep_mode(image, self.format, data)
        self.changes += losses.reading_losses(image, self.format, data)
        if self.format == "gif":
            self.warnings += bit_depth.gif_warnings(image, data)

    def sensor_orientation(self, upright: bool) -> int:
        """How pixels as the sensor has them are turned to lie as those of `decode`: EXIF's 1..8."""
        extra = self.format in optional_readers.EXTRAS
        by_reader = optional_readers.reader_orientation(self.image, self._data) if extra else 1
        return by_reader if by_reader != 1 or not upright else self.orientation

    @property
    def frame_count(self) -> int:
        """How many frames or pages there are; asking walks through a GIF or TIFF."""
        return len(self._frames)

    @functools.cached_property
    def _frames(self) -> range | list[int]:
        """The places in the file of the frames that count."""
        if self.format not in MULTIFRAME:
            return range(1)
        with errors.image_errors("decode"):
            if self.format == "tiff":
                tiff_pages.index_pages(self.image)
            count = int(getattr(self.image, "n_frames", 1))
            if self.format == "tiff" and count > 1:
                return self._pages(count)
        if self.format == "gif" and count > 1 and losses.lacks_end_mark(self._data):
            self.warnings.append("the GIF has no end mark: frames may be missing")
        if getattr(self.image, "default_image", False) and count > 1:
            return range(1, count)  # an APNG whose still picture is not part of the animation
        return range(count)

    def _pages(self, count: int) -> list[int]:
        """The pages of a TIFF without reduced copies (thumbnails, pyramids) and masks."""
        pages = []
        for index in range(count):
            self.image.seek(index)
            if index == 0 or not int(tiff_pages.tag(self.image, _SUBFILE, 0)) & 5:
                pages.append(index)
                self._pixels[index] = self.image.width * self.image.height
        self.image.seek(0)
        if len(pages) < count:
            self.changes.append(f"reduced copies not kept: {count - len(pages)}")
        return pages

    def decode(
        self,
        frames: str = "all",
        min_size: tuple[int, int] | None = None,
        orient: bool = True,
        turn: bool = True,
        luma: bool = False,
        deep: bool = False,
    ) -> tuple[Iterator[Image], AnimationTiming]:
        """The frames, one at a time, fully loaded and apart from the file; and how they play. May be called once.

        Parameters
        ----------
        frames : str
            ``all``, ``first`` or how many.
        min_size : (int, int), optional
            An upright size that will do: a JPEG may be decoded smaller, but never below it, and without the data
            that its size does not look at. `ALL_DATA`: a size does not matter, but all of them are to be read.
        orient : bool
            Turn the pixels upright, and say so in `metadata` and `changes`.
        turn : bool
            False leaves the turning itself to the caller, who can do it with fewer pixels.
        luma : bool
            Leave the pixels as brightness and two colors (mode YCbCr), which must be in the file (`SourceImage.luma`).
        deep : bool
            Give 16 bits of color where the file holds them (`SourceImage.deep`); else they become 8, which is noted.
        """
        reader = None
        if self.deep:
            from imgbatch.codecs.reading.samples import deep_frames

            reader = deep_frames.deep_reader(self.image, self.format, self._data, None if deep else self.changes)
        self.changes += [] if reader else losses.depth_losses(self.image, self.depth)
        places = self._select_places(frames)
        if orient and self.orientation != 1:
            self.changes.append(f"orientation: baked {self.orientation}")
            exif.turn(self.metadata, self.orientation)
        timing = AnimationTiming(loop=self._plays() if len(places) > 1 else None)
        draft = None
        if self.scales and (min_size is not None or luma):
            size = None if min_size is None else swap_size(min_size, self.orientation)
            draft = functools.partial(
                jpeg_draft.draft, self.image, self._data, "YCbCr" if luma else None, size, min_size != ALL_DATA
            )
        pictures = self._decode_frames(places, draft, orient, turn, timing, reader)
        return color_description.in_one_space(self.image, pictures, self.metadata.icc, self.changes), timing

    def close(self) -> None:
        """Give the file's bytes and the reader's memory back."""
        self.image.close()
        self._data = b""

    def __enter__(self) -> SourceImage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @functools.cached_property
    def companions(self) -> list[Companion]:
        """What follows the picture in a JPEG; cheapest after it was decoded, because then its end is known."""
        return losses.companions(self, self._data)

    def _select_places(self, frames: str) -> range | list[int]:
        if frames == "first" or (frames != "all" and int(frames) == 1):
            return range(1)
        places = self._frames if frames == "all" else self._frames[: int(frames)]
        if self._pixels:
            pixels = sum(self._pixels[place] for place in places)
            limits.check_total(pixels, self._max_pixels, f"in {len(places)} pages", len(places))
        else:
            limits.check_pixels(self.size, self._max_pixels, len(places))
        return places

    def _plays(self) -> int | None:
        """How often the animation plays, 0 for ever; None for pages."""
        loop = self.image.info.get("loop")
        if self.format == "tiff":
            return None
        if self.format == "gif":
            return 1 if loop is None else (int(loop) + 1 if loop else 0)
        return int(loop or 0)

    def _decode_frames(
        self,
        places: range | list[int],
        draft: Callable[[], jpeg_draft.Box | None] | None,
        orient: bool,
        turn: bool,
        timing: AnimationTiming,
        reader: Reader | None,
    ) -> Iterator[Image]:
        pixels = 0
        for place in places:
            with reader_errors(self.format, self._data):
                if self.format in MULTIFRAME and place != self.image.tell():
                    self.image.seek(place)
                deep = reader if reader is not None and reader.prepare() else None
                if self.format == "tiff" and deep is None:
                    tiff_pages.prepare_page(self.image, len(self._pixels))
                    if self.image.mode not in ("P", "PA"):
                        self.image.palette = None  # Pillow before 13 keeps another page's
                transpose = self._turn(orient) if turn or not orient else None
                box = None if draft is None else draft()
                mend = bit_depth.frame_repair(self.image, self.depth)
                if deep is None or not deep.is_alone:
                    loaded_frame.load(self.image, self._data, self.untrusted)
                if box is not None:
                    jpeg_draft.mix_padding(self.image, *box[2:])
                bit_depth.check(self.image, self.format, self.depth, self.warnings)
                pixels += self.image.size[0] * self.image.size[1]
                if pixels > self._max_pixels:
                    limits.check_pixels(self.image.size, self._max_pixels, len(places))
                frame = loaded_frame.detach(self.image, len(places) == 1, mend, deep)
                frame = aperture.within(frame, self._box, self.format, self.warnings)
                if transpose is not None:
                    frame = frame.transpose(transpose)
                if len(places) > 1 and timing.loop is not None:
                    timing.durations.append(round(float(self.image.info.get("duration", 0) or 0)))
            yield frame

    def _turn(self, orient: bool) -> Transpose | None:
        """What is to be done to the pixels after decoding: TIFF's reader turns them itself."""
        if self.format == "tiff":
            return None if orient else from_upright(tiff_pages.exif_orientation(self.image))
        return to_upright(self.orientation) if orient else None
