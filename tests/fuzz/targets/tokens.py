"""Tokens: texts that nobody signed, and claims that somebody with a key did sign.

A line that begins with a brace is claims, which are signed here; every other one is a token as it came.
"""

from __future__ import annotations

NOW_S = 1_000_000.0
GOOD = {"exp": NOW_S + 60}
