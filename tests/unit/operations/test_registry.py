"""Is each operation in the table, once, and is that all that an operation of ours needs?"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch import operations
from imgbatch.operations import Operation, all_operations, find_operation
from imgbatch.operations.registry import MODULES
from tests import make_stubs

PACKAGE = Path(str(ib.__file__)).parent
ROOT = PACKAGE.parent
TRANSPOSE = '''"""Transpose: how do rows become columns?"""

from dataclasses import dataclass
from typing import ClassVar

from PIL.Image import Image
from PIL.Image import Transpose as Method

from imgbatch.operations.base import Operation


@dataclass(frozen=True)
class Transpose(Operation):
    """Let rows become columns."""

    word: ClassVar[str] = "transpose"
    group: ClassVar[str] = "geometry"

    def apply(self, image: Image) -> Image:
        return image.transpose(Method.TRANSPOSE)
'''
USE = """
import imgbatch as ib
from imgbatch import testing
from imgbatch.__main__ import main
assert "Transpose" in ib.__all__ and "Transpose" in dir(ib) and ib.Transpose().word == "transpose"
assert ib.operations.find_operation("transpose") is ib.Transpose
testing.check_operation(ib.Transpose)
assert main(["ops", "transpose"]) == 0
assert main(["run", "dunes.jpg", "-o", "out", "--transpose", "--resize=8", "-Q"]) == 0
"""


def test_every_operation_stands_in_the_table_once() -> None:
    modules = []
    for module in pkgutil.walk_packages(operations.__path__, "imgbatch.operations."):
        for name, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(cls, Operation) and cls.group and cls.__module__ == module.name:  # Reduction is in no help
                modules.append((name, module.name.removeprefix("imgbatch.operations.")))
    assert sorted(modules) == sorted(MODULES.items())
    assert len({cls.word for cls in all_operations()}) == len(MODULES)


@pytest.mark.parametrize("cls", all_operations(), ids=lambda cls: str(cls.word))
def test_every_operation_is_found_by_its_word_and_by_no_other(cls: type[Operation]) -> None:
    assert find_operation(cls.word) is find_operation(cls.word.replace("_", "-")) is cls
    for other in (cls.word.upper(), f"{cls.word}_", cls.word.replace("_", "") + "_x", f"_{cls.word}"):
        assert find_operation(other) is None


def test_each_public_name_is_imported_from_where_it_is_made() -> None:
    for package in (ib, operations):
        for name in package.__all__:
            thing = getattr(package, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                assert thing.__module__ == f"{package.__name__}.{package._HOMES[name]}"


@pytest.mark.parametrize("room", make_stubs.ROOMS)
def test_type_checkers_see_the_same_names(room: str) -> None:
    assert make_stubs.place(room).read_text() == make_stubs.stub(room), "run python -m tests.make_stubs"


@pytest.mark.parametrize("name", ["Transpose", "HDRTranspose", "transpose3D"])
def test_an_operation_is_its_file_and_one_line(tmp_path: Path, name: str) -> None:
    word = {"HDRTranspose": "hdr_transpose", "transpose3D": "transpose_3d"}.get(name, "transpose")
    use = USE.replace("Transpose", name).replace('"transpose"', f'"{word}"')
    use = use.replace("--transpose", f"--{word.replace('_', '-')}")
    code = TRANSPOSE.replace("Transpose(Operation)", f"{name}(Operation)").replace('"transpose"', f'"{word}"')
    copy = tmp_path / "imgbatch"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "sample_images" / "travel" / "2023" / "desert" / "dunes.jpg", tmp_path)
    (copy / "operations" / "geometry" / "transpose.py").write_text(code)
    table = copy / "operations" / "registry.py"
    line = '    "Flop": "geometry.flip",\n'
    assert line in table.read_text()
    table.write_text(table.read_text().replace(line, f'{line}    "{name}": "geometry.transpose",\n'))
    (tmp_path / "use.py").write_text(f"if __name__ == '__main__':\n{use.replace(chr(10), chr(10) + '    ')}")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    process = subprocess.run(
        [sys.executable, "use.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert f"--{word.replace('_', '-')}" in process.stdout and (tmp_path / "out" / "dunes.jpg").exists()
    stubs = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({str(ROOT)!r}); from tests import make_stubs\n"
         "print(*map(make_stubs.stub, make_stubs.ROOMS))"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert stubs.stdout.count(f"from imgbatch.operations.geometry.transpose import {name}\n") == 2, stubs.stderr
