"""Are operations of a file or of a package found, sent to workers, remembered, and refused in a sentence?"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.cli.commands import recipe_effects
from imgbatch.core.errors import EngineError
from imgbatch.core.run_settings import Settings
from imgbatch.executors.processes.pool import Pool
from imgbatch.operations import plugins
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.runs.batch import Batch
from tests.cli.conftest import ROOT, Run, tree
from tests.pages import page

WASH = '''"""An operation of somebody's own."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import imgbatch as ib
from imgbatch.declare import Number
{imports}

@ib.operation("{word}")
@dataclass(frozen=True)
class Wash(ib.Operation):
    """Wash every image out toward white.

    Parameters
    ----------
    share : float
        0 to 1.
    """

    example = "0.4"

    share: Annotated[float, Number(0, 1), "how much"]

    def apply(self, image):
        {body}
        table = [round(value + (255 - value) * self.share) for value in range(256)]
        return image.point(table * len(image.getbands()))
'''
GOOD = WASH.format(word="wash", body="pass", imports="")


def write(path: Path, word: str = "wash", body: str = "pass", imports: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(WASH.format(word=word, body=body, imports=imports))
    return path


def red(path: Path) -> int:
    """How red a picture of one color is."""
    with Image.open(path) as held:
        return round(float(np.asarray(held.convert("RGB"))[..., 0].mean()))


def test_among_other_flags_in_a_recipe_and_in_workers(run: Run, place: Path) -> None:
    write(place / "mine/wash.py")
    flags = ["--brightness", "0", "--op", "mine/wash.py:Wash,share=0.4", "--resize", "20", "-f", "png"]
    done = run("run", "photos", "-o", "one", *flags, "--save-recipe", "mine/r.toml", IMGBATCH_WORKERS="2")
    assert (done.returncode, done.stderr[:4]) == (0, "3 ok")
    assert red(place / "one/a.png") == 102, "black first, then washed out"
    assert 'name = "wash.py:Wash"' in (place / "mine/r.toml").read_text()
    again = run("run", "-r", "mine/r.toml", "-o", "two", IMGBATCH_WORKERS="2")
    assert again.returncode == 0 and tree(place / "two") == tree(place / "one")
    other = run("run", "photos", "-o", "three", "--op", "mine/wash.py:wash,0.4", "--brightness", "0", "-f", "png")
    assert other.returncode == 0 and red(place / "three/a.png") == 0, "the order counts"
    for command in (["stats", "photos"], ["pack", "photos", "-o", "x.npy", "--resize", "9x9!"]):
        assert run(*command, "--op", "mine/wash.py:Wash,1").returncode == 0
    assert (np.load(place / "x.npy") == 255).all()


def test_parameters_and_code_decide_what_is_made_again(run: Run, place: Path) -> None:
    write(place / "wash.py")
    words = ["run", "photos", "-o", "out", "--op"]
    assert run(*words, "wash.py:Wash,0.4").stderr.startswith("3 ok")
    assert run(*words, "wash.py:Wash,0.4").stderr.startswith("0 ok, 3 unchanged")
    assert run(*words, "wash.py:Wash,0.5").stderr.startswith("3 ok")
    (place / "lib").mkdir()
    shutil.move(place / "wash.py", place / "lib/wash.py")
    assert run(*words, "lib/wash.py:Wash,0.5").stderr.startswith("0 ok, 3 unchanged"), "it does not matter where"
    write(place / "lib/wash.py", body="image = image.convert('L')")
    assert run(*words, "lib/wash.py:Wash,0.5").stderr.startswith("3 ok")


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_under_each_start_method(place: Path, method: str) -> None:
    path = write(place / f"{method}.py", f"wash_{method}")
    op = plugins.get_operation(f"{path}:Wash")(0.5)  # type: ignore[call-arg]  # what a file declares nobody can know
    batch = Batch(place / "photos", place / "out", ib.Recipe([op], [ib.Output(format="png")]), Settings(workers=2))
    batch.prepare()
    work = ImageTask(batch.recipe, 10**6)
    os.makedirs(place / "out/trip")
    outcomes = list(Pool(2, method=method).run(work, batch.todo))
    assert [outcome.error for outcome in outcomes] == [None] * 3
    assert red(place / "out/a.png") == 128


def test_a_file_beside_it_can_be_imported(run: Run, place: Path) -> None:
    (place / "lib").mkdir()
    (place / "lib/shade_helper.py").write_text("SHARE = 1\n")
    write(place / "lib/wash.py", imports="from shade_helper import SHARE", body="self = type(self)(SHARE)")
    done = run("run", "photos", "-o", "out", "-f", "png", "--op", "lib/wash.py:Wash,0", IMGBATCH_WORKERS="2")
    assert done.returncode == 0 and red(place / "out/a.png") == 255


@pytest.mark.parametrize("waits", [False, True], ids=["frame by frame", "after the last frame"])
def test_its_own_exception_is_one_file_s_failure(run: Run, place: Path, waits: bool) -> None:
    path = write(place / "wash.py", body="1 / (image.width - 81)")
    if waits:
        path.write_text(path.read_text() + "\n    def across(self, frames):\n        return self\n")
    done = run("run", "photos", "-o", "out", "--op", "wash.py:Wash,0.5", "--json", IMGBATCH_WORKERS="2")
    assert done.returncode == 1
    records = {record.get("source"): record for record in map(json.loads, done.stdout.splitlines())}
    error = records["trip/b.jpg"]["error"]
    assert (error["kind"], error["phase"]) == ("operation", "ops")
    assert error["message"] == "ZeroDivisionError: division by zero; its image was of mode RGB"
    assert sorted(tree(place / "out")) == ["a.jpg", "trip/c.png"]


def test_a_file_that_changed_since_the_run_began_is_refused(place: Path) -> None:
    path = write(place / "changing.py", "wash_changing")
    op = plugins.get_operation(f"{path}:Wash")(0.5)  # type: ignore[call-arg]  # what a file declares nobody can know
    path.write_text(path.read_text() + "\n# changed\n")
    with pytest.raises(EngineError, match="has changed since the run began; start it again"):
        ib.run(place / "photos", place / "out", ib.Recipe([op]), workers=2)
    assert not tree(place / "out")


def test_its_page_says_how_to_ask_for_it(run: Run, place: Path) -> None:
    write(place / "wash.py")
    page = run("ops", "wash.py:Wash").stdout
    assert "wash (custom)\n\nWash every image out toward white." in page
    assert "share: a number from 0 to 1 (required)\n      0 to 1." in page
    assert "imgbatch run photos -o out --op wash.py:Wash,0.4\n" in page
    assert '  name = "wash.py:Wash"\n  share = 0.4' in page and "Wash(0.4)" in page
    told = run("run", "--help-all").stdout
    assert "--op FILE.py:NAME " in told


@pytest.mark.parametrize("name", ["my wash.py", "a,b (1).py", "it's = 5\".py", "größe.py"])
def test_odd_names_of_files(run: Run, place: Path, name: str) -> None:
    write(place / name)
    shell = run("ops", f"{name}:Wash").stdout.partition("at the shell\n")[2].splitlines()[0]
    program, *words = shlex.split(shell)
    assert program == "imgbatch" and run(*words, "--save-recipe", "r.toml").stderr.startswith("3 ok")
    assert run("run", "-r", "r.toml", "-o", "out").stderr.startswith("0 ok, 3 unchanged")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("def f(:\n", "Wash", "bad.py cannot be executed: SyntaxError: "),
        ("import nix_there\n", "Wash", "bad.py cannot be executed: ModuleNotFoundError: No module named 'nix_there'"),
        ("raise SystemExit(3)\n", "Wash", "bad.py cannot be executed: SystemExit: 3"),
        ("x = 1\n\0", "Wash", "bad.py cannot be executed: "),
        ("Wash = 3\n", "Wash", 'bad.py: Wash is no operation; write @imgbatch.operation("wash") and @dataclass(frozen'),
        (GOOD, "Wsh", "bad.py has no operation 'Wsh'; did you mean Wash?"),
        (GOOD, "Nothing", "bad.py has no operation 'Nothing'; it has Wash"),
        ("", "Wash", "bad.py has no operation 'Wash'; it has none"),
        (GOOD.replace("wash", "blur"), "Wash", "bad.py: operation blur: the name is imgbatch's own;"),
        (
            GOOD.replace("(frozen=True)", ""),
            "Wash",
            "bad.py: Wash can be changed; write @dataclass(frozen=True) in the line above it",
        ),
        (
            GOOD.replace("@dataclass(frozen=True)\n", ""),
            "Wash",
            "bad.py: operation wash: Wash is no dataclass; put @dataclass(frozen=True) between @imgbatch.operation and",
        ),
    ],
)
@pytest.mark.parametrize("by", ["flag", "recipe"])
def test_a_broken_file_refuses_the_run(run: Run, place: Path, text: str, name: str, said: str, by: str) -> None:
    (place / "bad.py").write_text(text)
    (place / "r.toml").write_text(f'[[op]]\nname = "bad.py:{name}"\n')
    words = ["--op", f"bad.py:{name},1"] if by == "flag" else ["-r", "r.toml"]
    done = run("run", "photos", "-o", "out", *words)
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr, done.stderr
    assert not (place / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--op", "nix.py:Wash"], "cannot read the operations in 'nix.py': No such file or directory"),
        (["--op", "wash.py"], "expected FILE.py:NAME for the operation, got 'wash.py'"),
        (["--op", "wash.py:Wash=0.5"], "did you mean wash.py:Wash,0.5? See imgbatch help own-operations"),
        (["--op", "wash.py:Wash:0.5"], "did you mean wash.py:Wash,0.5?"),
        (["--op", "wash.py:Wash 0.5"], "did you mean wash.py:Wash,0.5?"),
        (["--op", "wash.py:Wash(share=0.5)"], "did you mean wash.py:Wash,share=0.5?"),
        (["--op", "wish"], "unknown operation 'wish'"),
        (["--op"], "expected a value for --op, got nothing"),
        (["--op", "wash.py:Wash,2"], "expected a number from 0 to 1 for wash share, got '2'"),
        (["--op", "wash.py:Wash,share=0,shade=1"], "unknown parameter of wash 'shade'; did you mean 'share'"),
        (["--op", "wash.py:Wash,1", "--op", "more/wash.py:Wash,1"], "the name is that of Wash in "),
    ],
)
def test_a_wrong_word_refuses_the_run(run: Run, place: Path, words: list[str], said: str) -> None:
    write(place / "wash.py")
    write(place / "more/wash.py")
    done = run("run", "photos", "-o", "out", *words)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_the_example_of_the_manual(run: Run, place: Path) -> None:
    text = page("own-operations")
    (place / "vignette.py").write_text(text.partition("# vignette.py\n")[2].partition("```")[0])
    ib.check_operation(plugins.get_operation(f"{place}/vignette.py:Vignette"))
    done = run("run", "photos", "-o", "out", "--op", "vignette.py:Vignette,0.6")
    assert (done.returncode, done.stderr[:4]) == (0, "3 ok")
    with Image.open(place / "out/a.jpg") as made:
        pixels = np.asarray(made).astype(int).sum(axis=2)
    assert pixels[0, 0] < pixels[30, 40] - 50, "the corners are no darker"


EFFECTS = """\
[input]
paths = ["photos"]
[[op]]
name = "mine/wash.py:Wash"
share = 0.4
[[output]]
dir = "web"
[[output.op]]
name = "mine/wash.py:wash"
share = 1
[run]
on_finish = "touch finished"
log = "night.log"
archive = "done"
quarantine = "bad"
"""


@pytest.mark.parametrize(
    "words",
    [["run", "-n", "-r"], ["run", "--explain", "-r"], ["schedule", "--at", "0 3 * * *"]],
    ids=lambda one: one[1],
)
def test_a_recipe_is_looked_at_without_its_code(run: Run, place: Path, words: list[str]) -> None:
    write(place / "mine/wash.py", imports="open('executed', 'w')")
    (place / "r.toml").write_text(EFFECTS)
    before = tree(place)
    done = run(*words, "r.toml")
    assert done.returncode == 0, done.stderr
    for effect in (
        "execute mine/wash.py:Wash", "execute mine/wash.py:wash", "run the command 'touch finished' at the end",
        f"append to the log {place}/night.log", f"move sources that are done to {place}/done",
        f"move sources that failed to {place}/bad",
    ):  # fmt: skip
        start = "note: each run of r.toml will" if words[0] == "schedule" else "r.toml would"
        assert f"{start} {effect}" in done.stderr
    assert tree(place) == before, "nothing was executed or written"
    if words[0] == "run":
        other = run(*words, "r.toml", "--on-finish", "true", "--resize", "9").stderr
        assert "on_finish" not in other and "touch" not in other and "execute mine/wash.py:Wash" not in other
        assert run(*words, "r.toml", "-Q").stderr == ""


def test_each_effect_of_a_recipe_is_said(run: Run, place: Path) -> None:
    values = {"in_place": "true", "prune": "true", "on_finish": '"true"', "log": '"l"', "state": '"s"'}
    values |= {"archive": '"a"', "quarantine": '"q"'}
    assert values.keys() == recipe_effects._RUN.keys()
    for key, value in values.items():
        (place / "r.toml").write_text(f'[input]\npaths = ["photos"]\n[run]\n{key} = {value}\n')
        words = ["-o", "out"] if key != "in_place" else []
        said = run("schedule", "r.toml", "--at", "daily", *words).stderr
        assert f"note: each run of r.toml will {recipe_effects._RUN[key].split(' {')[0]}" in said, said


def test_a_recipe_in_the_way_of_another_is_not_executed(run: Run, place: Path) -> None:
    write(place / "mine/wash.py", imports="open('executed', 'w')")
    (place / "r.toml").write_text(EFFECTS)
    assert run("run", "photos", "-o", "out", "--resize", "9", "--save-recipe", "r.toml").returncode == 0
    assert not (place / "executed").exists()
    (place / "r.toml").write_text(EFFECTS)
    assert run("run", "-n", "-r", "r.toml", "--trim", "--state", "elsewhere").returncode == 0
    (place / "mine/wash.py").unlink()
    missing = run("schedule", "r.toml", "--at", "0 3 * * *")
    assert missing.returncode == 2 and "cannot read the operations in 'mine/wash.py'" in missing.stderr


# -- entry points ------------------------------------------------------------------------------------------------------


def install(site: Path, package: str, entries: str) -> None:
    """What pip would leave of a package with entry points."""
    info = site / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[imgbatch.operations]\n{entries}\n")


def test_an_installed_package_s_operations(run: Run, place: Path) -> None:
    site = place / "site"
    write(site / "washing.py")
    install(site, "washing", "wash = washing:Wash")
    path = f"{ROOT}{os.pathsep}{site}"
    flags = ["-o", "one", "-f", "png", "--op", "wash,0.4", "--save-recipe", "r.toml"]
    done = run("run", "photos", *flags, PYTHONPATH=path, IMGBATCH_WORKERS="2")
    assert (done.returncode, done.stderr[:4]) == (0, "3 ok")
    assert 'name = "wash"' in (place / "r.toml").read_text()
    assert run("run", "-r", "r.toml", "-o", "one", PYTHONPATH=path).stderr.startswith("0 ok, 3 unchanged")
    listed = run("ops", PYTHONPATH=path).stdout
    assert "of installed packages (--op NAME)\n  wash  Wash every image out toward white.\n" in listed
    assert "--op wash,0.4" in run("ops", "wash", PYTHONPATH=path).stdout
    missing = run("run", "-r", "r.toml", "-o", "one")
    assert missing.returncode == 2 and "r.toml: unknown operation 'wash'" in missing.stderr


def test_packages_that_are_broken_or_at_odds(run: Run, place: Path) -> None:
    site = place / "site"
    write(site / "washing.py")
    write(site / "rinsing.py", "rinse")
    (site / "raising.py").write_text("raise RuntimeError('not today')\n")
    install(site, "washing", "wash = washing:Wash\nrinse = rinsing:Wash\nlost = raising:Lost\nresize = rinsing:Wash")
    install(site, "other", "wash = rinsing:Wash\nplain = washing:ib\nflap = imgbatch:Flip")
    path = f"{ROOT}{os.pathsep}{site}"
    listed = run("ops", PYTHONPATH=path)
    assert listed.returncode == 0
    told = listed.stdout.split("of installed packages (--op NAME)\n")[1]
    assert "rinse   Wash every image out toward white." in told
    for name, said in (
        ("lost", "operation lost of washing (raising:Lost) cannot be loaded: RuntimeError: not today"),
        ("plain", "operation plain of other (washing:ib) cannot be used: washing:ib is not registered by "),
        ("flap", "operation flap of other (imgbatch:Flip) cannot be used: imgbatch:Flip is not registered by "),
        ("wash", "operation wash is offered by "),
    ):
        assert f"{name:<6}  cannot be used: {said}" in told
        done = run("run", "photos", "-o", "out", "--op", name, PYTHONPATH=path)
        assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert "resize  cannot be used: washing (rinsing:Wash) offers an operation of a name that is imgbatch's own" in told
    assert run("run", "photos", "-o", "out", "--resize", "20", PYTHONPATH=path).returncode == 0
