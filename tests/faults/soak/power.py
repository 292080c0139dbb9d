"""What is on the disk when the power goes? Cuts at random moments, and after exit 0, on a file system of our own.

The folder stands on ext4 in a file that is mounted. A copy of that file, made while the run is at work, holds what had
been written by then, which is what a disk holds after a power cut; it is mounted in the place of the first, and the
same command comes again. Needs root.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.cli.conftest import COMMAND, environment
from tests.faults.soak.command import run
from tests.faults.soak.place import comparable, copy, differences, missing_originals, originals, tree
from tests.faults.soak.tally import Tally, arguments, skip

_OPS = ("--resize", "50%", "--median", "5", "-j", "2", "-Q")
CASES = {
    "output": ("run", "photos", "-o", "out", *_OPS),
    "in-place": ("run", "photos", "--in-place", *_OPS),
    "archive": ("run", "photos", "-o", "out", "--archive", "done", *_OPS),
}
LOST, REFUSED, DIFFERS, EMPTY = (
    "original lost", "refused for ever", "tree not as undisturbed", "output lost or cut after exit 0"
)  # fmt: skip
_FILES, _SIZE = 24, "40M"
_LATER = 3.0  # seconds after the end in which the file system writes what it thinks best


class Disk:
    """A small file system in a file; also the folder that it is mounted at."""

    def __init__(self, folder: Path) -> None:
        self.file, self.top = folder / "disk", folder / "mounted"
        self.top.mkdir()

    def fresh(self, photos: Path) -> None:
        """A new file system with nothing on it but the photos."""
        self.umount()
        self.file.unlink(missing_ok=True)
        _quiet("truncate", "-s", _SIZE, self.file)
        _quiet("mkfs.ext4", "-qF", self.file)
        self.mount()
        copy(photos, self.top / "photos")
        os.sync()

    def mount(self) -> None:
        """Also replays the file system's journal, as a computer that starts again does."""
        _quiet("mount", "-o", "loop", self.file, self.top)

    def umount(self) -> None:
        """Nothing happens when it is not mounted."""
        subprocess.run(["umount", "-l", self.top], stderr=subprocess.DEVNULL, check=False)

    def cut(self) -> Path:
        """A copy of what is on the disk now."""
        copy = self.file.with_name("cut")
        _quiet("cp", "--sparse=always", self.file, copy)
        return copy

    def restore(self, cut: Path) -> None:
        """The power is back."""
        self.umount()
        os.replace(cut, self.file)
        self.mount()


def impossible() -> str:
    """Why no power can be cut here; "" where it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root may mount a file system"
    if shutil.which("mkfs.ext4") is None or shutil.which("mount") is None:
        return "there is no mkfs.ext4"
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder))
        (Path(folder) / "empty").mkdir()
        try:
            disk.fresh(Path(folder) / "empty")
        except (OSError, subprocess.CalledProcessError) as error:
            return f"a loop device cannot be mounted here: {error}"
        finally:
            disk.umount()
    return ""


def _quiet(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True)


@contextlib.contextmanager
def mount(folder: Path) -> Iterator[Disk]:
    """A disk that is not mounted any more at the end."""
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.umount()


def play(name: str, rounds: int, chance: random.Random, folder: Path, tally: Tally) -> None:
    """Cut the power of one command again and again: while it runs, right after its end, or some seconds later."""
    words, kept = CASES[name], folder / "kept"
    if not kept.exists():
        originals(kept, _FILES, (160, 120))
    with mount(folder) as disk:
        disk.fresh(kept)
        began = time.monotonic()
        assert run(words, disk.top).code == 0
        seconds = time.monotonic() - began
        undisturbed = comparable(tree(disk.top))
        for number in range(rounds):
            disk.fresh(kept)
            after = (chance.random() * seconds, None, chance.random() * (seconds + _LATER))[number % 3]
            _round(disk, name, after, undisturbed, tree(kept), tally)


def _round(
    disk: Disk, name: str, after: float | None, undisturbed: dict[str, str], kept: dict[str, str], tally: Tally
) -> None:
    """One cut so many seconds after the start (None: right after exit 0), and what comes then."""
    began = time.monotonic()
    with subprocess.Popen(
        [*COMMAND, *CASES[name]], cwd=disk.top, env=environment(), stderr=subprocess.DEVNULL
    ) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        code = process.poll()
        if after is not None:
            time.sleep(max(0.0, began + after - time.monotonic()))  # what is tested is time itself
        cut = disk.cut()
        process.kill()
    disk.restore(cut)
    where = f"{name}, cut after exit {code}" if code is not None else f"{name}, cut after {after:.2f} s"
    tally.counts[f"cuts: {name}"] += 1
    tally.counts["cuts after exit 0"] += code == 0
    now = comparable(tree(disk.top))
    if code == 0 and (odd := differences(now, undisturbed)):
        tally.breach(EMPTY, where, f"{len(odd)} files: {list(odd.items())[:3]}")
    if lost := missing_originals(kept, now):
        tally.breach(LOST, where, f"{lost} after the cut")
    result = run(CASES[name], disk.top)
    if result.code != 0:
        tally.breach(REFUSED, where, f"exit {result.code}: {result.stderr}")
    now = comparable(tree(disk.top))
    if odd := differences(now, undisturbed):
        tally.breach(DIFFERS, where, f"{len(odd)} files: {list(odd.items())[:3]}")
    if lost := missing_originals(kept, now):
        tally.breach(LOST, where, f"{lost} after the rerun")


def main() -> int:
    parser = arguments(__doc__, 12)
    parser.add_argument("--case", choices=CASES, action="append", help="only this one (may be repeated)")
    words = parser.parse_args()
    if reason := impossible():
        skip(reason)
    chance = random.Random(words.seed)
    tally = Tally("power", LOST, REFUSED, DIFFERS, EMPTY)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        for number, name in enumerate(words.case or CASES):
            (place := Path(folder) / str(number)).mkdir()
            play(name, words.rounds, chance, place, tally)
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
