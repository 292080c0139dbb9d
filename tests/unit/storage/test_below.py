"""Is a file reached below its folder only, whatever links stand on the way?"""

from __future__ import annotations

import errno
import os
import pickle
import platform
import tempfile
from pathlib import Path

import pytest

from imgbatch.storage import below
from imgbatch.storage.atomic_write import open_atomic, write_bytes
from imgbatch.storage.below import Root, identity_of, remove_below

SECRET = b"the user's own"


@pytest.fixture(params=["openat2", "part by part"])
def folder(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with links, beside a home that has a file."""
    if request.param == "part by part":
        monkeypatch.setattr(below, "_system_call", lambda: None)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/a").write_bytes(SECRET)
    made = tmp_path / "folder"
    (made / "real").mkdir(parents=True)
    (made / "near").symlink_to("real")
    (made / "absolute").symlink_to(made / "real")
    (made / "out").symlink_to("../home")
    (made / "absolutely-out").symlink_to(tmp_path / "home")
    return made


@pytest.mark.parametrize("name", ["a", "real/a", "new/below/a", "near/a", "near/new/a", "absolute/a"])
def test_what_ends_below_is_written_and_removed(folder: Path, name: str) -> None:
    path = folder / name
    write_bytes(str(path), b"data", root=Root(str(folder)))
    assert path.read_bytes() == b"data"
    remove_below(str(folder), str(path))
    assert not path.exists()


@pytest.mark.parametrize(
    "name", ["out/a", "out/new/a", "absolutely-out/a", "../home/a", "real/../../home/a", "near/../../home/a"]
)
def test_nothing_is_written_or_removed_elsewhere(folder: Path, name: str) -> None:
    path = f"{folder}/{name}"
    root = Root(str(folder))
    with pytest.raises(OSError, match="leads out of") as refused:
        write_bytes(path, b"data", root=root)
    assert refused.value.errno == errno.EXDEV
    with pytest.raises(OSError, match="leads out of"), open_atomic(path, root=root):
        pass
    with pytest.raises(OSError, match="leads out of"):
        remove_below(str(folder), path)
    home = folder.parent / "home"
    assert os.listdir(home) == ["a"] and (home / "a").read_bytes() == SECRET


def test_a_folder_that_another_worker_makes_first_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = os.mkdir

    def make_first(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        make(path, mode, dir_fd=dir_fd)
        make(path, mode, dir_fd=dir_fd)  # the second one comes too late

    monkeypatch.setattr(os, "mkdir", make_first)
    write_bytes(str(folder / "new/a"), b"data", root=Root(str(folder)))
    assert (folder / "new/a").read_bytes() == b"data"


def test_a_file_in_the_way_of_a_folder_is_said(folder: Path) -> None:
    (folder / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        write_bytes(str(folder / "file/a"), b"data", root=Root(str(folder)))


def test_a_root_that_is_a_link_is_where_the_link_leads(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("folder")
    write_bytes(str(tmp_path / "link/near/a"), b"data", root=Root(str(tmp_path / "link")))
    assert (folder / "real/a").read_bytes() == b"data"


def test_a_root_is_made_when_it_is_needed_and_sent_unopened(tmp_path: Path) -> None:
    root = pickle.loads(pickle.dumps(Root(str(tmp_path / "new"))))
    assert not (tmp_path / "new").exists()
    write_bytes(str(tmp_path / "new/a"), b"data", root=root)
    assert (tmp_path / "new/a").read_bytes() == b"data"


def test_a_root_that_became_another_folder_is_refused_and_never_made_again(folder: Path) -> None:
    root = Root(str(folder))
    root.hold()
    copy = pickle.loads(pickle.dumps(root))
    folder.rename(folder.with_name("away"))
    for one in (root, copy):
        with pytest.raises(OSError, match="is gone since the run began") as refused:
            one.check()
        assert refused.value.errno == errno.ESTALE
    with pytest.raises(OSError, match="is gone"), copy.parent(str(folder / "a")):
        pass
    assert not folder.exists()
    folder.mkdir()
    with pytest.raises(OSError, match="is another one"):
        write_bytes(str(folder / "a"), b"data", root=copy)
    assert not list(folder.iterdir())
    folder.rmdir()
    folder.with_name("away").rename(folder)
    for one in (root, copy):
        one.check()
        write_bytes(str(folder / "real/b"), b"data", root=one)


def test_another_folder_is_refused_where_folders_cannot_be_held_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(below, "HAS_DIR_FD", False)
    root = Root(str(tmp_path / "folder"))
    root.hold()
    with root.parent(str(tmp_path / "folder" / "new" / "a"), make=True) as (folder, path):
        assert folder is None and path == str(tmp_path / "folder" / "new" / "a")
    assert (tmp_path / "folder" / "new").is_dir()
    (tmp_path / "folder").rename(tmp_path / "away")
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(OSError, match="is another one"),
        root.parent(str(tmp_path / "folder" / "below" / "a"), make=True),
    ):
        pytest.fail("it was entered")
    assert not list((tmp_path / "folder").iterdir())


def test_a_folder_that_is_removed_while_it_is_held_is_said_to_be_gone(tmp_path: Path) -> None:
    root = Root(str(tmp_path / "new"))
    root.hold()
    (tmp_path / "new").rmdir()
    for name in ("a", "below/a"):
        with pytest.raises(OSError, match="is gone"):
            write_bytes(str(tmp_path / "new" / name), b"data", root=root)
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="needs a disk below another one")
@pytest.mark.parametrize("way", ["openat2", "part by part"])
def test_a_disk_below_the_folder_is_entered(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "part by part":
        monkeypatch.setattr(below, "_system_call", lambda: None)
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="below-") as place:
        write_bytes(f"{place}/new/a", b"data", root=Root("/dev"))
        assert Path(place, "new/a").read_bytes() == b"data"


def test_on_another_machine_inodes_say_nothing(tmp_path: Path) -> None:
    own = identity_of(str(tmp_path))
    assert own is not None and own[2] == platform.node()
    write_bytes(str(tmp_path / "a"), b"data", root=Root(str(tmp_path), (1, 2, "another machine")))
    assert (tmp_path / "a").read_bytes() == b"data"
