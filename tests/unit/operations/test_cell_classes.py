"""Is an operation that was typed in a cell the same operation exactly as long as it does the same?"""

from __future__ import annotations

import importlib.util
import linecache
import os
import pickle
import subprocess
import sys
import types
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.operations import Operation, cell_classes, plugins

ROOT = Path(__file__).parents[3]
HEAD = "from dataclasses import dataclass\nimport imgbatch as ib\n"
CLASS = (
    "@ib.operation('typed')\n@dataclass(frozen=True)\nclass Typed(ib.Operation):\n"
    "    'Adds.'\n    step: int = 1\n    LIMIT = 200\n"
    "    def apply(self, image):\n        return image.point(lambda value: helper(value) + AMOUNT)\n"
)
REST = (
    "AMOUNT = 3\nWAY = 1\ndef inner(value, way=WAY):\n    return value\n"
    "def helper(value, by=1):\n    return inner(value) * by\n"
)
SENT = "import sys, pickle; op = pickle.load(sys.stdin.buffer); print(op, op.apply.__name__)"
needs_cloudpickle = pytest.mark.skipif(importlib.util.find_spec("cloudpickle") is None, reason="needs cloudpickle")


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A ``__main__`` without a file."""
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


def execute(module: types.ModuleType, text: str, remember: bool = True) -> type[Operation]:
    """Execute a cell, whose lines are known as a kernel has it, and give its class."""
    name = f"<cell {hash(text)}>"
    if remember:
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), vars(module))
    cls: type[Operation] = vars(module)["Typed"]
    return cls


@pytest.mark.parametrize("remember", [True, False], ids=["source", "bytecode"])
def test_code_stays_when_a_cell_is_executed_again_or_has_other_lines(
    notebook: types.ModuleType, remember: bool
) -> None:
    first = plugins.code(execute(notebook, HEAD + CLASS + REST, remember))
    other = HEAD + "report = 1\n" + REST + "# a comment\n" + CLASS + "point = 3\n"
    assert plugins.code(execute(notebook, HEAD + CLASS + REST, remember)) == first
    assert plugins.code(execute(notebook, other, remember)) == first
    assert len(first) == 64


@pytest.mark.parametrize("remember", [True, False], ids=["source", "bytecode"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("+ AMOUNT", "- AMOUNT"), ("AMOUNT = 3", "AMOUNT = 4"), ("AMOUNT = 3", "AMOUNT = [1, {2: 'x'}]"),
        ("return inner(value)", "return inner(value + 1)"), ("    return value\n", "    return value % 9\n"),
        ("by=1", "by=2"), ("WAY = 1", "WAY = 2"), ("LIMIT = 200", "LIMIT = 100"),
    ],
)  # fmt: skip
def test_code_changes_with_what_the_class_does(
    notebook: types.ModuleType, old: str, new: str, remember: bool
) -> None:
    text = HEAD + CLASS + REST
    assert old in text
    first = plugins.code(execute(notebook, text, remember))
    assert plugins.code(execute(notebook, text.replace(old, new), remember)) != first


def test_code_changes_with_a_value_of_the_notebook_alone(notebook: types.ModuleType) -> None:
    cls = execute(notebook, HEAD + CLASS + REST)
    first = plugins.code(cls)
    notebook.AMOUNT = 5  # type: ignore[attr-defined]  # a cell further below
    assert plugins.code(cls) != first


def test_code_of_a_local_class_counts_what_it_has_caught() -> None:
    def typed(amount: int) -> type[Operation]:
        from dataclasses import dataclass

        @dataclass(frozen=True)
        class Typed(Operation):
            word = "local"

            def apply(self, image: object) -> object:  # type: ignore[override]
                return (image, amount)

        return Typed

    assert plugins.code(typed(1)) == plugins.code(typed(1)) != plugins.code(typed(2))


def test_code_does_not_depend_on_the_process() -> None:
    """Nor where a set is in another order in each."""
    cls = CLASS.replace("+ AMOUNT", "+ (value in {'a', 'b', 'c', 'd'} | AMOUNT)")
    text = HEAD + cls + REST + "AMOUNT = {'x', 'y', 'z'}\n"
    program = f"exec({text!r})\nfrom imgbatch.operations.plugins import code\nprint(code(Typed))"
    codes = set()
    for seed in "123":
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
        codes.add(subprocess.check_output([sys.executable, "-c", program], env=environment, text=True))
    assert len(codes) == 1


def test_what_would_send_it_is_named(notebook: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(ib.EngineError) as caught:
        plugins.refuse_immobile([execute(notebook, HEAD + CLASS)()])
    assert str(caught.value) == (
        "operation typed cannot be sent to the workers: its class was typed at a prompt or in a notebook; "
        "pip install 'imgbatch[notebook]', define it at the top of a FILE.py, or run with workers=0"
    )


@needs_cloudpickle
def test_it_is_sent_whole(notebook: types.ModuleType) -> None:
    op = execute(notebook, HEAD + CLASS + REST)(step=7)  # type: ignore[call-arg]  # of the cell
    plugins.refuse_immobile([op])
    data = pickle.dumps([op, op])
    done = subprocess.run(
        [sys.executable, "-c", SENT.replace("op =", "op, _ =")], input=data, capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.split() == [b"Typed(step=7)", b"apply"]
    apply = type(op).apply
    assert pickle.loads(data)[0] == op, "in this process it is of the same class"
    assert type(op).apply is apply, "which still reads the values of its notebook"


@needs_cloudpickle
def test_what_cannot_be_sent_all_the_same_is_refused(notebook: types.ModuleType) -> None:
    cls = execute(notebook, HEAD + "import threading\n" + CLASS + REST.replace("= 3", "= threading.Lock()"))
    with pytest.raises(ib.EngineError, match=r"cannot be sent to the workers: .*lock.*; define it at the top of a FIL"):
        plugins.refuse_immobile([cls()])
    assert cell_classes.import_obstacle(cls)
