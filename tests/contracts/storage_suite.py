"""What every store must do: a suite that each kind of store inherits (`test_storage.py`, `tests/cluster`).

A kind is a class that inherits :class:`StorageSuite` and has two fixtures: its scheme, and how a key is made of a name,
in a place that is empty. What a store does not promise in its properties is not asked of it.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.synchronize import Event
from typing import ClassVar

import pytest

from imgbatch.core.errors import ImageError
from imgbatch.storage.atomic_write import content_hash
from imgbatch.storage.base import Storage
from imgbatch.storage.registry import storage_of, store

NAMES = ["plain.jpg", "sp ace.jpg", "new\nline.jpg", "é漢字.jpg", "e\u0301.jpg", "-rf.jpg", "a%20b?x#y.jpg", "x" * 250]
Key = Callable[[str], str]


def require(storage: Storage, promise: str) -> None:
    """Skip where a store does not promise that."""
    if not getattr(storage.properties, promise):
        pytest.skip(f"this store does not promise {promise}")


def names_in(storage: Storage, folder: str) -> set[str]:
    """What a folder holds."""
    with storage.list(folder) as entries:
        return {entry.name for entry in entries}


def names_beside(storage: Storage, key: str) -> set[str]:
    """What a key's folder holds; nothing where it is no folder, as one without objects is in some stores."""
    try:
        return names_in(storage, os.path.dirname(key))
    except FileNotFoundError:
        return set()


def refusal_kind(call: Callable[[], object]) -> str:
    """The kind of the ImageError that a call must raise, in one line."""
    with pytest.raises(ImageError) as failed:
        call()
    assert "\n" not in str(failed.value)
    return failed.value.kind


def _write_often(scheme: str, key: str, contents: list[bytes], enough: Event) -> None:
    while not enough.is_set():
        for data in contents:
            store(scheme).write_whole(key, data)


def _create(scheme: str, keys: list[str], mine: bytes, wins: multiprocessing.SimpleQueue[int]) -> None:
    won = 0
    for key in keys:
        try:
            store(scheme).create_exclusively(key, mine)
            won += 1
        except FileExistsError:
            pass
    wins.put(won)


