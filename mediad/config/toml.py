"""A TOML settings file: its keys with their lines, and every mistake in words that say what to write instead.

The parser's own words ("Expected newline or end of document") are for people who know TOML. So a line that it
reports is examined here for the usual mistakes of people; then the rest of the file is read without it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediad.config.settings import KEYS
from mediad.errors import ConfigError

_MOST_MISTAKES = 20
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_GIVEN = re.compile(r"\s*(export\s+|set\s+|--)?([A-Za-z0-9_-]+)\s*([=:]?)\s*(.*)")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")
_CURLY = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb`"
"""Quotes that word processors put in place of straight ones."""
_LOGICAL = frozenset({"true", "false", "yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True)
class Given:
    """A key and its value, as written in the file."""

    name: str
    value: Any
    line: int | None
    """The line number; None where an unusual spelling hides it."""


@dataclass(frozen=True, slots=True)
class Contents:
    given: tuple[Given, ...]
    problems: tuple[str, ...]
    """One line for each mistake in the file; the keys concerned are not among `given`."""


def read(path: str) -> Contents:
    """Read a settings file. Raises ConfigError when it cannot be read at all."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the settings file: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: the settings file is not text in UTF-8; save it as UTF-8") from None
    lines = text.splitlines()
    table, problems = _parse(lines, path)
    given: list[Given] = []
    for name, value in table.items():
        if name in KEYS or not _is_section(value):
            given.append(Given(name, value, line_of(text, name)))
            problems += _swallowed(lines, path, name, value)
        else:
            problems.append(_no_section(lines, path, name))
            inner = value if isinstance(value, dict) else {}
            given += [Given(key, one, line_of(text, key)) for key, one in inner.items()]
    return Contents(tuple(given), tuple(problems))


def line_of(text: str, name: str) -> int | None:
    """The line on which a key is given; the parser does not tell."""
    given = re.compile(rf"\s*(?:{re.escape(name)}\s*[=.]|\[\[?\s*{re.escape(name)}\s*[\].])")
    return next((number for number, line in enumerate(text.splitlines(), 1) if given.match(line)), None)


def _parse(lines: Sequence[str], path: str) -> tuple[dict[str, Any], list[str]]:
    """The readable part, and the mistakes of the rest: line by line, as far as a line can be left out."""
    kept, problems = list(lines), list[str]()
    while True:
        try:
            return tomllib.loads("\n".join(kept) + "\n"), problems
        except tomllib.TOMLDecodeError as error:
            number, words = _place(str(error), len(kept))
            problems.append(f"{path}:{number}: {_explain(kept, number, words)}")
            line = kept[number - 1] if number <= len(kept) else ""
            if not line or _open_list(kept, number, words) or len(problems) == _MOST_MISTAKES:
                return {}, problems
            kept[number - 1] = ""


def _place(words: str, last: int) -> tuple[int, str]:
    """The parser's line number, and its words without it."""
    found = _PLACE.search(words)
    number = found.group(1) if found else None
    return int(number or max(last, 1)), _PLACE.sub("", words)


# -- a line that the parser refuses -------------------------------------------------------------------------


def _explain(lines: Sequence[str], number: int, words: str) -> str:
    """The mistake in this line, and what to write instead. No secret is repeated."""
    line = lines[number - 1] if number <= len(lines) else ""
    shown = line.strip()
    opened = _open_list(lines, number, words)
    if opened is not None:
        return f"the list that begins on line {opened} has no end; write ] behind its last value"
    strange = _strange(line)
    if strange is not None:
        return f"there is an invisible character (U+{ord(strange):04X}) in this line; write the line anew"
    if shown.startswith("["):
        return f"{shown}: settings have no sections; remove this line"
    if shown.startswith(("//", ";", "/*")):
        return "a comment begins with #; write # before this line"
    found = _GIVEN.fullmatch(line)
    if found is None:
        return f"this line is no setting ({words}); write: key = value"
    shell, key, sign, value = found.groups()
    name = _name(key)
    earlier = line_of("\n".join(lines[: number - 1]), key)
    if "overwrite" in words and earlier is not None:
        return f"{key}: it is given on line {earlier} already; keep one of the two lines"
    if not value.strip("= ") or value.startswith("#"):
        return f"{key}: the value is missing; write: {_wanted(name)}"
    why = "only key and value stand on a line" if shell else _why(sign, value, words)
    if name not in KEYS:
        return f"{key}: unknown setting, and {why}"
    if KEYS[name].secret or "@" in value:
        return f"{key}: {why} (the value is not shown here); write: {_wanted(name)}"
    return f"{shown}: {why}; write: {_written(name, value)}"


