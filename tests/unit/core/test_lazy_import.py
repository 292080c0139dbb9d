"""Is a package there, as importlib would tell? And is what a process seldom uses loaded when it is used, and once?"""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from imgbatch.core.lazy_import import is_installed, put_off


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


CODE = """
import time
runs.append(1)
time.sleep(0.05)
import later_example as itself
knows_later_names = hasattr(itself, "where")
folder = None
def where():
    return folder
"""


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that is put off; `runs` of it counts how often its code ran."""
    (tmp_path / "later_example.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "later_example", raising=False)
    put_off("later_example", "no_such_module_example")
    monkeypatch.setitem(sys.modules, "later_example", sys.modules["later_example"])
    module = importlib.import_module("later_example")
    vars(module)["runs"] = []
    return module


def test_importing_is_no_use(later: Any) -> None:
    assert later.__name__ == "later_example"
    assert not hasattr(later, "__path__")
    assert vars(later)["runs"] == []
    assert later.where() is None
    assert later.where() is None
    assert later.runs == [1]
    assert not later.knows_later_names
    assert later.itself is later is sys.modules["later_example"]
    assert type(later) is ModuleType
    with pytest.raises(AttributeError):
        _ = later.missing


def test_what_is_set_in_it_stays(later: Any) -> None:
    later.folder = "mine"
    assert later.where() == "mine"


def test_threads_wait_for_it(later: Any) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(later.where)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [later.where] * 4
    assert later.runs == [1]


def test_a_module_that_is_loaded_stays_as_it_is() -> None:
    before = sys.modules["threading"]
    put_off("threading", "no_such_module_example")
    assert sys.modules["threading"] is before
    assert "no_such_module_example" not in sys.modules


#: What a process that has dataclasses and locks loads of what is put off: more or less, by the version of Python.
_BY_ITSELF = """
import sys
from imgbatch.core.lazy_import import put_off
put_off("inspect", "shutil", "tempfile")
import dataclasses, multiprocessing.synchronize
class Any:
    "Without a text of its own it would get one by inspect."
    field: int
dataclasses.dataclass(slots=True)(Any)
"""
_NAMES = """
print(code, *sorted(name for name in ("inspect", "ast", "shutil", "bz2") if
      type(sys.modules.get(name)) is type(sys)))
"""


def test_a_run_does_without(tmp_path: Path) -> None:
    """It does not load what the standard library imports and nobody uses."""
    photo = Path(__file__).parents[3] / "sample_images" / "travel" / "2023" / "desert" / "dunes.jpg"
    code = """
import sys
from imgbatch.__main__ import main
code = main(["run", sys.argv[1], "-o", sys.argv[2], "-Q", "--resize", "64", "-f", "jpeg", "-j", "1"], alone=True)
"""
    words = [str(photo), str(tmp_path / "out")]
    by_itself, done = (
        subprocess.run([sys.executable, "-c", text + _NAMES, *words], capture_output=True, text=True, check=True)
        for text in (_BY_ITSELF + "code = 0", code)
    )
    assert done.stdout == by_itself.stdout
