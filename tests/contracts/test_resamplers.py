"""What does every engine promise that resizes? Exact weights but for rounding, and the same bits wherever it works."""

from __future__ import annotations

import concurrent.futures
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.Image import Resampling

import imgbatch as ib
from imgbatch.operations.support.resampling import resampler
from imgbatch.operations.support.resampling.separable import reduce_image
from imgbatch.runs.batch import Batch
from tests.cli.conftest import ROOT, Run, cold_run, place, run, tree, warm_command
from tests.resamplers import KERNELS, Part, each_engine, errors, exact, needs_cykooz, photograph

__all__ = ["cold_run", "place", "run", "warm_command"]  # fixtures
SAMPLES = Path(__file__).parents[2] / "sample_images"
HALF = ib.Recipe([ib.Resize("50%")], [ib.Output(format="png")])
WAYS: list[tuple[tuple[int, int], Part]] = [
    ((288, 216), (0, 0, 360, 270)),
    ((90, 68), (0, 0, 360, 270)),
    ((300, 256), (10.25, 5.5, 351.75, 268.125)),
    ((430, 300), (0, 0, 360, 270)),
]


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMGBATCH_RESAMPLER", raising=False)


@each_engine
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_exact_weights_but_for_rounding(engine: str, mode: str, kernel: Resampling) -> None:
    image = photograph((360, 270), mode)
    soft = image.point(lambda level: 64 + level // 2)  # so that no kernel overshoots black or white
    for size, part in WAYS:
        with resampler.use(engine):
            most, mean = errors(reduce_image(soft, size, kernel, part), exact(soft, size, kernel, part))
            assert most <= 1.2 and mean <= 0.42
            _, mean = errors(reduce_image(image, size, kernel, part), exact(image, size, kernel, part))
            assert mean <= 0.9


@needs_cykooz
@pytest.mark.parametrize("gap", [1.0, 2.0, 3.0])
def test_simd_code_looks_at_every_pixel_and_averages_no_blocks(gap: float) -> None:
    image = photograph((720, 540)).point(lambda level: 64 + level // 2)
    part = (0.0, 0.0, 720.0, 540.0)
    with resampler.use("cykooz"):
        result = reduce_image(image, (96, 72), Resampling.LANCZOS, part, gap)
    most, mean = errors(result, exact(image, (96, 72), Resampling.LANCZOS, part))
    assert most <= 1.2 and mean <= 0.42


def make_all(folder: Path, engine: Any, workers: int, **settings: Any) -> dict[str, bytes]:
    soft = [ib.Resize("400"), ib.Blur(1.5), ib.Unsharp(1)]  # on planes where the source is a JPEG
    recipe = ib.Recipe(outputs=[
        ib.Output(ops=[ib.Resize("150x150", fit="cover"), ib.Sharpen()]),
        ib.Output(ops=soft, dir="soft", format="jpeg", frames="first"),
        ib.Output(ops=[ib.Resize("64")], dir="small", format="webp"),
    ])  # fmt: skip
    filters = ib.Filters(exclude=("broken/**",))
    report = ib.run(SAMPLES, folder, recipe, filters=filters, workers=workers, resampler=engine, **settings)
    assert not report.failed and report.summary()["resampler"] == engine
    return tree(folder)


@each_engine
def test_the_same_bits_for_any_number_of_workers(engine: str, tmp_path: Path) -> None:
    inline = make_all(tmp_path / "0", engine, 0)
    assert len(inline) > 40
    for workers in (1, 2, 8):
        assert make_all(tmp_path / str(workers), engine, workers) == inline


@each_engine
@pytest.mark.parametrize("kind", [concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor])
def test_the_same_bits_in_an_executor_of_the_callers(engine: Any, kind: Any, tmp_path: Path) -> None:
    sources = [SAMPLES / "travel" / "2023" / "desert", SAMPLES / "color"]
    inline = ib.run(sources, tmp_path / "inline", HALF, workers=0, resampler=engine)
    with kind(2) as pool:
        report = ib.run(sources, tmp_path / "pool", HALF, executor=pool, resampler=engine)
    assert inline.resampler == report.resampler == engine
    assert tree(tmp_path / "pool") == tree(tmp_path / "inline") != {}


def statuses(report: ib.Report) -> set[str]:
    return {outcome.status for outcome in report.outcomes}


@needs_cykooz
def test_another_engine_makes_nothing_again(tmp_path: Path) -> None:
    source = SAMPLES / "travel" / "2023" / "desert" / "dunes.jpg"
    assert statuses(ib.run(source, tmp_path, HALF, workers=0, resampler="numpy")) == {"ok"}
    before = tree(tmp_path)
    for engine in ("cykooz", "auto", "numpy"):
        report = ib.run(source, tmp_path, HALF, workers=0, resampler=engine)
        assert statuses(report) == {"unchanged"}
        assert "resampler" not in report.summary()  # nothing was resized
    assert tree(tmp_path) == before
    report = ib.run(source, tmp_path, HALF, workers=0, resampler="cykooz", force=True)
    assert statuses(report) == {"ok"} and report.summary()["resampler"] == "cykooz"
    assert tree(tmp_path) != before
    assert statuses(ib.run(source, tmp_path, HALF, workers=0, resampler="numpy")) == {"unchanged"}


@needs_cykooz
@pytest.mark.parametrize("workers", [0, 1])
def test_files_from_strangers_meet_it_only_where_it_is_asked_for(workers: int, tmp_path: Path) -> None:
    photograph((90, 70)).save(tmp_path / "a.png")
    wishes: list[tuple[Any, str]] = [("auto", "numpy"), ("cykooz", "cykooz"), ("numpy", "numpy")]
    for wish, engine in wishes:
        report = ib.run(tmp_path / "a.png", tmp_path / wish, HALF, workers=workers, untrusted=True, resampler=wish)
        assert report.ok and report.resampler == engine


def test_the_summary_names_what_resizes_and_only_then(tmp_path: Path) -> None:
    photograph((90, 70)).save(tmp_path / "a.png")
    auto = "cykooz" if resampler.is_installed() else "numpy"
    for workers in (0, 1):
        report = ib.run(tmp_path / "a.png", tmp_path / f"resize-{workers}", HALF, workers=workers)
        assert report.resampler == report.summary()["resampler"] == auto
    assert json.loads(report.to_json())[-1]["resampler"] == auto
    turn = ib.Recipe([ib.Rotate(90)])
    assert "resampler" not in ib.run(tmp_path / "a.png", tmp_path / "turn", turn, workers=0).summary()
    own = [ib.Resize("50%")]
    outputs = ib.Recipe(outputs=[ib.Output(dir="whole"), ib.Output(dir="half", ops=own)])
    assert ib.run(tmp_path / "a.png", tmp_path / "outputs", outputs, workers=0).resampler == auto


@needs_cykooz
def test_every_task_that_resizes_does_as_wished(tmp_path: Path) -> None:
    image = photograph((90, 70))
    image.save(tmp_path / "a.png")
    op = ib.Resize("31x23!")
    pixels = {}
    for engine in ("numpy", "cykooz"):
        with resampler.use(engine):
            expected = np.asarray(op.apply(image))
        assert np.array_equal(np.asarray(ib.apply(image, op, resampler=engine)), expected)
        for workers in (0, 1):
            with ib.load(tmp_path / "a.png", op, workers=workers, resampler=engine) as batch:
                assert np.array_equal(batch.images[0], expected) and batch.report.resampler == engine
            mean = ib.stats(tmp_path / "a.png", op, workers=workers, resampler=engine).mean
            assert np.allclose(mean, expected.reshape(-1, 3).mean(0) / 255, atol=1e-9)
            recipe = ib.Recipe([op], [ib.Output(format="png")])
            out = tmp_path / f"out-{engine}-{workers}"
            ib.run(tmp_path / "a.png", out, recipe, workers=workers, resampler=engine)
            with Image.open(out / "a.png") as result:
                assert np.array_equal(np.asarray(result), expected)
        pixels[engine] = expected.tobytes()
    assert pixels["numpy"] != pixels["cykooz"]  # else nothing was shown


# -- the command -------------------------------------------------------------------------------------------------------


def summary(stdout: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(stdout.splitlines()[-1])
    return record


@each_engine
def test_flag_variable_and_recipe(engine: str, run: Run, place: Path) -> None:
    other = "numpy" if engine == "cykooz" else "auto"
    (place / "r.toml").write_text(f'[[op]]\nname = "resize"\nsize = "20"\n[run]\nresampler = "{engine}"\n')
    (place / "o.toml").write_text(f'[[op]]\nname = "resize"\nsize = "20"\n[run]\nresampler = "{other}"\n')
    for number, (words, variables) in enumerate([
        (["--resize", "20", "--resampler", engine], {"IMGBATCH_RESAMPLER": other}),
        (["--resize", "20"], {"IMGBATCH_RESAMPLER": engine}),
        (["-r", "r.toml"], {}),
        (["-r", "o.toml"], {"IMGBATCH_RESAMPLER": engine}),
        (["-r", "o.toml", "--resampler", engine], {}),
    ]):  # fmt: skip
        result = run("run", "photos", "-o", f"out{number}", *words, "--json", **variables)
        assert result.returncode == 0 and summary(result.stdout)["resampler"] == engine, result.stderr
    result = run("run", "photos", "-o", "out", "--resize", "20", "--resampler", engine, "--save-recipe", "saved.toml")
    assert result.returncode == 0 and f'resampler = "{engine}"' in (place / "saved.toml").read_text()
    result = run("pack", "photos", "-o", "a.npy", "--resize", "8x8!", "--resampler", engine, "--report", "r.json")
    assert result.returncode == 0 and json.loads((place / "r.json").read_text())[-1]["resampler"] == engine


def test_a_wrong_word_is_refused_before_anything_is_done(run: Run, place: Path) -> None:
    for command in (["run", "photos", "-o", "out"], ["pack", "photos", "-o", "out.npy"], ["stats", "photos"]):
        result = run(*command, "--resize", "8x8!", "--resampler", "cykoz")
        assert result.returncode == 2 and "unknown --resampler 'cykoz'; did you mean 'cykooz'?" in result.stderr
    assert run("check", "photos", "--resampler", "numpy").returncode == 2  # nothing is resized there
    assert not (place / "out").exists() and not (place / "out.npy").exists()


@pytest.mark.skipif(resampler.is_installed(), reason="cykooz-resizer is installed")
@pytest.mark.parametrize("words", [[], ["-n"], ["--explain"], ["--estimate"]])
def test_a_wish_for_what_is_missing_names_the_command_that_installs_it(words: list[str], run: Run, place: Path) -> None:
    result = run("run", "photos", "-o", "out", "--resize", "20", "--resampler", "cykooz", *words)
    assert result.returncode == 2 and result.stdout == "" and not (place / "out").exists()
    assert len(result.stderr.splitlines()) == 1 and 'pip install "imgbatch[fast]"' in result.stderr


@pytest.fixture
def broken(place: Path) -> Iterator[dict[str, str]]:
    """The surroundings of a command that finds a package which cannot be imported."""
    (place / "packages").mkdir()
    (place / "packages" / "cykooz_resizer.py").write_text("raise ImportError('libfir.so.7: no such file')")
    yield {"PYTHONPATH": f"{place / 'packages'}:{ROOT}"}


@pytest.mark.parametrize("workers", ["0", "1", "2"])
def test_a_package_that_does_not_work_is_left_alone_with_one_warning(
    workers: str, run: Run, place: Path, broken: dict[str, str]
) -> None:
    words = ("run", "photos", "--resize", "20", "-j", workers, "--json")
    result = run(*words, "-o", "out", **broken)
    assert result.returncode == 0 and summary(result.stdout)["resampler"] == "numpy"
    assert summary(result.stdout)["ok"] == 3
    text = "warning: cykooz-resizer is installed and cannot be used (ImportError: libfir.so.7: no such file)"
    assert result.stderr.count("warning: cykooz-resizer") == 1
    assert text in result.stderr and "Traceback" not in result.stderr
    assert run(*words, "-o", "numpy", "--resampler", "numpy", **broken).returncode == 0
    assert tree(place / "out") == tree(place / "numpy") != {}
    quiet = run(*words, "-Q", "-o", "quiet", **broken)
    assert quiet.returncode == 0 and quiet.stderr == ""
    for more in (["--estimate"], ["--explain"]):
        result = run(*words[:-1], "-o", "looked", *more, **broken)
        assert result.returncode == 0 and result.stderr.count("warning: cykooz-resizer") == 1
        assert any(line.startswith(text) for line in result.stderr.splitlines())
    assert run(*words, "-o", "looked", "-n", **broken).returncode == 0
    assert not (place / "looked").exists()


def test_what_resizes_nothing_does_not_ask_for_it(run: Run, place: Path, broken: dict[str, str]) -> None:
    result = run("run", "photos", "-o", "out", "--rotate", "90", "--json", **broken)
    assert result.returncode == 0 and "cykooz" not in result.stderr and "resampler" not in summary(result.stdout)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_wish_for_a_package_that_does_not_work_is_refused(
    workers: str, run: Run, place: Path, broken: dict[str, str]
) -> None:
    words = ("run", "photos", "-o", "out", "--resize", "20", "-j", workers)
    result = run(*words, "--resampler", "cykooz", **broken)
    assert result.returncode == 2 and not (place / "out").exists()
    assert len(result.stderr.splitlines()) == 1 and "libfir.so.7" in result.stderr


def test_workers_that_lack_the_engine_refuse_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photograph((90, 70)).save(tmp_path / "a.png")
    batch = Batch(tmp_path / "a.png", tmp_path / "out", HALF, ib.Settings(workers=1))
    monkeypatch.setattr("imgbatch.runs.base.choose_resampler", lambda *_: "cykooz")
    monkeypatch.setattr("imgbatch.runs.base.is_wrong_choice", lambda *_: False)
    if resampler.is_installed():
        assert [outcome.status for outcome in batch.outcomes()] == ["ok"]
    else:
        with pytest.raises(ib.EngineError, match="cykooz-resizer, which --resampler cykooz needs, is not installed"):
            list(batch.outcomes())
