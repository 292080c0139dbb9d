"""What does a first run look like? The terminal that README shows: commands, typed, and what they said.

``python -m tests.make_terminal`` runs them on a copy of the samples under a pseudo-terminal and writes
``.github/terminal.png``.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

REPO = Path(__file__).parents[1]
LINES = [
    "imgbatch run sample_images -o out --resize 800 -f webp",
    "imgbatch run sample_images -o out --resize 800 -f webp -E 'broken/**'",
    "imgbatch history out",
]
COLUMNS = 124
SIZE, LEADING, MARGIN = 22, 30, 28  # px
GROUND, INK, PROMPT, RED = "#1d2126", "#d8dee4", "#7fb069", "#f2777a"
_RED = re.compile(r"\x1b\[31m(.*?)\x1b\[0m")


def output(line: str, folder: Path) -> str:
    """What a terminal gets of a shell's line."""
    script = f'imgbatch() {{ "{sys.executable}" -m imgbatch "$@"; }}\n{line}'
    environment = {**os.environ, "PYTHONPATH": str(REPO), "COLUMNS": str(COLUMNS), "TERM": "xterm"}
    outer, inner = pty.openpty()
    with subprocess.Popen(["sh", "-c", script], cwd=folder, env=environment, stdout=inner, stderr=inner):
        os.close(inner)
        data = b""
        try:
            while part := os.read(outer, 65536):
                data += part
        except OSError:  # EIO: the other side is closed
            pass
    os.close(outer)
    lines = data.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    return "\n".join(line.rpartition("\r")[2] for line in lines)  # a bar is written over


def rows(text: str) -> list[list[tuple[str, str]]]:
    """The lines of a text, as wide as the terminal: pieces with their colors."""
    result: list[list[tuple[str, str]]] = []
    for line in text.split("\n"):
        characters: list[tuple[str, str]] = []
        for number, piece in enumerate(_RED.split(line)):
            characters += [(character, RED if number % 2 else INK) for character in piece]
        result += [characters[at : at + COLUMNS] for at in range(0, max(1, len(characters)), COLUMNS)]
    return result


def main() -> None:
    """Write the picture."""
    font = ImageFont.truetype("DejaVuSansMono.ttf", SIZE)
    wide = font.getlength("M")
    lines: list[list[tuple[str, str]]] = []
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(REPO / "sample_images", Path(name, "sample_images"))
        for line in LINES:
            lines += [[("$", PROMPT), (" ", INK), *((character, "#ffffff") for character in line)]]
            lines += [*rows(output(line, Path(name))), []]
    size = (round(2 * MARGIN + COLUMNS * wide), 2 * MARGIN + LEADING * (len(lines) - 1))
    picture = Image.new("RGB", size, GROUND)
    draw = ImageDraw.Draw(picture)
    for row, characters in enumerate(lines):
        for column, (character, color) in enumerate(characters):
            draw.text((MARGIN + column * wide, MARGIN + row * LEADING), character, color, font)
    picture.quantize(64).save(REPO / ".github" / "terminal.png", optimize=True)


if __name__ == "__main__":
    main()
