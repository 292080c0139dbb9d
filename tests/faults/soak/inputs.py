"""What are parsers fed? Real files and blocks, and what mutation makes of them."""

from __future__ import annotations

import contextlib
import functools
import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from imgbatch.pixels.color_spaces import color_space, icc_profile
from tests import accompanied, strangers
from tests import color_files as of_colors

SAMPLES = Path(__file__).parents[3] / "sample_images"
_LARGEST = 200_000
_PNG, _TAIL = b"\x89PNG\r\n\x1a\n", 300
_WORDS_OF_FOUR = (
    b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff\xff\0\0", b"\0\0\xff\xff", b"\1\0\0\0",
)  # fmt: skip
_WORDS_OF_TWO = (b"\xff\xff", b"\0\0", b"\xff\xd9", b"\xff\xda", b"\xff\xe1", b"\0\1", b"<!", b"]]", b"\x1c\2")
XMP = (
    b'<?xpacket begin="" id="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:tiff="t" '
    b'xmlns:exif="e" xmlns:dc="d" xmlns:xmp="p" tiff:Orientation="6" exif:GPSLatitude="1,2N" tiff:ImageWidth=\'33\'>'
    b"<dc:creator><rdf:Seq><rdf:li>me &amp; you</rdf:li></rdf:Seq></dc:creator><exif:GPSLongitude>3</exif:GPSLongitude>"
    b"<exif:PixelXDimension> 12 </exif:PixelXDimension><xmp:Thumbnails><rdf:Alt/></xmp:Thumbnails><![CDATA[ > ]]>"
    b'<!-- exif:GPSx="1" --></rdf:Description></rdf:RDF></x:xmpmeta>' + b" " * 100 + b'<?xpacket end="w"?>'
)
REGIONS = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
    b'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" '
    b'xmlns:MP="http://ns.microsoft.com/photo/1.2/" xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" '
    b'xmlns:I="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    b'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" '
    b'xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:FullPanoWidthPixels="64" crs:CropTop="0.1" '
    b'GPano:FullPanoHeightPixels="32" GPano:CroppedAreaImageWidthPixels="64" drone-dji:CalibratedFocalLength="3.5" '
    b'GPano:CroppedAreaImageHeightPixels="32" GPano:CroppedAreaLeftPixels="0" GPano:CroppedAreaTopPixels="0">'
    b'<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="64" stDim:h="48"/>'
    b'<mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="A"><mwg-rs:Area stArea:x="0.9" stArea:y="0.4" '
    b'stArea:w="0.1" stArea:h="0.1" stArea:unit="normalized"/></rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList>'
    b"</mwg-rs:Regions>"
    b'<MP:RegionInfo><rdf:Bag><rdf:li MPReg:Rectangle="0.1, 0.2, 0.3, 0.4"/></rdf:Bag></MP:RegionInfo><I:ImageRegion>'
    b"<rdf:Bag><rdf:li><I:rbShape>rectangle</I:rbShape><I:rbX>1</I:rbX><I:rbY>2</I:rbY><I:rbW>3</I:rbW><I:rbH>4</I:rbH>"
    b"<I:rbUnit>pixel</I:rbUnit></rdf:li></rdf:Bag></I:ImageRegion><exif:SubjectArea><rdf:Seq><rdf:li>9</rdf:li>"
    b"<rdf:li>8</rdf:li></rdf:Seq></exif:SubjectArea></rdf:Description></rdf:RDF></x:xmpmeta>"
)
IPTC = b"\x1c\2\0\0\2\0\4\x1c\2\x50\0\5hello\x1c\2\x19\x80\4\0\0\0\3abc\x1c\1\x5a\0\3\x1b%G"
RESOURCES = b"8BIM\4\4\0\0" + struct.pack(">I", len(IPTC)) + IPTC + bytes(len(IPTC) % 2) + b"8BIM\3\xed\0\0\0\0\0\4abcd"
JXL = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x14ftypjxl \0\0\0\0jxl " + b"\0\0\0\x10jxlp\0\0\0\0\xff\x0a\x10\x20"
CUBE = b'TITLE "x"\n#c\nLUT_3D_SIZE 2\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 1 1\n' + b"0.1 0.2 0.3\n" * 8
RECIPE = (
    b'[input]\npaths=["a"]\nexclude=["**/x"]\n[[op]]\nname="resize"\nsize="1600x1200!"\nfit="cover"\n'
    b'[[op]]\nname="text"\ntext="{stem} {date:%Y}"\nsize="4%"\n[[output]]\ndir="web"\nformat="webp"\nquality=80\n'
    b'strip="gps"\nname="{dir}/{stem}-{width:04d}.{ext}"\n[[output.op]]\nname="crop"\nsize="16:9"\n[run]\nworkers=2\n'
)


