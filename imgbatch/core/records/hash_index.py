"""Hash index: which records may have a key? 8 bytes for each key, where a dictionary takes a hundred."""

from __future__ import annotations

import bisect
import itertools
from array import array
from collections.abc import Hashable, Iterator, Sequence

_BUCKETS = 64  # each sorted by itself, so that little memory is needed for it
_NUMBER = (1 << 28) - 1  # the bits of an entry that are the record's number
_HASH = (1 << 64) - 1 - _NUMBER  # and those that are of the key's hash; its lowest six choose the bucket
_MARK = _HASH | (_BUCKETS - 1)


class HashIndex:
    """Numbers of records by 42 bits of their keys' hashes.

    What is found is to be compared with the record: of a million keys one pair in 10^11 shares these bits by chance,
    which are a handful. Keys are added first and asked for afterwards; after a question to which keys were added, one
    sixty-fourth of all is sorted again.
    """

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(_BUCKETS)]
        self._orderly_lengths = [0] * _BUCKETS

    def __len__(self) -> int:
        return sum(map(len, self._buckets))

    def add(self, key: Hashable, number: int) -> None:
        """Note that a record has a key; its `number` is below 2^28, and it may have several keys."""
        value = hash(key)
        self._buckets[value & 63].append(value & _HASH | number)

    def numbers(self, key: Hashable) -> list[int]:
        """The numbers of the records that may have a key, rising."""
        value = hash(key)
        bucket = self._bucket(value & 63)
        value &= _HASH
        start = end = bisect.bisect_left(bucket, value)
        count = len(bucket)
        while end < count and bucket[end] ^ value <= _NUMBER:
            end += 1
        if end - start == 1:  # nearly always
            return [bucket[start] & _NUMBER]
        return _numbers(bucket[start:end])

    def repeats(self) -> Iterator[tuple[int, list[int]]]:
        """What several entries share: the :func:`mark` of their keys, and the numbers of their records, rising."""
        for place in range(_BUCKETS):
            bucket = self._bucket(place)
            hashes = {one & _HASH for one, other in itertools.pairwise(bucket) if one ^ other <= _NUMBER}
            for value in sorted(hashes):
                start, end = bisect.bisect_left(bucket, value), bisect.bisect_right(bucket, value | _NUMBER)
                yield value | place, _numbers(bucket[start:end])

    def common(self, other: HashIndex) -> Iterator[tuple[int, list[int], list[int]]]:
        """What entries of both indexes share: the :func:`mark`, and the numbers of their records here and there."""
        for place in range(_BUCKETS):
            ours, theirs = self._bucket(place), other._bucket(place)
            if not ours or not theirs:
                continue
            for value in sorted({entry & _HASH for entry in ours} & {entry & _HASH for entry in theirs}):
                here, there = (
                    _numbers(bucket[bisect.bisect_left(bucket, value) : bisect.bisect_right(bucket, value | _NUMBER)])
                    for bucket in (ours, theirs)
                )
                yield value | place, here, there

    def _bucket(self, place: int) -> array[int]:
        """A bucket in order."""
        bucket = self._buckets[place]
        if self._orderly_lengths[place] != len(bucket):
            self._buckets[place] = bucket = array("Q", sorted(bucket))
            self._orderly_lengths[place] = len(bucket)
        return bucket


def mark(key: Hashable) -> int:
    """The bits of a key's hash that an index knows."""
    return hash(key) & _MARK


def _numbers(entries: Sequence[int]) -> list[int]:
    return sorted({entry & _NUMBER for entry in entries})
