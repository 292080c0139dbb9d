"""Is README short enough for ten minutes, and does it show and link what is there?"""

from __future__ import annotations

import re
import tomllib

from tests.pages import README, ROOT, page

WORDS = 1200  # as wc counts
TEXT = page(README)


def test_readme_is_read_in_ten_minutes() -> None:
    assert len(TEXT.split()) <= WORDS


def test_what_readme_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 20
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_a_clone_is_set_up_and_tested_by_one_line_each() -> None:
    lines = [line for line in TEXT.splitlines() if line.startswith("python3 ")]
    assert len(lines) == 2 and lines[1].endswith("pytest") and "imgbatch run sample_images" in lines[0]


def test_the_table_of_performance_is_that_of_the_page() -> None:
    rows = [line.strip("| ").split(" | ") for line in TEXT.partition("## Performance")[2].splitlines() if "| " in line]
    of_page = page("performance")
    for title, *seconds in rows[2:]:
        (row,) = [line for line in of_page.splitlines() if line.startswith(f"| {title} |")]
        assert re.findall(r"([\d.]+) \(", row)[: len(seconds)] == seconds, title


def test_every_extra_is_on_its_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page("extras"), re.MULTILINE))
    assert {*rows} == {*project["optional-dependencies"]} - {"test"}
    for name, packages in rows.items():
        declared = [re.split(r"[ ;<>=\[]", word)[0] for word in project["optional-dependencies"][name]]
        assert [word.strip() for word in packages.split(",")] == declared
