"""What if any one file-changing call fails, or is the last one? Each call of each story in turn, then the same again.

After one call was hit (EIO, ENOSPC once or from there on, SIGKILL before or after it) the same command, and the rest of
its story, must leave what an undisturbed story leaves. ``--rounds 0`` tries every point there is.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.soak import shim
from tests.faults.soak.command import INTERNAL, Result, load_all
from tests.faults.soak.place import Tree, comparable, copy, differences, missing_originals, tree, unsound_ledgers
from tests.faults.soak.stories import OTHER_DISK, STORIES, Story, make_originals
from tests.faults.soak.tally import Tally, arguments, skip

_SUCCESS = (0, 1)
_NOTHING_TO_UNDO = 2
LOST, REFUSED, OTHER, MISSING, TEMPORARY = (
    "original lost", "refused for ever", "wrong file (format, name, content)", "file missing", "temporary file left"
)  # fmt: skip
EXIT_70, FAULTY, UNTRUE, LEDGER = (
    "internal error (exit 70)",
    "traceback or hang",
    "exit 0 with files missing",
    "ledger unsound",
)


@dataclass(frozen=True)
class Point:
    """One call of one step of a story, and what happens there."""

    story: str
    step: int
    act: str
    number: int


class Stage:
    """Where one story is played, undisturbed first.

    Parameters
    ----------
    name : str
        Of the story.
    folder, other : Path
        For all that is made; the other one is on another disk where there is one, for archives.
    """

    def __init__(self, name: str, folder: Path, other: Path) -> None:
        self.name, self.story = name, STORIES[name]
        self.kept, self.place = make_originals(folder / "kept"), folder / "place"
        self.other = other
        self.before = {key: value for key, value in tree(self.kept).items() if key not in self.story.deletes}
        self.fresh()
        self._hits = [self.play(step) for step in range(len(self.story.steps))]
        self.undisturbed = self.tree()
        wrong = [hit.result for hit in self._hits if hit.result.code not in _SUCCESS]
        assert not wrong, f"{name} does not even work undisturbed: {wrong}"

    def points(self) -> Iterator[Point]:
        """All of them."""
        for act in shim.ACTS:
            for step, hit in enumerate(self._hits):
                calls = hit.calls if act == "EIO" else hit.calls - hit.reads
                yield from (Point(self.name, step, act, number) for number in range(1, calls + 1))

    def fresh(self) -> None:
        """Nothing has been done yet."""
        shutil.rmtree(self.place, ignore_errors=True)
        copy(self.kept, self.place / "photos")
        (self.place / "tmp").mkdir()
        shutil.rmtree(self.other, ignore_errors=True)
        self.other.mkdir(parents=True)

    def play(self, step: int, act: str = "EIO", number: int = -1) -> shim.Hit:
        """One step."""
        deed = self.story.steps[step]
        if callable(deed):
            deed(self.place)
            return shim.Hit(Result(0, ""))
        words = [word.replace(OTHER_DISK, str(self.other)) for word in deed]
        return shim.strike(words, self.place, [self.place, self.other], act, number)

    def again(self, step: int) -> Result:
        """One step, after something went wrong: runs that came in parts are taken back part by part."""
        result = self.play(step).result
        deed = self.story.steps[step]
        while not callable(deed) and deed[0] == "undo" and result.code == 0:
            result = self.play(step).result
        return result

    def tree(self) -> Tree:
        """All files there are, those on the other disk too."""
        other = {f"other disk/{name}": content for name, content in tree(self.other).items()}
        return comparable({**tree(self.place), **other})


def try_point(stage: Stage, point: Point, tally: Tally) -> None:
    """Play a story with one point hit, then on to its end, and look."""
    stage.fresh()
    for step in range(point.step):
        stage.play(step)
    hit = stage.play(point.step, point.act, point.number)
    where = f"{point.story}, step {point.step}, {point.act} at {point.number}: {hit.call.replace(str(stage.place), '')}"
    tally.counts["points"] += 1
    tally.counts["not reached"] += not hit.call
    _judge(hit.result, where, tally)
    now, last = stage.tree(), point.step == len(stage.story.steps) - 1
    if lost := missing_originals(stage.before, now):
        tally.breach(LOST, where, f"{lost} after the fault")
    if hit.result.code == 0 and last and "missing" in differences(now, stage.undisturbed).values():
        tally.breach(UNTRUE, where, f"{differences(now, stage.undisturbed)}")
    for step in range(point.step, len(stage.story.steps)):
        result = stage.again(step)
        _judge(result, f"{where}; again, step {step}", tally)
        if result.code not in _SUCCESS and not (_is_undo(stage.story, step) and result.code == _NOTHING_TO_UNDO):
            tally.breach(REFUSED, where, f"step {step} ends with {result.code}: {result.stderr}")
    now = stage.tree()
    kinds = defaultdict(list)
    for name, kind in differences(now, stage.undisturbed).items():
        kinds[kind].append(name)
    for kind, promise in (("missing", MISSING), ("other", OTHER), ("extra", OTHER), ("temporary", TEMPORARY)):
        if kinds[kind]:
            tally.breach(promise, where, f"{kind}: {kinds[kind][:4]}")
    if lost := missing_originals(stage.before, now):
        tally.breach(LOST, where, f"{lost} after the rerun")
    if unsound := unsound_ledgers(stage.place):
        tally.breach(LEDGER, where, str(unsound))


def _is_undo(story: Story, step: int) -> bool:
    deed = story.steps[step]
    return not callable(deed) and deed[0] == "undo"


def _judge(result: Result, where: str, tally: Tally) -> None:
    if result.code == INTERNAL:
        tally.breach(EXIT_70, where, result.stderr)
    elif result.faulty:
        tally.breach(FAULTY, where, result.stderr)


def main() -> int:
    parser = arguments(__doc__, 100)
    parser.add_argument("--story", choices=STORIES, action="append", help="only this one (may be repeated)")
    parser.add_argument("--act", choices=shim.ACTS, action="append", help="only this one (may be repeated)")
    words = parser.parse_args()
    if reason := shim.impossible():
        skip(reason)
    shim.preload()
    load_all()
    tally = Tally("points", LOST, REFUSED, OTHER, MISSING, TEMPORARY, EXIT_70, FAULTY, UNTRUE, LEDGER)
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="soak-") as top, tempfile.TemporaryDirectory(dir=memory) as other:
        stages = {
            name: Stage(name, Path(top) / str(number), Path(other) / str(number))
            for number, name in enumerate(words.story or STORIES)
        }
        points = [point for stage in stages.values() for point in stage.points()]
        points = [point for point in points if point.act in (words.act or shim.ACTS)]
        tally.counts["points there are"] = len(points)
        if 0 < words.rounds < len(points):
            points = random.Random(words.seed).sample(points, words.rounds)
        for point in points:
            try_point(stages[point.story], point, tally)
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
