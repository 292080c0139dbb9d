"""Does the tool that asks how strong the tests are find the changes, draw them by the seed, and tell who saw them?"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import __main__ as command
from tests.mutants import trial
from tests.mutants.choose import ROOMS, WIDE, stages
from tests.mutants.draw import EQUIVALENT, draw, is_in_room, key, reasons
from tests.mutants.mutations import Mutation, modules, mutations
from tests.mutants.trial import Trials, Verdict

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "imgbatch"
CODE = '''"""Prose: 1 < 2."""

def share(part: int, whole: int = 100) -> float:
    """Which share?"""
    if not whole or part < 0:
        raise ValueError("never below 0")
    return part / whole
'''


@pytest.mark.parametrize(
    ("code", "edits"),
    [
        ("if a:\n    b()", {"negate: `a` -> `(not (a))`", "drop call: `b()` -> `pass`"}),
        ("x = a <= 1", {"bound: `a <= 1` -> `(a < 1)`", "constant: `1` -> `2`"}),
        ("x = a and b or c", {"logic: `a and b or c` -> `((a and b) and c)`", "logic: `a and b` -> `(a or b)`"}),
        ("x = a - 0.0", {"arithmetic: `a - 0.0` -> `(a + 0.0)`", "constant: `0.0` -> `1.0`"}),
        ("a += b", {"arithmetic: `a += b` -> `a -= b`"}),
        ("x = {'key': True}", {"word: `'key'` -> `'keyX'`", "constant: `True` -> `False`"}),
        ("try:\n    a\nexcept E:\n    b", {"except: `b` -> `raise`", "except: `b` -> `pass`"}),
        ("with contextlib.suppress(E):\n    a", {"suppress: `contextlib.suppress(E)` -> `contextlib.suppress()`"}),
        ("def f() -> bool:\n    return a", {"return: `return a` -> `return not (a)`"}),
        ("def f() -> dict[str, int]:\n    return a", {"return: `return a` -> `return {}`"}),
        ("def f() -> Size:\n    return a", {"return: `return a` -> `return None`"}),
        ("os.kill(pid, 9)", {"drop call: `os.kill(pid, 9)` -> `pass`"}),
        ("def f(a: 'int') -> None:\n    'prose'\n    assert a > 1, 'prose'\n    raise E(f'{a + 1}')", set()),
        ("if sys.platform == 'win32':\n    a(1)\nelse:\n    b()", {"drop call: `b()` -> `pass`"}),
        ("def f(a=1) -> int:\n    'prose'", set()),
        ("if TYPE_CHECKING:\n    a()\nx = f'{a}' + 'prose'", {"word: `'prose'` -> `'proseX'`"}),
    ],
)
def test_each_kind_of_change_is_found_and_prose_is_left_alone(code: str, edits: set[str]) -> None:
    assert {str(one).partition(" ")[2] for one in mutations("a.py", code)} == edits


def test_a_change_replaces_only_its_part_of_the_text() -> None:
    text = "# häßlich\nx = a < 1  # kept\n"
    (bound,) = [one for one in mutations("a.py", text) if one.kind == "bound"]
    assert bound.apply(text) == "# häßlich\nx = (a <= 1)  # kept\n"
    assert bound.line == 2 and bound.changes(text)
    assert not Mutation("a.py", 2, "bound", bound.start, bound.end, "", "(a < 1)").changes(text)
    assert not Mutation("a.py", 2, "bound", bound.start, bound.end, "", "a <").changes(text)


def test_a_seed_draws_the_same_mutants_and_another_one_others() -> None:
    rooms = ["storage", "ledger/prune", "strip"]
    drawn = draw(PACKAGE, rooms, 5, 12)
    assert drawn == draw(PACKAGE, rooms, 5, 12) != draw(PACKAGE, rooms, 6, 12)
    assert {one.module.split("/")[0] for one in drawn} == {"storage", "ledger", "codecs"}
    assert len({(one.module, one.line) for one in drawn}) == 12
    texts = modules(PACKAGE)
    assert all(one.changes(texts[one.module]) for one in drawn)
    with pytest.raises(ValueError, match="'garage'"):
        draw(PACKAGE, ["garage"], 5, 12)


def test_a_small_package_is_exhausted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    assert {one.after for one in draw(tmp_path, [], 1, 50)} == {"2", "3"}


def test_a_room_is_a_folder_a_path_or_a_module() -> None:
    assert is_in_room("codecs/metadata/strip.py", "strip")
    assert is_in_room("codecs/metadata/strip.py", "codecs/metadata")
    assert not is_in_room("codecs/metadata/strip.py", "metadata/codecs")
    assert not is_in_room("codecs/metadata/strip.py", "metadata/strip_all")


def test_the_nearest_tests_are_asked_first_and_none_twice() -> None:
    lists = stages(TESTS, "ledger/prune.py")
    assert lists[0] == ["tests/unit/ledger/test_prune.py"]
    assert "tests/unit/ledger/test_ledger.py" in [name for names in lists[:3] for name in names]
    every = [name for names in lists for name in names]
    assert (
        len(every)
        == len(set(every))
        > len([name for names in stages(TESTS, "ledger/prune.py", False) for name in names])
    )


def test_the_table_of_tests_names_what_is_there() -> None:
    words = {word for line in ROOMS.values() for word in line.split()} | set(WIDE)
    assert [word for word in words if not (TESTS / word).is_dir() and not (TESTS / f"{word}.py").exists()] == []
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms <= set(ROOMS), "a room has no tests of its promises: say in ROOMS where they are"


@pytest.mark.soak  # names move: nobody has to mend this list with each of them
def test_equivalent_mutants_are_named_with_a_reason_and_still_there() -> None:
    known = reasons(EQUIVALENT.read_text().splitlines())
    assert all(known.values())
    texts = modules(PACKAGE)
    for module in {module for module, _, _ in known}:
        there = {key(one) for one in mutations(module, texts[module])}
        assert [one for one in known if one[0] == module and one not in there] == []


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A tree with one module and tests that hold its division, not its refusal."""
    for name, text in {
        "imgbatch/__init__.py": "",
        "imgbatch/pixels/__init__.py": "",
        "imgbatch/pixels/share.py": CODE,
        "tests/__init__.py": "",
        "tests/unit/pixels/test_share.py": (
            "import os, time\nfrom imgbatch.pixels.share import share\n\n"
            "def test_half() -> None:\n    assert share(50) == 0.5\n\n"
            "def test_broken_anyhow() -> None:\n    assert False\n"
        ),
    }.items():
        path = tmp_path / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "house"


