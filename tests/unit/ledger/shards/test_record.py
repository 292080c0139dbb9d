"""Does a record tell again what became of each file, byte for byte, also after a kill?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from imgbatch.core.errors import PlanError
from imgbatch.core.job import Failure, Outcome, Source, Written
from imgbatch.ledger.shards.record import RecordWriter, final_outcomes, read_id, read_record

CONDITIONS = {"recipe": "0" * 16, "fail_on": "error"}
SUMMARY = {"remaining": 0, "seconds": 1.5}


def outcome(index: int, name: str = "", status: str = "ok") -> Outcome:
    name = name or f"{index}.jpg"
    source = Source(f"/photos/{name}", "photos", name, 10, 2**62)
    written = Written(
        0, f"/out/{name}", "jpeg", 3, 4, 5, 82, 2, 2**62, "RGB", "0" * 32, "jpeg", located=True, fields=("n",),
        placeholder="aGFzaA== #102030",
    )
    error = None if status in ("ok", "unchanged") else Failure("corrupt", "decode", f"bad {name}")
    outputs = () if error else (written,)
    return Outcome(
        index, source, status, outputs, error, ("odd",), ("a", "b\n"), {"read": 0.1 + index, "decode": 1e-7},  # type: ignore[arg-type]  # a status that a run gives
        source_hash="f" * 32, attempts=2, is_known=status == "failed",
    )  # fmt: skip


def write(file: Path, *outcomes: Outcome, new_id: str = "", known: tuple[int, ...] = (), end: bool = True) -> None:
    writer = RecordWriter(str(file), "/out", new_id)
    writer.begin(len(file.read_bytes()), CONDITIONS)
    for one in outcomes:
        writer.add(one, is_found=one.index in known)
    if end:
        writer.end(9, SUMMARY, None)
    writer.close()


def read(file: Path, folder: str = "/out") -> list[Outcome]:
    record = read_record(str(file), folder)
    assert record is not None
    return [one for one, _ in final_outcomes(record)]


def test_an_outcome_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "record"
    outcomes = [outcome(1, "a\udcff\n ä.jpg"), outcome(0, status="failed")]
    write(file, *outcomes, new_id="3/8 1")
    assert read_id(str(file)) == "3/8 1"
    assert read(file) == outcomes
    assert read(file, "/mnt/out")[0].outputs[0].path == "/mnt/out/a\udcff\n ä.jpg"  # on another machine
    record = read_record(str(file), "/out")
    assert record is not None and record.runs[0].summary == SUMMARY and record.runs[0].conditions == CONDITIONS


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_line_that_a_kill_has_cut_does_not_count_and_the_next_run_goes_on(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "record"
    write(file, outcome(0), outcome(1), new_id="id", end=False)
    file.write_bytes(file.read_bytes()[:-cut])
    record = read_record(str(file), "/out")
    assert record is not None and record.runs[0].summary is None and read(file) == [outcome(0)]
    write(file, outcome(0, status="unchanged"), outcome(1))
    assert read(file) == [outcome(0), outcome(1)]


def test_what_a_later_run_only_found_is_told_as_it_was_made(tmp_path: Path) -> None:
    file = tmp_path / "record"
    write(file, outcome(0), outcome(1, status="failed"), outcome(2, status="unchanged"), new_id="id", end=False)
    again = replace(outcome(1, status="failed"), error=Failure("corrupt", "decode", "not tried again"))
    later = [replace(outcome(0, status="unchanged"), index=5), again, outcome(2, status="unchanged")]
    write(file, *later, known=(1,))
    assert read(file) == [replace(outcome(0), index=5), outcome(1, status="failed"), outcome(2, status="unchanged")]
    write(file, replace(outcome(0), warnings=("made again",)))
    assert read(file) == [replace(outcome(0), warnings=("made again",))]


def test_a_new_record_replaces_the_one_that_was_merged(tmp_path: Path) -> None:
    file = tmp_path / "record"
    write(file, outcome(0), new_id="1")
    write(file, outcome(1), new_id="2")
    assert read_id(str(file)) == "2" and read(file) == [outcome(1)]


def test_no_record_and_none_of_ours(tmp_path: Path) -> None:
    assert read_record(str(tmp_path / "none"), "/out") is None and read_id(str(tmp_path / "none")) == ""
    for content in (b"", b"x\n", b"[1]\n", b'{"record":1}\n'):
        (tmp_path / "record").write_bytes(content)
        assert read_id(str(tmp_path / "record")) == ""
    (tmp_path / "record").write_bytes(b'["end",1,{},null]\n')
    with pytest.raises(PlanError, match="cannot be read .*; remove it, and run that shard again with --force"):
        read_record(str(tmp_path / "record"), "/out")


def test_a_link_in_its_place_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "record").symlink_to(tmp_path / "target")
    with pytest.raises(OSError):
        RecordWriter(str(tmp_path / "record"), "/out", "id")
    assert (tmp_path / "target").read_bytes() == b"precious"
