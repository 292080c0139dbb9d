"""What if the parent is killed at a random moment, again and again, and the same command comes after it?

Into an output folder, in place, with an archive: at every moment each original is whole in exactly one known place (or
was replaced and is in the backup), and after the next run all is as if nobody had been killed.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from imgbatch.ledger.database import FILE
from imgbatch.planning.names import STATE
from tests.cli.conftest import COMMAND, environment, tree

FILES = 30
OPS = ("--resize", "50%", "--median", "5", "-j", "2", "--chunksize", "1")
Tree = dict[str, bytes]


@pytest.fixture
def source_folder(tmp_path: Path) -> Path:
    """Originals that every round gets a copy of."""
    folder = tmp_path / "kept"
    for number in range(FILES):
        path = folder / f"{number % 3}" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((300 + number, 200), 60).save(path)
    return folder


class Rounds:
    """Rounds of one command: killed after a random time, run again, looked at both times.

    `words` are the command; `between` and `after` look at the folder, given the originals and what an undisturbed run
    leaves; `state` is where the ledger is.
    """

    def __init__(
        self, source_folder: Path, words: tuple[str, ...], state: str, between: Callable[[Path, Tree, Tree], str],
        after: Callable[[Path, Tree, Tree], None],
    ) -> None:  # fmt: skip
        self.kept, self.words, self.state, self.between, self.after = source_folder, words, state, between, after
        self.originals = tree(source_folder)
        self.place = source_folder.parent / "place"
        self.seconds = min(self.calm() for _ in range(3))
        self.wanted = tree(self.place)
        self.met: Counter[str] = Counter()

    def calm(self) -> float:
        """The seconds that an undisturbed run takes."""
        self.fresh()
        began = time.monotonic()
        self.run()
        return time.monotonic() - began

    def fresh(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.kept, self.place / "photos")

    def run(self) -> None:
        subprocess.run(
            [*COMMAND, *self.words], cwd=self.place, env=environment(), capture_output=True, check=True, timeout=120
        )

    def kill_run(self, after: float, at_work: bool) -> None:
        """Kill a run so many seconds after its start, or after its ledger was made, with which the work begins."""
        with subprocess.Popen(
            [*COMMAND, *self.words], cwd=self.place, env=environment(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as started:  # fmt: skip
            while at_work and started.poll() is None and not (self.place / self.state / STATE / FILE).exists():
                time.sleep(0.005)  # nobody tells that a file is there
            try:
                started.wait(after)  # what is tested is time itself
            except subprocess.TimeoutExpired:
                started.kill()

    def play(self, rounds: int, seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(rounds):
            self.fresh()
            at_work = chance.random() < 0.7
            self.kill_run(chance.random() * self.seconds * (0.3 if at_work else 1.0), at_work)
            self.met[self.between(self.place, self.originals, self.wanted)] += 1
            self.run()
            assert tree(self.place) == self.wanted  # no other file either: nothing half-written is left
            self.after(self.place, self.originals, self.wanted)
            with sqlite3.connect(self.place / self.state / STATE / FILE) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            connection.close()
        print(f"\n{' '.join(self.words[:4])}: {rounds} rounds, {self.seconds:.2f} s undisturbed; {dict(self.met)}")


def whole(place: Path, originals: Tree, wanted: Tree) -> str:
    """Sources are never touched by a run into an output folder."""
    assert tree(place / "photos") == originals
    return moment_of(len(list((place / "out").rglob("*.png"))) if (place / "out").exists() else 0)


def replaced_or_not(place: Path, originals: Tree, wanted: Tree) -> str:
    """Each is the original, or what an undisturbed run makes of it and the original is in the backup."""
    held = backups(place)
    count = 0
    for name, original in originals.items():
        now = (place / "photos" / name).read_bytes()
        if now != original:
            assert now == wanted[f"photos/{name}"] and held[name] == [original]
            count += 1
    return moment_of(count)


def once_in_the_backup(place: Path, originals: Tree, wanted: Tree) -> None:
    """Every original is in the backup, once, and nothing else."""
    assert backups(place) == {name: [original] for name, original in originals.items()}


def backups(place: Path) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    top = place / "photos" / STATE / "backup"
    for path in top.rglob("*.png"):
        found.setdefault("/".join(path.relative_to(top).parts[1:]), []).append(path.read_bytes())
    return found


def in_one_place(place: Path, originals: Tree, wanted: Tree) -> str:
    """Each original is in the inbox or in the archive, whole; what is archived has its output."""
    inbox, archive = (
        {name: data for name, data in tree(place / folder).items() if ".imgbatch-" not in name}
        if (place / folder).exists()
        else {}
        for folder in ("photos", "done")
    )
    assert {**inbox, **archive} == originals and not inbox.keys() & archive.keys()
    assert all((place / "out" / name).read_bytes() == wanted[f"out/{name}"] for name in archive)
    return moment_of(len(archive))


def moment_of(done: int) -> str:
    return "before the first" if not done else "after the last" if done == FILES else "in between"


def nothing(place: Path, originals: Tree, wanted: Tree) -> None:
    """The tree says all."""


CASES = {
    "output": (("run", "photos", "-o", "out", *OPS), "out", whole, nothing),
    "in place": (("run", "photos", "--in-place", *OPS), "photos", replaced_or_not, once_in_the_backup),
    "archive": (("run", "photos", "-o", "out", "--archive", "done", *OPS), "out", in_one_place, nothing),
}


@pytest.mark.parametrize("case", CASES)
def test_two_kills(source_folder: Path, case: str) -> None:
    Rounds(source_folder, *CASES[case]).play(2, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES)
def test_a_hundred_kills(source_folder: Path, case: str) -> None:
    rounds = Rounds(source_folder, *CASES[case])
    rounds.play(100, seed=2)
    assert rounds.met["in between"] > 20
