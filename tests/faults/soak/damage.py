"""What if the ledger is damaged, in any way? Never an internal error, never a wrong "unchanged"; then the run goes on.

Between two runs the ledger of an output folder, or of photos changed in place, is damaged; in half of the rounds a
source has changed too, which no ledger may hide.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from imgbatch.ledger.database import FILE
from imgbatch.planning.names import STATE
from tests.faults.soak.command import INTERNAL, Result, fork, load_all
from tests.faults.soak.damages import DAMAGES
from tests.faults.soak.place import Tree, copy, differences, missing_originals, originals, tree
from tests.faults.soak.tally import Tally, arguments

_TAIL = ("--resize", "12", "-j", "0", "--json")
RUNS = {"out": ("run", "photos", "-o", "out", *_TAIL), "photos": ("run", "photos", "--in-place", *_TAIL)}
_EDIT = "003.jpg"
_NEWER = "newer imgbatch"  # a version from the future is refused, rightly
_NOT_OURS = "is not what is made now"  # of a source that changed, too: nobody knows whose its output is
_HONEST = (0, 2, 4)
EXIT_70, FAULTY, ODD, UNCHANGED, WRONG, LOST, REFUSED, AWAY = (
    "internal error (exit 70)", "traceback or hang", "odd exit code", "wrong unchanged", "exit 0 with wrong outputs",
    "original lost", "refused", "damaged ledger not kept",
)  # fmt: skip


class Stage:
    """What an undisturbed run leaves, to be damaged again and again.

    Parameters
    ----------
    folder : Path
        For all that is made.
    base : str
        ``out`` or ``photos``: the folder whose ledger it is.
    """

    def __init__(self, folder: Path, base: str) -> None:
        self.base, self.words = base, RUNS[base]
        self.kept, self.ready, self.place = folder / "kept", folder / "ready", folder / "place"
        self.other = folder / "other.jpg"
        originals(self.kept, 8)
        originals(folder / "more", 2, seed=7)
        (folder / "more/001.jpg").rename(self.other)
        copy(self.kept, self.ready / "photos")
        assert fork(self.words, self.ready).code == 0
        self.undisturbed, self.before = tree(self.ready), tree(self.kept)
        self.alive = folder / "alive"
        self._keep_companions()

    def _keep_companions(self) -> None:
        """Another state as it is while a run is at work: with its ``-wal`` and ``-shm``."""
        ledger = self.ready / self.base / STATE / FILE
        connection = sqlite3.connect(ledger)
        connection.execute("PRAGMA wal_autocheckpoint=0")
        with connection:
            connection.execute("UPDATE runs SET command=command || ' '")
            connection.execute("UPDATE written SET moved=moved")
        copy(ledger.parent, self.alive)
        connection.close()

    def fresh(self, alive: bool) -> Path:
        """The place before the damage; its state folder."""
        copy(self.ready, self.place)
        state = self.place / self.base / STATE
        if alive:
            for path in self.alive.glob(f"{FILE}*"):
                shutil.copyfile(path, state / path.name)
        return state

    def edit(self) -> None:
        """A source becomes another picture, of a later time."""
        shutil.copyfile(self.other, self.place / "photos" / _EDIT)
        os.utime(self.place / "photos" / _EDIT, (2e9, 2e9))

    def commands(self) -> list[tuple[str, ...]]:
        """What may come next, the same command most often."""
        more = [(*self.words, "--prune")] if self.base == "out" else []
        return [self.words] * 4 + [(*self.words, "-n"), ("history", self.base), ("undo", self.base), *more]

    def go_on(self) -> Result:
        """The command again, twice where the first sets the ledger aside; what is there may be overwritten."""
        words = (*self.words, "--overwrite") if self.base == "out" else self.words
        first = fork(words, self.place)
        return first if first.code == 0 else fork(words, self.place)

    def wrong(self, edited: bool) -> Tree:
        """The outputs that are not as after an undisturbed run."""
        odd = differences(tree(self.place), self.undisturbed)
        return {name: kind for name, kind in odd.items() if not (edited and name.endswith(_EDIT))}


def _records(result: Result) -> Iterator[dict[str, object]]:
    for line in result.stdout.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def play(stage: Stage, name: str, chance: random.Random, tally: Tally) -> None:
    """One damage, one command, and the run again."""
    state = stage.fresh(alive=chance.random() < 0.4)
    DAMAGES[name](chance, state)
    edited = chance.random() < 0.5
    if edited:
        stage.edit()
    words = chance.choice(stage.commands())
    where = f"{name} of the ledger in {stage.base}, {' '.join(words[:4])} {words[-1]}"
    result = fork(words, stage.place)
    tally.counts["damages"] += 1
    tally.counts[f"exit {result.code}"] += 1
    _judge(result, where, tally)
    if "set aside" in result.stderr and not list(state.glob("*damaged*")):
        tally.breach(AWAY, where, result.stderr)
    if words == stage.words and result.code == 0:
        held = [record for record in _records(result) if edited and record.get("source") == _EDIT]
        if any(record["status"] == "unchanged" for record in held):
            tally.breach(UNCHANGED, where, str(held))
        if odd := stage.wrong(edited):
            tally.breach(WRONG, where, f"{list(odd.items())[:4]}")
    _check_originals(stage, edited, where, tally)
    if _NEWER in result.stderr:
        tally.counts["of a newer version"] += 1
        return
    emptied = name == "other schema"  # rows that somebody deletes are not missed
    if words[0] == "run" and "-n" not in words and result.code == 2 and not emptied:
        tally.breach(REFUSED, where, result.stderr)
    result = stage.go_on()
    _judge(result, f"{where}; then again", tally)
    if result.code != 0 and _NEWER not in result.stderr:
        tally.breach(REFUSED, where, f"exit {result.code}: {result.stderr}")
    elif stage.base == "out" and (odd := stage.wrong(edited)):
        tally.breach(WRONG, f"{where}; then again", f"{list(odd.items())[:4]}")
    _check_originals(stage, edited, f"{where}; then again", tally)


def _judge(result: Result, where: str, tally: Tally) -> None:
    if result.code == INTERNAL:
        tally.breach(EXIT_70, where, result.stderr)
    elif result.faulty:
        tally.breach(FAULTY, where, result.stderr)
    elif result.code not in _HONEST and not (result.code == 1 and ("undo" in where or _NOT_OURS in result.stderr)):
        tally.breach(ODD, where, f"{result.code}: {result.stderr}")


def _check_originals(stage: Stage, edited: bool, where: str, tally: Tally) -> None:
    gone = [name for name in missing_originals(stage.before, tree(stage.place)) if not (edited and name == _EDIT)]
    if gone:
        tally.breach(LOST, where, str(gone))


def main() -> int:
    parser = arguments(__doc__, 100)
    parser.add_argument("--damage", choices=DAMAGES, action="append", help="only this one (may be repeated)")
    words = parser.parse_args()
    load_all()
    chance = random.Random(words.seed)
    tally = Tally("damage", EXIT_70, FAULTY, ODD, UNCHANGED, WRONG, LOST, REFUSED, AWAY)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        stages = [Stage(Path(folder) / base, base) for base in RUNS]
        for number in range(words.rounds):
            name = list(words.damage or DAMAGES)[number // 2 % len(words.damage or DAMAGES)]
            play(stages[number % 2], name, chance, tally)
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
