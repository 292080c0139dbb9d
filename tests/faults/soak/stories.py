"""What do users do, step by step? Short stories of commands, each with what may be missing after it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.soak.place import bad_original, originals

_OPS = ("--resize", "16", "-j", "0", "-Q")
_OUT = ("run", "photos", "-o", "out", *_OPS)
_IN_PLACE = ("run", "photos", "--in-place", *_OPS)
_UNDO = ("undo", "photos")
#: A folder on another disk, where a story needs one: it stands for its path.
OTHER_DISK = "OTHER-DISK"

Step = tuple[str, ...] | Callable[[Path], None]


@dataclass(frozen=True)
class Story:
    """Commands, or what the user does between them; `deletes` are originals that the user takes away."""

    steps: tuple[Step, ...]
    deletes: tuple[str, ...] = ()


def delete(place: Path) -> None:
    """The user deletes a photo."""
    (place / "photos/sub/002.png").unlink(missing_ok=True)


def rename(place: Path) -> None:
    """The user renames a photo and its folder."""
    if (place / "photos/sub").exists():
        (place / "photos/sub").rename(place / "photos/trip")
        (place / "photos/000.png").rename(place / "photos/first.png")


def link(place: Path) -> None:
    """The user gives photos a second name elsewhere, so that originals are copied, not linked."""
    for photo in sorted((place / "photos").glob("*.*")):
        (place / "twins").mkdir(exist_ok=True)
        (place / "twins" / photo.name).hardlink_to(photo)


STORIES = {
    "output": Story((_OUT,)),
    "preserve": Story(((*_OUT, "-p"),)),
    "widths and reports": Story(
        ((
            "run", "photos", "-o", "out", "--widths", "8,12", "--srcset", "srcset.json", "--report", "report.csv",
            "--failed-list", "failed.txt", "--stats", "stats.json", "-j", "0", "-Q",
        ),)
    ),
    "log and metrics": Story(
        (("run", "photos", "-o", "out", "--log", "x.log", "--report", "web.prom", "--json", *_OPS[:-1]),)
    ),
    "reports in folders of their own": Story(
        ((
            *_OUT[:-1], "--report", "r/report.json", "--report", "r/report.csv", "--report", "m/web.prom",
            "--failed-list", "f/failed.txt", "--stats", "t/stats.json", "--srcset", "s/srcset.json",
        ),)
    ),
    "pack": Story((("pack", "photos", "-o", "p/all.npy", "--overwrite", "--resize", "8x8!", "-j", "0", "-Q"),)),
    "mean image": Story((("stats", "photos", "--mean-image", "m/mean.png", "--plot", "g/plot.png", "-j", "0", "-Q"),)),
    "in place": Story((_IN_PLACE,)),
    "in place, undo": Story((_IN_PLACE, _UNDO)),
    "in place with twins, undo": Story((link, _IN_PLACE, _UNDO)),
    "in place twice, undo twice": Story(
        (_IN_PLACE, ("run", "photos", "--in-place", "--grayscale", "-j", "0", "-Q"), _UNDO, _UNDO)
    ),
    "archive and quarantine": Story(((*_OUT, "--archive", "done", "--quarantine", "bad"),)),
    "archive on another disk": Story(
        ((*_OUT, "--archive", f"{OTHER_DISK}/done", "--quarantine", f"{OTHER_DISK}/bad"),)
    ),
    "undo of outputs": Story((_OUT, ("undo", "out"))),
    "prune": Story((_OUT, delete, (*_OUT, "--prune")), ("sub/002.png",)),
    "renamed sources": Story((_OUT, rename, _OUT)),
}  # fmt: skip


def make_originals(folder: Path) -> Path:
    """Three pictures and one that ends early, in two folders."""
    shutil.rmtree(folder, ignore_errors=True)
    originals(folder, 3)
    bad_original(folder)
    return folder
