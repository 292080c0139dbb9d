"""What do people get who install imgbatch? A wheel and an sdist, built here as for a release, and tried.

Needs ``pip install build hatchling``, and twine for its check; without them the tests skip.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from email.parser import HeaderParser
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The moment that a build calls now, in seconds since 1970; any will do.
EPOCH = "1700000000"
#: Folders that come and go as one works, never part of what is passed on.
CACHES = ("__pycache__", ".venv", ".git", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "out")

needs_build = pytest.mark.skipif(
    not (find_spec("build") and find_spec("hatchling")), reason="needs pip install build hatchling"
)


def call(*words: str | Path, where: Path, variables: Mapping[str, str] | None = None, umask: int = -1) -> str:
    """Run a command in a folder; what it said, in a failure as its message."""
    surroundings = {**os.environ, **(variables or {})}
    done = subprocess.run(words, cwd=where, env=surroundings, umask=umask, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_privately(source: str, target: str) -> None:
    """Copy a file as somebody has it who lets nobody else read it, with a time of its own."""
    shutil.copy(source, target)
    os.chmod(target, os.stat(source).st_mode & 0o700)


def copy_sources(place: Path) -> Path:
    """A copy of the project, as somebody else would have it."""
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*CACHES), copy_function=copy_privately)
    return place


def checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def build(tree: Path, target: Path, variables: Mapping[str, str] | None = None, umask: int = -1) -> dict[str, str]:
    """The SHA-256 of an sdist, and of a wheel from that sdist, by their names."""
    surroundings = {"SOURCE_DATE_EPOCH": EPOCH, "PYTHONPATH": "", **(variables or {})}
    words = (sys.executable, "-m", "build", "--no-isolation", "--outdir", target)
    call(*words, where=tree, variables=surroundings, umask=umask)
    return checksums(target)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist and a wheel."""
    place = tmp_path_factory.mktemp("release")
    build(ROOT, place / "dist")
    return place / "dist"


def wheel_of(folder: Path) -> Path:
    """The only wheel in a folder."""
    (wheel,) = folder.glob("*.whl")
    return wheel


@needs_build
def test_two_builds_are_the_same_bytes(release: Path, tmp_path: Path) -> None:
    """Wherever, whenever and by whomever: another folder, other times of files, time zone, rights and hash seed."""
    others = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    again = build(copy_sources(tmp_path / "copy"), tmp_path / "dist", others, umask=0o077)
    assert len(again) == 2
    assert checksums(release) == again


@needs_build
def test_wheel_holds_the_package_and_nothing_else(release: Path) -> None:
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "imgbatch").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel_of(release)) as wheel:
        names = set(wheel.namelist())
        (metadata,) = (name for name in names if name.endswith("dist-info/METADATA"))
        fields = HeaderParser().parsestr(wheel.read(metadata).decode())
    about = {name for name in names if ".dist-info/" in name}
    assert names - about == package
    assert "imgbatch/py.typed" in package
    assert {name.partition("/")[2] for name in about} == {
        "METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"
    }  # fmt: skip
    assert fields["License-Expression"] == "MIT"
    assert fields["Requires-Python"] == ">=3.11.1"
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13, 14)} <= set(
        fields.get_all("Classifier", [])
    )


@needs_build
def test_sdist_holds_what_its_tests_need(release: Path) -> None:
    (sdist,) = release.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", ".github/CHANGELOG.md", "tests/contracts/pictures.py"} <= names
    assert ".pre-commit-hooks.yaml" in names
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "sample_images").rglob("*.*")} <= names
    assert [name for name in sorted(names) if set(CACHES) & set(name.split("/"))] == []


@needs_build
@pytest.mark.skipif(not find_spec("twine"), reason="needs pip install twine")
def test_twine_finds_nothing_to_say(release: Path) -> None:
    call(sys.executable, "-m", "twine", "--no-color", "check", "--strict", *release.iterdir(), where=release)


def link_dependencies(place: Path) -> Path:
    """A folder with what imgbatch depends on, linked from this environment, and nothing else of it."""
    place.mkdir()
    for name in ("pillow", "numpy", "tqdm"):
        package = distribution(name)
        for top in {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}:
            (place / top).symlink_to(Path(str(package.locate_file(top))))
    return place


@needs_build
def test_installed_wheel_works_in_a_fresh_environment(release: Path, tmp_path: Path) -> None:
    """As after ``pip install imgbatch``: nothing of the source tree is near."""
    call(sys.executable, "-m", "venv", tmp_path / "fresh", where=tmp_path)
    scripts = tmp_path / "fresh" / ("Scripts" if os.name == "nt" else "bin")
    install = ("-m", "pip", "install", "-q", "--no-index", "--no-deps", wheel_of(release))
    call(scripts / "python", *install, where=tmp_path)
    near = {"PYTHONPATH": str(link_dependencies(tmp_path / "dependencies"))}
    assert "usage: imgbatch COMMAND" in call(scripts / "imgbatch", "--help", where=tmp_path, variables=near)
    words = ("run", ROOT / "sample_images", "-E", "broken/**", "-o", "out", "--resize", "320", "-f", "webp", "-j", "2")
    call(scripts / "imgbatch", *words, "--report", "report.html", where=tmp_path, variables=near)
    assert len(list((tmp_path / "out").rglob("*.webp"))) > 20
    assert "<html" in (tmp_path / "report.html").read_text()
    where = call(scripts / "python", "-c", "import imgbatch; print(imgbatch.__file__)", where=tmp_path, variables=near)
    assert Path(where.strip()).is_relative_to(tmp_path / "fresh")
