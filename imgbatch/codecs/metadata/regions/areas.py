"""Areas: where do the regions that XMP names come to lie in an output? Those of four vocabularies, and exif:Subject*.

Those of the Metadata Working Group (mwg-rs), ACDSee and Microsoft are shares of the picture's sides, IPTC's are shares
or px. A region stays if its center is in the output, cut to what is left of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from imgbatch.codecs.metadata.regions.base import SUBJECT_CHANGE, Base, base_of, subject
from imgbatch.codecs.metadata.regions.rdf import RDF, Name, Node, Packet, Value
from imgbatch.core.places import Journey

MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
ACDSEE = "http://ns.acdsee.com/regions/"
MICROSOFT = "http://ns.microsoft.com/photo/1.2/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
EXIF = "http://ns.adobe.com/exif/1.0/"
_APPLE = "http://ns.apple.com/faceinfo/1.0/"
_AREAS = ("http://ns.adobe.com/xmp/sType/Area#", "http://ns.acdsee.com/sType/Area#")
_SIZES = ("http://ns.adobe.com/xap/1.0/sType/Dimensions#", "http://ns.acdsee.com/sType/Dimensions#")
_RECTANGLE = ("http://ns.microsoft.com/photo/1.2/t/Region#", "Rectangle")
#: What else says how something in a region is turned.
_ANGLES = ((MWG, "Rotation"), (_APPLE, "AngleInfoRoll"), (_APPLE, "AngleInfoYaw"))


def follow_regions(packet: Packet, journey: Journey, changes: list[str]) -> None:
    """Make the regions of a packet true of an output, or take them out.

    Parameters
    ----------
    packet : Packet
        Changed.
    journey : Journey
    changes : list of str
        Gets what goes.
    """
    sides = None
    for node in packet.nodes((MWG, "Regions"), (ACDSEE, "Regions")):
        made_for = _sides(packet, node)
        sides = sides or made_for
        is_apple = any(
            one.name[0] == _APPLE or any(name[0] == _APPLE for name in one.attributes) for one in node.inside()
        )
        _follow(packet, node, base_of(journey, made_for, is_apple), _follow_area, changes)
    for node in packet.nodes((MICROSOFT, "RegionInfo")):
        _follow(packet, node, base_of(journey, sides), _follow_rectangle, changes)
    for node in packet.nodes((IPTC, "ImageRegion")):
        _follow(packet, node, base_of(journey, sides), _follow_boundary, changes)
    for node in packet.nodes((EXIF, "SubjectArea"), (EXIF, "SubjectLocation")):
        values = packet.items(node)
        if not values:
            continue
        numbers = [value.number for value in values]
        base = base_of(journey, None, at_start=True)
        plain = [number for number in numbers if number is not None]
        place = None if base is None or len(plain) < len(numbers) else subject(base, plain)
        if place is None:
            packet.cut(node.span)
            changes.append(SUBJECT_CHANGE)
        else:
            for value, number in zip(values, place, strict=True):
                packet.put(value, str(number))


def _sides(packet: Packet, node: Node) -> tuple[float, float] | None:
    """What regions say they were made for."""
    for one in node.inside():
        if one.name[1] == "AppliedToDimensions":
            fields = packet.fields(one)
            width, height = (
                next((fields[space, side].number for space in _SIZES if (space, side) in fields), None) for side in "wh"
            )
            if width and height and width > 0 and height > 0:
                return width, height
    return None


Follow = Callable[[Packet, Node, Base], bool | None]  # None: this is no area; False: it is not in the output


def _follow(packet: Packet, node: Node, base: Base | None, follow: Follow, changes: list[str]) -> None:
    """The regions in a property: each follows or goes; the property, too, where none is left or their base is gone."""
    name = {MWG: "mwg-rs", ACDSEE: "acdsee-rs", MICROSOFT: "MP", IPTC: "Iptc4xmpExt"}[node.name[0]]
    if base is None:
        changes.append(f"regions removed ({name}): nothing says where in the picture they are now")
        packet.cut(node.span)
        return
    rest, losses = 0, 0
    for one in node.inside():
        is_there = follow(packet, one, base)
        if is_there:
            rest += 1
        elif is_there is False:
            losses += 1
            item = next((outer for outer in (one, *one.ancestors()) if outer.name == (RDF, "li")), node)
            packet.cut(item.span)
    if losses:
        changes.append(f"regions removed ({name}): {losses} cut off, or of a shape that cannot follow")
        if not rest:
            packet.cut(node.span)
            return
    for one in node.inside():
        fields = packet.fields(one)
        for (space, word), value in fields.items():
            if one.name[1] == "AppliedToDimensions" and space in _SIZES and word in ("w", "h"):
                packet.put(value, str(base.end["wh".index(word)]))
            elif not base.is_upright and (space, word) in _ANGLES:
                packet.cut(value.span)


def _numbers(fields: Mapping[Name, Value], space: str, words: Iterable[str]) -> list[float] | None:
    """The numbers of these properties; None where one is missing."""
    numbers = [fields[space, word].number if (space, word) in fields else None for word in words]
    plain = [number for number in numbers if number is not None]
    return plain if len(plain) == len(numbers) else None


def _put(packet: Packet, value: Value, number: float, whole: bool = False) -> None:
    text = str(round(number)) if whole else f"{number:.6f}".rstrip("0").rstrip(".")
    packet.put(value, text or "0")


def _follow_area(packet: Packet, node: Node, base: Base) -> bool | None:
    """An area of mwg-rs: its center, and width and height or a diameter, in shares or px of the picture."""
    fields = packet.fields(node)
    space = next((space for space in _AREAS if (space, "x") in fields and (space, "y") in fields), None)
    if space is None or node.name == (RDF, "Description"):
        return None  # a description's fields are those of what it stands in
    place = _numbers(fields, space, "xy")
    if place is None:
        return False
    sides = _numbers(fields, space, "wh") or [0.0, 0.0]
    unit = fields[space, "unit"].text if (space, "unit") in fields else "normalized"
    if (space, "d") in fields and not base.is_whole:
        return False  # which side a diameter is a share of, writers do not agree on
    if unit == "pixel":
        across, down = base.sides or base.size
        place, sides = [place[0] / across, place[1] / down], [sides[0] / across, sides[1] / down]
    elif base.is_whole:
        return True
    (x, y), (width, height) = place, sides
    box = base.rectangle((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    if box is None:
        return False
    left, top, right, bottom = box
    for word, number in (
        ("x", (left + right) / 2),
        ("y", (top + bottom) / 2),
        ("w", right - left),
        ("h", bottom - top),
    ):
        if (space, word) in fields:
            in_px = number * base.end[word in "yh"] if unit == "pixel" else number
            _put(packet, fields[space, word], in_px, whole=unit == "pixel")
    return True


def _follow_rectangle(packet: Packet, node: Node, base: Base) -> bool | None:
    """Microsoft's rectangle: left, top, width and height in shares, in one text."""
    if node.name == (RDF, "Description"):
        return None
    value = packet.fields(node).get(_RECTANGLE)
    if value is None:
        return None
    try:
        x, y, width, height = (float(word) for word in value.text.split(","))
    except ValueError:
        return False
    box = base.rectangle((x, y, x + width, y + height)) if max(map(abs, (x, y, width, height))) < 1e6 else None
    if box is None:
        return False
    if not base.is_whole:
        left, top, right, bottom = box
        packet.put(value, ", ".join(f"{number:.6f}" for number in (left, top, right - left, bottom - top)))
    return True


def _follow_boundary(packet: Packet, node: Node, base: Base) -> bool | None:
    """IPTC's boundary: a rectangle by its corner, or a circle or polygon, which only follow where all is shown."""
    fields = packet.fields(node)
    shape = fields.get((IPTC, "rbShape"))
    if shape is None or node.name == (RDF, "Description"):
        return None
    in_px = (IPTC, "rbUnit") in fields and fields[IPTC, "rbUnit"].text == "pixel"
    if base.is_whole and not in_px:
        return True
    numbers = _numbers(fields, IPTC, ("rbX", "rbY", "rbW", "rbH"))
    if shape.text != "rectangle" or numbers is None:
        return False
    x, y, width, height = numbers
    if in_px:
        x, y, width, height = x / base.size[0], y / base.size[1], width / base.size[0], height / base.size[1]
    box = base.rectangle((x, y, x + width, y + height))
    if box is None:
        return False
    left, top, right, bottom = box
    for word, number in (("rbX", left), ("rbY", top), ("rbW", right - left), ("rbH", bottom - top)):
        scale = base.end[word in ("rbY", "rbH")] if in_px else 1
        _put(packet, fields[IPTC, word], number * scale, whole=in_px)
    return True
