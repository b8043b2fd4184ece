"""JSON from clients: all that a browser's JSON.parse accepts, changed into what can be written again.

Sans-I/O. A name cut in the middle of an emoji ends in half a surrogate pair, which JSON can spell and UTF-8
cannot: it becomes U+FFFD. Numbers too large for 64 bits become floating-point ones, as they are in
JavaScript. Every encoder of ours can encode the result.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import Any

import msgpack
import msgspec

MISSING: Any = object()
"""An id that is not there."""

_LONG_NUMBER = re.compile(r"[0-9]{19}")
_LEAST, _MOST = -(2**63), 2**64 - 1

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONELY = re.compile(f"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}")
"""Half a surrogate pair, as JSON spells it; where no backslash is itself escaped."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]:,]|[^\s"{}\[\]:,]+')
"""A token; a string may lack its end, since looking for one from each quotation mark would take too long."""

_SEARCHED = 4 * 1024
"""The part of a text that is no JSON in which ids are looked for: they are near the beginning."""

_WALKED = 16 * 1024
"""The longest text with numbers beyond 64 bits that is accepted: finding them needs a walk through it."""


def decode(text: str) -> Any:
    """The value that `text` spells. Raises ValueError with the reason when it is no JSON."""
    try:
        return _within_64_bits(text, _read(text))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"invalid JSON: {error}") from None


def _read(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        text = _with_whole_characters(text)
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            if len(text) > _WALKED:
                raise
            # slower, and takes numbers of any size
            with contextlib.suppress(ValueError, RecursionError):
                return json.loads(text, parse_constant=_refuse, parse_int=_integer)
            raise


def _with_whole_characters(text: str) -> str:
    """The text with U+FFFD for halves of pairs. Its cost does not depend on what is found."""
    if "\0" in text:
        return text  # no JSON; and here it stands for an escaped backslash
    return _LONELY.sub(r"\\ufffd", text.replace("\\\\", "\0")).replace("\0", "\\\\")


def _within_64_bits(text: str, value: Any) -> Any:
    """The value without integers that have no spelling in 64 bits."""
    if _LONG_NUMBER.search(text):
        try:
            msgpack.packb(value)  # far faster than a walk
        except (OverflowError, ValueError):
            if len(text) > _WALKED:
                raise ValueError("an integer out of range") from None
            return _tidy(value)
    return value


def find_id(text: str) -> Any:
    """The `id` of an object that is no JSON, as far as it can be read; MISSING without one."""
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
    match value:
        case dict():
            return {key: _tidy(item) for key, item in value.items()}
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
        return math.inf if value > 0 else -math.inf
