"""Coefficients: how is a JPEG that is only turned made into its outputs without being encoded anew?

They are moved before the picture is decoded. Where nothing else is made of it, it is then decoded as small as can be,
to see that nothing is broken, as for a copy; what the package refuses is decoded whole and encoded, as without it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.codecs.formats import jpeg_turn
from imgbatch.pipeline.decisions.decode_plan import checking_plan

if TYPE_CHECKING:
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.writing.encode import EncodedFile
    from imgbatch.pipeline.decisions.output_decision import OutputDecision
    from imgbatch.pipeline.steps import ImageContext, OutputContext


def turn(image: ImageContext) -> None:
    """Turn the source once for each way that is decided on; with statistics its pixels are still needed."""
    outputs = tuple(_with_coefficients(image, decision) for decision in image.decisions.outputs)
    image.decisions = replace(image.decisions, outputs=outputs)
    if image.decisions.only_checks and image.worker.sums is None:
        image.decisions = replace(image.decisions, plan=checking_plan(image.plan))


def _with_coefficients(image: ImageContext, decision: OutputDecision) -> OutputDecision:
    """A decision whose coefficients are turned, or that its output is encoded."""
    if decision.turn is None or not decision.turns:
        return decision
    if decision.turn not in image.turns:
        result = jpeg_turn.turn_coefficients(image.data, decision.turn.way, decision.turn.optimize)
        if isinstance(result, str):
            image.changes.append(result)
            return replace(decision, turn=None)
        image.turns[decision.turn] = result
    return decision


def file(image: ImageContext, one: OutputContext, metadata: Metadata) -> EncodedFile:
    """The file of an output.

    Parameters
    ----------
    image : ImageContext
        Whose coefficients were turned.
    one : OutputContext
    metadata : Metadata
        Already true of the output.
    """
    turn = one.decision.turn
    assert turn is not None
    return jpeg_turn.write(image.turns[turn], one.output, metadata, turn.size, image.picture.mode)
