"""Do min and max give the smallest and largest of each square, in every depth, and with alpha?"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from imgbatch.core.errors import ImageError
from imgbatch.operations import Max, Min, Operation
from tests.contracts.test_operations import picture

BOTH = pytest.mark.parametrize("cls", [Min, Max])


@BOTH
@pytest.mark.parametrize("size", [3, 5, 9, 13])
@pytest.mark.parametrize("kind", ["L", "RGB"])
def test_is_what_pillow_gives(cls: type[Operation], size: int, kind: str) -> None:
    image = picture(kind, (31, 17))
    rank = ImageFilter.MinFilter(size) if cls is Min else ImageFilter.MaxFilter(size)
    result = from_size(cls, size).apply(image)
    inner = (size // 2, size // 2, 31 - size // 2, 17 - size // 2)  # outside Pillow's own edges
    assert result.crop(inner).tobytes() == image.filter(rank).crop(inner).tobytes()


@BOTH
@pytest.mark.parametrize("kind", ["L", "I;16", "I;16B", "I", "F"])
def test_every_depth_and_the_edges_by_definition(cls: type[Operation], kind: str) -> None:
    image = picture(kind, (11, 6))
    values = np.asarray(image)
    pick = np.min if cls is Min else np.max
    result = np.asarray(from_size(cls, 5).apply(image))
    assert result.shape == values.shape
    for row in range(6):
        for column in range(11):
            square = values[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
            assert result[row, column] == pick(square), "outside the image the edge counts, which changes no extreme"


def test_the_opaque_part_shrinks_and_grows_and_no_hidden_color_shows() -> None:
    image = Image.new("RGBA", (20, 20), (0, 255, 0, 0))
    image.paste((200, 0, 0, 255), (5, 5, 15, 15))
    smaller, larger = np.asarray(Min(3).apply(image)), np.asarray(Max(3).apply(image))
    assert (smaller[..., 3] > 0).sum() == 8 * 8 and (larger[..., 3] > 0).sum() == 12 * 12
    for result in (smaller, larger):
        assert np.array_equal(np.unique(result[result[..., 3] > 0], axis=0), [[200, 0, 0, 255]])


@BOTH
def test_ink_is_refused_and_one_pixel_is_nothing_to_do(cls: type[Operation]) -> None:
    with pytest.raises(ImageError, match="cannot work on CMYK pixels") as error:
        from_size(cls, 3).apply(picture("CMYK"))
    assert error.value.kind == "mode"
    image = picture("P")
    assert from_size(cls, 1).apply(image) is image


def from_size(cls: type[Operation], size: int) -> Operation:
    return cls(size)  # type: ignore[call-arg]  # both take one size
