"""Job array: which shard is this process's, by what its cluster says? ``--shard auto``.

SLURM, AWS Batch and Kubernetes number the tasks of an array in variables of the environment. Kubernetes does not say
how many there are: ``--shard auto/8`` does. Indexes become shards from 0 on, wherever an array starts.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.core.run_settings import Settings, shard_word

#: Of each cluster: its name, and the variables for the index, the count, the first index and the step.
_ARRAYS = (
    ("SLURM", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"),
    ("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", "", ""),
    ("Kubernetes", "JOB_COMPLETION_INDEX", "", "", ""),
)


def with_shard_number(settings: Settings, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings, with the number of the shard where that was left to the environment.

    Parameters
    ----------
    settings : Settings
    environment : mapping
        The variables.

    Raises
    ------
    UsageError
        They say nothing, or no part of a whole.
    """
    word, _, count = (settings.shard or "").partition("/")
    return dataclasses.replace(settings, shard=_shard(environment, count)) if word == "auto" else settings


def _shard(environment: Mapping[str, str], typed_count: str) -> str:
    for name, index, count, first, step in _ARRAYS:
        if index not in environment:
            continue
        begin = _number(environment, first) if first in environment else 0
        step_size = max(1, _number(environment, step)) if step in environment else 1
        number, rest = divmod(_number(environment, index) - begin, step_size)
        array_count = environment.get(count, "")
        total = typed_count or array_count
        if begin and array_count and array_count != total:  # one task alone is an array of its own: --array=3
            raise UsageError(
                f"expected {total} tasks in the array of {name}, got {array_count} from {begin} on, which may be any "
                "shards; say which one this is with --shard I/N"
            )
        if not total:
            raise wrong_value("auto/N (how many shards there are does not stand in the environment)", "--shard", "auto")
        try:
            if rest or number < 0:
                raise ValueError(number)
            return shard_word(f"{number}/{total}")
        except ValueError:
            raise UsageError(
                f"expected tasks without gaps in the array of {name} (such as 0-7), got task "
                f"{environment[index]!r} of {total!r}; say which shard this is with --shard I/N"
            ) from None
    names = ", ".join(index for _, index, *_ in _ARRAYS)
    raise wrong_value(f"I/N, or a job array ({names} in the environment),", "--shard", "auto")


def _number(environment: Mapping[str, str], name: str) -> int:
    try:
        return int(environment[name])
    except ValueError:
        raise wrong_value("a whole number", name, environment[name]) from None
