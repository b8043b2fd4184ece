"""The keys of tokens as settings name them: refused with the setting's name, and exchanged by a reload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mediad.config.settings import Settings
from mediad.errors import ConfigError
from mediad.supervisor.front.token_keys import TokenKeys, configured_keys
from tests.support.document_server import document_server
from tests.support.loops import on_loop, raises
from tests.support.signing import OTHER, SECRET, jwk, private_pem, public_pem, signed_by, token


def written(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_all_keys_together(tmp_path: Path) -> None:
    settings = Settings(
        jwt_secrets=(SECRET, OTHER),
        jwt_public_keys=(
            written(tmp_path, "a.pem", public_pem("rsa")),
            written(tmp_path, "b.pem", public_pem("ec")),
        ),
        jwt_jwks=written(tmp_path, "jwks.json", document(jwk("ed", kid="one"))),
    )
    assert [(key.algorithm, key.name, key.kid) for key in configured_keys(settings)] == [
        ("HS256", "jwt_secrets[0]", None),
        ("HS256", "jwt_secrets[1]", None),
        ("RS256", f"jwt_public_keys {tmp_path}/a.pem", None),
        ("ES256", f"jwt_public_keys {tmp_path}/b.pem", None),
        ("EdDSA", "jwt_jwks[0]", "one"),
    ]
    keys = TokenKeys(settings)
    assert keys.fetcher is None
    assert len(keys.rules().keys.keys) == 5
    assert keys.rules().require_exp


def test_rules_of_settings() -> None:
    rules = TokenKeys(Settings(token_require_exp=False, token_audience=("a",), token_issuer=("i",))).rules()
    assert (rules.require_exp, rules.audiences, rules.issuers, rules.fetches) == (
        False,
        ("a",),
        ("i",),
        False,
    )
    assert not rules.keys


@pytest.mark.parametrize(
    ("setting", "data", "words"),
    [
        ("jwt_public_keys", public_pem("rsa-1024"), "an RSA key of 2048 to 8192 bits; this one has 1024"),
        ("jwt_public_keys", private_pem("ec"), "this one is private"),
        ("jwt_public_keys", b"", 'a PEM file that begins with "-----BEGIN PUBLIC KEY-----"'),
        ("jwt_jwks", b"{}", "a JWKS document"),
        ("jwt_jwks", document(jwk("rsa-1024"), jwk("ed")), "jwt_jwks[0]: expected an RSA key of 2048"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, setting: str, data: bytes, words: str) -> None:
    path = written(tmp_path, "file", data)
    value: Any = path if setting == "jwt_jwks" else (path,)
    with pytest.raises(ConfigError) as caught:
        TokenKeys(Settings(**{setting: value}))
    assert str(caught.value).startswith(f"{setting}: got {path!r}, ")
    assert words in str(caught.value)


def test_files_that_are_not_there() -> None:
    with pytest.raises(
        ConfigError, match="jwt_public_keys: got '/nowhere', expected a file mediad may read: No"
    ):
        TokenKeys(Settings(jwt_public_keys=("/nowhere",)))
    with pytest.raises(ConfigError, match="jwt_jwks: got '/nowhere', expected a file mediad may read"):
        TokenKeys(Settings(jwt_jwks="/nowhere"))
    with pytest.raises(ConfigError, match="jwt_secrets: expected a secret, no key pair") as caught:
        TokenKeys(Settings(jwt_secrets=(public_pem("ec").decode(),)))
    assert "BEGIN" not in str(caught.value)


@on_loop
async def test_a_reload_reads_files_again(tmp_path: Path) -> None:
    path = written(tmp_path, "app.pem", public_pem("ec"))
    settings = Settings(jwt_public_keys=(path,))
    keys = TokenKeys(settings)
    first = keys.rules().keys
    assert (await keys.prepare(settings))() is None
    written(tmp_path, "app.pem", public_pem("ed"))
    commit = await keys.prepare(settings)
    assert keys.rules().keys == first
    assert commit() == "the keys of tokens have changed"
    assert keys.rules().keys.algorithms == ["EdDSA"]
    written(tmp_path, "app.pem", b"half a file")
    assert "jwt_public_keys" in await raises(ConfigError, keys.prepare(settings))
    assert keys.rules().keys.algorithms == ["EdDSA"]


@on_loop
async def test_keys_of_a_url_come_later_and_tokens_are_needed_from_the_start() -> None:
    async with document_server(document(jwk("ed", kid="one"))) as server:
        keys = TokenKeys(Settings(jwt_jwks=server.url))
        changes: list[int] = []
        keys.on_change = lambda: changes.append(1)
        assert keys.rules().fetches
        assert not keys.rules().keys
        keys.start()
        await keys.ready_for(None)
        await keys.ready_for(signed_by("ed", kid="one"))
        assert changes == [1]
        assert [key.kid for key in keys.rules().keys.keys] == ["one"]
        keys.stop()


@on_loop
async def test_a_reload_takes_another_url_when_it_answers() -> None:
    async with document_server(document(jwk("ed", kid="one"))) as server:
        keys = TokenKeys(Settings(jwt_secrets=(SECRET,)))
        keys.start()
        server.serve_document(b"no")
        refused = await raises(ConfigError, keys.prepare(Settings(jwt_jwks=server.url)))
        assert refused.startswith(
            f"jwt_jwks: got 'http://127.0.0.1:{server.port}/(hidden)', expected a JWKS document"
        )
        assert keys.rules().keys.algorithms == ["HS256"]
        server.serve_document(document(jwk("ed", kid="one")))
        (await keys.prepare(Settings(jwt_jwks=server.url)))()
        assert [key.kid for key in keys.rules().keys.keys] == ["one"]
        assert (await keys.prepare(Settings(jwt_jwks=server.url)))() is None
        (await keys.prepare(Settings()))()
        assert (keys.fetcher, keys.rules().fetches) == (None, False)
        keys.stop()


@on_loop
async def test_nobody_waits_who_needs_no_fetched_key() -> None:
    """Texts that are no tokens, and tokens of configured keys whatever they call them, make no fetch."""
    async with document_server(document(jwk("ed", kid="one"))) as server:
        keys = TokenKeys(Settings(jwt_secrets=(SECRET,), jwt_jwks=server.url))
        assert keys.fetcher is not None
        for text in ("nonsense", None, token(kid="app-key-1")):
            await keys.ready_for(text)
        assert (keys.fetcher.cache.fetches, keys.fetcher.cache.due_s) == (0, 0)
        keys.start()
        await keys.ready_for(signed_by("ed", kid="one"))
        assert keys.fetcher.cache.fetches == 1
        keys.stop()
