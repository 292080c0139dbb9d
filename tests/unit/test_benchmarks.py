"""Do the benchmarks measure what they say: SSIM, memory of a tree, what is missing, the tables?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from PIL import Image

from imgbatch.codecs import small_png
from imgbatch.executors.processes import worker
from imgbatch.operations.support.resampling import separable
from imgbatch.pipeline.decisions import decode_plan
from tests.benchmarks import choices, peers, quality
from tests.benchmarks.__main__ import measure_case
from tests.benchmarks.data import Sets, photos
from tests.benchmarks.measure import CommandError, Watch, run
from tests.benchmarks.peers import Case, NoPeer, Tools
from tests.benchmarks.syscalls import parse_table
from tests.benchmarks.tables import Row, Table, markdown
from tests.benchmarks.workloads import WORKLOADS

SAMPLES = Path(__file__).parents[2] / "sample_images"
BY_KEY = {workload.key: workload for workload in WORKLOADS}


@pytest.fixture
def few(tmp_path: Path) -> Path:
    return photos(tmp_path / "few", SAMPLES / "travel", 3)


def case(key: str, source: Path, tmp_path: Path) -> Case:
    return Case(BY_KEY[key], source, tmp_path / "out", tmp_path, 2, Tools())


def test_ssim_is_one_for_equals_and_falls_with_damage() -> None:
    ramp = numpy.add.outer(numpy.arange(64.0), numpy.arange(80.0)).astype(numpy.float32)
    noise = numpy.random.default_rng(1).normal(0, 1, ramp.shape).astype(numpy.float32)
    values = [quality.ssim(ramp, ramp + strength * noise) for strength in (0, 2, 10, 40)]
    assert values[0] == pytest.approx(1, abs=1e-5)
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.5


def test_ssim_of_constants_follows_the_formula() -> None:
    one, other = (numpy.full((20, 20), value, numpy.float32) for value in (100, 120))
    c1 = (0.01 * 255) ** 2
    wanted = (2 * 100 * 120 + c1) / (100**2 + 120**2 + c1)
    assert quality.ssim(one, other) == pytest.approx(wanted, abs=1e-3)


def test_ssim_of_another_size_is_nothing() -> None:
    assert quality.ssim(numpy.zeros((20, 30)), numpy.zeros((30, 20))) == 0


def test_every_contender_has_a_command_or_a_reason(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("NODE_PATH", raising=False)
    for key in ("W1", "W5", "W6"):
        found = peers.commands(case(key, few, tmp_path))
        assert list(found) == list(peers.CONTENDERS)
        assert isinstance(found["mogrify"], NoPeer)
        assert str(found["mogrify"]) == "mogrify is not on PATH"
        assert isinstance(found["imgbatch"], list)


@pytest.mark.parametrize("key", ["W3", "W6"])
def test_a_workload_is_measured_and_the_missing_are_named(
    key: str, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "CONTENDERS", {
        "imgbatch": peers.pillow("loop"), peers.FLOOR: peers.pillow("floor"), "mogrify": lambda case: ["false"],
    })  # fmt: skip
    table = measure_case(case(key, few, tmp_path), 2, [], 100)
    loop, floor = table.rows[:2]
    assert len(loop.seconds) == len(floor.seconds) == 2
    assert loop.ssim is not None
    assert loop.ssim > 0.9
    assert floor.ssim == pytest.approx(loop.ssim, abs=0.02)
    assert table.missing == ["mogrify (exit code 1: it said nothing)"]
    assert "not measured: mogrify" in table.text()


def test_whoever_lost_files_is_not_measured(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "CONTENDERS", {
        "imgbatch": peers.pillow("loop"),
        "half": lambda case: ["sh", "-c", f"mkdir {case.target}; cp 000.jpg {case.target}"],
    })  # fmt: skip
    assert measure_case(case("W1", few, tmp_path), 1, [], 100).missing == ["half (made 1 of 3 files)"]


@pytest.mark.skipif(not os.path.isfile("/proc/self/smaps_rollup"), reason="memory is read from /proc")
def test_memory_of_children_counts(tmp_path: Path) -> None:
    hold = "import time; held = b'x' * 50_000_000; time.sleep(0.5)"
    both = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    watch = Watch()
    run([sys.executable, "-c", both], tmp_path / "none", tmp_path, dict(os.environ), watch)
    assert watch.peak > 50_000_000


def test_a_command_that_fails_says_its_last_line(tmp_path: Path) -> None:
    assert shutil.which("sh")
    with pytest.raises(CommandError, match="exit code 3: why"):
        run(["sh", "-c", "echo why >&2; exit 3"], tmp_path / "none", tmp_path, dict(os.environ))


def test_markdown_has_a_row_for_everybody() -> None:
    tables = [
        Table(BY_KEY["W1"], "2 files", [Row("imgbatch", [1.0, 3.0, 2.0], 10**7, 0.98), Row("sharp", [4.0])]),
        Table(BY_KEY["W9"], "1 file", [Row("imgbatch", [0.1]), Row("gm", [])]),
    ]
    lines = markdown(tables).splitlines()
    assert lines[:4] == [
        "| seconds | W1 | W9 |",
        "| --- | ---: | ---: |",
        "| **imgbatch** | 2.00 | 0.10 |",
        "| sharp | 4.00 |  |",
    ]
    assert "| **imgbatch** | 0.9800 (10) |" in lines
    assert "0.50" in tables[0].text()


def test_pictures_of_another_orientation_are_found_out(few: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for path in few.iterdir():
        with Image.open(path) as image:
            image.rotate(90, expand=True).save(tmp_path / "out" / path.name)
    assert quality.scores(BY_KEY["W1"], few, tmp_path / "out", {}) == [0, 0, 0]


def test_the_table_of_strace_is_read_with_and_without_errors() -> None:
    text = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 50.00    0.000010           1        10         3 openat
 50.00    0.000010           1         7           read
------ ----------- ----------- --------- --------- ----------------
100.00    0.000020           1        17         3 total
"""
    assert parse_table(text) == {"openat": 10, "read": 7}


def test_sets_of_other_photographs_are_made_anew(few: Path, tmp_path: Path) -> None:
    one = Sets(tmp_path, few, photos=2).folder("photos")
    other = Sets(tmp_path, SAMPLES / "travel", photos=2).folder("photos")
    assert one != other
    assert len(list(one.iterdir())) == len(list(other.iterdir())) == 2
    assert Sets(tmp_path, few, photos=2).folder("photos") == one


@pytest.mark.parametrize("name", list(choices.CHOICES))
def test_each_choice_is_one_of_the_code(name: str) -> None:
    """What is set by a name that was not there before would turn nothing."""
    modules = [vars(module) for module in (decode_plan, worker, separable, small_png)]
    kept = [dict(module) for module in modules]
    choices.CHOICES[name].turn()
    try:
        assert [set(module) for module in modules] == [set(held) for held in kept]
        assert modules != kept
    finally:
        for module, held in zip(modules, kept, strict=True):
            module.update(held)


@pytest.mark.parametrize("name", [choices.AS_IT_IS, "rows-first"])
def test_a_command_is_carried_out_with_a_choice_turned(few: Path, tmp_path: Path, name: str) -> None:
    words = ["run", str(few), "-o", str(tmp_path / "out"), "--resize", "300", "-j", "0", "-Q"]
    command = [sys.executable, "-m", "tests.benchmarks.choices", "--turn", name, *words]
    done = subprocess.run(command, cwd=SAMPLES.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 3
