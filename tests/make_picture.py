"""What does the README show? Six results from two samples, each with the flags that made it.

``python -m tests.make_picture`` writes ``.github/picture.jpg``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import imgbatch as ib
from imgbatch.core.parameters import from_words
from imgbatch.operations import get_operation

REPO = Path(__file__).parents[1]
EVENING = "travel/2024/coast/evening.jpg"
DUNES = "travel/2023/desert/dunes.jpg"
CELLS = [
    (EVENING, [("resize", "400")]),
    (DUNES, [("resize", "260x260,fit=cover")]),
    (EVENING, [("resize", "260x260,fit=contain,background=#203040")]),
    (DUNES, [("resize", "300"), ("rotate", "-8")]),
    (EVENING, [("resize", "400"), ("grayscale", ""), ("contrast", "1.3")]),
    (DUNES, [("resize", "380"), ("border", "10,color=#a03020")]),
]
CELL = (440, 320)
GROUND, INK = "#f4f1ec", "#333333"


def main() -> None:
    sheet = Image.new("RGB", (CELL[0] * 3, CELL[1] * 2), GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=15)
    for number, (source, words) in enumerate(CELLS):
        left, top = number % 3 * CELL[0], number // 3 * CELL[1]
        with Image.open(REPO / "sample_images" / source) as image:
            made = ib.apply(image, [from_words(get_operation(word), value) for word, value in words])
        place = (left + (CELL[0] - made.width) // 2, top + (CELL[1] - 40 - made.height) // 2)
        sheet.paste(made.convert("RGB"), place)
        flags = " ".join(f"--{word} {value}".strip() for word, value in words)
        draw.text((left + CELL[0] // 2, top + CELL[1] - 26), flags, fill=INK, font=font, anchor="mm")
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else REPO / ".github" / "picture.jpg"
    target.parent.mkdir(exist_ok=True)
    sheet.save(target, quality=85)


if __name__ == "__main__":
    main()
