"""RDF tree: which properties does an XMP packet hold, where do their values stand, and how are these changed in place?

A property is an attribute or an element, and a structure's fields may stand in it directly or in a description inside;
all of them read alike here. What is not changed stays as it was written, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from imgbatch.codecs.metadata import xmp

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#: An attribute: its prefix, its name and its value in quotes.
_ATTRIBUTE = re.compile(rb"(?<!\s)\s++([\w.-]++):([\w.-]++)\s*+=\s*+(\"[^\"]*+\"|'[^']*+')")
_DEPTH = 100  # elements inside each other, at most
Name = tuple[str, str]  # namespace and local name


class Value(NamedTuple):
    """The value of a property: its text, where that stands, and the span that goes if the property does."""

    text: str
    start: int
    end: int
    span: tuple[int, int]

    @property
    def number(self) -> float | None:
        """The number that it says; None: none."""
        try:
            result = float(self.text)
        except ValueError:
            return None
        return result if abs(result) < 1e9 else None  # which no infinity is, nor what is no number


@dataclass(eq=False, repr=False)
class Node:
    """An element: its name, where its tags stand, and what is in it."""

    name: Name
    start: int
    body: int
    parent: Node | None
    close: int = 0
    end: int = 0
    children: list[Node] = field(default_factory=list)
    attributes: dict[Name, Value] = field(default_factory=dict)

    @property
    def span(self) -> tuple[int, int]:
        """From its first tag to the end of its last."""
        return self.start, self.end

    def ancestors(self) -> Iterator[Node]:
        """The elements that it stands in, from inside."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def inside(self) -> Iterator[Node]:
        """It, and all elements in it, in the order of the packet."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack += reversed(node.children)


class Packet:
    """A packet while its properties are changed.

    Parameters
    ----------
    data : bytes
        UTF-8.

    Attributes
    ----------
    root : Node or None
        None: it cannot be read.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._edits: list[tuple[int, int, bytes]] = []
        self.root = _parse(data)

    def every_node(self) -> Iterator[Node]:
        """All elements, in their order; none where it cannot be read."""
        return iter(()) if self.root is None else self.root.inside()

    def nodes(self, *names: Name) -> list[Node]:
        """The elements of one of these names."""
        return [node for node in self.every_node() if node.name in names]

    def fields(self, node: Node) -> dict[Name, Value]:
        """The properties that stand in an element, whichever way they are written."""
        result = dict(node.attributes)
        for child in node.children:
            if child.name == (RDF, "Description"):
                result |= self.fields(child)
            elif not child.children:
                result[child.name] = self._value(child)
        return result

    def items(self, node: Node) -> list[Value]:
        """The items of the list in a property."""
        return [self._value(one) for one in node.inside() if one.name == (RDF, "li") and not one.children]

    def _value(self, node: Node) -> Value:
        """The text of an element that has no others in it."""
        text = self._data[node.body : node.close].decode("utf-8", "replace").strip()
        return Value(text, node.body, node.close, node.span)

    def put(self, value: Value, text: str) -> None:
        """Change a value."""
        self._edits.append((value.start, value.end, text.encode()))

    def cut(self, span: tuple[int, int]) -> None:
        """Take something out."""
        self._edits.append((*span, b""))

    @property
    def data(self) -> bytes:
        """The packet with what was changed."""
        pieces, at = [], 0
        for start, end, text in sorted(self._edits, key=lambda edit: (edit[0], -edit[1])):
            if start < at:  # inside of what was taken out
                continue
            pieces += [self._data[at:start], text]
            at = end
        return b"".join([*pieces, self._data[at:]])


def _parse(data: bytes) -> Node | None:
    """The tree of a packet; None where it is none, or has a document type."""
    from xml.parsers import expat  # only where there is something to find

    parser = expat.ParserCreate("utf-8")
    top = Node(("", ""), 0, 0, None, len(data), len(data))
    stack = [top]
    spaces: list[dict[str, str]] = [{}]

    def full_name(word: str) -> Name:
        prefix, _, local = word.rpartition(":")
        return next((some[prefix] for some in reversed(spaces) if prefix in some), ""), local

    def start(word: str, attributes: dict[str, str]) -> None:
        if len(stack) > _DEPTH:
            raise ValueError("too deep")
        spaces.append({key[6:]: space for key, space in attributes.items() if key.startswith("xmlns:")})
        at = parser.CurrentByteIndex
        node = Node(full_name(word), at, xmp.tag_end(data, at), stack[-1])
        for match in _ATTRIBUTE.finditer(data, at, node.body):
            key = f"{match[1].decode()}:{match[2].decode()}"
            if key in attributes and not key.startswith("xmlns:"):
                value = Value(attributes[key].strip(), match.start(3) + 1, match.end(3) - 1, match.span())
                node.attributes[full_name(key)] = value
        stack[-1].children.append(node)
        stack.append(node)

    def finish(_: str) -> None:
        node = stack.pop()
        spaces.pop()
        is_empty = data[node.body - 2 : node.body] == b"/>"
        node.close = node.body if is_empty else parser.CurrentByteIndex
        node.end = node.body if is_empty else xmp.tag_end(data, node.close)

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser.StartElementHandler, parser.EndElementHandler = start, finish
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, UnicodeError):
        return None
    return top
