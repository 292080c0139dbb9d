"""Settings: which other properties of XMP name places or sizes, and are false where the picture changes its shape?

How a raw developer cropped and retouched the picture, where its lens has its center, what it was focused on: they are
taken out where they would be false, by name. Centers and focal lengths in px, of drones, follow.
"""

from __future__ import annotations

from fractions import Fraction

from imgbatch.codecs.metadata.regions.base import base_of
from imgbatch.codecs.metadata.regions.rdf import Name, Packet, Value
from imgbatch.core.places import Journey, PlaceMap

_CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
_DRONE = "http://www.dji.com/drone-dji/1.0/"
_FOCUS = "http://ns.google.com/photos/1.0/focus/"
_CAMERA = ("http://pix4d.com/camera/1.0", "http://pix4d.com/camera/1.0/")
_CORRECTIONS = frozenset({
    "HasCrop", "GradientBasedCorrections", "PaintBasedCorrections", "CircularGradientBasedCorrections",
    "MaskGroupBasedCorrections", "RetouchInfo", "RetouchAreas", "RedEyeInfo", "UprightTransform",
})  # fmt: skip
_LENGTH = (_DRONE, "CalibratedFocalLength")
_CENTER = ((_DRONE, "CalibratedOpticalCenterX"), (_DRONE, "CalibratedOpticalCenterY"))


def follow_settings(packet: Packet, journey: Journey, changes: list[str]) -> None:
    """Take out what would be false of an output, and let what a drone says of its lens follow.

    Parameters
    ----------
    packet : Packet
        Changed.
    journey : Journey
    changes : list of str
        Gets what goes.
    """
    base = base_of(journey, None, at_start=True)
    is_whole = base is not None and base.is_whole
    names: dict[str, None] = {}
    lens: dict[Name, Value] = {}
    for node in packet.every_node():
        fields = packet.fields(node)
        spans = {name: value.span for name, value in fields.items()}
        for name, span in (*spans.items(), (node.name, node.span)):
            if word := _falsehood(name, is_whole):
                packet.cut(span)
                names[word] = None
        lens |= {name: value for name, value in fields.items() if name in (_LENGTH, *_CENTER)}
    if lens and not _follow_lens(packet, lens, journey.from_start):
        names["lens calibration (drone-dji)"] = None
    changes += [f"{name} removed: not true of the picture any more" for name in names]


def _falsehood(name: Name, is_whole: bool) -> str | None:
    """What a property is called that is false of the output; None: it stays."""
    space, word = name
    if space == _CAMERA_RAW and (word in ("CropWidth", "CropHeight") or not is_whole):
        return "crop settings (crs)" if word.startswith("Crop") or word in _CORRECTIONS else None
    if name == (_DRONE, "DewarpData") or (space in _CAMERA and word == "VignettingCenter"):
        return "lens calibration"
    if is_whole:
        return None
    if space in _CAMERA and word == "PrincipalPoint":
        return "lens calibration"
    return "point of focus (GFocus)" if space == _FOCUS and word in ("FocalPointX", "FocalPointY") else None


def _follow_lens(packet: Packet, lens: dict[Name, Value], place_map: PlaceMap | None) -> bool:
    """Put the lens's center and focal length, in px, where they belong; False: they are taken out."""
    numbers = {name: value.number for name, value in lens.items()}
    x, y = (numbers.get(name) for name in _CENTER)
    if place_map is None or None in numbers.values() or (x is None) != (y is None):
        for value in lens.values():
            packet.cut(value.span)
        return False
    if x is not None and y is not None:
        for name, place in zip(_CENTER, place_map.point(Fraction(x), Fraction(y)), strict=True):
            packet.put(lens[name], f"{float(place):.6f}")
    length = numbers.get(_LENGTH)
    if length is not None:
        scale = abs(float(place_map.x_scale) * float(place_map.y_scale)) ** 0.5
        packet.put(lens[_LENGTH], f"{length * scale:.6f}")
    return True
