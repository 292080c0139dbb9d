"""Does a file stay in its shard, and is each in exactly one?"""

from __future__ import annotations

from pathlib import Path

import pytest

from imgbatch.core.errors import PlanError, UsageError
from imgbatch.core.run_settings import Settings, shard_word
from imgbatch.ledger.shards.shard import Shard, refuse_waiting_shards, shards_in, waiting_shards


def test_a_file_stays_where_it_was() -> None:
    """Another hash would send files of a round that has begun to shards that have ended."""
    names = ["a.jpg", "trip/b.jpg", "trip/c d.png", "ä.webp", "bad\udcff.gif"]
    assert [next(n for n in range(8) if Shard(n, 8).holds(name)) for name in names] == PLACES


PLACES = [1, 7, 3, 3, 7]


def test_each_file_is_in_one_shard_and_shards_are_of_one_size() -> None:
    counts = [0] * 8
    for number in range(8000):
        places = [n for n in range(8) if Shard(n, 8).holds(f"folder/{number}.jpg")]
        assert len(places) == 1
        counts[places[0]] += 1
    assert min(counts) > 900 and max(counts) < 1100


@pytest.mark.parametrize(
    ("word", "spelling"), [("3/8", "3/8"), (" 03/08 ", "3/8"), ("0/1", "0/1"), ("auto", "auto"), ("auto/8", "auto/8")]
)
def test_words(word: str, spelling: str) -> None:
    assert shard_word(word) == spelling
    assert Settings(shard=word).shard == spelling


@pytest.mark.parametrize("word", ["8/8", "1", "-1/8", "a/b", "0/0", "auto/0", "1/", "/8", "1/8/2", "", "1/10000000"])
def test_what_is_no_shard(word: str) -> None:
    with pytest.raises(UsageError, match="expected I/N with I from 0 to N-1, or auto, for shard"):
        Settings(shard=word)


@pytest.mark.parametrize(
    "name", ["0-of-1000000", "0-of-999999999999", "2-of-2", "00-of-2", "0-of-02", "0-of-0", "٠-of-٢"]
)
def test_a_folder_that_no_shard_names_so_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / f"shard-{name}").mkdir()
    (tmp_path / "shard-999998-of-999999").mkdir()
    assert shards_in(str(tmp_path)) == [Shard(999_998, 999_999)]


def test_folders_of_shards(tmp_path: Path) -> None:
    base = str(tmp_path)
    assert shards_in(base + "/none") == []
    for name in ("shard-10-of-12", "shard-2-of-12", "shard-0-of-2", "shard-x-of-2", "backup"):
        (tmp_path / name).mkdir()
    (tmp_path / "shard-3-of-12").symlink_to(tmp_path / "backup")
    assert shards_in(base) == [Shard(0, 2), Shard(2, 12), Shard(10, 12)]
    assert Shard(2, 12).state(base) == f"{base}/shard-2-of-12"
    assert waiting_shards(base) == []
    refuse_waiting_shards(base, base)
    for name in ("shard-10-of-12", "shard-2-of-12"):
        (tmp_path / name / "ledger.sqlite").touch()
    refuse_waiting_shards(base, base, Shard(0, 12))
    for own in (None, Shard(0, 2)):
        with pytest.raises(
            PlanError, match=r"^shard 2/12 \(and 1 more\) of .* waits to be merged; run `imgbatch merge"
        ):
            refuse_waiting_shards(base, base, own)
