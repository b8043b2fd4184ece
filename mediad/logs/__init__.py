"""Logging: one line an event, as text for people, JSON for machines, or fields for the journal.

Context travels in the record's `extra`: any of CONTEXT_KEYS given there (`extra={"room": "r1"}`, or once for
many lines through `bind`) is shown before the message as `room=r1`, or becomes a member or field of its own.
"""

from __future__ import annotations

from mediad.logs.configuration import LineCounts, counts, set_addresses, set_level, setup
from mediad.logs.context import CONTEXT_KEYS, Context, bind

__all__ = ["CONTEXT_KEYS", "Context", "LineCounts", "bind", "counts", "set_addresses", "set_level", "setup"]
