"""What if somebody swaps files and folders for links while a run is at work? As root, and as a user.

Another user, who may write to the folders, swaps temporary files, sources, or folders for links that lead outside, at
full speed. Whatever the run then does with its own folder: nothing outside may change, and nothing of it be read.
Needs root, a C compiler, and setpriv.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.faults.soak import shim
from tests.faults.soak.command import run
from tests.faults.soak.place import copy, digest, files, missing_originals, originals, tree
from tests.faults.soak.tally import Tally, arguments, skip

SOURCE = Path(__file__).with_name("swapper.c")
_USER, _STRANGER = 65534, 65533
_OPS = ("--resize", "24", "-j", "2", "--chunksize", "8", "-Q")
#: The command that is disturbed, and what comes before it in peace.
CASES = {
    "output": (("run", "photos", "-o", "out", *_OPS), None),
    "preserve": (("run", "photos", "-o", "out", "-p", *_OPS), None),
    "in-place": (("run", "photos", "--in-place", *_OPS), None),
    "undo": (("undo", "photos"), ("run", "photos", "--in-place", *_OPS)),
    "archive": (("run", "photos", "-o", "out", "--archive", "done", *_OPS), None),
}
KINDS = ("temporaries", "sources", "folders")
_COLOR = (255, 0, 254)  # of the picture outside
CHANGED, READ, LINK, FAULTY, LOST = (
    "file outside changed", "file outside read", "link in a picture's place", "internal error, traceback or hang",
    "original lost",
)  # fmt: skip
_FILES = 90


def impossible() -> str:
    """Why nobody can be played against here; "" where it can."""
    if reason := shim.impossible():
        return reason
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return "only root may act as two users, with setpriv"
    return ""


def _acting_as(user: int) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"] if user else []


class Stage:
    """A folder that a stranger may write to, beside one that is nobody's business."""

    def __init__(self, top: Path) -> None:
        top.chmod(0o755)
        self.kept, self.place, self.outside = top / "kept", top / "place", top / "outside"
        self.program = top / "swapper"
        shim.build(SOURCE, self.program)
        originals(self.kept, _FILES, (40, 30))
        self.before = tree(self.kept)

    def fresh(self, user: int) -> None:
        """The photos of that user in folders that everybody may write to, and one private picture outside."""
        for folder in (self.place, self.outside):
            shutil.rmtree(folder, ignore_errors=True)
        copy(self.kept, self.place / "photos")
        for name in ("out/sub", "done/sub"):
            (self.place / name).mkdir(parents=True)
        for path in (self.place, *self.place.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o644)
            os.chown(path, user or _STRANGER, user or _STRANGER)
        self.outside.mkdir()
        Image.new("RGB", (60, 60), _COLOR).save(self.outside / "secret.png")
        (self.outside / "diary.txt").write_text("private")
        for path in (self.outside, *self.outside.iterdir()):
            path.chmod(0o700 if path.is_dir() else 0o600)
            os.chown(path, user, user)

    def shape(self) -> dict[str, tuple[str, int, int, int]]:
        """All that can be told of the files outside."""
        held = {}
        for path in sorted(self.outside.rglob("*")):
            found = path.lstat()
            content = digest(path) if path.is_file() else ""
            held[path.relative_to(self.outside).as_posix()] = content, found.st_mode, found.st_uid, found.st_mtime_ns
        return held

    @contextlib.contextmanager
    def stranger(self, kind: str) -> Iterator[list[int]]:
        """At work until the block ends; how often something was swapped."""
        folders = [self.place / name for name in ("photos", "photos/sub", "out", "out/sub", "done", "done/sub")]
        folders = [folder for folder in folders if kind != "folders" or folder.name == "sub"]
        target = self.outside if kind == "folders" else self.outside / "secret.png"
        counts: list[int] = []
        words = [*_acting_as(_STRANGER), str(self.program), kind, str(target), *map(str, folders)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield counts
            finally:
                process.terminate()
                counts.append(int(process.communicate()[0] or 0))

    def read(self) -> list[str]:
        """The files that show the private picture, or hold it."""
        secret = digest(self.outside / "secret.png") if (self.outside / "secret.png").exists() else ""
        found = []
        for name, path in files(self.place):
            if path.is_symlink() or not path.is_file():
                continue
            if digest(path) == secret or _shows(path):
                found.append(name)
        return found


def _shows(path: Path) -> bool:
    """Whether a picture has the one color of the private one."""
    try:
        with Image.open(path) as image:
            ranges = image.convert("RGB").getextrema()
    except (OSError, ValueError, SyntaxError):
        return False
    return all(
        isinstance(pair, tuple) and abs(pair[0] - value) < 9 and abs(pair[1] - value) < 9
        for pair, value in zip(ranges, _COLOR, strict=True)
    )


def play(stage: Stage, case: str, kind: str, user: int, tally: Tally) -> None:
    """One command, disturbed."""
    words, before = CASES[case]
    stage.fresh(user)
    if before is not None:
        run(before, stage.place, _acting_as(user), HOME="/nonexistent")
    shape = stage.shape()
    where = f"{case} as {'a user' if user else 'root'}, {kind}"
    with stage.stranger(kind) as counts:
        result = run(words, stage.place, _acting_as(user), HOME="/nonexistent")
    tally.counts[f"swaps: {kind}"] += sum(counts)
    tally.counts["commands"] += 1
    tally.counts[f"exit {result.code}"] += 1
    if stage.shape() != shape:
        tally.breach(CHANGED, where, f"{shape} -> {stage.shape()}")
    if names := stage.read():
        tally.breach(READ, where, f"{len(names)} files: {names[:4]}")
    if result.faulty:
        tally.breach(FAULTY, where, result.stderr)
    if kind != "temporaries":
        return
    now = tree(stage.place)
    links = [name for name, content in now.items() if content == "link" and ".imgbatch-" not in name]
    if links:
        tally.breach(LINK, where, f"{len(links)} links: {links[:4]}")
    if gone := missing_originals(stage.before, now):
        tally.breach(LOST, where, f"{gone[:4]}")


def main() -> int:
    parser = arguments(__doc__, 2 * len(CASES) * len(KINDS))
    parser.add_argument("--case", choices=CASES, action="append", help="only this one (may be repeated)")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this one (may be repeated)")
    words = parser.parse_args()
    if reason := impossible():
        skip(reason)
    tally = Tally("swapper", CHANGED, READ, LINK, FAULTY, LOST)
    rounds = [(case, kind, user) for user in (0, _USER) for kind in words.kind or KINDS for case in words.case or CASES]
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        stage = Stage(Path(folder))
        for number in range(words.rounds):
            play(stage, *rounds[number % len(rounds)], tally)
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
