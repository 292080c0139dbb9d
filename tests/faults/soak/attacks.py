"""What can a folder do that came from strangers, with a state folder in it? Seven ways out of DIR, each tried once.

Each attack aims at a file outside DIR. The command may refuse, or do its work without what the state says; the file
outside must be what it was.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.faults.soak.command import Result, run
from tests.faults.soak.place import digest, originals
from tests.faults.soak.tally import Tally, arguments

_OPS = ("--resize", "12", "-j", "0", "-Q")
_SECRET = b"# the user's own\n"
OUTSIDE, FAULTY = "file outside changed", "internal error, traceback or hang"


class Stage:
    """A home with a file in it, and a downloaded folder beside the home that holds a state folder.

    The state is one that an honest run has left; an attack then changes what it says.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        shutil.rmtree(top, ignore_errors=True)
        self.home, self.download = top / "home", top / "download"
        self.target = self.home / ".bashrc"
        self.home.mkdir(parents=True)
        self.target.write_bytes(_SECRET)
        originals(self.download / "photos", 2)
        self.before = self.shape()

    def shape(self) -> dict[str, tuple[str, int]]:
        """Everything in the home: digests of contents, and modes."""
        return {
            path.name: (digest(path) if path.is_file() else "", path.lstat().st_mode)
            for path in sorted(self.home.rglob("*"))
        }

    def command(self, *words: str) -> Result:
        """The command, in the folder that holds the download."""
        return run(words, self.download)

    def change(self, folder: str, statement: str, *values: object) -> None:
        """Let the state of `folder` say something else."""
        with sqlite3.connect(self.download / folder / ".imgbatch/ledger.sqlite") as connection:
            assert connection.execute(statement, values).rowcount > 0
        connection.close()


def _digest(data: bytes) -> str:
    """A content's hash, as the ledger has it."""
    return hashlib.sha256(data).hexdigest()[:32]


_AWAY = b"../../home/.bashrc"


def undo_overwrites(stage: Stage) -> Result:
    """A replacement of a file outside, whose content is known, with a backup that runs code."""
    stage.command("run", "photos", "--in-place", *_OPS)
    backup = next((stage.download / "photos/.imgbatch/backup").rglob("*.png"))
    backup.write_bytes(b"echo taken over\n")
    place = os.fsencode(backup.relative_to(stage.download / "photos/.imgbatch"))
    stage.change(
        "photos", "UPDATE replaced SET path=?, original=?, hash=?, backup=?, size=? WHERE path=?", _AWAY,
        _digest(b"echo taken over\n"), _digest(_SECRET), place, len(_SECRET), b"000.png",
    )  # fmt: skip
    return stage.command("undo", "photos")


def in_place_deletes(stage: Stage) -> Result:
    """A replacement that was intended, whose backup (a file outside) is then not needed."""
    stage.command("run", "photos", "--in-place", *_OPS)
    photo = stage.download / "photos/000.png"
    stage.change(
        "photos", "UPDATE replaced SET step='intended', hash='', original=?, backup=? WHERE path=?",
        _digest(photo.read_bytes()), b"../../../home/.bashrc", b"000.png",
    )  # fmt: skip
    return stage.command("run", "photos", "--in-place", "--grayscale", *_OPS[2:])


def undo_deletes(stage: Stage) -> Result:
    """An output outside, whose content is known."""
    stage.command("run", "photos", "-o", "out", *_OPS)
    stage.change("out", "UPDATE written SET path=?, hash=?, size=? WHERE path=?", *_outside(), b"000.png")
    return stage.command("undo", "out")


def prune_deletes(stage: Stage) -> Result:
    """An output outside whose source is gone."""
    stage.command("run", "photos", "-o", "out", *_OPS)
    stage.change(
        "out", "UPDATE written SET path=?, hash=?, size=?, mtime_ns=? WHERE path=?", *_outside(),
        stage.target.stat().st_mtime_ns, b"000.png",
    )  # fmt: skip
    (stage.download / "photos/000.png").unlink()
    return stage.command("run", "photos", "-o", "out", "--prune", "--overwrite", *_OPS)


def _outside() -> tuple[bytes, str, int]:
    return _AWAY, _digest(_SECRET), len(_SECRET)


def keep_backups_deletes(stage: Stage) -> Result:
    """A folder of backups, old enough to go, that is a link to a folder outside."""
    stage.command("run", "photos", "--in-place", *_OPS)
    backups = next((stage.download / "photos/.imgbatch/backup").iterdir())
    shutil.rmtree(backups)
    backups.symlink_to("../../../../home")
    stage.change("photos", "UPDATE runs SET started_ns=1, seen_ns=1, ended_ns=2")
    return stage.command("run", "photos", "--in-place", "--grayscale", *_OPS[2:], "--keep-backups", "1s")


def _link(name: str) -> Callable[[Stage], Result]:
    """A file of the state folder that is a link to the file outside."""

    def attack(stage: Stage) -> Result:
        state = stage.download / "out/.imgbatch"
        state.mkdir(parents=True)
        (state / name).symlink_to("../../../home/.bashrc")
        return stage.command("run", "photos", "-o", "out", *_OPS)

    return attack


def state_is_a_link(stage: Stage) -> Result:
    """A state folder that is a link to a folder outside."""
    (stage.download / "out").mkdir()
    (stage.download / "out/.imgbatch").symlink_to("../../home")
    return stage.command("run", "photos", "-o", "out", *_OPS)


ATTACKS: dict[str, Callable[[Stage], Result]] = {
    "undo overwrites": undo_overwrites,
    "in place deletes": in_place_deletes,
    "undo of outputs deletes": undo_deletes,
    "prune deletes": prune_deletes,
    "keep-backups deletes": keep_backups_deletes,
    "lock is a link": _link("lock"),
    "reserve is a link": _link("reserve"),
    "ledger is a link": _link("ledger.sqlite"),
    "state folder is a link": state_is_a_link,
}


def main() -> int:
    parser = arguments(__doc__, 1)
    parser.add_argument("--attack", choices=ATTACKS, action="append", help="only this one (may be repeated)")
    words = parser.parse_args()
    tally = Tally("attacks", OUTSIDE, FAULTY)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        for _ in range(words.rounds):
            for name in words.attack or ATTACKS:
                stage = Stage(Path(folder) / "stage")
                result = ATTACKS[name](stage)
                tally.counts["attacks"] += 1
                tally.counts[f"exit {result.code}"] += 1
                if stage.shape() != stage.before:
                    tally.breach(OUTSIDE, name, f"{stage.before} -> {stage.shape()}")
                if result.faulty:
                    tally.breach(FAULTY, name, result.stderr)
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
