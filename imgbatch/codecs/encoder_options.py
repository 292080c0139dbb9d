"""Encoder options: what can be said of how a file is encoded? The options that all formats share, declared once."""

# Without `from __future__ import annotations`: every start of a command would compile the texts of the fields again.
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from imgbatch.codecs.registry import CODECS, WRITTEN
from imgbatch.core.file_parameter import File
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Choice, Grammar, Number, Switch, Texts
from imgbatch.core.parameters import Brief, Declaration, Heading
from imgbatch.core.quantities import Amount, Quality
from imgbatch.pixels.color import COLOR

FORMATS = tuple(CODECS)
SAME = "same"
#: Other words for formats.
SPELLINGS = (("jpg", "jpeg"), ("tif", "tiff"), ("heic", "heif"))
#: What may be written: at the shell, in a recipe and in Python.
FORMAT = Choice((*WRITTEN, SAME), SPELLINGS)
#: The same for type checkers.
Format = Literal[
    "same", "jpeg", "png", "webp", "avif", "tiff", "gif", "bmp", "jxl", "heif", "jpg", "tif", "heic"
]  # fmt: skip
_METADATA = Heading("metadata")  # of the help pages


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


def canonical_words(text: str) -> str:
    """A comma list of blocks and tags of metadata in its one spelling (words.py)."""
    from imgbatch.codecs.metadata import words

    return words.canonical_words(text)


def canonical_labels(items: Iterable[tuple[Any, Any]]) -> tuple[Any, ...] | None:
    """Texts of metadata by their words, in their one spelling (labels/label_words.py)."""
    from imgbatch.codecs.metadata.labels import label_words

    return label_words.canonical_labels(items)


@frozen
class Encoding(Declaration):
    """How a file is encoded: the options that all formats share, each mapped by the format's codec.

    An option that a format does not know is ignored by it (``quality`` for PNG), so one recipe serves several formats.
    """

    word: ClassVar[str] = "output"

    format: Annotated[str, FORMAT, "format to write; same: the source's own"] = SAME
    quality: Annotated[
        int | str | None,
        Quality(),
        "1 (small) to 100 (best), or keep: a JPEG's own tables and sampling; JPEG and WebP 82, AVIF 60 when not said",
        Brief("1 (small) to 100 (best); JPEG and WebP 82, AVIF 60 when not said"),
    ] = None
    subsampling: Annotated[
        str,
        Choice(("auto", "4:4:4", "4:2:2", "4:2:0")),
        f"chroma sampling of JPEG, AVIF and HEIC; auto: 4:4:4 from quality {CODECS['jpeg'].whole_chroma} on "
        f"(AVIF {CODECS['avif'].whole_chroma}), else 4:2:0",
    ] = "auto"
    progressive: Annotated[bool, Switch(), "JPEG in several scans"] = False
    optimize: Annotated[bool, Switch(), "smaller JPEG and PNG files for more time, same pixels"] = False
    lossless: Annotated[bool, Switch(), "WebP and JPEG XL without loss; AVIF and HEIC only for gray pictures"] = False
    compression: Annotated[
        str,
        Choice(("keep", "none", "deflate", "lzw", "jpeg", "zstd", "g4")),
        "how TIFF packs pixels; keep: as a TIFF source's pages, else deflate, and g4 for pages of one bit",
    ] = "keep"
    effort: Annotated[int | None, Number(0, 9, whole=True), "0 (fast) to 9 (small), mapped per format"] = None
    depth: Annotated[
        str, Choice(("keep", "8", "16")), "bits of a sample, for PNG, TIFF and HEIC; keep: 16 bits stay 16"
    ] = "keep"
    colors: Annotated[int | None, Number(2, 256, whole=True), "colors of the palette, for PNG and GIF"] = None
    max_bytes: Annotated[int | None, Amount(1), "the highest quality, up to --quality, that is no larger", Brief()] = (
        None
    )
    min_ssim: Annotated[
        float | None, Number(0, 1), "the lowest quality that looks so much like the original; 0.97 is hard to tell"
    ] = None
    min_quality: Annotated[
        int | None, Number(1, 100, whole=True), "as low as --max-bytes and --min-ssim may go; 20 when not said"
    ] = None
    then_shrink: Annotated[bool, Switch(), "fewer pixels where --min-quality is still above --max-bytes"] = False
    min_savings: Annotated[
        str | None,
        Grammar("a share such as 5%", canonical_share, ("5%", "12.5%")),
        "keep the original's bytes when the same picture gets no smaller than by this",
    ] = None
    background: Annotated[str, COLOR, "what transparent pixels are laid on where the format has no alpha"] = "#ffffff"
    frames: Annotated[
        str,
        Grammar("all, first or a number of frames", canonical_frames, ("all", "first", "3")),
        "frames of animations and pages to keep",
    ] = "all"
    icc: Annotated[
        str,
        Choice(("keep", "srgb", "none")),
        "color profile; srgb converts to sRGB, none converts and writes none",
        Brief("color profile: as it is, converted to sRGB, or none"),
        _METADATA,
    ] = "keep"
    gainmap: Annotated[
        str,
        Choice(("keep", "drop")),
        "the gain map beside a JPEG's picture (HDR); drop leaves it out",
        _METADATA,
    ] = "keep"
    assume_icc: Annotated[
        str | None,
        File("profile", "an ICC profile's file", ("scanner.icc",)),
        "profile of pictures that have none, where it is for such pixels; sRGB when not said",
        _METADATA,
    ] = None
    strip: Annotated[
        str | None,
        Grammar("blocks and tags such as gps,comment", canonical_words, ("all", "gps,thumbnail", "exif,xmp,serial")),
        "metadata to leave out: all, exif, gps, location (gps and place names), xmp, iptc, icc, thumbnail, comment, "
        "text, resolution, or tags",
        Brief("metadata to leave out: all, gps, location, exif, thumbnail ..."),
        _METADATA,
    ] = None
    keep: Annotated[
        str | None,
        Grammar("blocks and tags such as artist,copyright", canonical_words, ("artist,copyright", "icc")),
        "metadata to keep in spite of --strip; without --strip all else goes",
        _METADATA,
    ] = None
    set: Annotated[
        Any,  # a mapping of words to texts (to lists of texts: keywords); stored as pairs, in one order
        Texts(
            "WORD=TEXT such as artist=Ann", canonical_labels, ({"artist": "Ann"}, {"title": "", "keywords": ["a", "b"]})
        ),
        "text of the metadata: artist, copyright, title, description or keywords (a,b), in EXIF, XMP and IPTC; empty: "
        "none (repeatable)",
        Brief("write artist, copyright, title, description or keywords"),
        _METADATA,
    ] = None
