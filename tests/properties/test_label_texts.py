"""Does any text that is set come back the same from each block of each format, in every language and with any sign?"""

from __future__ import annotations

import functools
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.open import open_image
from tests import label_readers
from tests.contracts.test_labels import PLACES, WORDS

#: What IIM holds of each, in bytes.
MOST = {"artist": 32, "copyright": 128, "title": 64, "description": 2000, "keywords": 64}
SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "avif": ".avif", "tiff": ".tif"}
_SIGNS = "<&>\"'`;,=%\\/{}]]>\u200f\u202e\u05d0\u0301\u00e9\u00a9\u5c71\U0001f469\u200d\U0001f4bb\u2028\ufeff "


def texts(lines: bool = False) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
    alphabet = st.one_of(letters, st.sampled_from(_SIGNS + ("\n\t" if lines else "")))
    return st.text(alphabet, max_size=60).map(str.strip)


LABELS = st.fixed_dictionaries(
    {}, optional={
        "artist": texts(), "copyright": texts(), "title": texts(), "description": texts(lines=True),
        "keywords": st.lists(texts(), max_size=4, unique=True),
    }
)  # fmt: skip


def expected(labels: dict[str, Any], name: str) -> dict[str, dict[str, list[str]]]:
    """What each block of a format says: in IPTC the beginning of what is too long for it."""
    blocks = {}
    for block in PLACES[name]:
        words = {}
        for word in WORDS[block]:
            values = labels.get(word, [])
            values = [value for value in (values if isinstance(values, list) else [values]) if value]
            if block == "iptc":
                cut = (value.encode()[: MOST[word]].decode(errors="ignore").rstrip() for value in values)
                values = list(dict.fromkeys(cut))
            if values:
                words[word] = values
        if words:
            blocks[block] = words
    return blocks


@functools.cache
def source_of(name: str) -> bytes:
    frames, empty = [Image.new("RGB", (8, 8), "red")], codecs.Metadata()
    return codecs.encode(frames, name, codecs.Encoding(), empty, codecs.AnimationTiming()).data


@pytest.mark.parametrize("name", SUFFIXES)
@given(labels=LABELS)
def test_texts_come_back_from_a_file_that_is_encoded(name: str, labels: dict[str, Any]) -> None:
    frames, encoding = [Image.new("RGB", (8, 8), "red")], ib.Output(set=labels)
    file = codecs.encode(frames, name, encoding, codecs.Metadata(), codecs.AnimationTiming())
    assert label_readers.read(file.data) == expected(labels, name)


@pytest.mark.parametrize("name", SUFFIXES)
@given(first=LABELS, second=LABELS)
def test_texts_come_back_from_a_file_around_the_same_picture(
    name: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    limits.readers()
    data = source_of(name)
    for labels in (first, second, second):
        if (encoding := ib.Output(set=labels)).set is None:
            continue
        with open_image(data, SUFFIXES[name], 10**6) as image:
            file = codecs.rewrite_metadata(data, encoding, image)
        assert file is not None
        is_second_time, before, data = labels is second, data, file.data
    assert label_readers.read(data) == expected(first | second, name)
    if second and is_second_time:
        assert data == before, "setting the same again changes nothing"
    assert _pixels(data) == _pixels(source_of(name))


def _pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").tobytes()
