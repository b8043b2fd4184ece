"""An installation that lacks something, or whose libraries changed, is told so in one line."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pylibsrtp
import pytest
from OpenSSL import SSL

from mediad import needs


def srtp(**changes: Any) -> Any:
    """pylibsrtp with some of its facts changed."""
    changed = types.ModuleType("pylibsrtp")
    vars(changed).update(vars(pylibsrtp) | changes)
    return changed


def binding(**functions: object) -> Any:
    """Return pylibsrtp's private part, with functions of libsrtp of another type or answer."""
    real = pylibsrtp._binding

    class Lib:
        def __getattr__(self, name: str) -> object:
            return functions.get(name) or getattr(real.lib, name)

    class Ffi:
        def addressof(self, lib: object, name: str) -> object:
            return real.ffi.addressof(real.lib, functions.get(f"{name}_as", name))

        def __getattr__(self, name: str) -> object:
            return getattr(real.ffi, name)

    return types.SimpleNamespace(lib=Lib(), ffi=Ffi())


def ssl(**changes: Any) -> Any:
    return types.SimpleNamespace(**(vars(SSL) | changes))


def test_this_installation_has_what_it_needs() -> None:
    assert needs.fatal_problem() is None
    assert needs.srtp_problem(srtp()) is None
    assert needs.srtp_problem(srtp(_binding=binding())) is None
    assert needs.openssl_problem(ssl()) is None


def no_error(*_: object) -> int:
    return 0


def one_more(*arguments: Any) -> int:
    return 1 + int(pylibsrtp._binding.lib.srtp_unprotect(*arguments))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (srtp(SRTP_MAX_SRTCP_TRAILER_LEN=276), "writes 276 bytes behind a packet"),
        (srtp(_binding=binding(srtp_protect_as="srtp_create")), "srtp_protect has the C type"),
        (srtp(_binding=binding(srtp_unprotect=one_more)), "libsrtp says ok with 1"),
        (srtp(_binding=binding(srtp_unprotect=no_error)), "says authentication failure with 0"),
        (srtp(_binding=None), "is not what mediad was written for"),
    ],
)
def test_another_libsrtp_is_refused(changed: Any, said: str) -> None:
    problem = needs.srtp_problem(changed)
    assert problem is not None
    assert said in problem
    assert "\n" not in problem
    assert "install mediad again" in problem


class Bare:
    def __init__(self, *_: object) -> None:
        raise SSL.Error("no DTLS here")


for _name in needs._CONTEXT:
    setattr(Bare, _name, None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (ssl(Connection=object), "pyOpenSSL lacks Connection.DTLSv1_handle_timeout"),
        (ssl(OPENSSL_VERSION_NUMBER=0x1000214F), "older than 1.1.1"),
        (ssl(Context=Bare), "offers no DTLS with SRTP"),
    ],
)
def test_another_openssl_is_refused(changed: Any, said: str) -> None:
    problem = needs.openssl_problem(changed)
    assert problem is not None
    assert said in problem
    assert "\n" not in problem


def test_recording_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install mediad[recording]" in str(needs.recording_problem())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert needs.recording_problem() is None


def test_missing_native_code_and_page_say_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(needs, "NATIVE_MODULE", "mediad._fastpath.not_built")
    monkeypatch.setattr(needs, "PAGE", tmp_path / "index.html")
    for problem in (needs.native_problem(), needs.page_problem()):
        assert problem is not None
        assert "./scripts/build" in problem
        assert "\n" not in problem
    (tmp_path / "index.html").touch()
    assert needs.page_problem() is None