def spoil(chance: random.Random, data: bytes, most: int = 4) -> bytes:
    """A few random changes that move nothing, half of them near the end, or a PNG's head; its checksums stay true."""
    made = bytearray(data)
    for _ in range(chance.randrange(1, most)):
        first = len(_PNG) if made.startswith(_PNG) else max(0, len(made) - _TAIL)
        near = chance.randrange(first, min(len(made), first + _TAIL))
        at = near if chance.random() < 0.5 else chance.randrange(len(made))
        new = chance.choice([bytes((made[at] ^ 1 << chance.randrange(8),)), chance.randbytes(1), *_WORDS_OF_TWO[:2]])
        new = chance.choice(_WORDS_OF_FOUR) if chance.random() < 0.1 else new
        made[at : at + len(new)] = new[: len(made) - at]
    return with_checksums(bytes(made)) if made.startswith(_PNG) else bytes(made)


def with_checksums(png: bytes) -> bytes:
    """A PNG whose chunks have true checksums, as far as it has chunks."""
    pieces, at = [png[: len(_PNG)]], len(_PNG)
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if end + 4 > len(png):
            break
        pieces += [png[at:end], struct.pack(">I", zlib.crc32(png[at + 4 : end]))]
        at = end + 4
    return b"".join([*pieces, png[at:]])


def mutate(chance: random.Random, data: bytes, most: int = 6, head: int | None = None) -> bytes:
    """A few random changes of `data`, of the first `head` bytes where that is given."""
    made = bytearray(data)
    for _ in range(chance.randrange(1, most)):
        if not made:
            break
        at, other = chance.randrange(min(len(made), head or len(made))), chance.randrange(len(made))
        match chance.randrange(8):
            case 0:
                made[at] = chance.randrange(256)
            case 1:
                made[at] ^= 1 << chance.randrange(8)
            case 2:
                made[at : at + chance.randrange(1, 9)] = chance.randbytes(chance.randrange(9))
            case 3:
                made[at:at] = made[other : other + chance.randrange(1, 64)]
            case 4:
                del made[at : at + chance.randrange(1, 64)]
            case 5:
                made[at : at + 4] = chance.choice(_WORDS_OF_FOUR)
            case 6:
                made[at : at + 2] = chance.choice(_WORDS_OF_TWO)
            case _:
                made = made[: other + 1] if chance.random() < 0.3 else made + made[at : at + 200]
    return bytes(made)


@functools.cache
def samples(*suffixes: str) -> tuple[bytes, ...]:
    """The sample images with one of these suffixes that are not large, and a small one for suffixes without any."""
    found = [
        path.read_bytes()
        for path in sorted(SAMPLES.rglob("*"))
        if path.suffix.lower() in suffixes and path.stat().st_size < _LARGEST
    ]
    for suffix in suffixes:
        made = io.BytesIO()
        Image.effect_noise((24, 18), 40).convert("RGB").save(made, Image.registered_extensions()[suffix])
        found.append(made.getvalue())
    return (*found, *(accompanied_files() if ".jpg" in suffixes else ()))


@functools.cache
def exif_blocks() -> tuple[bytes, ...]:
    """The EXIF of the samples, and one that has a bit of all."""
    made = Image.Exif()
    made[0x10F], made[0x112], made[0x13B] = "Make", 6, "Artist name"
    made.get_ifd(0x8769).update({0x9003: "2020:01:01 00:00:00", 0x927C: b"note" * 20})
    made.get_ifd(0x8825).update({1: "N", 2: (1.0, 2.0, 3.0)})
    blocks = [made.tobytes()]
    for data in samples(".jpg", ".png", ".webp"):
        with contextlib.suppress(UnidentifiedImageError), Image.open(io.BytesIO(data)) as image:
            block = image.info.get("exif")
            blocks += [block] if isinstance(block, bytes) else []
    return tuple(block.removeprefix(b"Exif\0\0") for block in blocks)


