"""Does a notebook show runs in short, and send what is typed in it to workers? Executed by a real kernel.

nbclient, ipykernel and cloudpickle are no part of the test extra: without them these tests are skipped.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

HAS_KERNEL = all(importlib.util.find_spec(name) for name in ("nbclient", "nbformat", "ipykernel", "cloudpickle"))
pytestmark = pytest.mark.skipif(not HAS_KERNEL, reason="needs nbclient, ipykernel and cloudpickle")
ROOT = Path(__file__).parents[2]
TYPED = (
    "from dataclasses import dataclass\n"
    "@ib.operation('typed')\n@dataclass(frozen=True)\nclass Typed(ib.Operation):\n"
    "    'Does nothing.'\n    def apply(self, image):\n        return image\n"
    "recipe = ib.Recipe(ops=[Typed()])\n"
)
RUN = "report = ib.run('sample_images/travel', OUT + '5', recipe, workers=2)\ndict(report.counts)"
CELLS = (
    'import imgbatch as ib\nib.run("sample_images", OUT, ib.Recipe(ops=[ib.Resize(200)]), workers=2)',
    'ib.run("sample_images/travel", OUT + "2", workers=0, progress=True).ok',
    'handle = ib.start("sample_images/travel", OUT + "3", workers=2)\nhandle.result()\nhandle',
    'ib.stats("sample_images/travel", workers=2)',
    "async for outcome in ib.aprocess('sample_images/travel', OUT + '4', workers=2):\n    pass\noutcome",
    TYPED + RUN,
    TYPED + RUN,  # executed again
    TYPED.replace("return image", "return lighter(image)") + "def lighter(image):\n    return image\n" + RUN,
    "from concurrent.futures import ProcessPoolExecutor\nfrom multiprocessing import get_context\n"
    "with ProcessPoolExecutor(2, get_context('spawn')) as pool:\n"
    "    report = ib.run('sample_images/travel', OUT + '6', recipe, executor=pool)\nreport.counts['ok']",
    "import sys\nsys.modules['cloudpickle'] = None\n"
    "try:\n    ib.run('sample_images/travel', OUT + '7', recipe, workers=2)\n"
    "except ib.EngineError as error:\n    print(error)\n"
    "ib.run('sample_images/travel', OUT + '7', recipe, workers=0).ok",
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What each cell of the notebook has shown."""
    nbformat, nbclient = (importlib.import_module(name) for name in ("nbformat", "nbclient"))
    folder = tmp_path_factory.mktemp("notebook")
    first = f"OUT = {str(folder / 'out')!r}"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in (first, *CELLS)])
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute(
        env={**os.environ, "PYTHONPATH": path}
    )
    return [json.loads(json.dumps(cell.outputs)) for cell in notebook.cells[1:]]


def shown(output: list[dict[str, Any]], kind: str) -> str:
    """What a cell's last line has shown, in one of its kinds."""
    return str(output[-1]["data"][kind])


def test_results_are_short(outputs: list[list[dict[str, Any]]]) -> None:
    report, _, handle, statistics, outcome, *_ = outputs
    assert shown(report, "text/plain").startswith("<Report: 29 ok, 1 skipped, 4 failed")
    assert shown(report, "text/html").count("<img") == 6 and "truncated.jpg" in shown(report, "text/html")
    assert shown(handle, "text/plain").startswith("<Handle: 4 ok")
    assert shown(statistics, "text/plain").startswith("<Statistics: 4 images")
    assert shown(outcome, "text/plain").startswith("<Outcome: ok sample_images/travel")
    assert all(len(json.dumps(one)) < 40_000 for one in outputs)


def test_progress_shows_a_bar(outputs: list[list[dict[str, Any]]]) -> None:
    assert "/4 [" in json.dumps(outputs[1][:-1]), "tqdm's bar over four files, as text or as a widget"
    assert shown(outputs[1], "text/plain") == "True"


def test_an_operation_typed_in_a_cell_works_with_workers(outputs: list[list[dict[str, Any]]]) -> None:
    first, again, changed, in_pool = (shown(output, "text/plain") for output in outputs[5:9])
    assert "'ok': 4" in first, "made by worker processes"
    assert "'ok': 0" in again and "'unchanged': 4" in again, "the same cell is the same operation"
    assert "'ok': 4" in changed, "another one makes the files again"
    assert in_pool == "4", "by processes of somebody else"


def test_an_operation_typed_in_a_cell_says_what_would_send_it(outputs: list[list[dict[str, Any]]]) -> None:
    said, result = outputs[9]
    assert "was typed at a prompt or in a notebook; pip install 'imgbatch[notebook]', " in said["text"]
    assert result["data"]["text/plain"] == "True"
