"""Recipes as users write them: sizes and colors as they come."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import imgbatch as ib

resize = ib.Resize(1600)
assert_type(resize.size, str)
box = ib.Resize((800, 600), fit="cover", background=(255, 255, 255))
assert_type(box.background, str | None)
ops: list[ib.Operation] = [
    resize, box, ib.Crop((300, 200)), ib.Pad("1:1", background="white"), ib.Pad((900, 900)), ib.Border(10, (255, 0, 0)),
    ib.Rotate(90, background=(0, 0, 0, 0)), ib.Flatten((250, 250, 250)), ib.Tint("#ff8800"),
    ib.Unsharp(1.0, amount=0.8), ib.Lut(Path("look.cube")),
    ib.Text("{stem}", size=20, color=(0, 0, 0), font=Path("font.ttf")), ib.Watermark(Path("logo.png"), size="10%"),
    ib.FlatField("flat.png"), ib.MatchHistogram(image=Path("best.png")), ib.Alpha("remove"),
]  # fmt: skip
output = ib.Output(
    "webp", quality=80, max_bytes="200KB", background=(255, 255, 255), dir=Path("thumbs"), set={"keywords": ["a", "b"]}
)
assert_type(output.max_bytes, int | None)
assert_type(output.dir, str)
recipe = ib.Recipe(ops=ops, outputs=[output])
filters = ib.Filters(newer_than="1d", min_size="1MB", exclude="**/drafts/**")
assert_type(filters.newer_than, float | None)

ib.Resize([800, 600])  # type: ignore[arg-type]
ib.Resize((800, 600, 3))  # type: ignore[arg-type]
ib.Flatten((1, 2))  # type: ignore[arg-type]
ib.Resize(1600, kernal="lanczos")  # type: ignore[call-arg]
ib.Resize(1600, fit="covre")  # type: ignore[arg-type]
ib.Resize(1600, kernel="lanzcos")  # type: ignore[arg-type]
ib.Output(format="wepb")  # type: ignore[arg-type]
ib.Output(fmt="webp")  # type: ignore[call-arg]
