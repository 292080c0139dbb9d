"""How long may a file take where nobody watches, and nobody said so?"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from imgbatch.cli.commands import run as command
from imgbatch.runs import batch


class SettingsReady(Exception):
    """The settings got there."""


@pytest.mark.parametrize(
    ("words", "timeout"),
    [([], None), (["--unattended"], 600), (["--unattended", "--timeout", "2h"], 7200), (["--unattended", "-j0"], None)],
)
def test_unattended_runs_have_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], timeout: float | None
) -> None:
    monkeypatch.setattr("imgbatch.executors.priority.lower", lambda: None)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    made: list[object] = []

    class Batch(batch.Batch):
        def prepare(self, hold: bool = True) -> None:
            made.append(self.settings.timeout)
            raise SettingsReady

    monkeypatch.setattr(batch, "Batch", Batch)
    with pytest.raises(SettingsReady):
        command.run([str(tmp_path), "-o", str(tmp_path / "out"), *words])
    assert made == [timeout]
