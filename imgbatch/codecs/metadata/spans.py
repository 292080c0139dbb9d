"""Spans: which bytes of a block do values take, where thousands of them may stand in one place?

A span is (start, end) in bytes. Nothing here compares each span with each: a file may hold 65,535 of them.
"""

from __future__ import annotations

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


def difference(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What is in one of `spans` and in none of `others`, apart and in order."""
    result: list[Span] = []
    ranges = union(others)
    at = 0
    for start, end in union(spans):
        while at < len(ranges) and ranges[at][1] <= start:
            at += 1
        place = at
        while start < end:
            if place == len(ranges) or ranges[place][0] >= end:
                result.append((start, end))
                break
            if ranges[place][0] > start:
                result.append((start, ranges[place][0]))
            start = ranges[place][1]
            place += 1
    return result
