"""Do the places that EXIF and XMP name follow the picture, or go with a word?

The judge is the picture itself: what a region says it shows is a light rectangle on black, and must be found there.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs.metadata import exif_tags, xmp
from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.metadata.regions import rdf
from imgbatch.codecs.metadata.regions.follow import follow, names_places
from imgbatch.core.places import Journey, PlaceMap
from imgbatch.core.quantities import Size
from imgbatch.operations import Border, Crop, Flip, Flop, Operation, Pad, Resize, Rotate, Trim
from imgbatch.pixels.orientation import to_upright
from imgbatch.planning.recipe import Output, Recipe

SIZE = (640, 480)
FACE = (448, 96, 576, 240)  # left, top, right, bottom in px
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MWG = 'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"'
NAMES = (
    f'{MWG} xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"'
    ' xmlns:MP="http://ns.microsoft.com/photo/1.2/" xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"'
    ' xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" xmlns:apple-fi="http://ns.apple.com/faceinfo/1.0/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    ' xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"'
    ' xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def packet(inner: str, attributes: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" {NAMES} '
        f'{attributes} dc:source="stays">{inner}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def shares(box: tuple[int, int, int, int] = FACE, size: Size = SIZE) -> tuple[float, float, float, float]:
    """x, y, width and height: left and top first."""
    left, top, right, bottom = box
    return left / size[0], top / size[1], (right - left) / size[0], (bottom - top) / size[1]


def mwg(size: Size = SIZE, written: str = "attributes", unit: str = "normalized", more: str = "") -> str:
    x, y, w, h = shares()
    numbers = {"x": x + w / 2, "y": y + h / 2, "w": w, "h": h}
    if unit == "pixel":
        numbers = {key: number * SIZE[key in "yh"] for key, number in numbers.items()}
    sides = {"w": size[0], "h": size[1]}
    if written == "attributes":
        area = "".join(f' stArea:{key}="{number}"' for key, number in numbers.items())
        area = f'<mwg-rs:Area{area} stArea:unit="{unit}"/>'
        dimensions = f'<mwg-rs:AppliedToDimensions stDim:w="{size[0]}" stDim:h="{size[1]}" stDim:unit="pixel"/>'
        head, foot = '<rdf:li><rdf:Description mwg-rs:Name="Ann" mwg-rs:Type="Face">', "</rdf:Description></rdf:li>"
    else:
        resource = ' rdf:parseType="Resource"' if written == "elements" else ""
        start, end = ("", "") if resource else ("<rdf:Description>", "</rdf:Description>")
        area = "".join(f"<stArea:{key}>{number}</stArea:{key}>" for key, number in numbers.items())
        area = f"<mwg-rs:Area{resource}>{start}{area}<stArea:unit>{unit}</stArea:unit>{end}</mwg-rs:Area>"
        dimensions = "".join(f"<stDim:{key}>{side}</stDim:{key}>" for key, side in sides.items())
        dimensions = f"<mwg-rs:AppliedToDimensions{resource}>{start}{dimensions}{end}</mwg-rs:AppliedToDimensions>"
        head, foot = f"<rdf:li{resource}>{start}<mwg-rs:Name>Ann</mwg-rs:Name>", f"{end}</rdf:li>"
    return (
        f'<mwg-rs:Regions rdf:parseType="Resource">{dimensions}<mwg-rs:RegionList><rdf:Bag>{head}{area}{more}{foot}'
        "</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
    )


def microsoft(written: str = "attributes") -> str:
    text = ", ".join(f"{number:.6f}" for number in shares())
    item = f'<rdf:li MPReg:Rectangle="{text}" MPReg:PersonDisplayName="Ann"/>'
    if written == "elements":
        item = f"<rdf:li><rdf:Description><MPReg:Rectangle>{text}</MPReg:Rectangle></rdf:Description></rdf:li>"
    bag = f"<MPRI:Regions><rdf:Bag>{item}</rdf:Bag></MPRI:Regions>"
    return f'<MP:RegionInfo rdf:parseType="Resource">{bag}</MP:RegionInfo>'


def iptc(unit: str = "relative", shape: str = "rectangle") -> str:
    scale = SIZE if unit == "pixel" else (1, 1)
    x, y, w, h = shares()
    numbers = {"rbX": x * scale[0], "rbY": y * scale[1], "rbW": w * scale[0], "rbH": h * scale[1]}
    inner = "".join(f"<Iptc4xmpExt:{key}>{number}</Iptc4xmpExt:{key}>" for key, number in numbers.items())
    return (
        '<Iptc4xmpExt:ImageRegion><rdf:Bag><rdf:li rdf:parseType="Resource"><Iptc4xmpExt:RegionBoundary '
        f'rdf:parseType="Resource"><Iptc4xmpExt:rbShape>{shape}</Iptc4xmpExt:rbShape><Iptc4xmpExt:rbUnit>{unit}'
        f"</Iptc4xmpExt:rbUnit>{inner}</Iptc4xmpExt:RegionBoundary></rdf:li></rdf:Bag></Iptc4xmpExt:ImageRegion>"
    )


def subjects() -> str:
    left, top, right, bottom = FACE
    numbers = ((left + right) // 2, (top + bottom) // 2, right - left, bottom - top)
    area = "".join(f"<rdf:li>{number}</rdf:li>" for number in numbers)
    return f"<exif:SubjectArea><rdf:Seq>{area}</rdf:Seq></exif:SubjectArea>"


def photo(folder: Path, xmp_data: bytes, orientation: int = 1, exif_area: bool = False) -> Path:
    image = Image.new("RGB", SIZE)
    image.paste((255, 255, 255), FACE)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if exif_area:
        left, top, right, bottom = FACE
        exif.get_ifd(0x8769)[0x9214] = ((left + right) // 2, (top + bottom) // 2, right - left, bottom - top)
        exif.get_ifd(0x8769)[0xA214] = ((left + right) // 2, (top + bottom) // 2)
    path = folder / "photo.jpg"
    image.save(path, quality=95, xmp=xmp_data, exif=exif)
    return path


class Result:
    """An output: its picture's light rectangle, its packet and its record."""

    def __init__(self, source: Path, ops: list[Operation], auto_orient: bool = True) -> None:
        folder = Path(tempfile.mkdtemp(dir=source.parent))
        report = ib.run(
            source, folder, Recipe(ops, [Output(quality=95)], auto_orient=auto_orient), workers=0, ledger=False
        )
        (outcome,) = report.outcomes
        assert outcome.status == "ok", outcome.error
        self.changes = [change for change in outcome.changes if "removed" in change]
        with Image.open(folder / "photo.jpg") as image:
            self.size = image.size
            self.xmp: bytes = image.info.get("xmp", b"")
            self.exif = image.getexif().get_ifd(0x8769)
            rows, columns = np.nonzero(np.asarray(image.convert("L")) > 127)
        self.face = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
        self.tree = ElementTree.fromstring(self.xmp) if self.xmp else None
        assert b"stays" in self.xmp

    def numbers(self, *words: str) -> list[float]:
        """Of properties, by their names without namespace, wherever they stand."""
        found: dict[str, str] = {}
        for element in self.tree.iter() if self.tree is not None else ():
            pairs = [*element.attrib.items(), (element.tag, element.text)]
            found |= {name.rpartition("}")[2]: text for name, text in pairs if text and text.strip()}
        return [float(found[word]) for word in words]

    def assert_at_the_face(self, box: tuple[float, float, float, float], tolerance: float = 2.5) -> None:
        """`box`: left, top, width and height in px."""
        assert self.face is not None
        left, top, width, height = box
        assert (left, top, left + width, top + height) == pytest.approx(self.face, abs=tolerance)


