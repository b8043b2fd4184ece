"""JSON as clients write it: all that a browser's JSON.parse takes, made into what can be written again.

Sans-I/O. A name cut in the middle of an emoji ends in half a surrogate pair, for which JSON has a spelling
and UTF-8 has none: it becomes U+FFFD. Numbers too large for 64 bits become floating-point ones, as they are
in JavaScript. What comes out of here any encoder of ours can encode.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

MISSING: Any = object()
"""An id that is not there."""

_LONG_NUMBER = re.compile(r"[0-9]{19}")
_LONELY = re.compile("[\ud800-\udfff]")
_LEAST, _MOST = -(2**63), 2**64 - 1

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+')
_SEARCHED = 64 * 1024
"""Of a text that is no JSON; ids stand near the beginning."""


def decode(text: str) -> Any:
    """What `text` says. Raises ValueError with the reason when it is no JSON."""
    try:
        value = msgspec.json.decode(text)
        return _tidy(value) if _LONG_NUMBER.search(text) else value
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = str(error)
    try:  # slower, and takes what msgspec does not
        return _tidy(json.loads(text, parse_constant=_refuse, parse_int=_integer))
    except (ValueError, RecursionError):
        raise ValueError(f"invalid JSON: {reason}") from None


def find_id(text: str) -> Any:
    """The `id` of an object that is no JSON, as far as it can be made out; MISSING without one."""
    depth, key, after_colon = 0, "", False
    for token in _TOKEN.findall(text[:_SEARCHED]):
        if token in ("{", "["):
            if depth == 1 and after_colon and key == '"id"':
                return None
            depth, after_colon = depth + 1, False
        elif token in ("}", "]"):
            depth, after_colon = depth - 1, False
        elif depth == 1:
            if token == ":":
                after_colon = True
            elif token == ",":
                after_colon = False
            elif after_colon and key == '"id"':
                return _scalar(token)
            elif after_colon and key == '"response"' and token == "true":
                return MISSING  # an answer, which is not answered
            elif not after_colon:
                key = token
    return MISSING


def _scalar(token: str) -> Any:
    try:
        return decode(token)
    except ValueError:
        return None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _integer(digits: str) -> int | float:
    return float(digits) if len(digits) > 20 else int(digits)


def _tidy(value: Any) -> Any:
    """`value` without what has no spelling in UTF-8 or in 64 bits."""
    match value:
        case str():
            return _LONELY.sub("\ufffd", value)
        case dict():
            return {_tidy(key): _tidy(item) for key, item in value.items()}
        case list():
            return [_tidy(item) for item in value]
        case bool():
            return value
        case int() if not _LEAST <= value <= _MOST:
            return _float(value)
    return value


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)
