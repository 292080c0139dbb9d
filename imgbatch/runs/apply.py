"""Application: what does a recipe make of one picture in memory? No files, no processes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from imgbatch.core.parameter_kinds import check_type
from imgbatch.operations import Operation, apply_all
from imgbatch.operations.base import needs_screen
from imgbatch.operations.support.resampling.resampler import choose, use
from imgbatch.pipeline.template_fields import bind_image_fields
from imgbatch.pixels.profile_conversion import ink_to_srgb
from imgbatch.planning.recipe import Recipe, check_ops
from imgbatch.planning.reference_files import ReferenceFiles

if TYPE_CHECKING:
    from PIL.Image import Image


def apply(
    image: Image,
    recipe: Recipe | Operation | Iterable[Operation],
    *,
    resampler: Literal["auto", "numpy", "cykooz"] = "auto",
) -> Image:
    """`image` after the operations of `recipe`; the argument itself is not changed.

    These are the pixels that :func:`run.run` with ``no_plan=True`` hands to the encoder, given the same `resampler` and
    an image as ``Image.open`` gives it. Without ``no_plan`` a run decodes no more pixels of a JPEG than it needs, which
    changes levels a little. What the format of an output cannot hold (inks in a PNG, alpha in a JPEG) is converted
    after that; a run reads 16 bits of color where Pillow opens 8.

    Parameters
    ----------
    image : PIL.Image.Image
        Any mode; of an animation the current frame counts.
    recipe : Recipe, Operation or iterable of Operation
        A recipe's own operations, then those of its first output. With a Recipe the EXIF orientation is applied first
        (unless ``auto_orient=False``); bare operations get the pixels as they are.
    resampler : str
        What resizes: ``numpy``, ``cykooz`` (of ``imgbatch[fast]``), or ``auto``, which is the latter where it is
        installed.

    Raises
    ------
    ImageError
        An operation has no meaning for the image's mode, or cannot be done.
    PlanError
        A file that an operation needs is missing, or is not what it should be.
    UsageError
        The image is none, or the recipe, or the resampler cannot be used.
    OSError
        Pillow cannot load the image.
    """
    from PIL import Image as Images

    what = "a PIL image (Image.open(path), or Image.fromarray(array))"
    image = check_type("image", image, Images.Image, what)
    orientation = 1
    if isinstance(recipe, Recipe):
        if recipe.auto_orient:
            from PIL import ImageOps

            from imgbatch.codecs.metadata import exif  # only here, as for a file

            orientation = exif.orientation(image, [])
            image = ImageOps.exif_transpose(image)
        ops = (*recipe.ops, *recipe.outputs[0].ops)
    else:
        ops = check_ops(recipe, "recipe")
    word: str = check_type("resampler", resampler, str, "auto, numpy or cykooz")
    engine = choose(word) if word != "auto" else word
    image.load()
    frames: Iterable[Image] = [image]
    if needs_screen(ops, image.mode):
        frames = ink_to_srgb(frames, image.info.get("icc_profile"))
    resources = ReferenceFiles(ops).lend(bind_image_fields(ops, image, orientation), "nobody")
    with resources as ready_ops, use(engine):
        (result,) = apply_all(ready_ops, frames)
    return result
