"""Do type checkers take what users write, and the Python of README and of the manual, and find what is wrong?

The scripts of tests/user_scripts are part of what mypy checks in this project; here they and the pages' snippets are
checked as somebody else's. pyright is no part of the test extra: without it, its tests are skipped.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import inspect
import os
import shutil
import subprocess
import sys
import textwrap
import typing
from pathlib import Path
from typing import Any, Literal

import pytest

import imgbatch as ib
from imgbatch.core.parameter_kinds import Choice
from imgbatch.core.parameters import parameters
from imgbatch.core.run_settings import Filters
from imgbatch.datasets.duplicate_groups import LIKENESSES
from imgbatch.datasets.sheets.layout import ORDERS
from imgbatch.operations.registry import all_operations
from imgbatch.operations.support import lengths
from imgbatch.pipeline.fill_array_row import CHANNELS
from imgbatch.pixels.statistics import WEIGHTS
from imgbatch.planning.recipe import Output
from imgbatch.runs import keywords
from imgbatch.runs.keywords import RunKeywords
from tests.pages import PAGES, blocks

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "tests" / "user_scripts").glob("*.py"))
has_pyright = importlib.util.find_spec("pyright") is not None and shutil.which("node") is not None
needs_pyright = pytest.mark.skipif(not has_pyright, reason="needs pyright (pip install pyright) and node")


@pytest.fixture(scope="module")
def snippets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The Python of README and of the manual, each block a file; but for what needs a package that is not there."""
    folder = tmp_path_factory.mktemp("snippets")
    files = []
    for topic in PAGES:
        for number, block in enumerate(blocks(topic, "python")):
            if "import ray" in block and importlib.util.find_spec("ray") is None:
                continue
            files.append(folder / f"{topic.replace('-', '_')}_{number}.py")
            files[-1].write_text(block, encoding="utf-8")
    assert len(files) >= 3
    return files