OPS = [
    [Resize("320")],
    [Resize("300x100!")],
    [Crop("400x300+240+60")],
    [Crop("540x480+0+0")],  # through the face
    [Crop("400x300+240+60"), Resize("200")],
    [Resize("200x200", "cover", "east")],
    [Resize("300x300", "contain", background="black")],
    [Rotate(90)],
    [Rotate(180), Resize("333")],
    [Rotate(-90), Flip()],
    [Flop()],
    [Pad("800x700", "southeast", "black")],
    [Border("20"), Flop(), Resize("50%")],
]


@pytest.mark.parametrize("ops", OPS, ids=lambda ops: "+".join(op.word for op in ops))
@pytest.mark.parametrize("written", ["attributes", "elements", "descriptions"])
def test_faces_follow_the_picture(ops: list[Operation], written: str, tmp_path: Path) -> None:
    inner = mwg(written=written) + microsoft(written) + iptc() + subjects()
    result = Result(photo(tmp_path, packet(inner), exif_area=True), ops)
    width, height = result.size
    x, y, w, h = result.numbers("x", "y", "w", "h")[:4] if written != "attributes" else _area(result.xmp)
    result.assert_at_the_face(((x - w / 2) * width, (y - h / 2) * height, w * width, h * height))
    assert _dimensions(result.xmp) == result.size
    x, y, w, h = (float(word) for word in _text(result.xmp, b"Rectangle").split(","))
    result.assert_at_the_face((x * width, y * height, w * width, h * height))
    x, y, w, h = result.numbers("rbX", "rbY", "rbW", "rbH")
    result.assert_at_the_face((x * width, y * height, w * width, h * height))
    for area in (result.exif[0x9214], [int(word) for word in re.findall(rb"<rdf:li>(\d+)</rdf:li>", result.xmp)]):
        x, y, w, h = area
        result.assert_at_the_face((x - w / 2, y - h / 2, w, h))
    assert result.face is not None
    left, top, right, bottom = result.face
    assert left <= result.exif[0xA214][0] <= right and top <= result.exif[0xA214][1] <= bottom
    assert result.changes == []


