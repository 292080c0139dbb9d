"""Written labels: which blocks of a picture's metadata get the texts that a user sets?

Each of EXIF, XMP and IPTC that the format has a usual place for gets all of them that it has a tag for, so that any two
readers see the same; texts of a PNG and tags of a TIFF's pages follow. A block that the format holds in an unusual
place (IPTC in a PNG) is changed where it is there. What a user sets is written after stripping.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from imgbatch.codecs.metadata.block import Metadata, PageTags, TagValue
from imgbatch.codecs.metadata.labels import exif_labels, iptc_labels, xmp_labels
from imgbatch.codecs.metadata.labels.label_words import Labels

#: The keyword of a PNG's text for a word (PNG specification, third edition, 11.3.3.2), and others that mean the same.
_KEYS = {"artist": "Author", "copyright": "Copyright", "title": "Title", "description": "Description"}
_SYNONYMS = {
    "author": "artist", "artist": "artist", "creator": "artist", "copyright": "copyright", "title": "title",
    "description": "description", "keywords": "keywords",
}  # fmt: skip


def with_labels(metadata: Metadata, labels: Labels, places: Iterable[str], changes: list[str]) -> Metadata:
    """`metadata` with the texts of `labels`.

    Parameters
    ----------
    metadata : Metadata
        Not changed.
    labels : Labels
    places : iterable of str
        The blocks that are made where they are not there: of ``exif``, ``xmp``, ``iptc``, ``text``.
    changes : list of str
        Gets what was set or removed, and what is cut.
    """
    places = tuple(places)
    result = replace(metadata)
    notes: list[str] = []
    if result.exif or "exif" in places:
        result.exif = exif_labels.with_labels(result.exif, labels)
    if result.xmp or "xmp" in places:
        result.xmp = xmp_labels.with_labels(result.xmp, labels, notes)
    if result.iptc or "iptc" in places:
        result.iptc = iptc_labels.with_labels(result.iptc, labels, notes)
    result.text = with_texts(metadata.text, labels, "text" in places)
    result.pages = tuple(with_page_tags(page, labels) for page in metadata.pages)
    if _blocks(result) != _blocks(metadata):
        changes += [*set_sentences(labels), *notes]
    return result


def with_labels_where_there(metadata: Metadata, labels: Labels) -> Metadata:
    """`metadata` of a picture that accompanies another, with those texts of `labels` that it has others of."""
    own = tuple(
        (word, text)
        for word, text in labels
        if _blocks(with_labels(metadata, ((word, ""),), (), [])) != _blocks(metadata)
    )
    return with_labels(metadata, own, (), []) if own else metadata


def set_sentences(labels: Labels) -> list[str]:
    """What is said of a file whose texts change."""
    words, losses = ([word for word, text in labels if bool(text) == there] for there in (True, False))
    sentences = [f"metadata set: {', '.join(words)}"] if words else []
    return sentences + ([f"metadata removed: {', '.join(losses)}"] if losses else [])


def with_texts(texts: dict[str, str], labels: Labels, new: bool) -> dict[str, str]:
    """A PNG's texts with those of `labels`, under each keyword that means one of them.

    Parameters
    ----------
    texts : dict of str to str
        By keyword.
    labels : Labels
    new : bool
        Whether texts are added that are not there.
    """
    values = {word: text if isinstance(text, str) else ", ".join(text) for word, text in labels}
    result = {key: values.get(word_of_key(key), text) for key, text in texts.items()}
    for word, key in _KEYS.items():
        if new and word in values:
            result.setdefault(key, values[word])
    return {key: text for key, text in result.items() if text or texts.get(key) == ""}


def word_of_key(key: str) -> str:
    """The word that the keyword of a PNG's text means (ImageMagick's ``exif:Artist``, too); "" for none."""
    return _SYNONYMS.get(key.lower().removeprefix("exif:").removeprefix("image"), "")


def with_page_tags(page: PageTags, labels: Labels) -> PageTags:
    """The tags of a TIFF's page, with the texts of `labels` in those of them that are there."""
    values = exif_labels.tag_values(labels, tuple(page))
    result = dict(page)
    for tag in page:
        if tag in values:
            value = values[tag]
            if value is None:
                del result[tag]
            else:
                result[tag] = TagValue(value[0], len(value[1]), value[1])
    return result


def _blocks(metadata: Metadata) -> tuple[object, ...]:
    return metadata.exif, metadata.xmp, metadata.iptc, metadata.text, metadata.pages
