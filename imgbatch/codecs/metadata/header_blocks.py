"""Header blocks: which EXIF block and which XMP packet of a picture count, where several are there or texts hold them?

Editors add an EXIF segment to a JPEG instead of changing the one that is there; Pillow joins them. The first that can
be read counts. A continuation of a long block has no TIFF header, and stays what it is. ImageMagick writes the blocks
of a PNG as texts, "Raw profile type ...", in hexadecimal; EXIF's and XMP's own chunks come before them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.metadata import exif_tags

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

#: Keywords of texts of a PNG, and how the segment of a JPEG begins that continues a packet.
RAW_PROFILE = "Raw profile type "
PNG_IPTC = f"{RAW_PROFILE}iptc"
PNG_XMP = "XML:com.adobe.xmp"
XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
#: What only a copy of the file's bytes keeps: its name, and the block.
Others = tuple[tuple[str, bytes], ...]

#: How segments of a JPEG begin: of XMP, JFIF, EXIF, a profile, the index of pictures, Photoshop.
XMP = b"http://ns.adobe.com/xap/1.0/\0"
JFIF, EXIF, PROFILE, MPF, PHOTOSHOP = b"JFIF\0", b"Exif\0\0", b"ICC_PROFILE\0", b"MPF\0", b"Photoshop 3.0\0"
#: How segments begin that are read, here or by who asks for colors and for what accompanies the picture.
SEGMENTS: dict[str, bytes | tuple[bytes, ...]] = {
    "APP0": JFIF,
    "APP1": (EXIF, XMP, XMP_EXTENSION),
    "APP2": (PROFILE, MPF, b"urn:iso:std:iso:ts:21496:"),
    "APP13": PHOTOSHOP,
    "APP14": b"Adobe",
}
_JFIF_HEAD = 14  # bytes of it; then follows a small picture
_IPTC = 0x0404  # the one of Photoshop's resources that is read
_EXIF_RESOURCE, _XMP_RESOURCE, _PROFILE_RESOURCE = 0x0422, 0x0424, 0x040F
_HEADERS = (b"II*\0", b"MM\0*")
_MARKS = rb"\A(?:Exif\0\0)++"
_RAW = r"\s*+[^\n]*+\n\s*+(\d{1,9})[ \t\r]*+\n([\da-fA-F\s]*+)\Z"  # compiled when it is needed


def raw_profile(text: str) -> bytes | None:
    """What a text of a PNG holds in hexadecimal, behind a name and a length; None where it is cut off or is none."""
    match = re.match(_RAW, text)
    if match is None:
        return None
    try:
        content = bytes.fromhex(match[2])
    except ValueError:
        return None
    length = int(match[1])
    return content[:length] if len(content) >= length else None


def choose(image: ImageFile, warnings: list[str]) -> Others:
    """Let one EXIF block and one XMP packet stand in a picture's `info`; the others.

    Parameters
    ----------
    image : ImageFile
        Of a JPEG, PNG or PSD.
    warnings : list of str
        Gets which texts hold a block that cannot be read.
    """
    segments = getattr(image, "applist", None)
    if segments is not None:
        return _choose_segments(image, segments)
    if any(isinstance(key, str) and key.startswith(RAW_PROFILE) for key in image.info):
        return _choose_texts(image, warnings)
    resources = getattr(image, "resources", None)
    return _choose_resources(image, resources) if isinstance(resources, list) else ()


def without_marks(block: bytes) -> bytes:
    r"""An EXIF block without its ``Exif\0\0``, of which there may be several."""
    return re.sub(_MARKS, b"", block)


def _choose_segments(image: ImageFile, segments: list[tuple[str, bytes]]) -> Others:
    others = _unread_segments(image, segments)
    contents = [content for name, content in segments if name == "APP1"]
    if len(contents) < 2:
        return tuple(others)
    packets = [content[len(XMP) :] for content in contents if content.startswith(XMP)]
    others += [("second xmp packet", packet) for packet in packets[:-1] if packet != packets[-1]]  # Pillow has the last
    pieces: list[list[bytes]] = []
    for content in contents:
        if content.startswith(EXIF):
            piece = without_marks(content)
            if pieces and not piece.startswith(_HEADERS):
                pieces[-1].append(piece)
            else:
                pieces.append([piece])
    blocks = [b"".join(block) for block in pieces]
    return (*(_choose_exif(image, blocks) if len(blocks) > 1 else ()), *others)


def _unread_segments(image: ImageFile, segments: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """What a JPEG has that nobody reads here: segments of others, all comments but the last, Photoshop's resources."""
    others = []
    comments = [content for name, content in segments if name == "COM"]
    if any(comment != comments[-1] for comment in comments):
        others.append(("second comment", b""))
    for name, content in segments:
        if name != "COM" and not content.startswith(SEGMENTS.get(name, b"?")):
            word = re.match(rb"[A-Za-z][\w:/. -]{1,40}", content)
            others.append((f"{name} segment{'' if word is None else ' ' + word[0].decode('ascii', 'replace')}", b""))
        elif name == "APP0" and len(content) > _JFIF_HEAD:
            others.append(("JFIF thumbnail", b""))
    resources: Any = image.info.get("photoshop")
    if isinstance(resources, dict) and not {_IPTC}.issuperset(resources):
        others.append(("photoshop's resources", b""))
    return others


