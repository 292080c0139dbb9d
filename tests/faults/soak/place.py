"""What stands in the folder of a soak run, and is it what an undisturbed run leaves?"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from imgbatch.ledger.database import FILE
from imgbatch.planning.names import STATE

#: Relative path -> digest of the content; "link" for a symbolic link.
Tree = dict[str, str]
#: Reports that tell of one run: another run, another content.
_OF_ONE_RUN = (".log", ".prom", ".csv", "report.json", "stats.json", ".png.txt")
_BACKUP = re.compile(r"(.*\bbackup)/\d[\d-]*/(.*)")
_TEMPORARY = re.compile(r"(^|/)\.imgbatch-[^/]*$")


def originals(folder: Path, count: int, size: tuple[int, int] = (30, 24), seed: int = 1) -> None:
    """Noise in `count` files of two formats in two folders, all of one old second."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        path = folder / ("sub" if number % 3 == 2 else ".") / f"{number:03}.{'jpg' if number % 2 else 'png'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (size[1] + number % 7, size[0], 3)
        Image.fromarray(chance.integers(0, 255, shape, np.uint8)).save(path)
        os.utime(path, (10**9 + number, 10**9 + number))


def bad_original(folder: Path) -> None:
    """A picture that ends early."""
    path = folder / "bad.png"
    path.write_bytes((folder / "000.png").read_bytes()[:300])
    os.utime(path, (10**9, 10**9))


def copy(source: Path, target: Path) -> None:
    """A copy of a folder with its times, in the place of what stood there."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)


def digest(path: Path) -> str:
    """Of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def files(top: Path) -> Iterator[tuple[str, Path]]:
    """All files below a folder, with their relative names; of a state folder only the backups."""
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        inside = STATE in path.relative_to(top).parts and "/backup/" not in f"/{name}"
        if not inside and (path.is_symlink() or path.is_file()):
            yield name, path


def tree(top: Path) -> Tree:
    """All files below a folder with their contents, temporary ones too."""
    return {name: "link" if path.is_symlink() else digest(path) for name, path in files(top)}


def comparable(all_files: Tree) -> Tree:
    """The same for the same files: the numbers of runs taken out of backups, and the contents of reports."""
    made: Tree = {}
    for name, content in all_files.items():
        backup = _BACKUP.fullmatch(name)
        plain = f"{backup[1]}/*/{backup[2]}" if backup else name
        key, number = plain, 1
        while key in made:
            number += 1
            key = f"{plain} ({number})"
        made[key] = "a report" if name.endswith(_OF_ONE_RUN) else content
    return made


def differences(now: Tree, undisturbed: Tree) -> dict[str, str]:
    """What is missing, other, or more than after an undisturbed run; ``temporary`` where that has such a name."""
    found = dict.fromkeys(undisturbed.keys() - now.keys(), "missing")
    found |= {name: "other" for name in undisturbed.keys() & now.keys() if now[name] != undisturbed[name]}
    for name in now.keys() - undisturbed.keys():
        found[name] = "temporary" if _TEMPORARY.search(name) else "extra"
    return dict(sorted(found.items()))


def missing_originals(before: Tree, now: Tree) -> list[str]:
    """The originals whose content stands nowhere any more."""
    contents = set(now.values())
    return [name for name, content in before.items() if content not in contents]


def unsound_ledgers(top: Path) -> list[str]:
    """What SQLite says of the ledgers below a folder, where it is not ``ok``."""
    found = []
    for path in top.rglob(FILE):
        connection = sqlite3.connect(path)
        try:
            (said,) = connection.execute("PRAGMA integrity_check").fetchone()
        except sqlite3.Error as error:
            said = str(error)
        finally:
            connection.close()
        if said != "ok":
            found.append(f"{path.relative_to(top)}: {said}")
    return found
