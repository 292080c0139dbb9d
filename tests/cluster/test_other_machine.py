"""Does a worker on another machine get all that the operations need, and is it refused when it cannot do the work?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.operations.plugins import from_file
from tests import outside
from tests.cli.conftest import tree
from tests.cluster.other_machine import OtherMachine, needs_namespaces
from tests.contracts.test_profiles import ADOBE, profile

SAMPLES = Path(__file__).parents[2] / "sample_images"
_OPERATION = """
import dataclasses
import imgbatch as ib

@ib.operation("swap_sides")
@dataclasses.dataclass(frozen=True)
class SwapSides(ib.Operation):
    def apply(self, image):
        return image.transpose(0)
"""

pytestmark = needs_namespaces


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with pictures of 40x30 in `photos`, and in `needs` what operations need."""
    for name in ("photos", "needs", "out"):
        (tmp_path / name).mkdir()
    for index in range(6):
        Image.effect_noise((40, 30), 20 * index).convert("RGB").save(tmp_path / f"photos/{index}.png")
    outside.make(tmp_path / "needs")
    (tmp_path / "needs/adobe.icc").write_bytes(profile(ADOBE))
    (tmp_path / "needs/swap.py").write_text(_OPERATION)
    return tmp_path


def large_logo(needs: Path) -> str:
    """A watermark's file of more than 1 MB."""
    noise = np.random.default_rng(1).integers(0, 256, (700, 700, 3), np.uint8)
    Image.fromarray(noise).save(needs / "large.png")
    assert (needs / "large.png").stat().st_size > 1_000_000
    return str(needs / "large.png")


#: By the folder with what it needs.
OPERATIONS: dict[str, Callable[[Path], ib.Operation]] = {
    "watermark": lambda needs: ib.Watermark(str(needs / "logo.png")),
    "lut": lambda needs: ib.Lut(str(needs / "look.cube")),
    "text": lambda needs: ib.Text("here", font=str(needs / "font.ttf")),
    "flat field": lambda needs: ib.FlatField(str(needs / "flat.png")),
    "dark frame": lambda needs: ib.DarkFrame(str(needs / "dark.png")),
    "histogram": lambda needs: ib.MatchHistogram(str(needs / "best.png")),
    "own code": lambda needs: from_file(str(needs / "swap.py"), "SwapSides")(),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_files_of_operations_travel_to_who_has_none(place: Path, name: str) -> None:
    recipe = ib.Recipe([OPERATIONS[name](place / "needs")])
    with OtherMachine(hidden=[place / "needs"]) as machine:
        report = ib.run(place / "photos", place / "out", recipe, executor=machine)
    assert report.counts["ok"] == 6, report.failed
    ib.run(place / "photos", place / "alone", recipe, workers=0)
    assert tree(place / "out") == tree(place / "alone")


def test_an_assumed_profile_travels_to_who_has_none(place: Path) -> None:
    recipe = ib.Recipe([], [ib.Output(icc="srgb", assume_icc=str(place / "needs/adobe.icc"))])
    with OtherMachine(hidden=[place / "needs"]) as machine:
        assert ib.run(place / "photos", place / "out", recipe, executor=machine).counts["ok"] == 6
    ib.run(place / "photos", place / "alone", recipe, workers=0)
    assert tree(place / "out") == tree(place / "alone")


def test_a_large_file_is_read_there_and_must_be_the_same(place: Path) -> None:
    recipe = ib.Recipe([ib.Watermark(large_logo(place / "needs"))])
    with OtherMachine() as machine:
        assert ib.run(place / "photos", place / "out", recipe, executor=machine).counts["ok"] == 6
    there = r"the worker \d+ on .* cannot do this: EngineError: watermark image: '.*large.png' "
    with (
        OtherMachine(hidden=[place / "needs"]) as machine,
        pytest.raises(ib.EngineError, match=there + r"cannot be read here \(No such file.*\); a file of more"),
    ):
        ib.run(place / "photos", place / "out", recipe, executor=machine, force=True)
    shutil.copytree(place / "needs", place / "others")
    with open(place / "others/large.png", "ab") as file:
        file.write(b"more")
    with (
        OtherMachine(instead={place / "needs": place / "others"}) as machine,
        pytest.raises(ib.EngineError, match=there + "is another file here than where the run began"),
    ):
        ib.run(place / "photos", place / "out", recipe, executor=machine, force=True)


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("out", r"the worker \d+ on .* does not see the output folder .*/out: all workers need it under the same path"),
        ("photos", r"a worker does not see .*/photos/.\.png, which is there: all workers need the folders"),
    ],
)
def test_a_worker_that_does_not_see_the_folders_is_refused_and_nothing_is_lost(
    place: Path, folder: str, said: str
) -> None:
    recipe = ib.Recipe([ib.Resize("20")])
    with OtherMachine(hidden=[place / folder]) as machine, pytest.raises(ib.EngineError, match=said):
        ib.run(place / "photos", place / "out", recipe, executor=machine)
    report = ib.run(place / "photos", place / "out", recipe, workers=0)
    assert (report.counts["ok"], report.exit_code) == (6, 0)
    assert sorted(tree(place / "out")) == [f"{index}.png" for index in range(6)]


def test_the_sample_images_are_made_there_as_here(tmp_path: Path) -> None:
    recipe = ib.Recipe([ib.Resize("64")], [ib.Output(format="webp")])
    (tmp_path / "out").mkdir()
    with OtherMachine() as machine:
        there = ib.run(SAMPLES, tmp_path / "out", recipe, executor=machine)
    here = ib.run(SAMPLES, tmp_path / "alone", recipe, workers=0)
    assert there.counts == here.counts and there.counts["ok"] > 20
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")
