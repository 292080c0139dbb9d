"""Which engine resizes: as wished, where it works; and each thread its own."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.core.errors import EngineError, HostWarning, UsageError
from imgbatch.operations.support.resampling import resampler
from tests.resamplers import photograph

BROKEN = {
    "import": "raise ImportError('libfir.so.7: no such file')",
    "panic": "class PanicException(BaseException): pass\nraise PanicException('out of range')",
    "another": "def resize(): pass",
    "exit": "raise SystemExit(3)",
    "black": """
class Names:
    def __getitem__(self, name):
        return name

class Nothing:
    def __init__(self, *values, **named):
        pass

    convolution = __init__

    def resize_pil(self, source, result, options):
        pass

FilterType, ResizeAlg, CropBox, ResizeOptions, Resizer = Names(), Nothing(), Nothing, Nothing, Nothing
""",
}
WHY = {
    "import": "ImportError: libfir.so.7: no such file",
    "panic": "PanicException: out of range",
    "another": "AttributeError: ",
    "exit": "SystemExit: 3",
    "black": "its bilinear makes another picture than Pillow's",
}


@pytest.fixture(autouse=True)
def fresh_knowledge() -> Iterator[None]:
    """What is known of the package is forgotten before and after."""
    caches = resampler.is_installed, resampler.find_problem
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampler, "PACKAGE", "no_such_package_anywhere")


@pytest.mark.usefixtures("without")
def test_without_the_package_numpy_resizes_and_nothing_is_said() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert resampler.choose("auto") == resampler.choose("numpy") == resampler.current() == "numpy"
        assert ib.apply(photograph((40, 30)), ib.Resize("20")).size == (20, 15)


@pytest.mark.usefixtures("without")
def test_a_wish_for_what_is_missing_is_refused() -> None:
    message = 'cykooz-resizer, which --resampler cykooz needs, is not installed: pip install "imgbatch\\[fast\\]"'
    for call in (
        lambda: resampler.choose("cykooz"),
        lambda: ib.apply(photograph((40, 30)), ib.Resize("20"), resampler="cykooz"),
        lambda: ib.run(["nowhere"], "out", resampler="cykooz"),
        lambda: ib.load(["nowhere"], ib.Resize("8x8!"), resampler="cykooz"),
        lambda: ib.stats(["nowhere"], ib.Resize("8x8!"), resampler="cykooz"),
    ):
        with pytest.raises(UsageError, match=message):
            call()
    with pytest.raises(EngineError, match=message):
        resampler.require_cykooz()


@pytest.mark.parametrize("kind", BROKEN)
def test_a_package_that_does_not_work_is_left_alone(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"broken_{kind}.py").write_text(BROKEN[kind])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(resampler, "PACKAGE", f"broken_{kind}")
    with pytest.warns(HostWarning, match="cykooz-resizer is installed and cannot be used .*; until then numpy resizes"):
        assert resampler.choose("auto") == "numpy"
    problem = resampler.find_problem()
    assert WHY[kind] in problem and "pip install --force-reinstall" in problem and "\n" not in problem
    with pytest.raises(UsageError, match="cannot be used .* or leave --resampler at auto"):
        resampler.choose("cykooz")
    with pytest.raises(EngineError, match="cannot be used .* or choose --resampler numpy"):
        resampler.require_cykooz()
    assert resampler.choose("numpy") == "numpy"


def test_there_is_no_other_one() -> None:
    for wish in ("cykoz", "CYKOOZ", ""):
        with pytest.raises(UsageError, match="unknown resampler"):
            resampler.choose(wish)
    for value in ("cykoz", 3, None):
        with pytest.raises(UsageError, match="resampler"):
            ib.apply(photograph((40, 30)), ib.Resize("20"), resampler=value)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="resampler"):
            ib.Settings(resampler=value)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unknown setting 'resampler'"):
        ib.check(["nowhere"], resampler="numpy")  # type: ignore[call-arg]


def test_each_thread_has_its_own() -> None:
    seen = []
    with resampler.use("cykooz"):
        thread = threading.Thread(target=lambda: seen.append(resampler._current.get()))
        thread.start()
        thread.join()
        with resampler.use("numpy"):
            seen.append(resampler.current())
        seen.append(resampler.current())
    assert seen == ["auto", "numpy", "cykooz"]
    assert resampler._current.get() == "auto"
