"""What does a command keep of its outcomes? Nothing, where no report reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imgbatch.__main__ import main
from imgbatch.core.job import Outcome
from imgbatch.core.records.outcomes import Outcomes

PHOTOS = str(Path(__file__).parents[3] / "sample_images")


@pytest.mark.parametrize(
    "words", [["run", PHOTOS, "-o", "out", "--resize", "8"], ["check", PHOTOS]], ids=lambda words: words[0]
)
def test_outcomes_are_kept_for_reports_only(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values: list[Outcome] = []
    append = Outcomes.append

    def note(self: Outcomes, value: Outcome) -> None:
        values.append(value)
        append(self, value)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Outcomes, "append", note)
    main([*words, "-Q", "-j0", "--report", "r.prom"])
    assert not values
    main([*words, "-Q", "-j0", "--report", "r.json"])
    *records, _ = json.loads(Path("r.json").read_text())
    assert sorted(record["source"] for record in records) == sorted(value.source.relative for value in values)
    assert records


@pytest.mark.parametrize(
    "words", [["--report", "r.json", "--srcset", "r.json"], ["--failed-list", "x/../r.html", "--report", "r.html"]]
)
def test_two_reports_in_one_file_are_refused(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", PHOTOS, "-o", "out", *words]) == 2
    assert "expected a file name of its own for each report, got 'r." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
