"""Marks: what does W12 lay over each photograph, and with which files?

Two pictures and two texts, one in each corner: a mark at the top left; the same mark at 60 % at the bottom right; the
file's stem at the bottom left, white with a black outline; a fixed line at the top right. All have one size in px and
one margin, so that programs without shares of the picture's side can do the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

SIZE = (240, 80)  # of the mark, px
MARGIN = 24  # px
LETTERS = 40  # the font's em, px
OUTLINE = 3  # px
FADED = 0.6
LINE = "(c) 2026 Example"
#: The part of a corner that holds a text in anybody's font, in px: what SSIM does not look at.
TEXT_BOX = (520, 110)


@dataclass(frozen=True)
class Marks:
    """The files, made when they are not there yet: the mark, the same with 60 % of its alpha, the font of the texts."""

    folder: Path

    @property
    def image(self) -> Path:
        return self._present("mark.png")

    @property
    def faded(self) -> Path:
        return self._present("faded.png")

    @property
    def font(self) -> Path:
        return self._present("letters.ttf")

    def spec(self) -> dict[str, Any]:
        """What the scripts in engines/ read."""
        return {
            "image": str(self.image), "faded": str(self.faded), "font": str(self.font),
            "margin": MARGIN, "letters": LETTERS, "outline": OUTLINE, "line": LINE,
        }  # fmt: skip

    def _present(self, name: str) -> Path:
        if not (self.folder / name).is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            _write_files(self.folder)
        return self.folder / name


def _write_files(folder: Path) -> None:
    """A disk and a half transparent bar, smooth at the edges, and Pillow's own font as a file."""
    width, height = SIZE[0] * 4, SIZE[1] * 4
    large = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(large)
    draw.ellipse((0, 0, height - 1, height - 1), fill=(220, 60, 40, 255))
    draw.rectangle((height + 40, height // 4, width - 1, height * 3 // 4), fill=(255, 255, 255, 180))
    mark = large.resize(SIZE, Image.Resampling.LANCZOS)
    mark.save(folder / "mark.png")
    mark.putalpha(mark.getchannel("A").point([round(FADED * level) for level in range(256)]))
    mark.save(folder / "faded.png")
    font = ImageFont.load_default(LETTERS)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise SystemExit("expected a Pillow with FreeType for W12, got one without")
    (folder / "letters.ttf").write_bytes(font.font_bytes)
