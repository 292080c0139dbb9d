"""Do other programs find in our files what accompanies the picture: exiftool, and libultrahdr's own reader?"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import imgbatch as ib
from tests import accompanied
from tests.accompanied import companions
from tests.other_readers import EXIFTOOL, needs_exiftool

RECIPES: dict[str, tuple[tuple[ib.Operation, ...], dict[str, Any]]] = {
    "strip gps": ((), {"strip": "gps"}),
    "strip all": ((), {"strip": "all"}),
    "quality": ((), {"quality": 95}),
    "resize": ((ib.Resize("256"),), {"quality": 95}),
    "crop": ((ib.Crop("200x160+280+80"),), {"quality": 95}),
    "turn": ((ib.Rotate(90),), {"quality": 95}),
    "cover": ((ib.Resize("150x150", fit="cover"), ib.Flop()), {"quality": 95, "strip": "gps"}),
}


def make(folder: Path, data: bytes, name: str) -> Path:
    """The output of a recipe."""
    ops, options = RECIPES[name]
    (folder / "a.jpg").write_bytes(data)
    (outcome,) = ib.run(folder / "a.jpg", folder / "out", ib.Recipe(ops, [ib.Output(**options)]), workers=0).outcomes
    assert outcome.error is None
    return Path(outcome.outputs[0].path)


def exiftool(path: Path, *words: str) -> bytes:
    """What exiftool says."""
    assert EXIFTOOL is not None
    return subprocess.run([EXIFTOOL, *words, str(path)], capture_output=True, check=True).stdout


@needs_exiftool
@pytest.mark.parametrize("name", RECIPES)
def test_exiftool_finds_the_gain_map_and_nothing_wrong(tmp_path: Path, name: str) -> None:
    path = make(tmp_path, accompanied.ultra_hdr((512, 384), iso=True), name)
    data = path.read_bytes()
    (gain,) = companions(data)
    assert exiftool(path, "-b", "-MPImage2") == data[gain.start : gain.end]
    (tags,) = json.loads(exiftool(path, "-j", "-a", "-G1", "-struct", "-XMP:all", "-MPF:all", "-Warning"))
    assert not [tag for tag in tags if tag.endswith("Warning")]
    assert tags["MPF0:NumberOfImages"] == 2 and any(tag.startswith("XMP-hdrgm:") for tag in tags)
    (directory,) = (value for tag, value in tags.items() if tag.endswith("Directory"))  # versions name it differently
    items = [item["Item"] for item in directory]
    assert [item["Semantic"] for item in items] == ["Primary", "GainMap"]
    assert items[1]["Length"] == gain.end - gain.start


@needs_exiftool
def test_exiftool_finds_the_film_where_only_metadata_change(tmp_path: Path) -> None:
    path = make(tmp_path, accompanied.micro_video(comment=b"x"), "strip gps")
    assert exiftool(path, "-b", "-EmbeddedVideoFile") in (b"", accompanied.film())
    assert path.read_bytes().endswith(accompanied.film())


def scene() -> numpy.ndarray:
    """Linear light, with a rectangle that is four times as bright as paper."""
    down, across = numpy.mgrid[0:384, 0:512]
    light = numpy.ones((384, 512, 4), numpy.float16)
    light[..., 0] = 0.05 + 0.9 * across / 512
    light[..., 1] = light[..., 0] * (0.3 + 0.6 * down / 384)
    light[..., 2] = 0.2
    light[100:200, 300:450, :3] *= 4
    return light


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "strip all"])
def test_libultrahdr_reads_the_same_light(tmp_path: Path, name: str) -> None:
    imagecodecs = pytest.importorskip("imagecodecs", reason="imagecodecs, which has libultrahdr, is not installed")
    source = imagecodecs.ultrahdr_encode(scene())
    light = imagecodecs.ultrahdr_decode(source)[..., :3]
    result = imagecodecs.ultrahdr_decode(make(tmp_path, source, name).read_bytes())[..., :3].astype(float)
    expected = numpy.stack([numpy.asarray(seen(light[..., band], name)) for band in range(3)], -1)
    assert result.shape == expected.shape
    assert float(numpy.abs(result - expected).mean()) < 0.02  # of light up to 3.5; without a gain map it is 0.2


def seen(band: numpy.ndarray, name: str) -> Image.Image:
    """One band of the light as the recipe shows it."""
    image = Image.fromarray(band.astype(numpy.float32), "F")
    if name == "resize":
        return image.resize((256, 192), Image.Resampling.BOX)
    if name == "crop":
        return image.crop((280, 80, 480, 240))
    if name == "turn":
        return image.transpose(Image.Transpose.ROTATE_270)
    if name == "cover":
        return image.resize((150, 150), Image.Resampling.BOX, (64, 0, 448, 384)).transpose(
            Image.Transpose.FLIP_LEFT_RIGHT
        )
    return image
