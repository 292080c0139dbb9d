"""Judge: is all that exiftool sees in a source, and not in what was made of it, named in the changes?

``python -m tests.faults.soak.exiftool_walk`` asks it of all public files in all ways, tests/contracts/test_exiftool.py
of some.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.other_readers import EXIFTOOL

#: Words of ``imgbatch run`` by which an output is made.
WAYS: dict[str, list[str]] = {
    "copy": [],
    "rewrite": ["--strip", "gps"],
    "half": ["--resize", "50%"],
    "turn": ["--resize", "400", "--rotate", "90"],
    "jpeg": ["-f", "jpeg", "--frames", "first", "--resize", "400"],
    "png": ["-f", "png", "--resize", "400"],
    "webp": ["-f", "webp", "--resize", "400"],
    "tiff": ["-f", "tiff", "--resize", "400"],
    "avif": ["-f", "avif", "--resize", "300", "--effort", "1"],
    "gif": ["-f", "gif", "--frames", "first", "--resize", "300"],
    "bmp": ["-f", "bmp", "--frames", "first", "--resize", "300"],
}


class Tag(NamedTuple):
    """A tag as exiftool shows it: its groups (``EXIF:IFD0``), its name, its value in words."""

    group: str
    name: str
    value: str

    @property
    def place(self) -> str:
        """Groups and name in one."""
        return f"{self.group}:{self.name}"


class Finding(NamedTuple):
    """What is neither in an output nor in its changes."""

    format: str
    way: str
    tag: Tag
    source: str
    changes: tuple[str, ...]


_STORAGE = (
    "BitsPerSample BitDepth BitsPerComponent BitsPerPixel ColorComponents NumChannels SamplesPerPixel SampleFormat "
    "YCbCrSubSampling YCbCrPositioning YCbCrCoefficients ReferenceBlackWhite ChromaFormat EncodingProcess MaxVal "
    "PhotometricInterpretation ColorMap ColorType ColorMode ColorResolutionDepth HasColorMap ColorSpaceData ByteOrder "
    "PlanarConfiguration Predictor Compression Filter Interlace FillOrder Thresholding T4Options T6Options NumColors "
    "ExtraSamples RowsPerStrip StripOffsets StripByteCounts TileWidth TileLength TileOffsets TileByteCounts Planes "
    "MinSampleValue MaxSampleValue CleanFaxData JPEGTables NumImportantColors ImageCount ImageDataSize ColorPlanes "
    "CompressedBitsPerPixel ComponentsConfiguration"
).replace(" ", "|")
#: What may differ without a word: a pattern of groups and name, and why.
DIFFERENCES: dict[str, str] = {
    r"(File:System|ExifTool|Composite)\b.*": "of the file system, of exiftool, or computed from other tags",
    r"File:(FileType|FileTypeExtension|MIMEType|ExifByteOrder|CurrentIPTCDigest|\w*Version)": "what the file is",
    r"File:(ColorSpace|RenderingIntent|\w+Mask|\w+Endpoint\w*|Gamma\w+|BytesPerLine|LeftMargin|TopMargin|Encoding|"
    r"Screen(Width|Height)|Manufacturer|Software|ColorMode|PaletteType|HScreenSize|VScreenSize|\w*(Type|Flags|Attributes"
    r"|Format|Channels|Colorspace|Origin\w|Depth|Count|PixelSize|Pitch\w*|FourCC\w*|Caps\w*))": "a header's fields",
    r".*:(Image|Canvas|Source|Display)?(Width|Height|ImageLength|ImageSize|SpatialExtent|Size)": "pixels, not metadata",
    rf".*:({_STORAGE})": "how pixels are stored: they are stored anew",
    r"JFIF:JFIFVersion|APP14:.*|GIF:GIFVersion|PCX:.*": "how an encoder writes",
    r"GIF:(BackgroundColor|PixelAspectRatio|FrameCount|Duration|TransparentColor|AnimationIterations)|"
    r"RIFF:(Duration|FrameCount|AnimationLoopCount)|PNG:Animation\w+": "frames and their times have tests of their own",
    r"PNG:(PNG:)?(Palette|Transparency|ProfileName|Gamma|SRGBRendering|(WhitePoint|Red|Green|Blue)[XY]|"
    r"ColorPrimaries|TransferCharacteristics|MatrixCoefficients|VideoFullRangeFlag)|ICC_Profile\b.*|"
    r"EXIF:IFD\d:(WhitePoint|PrimaryChromaticities|TransferFunction|ICC_Profile)|XMP:XMP-photoshop:ICCProfileName":
    "colors have tests of their own (ΔE)",
    r"RIFF:(VP8Version|HorizontalScale|VerticalScale|WebP_Flags|AlphaIsUsed|Alpha\w+|BackgroundColor)": "of pixels",
    r"(EXIF|MakerNotes):\w+:(\w+(Offset|Start|Length)|Free(Offsets|ByteCounts)|GPSInfo)": "where bytes lie",
    r"EXIF:\w+:(Orientation|ExifImage(Width|Height)|SubfileType|OldSubfileType|ColorSpace|RelatedImage(Width|Height)|"
    r"SubjectArea|SubjectLocation|PageNumber)": "made true of the new picture",
    r"XMP:XMP-(x|tiff|exif):(XMPToolkit|Orientation|ExifImage(Width|Height)|Image(Width|Height|Length)|ColorSpace)":
    "made true of the new picture",
    r"QuickTime\b(?!.*(XMP|Exif)).*": "how boxes are laid out",
    r"Jpeg2000\b(?!.*(UUID|XML|XMP|Comment)).*": "the header of JPEG 2000",
    r"MPF:\w+:(MPFVersion|MPImage(Flags|Format|Length|Start|Type)|NumberOfImages|Dependent\w+)": "the index is new",
    r"IPTC:(ApplicationRecordVersion|CodedCharacterSet|EnvelopeRecordVersion)": "the head of a block",
    r"Photoshop:(IPTCDigest|BitDepth)": "the head of a block",
}  # fmt: skip
_REMOVAL = r"^metadata removed:.*"
#: The words by which a change names the loss of a tag: a pattern of groups and name, and one of the change.
NAMES: dict[str, str] = {
    r".*": r"original's bytes kept",
    r"(EXIF|MakerNotes)\b.*": rf"^exif|^some exif|second exif block|{_REMOVAL}exif",
    r"EXIF:IFD[1-9]:.*|.*(Thumbnail|Preview)\w*": r"thumbnail|preview|reduced copies|^orientation: baked",
    r"EXIF:IFD\d:.*|GIF:.*": r"^first of|^frames?:|^(tiff|exif) tags? |^tags of|sub-pictures|^photoshop |TIFF pages",
    r"EXIF:IFD\d:(DocumentName|PageName|[XY]Position|Geo\w+|Model\w+|GDAL\w+|XP\w+|Rating\w*)":
    r"DocumentName|PageName|XPosition|place on earth|Geo|Model|GDAL|XP|Rating",
    r"MakerNotes\b.*": r"maker note",
    r"MakerNotes:Apple:HDR\w+|MPF:.*": r"gain map|^first of \d+ pictures|pictures? not kept$",
    r"XMP\b.*": rf"^xmp|xmp packet|extended xmp|{_REMOVAL}xmp",
    r"IPTC\b.*": rf"^iptc|iptc block|{_REMOVAL}iptc",
    r"Photoshop\b.*": r"photoshop",
    r"Photoshop:Layer\w*": r"^merged picture",
    r"(PNG|JFIF|File)\b.*Comment|GIF:Comment|Jpeg2000:Comment": rf"comment|{_REMOVAL}comment",
    r"PNG\b.*": rf"^text |chunk not kept|raw profile|ImageMagick's texts|second text|{_REMOVAL}text",
    r".*[XY]Resolution": rf"^resolution|{_REMOVAL}resolution|photoshop's resources",
    r"PNG:eXIf": r"^exif",
    r"MPF:MPImage\d:MPImage\d": r"^metadata removed",
    r"(GIF:Text|RIFF:Unknown_)\w*": r"plain text block|chunk not kept",
    r"MPF:MPF0:.*": r"attributes in the index",
    r"Ducky\b.*": r"^APP12 segment",
    r"File:Hotspot\w": r"^hotspot",
    r"(Jpeg2000|XML)\b.*": r"(uuid|xml) box",
}  # fmt: skip
_UNITS = {"cm": 2.54, "meters": 0.0254}
_RESOLUTIONS = frozenset(f"{word}{axis}" for word in ("PixelsPerUnit", "PixelsPerMeter") for axis in "XY")


def tags_of(folders: Sequence[Path]) -> dict[str, list[Tag]]:
    """The tags of all files in `folders` and below, by their paths."""
    command = [str(EXIFTOOL), "-G0:1:4", "-a", "-u", "-j", "-r", *map(str, folders)]
    output = subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")
    return {record["SourceFile"]: in_inches(list(_tags(record))) for record in json.loads(output or "[]")}


def _tags(record: Mapping[str, Any]) -> Iterator[Tag]:
    for key, value in record.items():
        *groups, name = [part for part in key.split(":") if re.fullmatch(r"Copy\d+", part) is None]
        if groups:
            yield Tag(":".join(groups), name, str(value).strip())


def in_inches(tags: Sequence[Tag]) -> list[Tag]:
    """`tags` with resolutions in whole pixels an inch, as formats count them in different units.

    One of no unit is the shape of a pixel, and left out.
    """
    units = {tag.group: tag.value for tag in tags if tag.name in ("ResolutionUnit", "PixelUnits")}
    result = []
    for tag in tags:
        if tag.name in ("ResolutionUnit", "PixelUnits") or tag.place in ("File:XResolution", "File:YResolution"):
            continue  # of a PCX exiftool reads one byte of two
        if tag.name in ("XResolution", "YResolution") or tag.name in _RESOLUTIONS:
            unit = units.get(tag.group, "meters" if tag.name in _RESOLUTIONS else "inches")
            number = float(tag.value) * _UNITS.get(unit, 1) if re.fullmatch(r"[\d.]+", tag.value) else 0
            if unit in ("None", "Unknown") or number < 0.5:
                continue
            tag = Tag(tag.group, "YResolution" if "Y" in tag.name else "XResolution", f"{number:.0f}")
        result.append(tag)
    return result


def findings(
    way: str, name: str, source: Sequence[Tag], output: Sequence[Tag], changes: Sequence[str]
) -> list[Finding]:
    """What of a source's tags is neither in an output nor named.

    Parameters
    ----------
    way, name : str
        How the output was made, and of which file.
    source, output : sequence of Tag
    changes : sequence of str
        Of the output's record, with its warnings.
    """
    format = next((tag.value for tag in source if tag.place == "File:FileType"), "?")
    present = {(tag.name, _in_ascii(tag.value)) for tag in output}
    return [
        Finding(format, way, tag, name, tuple(changes))
        for tag in source
        if (tag.name, _in_ascii(tag.value)) not in present and not differs(tag) and not is_named(tag, changes)
    ]


def _in_ascii(value: str) -> str:
    """A value with a ``?`` for each letter that exiftool shows as one or as itself, by the format."""
    return re.sub(r"[^\x20-\x7e]", "?", value)


def differs(tag: Tag) -> bool:
    """Whether a tag may differ without a word."""
    return any(re.fullmatch(pattern, tag.place) for pattern in DIFFERENCES)


def is_named(tag: Tag, changes: Sequence[str]) -> bool:
    """Whether a change says that a tag is not kept."""
    words = [word for pattern, word in NAMES.items() if re.fullmatch(pattern, tag.place)]
    return any(re.search(word, change) for word in words for change in changes)