def _choose_resources(image: ImageFile, resources: list[tuple[int, bytes, bytes]]) -> Others:
    """A PSD's blocks among Photoshop's resources; the others say how its layers, guides and printer are set."""
    contents = {number: content for number, _, content in resources}
    info: dict[Any, Any] = image.info
    for number, key in ((_EXIF_RESOURCE, "exif"), (_XMP_RESOURCE, "xmp")):
        if contents.get(number):
            info.setdefault(key, contents[number])
    if contents.get(_IPTC):
        info.setdefault("photoshop", {_IPTC: contents[_IPTC]})
    known = {_EXIF_RESOURCE, _XMP_RESOURCE, _IPTC, _PROFILE_RESOURCE}
    return () if known.issuperset(contents) else (("photoshop's resources", b""),)


def _choose_texts(image: ImageFile, warnings: list[str]) -> Others:
    info: dict[Any, Any] = image.info
    blocks = [without_marks(info["exif"])] if isinstance(info.get("exif"), bytes) else []
    packets = [packet for packet in (info.get("xmp", info.get(PNG_XMP)),) if packet]
    records: list[tuple[str, bytes]] = []
    others: list[tuple[str, bytes]] = []
    for key in [key for key in info if isinstance(key, str) and key.startswith(RAW_PROFILE)]:
        word, text = key.removeprefix(RAW_PROFILE), info.pop(key)
        kind, content = word.lower(), raw_profile(str(text))
        if content is None:
            warnings.append(f"raw profile {word} of a png is damaged, not kept")
        elif kind in ("iptc", "8bim"):
            from imgbatch.codecs.metadata import iptc  # which knows this module

            others += [("photoshop's resources", b"")] if iptc.has_other_resources(content) else []
            records += [(str(text), content)] if iptc.records_of_profile(content) else []
        elif kind == "exif" or (kind == "app1" and content.startswith(EXIF)):
            blocks.append(without_marks(content))
        elif kind == "xmp" or (kind == "app1" and content.startswith(XMP)):
            packets.append(content.removeprefix(XMP))
        else:
            others.append((f"raw profile {word}", b""))
    if records:
        info[PNG_IPTC] = records[0][0]
        others += [("second iptc block", b"") for _, block in records[1:] if block != records[0][1]]
    if packets:
        info["xmp"] = packets[0]
        info.pop(PNG_XMP, None)
        others += [("second xmp packet", packet) for packet in packets[1:] if packet != packets[0]]
    return (*_choose_exif(image, blocks), *others)


def _choose_exif(image: ImageFile, blocks: list[bytes]) -> Others:
    """Let the first block that can be read stand in `info`; the others that say something else."""
    if not blocks:
        return ()
    first = next((block for block in blocks if exif_tags.directories(block)), blocks[0])
    image.info["exif"] = first
    image._exif = None  # Pillow may have read them as one
    return tuple(("second exif block", block) for block in dict.fromkeys(blocks) if block != first)
