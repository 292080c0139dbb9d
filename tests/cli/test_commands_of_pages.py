"""Do the commands of README and of the manual do what they are there for, typed as they stand?

Each page's commands run one after another, in a folder with what they name. What cannot run here (a cluster, a bucket,
a watch without an end) is read by the real parser.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imgbatch.__main__ import main
from imgbatch.cli.commands.check import CHECK, VERIFY
from imgbatch.cli.commands.history import HISTORY, UNDO
from imgbatch.cli.commands.merge import MERGE
from imgbatch.cli.commands.pack import PACK
from imgbatch.cli.commands.run import RUN
from imgbatch.cli.commands.service.schedule import SCHEDULE
from imgbatch.cli.commands.service.watch import WATCH
from imgbatch.cli.commands.stats import STATS
from imgbatch.cli.commands.views.dupes import DUPES
from imgbatch.cli.commands.views.sheet import SHEET
from imgbatch.cli.dispatch import COMMANDS
from imgbatch.cli.flag_table import Command, run_flags
from imgbatch.cli.manual import pages
from imgbatch.cli.parse import parse
from imgbatch.operations import find_operation, plugins
from tests import outside
from tests.cli.conftest import environment
from tests.pages import PAGES, README, ROOT, blocks, commands, page, spans

PARSERS: dict[str, Command[Any]] = {
    command.name: command
    for command in (
        RUN, CHECK, VERIFY, HISTORY, UNDO, MERGE, PACK, SCHEDULE, WATCH, STATS, DUPES, SHEET,
    )
}  # fmt: skip
SAMPLES = ROOT / "sample_images"
SIZE = (1800, 1200)  # px, of the photos
#: What cannot be run in a test: it needs other machines, an address, a package, or has no end.
ELSEWHERE = re.compile(r"s3://|gs://|az://|addresses\.txt|dask|--shard auto|\{\}|^imgbatch watch|\.parquet|server:")
#: Programs that a page shows beside imgbatch; what they do is not for a test to say.
OTHERS = re.compile(r"^(python3?|pipx?|uvx?|git|npm|docker|parallel|rsync|crontab|systemctl|sudo|\.venv/|cd) ?")
#: Exit codes that are not 0, by the beginning of a command: the samples hold broken files; of four shards one ran.
CODES = {"imgbatch run sample_images -o": 1, "imgbatch merge out": 4, "imgbatch run uploads": 0}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a page's commands run: with all that they name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMGBATCH_WORKERS", "0")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    shutil.copytree(SAMPLES, tmp_path / "sample_images")
    large = photo(tmp_path / "large.jpg")
    for name in ("photos", "uploads", "inbox", "scans", "archive/2024"):
        (tmp_path / name).mkdir(parents=True)
        shutil.copy(large, tmp_path / name / f"{name.partition('/')[0]}.jpg")
    shutil.copy(large, tmp_path / "photos" / "copy.jpg")
    shutil.copy(SAMPLES / "scan/album.tiff", tmp_path / "scans" / "album.tif")
    shutil.copy(SAMPLES / "png/rgb.png", tmp_path / "archive/2024/rgb.png")
    outside.make(tmp_path, SIZE)
    write_recipes(tmp_path)
    (tmp_path / "vignette.py").write_text(blocks("own-operations", "python")[0])
    (tmp_path / "failed.txt").write_text("photos/copy.jpg\n")
    (tmp_path / "scanner.icc").write_bytes(profile())
    return tmp_path


def photo(path: Path) -> Path:
    """A photo of `SIZE` with what the camera said."""
    with Image.open(SAMPLES / "travel/2024/coast/evening.jpg") as image:
        image.resize(SIZE).save(path, exif=image.getexif())
    return path


def profile() -> bytes:
    """An ICC profile."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def write_recipes(folder: Path) -> None:
    """The recipe that the manual shows, under the names that commands use."""
    for name in ("nightly.toml", "web.toml"):
        text = blocks("recipe", "toml")[0]
        (folder / name).write_text(text if name == "nightly.toml" else text.partition("[run]")[0])


