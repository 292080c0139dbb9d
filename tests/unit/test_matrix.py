"""Does the matrix tell an environment in which nothing ran from one in which all went well?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.matrix import __main__ as program


@pytest.mark.parametrize(("words", "said"), [(["tests/no_such_folder"], "failed: exit code"), (["--version"], "")])
def test_no_tests_are_no_success(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "interpreters", lambda more: {})
    monkeypatch.setattr(program, "choose", lambda environment, there: sys.executable)
    monkeypatch.setattr(program, "make", lambda environment, python, folder: (Path(sys.executable), "-"))
    assert program.main(["--only", "newest of all", *words]) == bool(said)
    assert said in capsys.readouterr().out
