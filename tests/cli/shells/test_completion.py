"""Does Tab complete what can be typed, in each of the real shells, without starting Python?"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgbatch.cli.completion.vocabulary import vocabulary
from imgbatch.codecs.registry import WRITTEN
from imgbatch.operations import all_operations
from tests.cli.conftest import COMMAND, environment
from tests.cli.shells.terminal import Terminal

SHELLS = ("bash", "zsh", "fish")
#: What is typed, and what stands there after Tab, in every shell.
WORDS = {
    "imgbatch ru": "imgbatch run ",
    "imgbatch hist": "imgbatch history ",
    "imgbatch --vers": "imgbatch --version ",
    "imgbatch run --dry": "imgbatch run --dry-run ",
    "imgbatch run photos --resize 800 --fla": "imgbatch run photos --resize 800 --flat",  # also --flatten, --flat-field
    "imgbatch run --resize 800,fi": "imgbatch run --resize 800,fit=",
    "imgbatch run --resize 800,fit=cov": "imgbatch run --resize 800,fit=cover ",
    "imgbatch run --resize=800,fit=cov": "imgbatch run --resize=800,fit=cover ",
    "imgbatch run --resize 800,fit=cover,gravity=ent": "imgbatch run --resize 800,fit=cover,gravity=entropy ",
    "imgbatch run --resize 800,ups": "imgbatch run --resize 800,upscale ",
    "imgbatch run --crop 16:9,gra": "imgbatch run --crop 16:9,gravity=",
    "imgbatch run --crop 16:9,gravity=ent": "imgbatch run --crop 16:9,gravity=entropy ",
    "imgbatch run --white-balance=whi": "imgbatch run --white-balance=white-patch ",
    "imgbatch run --alpha rem": "imgbatch run --alpha remove ",
    "imgbatch run -f we": "imgbatch run -f webp ",
    "imgbatch run --format=webp,av": "imgbatch run --format=webp,avif ",
    "imgbatch run --subsampling 4:4:": "imgbatch run --subsampling 4:4:4 ",
    "imgbatch run --subsampling=4:2:": "imgbatch run --subsampling=4:2:",
    "imgbatch run -j 2 -q ke": "imgbatch run -j 2 -q keep ",
    "imgbatch run --set art": "imgbatch run --set artist=",
    "imgbatch stats photos --weight pi": "imgbatch stats photos --weight pixel ",
    "imgbatch dupes --likeness pi": "imgbatch dupes --likeness pixels ",
    "imgbatch ops box": "imgbatch ops box-blur ",
    "imgbatch help resi": "imgbatch help resize ",
    "imgbatch help exit": "imgbatch help exit-codes ",
    "imgbatch completion zs": "imgbatch completion zsh ",
    "imgbatch run --trim=1 phot": "imgbatch run --trim=1 photos/",
    "imgbatch run --trim phot": "imgbatch run --trim photos/",  # which takes no next word
    "imgbatch run -- --resi": "imgbatch run -- --resi",
    "imgbatch run -o phot": "imgbatch run -o photos/",
    "imgbatch history phot": "imgbatch history photos/",
    "imgbatch history pla": "imgbatch history pla",  # of plain.png, which is no folder
    "imgbatch run --watermark pla": "imgbatch run --watermark plain.png ",
    "imgbatch run -r ni": "imgbatch run -r night.toml ",
    "imgbatch run -r pla": "imgbatch run -r pla",
    "imgbatch run -r we": "imgbatch run -r web ",
    "imgbatch schedule we": "imgbatch schedule web ",
}
#: What is typed, and the last word that the program gets after Tab (zsh takes the / of a folder away, bash does not).
FILES = {
    "imgbatch run my": "my pictures",
    'imgbatch run "my pictures/': "my pictures/a.jpg",
    "imgbatch run my\\ pictures/": "my pictures/a.jpg",
    "imgbatch run it": "it's.png",
    "imgbatch run a:": "a:b c.png",
    "imgbatch run a": "a:b c.png",
    'imgbatch run "a:': "a:b c.png",
    "imgbatch run k": "k=v.png",
    "imgbatch run k=": "k=v.png",
    "imgbatch run qu": 'qu"ote.png',
    "imgbatch run '$": "$x.png",
    "imgbatch run é": "é è.jpg",
    "imgbatch run -o my": "my pictures",
    "imgbatch run --output=my": "--output=my pictures",
    "imgbatch run --report a:": "a:b c.png",
    "imgbatch run --report=a:": "--report=a:b c.png",
    "imgbatch run --report=k=": "--report=k=v.png",
    "imgbatch run --watermark it": "it's.png",
    "imgbatch run --watermark a:": "a:b c.png",
    "imgbatch run --watermark=a:": "--watermark=a:b c.png",
    "imgbatch run --watermark plain.png,blend=mul": "plain.png,blend=multiply",
    "imgbatch run --text Hi,font=it": "Hi,font=it's.png",
    'imgbatch run --text "\\"Hi, you\\",font=it': '"Hi, you",font=it\'s.png',
    "imgbatch run -r for": "for print",
    'imgbatch run -r "for': "for print",
}
OFFERS = {
    "imgbatch run --resize 800,fit=": {"inside", "outside", "cover", "contain", "fill"},
    "imgbatch run --resize 800,fit=co": {"cover", "contain"},
    "imgbatch run --resize 800,": {"fit", "gravity", "kernel", "upscale", "background", "focal", "linear"},
    "imgbatch run --resize 800,linear,fit=fill,": {"gravity", "kernel", "upscale", "background", "focal"},
    "imgbatch run -f ": {*WRITTEN, "same"},
    "imgbatch run -f webp,png,": {*WRITTEN, "same"} - {"webp", "png"},
    "imgbatch run --depth ": {"keep", "8", "16"},
    "imgbatch run --lossless=": {"true", "false"},
    "imgbatch stats --mode ": {"RGB", "L", "RGBA"},
    "imgbatch completion ": {"bash", "zsh", "fish"},
    "imgbatch formats --": {"--help"},
}
#: Prints its words between the marks of a Terminal.
PROGRAM = "#!/bin/sh\nprintf '<<line:'\nprintf '%s\\n' \"$@\"\nprintf ':line>>\\n'\n"


def script(shell: str, place: Path) -> Path:
    """The completion script of a shell, in a file."""
    file = place / f"completion.{shell}"
    words = [*COMMAND, "completion", shell]
    file.write_text(subprocess.run(words, env=environment(), capture_output=True, text=True, check=True).stdout)
    return file


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with names that shells have to quote, a home with two presets, and programs that say that they ran."""
    folder = tmp_path_factory.mktemp("shell")
    for path in ("photos/trip", "my pictures", "bin", "home/.config/imgbatch", "other/imgbatch"):
        (folder / path).mkdir(parents=True)
    names = ["a:b c.png", "it's.png", "k=v.png", 'qu"ote.png', "$x.png", "é è.jpg", "plain.png", "my pictures/a.jpg"]
    presets = ["home/.config/imgbatch/web.toml", "home/.config/imgbatch/for print.toml", "other/imgbatch/card.toml"]
    for name in [*names, *presets, "night.toml"]:
        (folder / name).touch()
    (folder / "bin/imgbatch").write_text(PROGRAM)
    for name in ("python", "python3"):
        (folder / "bin" / name).write_text(f"#!/bin/sh\ntouch '{folder}/python-was-started'\n")
    for program in (folder / "bin").iterdir():
        program.chmod(0o755)
    return folder


