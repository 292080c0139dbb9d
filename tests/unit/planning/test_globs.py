"""Which names does a glob stand for?"""

import pytest

from imgbatch.core.errors import UsageError
from imgbatch.planning.globs import Glob, exclude_filter, has_magic, include_filter, split_glob


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.jpg", ["a.jpg", "d/a.jpg", ".jpg", "d/e/ü.jpg"], ["a.JPG", "a.jpg/b", "a.jpgx"]),
        ("a?.png", ["ab.png", "d/ax.png"], ["a.png", "a/.png", "abc.png"]),
        ("d/*.jpg", ["d/a.jpg"], ["d/e/a.jpg", "x/d/a.jpg", "a.jpg"]),
        ("/*.jpg", ["a.jpg"], ["d/a.jpg"]),
        ("**/d/*.jpg", ["d/a.jpg", "x/y/d/a.jpg"], ["d/x/a.jpg", "xd/a.jpg"]),
        ("d/**", ["d/a", "d/e/f"], ["d", "x/d/a"]),
        ("d/**/x", ["d/x", "d/a/b/x"], ["d/ax", "x"]),
        ("**", ["a", "d/e"], []),
        ("./d/*.jpg", ["d/a.jpg"], ["a.jpg"]),
        ("[ab].x", ["a.x", "d/b.x"], ["c.x", "[ab].x"]),
        ("[!ab].x", ["c.x"], ["a.x", "/.x"]),
        ("[^ab].x", ["c.x"], ["a.x"]),
        ("[a-c-].x", ["b.x", "-.x"], ["d.x"]),
        ("[]a].x", ["].x", "a.x"], ["b.x"]),
        ("[!]a].x", ["b.x"], ["].x"]),
        ("[^^].x", ["a.x"], ["^.x"]),
        ("[a", ["[a"], ["a"]),
        ("[!]", ["[!]"], ["x"]),
        ("[*]", ["*"], ["x"]),
        ("[[].x", ["[.x"], ["a.x"]),
        ("{a,b}(1)+$.jpg", ["{a,b}(1)+$.jpg"], ["a(1)+$.jpg"]),
        ("a\\b", ["a\\b"], ["ab"]),
        ("*a***b", ["xaxb", "ab"], ["a/b"]),
        ("-x", ["-x"], ["x"]),
        ("*\udcff*", ["a\udcffb"], ["ab"]),
        ("*.jpg", ["a\nb.jpg", "a\n.jpg"], ["a.jpg\n"]),
    ],
)
def test_filter(pattern: str, yes: list[str], no: list[str]) -> None:
    let_in = include_filter([pattern])
    assert [name for name in yes if not let_in(name)] == []
    assert [name for name in no if let_in(name)] == []


def test_no_filter_lets_all_in_and_leaves_nothing_out() -> None:
    files, folders = exclude_filter([])
    assert include_filter([])("a/b") and not files("a/b") and not folders("a")


def test_several_filters_are_alternatives() -> None:
    let_in = include_filter(["*.jpg", "d/*"])
    assert let_in("x/a.jpg") and let_in("d/x") and not let_in("x/y")


def test_include_of_a_folder_is_all_below_it() -> None:
    assert include_filter(["drafts/"])("a/drafts/b/c.jpg") and not include_filter(["drafts/"])("drafts")
    assert include_filter(["a/drafts/"])("a/drafts/c.jpg") and not include_filter(["a/drafts/"])("b/a/drafts/c.jpg")


@pytest.mark.parametrize("pattern", ["drafts", "drafts/", "**/drafts/**", "**/drafts/**/**"])
def test_exclude_of_a_folder_leaves_it_out_whole(pattern: str) -> None:
    _, folders = exclude_filter([pattern])
    assert folders("drafts") and folders("a/drafts") and not folders("draft") and not folders("a")


def test_exclude_of_what_is_in_a_folder_at_the_top_leaves_out_that_folder_only() -> None:
    _, folders = exclude_filter(["drafts/**"])
    assert folders("drafts") and not folders("a/drafts")


def test_exclude_with_a_final_slash_is_for_folders_only() -> None:
    files, _ = exclude_filter(["drafts/"])
    assert not files("drafts")


@pytest.mark.parametrize("pattern", ["**", "/**", "**/**"])
def test_exclude_of_everything(pattern: str) -> None:
    files, folders = exclude_filter([pattern])
    assert files("a") and files("a/b") and folders("a")


def test_reversed_range_is_refused() -> None:
    with pytest.raises(UsageError, match=r"got \[z-a\]"):
        include_filter(["[z-a]"])


def test_many_stars_take_no_time() -> None:
    assert not include_filter(["*a" * 6 + "b"])("a" * 60)


@pytest.mark.parametrize(
    ("pattern", "start", "parts"),
    [
        ("*.jpg", ".", ["*.jpg"]),
        ("photos/**/*.jpg", "photos", ["**", "*.jpg"]),
        ("./p//q/*.jpg", "./p//q", ["*.jpg"]),
        ("/*.jpg", "/", ["*.jpg"]),
        ("/p/*/./x.jpg", "/p", ["*", "x.jpg"]),
        ("p/[ab]/", "p", ["[ab]"]),
        ("/set [[]1]/[*]/*.jpg", "/set [1]/*", ["*.jpg"]),
        ("a[*]/b[?].x", "a*", ["b[?].x"]),
    ],
)
def test_fixed_part(pattern: str, start: str, parts: list[str]) -> None:
    assert has_magic(pattern)
    assert split_glob(pattern) == (start, parts)


def walk(pattern: str, path: str, is_link: bool = False, deeper: bool = True) -> bool:
    """Whether a walk with that glob comes to the file `path`; `is_link`: its first folder is a link."""
    glob = Glob(pattern.split("/"))
    positions = glob.start
    *folders, name = path.split("/")
    for number, folder in enumerate(folders):
        _, positions = glob.step(positions, folder, is_link and number == 0, deeper)
    return glob.step(positions, name, False, deeper)[0] if positions else False


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("**", "a/b/c", True),
        ("**", "a/.b/c", False),
        ("**", ".a", False),
        ("*", "a", True),
        ("*", "a/b", False),
        ("*", ".a", False),
        (".*", ".a", True),
        ("[.]a", ".a", False),
        (".h/**", ".h/a", True),
        ("**/.h/*", "a/.h/b", True),
        ("**/*.jpg", "a.jpg", True),
        ("**/*.jpg", "a/b/c.jpg", True),
        ("**/a/**/b", "x/a/a/y/b", True),
        ("**/a/**/b", "x/b", False),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("*/x/*", "a/x/b", True),
        ("**/**/a", "a", True),
    ],
)
def test_walk(pattern: str, path: str, is_match: bool) -> None:
    assert walk(pattern, path) is is_match


def test_linked_folders_are_entered_only_by_name() -> None:
    assert walk("link/*", "link/a", is_link=True)
    assert not walk("l*/*", "link/a", is_link=True)
    assert not walk("**/a", "link/a", is_link=True)
    assert not walk("**", "link/a", is_link=True)


def test_depth_limits_only_what_any_depth_may_take() -> None:
    assert walk("*/a", "d/a", deeper=False)
    assert not walk("**/a", "d/a", deeper=False)
    assert not walk("**", "d/a", deeper=False)
    assert walk("**", "a", deeper=False)
