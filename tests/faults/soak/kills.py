"""What if any process of a run is killed, at any moment? Workers, forkserver, tracker, the run, or all of them.

A run that goes on tells of every file once, and blames SIGKILL only; after the same command again all is as after an
undisturbed run, and nothing is left: no process, no shared memory, no temporary file.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.cli.conftest import COMMAND, environment
from tests.faults.soak.command import INTERNAL, run
from tests.faults.soak.family import ROLES, kill, left_over, members, shoot_role
from tests.faults.soak.place import Tree, comparable, copy, differences, missing_originals, originals, tree
from tests.faults.soak.tally import Tally, arguments, skip

_OPS = ("--resize", "50%", "--median", "5", "--chunksize", "2", "--json")
CASES = {
    "output": ("run", "photos", "-o", "out", *_OPS),
    "widths": ("run", "photos", "-o", "out", "--widths", "40,80", "-f", "webp", "--srcset", "srcset.json", *_OPS[4:]),
    "in-place": ("run", "photos", "--in-place", *_OPS),
    "archive": ("run", "photos", "-o", "out", "--archive", "done", *_OPS),
    "reports": (
        "run", "photos", "-o", "out", *_OPS, "--report", "r/report.csv", "--report", "r/web.prom",
        "--failed-list", "r/failed.txt",
    ),
    "pack": ("pack", "photos", "-o", "p/all.npy", "--overwrite", "--resize", "40x40!", *_OPS[4:-1]),
    "mean image": ("stats", "photos", "--mean-image", "m/mean.png", "--resize", "40x40!", *_OPS[4:-1]),
}  # fmt: skip
_FILES, _WORKERS, _SECONDS_A_FILE = 60, 2, 2  # of a run that does not end
LOST, DOUBLED, BLAMED, EXIT_70, ODD, HANG, REFUSED, DIFFERS, PROCESS, MEMORY, TEMPORARY, ORIGINAL = (
    "file not told of", "file told of twice", "innocent file failed", "internal error (exit 70)",
    "traceback or odd exit code", "hang", "refused for ever", "tree not as undisturbed", "process left",
    "shared memory left", "temporary file left", "original lost",
)  # fmt: skip


class Stage:
    """Where one case is played, undisturbed first."""

    def __init__(self, folder: Path, case: str, count: int = _FILES, workers: int = _WORKERS) -> None:
        self.case, self.words, self.count = case, [*CASES[case], "-j", str(workers)], count
        self.kept, self.place = folder / "kept", folder / "place"
        originals(self.kept, count, (240, 160))
        self.before = tree(self.kept)
        self.fresh()
        began = time.monotonic()
        assert run(self.words, self.place).code == 0
        self.seconds = time.monotonic() - began
        self.undisturbed = self.tree()

    def fresh(self) -> None:
        """Nothing has been done yet."""
        shutil.rmtree(self.place, ignore_errors=True)
        copy(self.kept, self.place / "photos")
        (self.place / "tmp").mkdir()

    def tree(self) -> Tree:
        """All files, without those of the folder for temporary files."""
        return comparable({name: content for name, content in tree(self.place).items() if not name.startswith("tmp/")})


def play(stage: Stage, role: str, chance: random.Random, tally: Tally) -> None:
    """One run under fire, and the same again in peace."""
    stage.fresh()
    surroundings = {"TMPDIR": str(stage.place / "tmp")}
    where = f"{stage.case}, {role}"
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            [*COMMAND, *stage.words], cwd=stage.place, env=environment(**surroundings), stdout=stdout, stderr=stderr,
            start_new_session=True,
        )  # fmt: skip
        after = chance.random() * stage.seconds * (1.0 if role in ("run", "session") else 0.6)
        with shoot_role(process.pid, role, after, chance) as counts:
            try:
                process.wait(_SECONDS_A_FILE * stage.count)
            except subprocess.TimeoutExpired:
                tally.breach(HANG, where, "it did not end")
                kill(list(members(process.pid)))
                process.wait()
        for file in (stdout, stderr):
            file.seek(0)
        records, said = stdout.read().splitlines(), stderr.read()
    tally.counts["runs"] += 1
    tally.counts[f"killed: {role}"] += sum(counts)
    if pids := left_over(process.pid):
        tally.breach(PROCESS, where, str(pids))
        kill(pids)
    if process.returncode == INTERNAL:
        tally.breach(EXIT_70, where, said)
    elif process.returncode not in (0, 1) and not (counts and role in ("run", "session")) or "Traceback" in said:
        tally.breach(ODD, where, f"{process.returncode}: {said}")
    elif process.returncode in (0, 1) and "--json" in stage.words:
        _check_records(stage, records, where, tally)
    once_more = ("--retry-failed",) if stage.words[0] == "run" else ()
    again = run((*stage.words, *once_more), stage.place, **surroundings)
    if again.code != 0:
        tally.breach(REFUSED, where, f"exit {again.code}: {again.stderr}")
    _check_place(stage, process.pid, where, tally)


def _check_records(stage: Stage, records: list[str], where: str, tally: Tally) -> None:
    files = [record for record in map(json.loads, records) if record["event"] == "file"]
    count = Counter(record["source"] for record in files)
    if missing := stage.before.keys() - count.keys():
        tally.breach(LOST, where, f"{sorted(missing)[:4]}")
    if twice := [name for name, number in count.items() if number > 1]:
        tally.breach(DOUBLED, where, f"{twice[:4]}")
    for record in files:
        if record["status"] == "crashed" and "SIGKILL" in record["error"]["message"]:
            tally.counts["files that were shot at twice"] += 1
        elif record["status"] != "ok":
            tally.breach(BLAMED, where, str(record))


def _check_place(stage: Stage, pid: int, where: str, tally: Tally) -> None:
    now = stage.tree()
    if odd := differences(now, stage.undisturbed):
        promise = TEMPORARY if set(odd.values()) == {"temporary"} else DIFFERS
        tally.breach(promise, where, f"{list(odd.items())[:4]}")
    if gone := missing_originals(stage.before, now):
        tally.breach(ORIGINAL, where, str(gone))
    if names := [path.name for path in (stage.place / "tmp").iterdir()]:
        tally.breach(TEMPORARY, where, f"in TMPDIR: {names[:4]}")
    if names := [name for name in os.listdir("/dev/shm") if f"imgbatch-{pid}-" in name]:
        tally.breach(MEMORY, where, f"{names[:4]}")


def main() -> int:
    parser = arguments(__doc__, 24)
    parser.add_argument("--who", choices=ROLES, action="append", help="only these (may be repeated)")
    parser.add_argument("--case", choices=CASES, action="append", help="only this one (may be repeated)")
    parser.add_argument("--files", type=int, default=_FILES, help=f"of each run (default {_FILES})")
    parser.add_argument(
        "--workers", type=int, default=_WORKERS, help="of each run (default 2): the more, the more are shot"
    )
    words = parser.parse_args()
    if sys.platform != "linux":
        skip("processes are found in /proc")
    chance = random.Random(words.seed)
    tally = Tally(
        "kills", LOST, DOUBLED, BLAMED, EXIT_70, ODD, HANG, REFUSED, DIFFERS, PROCESS, MEMORY, TEMPORARY, ORIGINAL
    )
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        stages = [Stage(Path(folder) / case, case, words.files, words.workers) for case in words.case or CASES]
        roles = words.who or ROLES
        for number in range(words.rounds):
            play(stages[number % len(stages)], roles[number // len(stages) % len(roles)], chance, tally)
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