def words_of(line: str, folder: Path) -> list[str]:
    """What a shell makes of a line, globs and quotes read."""
    done = subprocess.run(
        ["sh", "-c", f"printf '%s\\0' {line}"], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.split("\0")[:-1]


def run_line(line: str, folder: Path) -> int:
    """The exit code of a line: in this process, or where it has pipes in a shell."""
    if "|" not in line and ">" not in line and ".py:" not in line:  # a process keeps the operations of files
        program, *words = words_of(line, folder)
        assert program == "imgbatch", line
        return main(words)
    script = f'imgbatch() {{ "{sys.executable}" -m imgbatch "$@"; }}\n{line}'
    return subprocess.run(["sh", "-c", script], cwd=folder, env=environment(), check=False).returncode


def check_words(words: list[str]) -> None:
    """UsageError where the real parser does not take a command."""
    command, *rest = words
    if command in PARSERS:
        parse(rest, PARSERS[command])
    elif command == "help" and rest and not rest[0].startswith("-"):
        assert rest[0].isupper() or rest[0] in (*pages.topics(), *COMMANDS) or find_operation(rest[0]), rest
    elif command == "ops" and rest and not rest[0].isupper():
        plugins.get_operation(rest[0])
    else:
        assert command.isupper() or command in (*COMMANDS, "--version", "--help"), words


@pytest.mark.parametrize("topic", [topic for topic in PAGES if commands(topic)])
def test_every_command_of_a_page_runs(topic: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for line in commands(topic):
        if OTHERS.match(line):
            continue
        if ELSEWHERE.search(line) and (".parquet" not in line or importlib.util.find_spec("pyarrow") is None):
            check_words(words_of(line.replace("{}", "0"), folder)[1:])
            continue
        wanted = next((code for start, code in CODES.items() if line.startswith(start)), 0)
        code = run_line(line, folder)
        assert code == wanted, (line, capfd.readouterr().err)


@pytest.mark.parametrize("topic", [topic for topic in PAGES if spans(topic)])
def test_every_command_in_the_prose_of_a_page_is_one(topic: str, tmp_path: Path) -> None:
    for span in spans(topic):
        check_words(words_of(span.replace("...", "").replace("[RUN]", "RUN"), tmp_path)[1:])


def flags_of(topic: str) -> set[str]:
    """The flags whose meaning stands in a block of a page."""
    found = re.findall(r"<!-- generated: flags ([^>]*) -->", page(topic))
    return {f"--{name}" for names in found for name in names.split()}


def test_every_flag_of_run_is_explained_on_a_page() -> None:
    told = set().union(*map(flags_of, pages.topics()))
    assert {flag.name for flag in run_flags([])} - told <= {"--help", "--help-all"}


def test_the_recipe_of_the_manual_makes_two_outputs(folder: Path) -> None:
    assert main(["run", "-r", "nightly.toml"]) == 0
    assert (folder / "web/photos.webp").exists() and (folder / "thumbs/photos.jpg").exists()


def test_the_program_of_the_manual_runs(folder: Path) -> None:
    for topic in ("python", README):
        for block in blocks(topic, "python"):
            (folder / "program.py").write_text(block)
            done = subprocess.run(
                [sys.executable, "program.py"], cwd=folder, env=environment(), capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, ""), done.stderr
            shutil.rmtree(folder / "web", ignore_errors=True)


def keys(record: Any) -> Any:
    """The keys of a record, also of those inside; of a list those of its first."""
    if isinstance(record, dict):
        return {key: keys(value) for key, value in record.items() if key != "ms"}
    return keys(record[0]) if isinstance(record, list) and record else None


def test_the_records_of_the_manual_are_those_of_a_run(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sources = ["sample_images/orientation/orientation-6.jpg", "sample_images/broken/truncated.jpg"]
    assert main(["run", *sources, "-o", "out", "--resize", "200", "--json"]) == 1
    lines = sorted(map(json.loads, capfd.readouterr().out.splitlines()), key=lambda line: str(line.get("status")))
    shown = sorted(map(json.loads, blocks("records", "json")[0].splitlines()), key=lambda line: str(line.get("status")))
    assert list(map(keys, shown)) == list(map(keys, lines))


def test_the_failures_of_the_manual_are_those_of_a_run(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plain: Callable[[str], str] = lambda text: re.sub(r"[\d.]+ s\)", "s)", text)  # noqa: E731 - used twice, here only
    line = next(line for line in commands("damage") if "sample_images" in line)
    shown = next(block for block in blocks("damage", "") if block.startswith("failed: "))
    assert main(words_of(line, folder)[1:]) == 1
    assert plain(capfd.readouterr().err) == plain(shown)
