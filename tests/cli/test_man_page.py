"""Is the page for man right in the eyes of those who read roff, and does it have every flag?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from imgbatch.cli.commands.guide.help import help as help_command
from imgbatch.cli.dispatch import COMMANDS
from imgbatch.cli.flag_table import run_flags
from imgbatch.cli.manual.blocks.exit_codes import meaning_of
from imgbatch.cli.manual.man_page import _command, _text, man_page
from imgbatch.core.errors import UsageError
from imgbatch.core.report import ExitCode
from imgbatch.operations import all_operations


@pytest.mark.parametrize(
    "words",
    [("groff", "-ww", "-man", "-Tutf8", "-z"), ("mandoc", "-T", "lint", "-W", "warning")],
    ids=lambda one: one[0],
)
def test_readers_of_roff_find_nothing_wrong(words: tuple[str, ...], tmp_path: Path) -> None:
    if shutil.which(words[0]) is None:
        pytest.skip(f"needs {words[0]}")
    (tmp_path / "imgbatch.1").write_text(man_page())
    done = subprocess.run([*words, "imgbatch.1"], cwd=tmp_path, capture_output=True, text=True)
    found = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
    assert found == []  # a page without a date is the same whenever it is made


def test_every_flag_of_run_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert help_command(["--man"]) == 0
    page = capsys.readouterr().out
    assert page == man_page() and page.startswith(".TH IMGBATCH 1 ")
    for flag in run_flags(all_operations()):
        assert "\n.TP\n" + ", ".join(flag.names).replace("-", r"\-") in page
    with pytest.raises(UsageError):
        help_command(["--man", "x"])


def test_every_command_says_its_own_flags_and_every_exit_code_what_it_means() -> None:
    page = man_page()
    sections = {one.partition("\n")[0].strip('"').lower(): one for one in page.split("\n.SH ")}
    names_of_run = {flag.name for flag in run_flags(all_operations())}
    for name in filter(_command, COMMANDS):
        command = _command(name)
        assert command is not None
        own = [flag.name for flag in command.flags(all_operations()) if flag.name not in names_of_run]
        missing = [flag for flag in own if flag.replace("-", r"\-") not in sections[f"imgbatch {name}"]]
        assert not missing, name
    for code in ExitCode:
        assert f".B {code.value}\n" in page and _text(meaning_of(code)) in page
