"""Messages of clients for hypothesis: like those of a dialect's schemas, and then wrong in every way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from mediad.signaling.dialects.dialect import Dialect, Method
from tests.support.rtp_samples import opus, vp8, vp8_simulcast

IDS = ("$sending", "$receiving", "$producer", "$consumer", "$dataProducer", "nothing", "")
"""Values for ids; the first five stand for what exists."""

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
objects = st.one_of(
    st.builds(opus, ssrc=st.integers(0, 2**32)),
    st.builds(vp8, ssrc=st.integers(0, 2**32)),
    st.builds(vp8_simulcast),
    st.dictionaries(
        st.sampled_from(["codecs", "encodings", "headerExtensions", "rtcp", "mid", "streamId", "ordered"]),
        anything,
        max_size=4,
    ),
)


def values(kind: inspect.Type, name: str = "") -> st.SearchStrategy[Any]:
    """Values that fit a type of a schema, or nearly."""
    match kind:
        case inspect.StrType():
            return st.sampled_from(IDS) if name.endswith("Id") else st.text(max_size=300)
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(-1, 300)
        case inspect.LiteralType(values=choices):
            return st.sampled_from(choices)
        case inspect.UnionType(types=kinds):
            return st.one_of([values(one, name) for one in kinds])
        case inspect.NoneType():
            return st.none()
        case inspect.ListType(item_type=item):
            return st.lists(values(item), max_size=3)
        case inspect.DictType():
            return objects
        case inspect.StructType(cls=schema):
            return data_of(schema)
    return anything


def data_of(schema: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Data like this schema's: some members are left out."""
    described = inspect.type_info(schema)
    assert isinstance(described, inspect.StructType)
    members = {field.encode_name: values(field.type, field.encode_name) for field in described.fields}
    required = {name: members[name] for name in [f.encode_name for f in described.fields if f.required]}
    optional = {name: value for name, value in members.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


def bodies(methods: Mapping[str, Method]) -> st.SearchStrategy[tuple[str, Any]]:
    """A method's name, and data that fits it, nearly fits it, or is anything."""
    known, names = st.sampled_from(sorted(methods)), st.text(max_size=20)
    names = st.one_of(known, known, known, known, names)

    def with_data(name: str) -> st.SearchStrategy[tuple[str, Any]]:
        fitting = data_of(methods[name].schema) if name in methods else anything
        spoilt = st.tuples(fitting, st.dictionaries(st.text(max_size=8), anything, max_size=2)).map(
            lambda both: {**both[0], **both[1]} if isinstance(both[0], dict) else both[0]
        )
        return st.tuples(st.just(name), st.one_of(fitting, fitting, fitting, spoilt, anything))

    return names.flatmap(with_data)


def messages(dialect: Dialect) -> st.SearchStrategy[dict[str, Any]]:
    """Requests, without their id, and notifications."""

    def frame(kind: str) -> Any:
        return lambda body: {kind: True, "method": body[0], "data": body[1]}

    return bodies(dialect.methods).map(frame("request")) | bodies(
        {**dialect.methods, **dialect.notifications}
    ).map(frame("notification"))
