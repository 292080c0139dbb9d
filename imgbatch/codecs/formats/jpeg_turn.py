"""JPEG turn: how is a JPEG turned by quarters or mirrored without being encoded anew?

Its coefficients are moved, by libjpeg-turbo's tj3Transform; no value of them changes but for its sign, so the same turn
back gives the same coefficients. A side that comes to lie on the left or on top has to end with a whole block of the
color sampling: a JPEG holds no part of one there (libjpeg-turbo, transupp.h).

Of the packages on PyPI only turbojpeg (github.com/Dobatymo/turbojpeg-python) offers it as its public interface, with
libjpeg-turbo in its wheels: PyTurboJPEG 2.6, which has the same module's name, only crops and optimizes, simplejpeg 1.9
and imagecodecs only code pixels, jpeglib reads and writes coefficients of files by their path, and jpegtran-cffi is of
2015. It is an extra, called directly, and never needed: what it refuses is decoded and encoded.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
from typing import TYPE_CHECKING

from imgbatch.codecs.containers.jpeg_headers import FRAMES, SOS, segments
from imgbatch.codecs.formats.jpeg import Jpeg
from imgbatch.codecs.formats.rewrites import jpeg_lossless
from imgbatch.codecs.metadata.header_blocks import JFIF
from imgbatch.codecs.metadata.read import resolution_of_block
from imgbatch.codecs.writing.encode import EncodedFile, final_metadata, metadata_options
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.quantities import Size
from imgbatch.pixels.orientation import swap_size

if TYPE_CHECKING:
    from imgbatch.codecs.encoder_options import Encoding
    from imgbatch.codecs.metadata.block import Metadata

PACKAGE = "turbojpeg"
ADVICE = 'pip install "imgbatch[turn]"'
TURN_CHANGE = f"picture turned without being encoded anew: its coefficients, by {PACKAGE}"
_REFUSAL = "picture encoded anew to be turned"
_PROGRESSIVE = 0xC2
_PROCESSES = (0xC0, 0xC1, _PROGRESSIVE)  # Huffman's codes, of coefficients
_BLOCK = 8  # px
#: The package's names for what turns each orientation of EXIF upright.
_WAYS = {1: "NONE", 2: "HFLIP", 3: "ROT180", 4: "VFLIP", 5: "TRANSPOSE", 6: "ROT90", 7: "TRANSVERSE", 8: "ROT270"}
_FROM_RIGHT, _FROM_BOTTOM = (2, 3, 7, 8), (3, 4, 6, 7)
#: How T.81's example of a table of AC coefficients begins (K.3.3.2), which writers take that do not optimize theirs.
_EXAMPLE = bytes.fromhex("10 00 02 01 03 03 02 04 03 05 05 04 04 00 00 01 7d")


@frozen
class FrameHeader:
    """What a JPEG says of its picture.

    Attributes
    ----------
    marker : int
        Its process: SOF's marker.
    bits : int
        Of a sample.
    size : (int, int)
        Width and height as stored, in px.
    samplings : tuple of (int, int)
        Of each component, across and down.
    """

    marker: int
    bits: int
    size: Size
    samplings: tuple[tuple[int, int], ...]

    @property
    def unit(self) -> Size:
        """Width and height in px of the blocks that hold all components."""
        if len(self.samplings) == 1:
            return _BLOCK, _BLOCK
        return _BLOCK * max(across for across, _ in self.samplings), _BLOCK * max(down for _, down in self.samplings)


def frame_header(data: bytes) -> FrameHeader | None:
    """What a JPEG says of its picture before the first scan; None where it says nothing, or twice."""
    frames = [(marker, data[start:end]) for marker, start, end in segments(data) if marker in FRAMES]
    if len(frames) != 1:
        return None
    marker, header = frames[0]
    if len(header) < 10 or len(header) < 10 + 3 * header[9]:
        return None
    size = int.from_bytes(header[7:9], "big"), int.from_bytes(header[5:7], "big")
    samplings = tuple((byte >> 4, byte & 15) for byte in header[11 : 10 + 3 * header[9] : 3])
    return FrameHeader(marker, header[4], size, samplings) if samplings and all(map(all, samplings)) else None


@functools.cache
def is_installed() -> bool:
    """Whether the package is installed, and not the other one of that module's name; it is not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    return spec is not None and not (spec.origin or "").endswith(".py")