def _area(data: bytes) -> list[float]:
    return [float(re.search(rb'stArea:%s="([^"]*)"' % word, data)[1]) for word in (b"x", b"y", b"w", b"h")]  # type: ignore[index]


def _dimensions(data: bytes) -> tuple[int, int]:
    width, height = (re.search(rb"stDim:%s(?:=\"|>)(\d+)" % word, data) for word in (b"w", b"h"))
    assert width is not None and height is not None
    return int(width[1]), int(height[1])


def _text(data: bytes, word: bytes) -> str:
    match = re.search(word + rb"(?:=\"|>)([^\"<]*)", data)
    assert match is not None
    return match[1].decode()


@pytest.mark.parametrize("unit", ["pixel", "normalized"])
def test_px_stay_px(unit: str, tmp_path: Path) -> None:
    result = Result(photo(tmp_path, packet(mwg(unit=unit) + iptc("pixel"))), [Crop("400x300+240+60"), Resize("50%")])
    x, y, w, h = _area(result.xmp)
    scale = (1, 1) if unit == "pixel" else result.size
    result.assert_at_the_face(((x - w / 2) * scale[0], (y - h / 2) * scale[1], w * scale[0], h * scale[1]))
    x, y, w, h = result.numbers("rbX", "rbY", "rbW", "rbH")
    result.assert_at_the_face((x, y, w, h))


