"""Do the benchmarks measure what they say: SSIM, memory and processor time of a tree, what is missing, the tables?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw

import imgbatch as ib
from imgbatch.codecs import small_png
from imgbatch.codecs.reading.samples import simd_png
from imgbatch.executors.processes import worker
from imgbatch.operations.support.resampling import gaussian, resampler, separable
from imgbatch.pipeline.decisions import decode_plan, half_size_colors
from tests.benchmarks import choices, duplicates, instructions, memory, other_pictures, peers, quality
from tests.benchmarks.__main__ import measure_case
from tests.benchmarks.case import ENGINES, Case, Tools
from tests.benchmarks.data import Sets, photos
from tests.benchmarks.engines.as_array import mean
from tests.benchmarks.engines.with_numpy import figures, histogram
from tests.benchmarks.instructions import read_total
from tests.benchmarks.marks import Marks
from tests.benchmarks.measure import CommandError, Watch, run
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
    for key in ("W1", "W5", "W6", "W10", "W11", "W12"):
        found = peers.commands(case(key, few, tmp_path))
        assert list(found) == list(peers.CONTENDERS)
        assert str(found["mogrify, xargs"]) == "mogrify is not on PATH"
        assert str(found["imgbatch [fast]"]) == "there is no --fast PYTHON"
        assert isinstance(found["imgbatch"], list)
    assert list(peers.commands(case("W7", few, tmp_path))) == list(peers.LOADERS)
    assert list(peers.commands(case("W13", few, tmp_path))) == list(peers.STATISTICIANS)


@pytest.mark.parametrize("key", [workload.key for workload in WORKLOADS])
def test_the_extra_runs_the_same_in_its_own_interpreter(key: str, few: Path, tmp_path: Path) -> None:
    base = case(key, few, tmp_path)
    fast = Case(base.workload, few, base.target, tmp_path, 2, Tools(fast="/elsewhere/python"))
    plain, extra = (peers.commands(one) for one in (base, fast))
    ours, theirs = plain["imgbatch"], extra["imgbatch [fast]"]
    assert isinstance(ours, list)
    assert isinstance(theirs, list)
    assert (ours[0], theirs[0]) == (sys.executable, "/elsewhere/python")
    assert ours[1:] == theirs[1:]


@pytest.mark.parametrize("key", ["W3", "W6"])
def test_a_workload_is_measured_and_the_missing_are_named(
    key: str, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "CONTENDERS", {
        "imgbatch": peers.pillow("loop"), peers.FLOOR: peers.pillow("floor"), "mogrify": lambda case: ["false"],
    })  # fmt: skip
    table = measure_case(case(key, few, tmp_path), 2, [], 100)
    loop, floor = table.rows[:2]
    assert len(loop.seconds) == len(floor.seconds) == len(loop.processor) == 2
    assert min(loop.processor) > 0
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


@pytest.mark.skipif(not os.path.isfile("/proc/self/status"), reason="memory is read from /proc")
def test_the_most_memory_of_the_command_alone_is_measured(tmp_path: Path) -> None:
    assert [row[1] for row in memory.rows(20, tmp_path, "1")] == ["run", "no-op", "check", "stats"]
    hold = "import time; held = b'x' * 150_000_000; time.sleep(0.5)"
    both = f"import subprocess, sys; held = b'x' * 50_000_000; subprocess.run([sys.executable, '-c', {hold!r}])"
    mark = memory.HighWater()
    run([sys.executable, "-c", both], tmp_path / "none", tmp_path, dict(os.environ), mark)  # type: ignore[arg-type]
    assert 50_000_000 < mark.peak < 150_000_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="orphans are adopted on Linux")
def test_processor_time_of_children_and_orphans_counts(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    both = f"import subprocess, sys; burn = [sys.executable, '-c', {burn!r}]; subprocess.run(burn); "
    orphan = "subprocess.Popen(burn, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"
    found = run([sys.executable, "-c", both + orphan], tmp_path / "none", tmp_path, dict(os.environ))
    assert found.processor >= 0.6


def test_a_command_that_fails_says_its_last_line(tmp_path: Path) -> None:
    assert shutil.which("sh")
    with pytest.raises(CommandError, match="exit code 3: why"):
        run(["sh", "-c", "echo why >&2; exit 3"], tmp_path / "none", tmp_path, dict(os.environ))


def test_markdown_has_a_line_for_each_workload_and_the_quickest_way_of_each_peer() -> None:
    tables = [
        Table(BY_KEY["W1"], "2 files, 9 MB", [
            Row("imgbatch", [1.0, 3.0, 2.0], [4.0, 3.0, 5.0], 10**7, 0.98),
            Row("vipsthumbnail", [9.0], [9.0]), Row("vipsthumbnail, xargs", [4.0], [6.0]),
        ]),
        Table(BY_KEY["W10"], "1 file, 1 MB", [
            Row("imgbatch", [0.1], [0.2]), Row("gm", []), Row("gifsicle, xargs", [0.3], [0.4])
        ]),
    ]  # fmt: skip
    lines = markdown(tables).splitlines()
    assert lines[2:6] == [
        "|  | imgbatch | vipsthumbnail | others |",
        "| --- | ---: | ---: | ---: |",
        "| W1 photos fitted into 1600 px, JPEG (2 files) | 2.00 (4.00) | 4.00 (6.00) |  |",
        "| W10 animated GIFs of 600x450 px at 50 % (1 file) | 0.10 (0.20) |  | gifsicle 0.30 (0.40) |",
    ]
    assert "| W1 photos fitted into 1600 px, JPEG (2 files) | 0.9800 (10) |  |" in lines


def test_seconds_and_processor_seconds_have_their_ratios() -> None:
    rows = [Row("imgbatch", [1.0, 3.0, 2.0], [4.0, 3.0, 5.0]), Row("sharp", [4.0], [16.0])]
    lines = Table(BY_KEY["W1"], "2 files", rows).text().splitlines()
    assert lines[1].split() == ["seconds", "min-max", "ratio", "processor", "s", "min-max", "ratio", "memory", "SSIM"]
    assert lines[3].split() == ["sharp", "4.00", "4.00-4.00", "0.50", "16.00", "16.00-16.00", "0.25"]


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


def test_the_instructions_of_a_process_are_read_once_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instructions, "_PATIENCE", 0.0)
    ended, killed = tmp_path / "17", tmp_path / "18"
    ended.write_text("# callgrind format\nsummary: 911\n\nfn=(1)\n0 9\n\ntotals: 911534192\n")
    killed.write_text("")
    assert (read_total(ended), read_total(killed)) == (911534192, None)


def test_sets_of_other_photographs_are_made_anew(few: Path, tmp_path: Path) -> None:
    one = Sets(tmp_path, few, photos=2).folder("photos")
    other = Sets(tmp_path, SAMPLES / "travel", photos=2).folder("photos")
    assert one != other
    assert len(list(one.iterdir())) == len(list(other.iterdir())) == 2
    assert Sets(tmp_path, few, photos=2).folder("photos") == one


@pytest.mark.parametrize("name", list(choices.CHOICES))
def test_each_choice_is_one_of_the_code(name: str) -> None:
    """What is set by a name that was not there before would turn nothing."""
    changed = decode_plan, half_size_colors, worker, separable, resampler, gaussian, small_png, simd_png
    modules = [vars(module) for module in changed]
    kept = [dict(module) for module in modules]
    choices.CHOICES[name].turn()
    try:
        assert [set(module) for module in modules] == [set(held) for held in kept]
        assert modules != kept
    finally:
        for module, held in zip(modules, kept, strict=True):
            module.update(held)


@pytest.mark.parametrize("name", [choices.AS_IT_IS, "pillows-kernels"])
def test_a_command_is_carried_out_with_a_choice_turned(few: Path, tmp_path: Path, name: str) -> None:
    words = ["run", str(few), "-o", str(tmp_path / "out"), "--resize", "300", "-j", "0", "-Q"]
    command = [sys.executable, "-m", "tests.benchmarks.choices", "--turn", name, *words]
    done = subprocess.run(command, cwd=SAMPLES.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 3


def test_animations_are_the_same_each_time_and_every_frame_differs(few: Path, tmp_path: Path) -> None:
    one, other = (other_pictures.animations(few, tmp_path / name, 3) for name in ("one", "other"))
    for number in range(3):
        path = one / f"{number:03}.gif"
        assert path.read_bytes() == (other / path.name).read_bytes()
        with Image.open(path) as image:
            assert image.size == other_pictures.FRAME
            assert 20 <= getattr(image, "n_frames", 1) <= 40


def test_scans_have_sixteen_bits_that_a_writer_must_keep(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = other_pictures.scans(few, tmp_path / "scans", 1)
    assert quality.bits(folder / "000.tif") == 16
    shrink = "import sys; from PIL import Image; i = Image.open('000.tif'); i.resize((1600, 1067)).save(sys.argv[1])"
    monkeypatch.setattr(peers, "CONTENDERS", {
        "imgbatch": lambda case: ["sh", "-c", f"mkdir {case.target}; cp 000.tif {case.target}"],
        "shallow": lambda case: [
            "sh", "-c", f'mkdir {case.target}; {sys.executable} -c "{shrink}" {case.target}/000.tif'
        ],
    })  # fmt: skip
    table = measure_case(case("W11", folder, tmp_path), 1, [], 100)
    assert table.missing == ["shallow (made 8 bits of 16)"]
    assert table.rows[0].ssim == 0  # it is not smaller


def test_an_animation_that_lost_its_frames_is_found_out(few: Path, tmp_path: Path) -> None:
    folder = other_pictures.animations(few, tmp_path / "gifs", 1)
    (tmp_path / "out").mkdir()
    with Image.open(folder / "000.gif") as image:
        image.convert("RGB").resize((300, 225)).save(tmp_path / "out" / "000.gif")
    assert quality.scores(BY_KEY["W10"], folder, tmp_path / "out", {}) == [0]


@pytest.mark.parametrize("key", ["W10", "W12"])
def test_frames_and_marks_are_measured(key: str, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = other_pictures.animations(few, tmp_path / "gifs", 1) if key == "W10" else few
    monkeypatch.setattr(peers, "CONTENDERS", {"imgbatch": peers.pillow("loop"), "Pillow Pool": peers.pillow("pool")})
    table = measure_case(case(key, source, tmp_path), 1, [], 100)
    assert table.missing == []
    assert all(row.ssim is not None and row.ssim > 0.9 for row in table.rows)


def test_a_mark_that_is_missing_costs_ssim_and_a_text_does_not(few: Path, tmp_path: Path) -> None:
    load, (target, source) = BY_KEY["W12"], (tmp_path / "out", tmp_path / "in")
    source.mkdir()
    target.mkdir()
    Image.new("RGB", (800, 600), (90, 120, 150)).save(source / "a.jpg", quality=95)
    shutil.copy(source / "a.jpg", target / "a.jpg")
    (without,) = quality.scores(load, source, target, {})
    with Image.open(source / "a.jpg") as image:
        files = Marks(tmp_path / "marks")
        for path, place in ((files.image, (24, 24)), (files.faded, (800 - 24 - 240, 600 - 24 - 80))):
            with Image.open(path) as mark:
                image.paste(mark, place, mark)
    image.save(target / "a.jpg", quality=95)
    (both,) = quality.scores(load, source, target, {})
    ImageDraw.Draw(image).text((24, 530), "a long name", "white", font_size=40)
    image.save(target / "a.jpg", quality=95)
    assert without < 0.99 < both
    assert quality.scores(load, source, target, {}) == [pytest.approx(both, abs=1e-3)]


def test_figures_that_differ_are_found_out(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "import json; print(json.dumps(dict(pixels=1, mean=[0] * 3, std=[0] * 3, histogram=[[1]] * 3)))"
    monkeypatch.setattr(peers, "STATISTICIANS", {
        "imgbatch": peers.statistics_of("numpy"), "Pillow Pool": peers.statistics_of("pillow"),
        "wrong": lambda case: [sys.executable, "-c", wrong],
    })  # fmt: skip
    table = measure_case(case("W13", few, tmp_path), 1, [], 100)
    assert table.missing == ["wrong (other figures than the first contender's)"]


def test_figures_by_hand_are_those_of_imgbatch() -> None:
    folder = SAMPLES / "travel"
    paths = sorted(path for path in folder.rglob("*.jpg"))
    found = figures(sum(histogram(path, "numpy") for path in paths))
    stats = ib.stats(folder, workers=0)
    assert found["histogram"] == stats.histogram.tolist()
    assert found["mean"] == pytest.approx(stats.mean.tolist(), abs=1e-12)
    assert found["std"] == pytest.approx(stats.std.tolist(), abs=1e-12)
    assert (found["min"], found["max"]) == (stats.min.tolist(), stats.max.tolist())


@pytest.mark.parametrize("way", ["imgbatch", "pool-draft", "loop"])
def test_an_array_of_a_folder_has_the_same_mean_in_each_way(few: Path, way: str) -> None:
    words = [sys.executable, str(ENGINES / "as_array.py"), way, str(few), "64", "1"]
    environment = {**os.environ, "PYTHONPATH": str(SAMPLES.parent)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(mean("loop", few, 64, 1), abs=0.5)


def test_copies_are_counted_and_bad_pictures_found(capsys: pytest.CaptureFixture[str]) -> None:
    duplicates.recall(SAMPLES / "travel", None, duplicates.THRESHOLD)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-2:] for line in lines if "half the size" in line] == [["4", "4"]]
    assert lines[-1].split()[-2:] == ["0", "0"]  # strangers
    duplicates.quality(SAMPLES / "travel")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-4:] for line in lines if "as it is" in line] == [["0"] * 4]
    assert [line.split()[-4:] for line in lines if "one color" in line] == [["0", "0", "0", "4"]]
    duplicates.million(3_000, 8)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[3] for line in lines if "all the same" in line] == ["1"]
