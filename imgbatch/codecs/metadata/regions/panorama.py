"""Panorama: what part of a sphere does an output show? GPano's numbers in px, and Google's words for films of it.

The full panorama is so many px wide and high; the picture shows an area of it, from a left top corner on. A resize
changes the scale of all numbers, a crop the area. Of a picture that is turned, mirrored or padded none of it is true.
"""

from __future__ import annotations

from imgbatch.codecs.metadata.regions.rdf import Packet, Value
from imgbatch.core.places import Journey

_SPACES = ("http://ns.google.com/photos/1.0/panorama/", "http://ns.google.com/videos/1.0/spherical/")
_FULL = ("FullPanoWidthPixels", "FullPanoHeightPixels")
_AREA = ("CroppedAreaImageWidthPixels", "CroppedAreaImageHeightPixels")
_CORNER = ("CroppedAreaLeftPixels", "CroppedAreaTopPixels")
_INTERIOR = (
    "LargestValidInteriorRectLeft", "LargestValidInteriorRectTop", "LargestValidInteriorRectWidth",
    "LargestValidInteriorRectHeight",
)  # fmt: skip
_MOST_OFF = 0.01  # of two scales' ratio
CHANGE = "panorama removed (GPano): the picture is no such part of a sphere any more"


def follow_panorama(packet: Packet, journey: Journey, changes: list[str]) -> None:
    """Make what a packet says of a panorama true of an output, or take it out.

    Parameters
    ----------
    packet : Packet
        Changed.
    journey : Journey
    changes : list of str
        Gets that it goes.
    """
    values: dict[str, Value] = {}
    spans = []
    for node in packet.every_node():
        for (space, word), value in packet.fields(node).items():
            if space in _SPACES:
                values.setdefault(word, value)
                spans.append(value.span)
        if node.name[0] in _SPACES:
            spans.append(node.span)
    if not spans:
        return
    numbers = {word: value.number for word, value in values.items() if word in (*_FULL, *_AREA, *_CORNER, *_INTERIOR)}
    result = _numbers_after({word: number for word, number in numbers.items() if number is not None}, journey)
    if result is None or None in numbers.values():
        changes.append(CHANGE)
        for span in dict.fromkeys(spans):
            packet.cut(span)
        return
    for word, number in result.items():
        packet.put(values[word], str(number))


def _numbers_after(numbers: dict[str, float], journey: Journey) -> dict[str, int] | None:
    """The numbers for an output; None: there are none."""
    place_map = journey.place_map
    if place_map is None or journey.orientation != 1 or place_map.swap:
        return None
    scales, shifts = (place_map.x_scale, place_map.y_scale), (place_map.x_shift, place_map.y_shift)
    result: dict[str, int] = {}
    factors = []
    for axis in (0, 1):
        scale, side, end = float(scales[axis]), journey.start[axis], journey.end[axis]
        if scale <= 0:
            return None
        first, last = -float(shifts[axis]) / scale, (end - float(shifts[axis])) / scale  # of the picture, in its px
        if first < -1e-6 or last > side + 1e-6:
            return None  # a border
        area = numbers.get(_AREA[axis], numbers.get(_FULL[axis], float(side)))
        if area < 1:
            return None
        unit = side / area  # px of the picture to one of the panorama
        factor = scale * unit
        factors.append((unit, factor))
        is_part = first > 1e-6 or last < side - 1e-6
        if is_part and any(words[axis] not in numbers for words in (_FULL, _AREA, _CORNER)):
            return None  # all of the sphere, unless it says that it is a part
        corner = round((numbers.get(_CORNER[axis], 0) + first / unit) * factor)
        is_all = numbers.get(_FULL[axis]) == area and not is_part
        full = end if is_all else max(round(numbers.get(_FULL[axis], area) * factor), corner + end)
        result |= {_FULL[axis]: full, _AREA[axis]: end, _CORNER[axis]: corner}
    (unit_across, _), (unit_down, _) = factors
    if abs(unit_across / unit_down - 1) > _MOST_OFF:
        return None  # it was another picture's
    if all(word in numbers for word in _INTERIOR):
        left, top, width, height = (numbers[word] for word in _INTERIOR)
        for axis, (start, length) in enumerate(((left, width), (top, height))):
            factor, shift = factors[axis][1], float(shifts[axis])
            first, last = max(0, start * factor + shift), min(journey.end[axis], (start + length) * factor + shift)
            if last <= first:
                return None
            result |= {_INTERIOR[axis]: round(first), _INTERIOR[axis + 2]: round(last) - round(first)}
    return {word: number for word, number in result.items() if word in numbers}
