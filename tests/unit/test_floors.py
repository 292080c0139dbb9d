"""Do imports go down only, and is each heavy library imported where it belongs? (DESIGN: floors)"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "imgbatch"
PHOTO = PACKAGE.parent / "sample_images" / "travel" / "2023" / "desert" / "dunes.jpg"

#: From the top floor to the ground; names on one floor are neighbors and do not import each other.
FLOORS: list[set[str]] = [
    {"__main__", "declare"},
    {"cli"},
    {"datasets.pack"},
    {"testing"},
    {
        "runs.apply",
        "runs.check",
        "datasets.load",
        "datasets.stats",
        "runs.estimate",
        "runs.explain",
        "cli.crontab_line",
        "ledger.history",
    },
    {"runs.run"},
    {"runs.batch", "runs.run_without_outputs"},
    {"runs.prepare"},
    {
        "reporters",
        "pixels.statistics",
        "reporters.files.histogram_plot",
        "ledger.prune",
        "ledger.up_to_date",
        "originals.in_place",
        "ledger.renamed_sources",
    },
    {"originals.in_place_rules", "pipeline.image_task"},
    {
        "planning.find",
        "planning.plan",
        "storage.lock",
        "ledger.ledger",
        "pipeline.steps",
        "pipeline.inspect",
        "pipeline.measure",
        "pipeline.fill_array_row",
        "datasets.loaded_images",
        "executors",
    },
    {
        "runs.estimate_sample",
        "planning.reference_files",
        "pipeline.template_fields",
        "ledger.index",
        "planning.source_filter",
        "planning.conflicts",
        "pixels.histogram",
        "pipeline.write_output",
        "originals.archive",
        "originals.replacements",
    },
    {
        "pipeline.timing",
        "ledger.database",
        "originals.backups",
        "ledger.rows",
        "core.report",
        "pixels.exact_sums",
        "pixels.moments",
        "planning.globs",
        "planning.folders",
    },
    {"pipeline.output_decision", "pipeline.select_frames"},
    {
        "core.job",
        "storage.atomic_write",
        "planning.names",
        "core.run_settings",
        "datasets.fixed_size",
        "pipeline.decode_plan",
    },
    {"planning.recipe"},
    {"operations.plugins"},
    {"operations.custom"},
    {"operations", "codecs"},
    {
        "pixels.color",
        "pixels.alpha",
        "pixels.gamma",
        "operations.support.fonts",
        "operations.tone.cube_file",
        "pixels.orientation",
        "memory.shared_arrays",
        "pixels.ssim",
        "pixels.frames",
    },
    {"memory.shared_memory", "pixels.profile_conversion"},
    {"core.quantities", "core.file_parameter"},
    {"core.parameters"},
    {"core.errors", "core.version", "executors.processes.priority", "core.frozen_dataclass", "core.lazy_import"},
]
#: alpha and color share a floor, and alpha uses color's words for modes.
ALLOWED = {("pixels.alpha", "pixels.color")}
#: Who may import what from outside (whether at the top of the file or inside a function).
BELONGS = {
    "multiprocessing": {"executors", "memory.shared_memory", "pixels.exact_sums"},
    "sqlite3": {"ledger.ledger", "ledger.database", "originals.replacements"},
    "argparse": {"cli"},
    "tqdm": {"reporters"},
}


def room(path: Path) -> str:
    """The name in FLOORS that a module is, or lies in."""
    return home(".".join(path.relative_to(PACKAGE).with_suffix("").parts))


def home(name: str) -> str:
    """The longest part of a dotted name inside the package that stands in FLOORS; else its first part."""
    parts = name.split(".")
    known = set().union(*FLOORS)
    prefixes = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((prefix for prefix in prefixes if prefix in known), parts[0])


def imports(path: Path) -> Iterator[str]:
    """All modules that a file imports, also inside functions, but not those for type checkers only."""
    tree = ast.parse(path.read_text())
    typing_only = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    hidden = {id(inner) for node in typing_only for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name}: relative import"
            for alias in node.names:
                below = PACKAGE.parent.joinpath(*node.module.split("."), alias.name)
                is_module = below.is_dir() or below.with_suffix(".py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def is_room_alone(path: Path) -> bool:
    """Whether a file only names its room: it has a docstring and imports nothing."""
    return path.name == "__init__.py" and not list(imports(path))


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py" and not is_room_alone(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    here = room(path)
    floor = next((number for number, names in enumerate(FLOORS) if here in names), None)
    assert floor is not None, f"{here} has no floor: say in FLOORS where it lives"
    below = set().union(*FLOORS[floor + 1 :])
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "imgbatch" or len(parts) < 2:
            continue
        there = home(".".join(parts[1:]))
        assert there == here or there in below or (here, there) in ALLOWED, f"{here} must not import {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_are_imported_where_they_belong(path: Path) -> None:
    for name in imports(path):
        homes = BELONGS.get(name.split(".")[0])
        assert homes is None or room(path) in homes, f"{name} belongs to {homes}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_say_what_they_answer_and_stay_short(path: Path) -> None:
    text = path.read_text()
    assert "?" in (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0], "the docstring begins with a question"
    assert text.count("\n") <= 350


def printed(code: str) -> str:
    """What a new process prints.

    It starts without site (-S): what an environment loads by itself, such as the finder of an editable installation,
    is not ours.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def loaded(imports: str, names: set[str]) -> str:
    """Which of the modules `names` a new process has loaded after `imports`."""
    return printed(f"import sys\n{imports}\nprint(sorted({names!r} & set(sys.modules)))")