@functools.cache
def profile() -> bytes:
    """A profile that has code points."""
    return icc_profile.profile_of(color_space.SRGB, code=(1, 13))


@functools.cache
def color_files() -> tuple[bytes, ...]:
    """Pictures whose colors are told in every way but a profile that Pillow shows."""
    image, p3 = Image.effect_noise((24, 18), 40).convert("RGB"), (*(0.31, 0.33), 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
    icc = icc_profile.profile_of(color_space.ADOBE_RGB)
    avif = of_colors.saved(image, "AVIF")
    return (
        of_colors.with_nclx(avif, 12, 13), avif.replace(b"colrnclx", b"freenclx"),
        of_colors.jp2(image, b"\2\0\0" + icc), of_colors.jp2(image, b"\5\0\0" + bytes((0, 9, 0, 1, 0, 0, 0))),
        of_colors.gif(image, icc), of_colors.bmp(image, b"DEBM", icc=icc),
        of_colors.bmp(image, bytes(4), of_colors.bmp_numbers(p3, 1.8)),
        of_colors.png(image, cICP=bytes((9, 1, 0, 0)), gAMA=bytes((0, 0, 200, 0)), cHRM=of_colors.chromaticity(p3)),
        of_colors.saved(image, "JPEG", exif=b"Exif\0\0" + of_colors.adobe_exif()),
        of_colors.saved(image, "QOI"),
        of_colors.saved(image, "ICO", sizes=[(24, 18)]),
        of_colors.saved(image.resize((32, 32)), "ICNS"),
    )  # fmt: skip


def png_chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(chunks: bytes) -> bytes:
    """A small PNG with these chunks after its header."""
    data = samples(".png")[-1]
    return data[:33] + chunks + data[33:]


def jpeg_segment(marker: int, content: bytes) -> bytes:
    """One segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def jpeg(segments: bytes) -> bytes:
    """A small JPEG with these segments after its first mark."""
    data = samples(".jpg")[-1]
    return data[:2] + segments + data[2:]


@functools.cache
def strange_files() -> list[bytes]:
    """Files with blocks that nobody has heard of."""
    return [*(data for data, _ in strangers.files().values()), strangers.HEIC, strangers.JXL]


@functools.cache
def accompanied_files() -> tuple[bytes, ...]:
    """JPEGs that are not alone in their files."""
    return (
        accompanied.ultra_hdr(iso=True, film=accompanied.film()), accompanied.ultra_hdr(mode="RGB"),
        accompanied.micro_video(place=True), accompanied.samsung(), accompanied.apple(), accompanied.depth_photo(),
    )  # fmt: skip


@functools.cache
def announcements() -> tuple[bytes, ...]:
    """XMP of such files."""
    part = accompanied.Part("GainMap", "image/jpeg", b"x")
    film = 'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="12"'
    return accompanied.container(part, part, more=film), accompanied.GAIN_XMP, accompanied.APPLE_XMP


@functools.cache
def label_files() -> tuple[bytes, ...]:
    """AVIF of one picture and of several, with EXIF and XMP, and a TIFF of three pages with texts."""
    exif = Image.Exif()
    exif[0x013B] = "artist"
    pictures = [Image.new("RGB", (16, 8), color) for color in ("red", "green", "blue")]
    files = []
    for more in ([], pictures[1:]):
        file = io.BytesIO()
        options: dict[str, Any] = {"save_all": True, "append_images": more} if more else {}
        pictures[0].save(file, "AVIF", exif=exif.tobytes(), xmp=XMP, **options)
        files.append(file.getvalue())
    for big in (False, True):
        file = io.BytesIO()
        pictures[0].save(file, "TIFF", save_all=True, append_images=pictures[1:], tiffinfo={0x013B: "a"}, big_tiff=big)
        files.append(file.getvalue())
    return tuple(files)
