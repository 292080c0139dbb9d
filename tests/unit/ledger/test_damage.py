"""Does the same run go on when its ledger is damaged, and is nothing replaced of which nobody knows whose it is?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs.registry import WRITTEN
from imgbatch.ledger import damage as damage_module
from imgbatch.ledger.database import FILE
from imgbatch.ledger.history import past_runs
from imgbatch.ledger.ledger import Ledger
from imgbatch.planning.names import STATE
from imgbatch.storage.atomic_write import hash_of

HALF = ib.Recipe([ib.Resize("50%")])
_WRONG_FAILURE = "INSERT INTO failures VALUES ('text', '', 1, 1, '', '', '', '', 1, 1, '', 1)"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three photos of other times."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        Image.effect_noise((60, 40), 50 + number).convert("RGB").save(folder / name)
        os.utime(folder / name, (10**9 + number, 10**9 + number))
    return folder


def make(photos: Path, recipe: ib.Recipe = HALF, **settings: object) -> ib.Report:
    """A run into the folder beside the photos."""
    return ib.run([photos], photos.parent / "out", recipe, workers=0, **settings)  # type: ignore[arg-type]  # settings


def statuses(report: ib.Report) -> dict[str, int]:
    """How many files had which status."""
    return {status: count for status, count in report.counts.items() if count}


def _change(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / STATE / FILE) as connection:
        connection.execute(statement)
    connection.close()


def _state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.jpg")}


def _cut(folder: Path) -> None:
    file = folder / STATE / FILE
    file.write_bytes(file.read_bytes()[:5000])


def _lose(folder: Path) -> None:
    (folder / STATE / FILE).write_bytes(b"no database")


def _spoil(folder: Path) -> None:
    _change(folder, _WRONG_FAILURE)


def _drop(folder: Path) -> None:
    _change(folder, "DROP TABLE runs")


def _empty(folder: Path) -> None:
    (folder / STATE / FILE).write_bytes(b"")


def _forget_runs(folder: Path) -> None:
    _change(folder, "DELETE FROM runs")


def _scramble(folder: Path) -> None:
    """SQLite's message quotes the bytes of a table's definition, which are no text then."""
    file = folder / STATE / FILE
    content = file.read_bytes()
    assert b"NOT NULL," in content
    file.write_bytes(content.replace(b"NOT NULL,", b"NOT NULL\xac", 1))


def _mistype_format(folder: Path) -> None:
    _change(folder, "UPDATE written SET format='jpug' WHERE path=CAST('a.jpg' AS BLOB)")


def _mistype_hash(folder: Path) -> None:
    _change(folder, "UPDATE written SET hash=replace(replace(hash, '0', 'q'), '1', 'q')")


def _replace_by_view(folder: Path) -> None:
    """As a stranger would whose view never ends."""
    _change(folder, "ALTER TABLE written RENAME TO kept")
    _change(folder, "CREATE VIEW written AS SELECT * FROM kept")


def _add_trigger(folder: Path) -> None:
    _change(folder, "CREATE TRIGGER stranger AFTER INSERT ON runs BEGIN DELETE FROM written; END")


def _negate_size(folder: Path) -> None:
    _change(folder, "UPDATE written SET size=-size")


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        _lose,
        _spoil,
        _drop,
        _empty,
        _forget_runs,
        _scramble,
        _mistype_format,
        _mistype_hash,
        _negate_size,
        _add_trigger,
    ],
)
def test_the_same_run_goes_on_and_its_outputs_are_its_own_again(photos: Path, damage: Callable[[Path], None]) -> None:
    make(photos)
    before = _state(photos.parent / "out")
    damage(photos.parent / "out")
    report = make(photos)
    assert statuses(report) == {"ok": 3} and report.exit_code == 0
    (warning,) = report.warnings
    assert "was set aside as ledger.sqlite.damaged-1, and the run goes on" in warning
    assert (photos.parent / "out" / STATE / f"{FILE}.damaged-1").exists()
    assert {name: data for name, (data, _) in _state(photos.parent / "out").items()} == {
        name: data for name, (data, _) in before.items()
    }
    report = make(photos)
    assert statuses(report) == {"unchanged": 3} and report.warnings == []


@pytest.mark.parametrize("damage", [_cut, _lose])
def test_what_holds_other_bytes_is_not_replaced_and_named(photos: Path, damage: Callable[[Path], None]) -> None:
    out = photos.parent / "out"
    make(photos)
    damage(out)
    (out / "a.jpg").write_bytes(b"the user's own")
    for others in ("ok", "unchanged"):
        report = make(photos)
        assert statuses(report) == {others: 2, "failed": 1} and report.exit_code == 1
        (failed,) = report.failed
        assert failed.error is not None and failed.error.kind == "exists"
        assert "move it away, or --overwrite" in failed.error.message
        assert (out / "a.jpg").read_bytes() == b"the user's own"
    assert statuses(make(photos, skip_existing=True)) == {"skipped": 1, "unchanged": 2}
    assert statuses(make(photos, rename=True)) == {"ok": 1, "unchanged": 2}
    assert (out / "a.jpg").read_bytes() == b"the user's own" and (out / "a-1.jpg").exists()
    assert statuses(make(photos, overwrite=True))["ok"] == 1
    assert (out / "a.jpg").read_bytes() != b"the user's own"


def test_what_the_damaged_ledger_knew_by_content_may_be_replaced(photos: Path) -> None:
    make(photos)
    _spoil(photos.parent / "out")
    Image.new("RGB", (60, 40), "red").save(photos / "a.jpg")
    (photos.parent / "out/b.jpg").write_bytes((photos.parent / "out/b.jpg").read_bytes()[:-1] + b"?")
    report = make(photos)
    assert statuses(report) == {"ok": 2, "failed": 1}  # what was edited is not replaced
    assert [outcome.source.relative for outcome in report.failed] == ["b.jpg"]
    assert [run.exit_code for run, _ in ib.past_runs(photos.parent / "out")] == [0, 1]


def test_what_the_damaged_ledger_calls_up_to_date_is_made_again(photos: Path) -> None:
    make(photos)
    _change(photos.parent / "out", "UPDATE written SET source_size=source_size, digest=replace(digest, 'a', 'b')")
    _spoil(photos.parent / "out")
    assert statuses(make(photos)) == {"ok": 3}


def test_a_place_outside_is_not_salvaged(photos: Path) -> None:
    out, secret = photos.parent / "out", photos.parent / "secret.jpg"
    make(photos)
    secret.write_bytes((out / "a.jpg").read_bytes())
    _change(out, "UPDATE written SET path=x'2e2e2f7365637265742e6a7067' WHERE path=x'612e6a7067'")
    (photos / "a.jpg").unlink()
    make(photos, prune=True)
    assert secret.exists() and b"secret" not in (out / STATE / FILE).read_bytes()


@pytest.mark.parametrize("damage", [_spoil, lambda folder: _change(folder, "UPDATE runs SET counts='[' WHERE id=2")])
def test_in_place_nothing_is_made_twice_and_undo_still_works(photos: Path, damage: Callable[[Path], None]) -> None:
    originals = _state(photos)
    for recipe in (HALF, ib.Recipe([ib.Resize("10")])):
        ib.run(photos, recipe=recipe, in_place=True, workers=0)
    halves = _state(photos)
    damage(photos)
    report = ib.run(photos, recipe=HALF, in_place=True, workers=0)
    assert statuses(report) == {"unchanged": 3} and len(report.warnings) == 1 and _state(photos) == halves
    for _ in range(2):
        ib.undo(photos)
    assert _state(photos) == originals


@pytest.mark.parametrize("damage", [_replace_by_view, _add_trigger])
def test_what_a_stranger_lets_a_ledger_compute_is_never_asked(photos: Path, damage: Callable[[Path], None]) -> None:
    make(photos)
    out = photos.parent / "out"
    damage(out)
    with pytest.raises(ib.PlanError, match="it holds more than tables: it is not from here"):
        past_runs(str(out))
    before = _state(out)
    report = make(photos, overwrite=True)
    assert (
        statuses(report) == {"ok": 3}
        and "more than tables" in report.warnings[0]
        and _state(out).keys() == before.keys()
    )
    connection = sqlite3.connect(out / STATE / FILE)
    (count,) = connection.execute("SELECT count(*) FROM runs").fetchone()  # nothing is taken over from it
    connection.close()
    assert count == 1


def test_damage_that_cannot_be_set_aside_is_said_with_what_to_do(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(photos)
    _lose(photos.parent / "out")

    def refuse(*_: object) -> str:
        raise PermissionError(13, "not here")

    monkeypatch.setattr(damage_module, "set_aside", refuse)
    with pytest.raises(ib.PlanError, match=r"cannot be read .*; move it away to start anew"):
        make(photos)


def test_damage_that_is_found_only_when_the_run_begins_is_set_aside_too(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(photos)
    begin, broken = Ledger.begin, [True]

    def damage_first(ledger: Ledger, digests: list[str], command: str = "") -> None:
        if broken.pop() if broken else False:
            Path(ledger.file).write_bytes(b"no database")
        begin(ledger, digests, command)

    monkeypatch.setattr(Ledger, "begin", damage_first)
    report = make(photos)
    assert statuses(report) == {"unchanged": 3} and len(report.warnings) == 1
    assert statuses(make(photos)) == {"ok": 3}


def test_who_only_looks_sets_nothing_aside(photos: Path) -> None:
    make(photos)
    _lose(photos.parent / "out")
    with pytest.raises(ib.PlanError, match="move it away to start anew, as the next run does"):
        ib.past_runs(photos.parent / "out")
    assert os.listdir(photos.parent / "out" / STATE).count(f"{FILE}.damaged-1") == 0


def test_after_damage_in_the_middle_of_a_run_what_is_recorded_is_believed(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, times = Ledger._write, [1, 2]

    def fail_first(ledger: Ledger, pending: object) -> None:
        if times:
            times.pop()
            raise sqlite3.DatabaseError("file is not a database")
        write(ledger, pending)  # type: ignore[arg-type]  # what it was given

    monkeypatch.setattr(Ledger, "_write", fail_first)
    report = make(photos)
    assert report.exit_code == 4 and "was set aside as ledger.sqlite.damaged-1" in report.reason
    report = make(photos)
    assert statuses(report) == {"unchanged": 3} and report.warnings == []
    assert [run.id for run, _ in ib.past_runs(photos.parent / "out")] == [1, 2]


@pytest.mark.parametrize(
    ("damage", "status"),
    [
        ("ALTER TABLE runs DROP COLUMN folder; PRAGMA user_version = 4", "unchanged"),  # an older ledger
        ("DROP TABLE runs", "ok"),  # with which recipe is not known any more: done again, and undone twice
    ],
)
def test_originals_are_known_though_their_run_is_not(photos: Path, damage: str, status: str) -> None:
    """Else the next run took its number, and wrote over what is known of the originals."""
    original = {path: path.read_bytes() for path in photos.iterdir()}
    ib.run(photos, None, HALF, workers=0, in_place=True)
    for statement in (_WRONG_FAILURE, *damage.split(";")):
        _change(photos, statement)
    report = ib.run(photos, None, HALF, workers=0, in_place=True)
    assert report.warnings and statuses(report) == {status: 3}
    while any(path.read_bytes() != data for path, data in original.items()):
        assert ib.undo(photos).restored


def test_what_was_doubtful_is_no_output_of_ours_afterwards(photos: Path) -> None:
    make(photos)
    foreign = photos.parent / "out/b.jpg"
    foreign.write_bytes(b"somebody's")
    size, mtime_ns = foreign.stat().st_size, foreign.stat().st_mtime_ns
    values = f"digest='', hash='{hash_of(str(foreign))}', size={size}, mtime_ns={mtime_ns}"
    _change(photos.parent / "out", f"UPDATE written SET {values} WHERE path=X'{b'b.jpg'.hex()}'")
    _change(photos.parent / "out", _WRONG_FAILURE)
    report = make(photos)
    assert report.warnings and statuses(report) == {"ok": 2, "failed": 1}
    assert foreign.read_bytes() == b"somebody's"


@pytest.mark.parametrize("format", WRITTEN)
def test_every_format_that_is_written_is_believed(photos: Path, format: str) -> None:
    make(photos)
    _change(photos.parent / "out", f"UPDATE written SET format='{format}'")
    report = make(photos, overwrite=True)
    assert not report.warnings and report.exit_code == 0
