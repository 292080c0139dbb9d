"""Spans: which bytes of a block do values take, where thousands of them may stand in one place?

A span is (start, end) in bytes. Nothing here compares each span with each: a file may hold 65,535 of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """The same bytes as spans that are apart, in order."""
    made: list[Span] = []
    for start, end in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = made[-1][0], max(end, made[-1][1])
        elif end > start:
            made.append((start, end))
    return made


def apart_from(held: Iterable[Span], spans: Iterable[Span]) -> list[Span]:
    """Those of `spans` that share no byte with `held`, in order and each once."""
    taken = union(held)
    starts, ends = [start for start, _ in taken], [end for _, end in taken]
    return [
        (start, end)
        for start, end in sorted(set(spans))
        if (at := bisect_right(ends, start)) == len(taken) or starts[at] >= end
    ]
