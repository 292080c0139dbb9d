"""Which files are meant by what the user typed?"""

import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from imgbatch.core.errors import PlanError
from imgbatch.core.job import Source
from imgbatch.core.run_settings import Filters
from imgbatch.planning.find import Candidate, SkippedFile, discover
from imgbatch.storage.below import identity_of
from tests.permissions import plain_user

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(*names: str, data: bytes = PNG, age: float = 100.0) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (NOW - age, NOW - age))


def look(*paths: str, avoid: Sequence[str] = (), filters: Filters | None = None) -> list[Candidate]:
    return list(discover(paths, filters or Filters(), avoid=avoid, now=NOW))


def names(*paths: str, avoid: Sequence[str] = (), filters: Filters | None = None) -> list[str]:
    """What is found and no problem, as root and relative path."""
    sources = look(*paths, avoid=avoid, filters=filters)
    assert [one for one in sources if isinstance(one, Source) and one.problem] == []
    return [f"{one.root}|{one.relative}" for one in sources if isinstance(one, Source)]


def skip_reasons(*paths: str, filters: Filters | None = None) -> dict[str, str]:
    return {one.relative: one.reason for one in look(*paths, filters=filters) if isinstance(one, SkippedFile)}


def problems(*paths: str) -> dict[str, tuple[str, str]]:
    sources = [one for one in look(*paths) if isinstance(one, Source)]
    assert all(one.problem.phase == "read" for one in sources if one.problem)
    return {one.relative: (one.problem.kind, one.problem.message) for one in sources if one.problem}


# -- files, folders, order ---------------------------------------------------------------------------------------------


def test_folder_is_walked_in_the_order_of_the_parts_of_its_paths() -> None:
    tree("p/b.jpg", "p/a.jpg", "p/a/z.jpg", "p/a b/y.jpg", "p/Z.jpg", "p/a/b/c.jpg", "p/é.jpg")
    assert names("p") == [
        "p|Z.jpg", "p|a/b/c.jpg", "p|a/z.jpg", "p|a b/y.jpg", "p|a.jpg", "p|b.jpg", "p|é.jpg",
    ]  # fmt: skip


def test_a_source_knows_its_path_size_and_time(here: Path) -> None:
    tree("p/a/b.jpg", data=b"12345")
    os.utime("p/a/b.jpg", ns=(1, 1_234_567_890_123_456_789))
    path = str(here / "p/a/b.jpg")
    place, inner = identity_of("p"), identity_of("p/a")
    assert look("p") == [Source(path, "p", "a/b.jpg", 5, 1_234_567_890_123_456_789, place=place)]
    assert look("p/a/b.jpg") == [Source(path, "p/a", "b.jpg", 5, 1_234_567_890_123_456_789, named=True, place=inner)]


@pytest.mark.parametrize(
    ("argument", "root"),
    [("p", "p"), ("p/", "p"), ("p///", "p"), ("./p", "./p"), (".", "."), ("./", "."), ("p/../p", "p/../p")],
)
def test_root_of_a_folder_is_as_typed(argument: str, root: str) -> None:
    tree("p/a.jpg")
    assert [one.root for one in look(argument)] == [root]
    assert {one.path for one in look(argument) if isinstance(one, Source)} == {os.path.abspath("p/a.jpg")}


@pytest.mark.parametrize(("argument", "root"), [("a.jpg", "."), ("./a.jpg", "."), ("p/a.jpg", "p"), ("p//a.jpg", "p")])
def test_root_of_a_file_is_its_parent(argument: str, root: str) -> None:
    tree("a.jpg", "p/a.jpg")
    assert names(argument) == [f"{root}|a.jpg"]


def test_absolute_paths(here: Path) -> None:
    tree("p/a.jpg")
    assert names(str(here / "p")) == [f"{here}/p|a.jpg"]
    assert names(str(here / "p/a.jpg")) == [f"{here}/p|a.jpg"]


