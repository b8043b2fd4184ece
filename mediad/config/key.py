"""Key: one setting as people see it, kept with the field of `Settings` that it describes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mediad.config.kinds import HIDDEN, HttpUrl, Kind


@dataclass(frozen=True, slots=True)
class Key:
    """One setting as people see it: its range, its meaning, other environment names than MEDIAD_*."""

    kind: Kind
    doc: str
    aliases: tuple[str, ...] = ()
    live: bool = False
    """True when a reload applies it to the running daemon; otherwise it waits for the next start."""
    example: object = None
    """The example shown in place of a default of None."""
    secret: bool = False
    """True when its value is kept out of everything that people read."""

    def shown(self, value: object) -> object:
        """The form of `value`, right or wrong, that may be shown."""
        if isinstance(self.kind, HttpUrl):
            return self.kind.shown(value)
        return HIDDEN if self.secret and value is not None else value


def key_field(
    default: Any,
    kind: Kind,
    doc: str,
    *aliases: str,
    live: bool = False,
    example: object = None,
    secret: bool = False,
) -> Any:
    """Make the field of a dataclass that is a setting."""
    return field(default=default, metadata={"key": Key(kind, doc, aliases, live, example, secret)})
