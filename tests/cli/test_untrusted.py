"""What do files from strangers get under --untrusted? Few readers, little time and memory, and no code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from imgbatch import Settings
from imgbatch.executors.processes.memory_budget import limit_memory
from imgbatch.pipeline.inspect import InspectTask
from imgbatch.runs.batch import Batch
from tests.cli.conftest import Run

CODE = """
open("executed", "w").close()
import dataclasses, imgbatch

@imgbatch.operation("own")
@dataclasses.dataclass(frozen=True)
class Own(imgbatch.Operation):
    def apply(self, image):
        return image
"""


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("command", [["run", "in", "-o", "out", "--resize", "50%"], ["check", "in"]])
def test_only_everyday_formats_are_read(place: Path, run: Run, command: list[str], workers: str) -> None:
    (place / "in").mkdir()
    for suffix in ("jpg", "png", "webp", "gif", "avif", "tif", "ppm", "bmp", "ico", "tga"):
        Image.new("RGB", (16, 16), (9, 99, 200)).save(place / f"in/a-{suffix}.{suffix}")
    done = run(*command, "--untrusted", "-j", workers, "--json")
    assert done.returncode == 1
    records = [json.loads(line) for line in done.stdout.splitlines()]
    failed = {record["source"].rpartition(".")[2]: record["error"] for record in records if record.get("error")}
    assert set(failed) == {"ppm", "bmp", "ico", "tga"}
    assert {error["kind"] for error in failed.values()} == {"unsupported"}
    assert "JPEG, PNG, WebP, GIF, AVIF and TIFF" in failed["ppm"]["message"]


@pytest.mark.parametrize(
    "command",
    [
        ["stats", "in"], ["pack", "in", "--crop", "8x8", "-o", "a.npy"], ["run", "in", "-o", "out", "--explain"],
        ["run", "in", "-o", "out", "--estimate"],
    ],
)  # fmt: skip
def test_no_other_command_reads_more(place: Path, run: Run, command: list[str]) -> None:
    (place / "in").mkdir()
    Image.new("RGB", (16, 16), (9, 99, 200)).save(place / "in/a.ppm")
    done = run(*command, "-j", "0", "--untrusted")
    assert "not read with --untrusted" in done.stdout + done.stderr


@pytest.mark.parametrize("looking", [[], ["-n"], ["--explain"], ["--estimate"]])
def test_no_file_is_executed(place: Path, run: Run, looking: list[str]) -> None:
    (place / "own.py").write_text(CODE)
    Image.new("RGB", (16, 16)).save(place / "a.png")
    (place / "r.toml").write_text('[[op]]\nname = "own.py:own"\n')
    (place / "o.toml").write_text('[[output]]\n[[output.op]]\nname = "own.py:own"\n')
    (place / "u.toml").write_text('[run]\nuntrusted = true\n[[op]]\nname = "own.py:own"\n')
    (place / "empty.toml").write_text("[run]\nuntrusted = true\n")
    words = ["run", "a.png", "-o", "out", *looking]
    for more in (
        ["--op", "own.py:own", "--untrusted"], ["-r", "r.toml", "--untrusted"], ["-r", "u.toml"],
        ["-r", "o.toml", "--untrusted"], ["--op", "own.py:own", "-r", "empty.toml"],
        ["-r", "empty.toml", "--op=own.py:own"],
    ):  # fmt: skip
        done = run(*words, *more)
        assert done.returncode == 2 and "code of a file" in done.stderr, (more, done.stderr)
        assert not (place / "executed").exists()
    done = run(*words, "-r", "r.toml", IMGBATCH_UNTRUSTED="1")
    assert done.returncode == 2 and "code of a file" in done.stderr and not (place / "executed").exists()


@pytest.mark.parametrize("command", [["stats", "a.png"], ["pack", "a.png", "-o", "a.npy"]])
def test_no_file_is_executed_by_other_commands(place: Path, run: Run, command: list[str]) -> None:
    (place / "own.py").write_text(CODE)
    Image.new("RGB", (16, 16)).save(place / "a.png")
    done = run(*command, "--op", "own.py:own", "--untrusted")
    assert done.returncode == 2 and "code of a file" in done.stderr and not (place / "executed").exists()


def test_a_file_that_the_user_names_is_executed_where_nothing_is_untrusted(place: Path, run: Run) -> None:
    (place / "own.py").write_text(CODE)
    Image.new("RGB", (16, 16)).save(place / "a.png")
    done = run("run", "a.png", "-o", "out", "--op", "own.py:own")
    assert done.returncode == 0 and (place / "executed").exists(), done.stderr


@pytest.mark.parametrize("how", ["flag", "environment", "recipe"])
@pytest.mark.parametrize("src", ["a.png", "gone.png"])
def test_a_recipe_s_command_is_not_run_not_even_to_tell_of_its_refusal(
    place: Path, run: Run, how: str, src: str
) -> None:
    Image.new("RGB", (16, 16)).save(place / "a.png")
    said = "untrusted = true\n" if how == "recipe" else ""
    (place / "r.toml").write_text(f'[run]\n{said}on_finish = "touch finished"\n')
    environment = {"IMGBATCH_UNTRUSTED": "1"} if how == "environment" else {}
    more = ["--untrusted"] if how == "flag" else []
    done = run("run", src, "-o", "out", "-r", "r.toml", *more, **environment)
    assert done.returncode == 2 and "on_finish is a command" in done.stderr
    done = run("run", src, "-o", "out", "-r", "r.toml", *more, "--max-time", "x", **environment)
    assert done.returncode == 2 and not (place / "finished").exists()
    done = run("run", "a.png", "-o", "out", "--untrusted", "--on-finish", "touch finished")
    assert done.returncode == 0 and (place / "finished").exists()  # what the user types is the user's


def test_a_file_gets_a_minute_unless_something_else_is_said(tmp_path: Path) -> None:
    def timeout(**settings: object) -> float | None:
        return Batch([tmp_path], tmp_path / "out", settings=Settings(untrusted=True, **settings)).settings.timeout  # type: ignore[arg-type]  # settings

    assert (timeout(workers=2), timeout(workers=2, timeout=5.0), timeout(workers=0)) == (60, 5, None)


def test_a_worker_gets_memory_for_the_largest_picture() -> None:
    task = InspectTask(1_000_000)
    assert task.for_strangers_files().most_memory == 16_000_000 + (2 << 30) and task.most_memory is None


def test_the_limit_is_one_of_address_space() -> None:
    resource = pytest.importorskip("resource")
    import multiprocessing

    def limited(pipe: object) -> None:
        limit_memory(1 << 28)
        try:
            bytearray(1 << 29)
            pipe.send("no limit")  # type: ignore[attr-defined]
        except MemoryError:
            pipe.send(resource.getrlimit(resource.RLIMIT_AS)[0] > 1 << 28)  # type: ignore[attr-defined]

    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=limited, args=(theirs,))
    process.start()
    process.join()
    assert ours.recv() is True
