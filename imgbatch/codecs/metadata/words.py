"""Words of metadata: which blocks and tags can be stripped or kept, and what does each word stand for?"""

from __future__ import annotations

import functools
import re

from imgbatch.codecs.metadata import iptc
from imgbatch.codecs.metadata.privacy import geography
from imgbatch.core.errors import unknown

#: What can be stripped or kept as a whole.
BLOCKS = ("all", "exif", "gps", "location", "xmp", "iptc", "icc", "thumbnail", "comment", "text", "resolution")
#: Words for the same thing in EXIF, XMP and IPTC, by the names that it has there.
MEANINGS = {
    "artist": ("artist", "xpauthor", "creator", "by-line"),
    "copyright": ("copyright", "rights", "copyrightnotice", "usageterms", "webstatement", "marked"),
    "description": ("imagedescription", "description", "caption-abstract", "xpcomment", "usercomment"),
    "title": ("title", "xptitle", "objectname", "headline"),
    "keywords": ("keywords", "xpkeywords", "subject"),
    "date": (
        "datetime", "datetimeoriginal", "datetimedigitized", "subsectime", "subsectimeoriginal", "subsectimedigitized",
        "offsettime", "offsettimeoriginal", "offsettimedigitized", "createdate", "modifydate", "metadatadate",
        "datecreated", "timecreated", "digitalcreationdate", "digitalcreationtime",
    ),
    "camera": ("make", "model", "lensmake", "lensmodel", "lens", "lensspecification"),
    "serial": (
        "bodyserialnumber", "lensserialnumber", "cameraserialnumber", "serialnumber", "imageuniqueid", "makernote",
    ),
    "resolution": ("xresolution", "yresolution", "resolutionunit"),
    "software": ("software", "creatortool", "processingsoftware", "hostcomputer", "originatingprogram"),
}  # fmt: skip
#: EXIF's tags that each page of a TIFF has for itself, by their numbers.
EXIF_PAGE_TAGS = {
    270: "ImageDescription", 271: "Make", 272: "Model", 282: "XResolution", 283: "YResolution", 296: "ResolutionUnit",
    305: "Software", 306: "DateTime", 315: "Artist", 316: "HostComputer", 33432: "Copyright",
}  # fmt: skip
#: Tags of TIFF alone that go from TIFF to TIFF: what a page is, and
TIFF_TAGS = {
    269: "DocumentName", 285: "PageName", 297: "PageNumber", 42112: "GDAL_METADATA", 42113: "GDAL_NODATA",
    18246: "Rating", 18249: "RatingPercent", 40091: "XPTitle", 40092: "XPComment", 40093: "XPAuthor",
    40094: "XPKeywords", 40095: "XPSubject",
}  # fmt: skip
#: where it lies, on a sheet or on earth (GeoTIFF): true as long as the geometry of the picture is.
PLACE_TAGS = {
    286: "XPosition", 287: "YPosition", 33550: "ModelPixelScale", 33920: "IntergraphMatrix", 33922: "ModelTiepoint",
    34264: "ModelTransformation", 34735: "GeoKeyDirectory", 34736: "GeoDoubleParams", 34737: "GeoAsciiParams",
    50844: "RPCCoefficient",
}  # fmt: skip
#: Other words for these.
SYNONYMS = {
    "author": "artist",
    "creator": "artist",
    "rights": "copyright",
    "caption": "description",
    "subject": "keywords",
}


def canonical_words(text: str) -> str:
    """A comma list of blocks and tags in its one spelling; UsageError names the nearest known word."""
    words = [word.strip().lower() for word in text.split(",")]
    for word in words:
        if ":" in word and re.fullmatch(r"[\w.-]+:[\w.-]+", word):
            continue  # a property of XMP: there is no list of them
        if word not in BLOCKS and word not in MEANINGS and word not in SYNONYMS and word not in _tags():
            raise unknown(word, "block or tag of metadata", (*BLOCKS, *MEANINGS, *_tags()))
    return ",".join(dict.fromkeys(words))


def meanings(text: str) -> frozenset[str]:
    """The words of a comma list, and all names that they stand for."""
    words = [SYNONYMS.get(word, word) for word in text.split(",") if word]
    return frozenset(words) | {name for word in words for name in MEANINGS.get(word, ())}


@functools.cache
def tag_names() -> dict[tuple[bool, int], str]:
    """(whether it is one of GPS, number) -> name in lower case."""
    from PIL import ExifTags

    names = {(False, tag.value): tag.name.lower() for tag in ExifTags.Base}
    names |= {(False, tag.value): tag.name.lower() for tag in ExifTags.Interop}
    return names | {(True, tag.value): tag.name.lower() for tag in ExifTags.GPS}


@functools.cache
def _tags() -> tuple[str, ...]:
    tiff = (name.lower() for name in (*TIFF_TAGS.values(), *PLACE_TAGS.values()))
    return tuple(dict.fromkeys((*tag_names().values(), *iptc.NAMES.values(), *tiff)))


def page_tag_levels(tag: int) -> tuple[str, ...]:
    """The words that take out a tag of a TIFF's page, the most specific first."""
    name = (EXIF_PAGE_TAGS.get(tag) or TIFF_TAGS.get(tag) or PLACE_TAGS.get(tag, str(tag))).lower()
    part = geography.COORDINATES if tag in geography.GEOTIFF_TAGS else ""
    return (name, part, "exif", "all")
