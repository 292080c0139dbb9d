"""Choice of tests: which ones should see a change of a module, and in which order are they asked?"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

#: The tests beyond tests/unit that hold a room's promises; a folder stands for all of its tests.
ROOMS = {
    "__main__": "cli/test_main cli/test_run",
    "cli": "cli contracts/test_options",
    "codecs": "contracts/test_codecs contracts/test_metadata contracts/test_modes contracts/test_profiles "
    "contracts/test_motion cli/test_metadata unit/pipeline",
    "core": "contracts/test_options contracts/test_public contracts/test_library properties cli/test_main cli/test_run",
    "datasets": "contracts/test_library contracts/test_passes contracts/test_tasks cli/test_pack cli/test_stats",
    "executors": "contracts/test_executors contracts/test_tasks contracts/test_scheduling faults/test_hosts "
    "faults/test_stopping faults/test_sums faults/test_scripts cli/test_signals cli/test_unattended cli/test_untrusted",
    "ledger": "properties cli/test_run cli/test_nightly cli/test_history cli/test_copies cli/test_in_place "
    "cli/test_unattended cli/test_widths",
    "memory": "unit/datasets contracts/test_executors contracts/test_tasks",
    "operations": "contracts/test_operations contracts/test_modes contracts/test_options properties "
    "contracts/test_contract cli/test_plugins golden",
    "originals": "cli/test_in_place cli/test_inbox cli/test_history cli/test_nightly cli/test_run unit/ledger",
    "pipeline": "contracts/test_library contracts/test_tasks contracts/test_motion properties cli/test_run "
    "cli/test_copies cli/test_widths cli/test_metadata",
    "pixels": "contracts/test_modes contracts/test_profiles contracts/test_operations contracts/test_tasks "
    "unit/operations unit/datasets cli/test_stats",
    "planning": "properties cli/test_run cli/test_recipes cli/test_widths cli/test_copies contracts/test_library",
    "reporters": "contracts/test_reporters unit/core cli/test_main cli/test_run cli/test_unattended cli/test_widths",
    "runs": "contracts/test_library contracts/test_passes cli/test_run cli/test_check cli/test_nightly cli/test_inbox",
    "storage": "contracts/test_storage unit/ledger unit/planning cli/test_in_place cli/test_inbox cli/test_run "
    "cli/test_nightly",
    "testing": "contracts/test_contract cli/test_plugins",
}
#: What is asked last, of a change that nothing nearer saw.
WIDE = ("unit", "contracts", "properties", "golden", "cli")
#: Tests that have nothing to say about a change of the package.
ELSEWHERE = re.compile(r"unit/test_(mutants|benchmarks|sample_images)\.py$")


def stages(tests: Path, module: str, wide: bool = True) -> list[list[str]]:
    """Lists of test files, each asked only when the ones before saw nothing; no file is in two of them.

    Parameters
    ----------
    tests : Path
        The folder of the tests, whose unit tests mirror the rooms of the package.
    module : str
        The changed module's path below the package.
    wide : bool
        Whether all other tests are asked, too, in the end.
    """
    path = PurePosixPath(module)
    room = path.parts[0].removesuffix(".py")
    stem = path.parent.name if path.stem == "__init__" else path.stem
    dotted = re.escape("imgbatch." + ".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    package, _, name = dotted.rpartition(r"\.")
    imports = re.compile(rf"{dotted}\b|from {package} import [^\n]*\b{name}\b")
    files = {file: file.read_text() for file in sorted(tests.rglob("test_*.py"))}
    own = [*(tests / "unit" / room).rglob(f"test_{stem}.py"), *tests.rglob(f"test_{stem}.py")]
    asked = [
        own,
        [file for file, text in files.items() if file.parent.parent.name == "unit" and imports.search(text)],
        [*(tests / "unit" / room).rglob("test_*.py")],
        [file for word in ROOMS.get(room, "").split() for file in _of(tests, word)],
    ]
    if wide:
        asked.append([file for word in WIDE for file in _of(tests, word)])
    seen: set[Path] = set()
    lists = []
    for stage in asked:
        fresh = [file for file in dict.fromkeys(stage) if file not in seen and not ELSEWHERE.search(file.as_posix())]
        seen |= set(fresh)
        if fresh:
            lists.append([file.relative_to(tests.parent).as_posix() for file in fresh])
    return lists


def _of(tests: Path, word: str) -> list[Path]:
    """The test files that a word of ROOMS stands for."""
    path = tests / word
    return sorted(path.rglob("test_*.py") if path.is_dir() else path.parent.glob(f"{path.name}.py"))
