"""Tokens: texts that nobody signed, and claims that somebody with a key did sign.

A line that begins with a brace is claims, which are signed here; every other one is a token as it came.
"""

from __future__ import annotations

import contextlib
import json

from mediad.tokens.gate import Gate, TokenRules
from mediad.tokens.keys import KeySet, secret_keys
from mediad.tokens.refusal import TokenRefused
from mediad.tokens.room_options import NAMES as OPTIONS
from tests.fuzz.target import Take, Target
from tests.support.signing import OTHER, SECRET, token

NOW_S = 1_000_000.0
GOOD = {"exp": NOW_S + 60}
