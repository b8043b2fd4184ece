"""The methods about tokens: written, judged, revoked."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from mediad.errors import Forbidden, InvalidInput, NotFound
from mediad.supervisor.admin.token_methods import TokenMethods
from mediad.tokens.gate import Gate, TokenRules
from mediad.tokens.keys import KeySet, pem_key, secret_keys
from mediad.tokens.refusal import TokenRefused
from mediad.tokens.revocations import token_name
from tests.support.admin_calls import ask
from tests.support.loops import on_loop, raises
from tests.support.signing import OTHER, SECRET, public_pem, token

NOW_S = 1_000_000.0
END_S = NOW_S + 60


class Node:
    """The methods of a daemon with these secrets."""

    def __init__(self, *secrets: str, rules: TokenRules | None = None, note: str = "") -> None:
        self.gate = Gate(rules or TokenRules(keys=KeySet(secret_keys(secrets))))
        self.saved = 0
        self._note = note
        self._table = TokenMethods(self.gate, lambda: secrets, self._save, lambda: NOW_S).table()

    async def ask(self, method: str, **data: Any) -> dict[str, Any]:
        return await ask(self._table, method, **data)

    def _save(self) -> str:
        self.saved += 1
        return self._note


@on_loop
async def test_a_minted_token_admits() -> None:
    node = Node(SECRET, OTHER)
    claims = {"roomId": "r", "jti": "one", "exp": END_S}
    answer = await node.ask("token.mint", claims=json.dumps(claims))
    assert answer["claims"] == claims
    _, meaning = node.gate.admit(answer["token"], "r", "ana", NOW_S)
    assert meaning.room_id == "r"
    node.gate.rules = TokenRules(keys=KeySet(secret_keys([SECRET])))
    node.gate.admit(answer["token"], "r", "ana", NOW_S)


@on_loop
async def test_a_minted_token_has_what_the_settings_ask_for() -> None:
    rules = TokenRules(keys=KeySet(secret_keys([SECRET])), audiences=("sfu", "x"), issuers=("ops",))
    node = Node(SECRET, rules=rules)
    answer = await node.ask("token.mint", claims=json.dumps({"exp": END_S}))
    assert (answer["claims"]["aud"], answer["claims"]["iss"]) == ("sfu", "ops")
    node.gate.admit(answer["token"], "r", "ana", NOW_S)
    answer = await node.ask("token.mint", claims='{"iss": "other"}')
    assert answer["claims"]["iss"] == "other"


@on_loop
async def test_what_cannot_be_minted() -> None:
    node = Node(SECRET)
    assert "codecs claim" in await raises(TokenRefused, node.ask("token.mint", claims='{"codecs": ["VP8"]}'))
    assert "a secret in key" not in await raises(
        TokenRefused, node.ask("token.mint", claims='{"s3": {"secret": "x"}}')
    )
    assert "claims" in await raises(InvalidInput, node.ask("token.mint", claims="[]"))
    public = Node(rules=TokenRules(keys=KeySet((pem_key(public_pem("ec"), "a.pem"),))))
    assert "--key FILE" in await raises(Forbidden, public.ask("token.mint", claims="{}"))
    assert "no token is needed here" in await raises(Forbidden, Node().ask("token.mint", claims="{}"))


@on_loop
async def test_each_check_is_told() -> None:
    node = Node(SECRET)
    answer = await node.ask("token.verify", token=token({"exp": END_S, "roomId": "r"}), roomId="s")
    assert (answer["needed"], answer["admits"]) == (True, False)
    failed = [(one["check"], one["text"]) for one in answer["checks"] if not one["ok"]]
    assert failed == [("room", "the token is for another roomId")]
    assert (await node.ask("token.verify", token=token({"exp": END_S})))["admits"]
    assert not (await Node().ask("token.verify", token=token({"exp": END_S})))["needed"]


@on_loop
async def test_a_token_is_revoked_until_it_expires(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    node = Node(SECRET)
    named, nameless = token({"exp": END_S, "jti": "one"}), token({"exp": END_S})
    assert await node.ask("token.revoke", token=named) == {
        "name": "jti:one",
        "untilS": END_S + 30,
        "note": "",
    }
    answer = await node.ask("token.revoke", token=nameless)
    assert (answer["name"], answer["untilS"]) == (token_name(nameless), END_S + 30)
    for text in (named, nameless):
        with pytest.raises(TokenRefused, match="revoked"):
            node.gate.admit(text, None, None, NOW_S)
        assert text not in caplog.text
    revoked = (await node.ask("token.revoked"))["revoked"]
    assert [one["name"] for one in revoked] == ["jti:one", token_name(nameless)]
    assert node.saved == 2


@on_loop
async def test_a_jti_is_revoked_for_good_or_until_a_time() -> None:
    node = Node(SECRET, note="kept in memory alone")
    assert await node.ask("token.revoke", token="one") == {
        "name": "jti:one",
        "untilS": None,
        "note": "kept in memory alone",
    }
    assert (await node.ask("token.revoke", token="a.b.c", untilS=END_S))["untilS"] == END_S
    assert "is over" in await raises(InvalidInput, node.ask("token.revoke", token="x", untilS=1.0))


@on_loop
async def test_what_does_not_admit_is_not_revoked() -> None:
    node = Node(SECRET)
    for text, words in (
        (token({"exp": END_S}, key=OTHER), "signed with another key"),
        (token({"exp": 5}), "is expired"),
        (token({}), "no exp"),
    ):
        assert words in await raises(InvalidInput, node.ask("token.revoke", token=text))
    assert node.saved == 0


@on_loop
async def test_a_revocation_is_taken_back_by_its_name() -> None:
    node = Node(SECRET)
    for name in ("one", "two"):
        await node.ask("token.revoke", token=name)
    assert (await node.ask("token.restore", name="one"))["name"] == "jti:one"
    assert (await node.ask("token.restore", name="jti:two"))["name"] == "jti:two"
    assert "mediactl token revoked" in await raises(NotFound, node.ask("token.restore", name="one"))
    assert (await node.ask("token.revoked"))["revoked"] == []
