"""Files in which a picture is not alone: gain maps, more pictures, films and depth, as cameras write them.

Made with struct and Pillow only, so that a test does not believe what the package under test writes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
from typing import NamedTuple

from PIL import Image

from imgbatch.codecs.containers import jpeg_companions
from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.containers.jpeg_companions import Companion

GAIN_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" '
    b'hdrgm:GainMapMax="2.5" hdrgm:HDRCapacityMax="2.5"/></rdf:RDF></x:xmpmeta>'
)
APPLE_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" '
    b'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/"><apdi:AuxiliaryImageType>'
    b"urn:com:apple:photo:2020:aux:hdrgainmap</apdi:AuxiliaryImageType>"
    b"<HDRGainMap:HDRGainMapVersion>131072</HDRGainMap:HDRGainMapVersion></rdf:Description></rdf:RDF></x:xmpmeta>"
)
ISO = b"urn:iso:std:iso:ts:21496:-1\0"


def companions(data: bytes, xmp: bytes | None = None) -> list[Companion]:
    """What the package finds behind the end mark of a JPEG's picture; nothing where it has none."""
    end = jpeg_scans(data)[1]
    return [] if end is None else jpeg_companions.companions(data, end, xmp or b"")


class Part(NamedTuple):
    """What follows the picture: its word in the container directory, its kind of data, the data."""

    semantic: str
    mime: str
    data: bytes


def jpeg(image: Image.Image, **options: object) -> bytes:
    """A JPEG of `image`."""
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def ramp(size: tuple[int, int] = (96, 64), mode: str = "RGB") -> Image.Image:
    """Bright in the right bottom corner, dark in the left top one."""
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    mixed = Image.blend(across, down, 0.3)
    return mixed if mode == "L" else Image.merge("RGB", (mixed, across, mixed))


def gain_map(size: tuple[int, int] = (48, 32), xmp: bytes = GAIN_XMP, iso: bytes = b"", mode: str = "L") -> bytes:
    """A gain map: the same ramp, at half the size."""
    data = jpeg(ramp(size, mode), quality=95, **({"xmp": xmp} if xmp else {}))
    return inserted(data, segment(0xE2, ISO + iso)) if iso else data


def film(place: bool = False) -> bytes:
    """The boxes of a film without a picture, which says where it was taken if `place`."""
    where = box(b"udta", box(b"\xa9xyz", b"\0\x12\x15\xc7+48.1372+011.575/")) if place else b""
    return box(b"ftyp", b"mp42\0\0\0\0isommp42") + box(b"mdat", bytes(range(256)) * 8) + box(b"moov", where)


def box(word: bytes, content: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    return struct.pack(">I", len(content) + 8) + word + content


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def inserted(data: bytes, more: bytes) -> bytes:
    """A JPEG with more segments behind JFIF, EXIF and XMP."""
    at = 2
    while data[at + 1] in (0xE0, 0xE1):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[:at] + more + data[at:]


def container(*parts: Part, gain_map: bool = True, more: str = "") -> bytes:
    """A packet with a container directory of the picture and `parts`, and with `more` properties."""
    rows = ['<Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/>']
    rows += [
        f'<Container:Item Item:Semantic="{part.semantic}" Item:Mime="{part.mime}" Item:Length="{len(part.data)}"/>'
        for part in parts
    ]
    directory = "".join(f'<rdf:li rdf:parseType="Resource">{row}</rdf:li>' for row in rows)
    mark = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" ' if gain_map else ""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {mark}xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" {more}><dc:source>here</dc:source>'
        f"<Container:Directory><rdf:Seq>{directory}</rdf:Seq></Container:Directory></rdf:Description></rdf:RDF>"
        "</x:xmpmeta>"
    ).encode()


