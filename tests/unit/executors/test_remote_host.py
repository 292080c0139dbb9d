"""Is a worker refused that has other versions, or does not see the output folder, and is the probe gone afterwards?"""

from __future__ import annotations

import concurrent.futures
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imgbatch.core.errors import EngineError
from imgbatch.core.version import VERSION, component_versions
from imgbatch.executors.futures import Futures
from imgbatch.executors.remote.host import Terms, refusal, terms_of
from imgbatch.storage.below import Root
from tests.faults.tasks import FaultyTask, job


@dataclass(frozen=True)
class _RootedTask(FaultyTask):
    """Writes below a folder."""

    root: Root | None = None


def test_the_versions_are_those_of_all_that_makes_pixels() -> None:
    versions = component_versions()
    assert list(versions)[:2] == ["imgbatch", "Pillow"] and versions["imgbatch"] == VERSION
    assert {"jpg", "webp", "avif", "freetype2", "zlib", "numpy"} <= set(versions) and "tkinter" not in versions


def test_a_worker_with_other_versions_says_which() -> None:
    versions = {**component_versions(), "Pillow": "1.1.7", "jxl": "0.1"}
    versions.pop("webp")
    reason = refusal(Terms(tuple(versions.items()), ""))
    here = component_versions()
    for words in (f"Pillow {here['Pillow']} instead of 1.1.7", "jxl missing instead of 0.1", f"webp {here['webp']}"):
        assert words in reason
    assert f"the worker {os.getpid()} on " in reason and "imgbatch" not in reason
    assert refusal(Terms(tuple(here.items()), "")) == ""


def test_the_probe_is_there_as_long_as_the_run_lasts(tmp_path: Path) -> None:
    with terms_of(_RootedTask(root=Root(str(tmp_path / "out")))) as terms:
        assert os.listdir(tmp_path / "out") == [os.path.basename(terms.probe)]
        assert refusal(terms) == ""
    assert os.listdir(tmp_path / "out") == []
    assert f"does not see the output folder {tmp_path / 'out'}: all workers need it" in refusal(terms)


class _PickledCalls(concurrent.futures.Executor):
    """Another process, as far as a call can tell."""

    parallelism = 2

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_result(pickle.loads(pickle.dumps(call))(*given, **named))
        return future


def test_a_worker_that_differs_ends_the_run_before_it_has_done_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver = {**component_versions(), "Pillow": "1.1.7"}
    answers = iter([driver])
    real = component_versions
    monkeypatch.setattr("imgbatch.executors.remote.host.component_versions", lambda: next(answers, real()))
    jobs = [job(index, "trace") for index in range(4)]
    with pytest.raises(EngineError, match=r"has Pillow .* instead of 1\.1\.7: a file must not depend on who makes it"):
        list(Futures(_PickledCalls(), 1).run(_RootedTask(str(tmp_path)), jobs))
    assert os.listdir(tmp_path) == []


def test_a_task_that_a_worker_cannot_unpack_is_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot do this: ValueError: not here"):
        list(Futures(_PickledCalls(), 1).run(_HereOnly(), [job(0)]))


class _HereOnly(FaultyTask):
    """Cannot be opened."""

    def open(self) -> None:
        raise ValueError("not here")
