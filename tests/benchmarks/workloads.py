"""Jobs: which are measured? W1 to W13, each once, as plain values that every contender's command is made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

QUALITY = 82


@dataclass(frozen=True)
class Shape:
    """A size that every picture is brought to: fitted into it (never enlarged), or covering it (cropped).

    `folder` is where it goes, below the target; a height of None follows from the width.
    """

    width: int
    height: int | None
    cover: bool = False
    folder: str = ""


@dataclass(frozen=True)
class Workload:
    """One job. `data` names a set of pictures (data.py).

    `soften` adds blur 2 and unsharp 1 after the resize; `marks` the four marks of marks.py. GIFs keep their frames,
    TIFFs their 16 bits. `task` says what is wanted: "convert" files, "load" them as one array, or their "stats".
    """

    key: str
    title: str
    data: str
    shapes: tuple[Shape, ...]
    format: str = "jpeg"
    soften: bool = False
    marks: bool = False
    task: str = "convert"

    @property
    def suffix(self) -> str:
        return {"jpeg": ".jpg", "tiff": ".tif"}.get(self.format, f".{self.format}")

    @property
    def lossless(self) -> bool:
        """Whether the format has no quality, so that nobody is told one."""
        return self.format in ("png", "gif", "tiff")

    def spec(self, workers: int, marks: dict[str, Any] | None = None) -> str:
        """What the scripts in engines/ read."""
        return json.dumps({
            "shapes": [[shape.width, shape.height, shape.cover, shape.folder] for shape in self.shapes],
            "suffix": self.suffix, "quality": QUALITY, "soften": self.soften, "workers": workers, "marks": marks,
        })  # fmt: skip


def _fit(size: int) -> tuple[Shape, ...]:
    return (Shape(size, size),)


WORKLOADS = (
    Workload("W1", "photos fitted into 1600 px, JPEG", "photos", _fit(1600)),
    Workload("W2", "photos fitted into 256 px, JPEG", "photos", _fit(256)),
    Workload("W3", "small JPEGs cropped to 256x256", "small", (Shape(256, 256, cover=True),)),
    Workload("W4", "PNG -> WebP, fitted into 800 px", "pngs", _fit(800), "webp"),
    Workload("W5", "photos fitted into 1600 px, blur 2, unsharp 1", "photos", _fit(1600), soften=True),
    Workload("W6", "photos at 320, 640, 1280 and 1920 px width", "photos",
             tuple(Shape(width, None, folder=str(width)) for width in (320, 640, 1280, 1920))),
    Workload("W7", "small JPEGs as one array, 224x224", "small", (), task="load"),
    Workload("W8", "tiny PNGs fitted into 32 px", "tiny", _fit(32), "png"),
    Workload("W9", "start-up: one small JPEG to 256 px", "one", _fit(256)),
    Workload("W10", "animated GIFs of 600x450 px at 50 %", "animations", (Shape(300, 225),), "gif"),
    Workload("W11", "16-bit TIFFs fitted into 1600 px, with 16 bits", "scans", _fit(1600), "tiff"),
    Workload("W12", "photos fitted into 1600 px, two pictures and two texts laid over", "photos", _fit(1600),
             marks=True),
    Workload("W13", "statistics of small JPEGs", "small", (), task="stats"),
)  # fmt: skip