def variables(shell: str, place: Path, **more: str) -> dict[str, str]:
    """The environment of a shell."""
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    term = "xterm" if shell == "fish" else "dumb"
    return {"PATH": path, "HOME": str(place / "home"), "TERM": term, "LC_ALL": "C.UTF-8", **more}


@pytest.fixture(scope="module", params=SHELLS)
def terminal(request: pytest.FixtureRequest, place: Path) -> Iterator[Terminal]:
    """Each shell, with its completion."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    opened = Terminal(shell, place, script(shell, place), variables(shell, place))
    yield opened
    opened.close()
    assert not (place / "python-was-started").exists()


def test_words_are_completed(terminal: Terminal) -> None:
    assert {typed: terminal.complete(typed) for typed in WORDS} == WORDS


def test_flags_that_take_a_value_are_completed(terminal: Terminal) -> None:
    for typed, flag in {"run --resi": "--resize", "run --widt": "--widths", "dupes --thre": "--threshold"}.items():
        line = terminal.complete(f"imgbatch {typed}")
        assert line.rstrip("= ") == f"imgbatch {typed.split()[0]} {flag}"  # zsh puts a = that goes with the next space
        assert line[-1] in "= "


def test_names_of_files_reach_the_program_as_they_are(terminal: Terminal) -> None:
    assert {typed: terminal.run(typed)[-2].rstrip("/") for typed in FILES} == FILES


def test_all_that_can_follow_is_offered(terminal: Terminal) -> None:
    assert {typed: terminal.offers(typed) for typed in OFFERS} == OFFERS


def test_every_command_and_flag_is_offered(terminal: Terminal) -> None:
    commands = vocabulary().commands
    assert {one.name for one in commands} <= terminal.offers("imgbatch ")
    for one in commands:
        flags = {name for flag in one.flags for name in flag.names if name.startswith("--")}
        assert terminal.offers(f"imgbatch {one.name} --") == flags
    operations = {one.word.replace("_", "-") for one in all_operations()}
    assert operations <= terminal.offers("imgbatch help ")


@pytest.mark.parametrize("shell", SHELLS)
def test_presets_lie_where_the_environment_says(shell: str, place: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    surroundings = variables(shell, place, XDG_CONFIG_HOME=str(place / "other"))
    terminal = Terminal(shell, place, script(shell, place), surroundings)
    assert terminal.complete("imgbatch run -r ca") == "imgbatch run -r card "
    assert terminal.complete("imgbatch run -r we") == "imgbatch run -r we"
    terminal.close()


def test_zsh_finds_the_script_in_its_own_folder(place: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("needs zsh")
    functions = place / "functions"
    functions.mkdir()
    script("zsh", place).rename(functions / "_imgbatch")
    terminal = Terminal("zsh", place, Path("/dev/null"), variables("zsh", place), f"fpath=('{functions}' $fpath)")
    typed = ["imgbatch run --resize 800,fit=cov", "imgbatch hist"]  # the first Tab loads it, the second calls it again
    assert [terminal.complete(line) for line in typed] == [WORDS[line] for line in typed]
    terminal.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_are_right_for_their_shell(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    done = subprocess.run([shell, "-n", script(shell, tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
