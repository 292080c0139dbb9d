"""Is a path in a store that there is not refused, wherever it is typed, before anything is written?"""

from __future__ import annotations

from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.core.errors import UsageError
from tests.cli.conftest import Run

RECIPE = '[input]\npaths = ["ftp://photos"]\n[[output]]\nformat = "png"\n'


@pytest.mark.parametrize(
    "words",
    [
        ("run", "photos", "-o", "ftp://photos/web"),
        ("run", "ftp://photos", "-o", "out"),
        ("run", "photos", "ftp://photos/*.jpg", "-o", "out"),
        ("run", "ftp://photos", "--in-place"),
        ("run", "--recipe", "web.toml", "-o", "out"),
        ("check", "sftp://example.org/a.jpg"),
        ("verify", "ftp://photos"),
        ("stats", "ftp://photos"),
        ("pack", "photos", "--resize", "8x8,fit=cover", "-o", "ftp://photos/all.npy"),
        ("history", "ftp://photos"),
    ],
    ids=" ".join,
)
def test_a_path_in_an_unknown_store_is_refused(run: Run, place: Path, words: tuple[str, ...]) -> None:
    (place / "web.toml").write_text(RECIPE)
    before = sorted(place.rglob("*"))
    done = run(*words)
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.splitlines()
    assert "expected a path in a known store (the local disk, s3://, gs://, " in line and "://" in line
    assert sorted(place.rglob("*")) == before


def test_a_folder_whose_name_has_a_scheme_is_reached_from_here(run: Run, place: Path) -> None:
    (place / "photos").rename(place / "s3:")
    done = run("run", "./s3://", "-o", "./gs://web")
    assert done.returncode == 0, done.stderr
    assert (place / "gs:" / "web").is_dir()


def test_a_path_in_an_unknown_store_is_refused_in_python(place: Path) -> None:
    for paths, output in (("photos", "ftp://web"), (["photos", "ftp://photos"], "out")):
        with pytest.raises(UsageError, match="known store"):
            ib.run(paths, output, workers=0)
    with pytest.raises(UsageError, match="known store"):
        ib.load("ftp://photos", ib.Resize("8x8", fit="cover"), workers=0)
