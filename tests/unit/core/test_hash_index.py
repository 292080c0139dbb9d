"""Does a hash index find every record that has a key, and only few others?"""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgbatch.core.records import hash_index
from imgbatch.core.records.hash_index import HashIndex, mark

entries = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, (1 << 28) - 1)))


@given(entries, entries)
def test_it_finds_what_a_dictionary_does(first: list[tuple[str, int]], second: list[tuple[str, int]]) -> None:
    index, numbers = HashIndex(), defaultdict(set)
    for part in (first, second):  # asked in between, and added to
        for key, number in part:
            index.add(key, number)
            numbers[key].add(number)
        assert {key: index.numbers(key) for key in "abcdefghi"} == {key: sorted(numbers[key]) for key in "abcdefghi"}
    assert len(index) == len(first) + len(second)
    keys = [key for key, _ in first + second]
    repeats = {mark(key): sorted(numbers[key]) for key in numbers if keys.count(key) > 1}
    assert dict(index.repeats()) == repeats


@given(entries, entries)
def test_it_finds_what_two_share(first: list[tuple[str, int]], second: list[tuple[str, int]]) -> None:
    one, other = HashIndex(), HashIndex()
    for index, part in ((one, first), (other, second)):
        for key, number in part:
            index.add(key, number)
    both = {key for key, _ in first} & {key for key, _ in second}
    assert {(value, *here, None, *there) for value, here, there in one.common(other)} == {
        (mark(key), *one.numbers(key), None, *other.numbers(key)) for key in both
    }


def test_hashes_that_are_alike_by_chance_give_more_numbers_never_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_index, "hash", lambda key: 3 << 40, raising=False)
    index = HashIndex()
    index.add("a", 1)
    index.add("b", 2)
    assert index.numbers("a") == index.numbers("c") == [1, 2]
