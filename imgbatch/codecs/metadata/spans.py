"""Spans: which bytes of a block do values take, where thousands of them may stand in one place?

A span is (start, end) in bytes. Nothing here compares each span with each: a file may hold 65,535 of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """The same bytes as spans that are apart, in order."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        elif end > start:
            result.append((start, end))
    return result


def apart_from(others: Iterable[Span], spans: Iterable[Span]) -> list[Span]:
    """Those of `spans` that share no byte with `others`, in order and each once."""
    ranges = union(others)
    starts, ends = [start for start, _ in ranges], [end for _, end in ranges]
    return [
        (start, end)
        for start, end in sorted(set(spans))
        if (at := bisect_right(ends, start)) == len(ranges) or starts[at] >= end
    ]
