"""Which objects of a listing of keys are meant: are they those of a walk through folders, and is no more held?"""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgbatch.core.job import Source
from imgbatch.core.run_settings import Filters
from imgbatch.planning.buckets.walk import BucketWalk
from imgbatch.planning.find import discover
from imgbatch.planning.globs import Glob
from imgbatch.planning.source_filter import FilterRules, SkippedFile
from imgbatch.storage.remote.object_status import ObjectEntry, object_status

HOME = "s3://photos/in"
KEYS = [
    "a.jpg", "a/b.jpg", "a/b/c.jpg", "a/b/d/e.png", "a-b/c.jpg", ".hid.jpg", ".hid/a.jpg", "drafts/x.jpg",
    "a/drafts/y.jpg", "z/notes.jpg", "é/ü.webp", "x.JPG", "a/b/c/d/e/f.gif",
]  # fmt: skip


def listing(keys: list[str]) -> contextlib.nullcontext[Iterator[ObjectEntry]]:
    """As a store gives it: in the order of the keys."""
    return contextlib.nullcontext(
        ObjectEntry(f"{HOME}/{key}", object_status(9, f'"{key}"')) for key in sorted(keys, key=str.encode)
    )


def walk(glob: list[str], filters: Filters, **more: object) -> list[str]:
    """The relative paths of the sources."""
    walker = BucketWalk(HOME, HOME, Glob(glob), FilterRules(filters, 0.0), **more)  # type: ignore[arg-type]  # as they are
    found = [candidate for _, candidate in walker.candidates(listing(KEYS))]
    return [candidate.relative for candidate in found if isinstance(candidate, Source)]


@pytest.mark.parametrize("glob", ["**", "**/*.jpg", "a/**", "*.jpg", "a/*/*.jpg", "*/b/**/*", ".hid/*", "**/b/*"])
@pytest.mark.parametrize(
    "filters",
    [Filters(), Filters(exclude="drafts/"), Filters(include="a/**"), Filters(exclude=("**/b/**", "x*"))],
    ids=["all", "no drafts", "only a", "no b"],
)
def test_the_same_is_meant_as_on_a_disk(tmp_path: Path, glob: str, filters: Filters) -> None:
    files = [key for key in KEYS if not any(other.startswith(key + "/") for other in KEYS)]
    for key in files:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(b"content")
    try:
        found = list(discover([tmp_path if glob == "**" else f"{tmp_path}/{glob}"], filters))
    except ValueError:  # no file matches
        found = []
    fixed = glob.split("*")[0].rpartition("/")[0]
    prefix = fixed + "/" if fixed and glob != "**" else ""
    on_disk = sorted(prefix + one.relative for one in found if isinstance(one, Source))
    if filters == Filters() or not prefix:  # filters are relative to where a glob starts
        assert sorted(name for name in walk(glob.split("/"), filters) if name in files) == on_disk


def test_folders_that_are_avoided_or_of_other_runs_are_left_out() -> None:
    class OtherRuns:
        def owns(self, folder: str) -> bool:
            return folder == f"{HOME}/a/b"

        def outputs_below(self, folder: str, is_named: bool) -> frozenset[str]:
            return frozenset({f"{HOME}/z/notes.jpg"}) if folder == f"{HOME}/z" else frozenset()

    walker = BucketWalk(HOME, HOME, Glob(["**"]), FilterRules(Filters(), 0.0), {f"{HOME}/drafts"}, OtherRuns(), {HOME})
    found = [candidate for _, candidate in walker.candidates(listing(KEYS))]
    sources = {one.relative for one in found if isinstance(one, Source)}
    assert sources == {"a.jpg", "a/b.jpg", "a-b/c.jpg", "a/drafts/y.jpg", "é/ü.webp", "x.JPG"}
    left = {one.relative for one in found if isinstance(one, SkippedFile)}
    assert left == {"a/b", "z/notes.jpg"}, "a folder of another run is named once"


def test_a_listing_that_breaks_is_a_problem_and_no_silence() -> None:
    def broken() -> Iterator[ObjectEntry]:
        yield from listing(["a.jpg"]).enter_result
        raise OSError(5, "the store was too busy")

    walker = BucketWalk(HOME, HOME, Glob(["**"]), FilterRules(Filters(), 0.0))
    (_, first), (_, second) = walker.candidates(contextlib.nullcontext(broken()))
    assert isinstance(first, Source) and first.problem is None
    assert isinstance(second, Source) and second.problem is not None
    assert second.problem.message == "the folder cannot be listed: the store was too busy"


def test_a_listing_of_many_pages_is_not_held() -> None:
    def pages() -> Iterator[ObjectEntry]:
        for number in range(50_000):  # 50 pages: held, they would be 22 MB
            yield ObjectEntry(f"{HOME}/{number // 1000:05}/{number:09}.jpg", object_status(9, str(number)))

    walker = BucketWalk(HOME, HOME, Glob(["**"]), FilterRules(Filters(), 0.0))
    tracemalloc.start()
    try:
        assert sum(1 for _ in walker.candidates(contextlib.nullcontext(pages()))) == 50_000
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()