def mypy(files: list[Path]) -> str:
    """What mypy --strict says of files; it knows imgbatch already where the project was checked before."""
    words = ["--strict", "--no-error-summary", "--cache-dir", str(ROOT / ".mypy_cache"), *map(str, files)]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    config = ["--config-file", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *config, *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def pyright(files: list[Path], folder: Path) -> str:
    """What pyright says of files in strict mode; what it does not know of other packages counts for nothing."""
    (folder / "pyrightconfig.json").write_text(
        '{"typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": "error", '
        f'"extraPaths": ["{ROOT}"], "reportUnusedExpression": "none"}}'
    )
    for file in files:
        shutil.copy(file, folder / file.name)
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", str(folder), "--pythonpath", sys.executable],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_mypy_takes_the_python_of_every_page(snippets: list[Path]) -> None:
    assert mypy(snippets) == ""


@needs_pyright
def test_pyright_takes_the_python_of_every_page(snippets: list[Path], tmp_path: Path) -> None:
    assert "0 errors" in (said := pyright(snippets, tmp_path)), said


@needs_pyright
def test_pyright_takes_what_users_write(tmp_path: Path) -> None:
    assert "0 errors" in (said := pyright(SCRIPTS, tmp_path)), said


def typed_classes() -> list[type[Any]]:
    """The classes that say for type checkers what their fields may be given as."""
    classes = (*all_operations(), Output, Filters)
    return [cls for cls in classes if "if TYPE_CHECKING:" in inspect.getsource(cls)]


@pytest.mark.parametrize("cls", typed_classes(), ids=lambda cls: cls.__name__)
def test_what_type_checkers_see_has_the_same_parameters_and_defaults(cls: type[Any]) -> None:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    (init,) = (node.body[0] for node in body.body if isinstance(node, ast.If))
    assert isinstance(init, ast.FunctionDef)
    seen = [argument.arg for argument in init.args.args[1:]]
    defaults = dict(zip(reversed(seen), map(ast.literal_eval, reversed(init.args.defaults)), strict=False))
    fields = [field for field in dataclasses.fields(cls) if not field.kw_only]
    assert seen == [field.name for field in fields]
    assert defaults == {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}


@pytest.mark.parametrize("cls", [*all_operations(), Output], ids=lambda cls: cls.__name__)
def test_type_checkers_see_the_words_of_a_choice(cls: type[Any]) -> None:
    """A slip in a word is underlined in an editor; each word that is taken in small letters is known."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    inits = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    seen = {argument.arg: argument.annotation for init in inits for argument in init.args.args[1:]}
    hints = typing.get_type_hints(cls)
    for parameter in parameters(cls):
        if not isinstance(parameter.kind, Choice):
            continue
        hint, annotation = hints[parameter.name], seen.get(parameter.name)
        if annotation is not None:
            hint = eval(ast.unparse(annotation), vars(sys.modules[cls.__module__]) | vars(lengths))
        words = {word for word in _literals(hint) if word is not None}
        kind = parameter.kind
        assert words == {*kind.words, *(other for other, word in kind.spellings if word in kind.words)}, parameter.name


def test_type_checkers_see_the_words_of_a_setting() -> None:
    for one in parameters(ib.Settings):
        if isinstance(one.kind, Choice):
            hint = eval(RunKeywords.__annotations__[one.name].__forward_arg__, vars(keywords))
            assert _literals(hint) - {None} == set(one.kind.words), one.name
    for function in (ib.stats, ib.load):
        modes: Any = inspect.signature(function).parameters["mode"].annotation
        assert _literals(eval(modes, vars(keywords))) == set(CHANNELS)
    for other, name, words in (
        (ib.stats, "weight", WEIGHTS), (ib.sheet, "order", ORDERS), (ib.duplicates, "likeness", LIKENESSES),
    ):  # fmt: skip
        hint = inspect.signature(other).parameters[name].annotation
        assert _literals(eval(hint, vars(keywords))) == set(words), name


def _literals(hint: Any) -> set[Any]:
    """The words of a Literal, of which None may be one besides."""
    if typing.get_origin(hint) is Literal:
        return set(typing.get_args(hint))
    return {word for part in typing.get_args(hint) for word in (_literals(part) if part is not type(None) else {None})}


def test_sizes_colors_and_paths_as_python_has_them() -> None:
    import numpy

    assert ib.Resize((800, 600)) == ib.Resize("800x600") == ib.Resize((numpy.int64(800), numpy.uint16(600)))
    assert ib.Flatten((255, 0, numpy.uint8(9))) == ib.Flatten("#ff0009")
    assert ib.Resize(9, background=(1, 2, 3, 4)).background == "#01020304"
    assert ib.Output(dir=Path("thumbs")) == ib.Output(dir="thumbs")
    assert ib.run([], "out", archive=Path("done"), state=Path("state"), workers=0).ok


@pytest.mark.parametrize("size", [(), (800,), (1, 2, 3), (True, 2), (1.5, 2), (-1, 2), (2, 10**7), [8, 6], ("8", "6")])
def test_other_tuples_are_no_sizes(size: Any) -> None:
    with pytest.raises(ib.UsageError, match="expected a size such as"):
        ib.Resize(size)


@pytest.mark.parametrize("color", [(1, 2), (1, 2, 256), (1, 2, -1), (1, 2, 3, 4, 5), (0.5, 0.5, 0.5), [1, 2, 3]])
def test_other_tuples_are_no_colors(color: Any) -> None:
    with pytest.raises(ib.UsageError, match="color such as"):
        ib.Flatten(color)


def test_help_names_every_setting_and_shows_two_examples() -> None:
    text = inspect.getdoc(ib.run) or ""
    for field in dataclasses.fields(ib.Settings):
        assert f"\n{field.name} : " in text, field.name
    assert text.count("ib.run(") == 2
