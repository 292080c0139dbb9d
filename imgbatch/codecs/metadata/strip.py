"""Which metadata go, by block and by tag? ``strip`` and ``keep`` in words, and what they do to an output's metadata.

Of the words that name something the most specific decides: a tag before a part (gps, thumbnail), a part before its
block (exif, xmp, iptc, ...), a block before ``all``; of equals ``keep`` wins. ``keep`` alone means that all else goes.
Tags have their names in EXIF; some words stand for the same thing in EXIF, XMP and IPTC (:data:`MEANINGS`).
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace

from imgbatch.codecs.base import Metadata
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata import exif_tags, iptc, xmp
from imgbatch.core.errors import unknown
from imgbatch.core.frozen_dataclass import frozen

#: What can be stripped or kept as a whole.
BLOCKS = ("all", "exif", "gps", "xmp", "iptc", "icc", "thumbnail", "comment", "text", "resolution")
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
_MEANT = {
    "author": "artist",
    "creator": "artist",
    "rights": "copyright",
    "caption": "description",
    "subject": "keywords",
}
_ORIENTATION = 0x0112
_PARTS_OF_XMP = {"thumbnails": "thumbnail"}


def canonical_words(text: str) -> str:
    """A comma list of blocks and tags in its one spelling; UsageError names the nearest known word."""
    words = [word.strip().lower() for word in text.split(",")]
    for word in words:
        if ":" in word and re.fullmatch(r"[\w.-]+:[\w.-]+", word):
            continue  # a property of XMP: there is no list of them
        if word not in BLOCKS and word not in MEANINGS and word not in _MEANT and word not in _tags():
            raise unknown(word, "block or tag of metadata", (*BLOCKS, *MEANINGS, *_tags()))
    return ",".join(dict.fromkeys(words))


@frozen
class Wish:
    """What is to go and what is to stay: words, and the tags that they mean."""

    strip: frozenset[str]
    keep: frozenset[str]

    def drops(self, tag: str, *levels: str) -> bool:
        """Whether a tag goes that belongs to `levels`, the most specific first; ``/`` joins equals."""
        for names in ((tag,), *(level.split("/") for level in levels)):
            if not self.keep.isdisjoint(names):
                return False
            if not self.strip.isdisjoint(names):
                return True
        return False

    def exif(self, entry: exif_tags.Entry) -> bool:
        """Whether a tag of EXIF goes. An orientation stays that the pixels still need."""
        if entry.directory == "image" and entry.tag == _ORIENTATION:
            return "orientation" in self.strip
        name = _tag_names().get((entry.directory == "gps", entry.tag), str(entry.tag))
        part = {"gps": "gps", "thumbnail": "gps/thumbnail"}.get(entry.directory, "")
        return self.drops("" if part == "gps/thumbnail" else name, part, "exif", "all")

    def property(self, prefix: str, name: str, inside: bool) -> bool:
        """Whether a property of XMP goes; one that stands `inside` another only where it is meant itself."""
        word = name.lower()
        part = "gps" if word.startswith("gps") or prefix == "drone-dji" else _PARTS_OF_XMP.get(word, "")
        part = "gps/thumbnail" if part == "thumbnail" else part
        if self.drops(f"{prefix}:{name}".lower()):
            return True
        levels = () if inside else ("xmp", "all")
        return f"{prefix}:{name}".lower() not in self.keep and self.drops(word, part, *levels)

    def block(self, name: str) -> bool:
        """Whether a whole block goes."""
        return self.drops(name, "all")


@functools.lru_cache(maxsize=16)
def wish(strip: str | None, keep: str | None) -> Wish | None:
    """The Wish of an output; None: nothing is stripped."""
    if strip is None and keep is None:
        return None
    return Wish(_meant(strip or "all"), _meant(keep or ""))


def profile(encoding: Encoding) -> str:
    """What becomes of the profile (keep, srgb, none) when ``strip`` is heeded too."""
    wanted = wish(encoding.strip, encoding.keep)
    return "none" if wanted is not None and wanted.block("icc") else encoding.icc


def stripped(held: Metadata, encoding: Encoding, changes: list[str]) -> Metadata:
    """`held` without what is to go."""
    wanted = wish(encoding.strip, encoding.keep)
    if wanted is None:
        return held
    made = replace(held)
    if held.exif:
        made.exif = _exif(held.exif, wanted)
    if held.xmp:
        made.xmp = _xmp(held.xmp, wanted, changes)
    if held.iptc:
        made.iptc = iptc.without(held.iptc, lambda name: wanted.drops(name, "iptc", "all"))
    made.text = {key: text for key, text in held.text.items() if not wanted.drops(key.lower(), "text", "all")}
    made.comment = None if wanted.block("comment") else held.comment
    made.resolution = None if wanted.block("resolution") else held.resolution
    if lost := _lost(held, made):
        changes.append(f"metadata removed: {', '.join(lost)}")
    return made


def _lost(held: Metadata, made: Metadata) -> list[str]:
    """What `made` lacks, in words: a block that is gone, or some of it."""
    lost = []
    for name in ("exif", "xmp", "iptc", "comment", "text", "resolution"):
        before, after = getattr(held, name), getattr(made, name)
        if before and not after:
            lost.append(name)
        elif before != after:
            lost.append(f"some {name}")
    return lost


def settled(held: Metadata, encoding: Encoding, size: tuple[int, int], changes: list[str]) -> Metadata:
    """What is written beside a picture of `size`: `held` without what is to go, and with true numbers."""
    made = stripped(held, encoding, changes)
    if not made.exif and not made.xmp:
        return made
    made = replace(made)
    if made.exif:
        made.exif = exif_tags.resized(made.exif, size)
        if profile(encoding) != "keep" and held.icc:
            made.exif = exif_tags.in_srgb(made.exif)
    if made.xmp:
        made.xmp = xmp.resized(made.xmp, size)
    return made


def _exif(exif: bytes, wanted: Wish) -> bytes | None:
    if exif_tags.dangling(exif):  # what cannot be found cannot be cleared: only what is known goes on
        moved = exif_tags.without(exif, lambda entry: wanted.exif(entry) or entry.tag == exif_tags.MAKER_NOTE)
        return moved and exif_tags.compact(moved)
    made = exif_tags.without(exif, wanted.exif)
    if made is None or made is exif:
        return made
    left = list(exif_tags.entries(made))
    if all(entry.tag == _ORIENTATION and made[entry.at + 8 : entry.at + 10] in (b"\1\0", b"\0\1") for entry in left):
        return None  # upright is what a picture without EXIF is
    private = any(entry.tag == exif_tags.MAKER_NOTE or entry.directory == "thumbnail" for entry in left)
    return made if private else exif_tags.compact(made)


def _xmp(packet: bytes, wanted: Wish, changes: list[str]) -> bytes | None:
    nothing_else = wanted.keep.isdisjoint(("gps", "thumbnail")) and wanted.keep.issubset(BLOCKS)
    if nothing_else and wanted.drops("", "xmp", "all"):
        return None
    made = xmp.without(packet, wanted.property)
    damaged = made is None and xmp.without(packet, lambda *_: False) is None
    if damaged or (made is not None and wanted.drops("", "gps", "xmp", "all") and xmp.has_position(made)):
        changes.append("xmp: removed whole, since it cannot be read")
        return None
    return made


def _meant(text: str) -> frozenset[str]:
    words = [_MEANT.get(word, word) for word in text.split(",") if word]
    return frozenset(words) | {name for word in words for name in MEANINGS.get(word, ())}


@functools.cache
def _tag_names() -> dict[tuple[bool, int], str]:
    """(whether it is one of GPS, number) -> name in lower case."""
    from PIL import ExifTags

    names = {(False, tag.value): tag.name.lower() for tag in ExifTags.Base}
    names |= {(False, tag.value): tag.name.lower() for tag in ExifTags.Interop}
    return names | {(True, tag.value): tag.name.lower() for tag in ExifTags.GPS}


@functools.cache
def _tags() -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_tag_names().values(), *iptc.NAMES.values())))
