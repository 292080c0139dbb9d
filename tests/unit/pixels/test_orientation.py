"""Is a place found again among pixels that are not upright?"""

import numpy
import pytest
from PIL import Image

from imgbatch.pixels import orientation

PICTURE = Image.fromarray(numpy.arange(7 * 5, dtype=numpy.uint8).reshape(5, 7))


@pytest.mark.parametrize("number", range(1, 9))
def test_undo_is_the_opposite_of_redo(number: int) -> None:
    turn, back = orientation.to_upright(number), orientation.from_upright(number)
    upright = PICTURE if turn is None else PICTURE.transpose(turn)
    assert upright.size == orientation.swap_size(PICTURE.size, number)
    assert (upright if back is None else upright.transpose(back)).tobytes() == PICTURE.tobytes()


@pytest.mark.parametrize("number", range(1, 9))
def test_a_box_cut_from_stored_pixels_and_turned_is_the_box_of_the_upright_picture(number: int) -> None:
    turn = orientation.to_upright(number)
    upright = PICTURE if turn is None else PICTURE.transpose(turn)
    box = (1, 2, 3, 5)
    part = PICTURE.crop(orientation.stored_box(box, upright.size, number))
    assert (part if turn is None else part.transpose(turn)).tobytes() == upright.crop(box).tobytes()


@pytest.mark.parametrize("number", range(1, 9))
def test_samples_turn_like_pixels(number: int) -> None:
    turn = orientation.to_upright(number)
    upright = PICTURE if turn is None else PICTURE.transpose(turn)
    stored = numpy.asarray(PICTURE)[..., None]
    view = orientation.upright_view(stored, number)
    assert numpy.array_equal(view[..., 0], numpy.asarray(upright)) and view.base is not None
