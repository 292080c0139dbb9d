"""Which shard is a task of a job array?"""

from __future__ import annotations

import pytest

from imgbatch.cli.environment.job_array import with_shard_number
from imgbatch.core.errors import UsageError
from imgbatch.core.run_settings import Settings

SLURM = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "0"}


@pytest.mark.parametrize(
    ("environment", "word", "shard"),
    [
        (SLURM, "auto", "3/8"),
        ({**SLURM, "SLURM_ARRAY_TASK_MIN": "1"}, "auto", "2/8"),
        ({**SLURM, "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_STEP": "2"}, "auto", "1/8"),
        ({**SLURM, "JOB_COMPLETION_INDEX": "5"}, "auto", "3/8"),
        ({**SLURM, "SLURM_ARRAY_TASK_MIN": "1"}, "auto/8", "2/8"),
        ({**SLURM, "SLURM_ARRAY_TASK_COUNT": "4"}, "auto/8", "3/8"),
        ({"SLURM_ARRAY_TASK_ID": "3"}, "auto/4", "3/4"),
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "10"}, "auto", "0/10"),
        ({"JOB_COMPLETION_INDEX": "7"}, "auto/8", "7/8"),
        ({}, "1/2", "1/2"),
        ({}, None, None),
    ],
)
def test_what_the_environment_says(environment: dict[str, str], word: str | None, shard: str | None) -> None:
    assert with_shard_number(Settings(shard=word), environment).shard == shard


@pytest.mark.parametrize(
    ("environment", "word", "sentence"),
    [
        ({}, "auto", "expected I/N, or a job array .SLURM_ARRAY_TASK_ID, .*JOB_COMPLETION_INDEX in the environment."),
        ({"JOB_COMPLETION_INDEX": "7"}, "auto", r"expected auto/N \(how many shards there are"),
        (
            {"JOB_COMPLETION_INDEX": "8"},
            "auto/8",
            "expected tasks without gaps in the array of Kubernetes .* '8' of '8'",
        ),
        ({**SLURM, "SLURM_ARRAY_TASK_ID": "9"}, "auto", "expected tasks without gaps in the array of SLURM"),  # 1,5,9
        ({**SLURM, "SLURM_ARRAY_TASK_STEP": "2"}, "auto", "expected tasks without gaps"),
        ({**SLURM, "SLURM_ARRAY_TASK_MIN": "4"}, "auto", "expected tasks without gaps"),
        ({**SLURM, "SLURM_ARRAY_TASK_ID": "x"}, "auto", "expected a whole number for SLURM_ARRAY_TASK_ID, got 'x'"),
        (  # sbatch --array=3: to do shard 3 of 8 again
            {**SLURM, "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_COUNT": "1"},
            "auto/8",
            "expected 8 tasks in the array of SLURM, got 1 from 3 on.*say which one this is with --shard I/N",
        ),
        ({**SLURM, "SLURM_ARRAY_TASK_COUNT": "x"}, "auto", "expected tasks without gaps"),
    ],
)
def test_what_it_cannot_mean(environment: dict[str, str], word: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        with_shard_number(Settings(shard=word), environment)
