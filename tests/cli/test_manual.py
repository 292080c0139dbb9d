"""Does ``imgbatch help`` show commands, operations and the pages of the manual, and do these say what the code has?"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from imgbatch.__main__ import main
from imgbatch.cli.dispatch import COMMANDS
from imgbatch.cli.manual import pages
from imgbatch.cli.manual.generated_blocks import fill_blocks
from imgbatch.cli.manual.plain_text import plain_text
from imgbatch.core.errors import UsageError
from imgbatch.operations import all_operations
from tests.cli.conftest import Run, environment

TOPICS = pages.topics()
OPERATIONS = [operation.word for operation in all_operations()]
LINES = 100  # of a terminal of 100 columns: two screens


def help_text(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command line prints on stdout."""
    assert main(list(words)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_is_as_the_declarations_have_it(topic: str) -> None:
    page = pages.source(topic)
    assert page == fill_blocks(page), "write it anew: imgbatch help --markdown imgbatch/reference"


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_answers_one_question_on_two_screens(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert re.fullmatch(r"[A-Z][^:?]+: [^?]+\?", pages.title(pages.source(topic)))
    assert pages.source(topic).count("```") % 2 == 0, "a fence is missing"
    text = help_text(capsys, "help", topic)
    assert "<!--" not in text and "](" not in text
    assert not re.search(r"(?<![\w/'`])\*\*\w", text), "bold words"
    assert text.count("\n") <= LINES
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("topic", TOPICS)
def test_the_links_of_a_page_lead_to_pages(topic: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", pages.source(topic))
    assert [link for link in links if "://" not in link and link.partition(".md")[0] not in TOPICS] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_is_what_its_own_help_prints(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    if command == "formats":
        assert help_text(capsys, "help", command) != help_text(capsys, command, "--help")  # the page of that name
    else:
        assert help_text(capsys, "help", command) == help_text(capsys, command, "--help")


def test_help_of_an_operation_is_what_ops_prints(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("resize", "white-balance", "box_blur"):
        assert help_text(capsys, "help", word) == help_text(capsys, "ops", word)


def test_help_of_a_flag_is_what_run_prints_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert help_text(capsys, "help", "quality") == help_text(capsys, "run", "--help", "quality")


def test_a_topic_is_called_as_no_other_help_is() -> None:
    assert {*TOPICS} & {*COMMANDS} <= {"formats"}
    assert {*TOPICS} & {word.replace("_", "-") for word in OPERATIONS} == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("exitcodes", "unknown topic 'exitcodes'; did you mean 'exit-codes'?"),
        ("rezise", "unknown topic 'rezise'; did you mean 'resize'?"),
        ("stast", "unknown topic 'stast'; did you mean 'stats'?"),
        ("xyzzy", "unknown topic 'xyzzy'; `imgbatch help topics` lists them"),
        ("run resize", "expected one topic, command or operation for help, got 'run resize'"),
        ("--bogus", "expected one topic, command or operation for help, got '--bogus'"),
        ("--markdown", "got nothing; in a clone: imgbatch help --markdown imgbatch/reference"),
        ("--markdown a b", "expected one folder for help --markdown, got a b"),
    ],
)
def test_a_wrong_word_is_one_line_with_a_hint(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", *words.split()]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_page_needs_no_pixels() -> None:
    code = (
        "import sys; from imgbatch.__main__ import main; code = main(['help', 'exit-codes']);"
        "heavy = {'numpy', 'PIL', 'tqdm', 'multiprocessing', 'sqlite3', 'argparse', 'imgbatch.operations.base'};"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_markdown_writes_every_page_again_and_over_nothing_else(run: Run, place: Path) -> None:
    for _ in range(2):
        done = run("help", "--markdown", "pages")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
    files = {file.stem: file.read_text(encoding="utf-8") for file in (place / "pages").iterdir()}
    assert files == {topic: pages.source(topic) for topic in TOPICS}
    (place / "pages" / "exit-codes.md").write_text("# Mine\n")
    (place / "pages" / "topics.md").unlink()
    done = run("help", "--markdown", "pages")
    assert done.returncode == 2
    assert "exit-codes.md is in the way: it is no page of the manual; nothing was written" in done.stderr
    assert not (place / "pages" / "topics.md").exists()


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<!-- generated: formts -->\n<!-- end of generated -->\n", "unknown block of a page 'formts'"),
        ("<!-- generated: topics -->\n", "a block without one"),
    ],
)
def test_a_block_that_cannot_be_written_is_named(page: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        fill_blocks(page)


MARKDOWN = """\
# Salt: what is it for?

A **bold** word, a [page](exit-codes.md), [the codes](exit-codes.md#four) and [others](https://example.org).
<!-- generated: topics -->
- one item that is long enough
  to be wrapped
- another, with `code that stays` here

| flag | meaning |
| --- | --- |
| `-a\\|-b` | see [exit-codes](exit-codes.md), which is long |

```sh
imgbatch   run  # as it is
```
"""
TEXT = """\
Salt: what is it for?
=====================

A bold word, a page
(`imgbatch help exit-codes`), the codes
(`imgbatch help exit-codes`) and others
(https://example.org).
- one item that is long enough to be
  wrapped
- another, with `code that stays` here

flag     meaning
-------  -----------------------------
`-a|-b`  see exit-codes, which is long

    imgbatch   run  # as it is
"""


def test_markdown_becomes_text_that_fits() -> None:
    assert plain_text(MARKDOWN, 40) == TEXT
