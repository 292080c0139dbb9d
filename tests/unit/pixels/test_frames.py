"""Many frames are held as a few: a sequence gives back what was put in, and whoever walks it needs memory for one."""

from __future__ import annotations

import errno
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from imgbatch import codecs
from imgbatch.core.errors import ImageError
from imgbatch.operations import Autocontrast, Resize, apply_all
from imgbatch.pixels import frames
from tests.contracts.pictures import count_in_file, smooth

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I;16B", "I", "F", "RGBa")


@pytest.fixture
def nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MEMORY_LIMIT", 0)


@pytest.mark.parametrize("mode", MODES)
def test_frames_come_back_as_they_were(mode: str, nothing_in_memory: None) -> None:
    first = smooth(mode)
    first.info["transparency"] = 7
    other = first.transpose(Image.Transpose.ROTATE_180)
    sequence = frames.SpooledFrames([first, other, first])
    assert (len(sequence), count_in_file(sequence)) == (3, 2)
    assert sequence[0] is first, "the first is kept, whatever its size: most pictures have one frame"
    for back, original in zip(sequence, (first, other, first), strict=True):
        assert (back.mode, back.size, back.info) == (original.mode, original.size, original.info)
        assert back.tobytes() == original.tobytes() and back.getpalette("RGBA") == original.getpalette("RGBA")


def test_a_palette_with_shades_of_alpha_comes_back(nothing_in_memory: None) -> None:
    image = smooth("RGBA").quantize(64, method=Image.Quantize.FASTOCTREE)
    back = frames.SpooledFrames([image, image])[1]
    assert back.convert("RGBA").tobytes() == image.convert("RGBA").tobytes()


def test_a_part_of_a_sequence_is_a_sequence(nothing_in_memory: None) -> None:
    sequence = frames.SpooledFrames(Image.new("L", (2, 2), level) for level in range(5))
    part = sequence[1:3]
    assert [frame.getpixel((0, 0)) for frame in part] == [1, 2]
    assert frames.spool(part) is part and count_in_file(part) == 2
    assert sequence[-1].getpixel((1, 1)) == 4


def test_a_disk_without_room_is_said(nothing_in_memory: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(ImageError, match="No space left on device; set TMPDIR") as failure:
        frames.SpooledFrames(Image.new("L", (2, 2)) for _ in range(2))
    assert failure.value.kind == "memory"


def test_what_is_small_stays_in_memory() -> None:
    sequence = frames.SpooledFrames(Image.new("RGB", (100, 100)) for _ in range(20))
    assert count_in_file(sequence) == 0


class FrameSource:
    """Makes frames, and counts how many of them were alive at most."""

    def __init__(self, count: int, mode: str = "RGB") -> None:
        self.most, self._count, self._mode = 0, count, mode
        self._references: list[weakref.ref[Image.Image]] = []

    def frames(self) -> Iterator[Image.Image]:
        for number in range(self._count):
            frame = Image.new("RGB", (40, 30), (number * 20, 90, 40)).convert(self._mode)
            self._references.append(weakref.ref(frame))
            self.most = max(self.most, sum(reference() is not None for reference in self._references))
            yield frame
            del frame


@pytest.mark.parametrize("name", [codec.name for codec in codecs.all_codecs() if codec.multiframe])
def test_no_format_needs_all_frames_at_once(name: str, nothing_in_memory: None) -> None:
    source = FrameSource(12)
    motion = codecs.AnimationTiming([100] * 12, 0)
    file = codecs.encode(source.frames(), name, codecs.Encoding(quality=95), codecs.Metadata(), motion)
    assert file.frames == 12 and source.most <= 3


def test_an_operation_that_looks_across_does_not_need_all_frames_at_once(nothing_in_memory: None) -> None:
    source = FrameSource(12)
    assert sum(1 for _ in apply_all([Autocontrast(), Resize("20")], source.frames())) == 12
    assert source.most <= 3


def animation(path: Path, count: int) -> Path:
    """A GIF of so many frames of 10,000 pixels."""
    frames = [Image.new("P", (100, 100), level % 7) for level in range(count)]
    for frame in frames:
        frame.putpalette([channel for entry in range(7) for channel in (30 * entry, 90, 40)])
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=20)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_the_memory_of_a_run_does_not_grow_with_the_frames(tmp_path: Path) -> None:
    """4,000 frames of 10,000 pixels are 160 MB as Pillow holds them, and as much again after an operation."""
    few, many = animation(tmp_path / "few.gif", 20), animation(tmp_path / "many.gif", 4000)
    code = f"""if True:
        from pathlib import Path
        import imgbatch as ib
        from imgbatch.pixels import frames

        frames.MEMORY_LIMIT = 1_000_000

        def run(path, count):
            recipe = ib.Recipe(ops=[ib.Flip()], outputs=[ib.Output(format="png", effort=0)])
            (outcome,) = ib.run([path], path + ".out", recipe, workers=0).outcomes
            assert outcome.ok and outcome.outputs[0].frames == count, outcome
            status = Path("/proc/self/status").read_text()  # ru_maxrss would know of the parent's memory, too
            return int(status.partition("VmHWM:")[2].split()[0])

        before = run({str(few)!r}, 20)
        print(run({str(many)!r}, 4000) - before)
    """
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    growth = int(process.stdout)
    assert growth < 60_000, f"{growth} kB more"
