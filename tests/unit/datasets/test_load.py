"""Do images become the rows of one array: the right pixels in the right order, and nothing left behind?"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy
import pytest
from PIL import Image, ImageCms

import imgbatch as ib
from imgbatch.core.errors import EngineError, PlanError, UsageError
from imgbatch.core.job import Job, Outcome
from imgbatch.datasets.fixed_size import fixed_size
from imgbatch.datasets.load import LoadRun
from imgbatch.memory import shared_memory
from imgbatch.memory.shared_arrays import FileArray, SharedArray
from imgbatch.operations import Operation
from imgbatch.pipeline.fill_array_row import in_mode
from tests.segments import segment_exists

ROOT = Path(__file__).parents[3]
COVER = ib.Resize("48x32", fit="cover")
WORKERS = [0, 2]


def noise(size: tuple[int, int], seed: int, mode: str = "RGB") -> Image.Image:
    """A picture in which every misplaced pixel shows."""
    random = numpy.random.default_rng(seed)
    bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    return Image.fromarray(random.integers(0, 256, (size[1], size[0], bands), numpy.uint8).squeeze(), mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine lossless pictures of several sizes and modes; the fifth is damaged."""
    made = tmp_path / "pictures"
    made.mkdir()
    modes = ["RGB", "L", "RGBA", "RGB", "RGB", "LA", "RGB", "L", "RGBA"]
    for number, mode in enumerate(modes):
        noise((90 + 11 * number, 70 + 7 * number), number, mode).save(made / f"{number}.png")
    (made / "4.png").write_bytes((made / "4.png").read_bytes()[:900])
    (made / "notes.txt").write_text("no picture")
    return made


