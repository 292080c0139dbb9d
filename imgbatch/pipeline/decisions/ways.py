"""Ways: which decisions do pictures have in common, so that they are made once?

A folder of tiny pictures has few shapes. Where a picture is nothing but pixels (`SourceImage.is_plain`), its shape, its
mode and its targets tell all that is decided, unless its bytes count. The task of a run keeps what was decided. So it
does with plans alone (`ImageTask.plans`), of which photographs of one shape share one though their decisions differ.
"""

from __future__ import annotations

from collections.abc import Sequence

from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.core.job import Target
from imgbatch.pipeline.decisions.decode_plan import DecodePlan
from imgbatch.pipeline.decisions.output_decision import Decisions
from imgbatch.planning.recipe import Output

MOST_PLANS = 1000  # that are remembered
Kind = tuple[object, ...]


class Way:
    """What was decided on a picture, for others of its kind.

    Parameters
    ----------
    plan : DecodePlan
    decisions : Decisions
    demand : int
        Bytes of memory that it takes, beside those of its file.
    """

    def __init__(self, plan: DecodePlan, decisions: Decisions, demand: int) -> None:
        self.plan, self.decisions, self.demand = plan, decisions, demand


def kind_of(picture: SourceImage, targets: Sequence[Target]) -> Kind | None:
    """What the decisions follow from; None: they are the picture's own."""
    if not picture.is_plain:
        return None
    return picture.size, picture.mode, *[(target.output, target.format, target.other is None) for target in targets]


def is_shared(decisions: Decisions, picture: SourceImage, outputs: Sequence[Output]) -> bool:
    """Whether the decisions on a picture hold for all others of its kind: its bytes do not count, nothing is noted.

    Parameters
    ----------
    decisions : Decisions
    picture : SourceImage
    outputs : sequence of Output
        In the order of the job's targets.
    """
    if picture.changes or any(output.max_bytes is not None or output.assume_icc is not None for output in outputs):
        return False
    return all(decision.copy is None and decision.turn is None for decision in decisions.outputs)
