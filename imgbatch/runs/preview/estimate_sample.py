"""Sample of an estimate: which files stand for all, and what does the sum over all come to?

Files are laid out by format, and in each by size. The sample is spread over that order, closer where files are large;
a file that is not in it is taken to give what lies between its two neighbors that are. The range comes from how much
neighbors differ: successive differences, as for systematic samples (Wolter, Introduction to Variance Estimation,
chapter 8), but gap by gap, because large files differ by more than small ones.
"""

from __future__ import annotations

import bisect
import itertools
import math
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job


@frozen
class Range:
    """What something comes to: at least, probably, at most."""

    low: float
    likely: float
    high: float


def strata(jobs: Sequence[Job]) -> list[list[Job]]:
    """The jobs by the suffix of their source, each kind in order of size (bytes)."""
    kinds: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        kinds[os.path.splitext(job.source.relative)[1].lower()].append(job)
    return [sorted(kinds[kind], key=lambda job: (job.source.size, job.index)) for kind in sorted(kinds)]


def choose_sample(groups: Sequence[Sequence[Job]], most: int) -> list[list[int]]:
    """For each group the places of at most `most` jobs altogether, its smallest and largest among them.

    Every group gets two as far as that goes, the largest groups first; what is left goes by their bytes.
    """
    counts = [0] * len(groups)
    weights = [sum(job.source.size for job in group) + 1 for group in groups]
    by_weight = sorted(range(len(groups)), key=lambda number: -weights[number])
    left = most
    for number in (*by_weight, *by_weight):
        if left and counts[number] < len(groups[number]):
            counts[number] += 1
            left -= 1
    while left and (open_ := [number for number in by_weight if counts[number] < len(groups[number])]):
        counts[max(open_, key=lambda number: weights[number] / counts[number] if counts[number] else math.inf)] += 1
        left -= 1
    return [_spread(group, count) for group, count in zip(groups, counts, strict=True)]


def _spread(group: Sequence[Job], count: int) -> list[int]:
    """`count` places: both ends, then again and again the middle of the widest gap, in files and in bytes alike."""
    if count < 2:
        return [len(group) - 1][:count]
    share = sum(job.source.size for job in group) + 1
    ends = list(itertools.accumulate(1 / len(group) + job.source.size / share for job in group))
    places = [0, len(group) - 1]
    while len(places) < count:
        gaps = [(ends[after - 1] - ends[before], before, after) for before, after in itertools.pairwise(sorted(places))]
        _, before, after = max(gap for gap in gaps if gap[2] - gap[1] > 1)
        middle = bisect.bisect_left(ends, (ends[before] + ends[after - 1]) / 2, before + 1, after)
        places.append(min(middle, after - 1))
    return sorted(places)


def total(size: int, sample: Mapping[int, float]) -> Range:
    """The sum over `size` files in order, of which some are known: `sample`, by their places (at least one).

    Nothing is lower than what is known already; where all are known there is no doubt.
    """
    places = sorted(sample)
    values = [sample[place] for place in places]
    sure = sum(values)
    if len(places) == size:
        return Range(sure, sure, sure)
    first, last = places[0], size - 1 - places[-1]
    gaps = [after - before - 1 for before, after in itertools.pairwise(places)]
    likely = sure + first * values[0] + last * values[-1]
    likely += sum(gap * (one + other) / 2 for gap, (one, other) in zip(gaps, itertools.pairwise(values), strict=True))
    if len(values) == 1:
        return Range(sure, likely, sure + 2 * (likely - sure))
    variances = [(one - other) ** 2 / 2 for one, other in itertools.pairwise(values)]
    with_ends = [variances[0], *variances, variances[-1]]
    threes = zip(with_ends[:-2], variances, with_ends[2:], strict=True)
    smooth = [(before + 2 * here + after) / 4 for before, here, after in threes]
    doubt = sum(variance * (gap + gap**2) for variance, gap in zip(smooth, gaps, strict=True))
    doubt += smooth[0] * (first + first**2) + smooth[-1] * (last + last**2)
    spread = (2 + 4 / len(gaps)) * math.sqrt(doubt)
    return Range(max(sure, likely - spread), likely, likely + spread)


def combine(ranges: Sequence[Range]) -> Range:
    """The sum of independent ranges."""
    likely = sum(one.likely for one in ranges)
    below = math.sqrt(sum((one.likely - one.low) ** 2 for one in ranges))
    above = math.sqrt(sum((one.high - one.likely) ** 2 for one in ranges))
    return Range(likely - below, likely, likely + above)
