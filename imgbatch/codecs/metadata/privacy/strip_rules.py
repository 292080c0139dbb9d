"""Strip rules: what goes of metadata where something is stripped, by block and by tag?

Of the words that name something the most specific decides: a tag before a part (gps, thumbnail), a part before its
block (exif, xmp, iptc, ...), a block before ``all``; of equals ``keep`` wins. ``keep`` alone means that all else goes.
Tags have their names in EXIF; some words stand for the same thing in EXIF, XMP and IPTC (words.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from imgbatch.codecs.metadata import exif_tags, iptc, words, xmp
from imgbatch.codecs.metadata.block import Metadata, TagValue
from imgbatch.codecs.metadata.exif_tags import IPTC_TAG, ORIENTATION, RESOURCES_TAG, XMP_TAG
from imgbatch.codecs.metadata.privacy import exif_compaction, geography
from imgbatch.codecs.metadata.privacy.geography import COORDINATES
from imgbatch.codecs.metadata.texts import exif_text
from imgbatch.core.frozen_dataclass import frozen

#: A small picture may show where it was.
_THUMBNAIL = f"{COORDINATES}/thumbnail"


@frozen
class StripRules:
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

    def exif(self, tags: Sequence[exif_tags.Entry]) -> list[exif_tags.Entry]:
        """The tags of EXIF that go."""
        return [tag for tag in tags if self._is_dropped(tag)]

    def _is_dropped(self, entry: exif_tags.Entry) -> bool:
        """An orientation stays that the pixels still need."""
        if entry.directory == "image" and entry.tag == ORIENTATION:
            return "orientation" in self.strip
        if entry.directory == "thumbnail":
            return self.drops("", _THUMBNAIL, "exif", "all")
        name = words.tag_names().get((entry.directory == "gps", entry.tag), str(entry.tag))
        part = COORDINATES if entry.directory == "gps" or entry.tag in geography.GEOTIFF_TAGS else ""
        return self.drops(name, part, "exif", "all")

    def property(self, prefix: str, name: str, inside: bool) -> bool:
        """Whether a property of XMP goes.

        Parameters
        ----------
        prefix, name : str
            As in ``dc:creator``, spelled as in the file.
        inside : bool
            Whether it stands inside another property: then it goes only where it is named itself.
        """
        word = name.lower()
        part = _THUMBNAIL if word == "thumbnails" else geography.of_property(prefix, name)
        if self.drops(f"{prefix}:{name}".lower()):
            return True
        levels = () if inside else ("xmp", "all")
        return f"{prefix}:{name}".lower() not in self.keep and self.drops(word, part, *levels)

    def value(self, name: str, text: str) -> bool:
        """Whether a text goes for what it says: a position among the keywords, whose property is `name`."""
        return self.drops_coordinates() and geography.is_position(name, text)

    def drops_coordinates(self) -> bool:
        """Whether positions go, wherever they stand."""
        return self.drops("", COORDINATES)

    def text_value(self, name: str, text: str) -> bool:
        """Whether a text goes for what one of its parts says: some join keywords by semicolons or in lines."""
        if not self.drops_coordinates():
            return False
        return any(geography.is_position(name, part) for part in re.split(r"[;\n\0]", text))

    def record(self, name: str, value: bytes) -> bool:
        """Whether a record of IPTC goes."""
        if self.drops(name, geography.of_property("", name), "iptc", "all"):
            return True
        return self.value(name, value.decode("utf-8", "replace"))

    def text(self, key: str, text: str) -> bool:
        """Whether a text of a PNG goes, by its keyword or for what it says."""
        return self.drops(key.lower(), geography.of_text(key), "text", "all") or self.text_value(key, text)

    def comment(self, comment: bytes) -> bool:
        """Whether a comment goes, as a block or for what it says."""
        return self.block("comment") or self.text_value("", comment.decode("utf-8", "replace"))

    def page_tag(self, tag: int, value: TagValue) -> bool:
        """Whether a tag of a TIFF's page goes, by its number or for what it says."""
        if self.drops(*words.page_tag_levels(tag)):
            return True
        raw = value.raw.decode("latin-1") if value.kind in (exif_tags.ASCII, exif_tags.UTF_8) else value.raw
        return self.text_value("", exif_text.lines_of(tag, raw))

    def block(self, name: str) -> bool:
        """Whether a whole block goes."""
        return self.drops(name, "all")


def rules_of(strip: str | None, keep: str | None) -> StripRules:
    """The rules that the words mean of an output that strips something."""
    return StripRules(words.meanings(strip or "all"), words.meanings(keep or ""))


