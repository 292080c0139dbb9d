"""Is each format in one table, and is its file and one entry all that a new one takes?"""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

import imgbatch
from imgbatch import codecs
from imgbatch.codecs import formats
from imgbatch.codecs.base import Codec
from imgbatch.codecs.registry import CODECS, WRITTEN

PACKAGE = Path(imgbatch.__file__).parent
SGI = """
from imgbatch.codecs.base import Codec


class Sgi(Codec):
    name = "sgi"
    modes = frozenset({"L", "RGB", "RGBA"})
    icc = exif = False

    def options(self, encoding, frames):
        return {}
"""
ENTRY = 'Format("formats.sgi:Sgi", "SGI", "SgiImagePlugin", (".sgi",), lambda prefix: prefix[:2] == bytes((1, 218)))'


def test_every_codec_is_in_the_table_once_under_its_own_name() -> None:
    names = [f"{formats.__name__}.{one.name}" for one in pkgutil.iter_modules(formats.__path__)]
    classes = {
        f"formats.{module.__name__.rpartition('.')[2]}:{value.__name__}"
        for module in map(importlib.import_module, names)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Codec) and value.__module__ == module.__name__
    }
    assert sorted(entry.codec for entry in WRITTEN.values()) == sorted(classes)
    assert [codec.name for codec in codecs.all_codecs()] == list(CODECS)


def test_a_format_is_its_file_and_one_entry(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "imgbatch", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "imgbatch" / "codecs" / "formats" / "sgi.py").write_text(SGI)
    table = tmp_path / "imgbatch" / "codecs" / "registry.py"
    head, _, rest = table.read_text().partition('    "bmp": Format(')
    table.write_text(f'{head}    "sgi": {ENTRY},\n    "bmp": Format({rest}')
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "a.png")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}

    def command(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "imgbatch", *words], cwd=tmp_path, env=environment, capture_output=True, text=True,
            check=True, timeout=60,
        ).stdout  # fmt: skip

    command("run", "a.png", "-o", "made", "-f", "sgi", "-Q")
    command("run", "made", "-o", "again", "--resize", "20", "-Q")  # read, and written in its own format
    with Image.open(tmp_path / "again" / "a.sgi") as image:
        assert (image.format, image.size, image.mode) == ("SGI", (20, 15), "RGB")
    assert [line.split()[0] for line in command("formats").splitlines()].count("sgi") == 1
