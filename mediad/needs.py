"""The needs of mediad: native code, the page, and libraries that behave as it relies on.

Libraries are tested for their behaviour and not for their versions: a distribution may patch either. Each
function returns None, or a sentence that says what is wrong and what to do.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

NATIVE_MODULE = "mediad._fastpath.door.media_loop"
PAGE = Path(__file__).parent / "web" / "dist" / "index.html"
PACKET_FUNCTIONS = ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")
PACKET_FUNCTION_TYPE = "srtp_err_status_t(*)(struct srtp_ctx_t_ *, void *, int *)"
TRAILER_BYTES = 148
"""The room behind a packet in its slot (TAIL_BYTES): libsrtp writes there without a check."""
STATUS = {"ok": 0, "authentication failure": 7, "replay": 9}
"""The numbers that wire/srtp.pxd relies on."""

OPENSSL_1_1_1 = 0x10101000
_CONTEXT = (
    *("set_min_proto_version", "set_max_proto_version", "set_tlsext_use_srtp", "set_cipher_list"),
    *("set_session_cache_mode", "set_options", "set_verify", "use_certificate", "use_privatekey"),
)
_CONNECTION = (
    *("DTLSv1_handle_timeout", "bio_read", "bio_write", "do_handshake", "export_keying_material"),
    *("get_cleartext_mtu", "get_selected_srtp_profile", "set_ciphertext_mtu", "get_peer_certificate"),
)
_CONSTANTS = ("DTLS_METHOD", "OP_NO_QUERY_MTU", "OP_NO_RENEGOTIATION", "OP_NO_TICKET")
_REINSTALL = "install mediad again with pip, so that it brings the versions it was tested with"


def native_problem() -> str | None:
    """A problem when the native code is not built for this interpreter; found without loading it."""
    try:
        if importlib.util.find_spec(NATIVE_MODULE) is not None:
            return None
    except ModuleNotFoundError:
        pass  # even its folder is missing
    return (
        "the native code is not built for this Python: in a checkout run ./scripts/build, "
        "else install mediad again (pip install --force-reinstall)"
    )


def page_problem() -> str | None:
    """A problem when the page is not built: the server works without it, but its URL shows nothing."""
    if PAGE.is_file():
        return None
    return "the page is not built: in a checkout run ./scripts/build, else install mediad from a release"


def recording_problem() -> str | None:
    """A problem when PyAV, which writes recordings, is not installed; found without loading it."""
    if importlib.util.find_spec("av") is not None:
        return None
    return "recording needs PyAV: pip install mediad[recording]"


def library_problem() -> str | None:
    """The first requirement that the installed libsrtp or OpenSSL does not meet."""
    try:
        import pylibsrtp
        from OpenSSL import SSL
    except ImportError as error:
        return f"a library cannot be loaded ({error}): {_REINSTALL}"
    return srtp_problem(pylibsrtp) or openssl_problem(SSL)


def srtp_problem(srtp: Any) -> str | None:
    """The problem of libsrtp; `srtp` is the module pylibsrtp."""
    who = f"pylibsrtp {getattr(srtp, '__version__', 'of unknown version')}"
    try:
        ffi, lib = srtp._binding.ffi, srtp._binding.lib
        types = {name: ffi.getctype(ffi.typeof(ffi.addressof(lib, name))) for name in PACKET_FUNCTIONS}
        trailer = srtp.SRTP_MAX_SRTCP_TRAILER_LEN
        statuses = _statuses(srtp)
    except (AttributeError, srtp.Error) as error:
        return f"{who} is not what mediad was written for ({error}): {_REINSTALL}"
    for name, found in types.items():
        if found != PACKET_FUNCTION_TYPE:
            return (
                f"{who}: {name} has the C type {found!r}, mediad needs {PACKET_FUNCTION_TYPE!r}: {_REINSTALL}"
            )
    if trailer > TRAILER_BYTES:
        return f"{who} writes {trailer} bytes behind a packet, mediad keeps {TRAILER_BYTES}: {_REINSTALL}"
    for name, number in STATUS.items():
        if statuses[name] != number:
            return f"{who}: libsrtp says {name} with {statuses[name]}, mediad expects {number}: {_REINSTALL}"
    return None


def _statuses(srtp: Any) -> dict[str, int]:
    """The answers of libsrtp to a good packet, a forged one, and the good one again."""
    ffi, lib = srtp._binding.ffi, srtp._binding.lib

    def session(direction: int) -> Any:
        profile = srtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
        return srtp.Session(srtp.Policy(key=bytes(28), ssrc_type=direction, srtp_profile=profile))

    receiver = session(srtp.Policy.SSRC_ANY_INBOUND)

    def unprotect(packet: bytes) -> int:
        buffer = ffi.new("char[]", packet + bytes(TRAILER_BYTES))
        return int(lib.srtp_unprotect(receiver._srtp[0], buffer, ffi.new("int *", len(packet))))

    packet = session(srtp.Policy.SSRC_ANY_OUTBOUND).protect(b"\x80\x60" + bytes(10) + b"payload")
    forged = packet[:-1] + bytes([packet[-1] ^ 1])
    return {
        "authentication failure": unprotect(forged),
        "ok": unprotect(packet),
        "replay": unprotect(packet),
    }


def openssl_problem(ssl: Any) -> str | None:
    """The problem of OpenSSL; `ssl` is the module OpenSSL.SSL."""
    lacking = [name for name in _CONSTANTS if not hasattr(ssl, name)]
    lacking += [f"Context.{name}" for name in _CONTEXT if not hasattr(ssl.Context, name)]
    lacking += [f"Connection.{name}" for name in _CONNECTION if not hasattr(ssl.Connection, name)]
    if lacking:
        return f"pyOpenSSL lacks {', '.join(lacking)}: {_REINSTALL}"
    if ssl.OPENSSL_VERSION_NUMBER < OPENSSL_1_1_1:
        return f"OpenSSL {ssl.OPENSSL_VERSION_NUMBER:#x} is older than 1.1.1: {_REINSTALL}"
    try:
        context = ssl.Context(ssl.DTLS_METHOD)
        context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80")
    except (ssl.Error, ValueError) as error:
        return f"OpenSSL offers no DTLS with SRTP ({error}): {_REINSTALL}"
    return None


def fatal_problem() -> str | None:
    """The problem that keeps mediad from running at all."""
    return native_problem() or library_problem()
