"""Do imports go down only, and is each heavy library imported where it belongs? (DESIGN: floors)"""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import imgbatch as ib
from imgbatch import declare

PACKAGE = Path(__file__).parents[2] / "imgbatch"
PHOTO = PACKAGE.parent / "sample_images" / "travel" / "2023" / "desert" / "dunes.jpg"

#: From the top floor to the ground. What a room may import lies below it; names on one floor are neighbors and do not
#: import each other. Inside codecs and operations the sub-rooms have floors of their own.
FLOORS: list[set[str]] = [
    {"__main__"},
    {"cli"},
    {"datasets", "testing"},
    {"runs"},
    {"executors"},
    {"pipeline", "originals"},
    {"ledger"},
    {"planning"},
    {"operations", "codecs", "declare"},
    {"pixels", "reporters"},
    {"storage", "memory"},
    {"core"},
]
INSIDE: dict[str, list[set[str]]] = {
    "codecs": [
        {"codecs"}, {"formats"}, {"writing", "reading"}, {"containers"}, {"base", "small_png"},
        {"encoder_options", "frame_sequence"}, {"metadata"}, {"registry", "errors", "contents"},
    ],
    "operations": [
        {"operations"}, {"plugins"}, {"cell_classes"}, {"custom"}, {"registry"},
        {"overlays", "tone", "filters", "sensor", "alpha"}, {"geometry"}, {"support", "file_backed"}, {"base"},
    ],
}  # fmt: skip
#: Who may import what from outside (whether at the top of the file or inside a function).
BELONGS = {
    "multiprocessing": {"executors", "memory"},
    "sqlite3": {"ledger", "originals"},
    "argparse": {"cli"},
    "tqdm": {"reporters"},
    "obstore": {"storage"},
    "distributed": {"executors"},
    "cloudpickle": {"operations"},
}
MODULES = 12  # in a room or a sub-room
LINES = 300  # in a file


