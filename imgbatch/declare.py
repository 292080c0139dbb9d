"""Kinds of parameters: what may the parameters of my own operation be? The door for authors of operations."""

from imgbatch.core.parameter_kinds import Choice, Number, Switch, Text

__all__ = ["Choice", "Number", "Switch", "Text"]