def _open_list(lines: Sequence[str], number: int, words: str) -> int | None:
    """The line of a list that has no end, when that is why the parser refuses this line."""
    line = lines[number - 1] if number <= len(lines) else ""
    if words != "Unclosed array" and not _is_right(tomllib.loads, line):
        return None
    return next(
        (n for n in range(number - 1, 0, -1) if "[" in lines[n - 1] and "]" not in lines[n - 1]), None
    )


def _strange(line: str) -> str | None:
    """A character of the line that looks like a blank, or is invisible."""
    code = line.split("#")[0]
    return next((c for c in code if c not in " \t" and (c.isspace() or not c.isprintable())), None)


def _why(sign: str, value: str, words: str) -> str:
    """The mistake, in a few words, in a line that has a key and a value."""
    bare = _bare(value)
    plain = bare.rstrip(",;")
    quoted = value[0] in "\"'"
    for applies, why in (
        (sign != "=" or value[0] == "=", "one = stands between key and value"),
        (value[0] in _CURLY, 'quotes are straight: "'),
        (plain != bare and (_NUMBER.match(plain) or quoted), "nothing stands behind the value"),
        (quoted and value.count(value[0]) == 1, "the closing quote is missing"),
        (re.search(r"\s[a-z_]+\s*=", bare), "each setting has a line of its own"),
        (value[0] == '"' and "\\" in value, "text with a backslash stands in single quotes"),
        (value[0] == "[" and not re.search("[\"']", value), "each text in a list needs quotes"),
        (value[0] in "[{", f"the list is not written as it must be ({words})"),
        (bare.lower() in _LOGICAL, "no setting is true or false"),
        (re.fullmatch(r"[+-]?0[0-9]+", bare), "a number does not begin with 0"),
        (re.fullmatch(r"[0-9]+\s*[A-Za-z]+", bare), "a number stands alone, without a unit"),
    ):
        if applies:
            return why
    return "text needs quotes"


def _written(name: str, value: str) -> str:
    """The correct line, as far as it can be known."""
    bare = _bare(value.lstrip("= ")).strip(_CURLY + "\"',;").strip()
    kind = KEYS[name].kind
    if value[0] in "[{":
        items = [item.strip(_CURLY + "\"' ") for item in bare.strip("[]").split(",")]
        return f"{name} = {json.dumps(items)}" if _is_right(kind.check, items) else _wanted(name)
    unit = re.fullmatch(r"([0-9]+)\s*[A-Za-z]+", bare)
    for text in (bare, unit.group(1) if unit else bare):
        if _is_right(kind.from_text, text):
            checked = kind.from_text(text)
            if isinstance(checked, int | float):
                return f"{name} = {checked:g}" if isinstance(checked, float) else f"{name} = {checked}"
            return f"{name} = '{text}'" if "\\" in text else f'{name} = "{text}"'
    return _wanted(name)


def _is_right(check: Callable[[Any], Any], value: object) -> bool:
    try:
        check(value)
    except ValueError:
        return False
    return True


def _bare(value: str) -> str:
    """A value without its comment; quotes may hold a #, and so may a URL."""
    return value.strip() if value[0] in "\"'" else re.split(r"\s#", value)[0].strip()


def _name(key: str) -> str:
    """The name that this key would have here."""
    name = key.lower().replace("-", "_")
    return name if name in KEYS else key


def _wanted(name: str) -> str:
    key = KEYS.get(name)
    return f"{name} = VALUE" + ("" if key is None else f", where VALUE is {key.kind.expected}")


# -- sections: settings have none ----------------------------------------------------------------------------


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
    )


def _no_section(lines: Sequence[str], path: str, name: str) -> str:
    number = line_of("\n".join(lines), name)
    where = f"{path}:{number}: " if number else f"{path}: "
    line = lines[number - 1].strip() if number else name
    if line.startswith("["):
        return f"{where}{line}: settings have no sections; remove this line, and keep those below it"
    dotted = line.split("=")[0].strip()
    return f"{where}{dotted}: settings have no sections; write {dotted.rpartition('.')[2]} instead"


def _swallowed(lines: Sequence[str], path: str, name: str, value: Any) -> Iterator[str]:
    """Problems for settings below [[media_codecs]], which so became part of a codec."""
    for table in value if isinstance(value, list) else []:
        for key in table if isinstance(table, dict) else ():
            if key in KEYS:
                where = line_of("\n".join(lines), key)
                yield (
                    f"{path}:{where}: {key} stands below [[{name}]] and belongs to that; "
                    f"move it above the first [[{name}]]"
                )