PRELOADED = "from imgbatch.executors.processes import start_method\n__import__(start_method.PRELOAD)"


def test_workers_start_without_what_only_numbers_need() -> None:
    imports = f"from imgbatch.executors.processes import pool, worker\nfrom imgbatch.pipeline import steps\n{PRELOADED}"
    assert loaded(imports, {"numpy", "tqdm", "PIL.ImageCms"}) == "[]"


def test_workers_load_only_the_operations_that_they_need() -> None:
    unneeded = {
        f"imgbatch.operations.{name}"
        for name in ("tone.levels", "overlays.watermark", "filters.blur", "sensor.flat_field")
    }
    assert loaded(PRELOADED, unneeded) == "[]"


#: Slow to load, and of no use to a plain run: neither to the command nor to its workers.
SELDOM = {"difflib", "ipaddress", "pathlib", "tomllib", "urllib.parse", "xml.parsers.expat"}


def test_the_forkserver_loads_nothing_that_only_the_command_or_few_pictures_need() -> None:
    assert loaded(PRELOADED, SELDOM | {"datetime", "json", "sqlite3", "argparse", "imgbatch.planning.plan"}) == "[]"


def test_a_worker_loads_nothing_for_an_everyday_picture(tmp_path: Path) -> None:
    """All that each worker would have to load by itself is there when it is forked."""
    code = f"""
import sys
{PRELOADED}
from imgbatch.pipeline.image_task import ImageWork
from imgbatch.core.job import Job, Source, Target
from imgbatch.operations import Resize
from imgbatch.planning.recipe import Output, Recipe
class Desk:
    again, sums = False, None
    def phase(self, phase): pass
    def reserve(self, size): pass
before = set(sys.modules)
work = ImageWork(Recipe([Resize(64)], [Output(quality=80)]), 10**8, 0)
work.open()
outcome = work(Job(0, Source({str(PHOTO)!r}, "", ""), (Target(0, {str(tmp_path / "made.jpg")!r}, "jpeg"),)), Desk())
print(outcome.status, sorted(set(sys.modules) - before))
"""
    assert printed(code) == "ok []"


def test_a_plain_run_loads_nothing_that_only_other_runs_need(tmp_path: Path) -> None:
    made = tmp_path / "made"
    words = ["run", str(PHOTO), "-o", str(made), "--resize", "64", "-q", "80", "-Q"]
    run = f"from imgbatch.__main__ import main\nif __name__ == '__main__':\n    assert main({words!r}) == 0"
    unneeded = SELDOM | {"csv", "ctypes", "filecmp", "logging", "numpy", "tqdm", "PIL.Image"} | {
        f"imgbatch.{name}"
        for name in (
            "originals.backups", "cli.commands.estimate", "cli.on_finish", "cli.commands.dry_run", "codecs.base",
            "codecs.reading.optional_readers", "codecs.formats.jpeg", "codecs.reading.decode",
            "pipeline.output_decision", "pipeline.decode_plan", "originals.in_place", "operations.file_backed",
            "operations.geometry.crop_resize", "originals.in_place_rules", "originals.replacements", "ledger.prune",
            "reporters.files.failed_list", "reporters.jsonl", "reporters.unattended", "reporters.profile",
            "reporters.files.prometheus", "reporters.files.json_csv", "reporters.files.srcset", "pipeline.steps",
        )
    }  # fmt: skip
    assert loaded(run, unneeded) == "[]"
    assert (made / PHOTO.name).exists()


def test_the_forkserver_starts_before_anything_else_is_loaded() -> None:
    imports = "from imgbatch.cli import dispatch\nfrom imgbatch.executors.processes import start_method"
    late = {"dataclasses", "typing", "imgbatch.core.errors", "imgbatch.core.job", "imgbatch.executors.base", "PIL"}
    assert loaded(imports, late) == "[]"
