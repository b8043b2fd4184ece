"""The error tree: codes are unique, complete, and survive the trip over a pipe."""

from __future__ import annotations

import pytest

from mediad import errors
from mediad.errors import MediadError


def every_class() -> list[type[MediadError]]:
    return [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, MediadError)]


@pytest.mark.parametrize("cls", every_class())
def test_code_and_reason_rebuild_the_error(cls: type[MediadError]) -> None:
    rebuilt = errors.from_code(cls.code, "why")
    assert type(rebuilt) is cls
    assert str(rebuilt) == "why"


def test_codes_are_unique() -> None:
    codes = [cls.code for cls in every_class()]
    assert len(set(codes)) == len(codes)


def test_unknown_code_becomes_the_base() -> None:
    assert type(errors.from_code("from-the-future", "why")) is MediadError


def test_the_drawn_tree_is_the_tree() -> None:
    for cls in every_class():
        assert cls.__name__ in (errors.__doc__ or "")
        assert f'"{cls.code}"' in (errors.__doc__ or "")
