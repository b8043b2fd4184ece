from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.signaling.dialects import demo_a, demo_b
from mediad.signaling.dialects import demo_schemas as schemas
from mediad.signaling.dialects.dialect import Data

SCHEMAS = sorted(
    {
        method.schema
        for table in (demo_a.METHODS, demo_b.METHODS, demo_b.NOTIFICATIONS)
        for method in table.values()
    },
    key=lambda schema: (schema.__module__, schema.__name__),
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    sorted({field.encode_name for schema in SCHEMAS for field in msgspec.structs.fields(schema)})
)


@given(st.sampled_from(SCHEMAS), anything | st.dictionaries(keys, anything))
def test_data_fits_or_is_refused(schema: type[Data], data: Any) -> None:
    with contextlib.suppress(msgspec.ValidationError):
        assert isinstance(msgspec.convert(data, schema), schema)


def test_unknown_keys_are_ignored() -> None:
    data = {"transportId": "t", "iceParameters": {}, "whatever": 1}
    assert msgspec.convert(data, schemas.TransportData) == schemas.TransportData("t")


@pytest.mark.parametrize(
    ("algorithm", "octets"),
    [("sha-1", 20), ("sha-224", 28), ("sha-256", 32), ("sha-384", 48), ("sha-512", 64)],
)
def test_fingerprints_of_every_algorithm_pass_unchanged(algorithm: str, octets: int) -> None:
    value = ":".join(f"{index:02X}" for index in range(octets))
    data = {"role": "client", "fingerprints": [{"algorithm": algorithm, "value": value}]}
    converted = msgspec.convert(data, schemas.DtlsParameters)
    assert msgspec.to_builtins(converted) == data


def test_the_role_may_be_left_out() -> None:
    data = {"fingerprints": [{"algorithm": "sha-256", "value": ":".join(["00"] * 32)}]}
    assert msgspec.convert(data, schemas.DtlsParameters).role == "auto"