def obstacle(data: bytes, way: int) -> str | None:
    """Why the coefficients of a JPEG cannot be turned, as far as its header tells; None: they can.

    Parameters
    ----------
    data : bytes
        The file.
    way : int
        The orientation (EXIF's 1..8) from which it is turned upright.
    """
    header = frame_header(data)
    if header is None or header.bits != 8 or header.marker not in _PROCESSES:
        return f"{_REFUSAL}: its kind of JPEG has no coefficients that can be moved here"
    across, down = header.unit
    width, height = header.size
    if (way in _FROM_RIGHT and width % across) or (way in _FROM_BOTTOM and height % down):
        return f"{_REFUSAL}: {width}x{height} px are no whole blocks of {across}x{down} px at the edge to be moved"
    return None


def is_progressive(data: bytes) -> bool:
    """Whether a JPEG is."""
    header = frame_header(data)
    return header is not None and header.marker == _PROGRESSIVE


def working_memory(data: bytes) -> int:
    """How many bytes the turning takes: the coefficients twice, in two bytes each, the file, and what is made of it."""
    header = frame_header(data)
    if header is None:
        return 0
    finest = math.prod(header.unit) // _BLOCK**2
    samples = sum(across * down for across, down in header.samplings) / finest
    return round(2 * 2 * samples * math.prod(header.size)) + 3 * len(data)


def turn_coefficients(data: bytes, way: int, optimize: bool = False) -> bytes | str:
    """A JPEG turned, without its metadata; or why the package refuses, as it does for any damage that it sees.

    It stays progressive.

    Parameters
    ----------
    data, way
        As of :func:`obstacle`.
    optimize : bool
        Make the tables of codes for it, even if those that it has are T.81's examples.
    """
    try:
        package = importlib.import_module(PACKAGE)
        header = frame_header(data)
        scan = next((start for marker, start, _ in segments(data) if marker == SOS), 0)
        result: bytes = package.transform(
            data,
            op=getattr(package.OP, _WAYS.get(way, "")),
            perfect=True,
            copynone=True,
            progressive=is_progressive(data),
            optimize=optimize or data.find(_EXAMPLE, 0, scan) < 0,
        )
    except (ImportError, AttributeError, TypeError, RuntimeError, ValueError) as error:
        return f"{_REFUSAL}: {PACKAGE} says {' '.join(str(error).split()) or type(error).__name__}"
    after = frame_header(result)
    if header is None or after is None or after.size != swap_size(header.size, way):
        return f"{_REFUSAL}: {PACKAGE} made something else of it"
    return result


def write(jpeg: bytes, encoding: Encoding, metadata: Metadata, size: Size, mode: str) -> EncodedFile:
    """The file of a picture that was turned, with its metadata.

    Parameters
    ----------
    jpeg : bytes
        What :func:`turn_coefficients` gave.
    encoding : Encoding
        Which metadata go and stay; the profile stays.
    metadata : Metadata
        Already true of the pixels.
    size : (int, int)
        Of the result, in px.
    mode : str
        Of its pixels.
    """
    changes = [TURN_CHANGE]
    final = final_metadata(Jpeg(), metadata, encoding, size, changes)
    options = metadata_options(Jpeg(), final, changes) | ({"icc_profile": metadata.icc} if metadata.icc else {})
    data = jpeg_lossless.replace_metadata(jpeg, options, profile=False)
    assert data is not None  # libjpeg-turbo has just written it
    if "dpi" in options and JFIF not in data[:20] and not (final.exif and resolution_of_block(final.exif)):
        changes.append("resolution not written: jpeg")
    changes = list(dict.fromkeys(changes))
    return EncodedFile(data, "jpeg", *size, changes=changes, mode=mode, has_position=final.has_position)
