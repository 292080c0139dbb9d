"""What if the output folder is renamed, removed, unmounted or swapped for a link while a run writes to it?

The run stops and says so (exit 4, or 1 where only some files are concerned); it writes nothing elsewhere, and no folder
comes back that somebody has taken away. When the folder is back, the same command leaves what an undisturbed one does.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imgbatch.ledger.database import FILE
from imgbatch.planning.names import STATE
from tests.cli.conftest import COMMAND, environment
from tests.faults.soak.command import INTERNAL, run
from tests.faults.soak.family import kill, members
from tests.faults.soak.place import Tree, comparable, copy, differences, originals, tree
from tests.faults.soak.tally import Tally, arguments

_WORDS = ("run", "photos", "-o", "out", "--resize", "50%", "--median", "5", "-j", "2", "--chunksize", "1", "-Q")
_FILES, _SECONDS, _FIRST = 40, 60, 6
UNTRUE, ELSEWHERE, ODD, HANG, REFUSED, DIFFERS = (
    "exit 0 though outputs are not there, or not recorded", "written elsewhere", "internal error or odd exit code",
    "hang", "refused for ever", "tree not as undisturbed",
)  # fmt: skip


@dataclass(frozen=True)
class Deed:
    """What somebody does to the place, and undoes later; `more` are words that the rerun then needs."""

    do: Callable[[Path], object]
    undo: Callable[[Path], object] = lambda place: None
    more: tuple[str, ...] = ()
    needs: str = "out"  # what must be there first
    mounts: bool = False  # whether the output folder is a disk of its own
    words: tuple[str, ...] = ()  # more words for the run, too


def _away(name: str) -> Callable[[Path], object]:
    return lambda place: (place / name).rename(place / "away")


def _back(name: str) -> Callable[[Path], object]:
    def back(place: Path) -> None:
        if (place / name).is_symlink():
            (place / name).unlink()
        shutil.rmtree(place / name, ignore_errors=True)
        (place / "away").rename(place / name)

    return back


def _link(name: str) -> Callable[[Path], object]:
    def link(place: Path) -> None:
        (place / name).rename(place / "away")
        (place / name).symlink_to(place / "elsewhere")

    return link


def _file_in_place(place: Path) -> None:
    (place / "out/sub").rename(place / "away")
    (place / "out/sub").write_bytes(b"")


def _folder_in_place(place: Path) -> None:
    (place / "out/sub").unlink(missing_ok=True)
    (place / "away").rename(place / "out/sub")


def _other_ledger(place: Path) -> None:
    ledger = place / "out" / STATE / FILE
    shutil.copyfile(ledger, place / "copy")
    (place / "copy").replace(ledger)


def _quiet(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True)


def _small_disk(place: Path) -> None:
    (place / "done").mkdir()
    _quiet("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place / "done")


_FOREIGN = ("--overwrite",)
DEEDS = {
    "renamed": Deed(_away("out"), _back("out")),
    "removed": Deed(lambda place: shutil.rmtree(place / "out", ignore_errors=True)),
    "unmounted": Deed(lambda place: _quiet("umount", "-l", place / "out"), mounts=True),
    "swapped for a link": Deed(_link("out"), _back("out")),
    "folder in it swapped for a link": Deed(_link("out/sub"), _back("out/sub"), needs="out/sub"),
    "folder in it swapped for a file": Deed(_file_in_place, _folder_in_place, needs="out/sub"),
    "state removed": Deed(lambda place: shutil.rmtree(place / "out" / STATE), more=_FOREIGN),
    "ledger removed": Deed(lambda place: (place / "out" / STATE / FILE).unlink(), more=_FOREIGN),
    "ledger is another": Deed(_other_ledger, more=_FOREIGN),
    "lock removed": Deed(lambda place: (place / "out" / STATE / "lock").unlink()),
    "sources renamed": Deed(_away("photos"), _back("photos")),
    "archive on a full disk": Deed(
        lambda place: None, lambda place: _quiet("mount", "-o", "remount,size=40m", place / "done"),
        words=("--archive", "done"),
    ),
}  # fmt: skip


class Stage:
    """Where all is played; the undisturbed tree is of the first run."""

    def __init__(self, folder: Path) -> None:
        self.kept, self.place = folder / "kept", folder / "place"
        originals(self.kept, _FILES, (160, 120))
        self.undisturbed: Tree = {}
        self.fresh(DEEDS["removed"])
        assert run(_WORDS, self.place).code == 0
        self.undisturbed = self.outputs()

    def fresh(self, deed: Deed) -> None:
        """Nothing has been done yet."""
        self.umount()
        shutil.rmtree(self.place, ignore_errors=True)
        copy(self.kept, self.place / "photos")
        for name in ("out", "elsewhere"):
            (self.place / name).mkdir()
        if deed.mounts:
            _quiet("mount", "-t", "tmpfs", "tmpfs", self.place / "out")
        if deed.words:
            _small_disk(self.place)

    def umount(self) -> None:
        """No disk is left mounted here."""
        for name in ("out", "done"):
            while (self.place / name).is_mount():
                _quiet("umount", "-l", self.place / name)

    def outputs(self) -> Tree:
        """The pictures in the output folder, and where links lead."""
        return comparable(tree(self.place / "out"))


def play(stage: Stage, name: str, after: int, tally: Tally) -> None:
    """One run, disturbed after so many outputs, and the same again when all is back."""
    deed = DEEDS[name]
    stage.fresh(deed)
    place, words = stage.place, (*_WORDS, *deed.words)
    with subprocess.Popen(
        [*COMMAND, *words], cwd=place, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        while process.poll() is None and len(list((place / deed.needs).rglob("*.[pj]*g"))) < after:
            time.sleep(0.002)  # nobody tells that files are there
        late = process.poll() is not None
        deed.do(place)
        try:
            said = process.communicate(timeout=_SECONDS)[1]
        except subprocess.TimeoutExpired:
            tally.breach(HANG, name, "it did not end")
            kill(list(members(process.pid)))
            said = process.communicate()[1]
    tally.counts["too late" if late else "disturbed"] += 1
    tally.counts[f"exit {process.returncode}"] += 1
    if process.returncode == INTERNAL or process.returncode not in (0, 1, 4) or "Traceback" in said:
        tally.breach(ODD, name, f"{process.returncode}: {said}")
    if names := list(tree(place / "elsewhere")) or _made_again(place, name):
        tally.breach(ELSEWHERE, name, f"{len(names)} files: {names[:4]}")
    complete = not differences(stage.outputs(), stage.undisturbed) and (place / "out" / STATE / FILE).exists()
    if deed.words:
        complete = complete and not list((place / "photos").rglob("*.[pj]*g"))
    if process.returncode == 0 and not (complete and run(words, place).code == 0):
        tally.breach(UNTRUE, name, said)
    deed.undo(place)
    again = run((*words, *deed.more, "--retry-failed"), place)
    if again.code != 0:
        tally.breach(REFUSED, name, f"exit {again.code}: {again.stderr}")
    elif odd := differences(stage.outputs(), stage.undisturbed):
        tally.breach(DIFFERS, name, f"{list(odd.items())[:4]}")
    stage.umount()


def _made_again(place: Path, name: str) -> list[str]:
    """What stands in an output folder that had been taken away."""
    gone = name in ("renamed", "removed", "unmounted")
    return [path.name for path in (place / "out").rglob("*")] if gone and (place / "out").exists() else []


def main() -> int:
    parser = arguments(__doc__, len(DEEDS))
    parser.add_argument("--deed", choices=DEEDS, action="append", help="only this one (may be repeated)")
    words = parser.parse_args()
    chance = random.Random(words.seed)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    names = [name for name in words.deed or DEEDS if root or not (DEEDS[name].mounts or DEEDS[name].words)]
    tally = Tally("folder_goes", UNTRUE, ELSEWHERE, ODD, HANG, REFUSED, DIFFERS)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        stage = Stage(Path(folder))
        try:
            for number in range(words.rounds):
                play(stage, names[number % len(names)], chance.randrange(1, 2 * _FIRST), tally)
        finally:
            stage.umount()
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
