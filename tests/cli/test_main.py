"""Does the command greet, list and end as it should, whatever terminal it finds?"""

from __future__ import annotations

import errno
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import imgbatch.__main__ as command
from imgbatch.cli.dispatch import COMMANDS, dispatch
from imgbatch.core.errors import EngineError, LockedError, PlanError
from imgbatch.operations import Operation, all_operations
from tests import outside
from tests.cli.conftest import COMMAND, Run, damage, environment


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_help_shows_examples_and_fits_a_terminal(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "imgbatch run photos -o thumbs --resize 256x256,fit=cover" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_no_words_show_the_help_and_are_an_error(run: Run) -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: imgbatch COMMAND" in done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from imgbatch.__main__ import main; code = main(['--help']);"
        "heavy = {'numpy', 'PIL', 'tqdm', 'multiprocessing', 'sqlite3', 'argparse', 'imgbatch.operations.base'};"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_run_help_loads_no_pixels(run: Run) -> None:
    code = (
        "import sys; from imgbatch.__main__ import main; code = main(['run', '--help']);"
        "heavy = {'numpy', 'tqdm', 'multiprocessing', 'sqlite3'};"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_run_loads_only_the_operations_that_were_typed(tmp_path: Path) -> None:
    code = (
        "import sys; from imgbatch.__main__ import main; code = main(['run', '.', '-o', 'out', '--box-blur=2', '-n']);"
        "other = {f'imgbatch.operations.{name}' for name in ('tone.levels', 'overlays.watermark', 'filters.rank')};"
        "sys.exit(code or ' '.join(other & set(sys.modules)) or 'imgbatch.operations.filters.blur' not in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr


def test_version_names_pillow_and_its_codecs(run: Run) -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("imgbatch 0.")
    assert all(word in done.stdout for word in ("Pillow ", "libjpeg", "Python "))
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (["contacts", "photos"], "unknown command 'contacts'"),
        (["mogrify", "-resize", "9"], "unknown command 'mogrify'; did you mean `imgbatch run SRC... -o DIR`?"),
        (["resize", "photos"], "it is an operation: `imgbatch run SRC... -o DIR --resize ...` (`imgbatch ops resize`)"),
        (["photos", "-o", "x"], "did you mean `imgbatch run photos ...`?"),
        (["--resize", "9"], "did you mean `imgbatch run --resize ...`?"),
        (["*.jpg"], "did you mean `imgbatch run *.jpg ...`?"),
        (["ops", "rezise"], "unknown operation 'rezise'; did you mean 'resize'?"),
        (["ops", "--all"], "expected at most one name"),
        (["formats", "jpeg"], "expected nothing after formats"),
    ],
)
def test_a_wrong_command_is_one_line_with_a_hint(run: Run, words: list[str], said: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_every_command_is_carried_out_and_offered_for_a_slip(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMGBATCH_WORKERS", "0")
    listed = ["run", "check", "verify", "merge", "stats", "dupes", "sheet", "pack", "history", "undo", "schedule"]
    listed += ["watch", "ops", "formats", "help", "completion", "init", "recipes"]
    assert sorted(COMMANDS) == sorted(listed)
    for name in listed:
        assert command.main([name, "--help"]) == 0 and capsys.readouterr().out
        assert command.main([name + "e"]) == 2
        assert f"did you mean {name!r}?" in capsys.readouterr().err


def test_the_page_of_an_operation_says_what_holds_when_nothing_is_said(run: Run) -> None:
    page = " ".join(run("ops", "resize").stdout.split())
    assert "(required)" in page
    for word, default in (("upscale", "false"), ("focal", "none"), ("fit", "inside")):
        head = page.partition(f" {word}: ")[2]
        assert head.partition("(default ")[2].startswith(f"{default})"), (word, head[:80])


def test_ops_lists_every_operation_by_group(run: Run) -> None:
    listed = run("ops").stdout
    for operation in all_operations():
        assert f"  {operation.word.replace('_', '-')} " in listed
        assert f"{operation.group}\n" in listed


@pytest.mark.parametrize("operation", all_operations(), ids=lambda operation: operation.word)
def test_the_examples_of_ops_work(
    place: Path, operation: type[Operation], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("IMGBATCH_WORKERS", "0")
    outside.make(place, (80, 60))
    for name in ("a.jpg", "trip/b.jpg", "trip/c.png"):
        Image.new("RGB", (80, 60), (40, 90, 200)).save(place / "photos" / name)
    assert command.main(["ops", operation.word]) == 0
    page = capsys.readouterr().out
    shell = page.split("at the shell\n")[1].split("\n")[0].strip()
    toml = page.split("in a recipe\n")[1].split("\n\n")[0]
    (place / "r.toml").write_text("\n".join(line.strip() for line in toml.splitlines()))
    told = subprocess.run(["sh", "-c", f"printf '%s\\0' {shell}"], capture_output=True, text=True, check=True).stdout
    program, *words = told.split("\0")[:-1]
    assert program == "imgbatch"
    assert command.main(words) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert command.main(["run", "-r", "r.toml", "photos", "-o", "out"]) == 0
    assert capsys.readouterr().err.startswith("0 ok, 3 unchanged"), "not the same"


def test_formats_lists_what_is_read_and_written(run: Run) -> None:
    lines = run("formats").stdout.splitlines()
    assert lines[0].split() == ["format", "reads", "writes", "frames", "alpha", "suffixes"]
    assert any(line.startswith("jpeg ") and ".jpg" in line for line in lines)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PlanError("a and b are\nboth c"), 2, "imgbatch: a and b are both c\n"),
        (LockedError("another run is at work"), 75, "imgbatch: another run is at work\n"),
        (EngineError("workers do not start"), 70, "imgbatch: workers do not start\n"),
        (KeyboardInterrupt(), 130, "imgbatch: interrupted\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), 4, "imgbatch: No space left on device: '/x'\n"),
        (OSError(errno.EACCES, "Permission denied", "/x"), 4, "imgbatch: Permission denied: '/x'\n"),
        (KeyError("x"), 70, "imgbatch: internal error: KeyError: 'x'; please report it (-vv shows the traceback)\n"),
        (
            AssertionError(),
            70,
            "imgbatch: internal error: AssertionError; please report it (-vv shows the traceback)\n",
        ),
    ],
)
def test_errors_end_as_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    def broken(words: list[str], alone: bool) -> int:
        raise error

    monkeypatch.setattr("imgbatch.cli.dispatch.dispatch", broken)
    assert command.main(["run", "photos", "-v"]) == code
    assert capsys.readouterr().err == said
    assert command.main(["run", "photos", "-vv"]) == code
    traced = capsys.readouterr().err
    assert traced.startswith("Traceback")
    assert traced.endswith(said)


def test_a_reader_who_leaves_is_no_error(place: Path) -> None:
    damage(place / "photos/a.jpg")
    for words in (["ops"], ["run", "photos", "-o", "out", "--json"], ["run", "photos", "-o", "out", "-n"]):
        started = subprocess.Popen(
            [*COMMAND, *words], cwd=place, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        said = started.stderr.read()
        started.stderr.close()
        started.wait(60)
        assert b"Traceback" not in said
        assert b"Exception" not in said
        assert started.returncode in (0, 4)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
def test_a_full_disk_under_stdout_stops_the_run(place: Path) -> None:
    line = f"'{sys.executable}' -m imgbatch run photos -o out --json --report r.json > /dev/full"
    done = subprocess.run(line, shell=True, cwd=place, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 4
    assert "stopped: stdout takes no more: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert (place / "r.json").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
@pytest.mark.parametrize("words", ["run photos/a.jpg -o out", "check photos/a.jpg"])
def test_a_last_line_that_does_not_fit_on_the_disk_is_no_success(place: Path, words: str) -> None:
    line = f"'{sys.executable}' -m imgbatch {words} --json -j0 -Q > /dev/full"
    done = subprocess.run(line, shell=True, cwd=place, env=environment(), capture_output=True, text=True, timeout=60)
    said = "imgbatch: stdout takes no more: No space left on device; what it should have got last is lost\n"
    assert (done.returncode, done.stderr) == (4, said)


@pytest.mark.parametrize("command", ["run", "check", "stats", "pack"])
def test_help_says_of_each_value_what_it_is(run: Run, command: str) -> None:
    """``--state DIR``, not ``--state STATE``."""
    found = re.findall(r"--(\S+) ([A-Z_]+)\b", run(command, "--help-all").stdout)
    same = {name for name, word in found if word == name.replace("-", "_").upper()}
    words = {operation.word for operation in all_operations()}
    assert same <= {"format", *words}  # which may be called as their values


@pytest.mark.parametrize(
    ("words", "warmed"),
    [
        ("run photos -j 0", False), ("run photos -j0", False), ("check photos --workers 0", False),
        ("run photos --explain", False), ("ops", False), ("run photos -j 2", True), ("stats photos", True),
    ],
)  # fmt: skip
def test_only_who_needs_workers_starts_them_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, words: str, warmed: bool
) -> None:
    done = []
    monkeypatch.setattr(
        "imgbatch.executors.processes.start_method.warm", lambda numbers, alone: done.append(("warm", alone))
    )
    monkeypatch.setattr("gc.set_threshold", lambda *numbers: done.append(("collect less", True)))
    for name in ("run.run", "check.check", "stats.stats", "guide.operations_and_formats.ops"):
        monkeypatch.setattr(f"imgbatch.cli.commands.{name}", lambda rest: 0)
    assert dispatch(words.split(), alone=True) == 0
    assert done == [("warm", True)] * warmed + [("collect less", True)]  # workers collect as often as ever


@pytest.mark.parametrize("words", ["run photos -o out -j 0", "check photos -j 0", "run photos --bogus"])
def test_workers_that_cannot_be_started_trouble_only_those_who_need_them(place: Path, words: str) -> None:
    folder = place / ("long" * 30)  # sockets have short names: no forkserver there
    folder.mkdir()
    line = f"'{sys.executable}' -m imgbatch {words}"
    done = subprocess.run(
        line,
        shell=True,
        cwd=place,
        env=environment(TMPDIR=str(folder)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == (2 if "bogus" in words else 0), done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["--version", "--help", "run --help", "undo --help", "ops", "formats"])
def test_words_that_do_not_fit_on_the_disk_are_no_success(place: Path, words: str, unbuffered: str) -> None:
    line = f"'{sys.executable}' -m imgbatch {words} > /dev/full"
    done = subprocess.run(
        line,
        shell=True,
        cwd=place,
        env=environment(PYTHONUNBUFFERED=unbuffered),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (4, "imgbatch: No space left on device\n")


def test_the_numbers_of_closed_streams_go_to_no_other_file(place: Path) -> None:
    """A worker's pipe would be there, and be lost where it takes what libraries print."""
    code = (
        "import os, sys; from imgbatch.cli.standard_streams import prepare; prepare()\n"
        "null = os.stat(os.devnull).st_rdev\n"
        "good = all(os.fstat(number).st_rdev == null for number in range(3)) and min(os.pipe()) > 2\n"
        "print('x', file=sys.stdout, flush=True); print('x', file=sys.stderr, flush=True)\n"
        "open('said', 'w').write(str(good))"
    )
    subprocess.run(f"'{sys.executable}' -c \"{code}\" <&- >&- 2>&-", shell=True, cwd=place, timeout=60, check=True)
    assert (place / "said").read_text() == "True"


@pytest.mark.parametrize("closed", ["1", "2", "0", "1,2", "0,1", "0,2", "0,1,2"])
def test_a_run_with_closed_streams_goes_well(place: Path, closed: str) -> None:
    redirections = " ".join(f"{number}>&-" for number in closed.split(","))
    line = f"'{sys.executable}' -m imgbatch run photos -o out --json {redirections}"
    done = subprocess.run(line, shell=True, cwd=place, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if "1" not in closed:
        assert all(text.startswith("{") for text in done.stdout.splitlines())
    assert (place / "out/a.jpg").stat().st_size > 100


def on_a_terminal(place: Path, words: list[str], **variables: str) -> tuple[int, str]:
    """(exit code, what a terminal of 80 columns gets on stderr)."""
    outer, inner = pty.openpty()
    started = subprocess.Popen(
        [*COMMAND, *words],
        cwd=place,
        env=environment(COLUMNS="80", **variables),
        stdout=subprocess.DEVNULL,
        stderr=inner,
    )
    os.close(inner)
    said = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            data = os.read(outer, 65536)
        except OSError:  # EIO: the other side is closed
            break
        if not data:
            break
        said += data
    os.close(outer)
    return started.wait(60), said.decode()


def test_a_terminal_gets_a_bar_and_red(place: Path) -> None:
    damage(place / "photos/trip/b.jpg")
    code, said = on_a_terminal(place, ["run", "photos", "-o", "out", "--resize", "40"])
    assert code == 1
    assert "%|" in said
    assert "\x1b[31mfailed\x1b[0m: photos/trip/b.jpg" in said
    assert "2 ok" in said
    lines = said.replace("\r\n", "\n").split("\n")
    assert any(line.split("\r")[-1].startswith("\x1b[31mfailed") for line in lines), "the failure has its own line"


def test_a_terminal_without_bar_or_color(place: Path) -> None:
    damage(place / "photos/trip/b.jpg")
    words = ["run", "photos", "-o", "out", "--resize", "40"]
    _, plain = on_a_terminal(place, [*words, "--no-progress"], NO_COLOR="1")
    assert "%|" not in plain
    assert "\x1b" not in plain
    assert "failed: photos/trip/b.jpg" in plain
    _, quiet = on_a_terminal(place, [*words, "-Q", "--force"])
    assert "%|" not in quiet
    assert quiet.count("\n") == 1


EXIT_SCRIPT = """
import atexit, sys, threading, time
from imgbatch import __main__ as command

class Last:
    def __del__(self):
        sys.__stdout__.write("taken apart\\n")

def thread():
    time.sleep(0.2)
    print("the thread is done")

def main(alone):
    print("alone" if alone else "not alone")
    atexit.register(print, "registered later")
    threading.Thread(target=thread).start()
    sys.stderr.write("no end of line")
    if "fail" in sys.argv:
        raise RuntimeError("broken")
    return 3

kept = Last()
command.main = main
if "first" in sys.argv:
    atexit.register(print, "registered first")
sys.exit(command.command())
"""


@pytest.mark.parametrize(
    ("word", "company", "said"),
    [
        ("", "alone", ""),
        ("first", "not alone", "registered first\ntaken apart\n"),
        ("fail", "alone", "taken apart\n"),
    ],
)
def test_the_end_is_quick_and_forgets_nobody(word: str, company: str, said: str) -> None:
    surroundings = {key: value for key, value in environment().items() if key != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", EXIT_SCRIPT, word], env=surroundings, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"{company}\nthe thread is done\nregistered later\n{said}"
    assert done.returncode == (1 if word == "fail" else 3)
    assert done.stderr.startswith("no end of line")
    assert done.stderr.count("Error: ") == (word == "fail")