def without(metadata: Metadata, rules: StripRules, changes: list[str]) -> Metadata:
    """`metadata` without what is to go.

    Parameters
    ----------
    metadata : Metadata
        Not changed.
    rules : StripRules
    changes : list of str
        Gets a sentence about what is removed.
    """
    result = replace(metadata)
    if metadata.exif:
        result.exif = _exif(metadata.exif, rules)
    if metadata.xmp:
        result.xmp = _xmp(metadata.xmp, rules, changes)
    if metadata.iptc:
        result.iptc = iptc.without(metadata.iptc, rules.record)
    result.text = {key: text for key, text in metadata.text.items() if not rules.text(key, text)}
    if metadata.comment and rules.comment(metadata.comment):
        result.comment = None
    result.pages = tuple(
        {tag: value for tag, value in page.items() if not rules.page_tag(tag, value)} for page in metadata.pages
    )
    result.resolution = None if rules.block("resolution") else metadata.resolution
    if losses := _losses(metadata, result):
        changes.append(f"metadata removed: {', '.join(losses)}")
    return result


def _losses(metadata: Metadata, result: Metadata) -> list[str]:
    """What `result` lacks, in words: a block that is gone, or some of it."""
    names = []
    for name in ("exif", "xmp", "iptc", "comment", "text", "resolution"):
        before, after = getattr(metadata, name), getattr(result, name)
        if before and not after:
            names.append(name)
        elif before != after:
            names.append(f"some {name}")
    return [*names, *(["tags of TIFF pages"] if metadata.pages != result.pages else [])]


def _exif(exif: bytes, rules: StripRules) -> bytes | None:
    def select(tags: Sequence[exif_tags.Entry]) -> list[exif_tags.Entry]:
        blocks = [tag for tag in tags if tag.tag in (XMP_TAG, IPTC_TAG, RESOURCES_TAG)]
        is_one_on_another = sum(tag.length for tag in blocks) > len(exif)  # nobody writes that
        positions = _positions(exif, tags, rules) if rules.drops_coordinates() else []
        holders = (tag for tag in blocks if is_one_on_another or _holds_what_goes(exif, tag, rules))
        return [*rules.exif(tags), *positions, *holders]

    if exif_compaction.has_unknown_directory(exif):  # what is not found cannot be cleared: only known tags are written
        movable = exif_tags.without(
            exif, lambda tags: [*select(tags), *(tag for tag in tags if tag.tag == exif_tags.MAKER_NOTE)]
        )
        return movable and exif_compaction.compact(movable)
    result = exif_tags.without(exif, select)
    if result is None or result is exif:
        return result and exif_compaction.without_slack(result)
    rest = list(exif_tags.entries(result))
    if all(entry.tag == ORIENTATION and result[entry.at + 8 : entry.at + 10] in (b"\1\0", b"\0\1") for entry in rest):
        return None  # upright is what a picture without EXIF is
    has_fixed = any(
        entry.tag == exif_tags.MAKER_NOTE or entry.directory == "thumbnail" or not entry.is_measured for entry in rest
    )
    return exif_compaction.without_slack(result) if has_fixed else exif_compaction.compact(result)


def _positions(exif: bytes, tags: Sequence[exif_tags.Entry], rules: StripRules) -> list[exif_tags.Entry]:
    """The texts that say a position: machine tags among the keywords of Windows, a geo URI for a description.

    Where they lie one on another, which nobody writes, all go: to look into each would take quadratic time.
    """
    texts = [
        tag for tag in tags if tag.directory != "gps" and tag.tag != exif_tags.MAKER_NOTE and exif_text.is_text(tag)
    ]
    if sum(tag.length for tag in texts) > len(exif):
        return texts
    return [tag for tag in texts if rules.text_value("", exif_text.text_of_entry(exif, tag))]


def _holds_what_goes(exif: bytes, entry: exif_tags.Entry, rules: StripRules) -> bool:
    """Whether something is to go of the block of XMP or IPTC that a tag is: then it goes whole."""
    block = exif[entry.start : entry.start + entry.length]
    if entry.tag == XMP_TAG:
        packet = xmp.to_utf8(block)
        return _xmp(packet, rules, []) != packet
    records = iptc.records_in_resources(block) if entry.tag == RESOURCES_TAG else block
    if records and iptc.without(records, rules.record) != records:
        return True
    return entry.tag == RESOURCES_TAG and rules.drops("", COORDINATES, "xmp", "all")  # which may hold EXIF and XMP


def _xmp(packet: bytes, rules: StripRules, changes: list[str]) -> bytes | None:
    nothing_else = rules.keep.isdisjoint(("gps", "location", "thumbnail")) and rules.keep.issubset(words.BLOCKS)
    if nothing_else and rules.drops("", "xmp", "all"):
        return None
    result = xmp.without(packet, rules.property, rules.value if rules.drops_coordinates() else None)
    unreadable = result is None and not xmp.is_readable(packet)
    if unreadable or (result is not None and rules.drops("", COORDINATES, "xmp", "all") and xmp.has_position(result)):
        changes.append("xmp: removed whole, since it cannot be read")
        return None
    return result