def test_px_of_a_larger_picture(tmp_path: Path) -> None:
    """Somebody resized the picture, and left its regions as they were."""
    inner = re.sub(
        r'(stArea:[xywh]|stDim:[wh])="([\d.]+)"', lambda one: f'{one[1]}="{2 * float(one[2]):g}"', mwg(unit="pixel")
    )
    result = Result(photo(tmp_path, packet(inner)), [Flop()])
    x, y, w, h = _area(result.xmp)
    result.assert_at_the_face((x - w / 2, y - h / 2, w, h))
    assert _dimensions(result.xmp) == SIZE


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ops", [[], [Resize("50%")], [Crop("90%x90%"), Rotate(90)]], ids=len)
def test_the_orientation_counts(orientation: int, ops: list[Operation], tmp_path: Path) -> None:
    """EXIF means the stored picture, and so do regions that were made for its size, or by a telephone of Apple's."""
    apple = "<mwg-rs:Extensions apple-fi:AngleInfoRoll='270' apple-fi:FaceID='3'/>"
    source = photo(tmp_path, packet(mwg(more=apple) + subjects()), orientation, exif_area=True)
    result = Result(source, ops)
    width, height = result.size
    x, y, w, h = _area(result.xmp)
    result.assert_at_the_face(((x - w / 2) * width, (y - h / 2) * height, w * width, h * height))
    x, y, w, h = result.exif[0x9214]
    result.assert_at_the_face((x - w / 2, y - h / 2, w, h))
    assert _dimensions(result.xmp) == result.size
    turns = orientation != (8 if len(ops) == 2 else 1)  # a quarter and three are none
    assert (b"AngleInfoRoll" in result.xmp) is not turns and b"FaceID" in result.xmp


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_regions_made_for_the_upright_picture(orientation: int, tmp_path: Path) -> None:
    turn = to_upright(orientation)
    assert turn is not None
    x, y, w, h = shares()  # where it lies in the upright picture: this picture is turned back and stored
    source = photo(tmp_path, packet(mwg((480, 640))), orientation)
    result = Result(source, [Resize("50%")])
    assert _area(result.xmp) == pytest.approx([x + w / 2, y + h / 2, w, h], abs=1e-5)
    assert _dimensions(result.xmp) == result.size == (240, 320)
    stays = Result(source, [Resize("50%")], auto_orient=False)
    assert _area(stays.xmp) == pytest.approx([x + w / 2, y + h / 2, w, h], abs=1e-5)
    assert _dimensions(stays.xmp) == (240, 320) and stays.size == (320, 240)


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_regions_that_mean_one_of_two_pictures_go(orientation: int, tmp_path: Path) -> None:
    result = Result(photo(tmp_path, packet(mwg() + microsoft() + iptc()), orientation), [])
    words = [f"regions removed ({name}): nothing says where in the picture they are now" for name in ("mwg-rs", "MP")]
    assert result.changes[:2] == words and len(result.changes) == 3
    assert b"Region" not in re.sub(rb"xmlns:\S+", b"", result.xmp)


@pytest.mark.parametrize("ops", [[Crop("320x240+0+240")], [Trim()], [Rotate(10)]], ids=["cut off", "pixels", "angle"])
def test_what_does_not_follow_goes_with_a_word(ops: list[Operation], tmp_path: Path) -> None:
    inner = mwg() + microsoft("elements") + iptc() + subjects()
    result = Result(photo(tmp_path, packet(inner), exif_area=True), ops)
    assert not re.search(rb"<(?:mwg-rs|MP|MPReg|Iptc4xmpExt|exif):", result.xmp)
    assert 0x9214 not in result.exif and 0xA214 not in result.exif
    assert [change.partition(":")[0] for change in result.changes] == [
        "subject area removed", "regions removed (mwg-rs)", "regions removed (MP)", "regions removed (Iptc4xmpExt)",
    ]  # fmt: skip


def test_one_region_goes_and_the_others_stay(tmp_path: Path) -> None:
    area = '<mwg-rs:Area stArea:x="0.1" stArea:y="0.9" stArea:w="0.1" stArea:h="0.1"/>'
    other = f'<rdf:li><rdf:Description mwg-rs:Name="Bob">{area}</rdf:Description></rdf:li>'
    inner = mwg().replace("<rdf:Bag>", f"<rdf:Bag>{other}")
    result = Result(photo(tmp_path, packet(inner)), [Crop("400x300+240+60")])
    assert b"Ann" in result.xmp and b"Bob" not in result.xmp
    assert result.changes == ["regions removed (mwg-rs): 1 cut off, or of a shape that cannot follow"]