def module_name(path: Path) -> str:
    """A module's name inside the package."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def import_statements(path: Path) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import of a file, and whether it is for type checkers only."""
    tree = ast.parse(path.read_text())
    typing_only = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    hidden = {id(inner) for node in typing_only for inner in ast.walk(node)}
    return [(node, id(node) in hidden) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def imports(path: Path, typing_too: bool = False) -> Iterator[str]:
    """All modules that a file imports, also inside functions; those for type checkers only if asked for."""
    for node, typing_only in import_statements(path):
        if typing_only and not typing_too:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif node.module:
            assert node.level == 0, f"{path.name}: relative import"
            for alias in node.names:
                below = PACKAGE.parent.joinpath(*node.module.split("."), alias.name)
                is_module = below.is_dir() or below.with_suffix(".py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def names_a_room(path: Path) -> bool:
    """Whether a file only names its room: it has a docstring and imports nothing."""
    return path.name == "__init__.py" and not list(imports(path))


@functools.cache
def files() -> list[Path]:
    """The files of the package that hold code."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return [path for path in paths if path != PACKAGE / "__init__.py" and not names_a_room(path)]


def floor_of(name: str, floors: list[set[str]]) -> int | None:
    """The number of the floor that a room is on, from the top."""
    return next((number for number, rooms in enumerate(floors) if name in rooms), None)


def test_imports_go_down_only() -> None:
    wrong = []
    for path in files():
        here = module_name(path)
        room = here.partition(".")[0]
        floor = floor_of(room, FLOORS)
        assert floor is not None, f"{room} has no floor: say in FLOORS where it lives"
        for name in imports(path, typing_too=True):
            parts = name.split(".")
            if parts[0] == "imgbatch" and len(parts) > 1 and parts[1] != room:
                there = floor_of(parts[1], FLOORS)
                if there is None or there <= floor:
                    wrong.append(f"{here} must not import {name}")
    assert wrong == []


def inside(name: str, room: str) -> str:
    """The sub-room, or the module of the room itself, that a dotted name of the package stands for."""
    return name.removeprefix(f"{room}.").partition(".")[0] if name != room else room


def test_imports_inside_a_room_go_down_only() -> None:
    wrong = []
    for path in files():
        here = module_name(path)
        room = here.partition(".")[0]
        if room not in INSIDE:
            continue
        floor = floor_of(inside(here, room), INSIDE[room])
        assert floor is not None, f"{here} has no floor: say in INSIDE where it lives"
        for name in imports(path, typing_too=True):
            if name.startswith(f"imgbatch.{room}"):
                there = inside(name.removeprefix("imgbatch."), room)
                below = floor_of(there, INSIDE[room])
                if there != inside(here, room) and (below is None or below <= floor):
                    wrong.append(f"{here} must not import {name}")
    assert wrong == []


def test_libraries_are_imported_where_they_belong() -> None:
    wrong = []
    for path in files():
        for name in imports(path):
            homes = BELONGS.get(name.split(".")[0])
            if homes is not None and module_name(path).split(".")[0] not in homes:
                wrong.append(f"{module_name(path)}: {name} belongs to {homes}")
    assert wrong == []


def test_files_say_what_they_answer_and_stay_short() -> None:
    silent, long = [], []
    for path in files():
        text = path.read_text()
        if "?" not in (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0]:
            silent.append(module_name(path))
        if text.count("\n") > LINES:
            long.append(module_name(path))
    assert silent == [], "the docstring begins with a question"
    assert long == []


def test_a_room_has_at_most_twelve_modules() -> None:
    modules = Counter(path.parent for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    assert {room: number for room, number in modules.items() if number > MODULES and room != PACKAGE} == {}


def test_no_public_name_is_a_participle() -> None:
    irregular = {"done", "found", "given", "gone", "held", "kept", "known", "made", "said", "taken", "told", "undone"}
    names = {*ib.__all__, *declare.__all__}
    found = {name for name in names if name.endswith(("ed", "en", "ing")) or name.lower() in irregular}
    older_than_the_rule, verbs = {"Loaded", "Undone", "Written"}, {"Flatten", "Sharpen"}
    assert found == older_than_the_rule | verbs


def stdout_of(code: str) -> str:
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


def modules_of(imports: str, names: set[str]) -> str:
    """Which of the modules `names` a new process has loaded after `imports`."""
    return stdout_of(f"import sys\n{imports}\nprint(sorted({names!r} & set(sys.modules)))")


PRELOAD_CODE = "from imgbatch.executors.processes import start_method\n__import__(start_method.PRELOAD)"


def test_workers_start_without_what_only_numbers_need() -> None:
    imports = (
        f"from imgbatch.executors.processes import pool, worker\nfrom imgbatch.pipeline import steps\n{PRELOAD_CODE}"
    )
    assert modules_of(imports, {"numpy", "tqdm", "PIL.ImageCms"}) == "[]"


def test_workers_load_only_the_operations_that_they_need() -> None:
    unneeded = {
        f"imgbatch.operations.{name}"
        for name in ("tone.levels", "overlays.watermark", "filters.blur", "sensor.flat_field")
    }
    assert modules_of(PRELOAD_CODE, unneeded) == "[]"


#: Slow to load, and of no use to a plain run: neither to the command nor to its workers.
SELDOM = {"difflib", "ipaddress", "pathlib", "tomllib", "urllib.parse", "xml.parsers.expat"}


def test_the_forkserver_loads_nothing_that_only_the_command_or_few_pictures_need() -> None:
    codecs = ("containers.color_boxes", "metadata.privacy", "metadata.words", "reading.samples.deep_frames")
    unneeded = SELDOM | {"datetime", "json", "sqlite3", "argparse", "imgbatch.planning.plan"}
    unneeded |= {f"imgbatch.codecs.{name}" for name in codecs}
    assert modules_of(PRELOAD_CODE, unneeded) == "[]"


def test_a_worker_loads_nothing_for_an_everyday_picture(tmp_path: Path) -> None:
    """All that each worker would have to load by itself is there when it is forked."""
    code = f"""
import sys
{PRELOAD_CODE}
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.core.job import Job, Source, Target
from imgbatch.operations import Resize
from imgbatch.planning.recipe import Output, Recipe
class Context:
    again, sums = False, None
    def phase(self, phase): pass
    def reserve(self, size): pass
before = set(sys.modules)
work = ImageTask(Recipe([Resize(64)], [Output(quality=80)]), 10**8).with_resampler("numpy")  # as a run does
work.open()
outcome = work(Job(0, Source({str(PHOTO)!r}, "", ""), (Target(0, {str(tmp_path / "made.jpg")!r}, "jpeg"),)), Context())
print(outcome.status, sorted(set(sys.modules) - before))
"""
    assert stdout_of(code) == "ok []"


def test_a_plain_run_loads_nothing_that_only_other_runs_need(tmp_path: Path) -> None:
    made = tmp_path / "made"
    words = ["run", str(PHOTO), "-o", str(made), "--resize", "64", "-q", "80", "-Q"]
    run = f"from imgbatch.__main__ import main\nif __name__ == '__main__':\n    assert main({words!r}) == 0"
    unneeded = SELDOM | {"csv", "ctypes", "filecmp", "logging", "numpy", "tqdm", "PIL.Image"} | {
        f"imgbatch.{name}"
        for name in (
            "originals.backups", "cli.commands.estimate", "cli.on_finish", "cli.commands.dry_run", "codecs.base",
            "codecs.reading.optional_readers", "codecs.formats.jpeg", "codecs.reading.decode",
            "pipeline.decisions.output_decision", "pipeline.decisions.decode_plan", "originals.in_place",
            "operations.file_backed", "operations.geometry.crop_resize",
            "originals.in_place_rules", "originals.replacements", "ledger.prune",
            "reporters.files.failed_list", "reporters.jsonl", "reporters.unattended", "reporters.profile",
            "reporters.files.prometheus", "reporters.files.json_csv", "reporters.files.srcset",
            "reporters.page.run_page", "pipeline.steps",
        )
    }  # fmt: skip
    assert modules_of(run, unneeded) == "[]"
    assert (made / PHOTO.name).exists()


def test_the_forkserver_starts_before_anything_else_is_loaded() -> None:
    imports = "from imgbatch.cli import dispatch\nfrom imgbatch.executors.processes import start_method"
    late = {"dataclasses", "typing", "imgbatch.core.errors", "imgbatch.core.job", "imgbatch.executors.base", "PIL"}
    assert modules_of(imports, late) == "[]"
