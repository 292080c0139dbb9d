"""What does the forkserver load before it forks workers?"""

from __future__ import annotations

import signal
import sys
from multiprocessing import forkserver, resource_tracker

import pytest

from imgbatch.executors.processes import start_method
from imgbatch.executors.processes.start_method import NUMBERS, PRELOAD


@pytest.mark.parametrize(
    ("wanted", "is_loaded", "modules"),
    [(False, False, [PRELOAD]), (False, True, [PRELOAD, NUMBERS]), (True, False, [PRELOAD, NUMBERS])],
)
def test_numpy_is_loaded_once_where_the_recipe_or_the_caller_has_it(
    wanted: bool, is_loaded: bool, modules: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forkserver._forkserver, "_preload_modules", ["__main__"])
    if is_loaded:
        monkeypatch.setitem(sys.modules, NUMBERS, sys)
    else:
        monkeypatch.delitem(sys.modules, NUMBERS, raising=False)
    start_method._set_preload(wanted)
    assert vars(forkserver._forkserver)["_preload_modules"] == modules


def test_what_a_program_has_chosen_to_load_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver._forkserver, "_preload_modules", ["colorsys"])
    start_method._set_preload(True)
    assert vars(forkserver._forkserver)["_preload_modules"] == ["colorsys"]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be blocked here")
def test_helpers_start_one_after_the_other_and_hear_no_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[tuple[str, bool]] = []

    def start(name: str) -> None:
        is_blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        starts.append((name, is_blocked))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # as the tracker's start does

    monkeypatch.setattr(resource_tracker, "ensure_running", lambda: start("tracker"))
    monkeypatch.setattr(start_method, "ensure_running", lambda: start("forkserver"))
    start_method._start_helpers()
    assert starts == [("tracker", True), ("forkserver", True)]
