"""Is a package there? As importlib would tell, and without what importlib.util loads."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from imgbatch.core.lazy_import import is_installed


def test_a_package_is_found_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package_example.py").write_text("raise RuntimeError")
    assert not is_installed("package_example")
    monkeypatch.syspath_prepend(tmp_path)
    assert is_installed("package_example")
    assert "package_example" not in sys.modules


def test_what_is_loaded_is_there_unless_somebody_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed("pytest")
    monkeypatch.setitem(sys.modules, "pytest", None)
    assert not is_installed("pytest")


def test_a_finder_of_former_times_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [object(), *sys.meta_path])
    assert not is_installed("package_example")
