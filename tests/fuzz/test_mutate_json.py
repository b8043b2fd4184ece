"""Lines of JSON, changed: most stay JSON, and ids that were told are put into them."""

from __future__ import annotations

import json
import random

from tests.fuzz.mutate_json import mutate_json
from tests.fuzz.told_ids import with_ids

SEEDS = [b'42/a,1["join",{"roomId":"r","list":[1,2,{"deep":true}]}]\n{"id":7}', b"\xff\n[]", b""]


def test_changes_keep_to_the_limit_and_most_lines_stay_json() -> None:
    chance = random.Random(1)
    made = [mutate_json(SEEDS[:1], chance, 300) for _ in range(400)]
    assert max(map(len, made)) <= 300
    assert len(set(made)) > 200
    assert sum(map(_is_json, made)) > 150


def test_anything_at_all_can_be_changed() -> None:
    chance = random.Random(2)
    for _ in range(500):
        mutate_json(SEEDS, chance, 4096)
        mutate_json([b"[" * 3000, b'{"a":' * 500], chance, 4096)


def test_ids_are_those_that_were_told() -> None:
    told = b'{"id":"first-id"},{"id":"second_id"}'
    assert with_ids(b'{"a":"$1","b":"$0","c":"$7"}', told) == b'{"a":"second_id","b":"first-id","c":"$7"}'


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data.rpartition(b"\n")[2])
    except ValueError:
        return False
    return True
