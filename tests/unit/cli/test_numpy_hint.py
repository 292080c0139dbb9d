"""Is numpy loaded before there are workers where they need it, and nowhere else?"""

from __future__ import annotations

import pytest

from imgbatch.cli import dispatch
from imgbatch.operations import Blur, Crop, Operation, Resize, Sharpen, Unsharp
from imgbatch.operations.geometry import resize
from imgbatch.operations.support.resampling import separable
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.planning.recipe import Recipe


@pytest.mark.parametrize(
    ("words", "may"),
    [
        ("a -o b --resize 1600", True), ("a -o b --resize=1600x1200,fit=cover", True), ("a -o b --resize 50%", True),
        ("a -o b --resize 2MP", True), ("a -o b --blur 2", True), ("a -o b --unsharp=1", True), ("-r x.toml", True),
        ("a -o b --resize 256", False), ("a -o b --resize 200x200,fit=cover", False), ("a -o b --sharpen", False),
        ("a -o b", False), ("a --resize", False), ("1600 -o b", False),
    ],
)  # fmt: skip
def test_the_command_glances_at_its_words(words: str, may: bool) -> None:
    assert dispatch._may_use_numpy(words.split()) is may


@pytest.mark.parametrize(
    ("ops", "uses"),
    [
        ([Resize("1600")], True), ([Resize("256")], True), ([Resize("255")], False), ([Resize("50%")], True),
        ([Resize("300x200", "cover")], False), ([Resize("1600", kernel="nearest")], False), ([Crop("500x500")], False),
        ([Sharpen()], False), ([Blur(2)], True), ([Unsharp()], True), ([Resize("100"), Blur(1)], True),
    ],
)  # fmt: skip
def test_a_task_tells_what_its_operations_need(ops: list[Operation], uses: bool) -> None:
    task = ImageTask(Recipe(tuple(ops)), 10**9)
    assert task.with_resampler("numpy").uses_numpy is uses
    blurs = any(isinstance(op, (Blur, Unsharp)) for op in ops)
    assert task.with_resampler("cykooz").uses_numpy is blurs


def test_the_hint_and_the_kernel_mean_the_same_number_of_pixels() -> None:
    assert resize._WORTH == separable.WORTH  # the second one's module is for workers