def test_regions_of_another_picture_go(tmp_path: Path) -> None:
    """Somebody cropped the picture, and left the regions as they were."""
    result = Result(photo(tmp_path, packet(mwg((640, 300)))), [Resize("50%")])
    assert b"Ann" not in result.xmp and len(result.changes) == 1


@pytest.mark.parametrize("shape", ["circle", "polygon"])
def test_other_shapes_follow_a_resize_only(shape: str, tmp_path: Path) -> None:
    source = photo(tmp_path, packet(iptc(shape=shape)))
    assert b"rbShape" in Result(source, [Resize("50%")]).xmp
    assert b"rbShape" not in Result(source, [Flop()]).xmp


def panorama(**numbers: int) -> str:
    values = {"FullPanoWidthPixels": 2000, "FullPanoHeightPixels": 1000, "CroppedAreaImageWidthPixels": 640}
    values |= {"CroppedAreaImageHeightPixels": 480, "CroppedAreaLeftPixels": 300, "CroppedAreaTopPixels": 100} | numbers
    words = "".join(f'GPano:{word}="{number}" ' for word, number in values.items())
    return f'GPano:ProjectionType="equirectangular" {words}'


def gpano(data: bytes) -> dict[str, int]:
    return {match[1].decode(): int(match[2]) for match in re.finditer(rb'GPano:(\w+)="(-?\d+)"', data)}