def test_a_path_through_a_link_and_back_is_the_file_that_the_system_means(here: Path) -> None:
    tree("real/deep/x.jpg", "real/a.jpg", "a.jpg")
    os.symlink("real/deep", "link")
    (one,) = look("link/../a.jpg")
    assert isinstance(one, Source) and one.path == str(here / "real/a.jpg")


def test_order_is_that_of_the_paths_and_each_file_comes_once() -> None:
    tree("p/a.jpg", "p/b.jpg", "q/c.jpg")
    assert names("q", "p/b.jpg", "p", "./p/a.jpg", "p/../q") == ["q|c.jpg", "p|b.jpg", "p|a.jpg"]


def test_one_path_need_not_be_in_a_list() -> None:
    tree("p/a.jpg")
    assert [one.relative for one in discover("p", Filters())] == ["a.jpg"]
    assert [one.relative for one in discover(Path("p"))] == ["a.jpg"]
    assert [one.relative for one in discover([Path("p/a.jpg")])] == ["a.jpg"]


def test_names_that_are_no_plain_words() -> None:
    odd = ["-x.jpg", "100%.jpg", "a\nb.jpg", "[ab].jpg", "{stem}.jpg", "a b'\".jpg", "\udcff\udcfe.jpg", "*.jpg"]
    tree(*(f"p/{name}" for name in odd))
    assert sorted(names("p")) == sorted(f"p|{name}" for name in odd)
    for name in odd:
        assert names(f"p/{name}") == [f"p|{name}"]


def test_folders_deeper_than_calls_can_nest() -> None:
    folders = ["/".join(["d"] * depth) for depth in range(1, 1101)]
    for folder in folders:
        os.mkdir(folder)
    tree(folders[-1] + "/x.jpg")
    assert names(".") == [f".|{folders[-1]}/x.jpg"]
    os.unlink(folders[-1] + "/x.jpg")
    for folder in reversed(folders):
        os.rmdir(folder)


