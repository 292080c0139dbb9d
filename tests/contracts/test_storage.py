"""Does a local disk keep what a store promises, and does each path find its store?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgbatch.storage.base import Properties
from imgbatch.storage.registry import STORES, scheme_of, storage_of, store
from tests.contracts.storage_suite import Key, StorageSuite, refusal_kind


class TestLocal(StorageSuite):
    """Files of this machine."""

    @pytest.fixture
    def scheme(self) -> str:
        return ""

    @pytest.fixture
    def key(self, tmp_path: Path) -> Key:
        (tmp_path / "store").mkdir()
        return lambda name: str(tmp_path / "store" / name)


# -- the table ---------------------------------------------------------------------------------------------------------


def test_every_kind_says_what_it_promises() -> None:
    for scheme in STORES:
        assert isinstance(store(scheme).properties, Properties)
        assert store(scheme) is store(scheme)


@pytest.mark.parametrize("path", ["", ".", "a/b.jpg", "/a://b.jpg", "nowhere://a.jpg", "://", "C:\\a.jpg", "a:b", "\0"])
def test_a_path_of_no_known_scheme_is_local(path: str) -> None:
    assert storage_of(path) is store("")


# -- links, which only some stores have --------------------------------------------------------------------------------


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """A folder of a local disk with a file, a link to it, one to the folder and one that leads nowhere."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.jpg").write_bytes(b"data")
    for name, to in (("file.jpg", "there/a.jpg"), ("folder", "there"), ("broken.jpg", "absent"), ("loop", "loop")):
        (tmp_path / name).symlink_to(to)
    return tmp_path


def test_links_are_followed_for_reading(links: Path) -> None:
    local = store("")
    assert local.read(str(links / "file.jpg")) == b"data" and local.is_folder(str(links / "folder"))
    assert local.resolve(str(links / "folder" / "a.jpg")) == os.path.realpath(links / "there" / "a.jpg")
    assert all(local.exists(str(links / name)) for name in ("file.jpg", "folder", "broken.jpg", "loop"))
    assert all(local.is_link(str(links / name)) for name in ("file.jpg", "folder", "broken.jpg", "loop"))
    assert refusal_kind(lambda: local.read(str(links / "broken.jpg"))) == "io"
    assert refusal_kind(lambda: local.read(str(links / "loop"))) == "io"
    with pytest.raises(FileNotFoundError):
        local.stat(str(links / "broken.jpg"))
    assert not local.holds(str(links / "file.jpg"), b"data"), "what a link leads to is not the link's"


@pytest.mark.parametrize("name", ["file.jpg", "folder", "broken.jpg", "loop"])
def test_links_are_replaced_and_removed_themselves(links: Path, name: str) -> None:
    local, path = store(""), str(links / name)
    with pytest.raises(FileExistsError):
        local.create_exclusively(path, b"new")
    assert os.path.islink(path)
    local.write_whole(path, b"new")
    assert not os.path.islink(path) and local.read(path) == b"new"
    assert os.listdir(links / "there") == ["a.jpg"] and (links / "there" / "a.jpg").read_bytes() == b"data"
    local.remove(path)
    assert not local.exists(path)


def test_a_link_that_is_removed_leaves_its_file(links: Path) -> None:
    for name in ("file.jpg", "folder", "broken.jpg"):
        store("").remove(str(links / name))
    assert (links / "there" / "a.jpg").read_bytes() == b"data"


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("gs://bucket/a.jpg", "gs"), ("s3://bucket/a.jpg", "s3"), ("c://photos/a.jpg", ""), ("C:/photos/a.jpg", ""),
        ("photos/a.jpg", ""), ("1s://a", ""), ("a b://c", ""), ("://a", ""), ("photos://2024/a.jpg", "photos"),
    ],
)  # fmt: skip
def test_what_stands_before_the_slashes_is_a_scheme_or_a_drive(path: str, scheme: str) -> None:
    assert scheme_of(path) == scheme
