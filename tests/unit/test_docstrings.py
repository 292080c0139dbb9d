"""Is every public function said to do something, and every parameter of the longer ones what it must be?

A function that overrides another is described there; a setter and an overload, where the property and the function are.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "imgbatch"
#: From so many parameters on, besides ``self`` and ``cls``, each stands in a section of its own.
PARAMETERS = 3
SECTION = "Parameters\n----------\n"


class ClassDocs:
    """A class of the package: the docstrings of its methods, and the names of its bases."""

    def __init__(self, node: ast.ClassDef) -> None:
        self.bases = [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases]
        self.docstrings = {function.name: ast.get_docstring(function) or "" for function in functions(node)}


def functions(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The public functions right inside a module or class; of a property and of overloads, the one that is called."""
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
            decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in child.decorator_list}
            if not decorators & {"setter", "overload"}:
                yield child


@functools.cache
def modules() -> dict[Path, ast.Module]:
    """The package, parsed: when a test asks, and not when the tests are collected."""
    return {path.relative_to(PACKAGE): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


@functools.cache
def classes() -> dict[str, ClassDocs]:
    """The classes of the package by their names, which are all different (test_words)."""
    trees = modules().values()
    return {node.name: ClassDocs(node) for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


def docstrings(owner: str, name: str) -> Iterator[str]:
    """The docstrings of a method: the class's own and, from there up, those of what it overrides."""
    described = classes().get(owner)
    if described is not None:
        yield described.docstrings.get(name, "")
        for base in described.bases:
            yield from docstrings(base, name)


def parameters(function: ast.FunctionDef) -> list[str]:
    """The names of its parameters, without ``self`` and ``cls``, ``*args`` and ``**options``."""
    every = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return [one.arg for one in every if one.arg not in ("self", "cls")]


def test_every_public_function_has_a_docstring_and_a_longer_one_describes_its_parameters() -> None:
    silent, bare = [], []
    for path, tree in modules().items():
        owners = (child for child in tree.body if isinstance(child, ast.ClassDef))
        places: list[ast.Module | ast.ClassDef] = [tree, *owners]
        for node in places:
            owner = node.name if isinstance(node, ast.ClassDef) else ""
            for function in functions(node):
                said = [ast.get_docstring(function) or "", *docstrings(owner, function.name)]
                place = f"{path}: {f'{owner}.{function.name}'.lstrip('.')}"
                if not any(said):
                    silent.append(place)
                elif len(parameters(function)) >= PARAMETERS and not any(SECTION in text for text in said):
                    bare.append(place)
    assert not silent, "a sentence that the name does not say already: what it takes, gives, or refuses"
    assert not bare, "a section Parameters: shapes, units, ranges"