@pytest.mark.parametrize(
    ("ops", "numbers"),
    [
        ([Resize("50%")], (1000, 500, 320, 240, 150, 50)),
        ([Resize("320x480!")], (1000, 1000, 320, 480, 150, 100)),
        ([Crop("400x300+40+60")], (2000, 1000, 400, 300, 340, 160)),
        ([Crop("400x300+40+60"), Resize("200")], (1000, 500, 200, 150, 170, 80)),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_panoramas_follow_resizes_and_crops(
    ops: list[Operation], numbers: tuple[int, ...], times: int, tmp_path: Path
) -> None:
    """Also where the numbers are those of a larger picture that this one was made of."""
    values = {word: times * int(number) for word, number in gpano(packet("", panorama())).items()}
    source = photo(tmp_path, packet("", panorama(**values, LargestValidInteriorRectLeft=times * 100,
        LargestValidInteriorRectTop=times * 90, LargestValidInteriorRectWidth=times * 200,
        LargestValidInteriorRectHeight=times * 100)))  # fmt: skip
    result = Result(source, ops)
    got = gpano(result.xmp)
    assert tuple(got[word] for word in values) == numbers
    assert got["LargestValidInteriorRectWidth"] == round(200 * numbers[0] / 2000) and result.changes == []
    assert b"equirectangular" in result.xmp


@pytest.mark.parametrize("ops", [[Rotate(90)], [Flop()], [Pad("700x700")], [Trim()]], ids=lambda ops: ops[0].word)
def test_panoramas_go_where_they_are_none(ops: list[Operation], tmp_path: Path) -> None:
    result = Result(photo(tmp_path, packet("", panorama())), ops)
    assert b"GPano:" not in re.sub(rb"xmlns:\S+", b"", result.xmp)
    assert result.changes == ["panorama removed (GPano): the picture is no such part of a sphere any more"]


def test_a_crop_of_all_of_a_sphere_needs_all_numbers(tmp_path: Path) -> None:
    source = photo(tmp_path, packet("", 'GPano:ProjectionType="equirectangular"'))
    assert b"equirectangular" in Result(source, [Resize("50%")]).xmp
    assert b"equirectangular" not in Result(source, [Crop("50%x50%")]).xmp


def test_a_whole_sphere_stays_whole(tmp_path: Path) -> None:
    numbers = {"FullPanoWidthPixels": 640, "FullPanoHeightPixels": 480, "CroppedAreaLeftPixels": 0}
    source = photo(tmp_path, packet("", panorama(**numbers, CroppedAreaTopPixels=0)))
    assert list(gpano(Result(source, [Resize("333")]).xmp.replace(b"\n", b"")).values()) == [333, 250, 333, 250, 0, 0]


def test_settings_and_lenses(tmp_path: Path) -> None:
    attributes = (
        'crs:HasCrop="True" crs:CropTop="0.1" crs:CropLeft="0.2" crs:CropBottom="0.9" crs:CropRight="1"'
        ' crs:Exposure2012="1" drone-dji:CalibratedFocalLength="3666.5" drone-dji:CalibratedOpticalCenterX="320"'
        ' drone-dji:RelativeAltitude="9"'
        ' drone-dji:CalibratedOpticalCenterY="240" drone-dji:DewarpData="2018-09-04;3678.87,3671.84,10.1,27.29"'
    )
    spots = '<crs:RetouchAreas><rdf:Seq><rdf:li rdf:parseType="Resource"/></rdf:Seq></crs:RetouchAreas>'
    source = photo(tmp_path, packet(spots, attributes))
    small = Result(source, [Resize("50%")])
    assert b'crs:CropTop="0.1"' in small.xmp and b"RetouchAreas" in small.xmp and b"Dewarp" not in small.xmp
    lens = "CalibratedFocalLength", "CalibratedOpticalCenterX", "CalibratedOpticalCenterY"
    assert small.numbers(*lens) == [1833.25, 160, 120]
    assert small.changes == ["lens calibration removed: not true of the picture any more"]
    part = Result(source, [Crop("400x300+40+60")])
    assert part.numbers(*lens) == [3666.5, 280, 180]
    assert not re.search(rb"crs:(?:HasCrop|Crop\w+|Retouch)", part.xmp)
    assert b'crs:Exposure2012="1"' in part.xmp and b"RelativeAltitude" in part.xmp
    assert "crop settings (crs) removed: not true of the picture any more" in part.changes
    lost = Result(source, [Trim()])
    assert b"Calibrated" not in lost.xmp


@pytest.mark.parametrize("ops", [[], [ib.Brightness(1.1)]], ids=len)
def test_nothing_changes_where_the_picture_keeps_its_shape(ops: list[Operation], tmp_path: Path) -> None:
    data = packet(mwg() + microsoft() + iptc() + subjects(), panorama())
    assert Result(photo(tmp_path, data), ops).xmp == data


def test_a_smaller_picture_for_the_sake_of_bytes(tmp_path: Path) -> None:
    source = photo(tmp_path, packet(mwg()))
    output = Output(format="jpeg", max_bytes=6000, min_quality=90, then_shrink=True)
    assert ib.run(source, tmp_path / "out", Recipe([], [output]), workers=0).ok
    with Image.open(tmp_path / "out" / "photo.jpg") as image:
        assert image.width < 640 and _dimensions(image.info["xmp"]) == image.size


def test_other_formats(tmp_path: Path) -> None:
    source = photo(tmp_path, packet(mwg()), exif_area=True)
    outputs = [Output(format=name, name=f"{{stem}}-{name}.{{ext}}") for name in ("png", "webp", "tiff", "avif")]
    assert ib.run(source, tmp_path / "out", Recipe([Flop()], outputs), workers=0).ok
    for path in (tmp_path / "out").glob("photo-*"):
        with Image.open(path) as image:
            data = image.info.get("xmp") or image.info["XML:com.adobe.xmp"]
            assert _area(data.encode() if isinstance(data, str) else data)[0] == pytest.approx(0.2, abs=1e-6), path
            assert image.getexif().get_ifd(0x8769)[0x9214][0] == 128, path


# -- the packet itself -------------------------------------------------------------------------------------------------

JOURNEY = Journey(SIZE, 1, PlaceMap(False, -1, 640, 1, 0), SIZE)


def test_a_packet_that_cannot_be_read_goes_where_it_names_places() -> None:
    changes: list[str] = []
    broken = packet(mwg())[:-20]
    assert follow(Metadata(xmp=broken), JOURNEY, changes).xmp is None
    assert changes == ["xmp removed: it names places in the picture, and cannot be read"]
    assert follow(Metadata(xmp=b"<x"), JOURNEY, []).xmp == b"<x"


@pytest.mark.parametrize("text", ["nan", "inf", "1e400", "1e-320", "", "x", "-5", "0", "9" * 400])
def test_numbers_that_are_none(text: str) -> None:
    for inner in (mwg(), microsoft(), iptc(), subjects(), f"<mwg-rs:Regions>{iptc('pixel')}</mwg-rs:Regions>"):
        for word in ("0.8", "0.35", "0.7", "512", "168", "640", "480"):
            data = packet(inner.replace(word, text, 1), panorama().replace("640", text, 1))
            result = follow(Metadata(xmp=data), JOURNEY, []).xmp
            assert result is not None
            ElementTree.fromstring(result)


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("kind", ["H", "I", "B"])
def test_subjects_of_odd_types(number: int, kind: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9214] = (9,) * number
    block = exif.tobytes()[6:]
    (entry,) = (entry for entry in exif_tags.entries(block) if entry.tag == 0x9214)
    code = {"H": 3, "I": 4, "B": 1}[kind]
    block = block[: entry.at + 2] + bytes([code, 0] if block[:2] == b"II" else [0, code]) + block[entry.at + 4 :]
    changes: list[str] = []
    after = follow(Metadata(exif=block), JOURNEY, changes).exif
    assert after is None or 0x9214 not in [entry.tag for entry in exif_tags.entries(after)]
    assert changes == ["subject area removed: it is not in the picture any more, or not where it said"]


def test_a_quick_look_finds_every_place() -> None:
    for endian in "<>":
        exif = Image.Exif()
        exif.endian = endian
        exif[0x010F] = "Maker"
        assert not names_places(Metadata(exif=exif.tobytes()[6:], xmp=b"<x:xmpmeta/>"))
        for tag in (0x9214, 0xA214):
            exif.get_ifd(0x8769)[tag] = (3, 4)
            assert names_places(Metadata(exif=exif.tobytes()[6:]))
            del exif.get_ifd(0x8769)[tag]
    for inner in (mwg(), microsoft(), iptc(), subjects()):
        assert names_places(Metadata(xmp=packet(inner)))
    assert not names_places(Metadata())


def test_changes_in_place_leave_all_else() -> None:
    data = packet("<dc:a x:y=\" 1 \">\n 2 </dc:a><dc:b/><dc:c dc:d = '3'/>")
    tree = rdf.Packet(data)
    assert tree.root is not None and tree.data == data
    (node,) = tree.nodes(("http://purl.org/dc/elements/1.1/", "c"))
    value = tree.fields(node)["http://purl.org/dc/elements/1.1/", "d"]
    assert value.number == 3
    tree.put(value, "44")
    (empty,) = tree.nodes(("http://purl.org/dc/elements/1.1/", "b"))
    tree.cut(empty.span)
    tree.cut(empty.span)
    assert tree.data == data.replace(b"'3'", b"'44'").replace(b"<dc:b/>", b"")
    assert data[slice(*empty.span)] not in tree.data and data[node.start : value.start] in tree.data


def test_too_deep_or_with_a_document_type() -> None:
    deep = packet("<dc:a>" * 200 + "</dc:a>" * 200)
    assert rdf.Packet(deep).root is None
    assert rdf.Packet(b"<!DOCTYPE a>" + packet("")).root is None


def test_an_empty_element_is_cut_out_alone() -> None:
    data = packet('<dc:a dc:b="1"/><dc:c>stays</dc:c><dc:d/>')
    assert xmp.without(data, lambda prefix, name, inside: name in "ad") == packet("<dc:c>stays</dc:c>")
