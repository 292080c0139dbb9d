"""Flag: what is one word that begins with dashes, and how is it made from a declaration?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from imgbatch.cli.arguments import Reader
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Choice, Number, Switch, Texts
from imgbatch.core.parameters import Declaration, Parameter, flag, has_required, parameters, summary
from imgbatch.core.quantities import Amount, Count, Duration, Limit, Quality
from imgbatch.operations import Operation

#: value: stands as the next word, or after "="; attached: only after "=", a plain flag has a meaning of its own;
#: nothing: takes none.
Takes = Literal["value", "attached", "nothing"]


@frozen
class Flag:
    """One flag.

    Attributes
    ----------
    names : tuple of str
        The long one last.
    field : str
        The field that it fills, of the command's arguments or of one of their parts.
    key : str
        Where that field is a table: the entry. Of two flags for one entry the later in the list wins.
    group, help, metavar : str
        The heading and the text of the help page, and what it calls the value.
    many : bool
        Whether it may be repeated and every value counts; of a flag that takes nothing the field is their number.
    value : object
        What a flag that takes nothing puts into the field.
    read : callable or None
        Checks a word and gives its value; None: the word itself.
    operation : type of Operation or None
        The operation that it stands for.
    brief : str or None
        Its text on the short help page; "": the same as `help`; None: it is on the full page only.
    """

    names: tuple[str, ...]
    field: str
    group: str
    help: str
    takes: Takes = "value"
    metavar: str = ""
    many: bool = False
    value: object = True
    read: Reader | None = None
    key: str = ""
    operation: type[Operation] | None = None
    brief: str | None = None

    @property
    def is_operation(self) -> bool:
        """Whether its place among the others counts."""
        return self.field == "operations"

    @property
    def name(self) -> str:
        """The long name."""
        return self.names[-1]

    @property
    def spelling(self) -> str:
        """The names, and what the value is called; after "=" where it only counts there."""
        value = f"[={self.metavar}]" if self.takes == "attached" else f" {self.metavar}"
        return ", ".join(self.names) + (value if self.metavar else "")


def takes_next_word(operation: type[Operation]) -> bool:
    """Whether the value of an operation's flag stands as the next word."""
    return has_required(operation) if operation.detached is None else operation.detached


def operation_flag(operation: type[Operation]) -> Flag:
    """The flag of an operation; its value is read by the operation itself."""
    fields = [field.name for field in parameters(operation)]
    metavar = "".join(fields[:1]).upper().replace("_", "-")
    names = ", ".join(fields[1:])
    return Flag(
        (f"--{flag(operation)}",),
        "operations",
        operation.group,
        summary(operation).rstrip(".").replace("``", "") + (f" (also: {names})" if names else ""),
        "value" if takes_next_word(operation) else "attached",
        metavar,
        many=True,
        operation=operation,
        brief="",
    )


def declaration_flags(
    cls: type[Declaration], table: str, group: str, short: Mapping[str, str] = {}, leave: Collection[str] = ()
) -> Iterator[Flag]:
    """The flags of a declaration.

    Parameters
    ----------
    table : str
        The field of the arguments that holds what was typed of it.
    group : str
        The heading on the help page, of parameters that have none of their own.
    short : mapping of str to str
        The one-letter flags, by parameter.
    leave : collection of str
        Parameters that have no flag of this kind.
    """
    for item in parameters(cls):
        if item.name in leave:
            continue
        name, letter = item.name.replace("_", "-"), short.get(item.name)
        heading = item.heading or group
        if item.default is True:  # a flag for the default overrides a recipe or the environment
            yield Flag((f"--{name}",), table, heading, f"{item.help} (default)", "nothing", key=item.name)
            no = f"do not {item.help}"
            yield Flag((f"--no-{name}",), table, heading, no, "nothing", value=False, key=item.name)
            continue
        takes: Takes = "value"
        if isinstance(item.kind, Switch):
            takes = "nothing" if letter else "attached"  # letters can stand together: -pn
        yield Flag(
            (letter, f"--{name}") if letter else (f"--{name}",),
            table,
            heading,
            item.help + _default(item),
            takes,
            "" if takes != "value" else _metavar(item),
            many=isinstance(item.kind, Texts),
            read=item.kind.read,
            key=item.name,
            brief=item.brief,
        )


def _default(field: Parameter) -> str:
    if field.default in (None, False, "") or field.name == "name":
        return ""
    default = field.default
    if isinstance(default, int) and default >= 10**6 and default % 10**6 == 0:
        default = f"{default // 10**6}M"
    return f" (default {default:g})" if isinstance(default, float) else f" (default {default})"


def _metavar(field: Parameter) -> str:
    kind = field.kind
    if isinstance(kind, Choice):
        return "|".join(kind.words)
    if isinstance(kind, Number):
        return "N" if kind.whole else "X"
    if isinstance(kind, Quality):
        return "N|keep"
    if isinstance(kind, Count):
        return "N|auto" if kind.auto else "N"
    for cls, word in ((Amount, "SIZE"), (Duration, "TIME"), (Limit, "N|P%")):
        if isinstance(kind, cls):
            return word
    own = {
        "set": "WORD=TEXT",
        "log": "FILE",
        "on_finish": "CMD",
        "assume_icc": "FILE",
        "strip": "WORD,...",
        "keep": "WORD,...",
    }
    own |= {"background": "COLOR", "frames": "all|first|N", "name": "TEMPLATE", "min_savings": "P%"}
    own |= dict.fromkeys(("state", "archive", "quarantine"), "DIR")
    own |= {"shard": "I/N|auto", "executor": "WORD[:ADDRESS]"}
    return own.get(field.name, field.name.upper())