class StorageSuite:
    """The tests.

    Attributes
    ----------
    odd_names : set of str
        Those of `NAMES` that the store takes from nobody, and refuses.
    rounds : int
        How many files two writers fight for.
    reads : int
        How often each content is read of a file that others replace all the time.
    """

    odd_names: ClassVar[set[str]] = set()
    rounds = 300
    reads = 100

    @pytest.fixture
    def storage(self, scheme: str) -> Storage:
        """The store."""
        return store(scheme)

    # -- what every store does

    @pytest.mark.parametrize("name", NAMES)
    def test_what_is_written_is_there_under_its_name(self, storage: Storage, key: Key, name: str) -> None:
        data = bytes(range(256)) * 10
        if name in self.odd_names:
            for write in (storage.write_whole, storage.create_exclusively):
                with pytest.raises(OSError, match="takes? no"):
                    write(key(name), data)
            assert not storage.exists(key(name))
            return
        before = time.time_ns()
        made = storage.write_whole(key(name), data)
        found = storage.stat(key(name))
        assert storage.read(key(name)) == data and storage.holds(key(name), data)
        assert made.st_size == found.st_size == len(data) and stat.S_ISREG(found.st_mode)
        assert storage.read_prefix(key(name), 4) == data[:4] and storage.read_prefix(key(name), 9999) == data
        assert storage.exists(key(name)) and not storage.is_folder(key(name)) and not storage.is_link(key(name))
        assert names_in(storage, os.path.dirname(key(name))) == {name}
        assert storage.version(made) == storage.version(found)
        if storage.properties.modification_times:
            assert made.st_mtime_ns == found.st_mtime_ns and abs(found.st_mtime_ns - before) < 10 * 10**9

    def test_an_entry_answers_as_the_store_does(self, storage: Storage, key: Key) -> None:
        storage.write_whole(key("a.jpg"), b"1234")
        storage.write_whole(key("below/b.jpg"), b"1")
        with storage.list(os.path.dirname(key("a.jpg"))) as entries:
            seen = {entry.name: entry for entry in entries}
            assert {name: entry.is_dir() for name, entry in seen.items()} == {"a.jpg": False, "below": True}
            assert seen["a.jpg"].path == key("a.jpg") and seen["a.jpg"].stat().st_size == 4
            listed, asked = seen["a.jpg"].stat(), storage.stat(key("a.jpg"))
            assert (listed.st_size, listed.st_mtime_ns) == (asked.st_size, asked.st_mtime_ns)
            assert storage.version(listed) == storage.version(asked)
            assert not any(entry.is_symlink() for entry in seen.values())
        assert storage.is_folder(key("below")) and names_in(storage, key("below")) == {"b.jpg"}

    @pytest.mark.parametrize("write", ["write_whole", "create_exclusively"])
    def test_missing_folders_are_made(self, storage: Storage, key: Key, write: str) -> None:
        getattr(storage, write)(key("a/b/c/d.jpg"), b"data")
        assert storage.read(key("a/b/c/d.jpg")) == b"data"

    def test_nothing_is_where_nothing_was_written(self, storage: Storage, key: Key) -> None:
        for absent in (key("absent"), key("absent/below"), key("nul\0"), key("y" * 300)):
            assert not storage.exists(absent) and not storage.is_folder(absent) and not storage.is_link(absent)
            assert refusal_kind(lambda absent=absent: storage.read(absent)) == "io"  # type: ignore[misc]  # a lambda's default
            assert not storage.holds(absent, b"data")
        for call in (storage.stat, storage.list, storage.remove, lambda name: storage.read_prefix(name, 9)):
            with pytest.raises(FileNotFoundError):
                call(key("absent"))
        with pytest.raises(FileNotFoundError):
            storage.rename(key("absent"), key("new"))
        assert storage.fingerprint(key("absent")) == "" and not storage.exists(key("new"))

    def test_what_is_no_file_is_not_read(self, storage: Storage, key: Key) -> None:
        storage.write_whole(key("folder/a.jpg"), b"data")
        storage.write_whole(key("empty"), b"")
        assert refusal_kind(lambda: storage.read(key("folder"))) == "unsupported"
        assert refusal_kind(lambda: storage.read(key("empty"))) == "truncated"
        assert refusal_kind(lambda: storage.read(key("folder/a.jpg/below"))) == "io"
        with pytest.raises(OSError):
            storage.read_prefix(key("folder"), 9)
        with pytest.raises(NotADirectoryError):
            storage.list(key("folder/a.jpg"))
        assert storage.fingerprint(key("folder")) == ""

    def test_what_is_removed_is_gone_and_nothing_else(self, storage: Storage, key: Key) -> None:
        storage.write_whole(key("folder/a.jpg"), b"data")
        storage.write_whole(key("folder/b.jpg"), b"data")
        storage.remove(key("folder/a.jpg"))
        assert names_in(storage, key("folder")) == {"b.jpg"}
        with pytest.raises(OSError):
            storage.remove(key("folder"))
        assert storage.read(key("folder/b.jpg")) == b"data"

    @pytest.mark.parametrize("write", ["write_whole", "create_exclusively"])
    def test_a_folder_in_the_way_stays(self, storage: Storage, key: Key, write: str) -> None:
        require(storage, "folders")
        storage.write_whole(key("folder/a.jpg"), b"data")
        with pytest.raises(OSError):
            getattr(storage, write)(key("folder"), b"new")
        with pytest.raises(OSError):  # and so does a file where a folder is needed
            getattr(storage, write)(key("folder/a.jpg/below.jpg"), b"new")
        assert names_in(storage, os.path.dirname(key("folder"))) == {"folder"}
        assert names_in(storage, key("folder")) == {"a.jpg"} and storage.read(key("folder/a.jpg")) == b"data"

    @pytest.mark.parametrize("write", ["write_whole", "create_exclusively"])
    def test_a_name_that_is_too_long_leaves_nothing(self, storage: Storage, key: Key, write: str) -> None:
        with pytest.raises(OSError) as failed:
            getattr(storage, write)(key("z" * 300), b"new")
        assert failed.value.errno == errno.ENAMETOOLONG and names_beside(storage, key("z")) == set()

    def test_content_tells_files_apart(self, storage: Storage, key: Key) -> None:
        storage.write_whole(key("a"), b"one")
        storage.write_whole(key("empty"), b"")
        assert storage_of(key("a")) is storage
        assert storage.holds(key("a"), b"one") and storage.holds(key("empty"), b"")
        assert not storage.holds(key("a"), b"two") and not storage.holds(key("a"), b"one more")

    # -- what a store promises

    def test_atomic_replace_readers_see_the_old_bytes_or_the_new(self, scheme: str, storage: Storage, key: Key) -> None:
        require(storage, "atomic_replace")
        contents = [bytes([value]) * size for value, size in ((1, 300_000), (2, 1_000_000))]
        storage.write_whole(key("a.jpg"), contents[0])
        context = multiprocessing.get_context("spawn")
        enough = context.Event()
        writers = [
            context.Process(target=_write_often, args=(scheme, key("a.jpg"), contents, enough)) for _ in range(2)
        ]
        for writer in writers:
            writer.start()
        seen: Counter[bytes] = Counter()
        try:
            while min(seen[data] for data in contents) < self.reads and all(writer.is_alive() for writer in writers):
                data = storage.read(key("a.jpg"))
                assert data in contents
                seen[data] += 1
        finally:
            enough.set()
            for writer in writers:
                writer.join()
        assert [writer.exitcode for writer in writers] == [0, 0]
        assert names_in(storage, os.path.dirname(key("a.jpg"))) == {"a.jpg"}

    @pytest.mark.parametrize("write", ["write_whole", "create_exclusively"])
    def test_atomic_replace_a_writer_that_fails_changes_nothing(self, storage: Storage, key: Key, write: str) -> None:
        require(storage, "atomic_replace")
        storage.write_whole(key("old.jpg"), b"old")
        for name in ("old.jpg", "new.jpg"):
            with pytest.raises(
                (OSError, TypeError)
            ):  # after the file was begun: `like` is not there, data are no bytes
                getattr(storage, write)(key(name), b"new", like=key("absent"))
            with pytest.raises((OSError, TypeError)):
                getattr(storage, write)(key(name), "no bytes")
        assert storage.read(key("old.jpg")) == b"old" and names_in(storage, os.path.dirname(key("old.jpg"))) == {
            "old.jpg"
        }

    def test_exclusive_create_of_two_writers_one_wins(self, scheme: str, storage: Storage, key: Key) -> None:
        require(storage, "exclusive_create")
        context = multiprocessing.get_context("spawn")
        keys = [key(f"{number}.jpg") for number in range(self.rounds)]
        wins = context.SimpleQueue()
        writers = [context.Process(target=_create, args=(scheme, keys, mine, wins)) for mine in (b"one", b"two")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        assert wins.get() + wins.get() == len(keys)
        assert all(storage.read(each) in (b"one", b"two") for each in keys)
        assert len(names_in(storage, os.path.dirname(keys[0]))) == len(keys)

    def test_exclusive_create_of_threads_one_wins(self, storage: Storage, key: Key) -> None:
        require(storage, "exclusive_create")
        wins: list[bytes] = []
        ready = threading.Barrier(8)

        def create(mine: bytes) -> None:
            ready.wait()
            try:
                storage.create_exclusively(key("a.jpg"), mine)
                wins.append(mine)
            except FileExistsError:
                pass

        threads = [threading.Thread(target=create, args=(bytes([number]),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(wins) == 1 and storage.read(key("a.jpg")) == wins[0]

    def test_exclusive_create_what_is_there_stays(self, storage: Storage, key: Key) -> None:
        require(storage, "exclusive_create")
        storage.write_whole(key("a.jpg"), b"old")
        with pytest.raises(FileExistsError):
            storage.create_exclusively(key("a.jpg"), b"new")
        assert storage.read(key("a.jpg")) == b"old" and names_in(storage, os.path.dirname(key("a.jpg"))) == {"a.jpg"}

    def test_equal_files_have_no_mark_in_common(self, storage: Storage, key: Key) -> None:
        require(storage, "exclusive_create")
        for name in ("a.jpg", "b.jpg"):
            storage.create_exclusively(key(name), b"equal")
        one, other = storage.mark(key("a.jpg")), storage.mark(key("b.jpg"))
        assert one == storage.mark(key("a.jpg")) and (one != other or one == "")

    def test_what_is_unchanged_is_replaced_and_nothing_else(self, storage: Storage, key: Key) -> None:
        first = storage.version(storage.write_whole(key("a.jpg"), b"one"))
        second = storage.version(storage.replace_version(key("a.jpg"), b"two!", first))
        assert storage.read(key("a.jpg")) == b"two!" and second != first
        with pytest.raises(FileExistsError):
            storage.replace_version(key("a.jpg"), b"three", first)
        assert storage.read(key("a.jpg")) == b"two!" and storage.version(storage.stat(key("a.jpg"))) == second
        with pytest.raises(FileNotFoundError):
            storage.replace_version(key("absent.jpg"), b"three", first)
        assert not storage.exists(key("absent.jpg"))

    def test_rename_takes_the_file_along_and_replaces_only_when_told(self, storage: Storage, key: Key) -> None:
        require(storage, "rename")
        storage.write_whole(key("a.jpg"), b"one")
        storage.write_whole(key("b.jpg"), b"two")
        with pytest.raises(FileExistsError):
            storage.rename(key("a.jpg"), key("b.jpg"))
        assert (storage.read(key("a.jpg")), storage.read(key("b.jpg"))) == (b"one", b"two")
        before = storage.stat(key("a.jpg")).st_mtime_ns
        storage.rename(key("a.jpg"), key("b.jpg"), replace=True)
        assert storage.read(key("b.jpg")) == b"one" and not storage.exists(key("a.jpg"))
        if storage.properties.modification_times:
            assert storage.stat(key("b.jpg")).st_mtime_ns == before
        storage.rename(key("b.jpg"), key("c.jpg"))
        assert names_in(storage, os.path.dirname(key("a.jpg"))) == {"c.jpg"}

    def test_modification_times_can_be_given_and_tell_a_change(self, storage: Storage, key: Key) -> None:
        require(storage, "modification_times")
        old = storage.write_whole(key("old.jpg"), b"old")
        time.sleep(0.02)
        changed = storage.write_whole(key("a.jpg"), b"one")
        assert changed.st_mtime_ns > old.st_mtime_ns
        like = storage.create_exclusively(key("b.jpg"), b"two", like=key("old.jpg"))
        assert like.st_mtime_ns == storage.stat(key("b.jpg")).st_mtime_ns == old.st_mtime_ns
        storage.preserve(key("a.jpg"), key("old.jpg"))
        assert storage.stat(key("a.jpg")).st_mtime_ns == old.st_mtime_ns
        assert storage.stat(key("a.jpg")).st_mode == storage.stat(key("old.jpg")).st_mode

    def test_fingerprint_is_that_of_the_bytes(self, storage: Storage, key: Key) -> None:
        require(storage, "fingerprint")
        for name, data in (("a", b"one"), ("b", b"one"), ("c", b"two"), ("empty", b"")):
            storage.write_whole(key(name), data)
            assert storage.fingerprint(key(name)) == content_hash(data)
        if storage.properties.modification_times:
            storage.preserve(key("c"), key("a"))  # size and time are those of the other: only the content tells
        assert storage.fingerprint(key("c")) != storage.fingerprint(key("a")) == storage.fingerprint(key("b"))
