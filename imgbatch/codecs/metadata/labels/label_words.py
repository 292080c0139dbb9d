"""Label words: which texts can be set in a picture's metadata, and what may each of them hold?

A text is one that every block gives back as it was: no control characters, which XML cannot hold, nor spaces around
it, which readers of EXIF and IPTC take away. Only a description has lines.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Any

from imgbatch.codecs.metadata.words import SYNONYMS
from imgbatch.core.errors import UsageError, unknown, wrong_value

#: What can be set, in the order in which it is written and told. The last is a list.
WORDS = ("artist", "copyright", "title", "description", "keywords")
LIST = "keywords"
#: Bytes of a text in UTF-8, of all keywords together: half of what a segment of a JPEG holds.
MOST = 32_000
#: What a user sets: a word, and its text, of keywords several; an empty one takes out what is there.
Labels = tuple[tuple[str, str | tuple[str, ...]], ...]
#: Unicode's control characters but tab and line feed, lone surrogates and what is no character in XML 1.0 (2.2).
_FORBIDDEN = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"


def canonical_labels(items: Iterable[tuple[Any, Any]]) -> Labels | None:
    """Words and texts in their one spelling and order; None: there are none.

    Raises
    ------
    UsageError
        An unknown word (with the nearest known one), a word that comes twice, or a text that cannot be written.
    """
    labels: dict[str, str | tuple[str, ...]] = {}
    for word, value in items:
        name = _word(word)
        if name == LIST:
            before = labels.get(name, ())
            labels[name] = tuple(dict.fromkeys((*before, *_keywords(value))))
            _check_length(name, "".join(labels[name]))
        elif name in labels:
            raise UsageError(f"expected {name} of set once, got it twice")
        else:
            labels[name] = _text(name, value)
    return tuple((word, labels[word]) for word in WORDS if word in labels) or None


def _word(word: object) -> str:
    if not isinstance(word, str):
        raise wrong_value(f"one of {', '.join(WORDS)}", "a word of set", word)
    name = word.strip().lower()
    if name in SYNONYMS and name not in WORDS:
        raise UsageError(f"unknown word of set {word!r}; did you mean {SYNONYMS[name]!r}?")
    if name not in WORDS:
        raise unknown(word, "word of set", WORDS)
    return name


def _keywords(value: object) -> Sequence[str]:
    """Keywords as a list; in one text they stand between commas, and one that holds a comma in double quotes."""
    if isinstance(value, str):
        _text(LIST, value)
        value = next(csv.reader([value], skipinitialspace=True), [])
    if not isinstance(value, (list, tuple)):
        raise wrong_value("a text or a list of texts", f"{LIST} of set", value)
    return [text for text in (_text(LIST, one) for one in value) if text]


def _text(name: str, value: object) -> str:
    """A text without spaces around it, and with one kind of line ends."""
    if not isinstance(value, str):
        raise wrong_value("a text", f"{name} of set", value)
    text = re.sub("\r\n?", "\n", value).strip("\n")
    forbidden = re.search(f"[{_FORBIDDEN}]" if name == "description" else rf"[\t\n{_FORBIDDEN}]", text)
    if forbidden is not None:
        character = forbidden[0]
        if "\ud800" <= character <= "\udfff":
            raise UsageError(f"expected UTF-8 for {name} of set, got other bytes; type it in a UTF-8 terminal")
        hint = "lines are for a description" if character in "\t\n" else "leave it out"
        raise UsageError(f"expected a text for {name} of set, got the character U+{ord(character):04X} in it; {hint}")
    _check_length(name, text)
    return text.strip()


def _check_length(name: str, text: str) -> None:
    length = len(text.encode())
    if length > MOST:
        raise UsageError(f"expected at most {MOST} bytes of UTF-8 for {name} of set, got {length}; shorten it")