def test_a_mutant_is_killed_by_the_test_that_fails_for_it_alone(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = Trials(house, tmp_path / "scratch", wide=False)
    drawn = {one.kind: one for one in mutations("pixels/share.py", CODE)}
    verdict = trials.verdict(drawn["arithmetic"])
    assert (verdict.state, verdict.witness) == ("killed", "tests/unit/pixels/test_share.py::test_half")
    assert trials.verdict(drawn["bound"]).state == "survived"
    assert "left out: tests/unit/pixels/test_share.py::test_broken_anyhow" in capsys.readouterr().out
    assert (house / "imgbatch/pixels/share.py").read_text() == CODE
    assert (trials.tree / "imgbatch/pixels/share.py").read_text() == CODE


def test_tests_that_say_nothing_for_long_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "PATIENCE", 1.0)
    output = tmp_path / "stdout"
    with output.open("wb") as stdout:
        command = [sys.executable, "-c", "import time; print('tests', flush=True); time.sleep(600)"]
        process = subprocess.Popen(command, stdout=stdout, start_new_session=True)
    assert trial.code_of(process, output) is None
    assert process.returncode == -signal.SIGKILL
    with output.open("wb") as stdout:
        process = subprocess.Popen([sys.executable, "-c", "exit(3)"], stdout=stdout, start_new_session=True)
    assert trial.code_of(process, output) == 3


def test_the_sum_counts_what_can_be_seen() -> None:
    one = mutations("a.py", "x = 1")[0]
    verdicts = [Verdict(one, state, "", 1.0) for state in ("killed", "timeout", "survived", "equivalent")]
    assert command.summary(verdicts, 5) == (
        "4 mutants: 2 killed (1 by the time limit), 1 survived, 1 equivalent, 1 not tried; 66.7 % of those that can "
        "be seen"
    )


def test_mutants_are_named_without_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seed", "1", "--total", "2", "--rooms", "strip", "--draw"]) == 0
    assert capsys.readouterr().out.count("codecs/metadata/strip.py:") == 2
    with pytest.raises(SystemExit):
        command.main(["--seed", "1", "--rooms", "garage"])


@pytest.mark.soak
def test_no_change_survives_in_the_rooms_that_hold_originals() -> None:
    """Hours: 200 mutants of a seed of their own, where a change that nobody sees could lose a picture."""
    rooms = "originals,ledger,storage,executors,prune,strip"
    words = [sys.executable, "-m", "tests.mutants", "--seed", "2026", "--total", "200", "--rooms", rooms]
    done = subprocess.run(words, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
