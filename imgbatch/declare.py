"""Kinds of parameters: what may the parameters of my own operation be? The door for authors of operations."""

from imgbatch.core.parameter_kinds import Choice, Number, Switch
from imgbatch.core.parameter_kinds import Grammar as Text

__all__ = ["Choice", "Number", "Switch", "Text"]
