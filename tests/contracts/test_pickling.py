"""Can everything public be sent to another process, copied and compared?"""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.parameters import from_words, has_required


class PathError(ib.ImageError):
    """An error of somebody else's, whose constructor takes other arguments."""

    def __init__(self, path: str, *, line: int) -> None:
        super().__init__("operation", f"{path}:{line} makes no sense")
        self.path, self.line = path, line


class DiskError(ib.ImageError, OSError):
    """Also a built-in error with a constructor of its own."""

    def __new__(cls, number: int) -> DiskError:
        return super().__new__(cls)

    def __init__(self, number: int) -> None:
        super().__init__("io", f"sector {number}")


@dataclass(frozen=True)
class Fails(ib.Operation):
    """Fails, in somebody else's words."""

    word: ClassVar[str] = "fails"

    def apply(self, image: Image.Image) -> Image.Image:
        raise PathError("a", line=3)


def _apply(size: tuple[int, int]) -> Image.Image:
    return ib.apply(Image.new("RGB", size), Fails())


ERRORS: list[ib.ImgbatchError] = [
    ib.ImgbatchError("a"), ib.UsageError("b"), ib.RecipeError("c"), ib.PlanError("d"), ib.EngineError("e"),
    ib.LockedError("f"), ib.MissingShardsError("f"), ib.ImageError("corrupt", "g"), PathError("h", line=7),
    DiskError(9),
]  # fmt: skip
SOURCE = ib.Source("/a/b.png", "a", "b.png", 10, 7)
FAILURE = ib.Failure("corrupt", "decode", "it is")
OUTPUT = ib.Written(0, "/o/b.png", "png", 3, 4, 100)
COPIERS: list[Callable[[object], object]] = [
    *(lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol)) for protocol in range(2, 6)),
    copy.copy,
    copy.deepcopy,
]


def _values(folder: Path) -> list[object]:
    """An instance of each public class that has no test of its own below."""
    Image.new("RGB", (8, 6), (1, 2, 3)).save(folder / "a.png")
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    out = folder.parent / "out"
    report = ib.run(folder, out, workers=0)
    (folder.parent / "copy.png").write_bytes((folder / "a.png").read_bytes())
    handle = ib.start(folder, out, workers=0, force=True)
    classes = [value for name in ib.__all__ if isinstance(value := getattr(ib, name), type)]
    operations = [kind for kind in classes if issubclass(kind, ib.Operation) and kind is not ib.Operation]
    return [
        *(from_words(kind, kind.example) if has_required(kind) else kind() for kind in operations),
        ib.Cost("png", 3, {"resize": 1.0}, 2.0, 3), FAILURE, SOURCE, OUTPUT,
        ib.Outcome(0, SOURCE, "failed", (OUTPUT,), FAILURE, ms={"read": 1.0}),
        report, handle.result(), ib.ExitCode.OK, ib.Filters(), ib.Settings(), ib.Output(format="webp"),
        ib.Recipe(ops=[ib.Resize("50")]), ib.stats(folder, workers=0), ib.stats([], workers=0),
        found := ib.duplicates([folder, folder.parent / "copy.png"], workers=0), ib.duplicates([], workers=0),
        *found.groups, *found.spare,
        ib.estimate(folder, folder.parent / "other", workers=0), *ib.past_runs(out), ib.undo(out, dry_run=True),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ib.__all__)
def test_every_public_name_pickles(name: str) -> None:
    value = getattr(ib, name)
    assert pickle.loads(pickle.dumps(value)) is value or name == "__version__"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("copier", COPIERS)
def test_errors_pickle_with_all_that_they_say(error: ib.ImgbatchError, copier: Callable[[object], object]) -> None:
    error.add_note("seen in a test")
    made = copier(error)
    assert type(made) is type(error) and str(made) == str(error) and vars(made) == vars(error)
    assert isinstance(made, BaseException) and made.args == error.args


def test_values_pickle_copy_and_compare(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    values = _values(folder)
    seen = {type(value) for value in values} | {ib.Operation, ib.Batch, ib.Handle, ib.Loaded, ib.ShardMerge}
    missing = [name for name in ib.__all__ if isinstance(kind := getattr(ib, name), type) and kind not in seen]
    assert all(issubclass(getattr(ib, name), BaseException) for name in missing), missing
    for value in values:
        for copier in COPIERS:
            made = copier(value)
            assert type(made) is type(value) and made == value, value
        assert value != object()


def test_an_error_of_an_operation_comes_out_of_a_pool_of_the_callers() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        with pytest.raises(PathError, match="a:3 makes no sense") as caught:
            pool.apply_async(_apply, ((3, 3),)).get()
        assert (caught.value.kind, caught.value.line) == ("operation", 3)


def test_loaded_images_travel_with_their_pixels(tmp_path: Path) -> None:
    Image.new("RGB", (8, 6), (1, 2, 3)).save(tmp_path / "a.png")
    with ib.load(tmp_path, ib.Resize("4x4!"), workers=1) as loaded:
        copies = [copier(loaded) for copier in COPIERS]
    for made in copies:
        assert isinstance(made, ib.Loaded) and made.report == loaded.report
        assert made.images.shape == (1, 4, 4, 3) and (made.images == [1, 2, 3]).all() and made.valid.all()
        made.close()


def test_a_merge_belongs_to_its_process(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a ShardMerge belongs to its process"):
        pickle.dumps(ib.ShardMerge(tmp_path))


def test_a_handle_pickles_when_its_run_has_ended_and_says_so_before(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (8, 6)).save(folder / "a.png")
    go = threading.Event()

    class Held(ib.Batch):
        def outcomes(self):  # type: ignore[no-untyped-def]
            go.wait()
            yield from super().outcomes()

    batch = Held([folder], tmp_path / "out", settings=ib.Settings(workers=0))
    batch.prepare()
    with pytest.raises(TypeError, match="belongs to its process"):
        pickle.dumps(batch)
    handle = ib.Handle(batch)
    with pytest.raises(TypeError, match="has not ended"):
        pickle.dumps(handle)
    go.set()
    report = handle.result()
    made = pickle.loads(pickle.dumps(handle))
    assert made.done() and made.result() == report and made.progress == (1, 1)
    made.cancel()