@pytest.fixture(autouse=True)
def _segments(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The segments that a test makes; none is there afterwards."""
    made: list[str] = []
    create = shared_memory.create_segment

    def noted(size: int) -> shared_memory.Segment:
        segment = create(size)
        made.append(segment.name)
        return segment

    monkeypatch.setattr("imgbatch.memory.shared_arrays.create_segment", noted)
    yield made
    gc.collect()
    assert not [name for name in made if segment_exists(name)]


def as_row(path: Path, mode: str = "RGB", op: Operation = COVER) -> numpy.ndarray[Any, Any]:
    """What a user would compute by hand."""
    with Image.open(path) as image:
        made = ib.apply(image, [op])
    if made.mode in ("RGBA", "LA") and mode != "RGBA":
        made = ib.apply(made, [ib.Flatten("white")])
    return numpy.asarray(made.convert(mode)).reshape(made.height, made.width, -1)


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("L", 1), ("RGBA", 4)])
def test_rows_are_what_apply_makes_in_the_order_of_the_sources(
    folder: Path, mode: Any, channels: int, workers: int
) -> None:
    with ib.load(folder, COVER, mode=mode, workers=workers, chunksize=2) as batch:
        assert batch.images.shape == (9, 32, 48, channels)
        assert batch.images.dtype == numpy.uint8
        assert batch.valid.dtype == bool
        assert batch.valid.tolist() == [number != 4 for number in range(9)]
        assert [Path(path).name for path in batch.paths] == [f"{number}.png" for number in range(9)]
        assert [outcome.index for outcome in batch.outcomes] == list(range(9))
        for row, source in enumerate(batch.sources):
            if row != 4:
                assert numpy.array_equal(batch.images[row], as_row(Path(source.path), mode)), row
        assert not batch.images[4].any()
        (failed,) = batch.failed
        assert failed.source.relative == "4.png"
        assert failed.error is not None
        assert failed.error.kind == "truncated"
        assert len(batch) == 9
        assert repr(batch) == "<Loaded: 9 rows, 8 valid>"


def test_jpegs_are_decoded_small_and_close(tmp_path: Path) -> None:
    pattern = Image.radial_gradient("L").resize((1600, 1200))
    Image.merge("RGB", (pattern, pattern.rotate(180), pattern)).save(tmp_path / "a.jpg", quality=95)
    with ib.load(tmp_path, COVER, workers=0) as batch:
        difference = numpy.abs(batch.images[0].astype(int) - as_row(tmp_path / "a.jpg").astype(int))
    assert difference.max() <= 6
    assert difference.mean() < 1


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_orientation_is_applied_unless_told_otherwise(tmp_path: Path, orientation: int) -> None:
    image = noise((90, 70), 1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    turns = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}
    turn = turns[orientation]
    upright = image if turn is None else image.transpose(turn)
    expected = numpy.asarray(ib.apply(upright, [COVER], resampler="numpy"))
    with ib.load(tmp_path, COVER, workers=0, resampler="numpy") as batch:  # turned after it: its passes change places
        assert numpy.allclose(batch.images[0], expected, rtol=0, atol=1)
    with ib.load(tmp_path, COVER, workers=0, auto_orient=False) as batch:
        assert numpy.array_equal(batch.images[0], numpy.asarray(ib.apply(image, [COVER])))


def test_of_an_animation_the_first_frame(tmp_path: Path) -> None:
    frames = [noise((60, 40), seed) for seed in range(3)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], duration=100)
    with ib.load(tmp_path, COVER, workers=0) as batch:
        assert numpy.array_equal(batch.images[0], numpy.asarray(ib.apply(frames[0], [COVER])))


def test_modes_are_brought_together_and_that_is_said(tmp_path: Path) -> None:
    noise((60, 40), 1, "RGBA").save(tmp_path / "a.png")
    Image.new("CMYK", (60, 40), (0, 255, 255, 0)).save(tmp_path / "b.tif")
    Image.fromarray(numpy.full((40, 60), 0x80FF, numpy.uint16)).save(tmp_path / "c.png")
    Image.new("RGBA", (60, 40), (9, 8, 7, 255)).save(tmp_path / "d.png")
    noise((60, 40), 1).quantize(16).save(tmp_path / "e.png")
    Image.new("1", (60, 40), 1).save(tmp_path / "f.png")
    with ib.load(tmp_path, COVER, workers=0) as batch:
        assert batch.valid.all()
        changes = [outcome.changes for outcome in batch.outcomes]
        assert changes == [
            ("alpha: flattened on #ffffff",), ("mode: CMYK -> sRGB",), ("depth: 16 -> 8 bits",), (), (), (),
        ]  # fmt: skip
        assert batch.images[2].min() == batch.images[2].max() == 0x80
        assert batch.images[3, 0, 0].tolist() == [9, 8, 7]
        assert batch.images[5].min() == 255


def test_ink_goes_through_its_profile() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    changes: list[str] = []
    ink = Image.new("CMYK", (4, 4), (0, 255, 255, 0))
    assert in_mode(ink, "RGB", lab.tobytes(), changes).getpixel((0, 0)) == (255, 0, 0)  # made for other pixels
    assert changes == ["mode: CMYK -> sRGB"]
    assert in_mode(Image.new("LAB", (1, 1), (255, 128, 128)), "L", None, []).getpixel((0, 0)) == 255


# -- one size ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Halve(Operation):
    """A custom operation that says nothing of sizes."""

    word: ClassVar[str] = "halve"

    def apply(self, image: Image.Image) -> Image.Image:
        return image.resize((image.width // 2, image.height // 2))


@pytest.mark.parametrize(
    ("ops", "size"),
    [
        ([ib.Resize("224x100", fit="cover")], (224, 100)),
        ([ib.Resize("224x100", fit="contain")], (224, 100)),
        ([ib.Resize("224x100!")], (224, 100)),
        ([ib.Resize("300"), ib.Crop("100x90")], (100, 90)),
        ([ib.Resize("256"), ib.Pad("256x256")], (256, 256)),
        ([ib.Resize("300", upscale=True), ib.Pad("1:1")], (300, 300)),
        ([ib.Blur(2), ib.Trim(), ib.Resize("9x7!")], (9, 7)),
        ([ib.Crop("64x32"), ib.Rotate(90)], (32, 64)),
        ([ib.Resize("64x32!"), ib.Border("3")], (70, 38)),
        ([ib.Resize("64x32!"), Halve()], (32, 16)),
    ],
)
def test_the_size_is_found_without_a_picture(ops: list[Operation], size: tuple[int, int]) -> None:
    assert fixed_size(ops) == size


@pytest.mark.parametrize(
    "ops",
    [
        [], [ib.Resize("300")], [ib.Resize("50%")], [ib.Resize("12MP")], [ib.Resize("300x200")], [ib.Blur(1)],
        [ib.Crop("16:9")], [Halve()], [ib.Resize("300"), ib.Pad("200x200")],
    ],
)  # fmt: skip
def test_operations_without_one_size_are_refused_before_the_first_file(ops: list[Operation]) -> None:
    with pytest.raises(UsageError, match="expected operations that give every image one size, such as Resize"):
        ib.load("/does/not/exist", *ops)


def test_a_picture_that_is_too_small_says_what_would_help(folder: Path) -> None:
    with ib.load(folder / "0.png", folder_op := ib.Resize("100x80", fit="cover"), workers=0) as batch:
        (failed,) = batch.failed
        assert failed.error is not None
        assert (failed.error.kind, failed.error.phase) == ("target", "ops")
        assert "90x70 px after the operations, where every image must have 100x80" in failed.error.message
        assert "upscale=true would enlarge it, fit=contain would pad it" in failed.error.message
    assert folder_op.upscale is False
    for better in (ib.Resize("100x80", fit="cover", upscale=True), ib.Resize("100x80", fit="contain")):
        with ib.load(folder / "0.png", better, workers=0) as batch:
            assert batch.valid.all()


def test_wrong_values_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="unknown mode 'RBG'; did you mean 'RGB'"):
        ib.load(folder, COVER, mode="RBG")  # type: ignore[arg-type]  # a slip
    with pytest.raises(PlanError, match="no such file"):
        ib.load(folder / "nothing", COVER)
    with pytest.raises(UsageError, match="for workers"):
        ib.load(folder, COVER, workers=-1)
    with pytest.raises(UsageError, match="for timeout"):
        ib.load(folder, COVER, timeout="soon")


def test_nothing_to_load_is_an_array_of_no_rows(tmp_path: Path) -> None:
    for workers in WORKERS:
        with ib.load(tmp_path, COVER, workers=workers) as batch:
            assert batch.images.shape == (0, 32, 48, 3)
            assert batch.outcomes == []


# -- whose memory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", WORKERS)
def test_views_outlive_the_batch(folder: Path, workers: int) -> None:
    batch = ib.load(folder, COVER, workers=workers)
    view = batch.images
    total = int(view.sum())
    assert total
    batch.close()
    batch.close()
    with pytest.raises(ValueError, match="closed"):
        _ = batch.images
    assert int(view.sum()) == total
    assert batch.valid.sum() == 8
    assert "closed" in repr(batch)


def test_without_with_the_end_of_the_object_removes_the_segment(folder: Path, _segments: list[str]) -> None:
    images = ib.load(folder, COVER, workers=1).images
    gc.collect()
    assert images[0].any()
    assert len(_segments) == 2  # the executor's table, and the rows
    assert not [name for name in _segments if segment_exists(name)]


@pytest.mark.parametrize("workers", WORKERS)
def test_out_is_filled(folder: Path, tmp_path: Path, workers: int) -> None:
    with ib.load(folder, COVER, workers=0) as batch:
        wanted = batch.images.copy()
    plain = numpy.full((9, 32, 48, 3), 7, numpy.uint8)
    strided = numpy.full((18, 32, 48, 3), 7, numpy.uint8)[::2]
    mapped = numpy.lib.format.open_memmap(tmp_path / "m.npy", "w+", numpy.uint8, (9, 32, 48, 3))
    mapped[:] = 7
    large = numpy.memmap(tmp_path / "large", numpy.uint8, "w+", 100, (20, 32, 48, 3))
    large[:] = 7
    private = numpy.memmap(tmp_path / "large", numpy.uint8, "c", 100, (9, 32, 48, 3))
    for out in (plain, strided, mapped, private, large[5:14]):
        batch = ib.load(folder, COVER, out=out, workers=workers)
        assert batch.images is out
        assert numpy.array_equal(out, wanted)
        batch.close()
        assert batch.images is out
    assert numpy.array_equal(numpy.load(tmp_path / "m.npy"), wanted)
    assert (large[:5] == 7).all()
    assert (large[14:] == 7).all()
    assert set(os.listdir(tmp_path)) == {"pictures", "m.npy", "large"}


def test_workers_write_into_a_memmap_themselves(folder: Path, tmp_path: Path, _segments: list[str]) -> None:
    mapped = numpy.lib.format.open_memmap(tmp_path / "m.npy", "w+", numpy.uint8, (9, 32, 48, 3))
    ib.load(folder, COVER, out=mapped, workers=1)
    assert mapped[8].any()
    assert len(_segments) == 1  # the executor's table, and none for rows


@pytest.mark.parametrize(
    ("out", "said"),
    [
        (numpy.zeros((9, 32, 48), numpy.uint8), r"shape \(9, 32, 48, 3\) and dtype uint8 for out, got shape \(9, 32"),
        (numpy.zeros((9, 32, 48, 3)), "dtype uint8 for out, got shape .* and dtype float64"),
        ([1], r"for out, got \[1\]"),
    ],
)
def test_out_that_does_not_fit_is_refused(folder: Path, out: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ib.load(folder, COVER, out=out)
    closed = numpy.zeros((9, 32, 48, 3), numpy.uint8)
    closed.flags.writeable = False
    with pytest.raises(UsageError, match="got a read-only one"):
        ib.load(folder, COVER, out=closed)


@pytest.mark.parametrize("workers", WORKERS)
def test_spill_is_a_file_until_close(folder: Path, tmp_path: Path, workers: int, _segments: list[str]) -> None:
    with ib.load(folder, COVER, spill=tmp_path / "spill", workers=workers) as batch:
        (file,) = (tmp_path / "spill").iterdir()
        assert file.stat().st_size == batch.images.nbytes
        for row in (0, 8):
            assert numpy.array_equal(batch.images[row], as_row(Path(batch.paths[row])))
        view = batch.images
    assert os.listdir(tmp_path / "spill") == []
    assert view[0].any()
    assert len(_segments) == (1 if workers else 0)


def test_shared_memory_that_is_too_small_is_found_before_the_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs

    def small(path: Any) -> os.statvfs_result:
        found = real(path)
        left = 64_000 // found.f_frsize + 1 if path == shared_memory.SHM else found.f_bavail
        return os.statvfs_result((*found[:4], left, *found[5:]))

    monkeypatch.setattr(os, "statvfs", small)
    loading = LoadRun([folder], [ib.Resize("640x480!")])
    loading.prepare()
    monkeypatch.setattr("imgbatch.executors.make", lambda *_: pytest.fail("work began"))
    with pytest.raises(EngineError, match=r"8\.3 MB of shared memory are needed, /dev/shm has 0\.1 MB left; .*--spill"):
        list(loading.outcomes())
    monkeypatch.undo()
    monkeypatch.setattr(os, "statvfs", small)
    with ib.load(folder, ib.Resize("64x48!", upscale=True), spill=tmp_path / "spill", workers=1) as batch:
        assert batch.valid.sum() == 8


def test_a_full_disk_is_an_error_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, offset: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left on device.*array"):
        FileArray.create(str(tmp_path / "array"), (10, 10), numpy.uint8)
    assert os.listdir(tmp_path) == []
    with pytest.raises(EngineError, match="no room for"):
        SharedArray.create((10, 10), numpy.uint8)


# -- faults ------------------------------------------------------------------------------------------------------------


@ib.operation("deadly")
@dataclass(frozen=True)
class Deadly(Operation):
    """Writes part of no row, and kills its worker for pictures of one width."""

    width: int = 0

    def apply(self, image: Image.Image) -> Image.Image:
        if image.width == self.width:
            os.kill(os.getpid(), signal.SIGSEGV)
        return image


def test_a_killed_worker_costs_its_own_row_only(folder: Path) -> None:
    with ib.load(folder, COVER, workers=0) as batch:
        wanted = batch.images.copy()
    with ib.load(folder, Deadly(90 + 11 * 6), COVER, workers=2, chunksize=3) as batch:
        assert batch.valid.tolist() == [number not in (4, 6) for number in range(9)]
        assert batch.outcomes[6].status == "crashed"
        wanted[6] = 0
        assert numpy.array_equal(batch.images, wanted)


def test_what_a_dead_worker_had_begun_is_zeros(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loading = LoadRun([folder], [COVER], settings=ib.Settings(workers=0))
    loading.prepare()

    def half(self: object, job: Job, desk: object) -> Outcome:
        assert loading.rows is not None
        loading.rows.array[job.index] = 99
        return Outcome(job.index, job.source, "crashed" if job.index == 2 else "ok")

    monkeypatch.setattr("imgbatch.pipeline.fill_array_row.ArrayRowTask.__call__", half)
    list(loading.outcomes())
    images = loading.result().images
    assert not images[2].any()
    assert (images[[0, 1, 3, 4, 5, 6, 7, 8]] == 99).all()


def test_an_operation_that_cannot_travel_is_one_clear_error(folder: Path, _segments: list[str]) -> None:
    @dataclass(frozen=True)
    class Local(Operation):
        word: ClassVar[str] = "local"

        def apply(self, image: Image.Image) -> Image.Image:
            return image

    with pytest.raises(EngineError, match="cannot be sent to the workers"):
        ib.load(folder, COVER, Local(), workers=1)
    assert not [name for name in _segments if segment_exists(name)]


@pytest.mark.parametrize("how", ["close", "exit", "kill", "interrupt", "fork"])
def test_no_segment_and_no_word_of_the_tracker_at_the_end_of_a_program(folder: Path, how: str) -> None:
    endings = {
        "close": "batch.close()",
        "exit": "kept = batch.images",
        "kill": "os.kill(os.getpid(), 9)",
        "interrupt": "raise KeyboardInterrupt",
        "fork": "if os.fork():\n        os.wait()\n        assert segment_exists(path)",
    }
    program = (
        "import os, sys\nimport imgbatch as ib\nfrom tests.segments import segment_exists\n"
        "if __name__ == '__main__':\n"
        f"    batch = ib.load({str(folder)!r}, ib.Resize('48x32', fit='cover'), workers=2)\n"
        "    path = batch._rows.name\n"
        "    print(path, segment_exists(path), flush=True)\n"
        f"    {endings[how]}\n"
    )
    script = folder.parent / "program.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    path, was_there = done.stdout.split()
    assert was_there == "True" and not segment_exists(path)
    if how == "kill":
        assert (done.returncode, done.stderr) == (-9, "")
    elif how != "interrupt":
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert "resource_tracker" not in done.stderr


def test_shared_arrays_pickle_as_names() -> None:
    import pickle

    held = SharedArray.create((3, 4), numpy.uint8)
    packed = pickle.dumps(held)
    assert len(packed) < 300
    other = pickle.loads(packed)
    other.array[1, 2] = 5
    assert held.array[1, 2] == 5
    other.release()
    assert segment_exists(held.name)
    view = held.array
    held.release()
    assert view[1, 2] == 5
