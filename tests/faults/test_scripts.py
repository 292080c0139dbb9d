"""What does a script see that cannot be imported by workers? One clear error, and no storm of processes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

REPO = Path(__file__).parents[2]
CALL = "ib.run(['in'], 'out', ib.Recipe(ops=[ib.Resize('20')]), workers=2)"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(4):
        Image.new("RGB", (50, 40), (number * 60, 0, 0)).save(tmp_path / "in" / f"{number}.png")
    return tmp_path


def run_python(place: Path, *words: str, stdin: str = "") -> tuple[int, str, str]:
    """A Python process in `place`; exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, *words], cwd=place, input=stdin, capture_output=True, text=True, timeout=60,
        env={"PYTHONPATH": str(REPO), "PATH": ""},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_script_without_main_guard(place: Path) -> None:
    (place / "script.py").write_text(f"import imgbatch as ib\nprint('begin', flush=True)\n{CALL}\n")
    code, _, said = run_python(place, "script.py")
    assert code == 1
    assert said.count("Traceback") == 1
    assert "main guard" in said.splitlines()[-1]
    assert {path.name for path in place.glob("out/*")} <= {".imgbatch"}  # no picture was made


def test_a_script_with_main_guard(place: Path) -> None:
    script = f"import imgbatch as ib\nif __name__ == '__main__':\n    print({CALL}.sentence())\n"
    (place / "script.py").write_text(script)
    code, shown, said = run_python(place, "script.py")
    assert (code, said) == (0, "")
    assert shown.startswith("4 ok")


def test_a_script_on_stdin(place: Path) -> None:
    code, _, said = run_python(place, "-", stdin=f"import imgbatch as ib\n{CALL}\n")
    assert code == 1
    assert said.count("Traceback") == 1
    assert "save it as one, or run with workers=0" in said.splitlines()[-1]


def test_typed_at_a_prompt(place: Path) -> None:
    code, shown, _ = run_python(place, "-c", f"import imgbatch as ib\nprint({CALL}.sentence())")
    assert code == 0
    assert shown.startswith("4 ok")


def test_an_operation_of_the_script_itself(place: Path) -> None:
    (place / "script.py").write_text(
        "from dataclasses import dataclass\nimport imgbatch as ib\n"
        "@dataclass(frozen=True)\nclass Mirror(ib.Operation):\n"
        "    word = 'mirror'\n    def apply(self, image): return image.transpose(0)\n"
        "if __name__ == '__main__':\n"
        "    print(ib.run(['in'], 'out', ib.Recipe(ops=[Mirror()]), workers=2).sentence())\n"
    )
    code, shown, said = run_python(place, "script.py")
    assert (code, said) == (0, "")
    assert shown.startswith("4 ok")


FORGET = "import sys\nsys.modules['cloudpickle'] = None\n"
TYPED = (
    "from dataclasses import dataclass\nimport imgbatch as ib\n"
    "@ib.operation('typed')\n@dataclass(frozen=True)\nclass Typed:\n    def apply(self, image): return image\n"
)


def test_an_operation_that_was_typed_at_a_prompt_is_refused_before_the_first_file(place: Path) -> None:
    """Where nothing is installed that could send it."""
    lines = FORGET + TYPED
    code, _, said = run_python(place, "-c", f"{lines}ib.run(['in'], 'out', ib.Recipe(ops=[Typed()]), workers=2)")
    assert code == 1
    last = "operation typed cannot be sent to the workers: its class was typed at a prompt or in a notebook; "
    assert f"EngineError: {last}" in said.splitlines()[-1] and "workers=0" in said.splitlines()[-1]
    assert not (place / "out").exists()
    here = "print(ib.run(['in'], 'out', ib.Recipe([Typed()]), workers=0).sentence())"
    code, shown, _ = run_python(place, "-c", f"{lines}{here}")
    assert code == 0 and shown.startswith("4 ok")


CALLS = {
    "run": "ib.run('in', 'out', ib.Recipe(ops=[Typed()]), workers=2).sentence()",
    "process": "len([one for one in ib.process('in', 'out', ib.Recipe([Typed()]), workers=2) if one.ok]), 'ok'",
    "stats": "ib.stats('in', Typed(), workers=2).images, 'ok'",
    "load": "ib.load('in', Typed(), ib.Resize('20x20!'), workers=2).valid.sum(), 'ok'",
    "dask": "ib.run('in', 'out', ib.Recipe([Typed()]), workers=2, executor='dask').sentence()",
}


@pytest.mark.skipif(importlib.util.find_spec("cloudpickle") is None, reason="needs cloudpickle")
@pytest.mark.parametrize("kind", CALLS)
def test_an_operation_that_was_typed_at_a_prompt_is_sent_to_workers(place: Path, kind: str) -> None:
    if kind == "dask":
        pytest.importorskip("distributed", reason="imgbatch[dask] is not installed")
    code, shown, said = run_python(place, "-c", f"{TYPED}print({CALLS[kind]})")
    assert (code, said) == (0, "")
    assert "4 ok" in shown.replace("(", "").replace(",", "").replace("'", "")


def test_an_operation_that_holds_what_cannot_be_sent_is_refused(place: Path) -> None:
    (place / "held.py").write_text(
        "from dataclasses import dataclass, field\nimport imgbatch as ib\n"
        "@ib.operation('held')\n@dataclass(frozen=True)\nclass Held(ib.Operation):\n"
        "    how: object = field(default=None, compare=False)\n    def apply(self, image): return image\n"
    )
    call = "(['in'], held.Held(lambda: 1), workers=2)"
    for code_line in ("ib.stats" + call, "ib.run(['in'], 'out', ib.Recipe([held.Held(lambda: 1)]), workers=2)"):
        code, _, said = run_python(place, "-c", f"import held, imgbatch as ib\n{code_line}")
        assert code == 1
        assert "EngineError: operation held cannot be sent to the workers: " in said.splitlines()[-1]
    assert not (place / "out").exists()


def test_a_local_operation_is_refused_before_the_first_file(place: Path) -> None:
    code, _, said = run_python(
        place, "-c",
        f"{FORGET}from dataclasses import dataclass\nimport imgbatch as ib\ndef f():\n"
        "    @dataclass(frozen=True)\n    class Local(ib.Operation):\n        word = 'local'\n"
        "        def apply(self, image): return image\n    return Local()\n"
        "ib.run(['in'], 'out', ib.Recipe(ops=[f()]), workers=2)",
    )  # fmt: skip
    assert code == 1
    assert "EngineError" in said and "workers=0" in said.splitlines()[-1]
    assert {path.name for path in place.glob("out/*")} <= {".imgbatch"}  # no picture was made
