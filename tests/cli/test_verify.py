"""Does ``imgbatch verify`` find every output that is not what was written?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import imgbatch as ib
from tests.cli.conftest import Run, damage, tree


@pytest.mark.parametrize("workers", ["0", "2"])
def test_verify_finds_what_is_gone_cut_or_changed(run: Run, place: Path, workers: str) -> None:
    run("run", "photos", "-o", "out", "--resize", "20")
    words = ("verify", "out", "--json", "-j", workers)
    good = run(*words)
    assert good.returncode == 0 and json.loads(good.stdout.splitlines()[-1])["ok"] == 3
    assert run("verify", "out", "--deep", "-j", workers).returncode == 0
    (place / "out" / "a.jpg").unlink()
    damage(place / "out" / "trip" / "b.jpg")
    changed = place / "out" / "trip" / "c.png"
    data = bytearray(changed.read_bytes())
    data[-20] ^= 1
    changed.write_bytes(data)
    before = tree(place)
    done = run(*words, "--report", "bad.json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1 and records[-1]["failed"] == 3
    kinds = {record["source"]: record["error"]["kind"] for record in records[:-1]}
    assert kinds == {"a.jpg": "io", "trip/b.jpg": "truncated", "trip/c.png": "corrupt"}
    assert len(json.loads((place / "bad.json").read_text())) == 4
    (place / "bad.json").unlink()
    assert tree(place) == before


def test_deep_decodes_what_was_written_broken(run: Run, place: Path) -> None:
    """A copy of a damaged source has the right hash; only its pixels tell."""
    source = place / "photos" / "a.jpg"
    source.write_bytes(source.read_bytes()[:-200] + bytes(200))
    run("run", "photos", "-o", "out", "--strip", "gps")
    plain, deep = run("verify", "out"), run("verify", "out", "--deep")
    assert plain.returncode == 0
    assert deep.returncode == (1 if (place / "out" / "a.jpg").exists() else 0)


def test_without_a_ledger_it_is_refused(run: Run, place: Path) -> None:
    assert "no runs are recorded in photos" in run("verify", "photos").stderr
    assert run("verify").returncode == run("verify", "a", "b").returncode == 2
    run("run", "photos", "--in-place", "--resize", "20")
    assert "replaced in place" in run("verify", "photos").stderr


def test_the_library_verifies(place: Path) -> None:
    ib.run(place / "photos", place / "out", workers=0, state=str(place / "state"))
    assert ib.verify(place / "out", state=place / "state", workers=0).counts["ok"] == 3
    (place / "out" / "a.jpg").unlink()
    report = ib.verify(str(place / "out"), deep=True, state=place / "state", workers=0)
    assert [outcome.source.relative for outcome in report.failed] == ["a.jpg"]
    with pytest.raises(ib.PlanError):
        ib.verify(place / "out", workers=0)
    with pytest.raises(ib.UsageError, match="folder"):
        ib.verify(b"out")  # type: ignore[arg-type]
