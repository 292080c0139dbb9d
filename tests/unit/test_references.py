"""Is everything that a docstring or comment refers to still there, under that name?"""

from __future__ import annotations

import ast
import builtins
import functools
import re
from pathlib import Path

from imgbatch.cli.flag_table import run_flags
from imgbatch.cli.precedence import NOT_IN_RECIPES
from tests.pages import page

PACKAGE = Path(__file__).parents[2] / "imgbatch"
ROLE = re.compile(r":(?:func|class|meth|mod|data|attr|exc):`~?([^`]+)`")
DOTTED = re.compile(r"(?<![:`\w])`([a-z_]+(?:\.\w+)+)(?:\(\))?`(?!`)")
FILE = re.compile(r"(?<![\w.{}*/-])((?:[a-z_]+/)*[a-z_]+\.py)\b")
#: Names of files that nobody has to find: those of an example.
EXAMPLES = {"vignette.py", "my_ops.py", "ops.py"}


@functools.cache
def trees() -> dict[Path, ast.Module]:
    """The package, parsed: when a test asks, and not when the tests are collected."""
    return {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


def dotted(path: Path) -> str:
    """The dotted name of a module."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def assigned(node: ast.AST) -> set[str]:
    """The names and attributes that are assigned anywhere inside a node."""
    names = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name | ast.Attribute) and isinstance(inner.ctx, ast.Store):
            names.add(inner.id if isinstance(inner, ast.Name) else inner.attr)
    return names


@functools.cache
def classes() -> dict[str, list[ast.ClassDef]]:
    """The classes of the package by their names."""
    found: dict[str, list[ast.ClassDef]] = {}
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(node)
    return found


@functools.cache
def members(name: str) -> frozenset[str]:
    """What a class of the package has, and those that it inherits from."""
    names: set[str] = set()
    for node in classes().get(name, []):
        names |= assigned(node) | {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)}
        for base in node.bases:
            parent = ast.unparse(base).partition("[")[0].rpartition(".")[2]
            names |= members(parent) if parent != name else set()
    return frozenset(names)


def names_in(tree: ast.Module) -> set[str]:
    """What a module defines or imports, and after a dot what its classes have."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name) for alias in node.names}
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{member}" for member in members(node.name)}
    return names | {name for node in tree.body for name in assigned(node)}


@functools.cache
def module_names() -> dict[Path, set[str]]:
    """The names of each module."""
    return {path: names_in(tree) for path, tree in trees().items()}


@functools.cache
def endings() -> set[str]:
    """Every name with its module's (imgbatch.core.job.Job.record), and each end of that which begins at a dot."""
    names = {f"{dotted(path)}.{name}" for path, names in module_names().items() for name in names}
    words = [name.split(".") for name in names | {*map(dotted, trees())}]
    return {".".join(parts[start:]) for parts in words for start in range(len(parts))}


def resolves(name: str, path: Path) -> bool:
    """Whether a name means something in a module: one of its own, of its classes, or of a module that it names."""
    own = module_names()[path]
    if "." not in name:
        return name in own or any(one.endswith(f".{name}") for one in own) or hasattr(builtins, name)
    if name in own or name in endings():
        return True
    first, *rest = name.split(".")
    return (
        first == "imgbatch" and rest[0] in endings() and (len(rest) == 1 or rest[-1] in members(rest[0]))
    )


def test_every_name_in_a_docstring_or_comment_means_something() -> None:
    unknown = []
    for path, tree in trees().items():
        text = path.read_text()
        attributes = {f"self.{member}" for member in assigned(tree)}
        names = [*(name.rstrip("()") for name in ROLE.findall(text)), *({*DOTTED.findall(text)} - attributes)]
        unknown += [f"{dotted(path)}: {name}" for name in names if not resolves(name, path)]
    assert unknown == []


def test_every_file_that_a_docstring_or_comment_names_is_there() -> None:
    files = [path.as_posix() for top in ("imgbatch", "tests") for path in (PACKAGE.parent / top).rglob("*.py")]
    missing = [
        f"{dotted(path)}: {name}"
        for path in trees()
        for name in {*FILE.findall(path.read_text())} - EXAMPLES
        if not any(file.endswith(f"/{name}") for file in files)
    ]
    assert missing == []


def test_the_page_of_the_architecture_names_rooms_and_tables_that_are_there() -> None:
    text = page("architecture")
    paths = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (PACKAGE.parent / path).exists() and not (PACKAGE / path).exists()] == []


def test_the_page_of_the_environment_says_which_running_flags_are_no_setting() -> None:
    sentence = " ".join(page("environment").partition("Every running option is also")[2].partition("\n\n")[0].split())
    settings = {flag.name for flag in run_flags([]) if flag.group == "running" and flag.field == "settings"}
    others = {flag.name for flag in run_flags([]) if flag.group == "running"} - settings
    names = {name for flag in run_flags([]) if flag.name in others for name in flag.names}
    assert (
        set(re.findall(r"`(--?[a-z-]+)`", sentence)) - {f"--{name.replace('_', '-')}" for name in NOT_IN_RECIPES}
        <= names
    )
    assert all(any(f"`{name}`" in sentence for name in flag.names) for flag in run_flags([]) if flag.name in others)
    assert all(f"`--{name.replace('_', '-')}`" in sentence for name in NOT_IN_RECIPES)
