"""Is whatever exiftool sees in a source, and not in what was made of it, named in the changes?

A fixed sample of the public files, and files with blocks that nobody has heard of; all of the public files in all ways:
``python -m tests.faults.soak.exiftool_walk``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import exiftool_judge, strangers
from tests.exiftool_judge import Tag
from tests.faults.soak.exiftool_walk import IMAGES, mirror, walk
from tests.other_readers import needs_exiftool

pytestmark = needs_exiftool
#: Small files that have something beside their pixels, of each format and from several cameras.
SAMPLE = (
    "good/animated/anim.webp", "good/animated/frozenpond.mpo", "good/animated/hopper.psd",
    "good/animated/multipage.tiff", "good/color/apple_gainmap_p3_gps.jpg", "good/color/flower_small.cmyk.jpg",
    "good/color/hopper.Lab.tif", "good/color/p3.png", "good/color/photo-adobergb.webp",
    "good/depth/16bit.MM.cropped.tif", "good/formats/deerstalker.cur", "good/formats/hopper.bmp",
    "good/formats/hopper.jpg", "good/formats/hopper.png", "good/formats/hopper.ppm", "good/formats/hopper.tif",
    "good/formats/test-card-lossy-tiled.jp2", "good/metadata/exif_gps.jpg", "good/metadata/exif-not-tiff.png",
    "good/metadata/phpinfo-in-comment.jpg", "good/orientation/hopper_orientation_6.webp",
    "good/orientation/xmp_tags_orientation.png", "good/palette/hopper.gif", "good/palette/rdf-pa.tif",
    "good/pngsuite/ct1n0g04.png", "good/pngsuite/cdun2c08.png", "bad/silent/corrupt-huffman.jpg",
)  # fmt: skip
_REFUSALS = ("pages of several sizes as png", "as webp", "as avif", "one row of pixels as avif")
_WAYS = ("copy", "rewrite", "turn", "jpeg", "png", "webp", "tiff", "avif", "gif")


@pytest.mark.skipif(not IMAGES.is_dir(), reason="the public images are not there")
def test_what_is_lost_of_public_files_is_named(tmp_path: Path) -> None:
    files = [IMAGES / name for name in SAMPLE]
    (tmp_path / "in").mkdir()
    count, findings = walk(mirror(files, IMAGES, tmp_path / "in"), _WAYS, tmp_path / "out")
    assert count == len(_WAYS) * len(files) - len(_REFUSALS)
    assert [(one.way, one.source, one.tag) for one in findings] == []


def test_what_is_lost_of_files_with_strange_blocks_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, (data, _) in strangers.files().items():
        (folder / name).write_bytes(data)
    count, findings = walk(folder, ("copy", "rewrite", "jpeg", "webp"), tmp_path / "out")
    assert count >= 4 * 14
    assert [(one.way, one.source, one.tag) for one in findings] == []


@pytest.mark.parametrize(
    ("tag", "change"),
    [
        (Tag("EXIF:IFD0", "Make", "x"), "exif not written: gif"),
        (Tag("EXIF:IFD1", "ThumbnailImage", "x"), "embedded thumbnail removed: it shows the picture as it was"),
        (Tag("XMP:XMP-dc", "Creator", "x"), "xmp not written: bmp"),
        (Tag("PNG", "Comment", "x"), "comment not written: webp"),
        (Tag("MakerNotes:Canon", "SerialNumber", "x"), "maker note not written: tiff"),
        (Tag("GIF", "Comment", "x"), "comment of a later frame not kept"),
    ],
)
def test_the_judge_takes_only_what_names_it(tag: Tag, change: str) -> None:
    assert exiftool_judge.findings("a way", "a file", [tag], [tag], []) == []
    assert [one.tag for one in exiftool_judge.findings("a way", "a file", [tag], [], ["icc: P3 -> sRGB"])] == [tag]
    assert exiftool_judge.findings("a way", "a file", [tag], [], [change]) == []
