"""The front's certificate: judged before use, replaced under running connections, and its end announced."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from mediad.config.settings import Settings
from mediad.errors import ConfigError
from mediad.supervisor.front.tls import FrontTls, ends
from tests.support.certificates import write_certificate
from tests.support.loops import on_loop, raises
from tests.support.open_folder import open_folder


def settings(certificate: str, key: str | None = None) -> Settings:
    return Settings(tls_certificate=certificate, tls_private_key=key)


def folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


async def greeted_with(port: int) -> x509.Certificate:
    """The certificate a client is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(shown)


@on_loop
async def test_a_new_certificate_is_shown_from_its_reload_on(tmp_path: Path) -> None:
    paths = write_certificate(tmp_path)
    tls = FrontTls(settings(*paths))
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, ssl=tls.context)
    port = server.sockets[0].getsockname()[1]
    first = await greeted_with(port)
    assert first == tls.certificate
    assert (await tls.prepare(settings(*paths)))() is None  # the same once more is no news
    write_certificate(tmp_path, days=50)
    assert await greeted_with(port) == first
    commit = await tls.prepare(settings(*paths))
    assert await greeted_with(port) == first
    assert commit() == f"new TLS certificate, valid until {ends(tls.certificate):%Y-%m-%d}"
    second = await greeted_with(port)
    assert second == tls.certificate != first
    server.close()


@on_loop
async def test_wrong_files_leave_the_old_certificate(tmp_path: Path) -> None:
    good = write_certificate(folder(tmp_path, "good"))
    other = write_certificate(folder(tmp_path, "other"))
    secret = write_certificate(folder(tmp_path, "secret"), password=b"xyzzy")
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("not a certificate")
    tls = FrontTls(settings(*good))
    before = tls.certificate
    for wrong, reason in (
        (
            settings("/nowhere.pem"),
            "tls_certificate: got '/nowhere.pem', expected a file mediad may read: No such",
        ),
        (settings(str(rubbish)), f"tls_certificate: got '{rubbish}', expected a PEM file with a certificate"),
        (settings(good[0]), f"tls_certificate: got '{good[0]}', expected a PEM file with a private key"),
        (
            settings(good[0], "/nowhere.pem"),
            "tls_private_key: got '/nowhere.pem', expected a file mediad may read",
        ),
        (
            settings(good[0], str(rubbish)),
            f"tls_private_key: got '{rubbish}', expected a PEM file with a private",
        ),
        (settings(good[0], other[1]), f"tls_private_key: got '{other[1]}', expected the private key of the"),
        (
            settings(*secret),
            f"tls_private_key: got '{secret[1]}', expected a PEM file with a private key, not enc",
        ),
    ):
        assert (await raises(ConfigError, tls.prepare(wrong))).startswith(reason)
        with pytest.raises(ConfigError):
            FrontTls(wrong)
    assert tls.certificate == before


def test_one_file_may_hold_both(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(Path(certificate).read_bytes() + Path(key).read_bytes())
    assert FrontTls(settings(str(both))).certificate is not None


@pytest.mark.parametrize(
    ("days", "said"),
    [(-1, "the TLS certificate expired on"), (3.5, "the TLS certificate expires in 3 days"), (15, None)],
)
def test_the_end_of_a_certificate_is_announced(
    days: float, said: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        FrontTls(settings(*write_certificate(tmp_path, days=days)))
    assert [record.getMessage().startswith(said or "-") for record in caplog.records] == [True] * (
        said is not None
    )


def test_a_key_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    with open_folder(tmp_path):
        Path(key).chmod(0o644)
        with pytest.raises(ConfigError, match=f"tls_private_key: .*every user can read it: chmod 640 {key}"):
            FrontTls(settings(certificate, key))
        Path(key).chmod(0o640)
        FrontTls(settings(certificate, key))
