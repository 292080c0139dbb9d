"""XMP labels: how do texts get into a packet, in every property that says the same?

What is there in such a property goes, with its other languages; a description of its own at the end of the packet holds
the new texts, in Dublin Core's properties (dc:creator is a list in order, dc:title, dc:description and dc:rights have
languages, of which x-default is written, dc:subject is a bag: XMP Specification, part 1, 8.3) and in those of other
vocabularies that were there. The rest of the packet stays as it was written.
"""

from __future__ import annotations

from collections.abc import Collection

from imgbatch.codecs.metadata import xmp
from imgbatch.codecs.metadata.labels.label_words import Labels

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/", "tiff": "http://ns.adobe.com/tiff/1.0/",
    "pdf": "http://ns.adobe.com/pdf/1.3/", "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
}  # fmt: skip
#: Of each word the properties that say the same, the first of them always written, the others where they were there:
#: a text, or the container of its items.
_PROPERTIES = {
    "artist": {("dc", "creator"): "Seq", ("tiff", "Artist"): "", ("pdf", "Author"): ""},
    "copyright": {("dc", "rights"): "Alt", ("tiff", "Copyright"): "Alt"},
    "title": {("dc", "title"): "Alt", ("pdf", "Title"): ""},
    "description": {("dc", "description"): "Alt", ("tiff", "ImageDescription"): "Alt"},
    "keywords": {
        ("dc", "subject"): "Bag", ("pdf", "Keywords"): "", ("lr", "hierarchicalSubject"): "Bag",
        ("digiKam", "TagsList"): "Seq",
    },
}  # fmt: skip
#: Those that go without a successor: copies that others keep of the same, under names that few read.
_COPIES = {
    "artist": {("exif", "Artist"), ("xmpDM", "artist"), ("dcterms", "creator"), ("xmp", "Author")},
    "copyright": {("exif", "Copyright"), ("xmpDM", "copyright"), ("dcterms", "rights"), ("pdf", "Copyright")},
    "title": {("dcterms", "title"), ("xmp", "Title")},
    "description": {("dcterms", "description"), ("exif", "ImageDescription"), ("xmp", "Description")},
    "keywords": {
        ("dcterms", "subject"), ("xmp", "Keywords"), ("MicrosoftPhoto", "LastKeywordXMP"),
        ("MicrosoftPhoto", "LastKeywordIPTC"), ("mediapro", "CatalogSets"), ("acdsee", "categories"),
    },
}  # fmt: skip
_HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
).encode()
_TAIL = b'</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'


def without_labels(packet: bytes, labels: Labels, old_names: set[tuple[str, str]] | None = None) -> bytes | None:
    """The packet without what it says of these words; None where it cannot be read, or nothing is left.

    Parameters
    ----------
    packet : bytes
        UTF-8.
    labels : Labels
    old_names : set, optional
        Gets the prefixes and names of what is taken out.
    """
    names = {name for word, _ in labels for name in (*_PROPERTIES[word], *_COPIES[word])}

    def drops(prefix: str, name: str, inside: bool) -> bool:
        goes = not inside and (prefix, name) in names
        if goes and old_names is not None:
            old_names.add((prefix, name))
        return goes

    return xmp.without(packet, drops)


def with_labels(packet: bytes | None, labels: Labels, changes: list[str]) -> bytes | None:
    """The packet with the texts of `labels`, a new one where there was none; None where nothing is left.

    Parameters
    ----------
    packet : bytes or None
        UTF-8.
    labels : Labels
    changes : list of str
        Gets that a packet that cannot be read is replaced.
    """
    old_names: set[tuple[str, str]] = set()
    rest = None if packet is None else without_labels(packet, labels, old_names)
    if packet is not None and rest is None and not old_names and _is_unreadable(packet):
        changes.append("xmp: replaced whole, since it cannot be read")
    elif not old_names and not any(text for _, text in labels):
        return packet
    descriptions = _descriptions(labels, old_names)
    if rest is not None:
        for prefix in _SPACES:
            rest = rest.replace(_description(prefix, ""), b"")
        if not descriptions:
            return rest
        if (at := _place(rest)) is not None:
            return rest[:at] + descriptions + rest[at:]
        changes.append("xmp: replaced whole, since it has no place for more")
    return _HEAD + descriptions + _TAIL if descriptions else None


def _is_unreadable(packet: bytes) -> bool:
    """Whether a packet is none: an empty one is."""
    from xml.parsers import expat

    try:
        expat.ParserCreate().Parse(packet, True)
    except expat.ExpatError:
        return True
    return b"<!DOCTYPE" in packet


def _place(packet: bytes) -> int | None:
    """Where another description can stand: before the end of the list of them."""
    at = packet.rfind(b"</")
    while at >= 0:
        name = packet[at + 2 : at + 99].partition(b">")[0].strip()
        if name == b"RDF" or name.endswith(b":RDF"):
            return at
        at = packet.rfind(b"</", 0, at)
    return None


def _descriptions(labels: Labels, old_names: Collection[tuple[str, str]]) -> bytes:
    """A description for each vocabulary that the texts are written in, so that each is recognized when it is empty."""
    properties = dict.fromkeys(_SPACES, "")
    for word, text in labels:
        for place, (name, container) in enumerate(_PROPERTIES[word].items()):
            if text and (place == 0 or name in old_names):
                properties[name[0]] += _property(":".join(name), container, text)
    return b"".join(_description(prefix, inner) for prefix, inner in properties.items() if inner)


def _description(prefix: str, inner: str) -> bytes:
    head = f'<rdf:Description xmlns:rdf="{_RDF}" rdf:about="" xmlns:{prefix}="{_SPACES[prefix]}">'
    return f"{head}{inner}</rdf:Description>".encode()


def _property(name: str, container: str, text: str | Collection[str]) -> str:
    """One property; a list that has no container is one text."""
    texts = (text,) if isinstance(text, str) else text
    if not container:
        return f"<{name}>{_escape('; '.join(texts))}</{name}>"
    start = '<rdf:li xml:lang="x-default">' if container == "Alt" else "<rdf:li>"
    items = "".join(f"{start}{_escape(one)}</rdf:li>" for one in texts)
    return f"<{name}><rdf:{container}>{items}</rdf:{container}></{name}>"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
