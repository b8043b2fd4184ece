"""Fields of one JSON object from outside: each is read by name, with its type and its bounds.

Every refusal is an InvalidInput that names the field by its full path and says what was expected there.
An explicit null counts as absent, since JavaScript clients write one for the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeGuard, TypeVar

from mediad.errors import InvalidInput

ParameterValue = str | int | float

T = TypeVar("T")

_MAX_NUMBER = 2**53  # beyond it JavaScript clients lose digits
_MAX_PARAMETERS = 64
_MAX_PARAMETER_NAME = 64
_MAX_PARAMETER_VALUE = 2048  # H.264 parameter sets in base64 need a few hundred


class Fields:
    """The object found at `path`, for example `rtpParameters.codecs[0]`."""

    def __init__(self, data: object, path: str) -> None:
        if not isinstance(data, dict):
            refuse(path, "an object", data)
        self._data = data
        self._path = path

    def string(self, name: str, *, limit: int) -> str:
        """A non-empty string of at most `limit` characters."""
        value = self.optional_string(name, limit=limit)
        if value is None:
            self.refuse(name, "a string")
        return value

    def optional_string(self, name: str, *, limit: int, ascii_only: bool = False) -> str | None:
        """A string of at most `limit` characters; None when absent or empty."""
        value = self._data.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > limit or not _encodable(value):
            self.refuse(name, f"a string of at most {limit} characters")
        if ascii_only and not (value.isascii() and value.isprintable()):
            self.refuse(name, "a string of printable ASCII characters")
        return value

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number in low..high, which may be spelled as a float."""
        value = self.optional_integer(name, low, high)
        if value is None:
            self.refuse(name, f"an integer {low}..{high}")
        return value

    def optional_integer(self, name: str, low: int, high: int) -> int | None:
        """A whole number in low..high; None when absent."""
        value = self._data.get(name)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.refuse(name, f"an integer {low}..{high}")
        return value

    def optional_number(self, name: str) -> int | None:
        """A finite number of at least 0, rounded down; None when absent."""
        value = self._data.get(name)
        if value is None:
            return None
        if not _is_number(value) or value < 0:
            self.refuse(name, "a number of at least 0")
        return int(value)

    def boolean(self, name: str, default: bool) -> bool:
        value = self._data.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(name, "a boolean")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of `choices`; mandatory unless there is a default."""
        value = self._data.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in choices:
            self.refuse(name, "one of " + ", ".join(choices))
        return value

    def part(self, name: str, build: Callable[[object, str], T]) -> T | None:
        """The result of `build(data, path)` for the field; None when absent."""
        value = self._data.get(name)
        return None if value is None else build(value, self.path(name))

    def array(
        self, name: str, build: Callable[[object, str], T], *, limit: int, required: bool = False
    ) -> tuple[T, ...]:
        """The results of `build(item, path)` for the items; empty when absent, unless `required`."""
        value = self._data.get(name)
        if value is None and not required:
            return ()
        if not isinstance(value, list | tuple) or len(value) > limit:
            self.refuse(name, f"an array of at most {limit} items")
        return tuple(build(item, f"{self.path(name)}[{index}]") for index, item in enumerate(value))

    def parameters(self, name: str = "parameters") -> dict[str, ParameterValue]:
        """A format-specific parameter object: names to strings and numbers; null becomes ""."""
        value = self._data.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or len(value) > _MAX_PARAMETERS:
            self.refuse(name, f"an object of at most {_MAX_PARAMETERS} entries")
        return {self._parameter_name(name, key): self._parameter(name, key) for key in value}

    def _parameter_name(self, name: str, key: object) -> str:
        if not isinstance(key, str) or len(key) > _MAX_PARAMETER_NAME or not _encodable(key):
            self.refuse(name, f"names of at most {_MAX_PARAMETER_NAME} characters")
        return key

    def _parameter(self, name: str, key: str) -> ParameterValue:
        value = self._data[name][key]
        if value is None:
            return ""
        if isinstance(value, str) and len(value) <= _MAX_PARAMETER_VALUE and _encodable(value):
            return value
        if _is_number(value):
            return value
        expected = f"a string of at most {_MAX_PARAMETER_VALUE} characters or a number"
        return refuse(f"{self.path(name)}.{key}", expected, value)

    def path(self, name: str) -> str:
        """The path of the field `name`."""
        return f"{self._path}.{name}"

    def refuse(self, name: str, expected: str) -> NoReturn:
        """Raise InvalidInput: the field `name` is not what was expected."""
        refuse(self.path(name), expected, self._data.get(name))


def refuse(path: str, expected: str, got: object) -> NoReturn:
    """Raise InvalidInput for the value `got` at `path`."""
    raise InvalidInput(f"{path}: expected {expected}, got {_shown(got)}")


def _shown(value: object) -> str:
    """A short form of a value: scalars as they are, containers by their kind alone."""
    match value:
        case None:
            return "nothing"
        case bool() | float():
            return repr(value).lower()
        case int():
            return str(value) if abs(value) <= _MAX_NUMBER else "a huge number"
        case str() if len(value) <= 40:
            return ascii(value)
        case str():
            return f"a string of {len(value)} characters"
        case list() | tuple():
            return f"an array of {len(value)} items"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__name__}"


def _is_number(value: object) -> TypeGuard[int | float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _MAX_NUMBER  # False for NaN and infinity


def _encodable(value: str) -> bool:
    """True when the text has no lone surrogates, which pass a JSON parser and break every encoder later."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