def with_pictures(primary: bytes, *pictures: bytes, kinds: tuple[int, ...] = (), rest: bytes = b"") -> bytes:
    """One file of several JPEGs with an MPF index of them, and `rest` behind."""
    count = 1 + len(pictures)
    at = 2
    while primary[at + 1] in (0xE0, 0xE1):
        at += 2 + int.from_bytes(primary[at + 2 : at + 4], "big")
    body = b"II*\0\x08\0\0\0" + struct.pack("<H", 3) + struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
    body += struct.pack("<HHII", 0xB001, 4, 1, count) + struct.pack("<HHII", 0xB002, 7, 16 * count, 50) + bytes(4)
    total = len(primary) + 8 + len(body) + 16 * count
    body += struct.pack("<IIIHH", 0x030000, total, 0, 0, 0)
    place = total - at - 8
    for number, picture in enumerate(pictures):
        body += struct.pack("<IIIHH", kinds[number] if kinds else 0, len(picture), place, 0, 0)
        place += len(picture)
    return inserted(primary, segment(0xE2, b"MPF\0" + body)) + b"".join(pictures) + rest


def ultra_hdr(
    size: tuple[int, int] = (96, 64), iso: bool = False, film: bytes = b"", mode: str = "L", **options: object
) -> bytes:
    """A JPEG with a gain map as Android writes it; with a film, too, if there is one."""
    version = b"\0\0\0\0"
    gain = gain_map((size[0] // 2, size[1] // 2), iso=version + bytes(57) if iso else b"", mode=mode)
    parts = [Part("GainMap", "image/jpeg", gain)]
    more = ""
    if film:
        parts.append(Part("MotionPhoto", "video/mp4", film))
        more = 'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1"'
    primary = jpeg(ramp(size), quality=90, xmp=container(*parts, more=more), **options)
    if iso:
        primary = inserted(primary, segment(0xE2, ISO + version))
    return with_pictures(primary, gain, rest=film)


def micro_video(size: tuple[int, int] = (96, 64), place: bool = False, **options: object) -> bytes:
    """A motion photo of the older kind: the film's place is counted from the file's end."""
    moving = film(place)
    packet = container(gain_map=False, more=f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(moving)}"')
    return jpeg(ramp(size), quality=90, xmp=packet, **options) + moving


def depth_photo(size: tuple[int, int] = (96, 64), place: bool = False, **options: object) -> bytes:
    """A photo with its depth map in extended XMP, in two segments; the extension says a position, too, if `place`."""
    where = ' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,8.23N"' if place else ""
    text = base64.b64encode(bytes(range(256)) * 200).decode()
    whole = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/"{where} '
        f'GDepth:Data="{text}"/></rdf:RDF></x:xmpmeta>'
    ).encode()
    name = hashlib.md5(whole, usedforsecurity=False).hexdigest().encode()
    packet = container(gain_map=False, more=(
        'xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
        f'GDepth:Format="RangeInverse" GDepth:Mime="image/png" xmpNote:HasExtendedXMP="{name.decode()}"'
    ))  # fmt: skip
    head, half = b"http://ns.adobe.com/xmp/extension/\0" + name + struct.pack(">I", len(whole)), len(whole) // 2
    more = segment(0xE1, head + struct.pack(">I", 0) + whole[:half])
    more += segment(0xE1, head + struct.pack(">I", half) + whole[half:])
    return inserted(jpeg(ramp(size), quality=90, xmp=packet, **options), more)


def samsung(size: tuple[int, int] = (96, 64)) -> bytes:
    """A JPEG with Samsung's trailer: the time, and a film."""
    blocks = [(0x0A01, b"Image_UTC_Data", b"1580000000000"), (0x0A30, b"MotionPhoto_Data", film())]
    body = b""
    starts = []
    for kind, name, content in blocks:
        starts.append((kind, len(body)))
        body += struct.pack("<HHI", 0, kind, len(name)) + name + content
    head = b"SEFH" + struct.pack("<II", 106, len(blocks))
    ends = [start for _, start in starts[1:]] + [len(body)]
    for (kind, start), end in zip(starts, ends, strict=True):
        head += struct.pack("<HHII", 0, kind, len(body) - start, end - start)
    return jpeg(ramp(size), quality=90) + body + head + struct.pack("<I", len(head)) + b"SEFT"


def apple(size: tuple[int, int] = (96, 64), **options: object) -> bytes:
    """A JPEG with a gain map as an iPhone's photo is exported: MPF, and the map's own XMP."""
    return with_pictures(jpeg(ramp(size), quality=90, **options), gain_map((size[0] // 2, size[1] // 2), APPLE_XMP))
