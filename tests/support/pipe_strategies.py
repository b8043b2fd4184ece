"""Messages of the pipe, any that their types allow, for hypothesis."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

_INTEGERS = st.integers(-(2**63), 2**64 - 1)
_ANYTHING = st.none() | st.booleans() | _INTEGERS | st.text(max_size=8)


def messages(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Structs of this type, optional fields left out now and then."""
    return _of(inspect.type_info(kind))


def _of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            required = {field.name: _of(field.type) for field in kind.fields if field.required}
            optional = {field.name: _of(field.type) for field in kind.fields if not field.required}
            fields = st.fixed_dictionaries(required, optional=optional)
            return fields.map(lambda given: kind.cls(**given))
        case inspect.ListType():
            return st.lists(_of(kind.item_type), max_size=3)
        case inspect.VarTupleType():
            return st.lists(_of(kind.item_type), max_size=3).map(tuple)
        case inspect.DictType():
            return st.dictionaries(_of(kind.key_type), _of(kind.value_type), max_size=3)
        case inspect.UnionType():
            return st.one_of(*map(_of, kind.types))
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.IntType():
            return st.integers(
                -(2**63) if kind.ge is None else kind.ge, 2**63 if kind.le is None else kind.le
            )
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.StrType():
            return st.text(min_size=kind.min_length or 0, max_size=8)
        case inspect.NoneType():
            return st.none()
        case inspect.AnyType():
            return _ANYTHING
    raise NotImplementedError(kind)