def test_folders_are_read_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("p/a/1.jpg", "p/b/1.jpg", "p/c/1.jpg")
    read = []
    real = os.scandir

    def scandir(path: str) -> "os._ScandirIterator[str]":
        read.append(os.path.basename(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    sources = discover(["p"], Filters())
    assert next(sources).relative == "a/1.jpg"
    assert read == ["p", "a"]


# -- what is a candidate -----------------------------------------------------------------------------------------------


def test_suffix_or_content_make_a_candidate() -> None:
    tree("p/by_content", "p/by_content.dat", data=PNG)
    tree("p/by_suffix.JPG", "p/scan.ppm", "p/photo.heic", data=b"no image at all")
    tree("p/notes.txt", "p/empty", data=b"")
    tree("p/Thumbs.db", data=b"text")
    assert names("p") == ["p|by_content", "p|by_content.dat", "p|by_suffix.JPG", "p|photo.heic", "p|scan.ppm"]
    assert skip_reasons("p") == {"Thumbs.db": "not an image", "empty": "not an image", "notes.txt": "not an image"}


def test_camera_raw_and_drawings_are_skipped_with_a_reason() -> None:
    tree("p/a.NEF", data=b"II*\0" + bytes(60))
    tree("p/b", data=b"II*\0\x10\0\0\0CR\2\0" + bytes(40))
    tree("p/c.svg", "p/d.pdf", data=b"%PDF-1.4 text")
    reasons = skip_reasons("p")
    assert names("p") == []
    assert "camera raw" in reasons["a.NEF"] and reasons["a.NEF"] == reasons["b"]
    assert "drawing" in reasons["c.svg"] and reasons["c.svg"] == reasons["d.pdf"]


def test_a_named_file_is_always_a_candidate() -> None:
    tree("notes.txt", "a.NEF", ".hidden", data=b"text")
    assert names("notes.txt", "a.NEF", ".hidden") == [".|notes.txt", ".|a.NEF", ".|.hidden"]


def test_a_file_whose_suffix_says_enough_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("p/a.jpg", "p/b.tga")
    monkeypatch.setattr(os, "open", None)
    assert names("p") == ["p|a.jpg", "p|b.tga"]


@pytest.mark.parametrize("suffix", ["svg", "pdf", "NEF", "cr2", "mp4", "txt", "ai", "exr"])
def test_an_image_of_any_name_is_found(suffix: str) -> None:
    tree(f"p/jpeg.{suffix}", data=b"\xff\xd8\xff\xe0\0\x10JFIF")
    tree(f"p/png.{suffix}", data=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    tree(f"p/text.{suffix}", data=b"text")
    assert names("p") == [f"p|jpeg.{suffix}", f"p|png.{suffix}"]


@pytest.mark.parametrize("suffix", ["svg", "nef"])
def test_what_cannot_be_looked_at_is_what_its_name_says(suffix: str) -> None:
    tree(f"p/a.{suffix}")
    os.chmod(f"p/a.{suffix}", 0)
    with plain_user():
        assert list(skip_reasons("p")) == [f"a.{suffix}"]


def test_hidden_files_and_folders_are_not_counted() -> None:
    tree("p/.a.jpg", "p/.d/a.jpg", "p/.imgbatch/a.jpg", "p/b.jpg")
    assert [one.relative for one in look("p")] == ["b.jpg"]


def test_a_hidden_folder_that_is_typed_is_walked() -> None:
    tree(".d/a.jpg")
    assert names(".d") == [".d|a.jpg"]


def test_linked_files_are_followed_and_linked_folders_are_not() -> None:
    tree("elsewhere/a.jpg", data=b"123")
    tree("p/b.jpg")
    os.symlink("../elsewhere/a.jpg", "p/link.jpg")
    os.symlink("../elsewhere", "p/folder")
    os.symlink("../elsewhere", "p/folder.jpg")
    os.symlink(".", "p/loop")
    assert names("p") == ["p|b.jpg", "p|link.jpg"]
    assert len(look("p")) == 2
    assert [one.size for one in look("p") if isinstance(one, Source) and one.relative == "link.jpg"] == [3]


def test_a_linked_folder_that_is_typed_is_walked() -> None:
    tree("elsewhere/a.jpg")
    os.symlink("elsewhere", "link")
    assert names("link") == ["link|a.jpg"]


def test_a_folder_may_be_called_like_an_image() -> None:
    tree("p/x.jpg/a.jpg")
    assert names("p") == ["p|x.jpg/a.jpg"]


# -- what cannot be looked at ------------------------------------------------------------------------------------------


def test_what_is_no_regular_file_is_a_problem_when_called_like_an_image() -> None:
    tree("p/b.jpg")
    os.mkfifo("p/pipe.jpg")
    os.mkfifo("p/pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("p/socket.png")
    assert problems("p") == {
        "pipe.jpg": ("unsupported", "not a regular file"),
        "socket.png": ("unsupported", "not a regular file"),
    }
    assert skip_reasons("p") == {"pipe": "not a regular file"}


def test_a_named_pipe_or_device_is_a_problem() -> None:
    os.mkfifo("pipe")
    assert problems("pipe") == {"pipe": ("unsupported", "not a regular file")}
    assert problems("/dev/null") == {"null": ("unsupported", "not a regular file")}


def test_a_pipe_in_the_place_of_a_file_does_not_block(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("p/data")
    real = os.open

    def swap(path: str, flags: int, **_: object) -> int:
        os.unlink(path)
        os.mkfifo(path)
        return real(path, flags)

    monkeypatch.setattr(os, "open", swap)
    assert problems("p") == {"data": ("io", "not a regular file")}


def test_a_broken_link_is_a_problem_when_called_like_an_image() -> None:
    Path("p").mkdir()
    os.symlink("gone", "p/a.jpg")
    os.symlink("gone", "p/notes")
    os.symlink("b.jpg", "p/b.jpg")
    assert problems("p") == {
        "a.jpg": ("io", "a broken link to gone"),
        "b.jpg": ("io", "a broken link to b.jpg"),
    }
    assert skip_reasons("p") == {"notes": "a broken link to gone"}
    assert problems("p/a.jpg") == {"a.jpg": ("io", "a broken link to gone")}


class Refusal:
    """Makes the system refuse some paths (tests may run as a user whom nothing is refused)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, function: str, name: str, error: type[OSError]) -> None:
        real = getattr(os, function)

        def refuse(path: str, *rest: object, **more: object) -> object:
            if os.path.basename(path) == name:
                raise error(13 if error is PermissionError else 2, "Refused", path)
            return real(path, *rest, **more)

        monkeypatch.setattr(os, function, refuse)


def test_an_unreadable_folder_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("p/a.jpg", "p/closed/b.jpg", "p/d.jpg")
    Refusal(monkeypatch, "scandir", "closed", PermissionError)
    assert problems("p") == {"closed": ("permission", "the folder cannot be listed: Refused")}
    assert [one.relative for one in look("p")] == ["a.jpg", "closed", "d.jpg"]
    (one,) = look("p/closed")
    assert isinstance(one, Source) and one.relative == "." and one.root == "p/closed" and one.problem


def test_an_unreadable_file_of_unknown_suffix_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("p/data")
    Refusal(monkeypatch, "open", "data", PermissionError)
    assert problems("p") == {"data": ("permission", "Refused")}


def test_a_named_file_below_a_closed_folder_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("p/a.jpg")
    Refusal(monkeypatch, "stat", "a.jpg", PermissionError)
    Refusal(monkeypatch, "lstat", "a.jpg", PermissionError)
    assert problems("p/a.jpg") == {"a.jpg": ("permission", "Refused")}


def test_files_that_vanish_while_one_looks() -> None:
    tree("p/a.jpg", "p/b.jpg", "p/c", "p/d.jpg")
    sources = discover(["p"], Filters())
    assert next(sources).relative == "a.jpg"
    os.unlink("p/b.jpg")
    os.unlink("p/c")
    rest = list(sources)
    assert isinstance(rest[0], Source) and rest[0].problem and rest[0].problem.kind == "io"
    assert rest[1] == SkippedFile("c", "p", "No such file or directory")
    assert isinstance(rest[2], Source) and rest[2].problem is None


def test_a_folder_that_vanishes_while_one_looks() -> None:
    tree("p/a.jpg", "p/b/c.jpg")
    sources = discover(["p"], Filters())
    next(sources)
    os.unlink("p/b/c.jpg")
    os.rmdir("p/b")
    (one,) = sources
    assert isinstance(one, Source) and one.relative == "b" and one.problem and one.problem.kind == "io"


# -- what is missing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("photo", "photo: no such file or folder; did you mean photos?"),
        ("photos/IMG_2.jpg", "photos/IMG_2.jpg: no such file or folder; did you mean photos/IMG_1.jpg?"),
        ("fotos/IMG_1.jpg", "fotos/IMG_1.jpg: no such file or folder; did you mean photos?"),
        ("photos/IMG_1.jpg/", "photos/IMG_1.jpg/: no such file or folder; did you mean photos/IMG_1.jpg?"),
        ("zzz", "zzz: no such file or folder"),
        ("", "expected the path of a file or folder, got ''"),
        ("a\0b", "expected the path of a file or folder, got 'a\\x00b'"),
        ("x" * 5000, "x" * 119 + "…: no such file or folder"),
        ("photo/*.jpg", "photo/*.jpg: no such folder: photo; did you mean photos?"),
    ],
)
def test_missing_paths_are_refused_at_once(argument: str, sentence: str) -> None:
    tree("photos/IMG_1.jpg")
    with pytest.raises(PlanError) as error:
        discover([argument], Filters())
    assert str(error.value) == sentence


# -- globs -------------------------------------------------------------------------------------------------------------


def test_a_glob_finds_what_its_pattern_says_below_its_fixed_part() -> None:
    tree("p/a.jpg", "p/b.png", "p/d/c.jpg", "p/d/e/f.jpg", "p/.h/g.jpg", "p/.x.jpg")
    assert names("p/*.jpg") == ["p|a.jpg"]
    assert names("p/**/*.jpg") == ["p|a.jpg", "p|d/c.jpg", "p|d/e/f.jpg"]
    assert names("**/*.jpg") == [".|p/a.jpg", ".|p/d/c.jpg", ".|p/d/e/f.jpg"]
    assert names("p/d/**") == ["p/d|c.jpg", "p/d|e/f.jpg"]
    assert names("p/**/**/c.jpg") == ["p|d/c.jpg"]
    assert names("p/?.[jp]*g") == ["p|a.jpg", "p|b.png"]
    assert names("p/.*/*.jpg") == ["p|.h/g.jpg"]
    assert names("p/*") == ["p|a.jpg", "p|b.png"]
    assert names(os.path.abspath("p/*/c.jpg")) == [os.path.abspath("p") + "|d/c.jpg"]


def test_an_existing_path_wins_over_a_glob() -> None:
    tree("p/[ab].jpg", "p/a.jpg", "*/x.jpg", "q/x.jpg")
    assert names("p/[ab].jpg") == ["p|[ab].jpg"]
    assert names("*") == ["*|x.jpg"]
    assert names("p/[[]ab].jpg") == ["p|[ab].jpg"]


def test_what_a_glob_finds_is_no_named_file() -> None:
    tree("p/a.txt", data=b"text")
    assert skip_reasons("p/*.txt") == {"a.txt": "not an image"}


def test_a_glob_enters_a_linked_folder_only_by_name() -> None:
    tree("real/a.jpg", "p/b.jpg")
    os.symlink("../real", "p/link")
    assert names("p/**/*.jpg") == ["p|b.jpg"]
    assert names("?/link/*.jpg") == [".|p/link/a.jpg"]


@pytest.mark.parametrize("argument", ["p/*.gif", "p/d*", "*/", "p/*/../a.jpg", ".*"])
def test_a_glob_without_a_match_is_refused_at_once(argument: str) -> None:
    tree("p/d/a.jpg")
    with pytest.raises(PlanError, match=r"no file matches; .* add /\*\*"):
        discover([argument], Filters())


def test_a_glob_whose_matches_are_all_left_out_is_not_refused() -> None:
    tree("p/d/a.jpg", "p/b.jpg")
    assert names("p/**/*.jpg", filters=Filters(exclude=("*.jpg",))) == []
    assert names("p/**/a.jpg", filters=Filters(recursive=False)) == []


# -- filters -----------------------------------------------------------------------------------------------------------


def test_include_and_exclude() -> None:
    tree("p/a.jpg", "p/a.png", "p/drafts/b.jpg", "p/d/drafts/c.jpg", "p/d/e.JPG")
    tree("p/notes.txt", data=b"text")
    assert names("p", filters=Filters(include=("*.jpg",))) == ["p|a.jpg", "p|d/drafts/c.jpg", "p|drafts/b.jpg"]
    assert names("p", filters=Filters(include=("d/**", "a.*"))) == [
        "p|a.jpg",
        "p|a.png",
        "p|d/drafts/c.jpg",
        "p|d/e.JPG",
    ]
    for pattern in ("drafts", "drafts/", "**/drafts/**", "**/drafts/*"):
        left = names("p", filters=Filters(exclude=(pattern,)))
        assert left == ["p|a.jpg", "p|a.png", "p|d/e.JPG"], pattern
    assert names("p", filters=Filters(exclude=("/drafts", "*.png"))) == ["p|a.jpg", "p|d/drafts/c.jpg", "p|d/e.JPG"]
    assert skip_reasons("p", filters=Filters(exclude=("*.txt", "*.png"))) == {}


def test_an_excluded_folder_is_not_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("p/a.jpg", "p/drafts/b.jpg")
    Refusal(monkeypatch, "scandir", "drafts", PermissionError)
    assert names("p", filters=Filters(exclude=("**/drafts/**",))) == ["p|a.jpg"]


def test_what_lies_deeper_than_was_asked_for_is_not_found() -> None:
    tree("p/a.jpg", "p/1/a.jpg", "p/1/2/a.jpg")
    assert names("p", filters=Filters(max_depth=0)) == ["p|a.jpg"]
    assert names("p", filters=Filters(recursive=False)) == ["p|a.jpg"]
    assert names("p", filters=Filters(recursive=False, max_depth=5)) == ["p|a.jpg"]
    assert names("p", filters=Filters(max_depth=1)) == ["p|1/a.jpg", "p|a.jpg"]
    assert len(names("p", filters=Filters(max_depth=2))) == 3
    assert names("p/**/*.jpg", filters=Filters(max_depth=1)) == ["p|1/a.jpg", "p|a.jpg"]
    assert names("p/*/*.jpg", filters=Filters(recursive=False)) == ["p|1/a.jpg"]


def test_size_and_age_are_told() -> None:
    tree("p/small.jpg", data=b"1")
    tree("p/large.jpg", data=bytes(100))
    tree("p/old.jpg", data=bytes(50), age=1000)
    tree("p/fits.jpg", data=bytes(50), age=500)
    filters = Filters(min_size=50, max_size=50, newer_than=500.0)
    assert names("p", filters=filters) == ["p|fits.jpg"]
    assert skip_reasons("p", filters=filters) == {
        "small.jpg": "smaller than 50 bytes",
        "large.jpg": "larger than 50 bytes",
        "old.jpg": "not modified in the last 500 s",
    }


def test_settle_leaves_recent_files_for_the_next_run() -> None:
    tree("p/new.jpg", age=2)
    tree("p/ahead.jpg", age=-2)
    tree("p/wrong_clock.jpg", age=-(10**6))
    tree("p/old.jpg", age=5)
    filters = Filters(settle=5.0)
    assert names("p", filters=filters) == ["p|old.jpg", "p|wrong_clock.jpg"]
    assert skip_reasons("p", filters=filters) == {"new.jpg": "modified 2 s ago", "ahead.jpg": "modified 0 s ago"}
    assert len(names("p")) == 4


def test_named_files_pass_every_filter() -> None:
    tree("a.jpg", data=b"1", age=1)
    assert names("a.jpg", filters=Filters(exclude=("*",), min_size=9, settle=9.0, max_depth=0)) == [".|a.jpg"]


# -- folders to keep out of --------------------------------------------------------------------------------------------


def test_avoided_folders_are_not_entered_however_they_are_reached(here: Path) -> None:
    tree("p/a.jpg", "p/web/b.jpg", "p/web/c/d.jpg", "p/webber/e.jpg")
    os.symlink("p", "link")
    out = str(here / "p/web")
    assert names("p", avoid=[out]) == ["p|a.jpg", "p|webber/e.jpg"]
    assert names("link", avoid=[out]) == ["link|a.jpg", "link|webber/e.jpg"]
    assert names("p", avoid=[str(here / "link/web")]) == ["p|a.jpg", "p|webber/e.jpg"]
    assert names("p/**/*.jpg", avoid=[out]) == ["p|a.jpg", "p|webber/e.jpg"]
    assert names("p", avoid=[str(here / "none")]) == ["p|a.jpg", "p|web/b.jpg", "p|web/c/d.jpg", "p|webber/e.jpg"]


def test_an_avoided_folder_that_is_typed_is_walked(here: Path) -> None:
    tree("p/web/b.jpg")
    assert names("p/web", avoid=[str(here / "p/web")]) == ["p/web|b.jpg"]


def test_found_files_can_be_taken_one_by_one() -> None:
    tree("p/a.jpg")
    sources = discover(["p"], Filters())
    assert isinstance(sources, Iterator)
