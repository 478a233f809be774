"""TLS towards devices: always verified, by the system's store, by a CA file, or by a pinned leaf certificate."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
from functools import lru_cache
from pathlib import Path

from fleetctl.errors import Refused, UsageError


@lru_cache(maxsize=64)
def _context(ca_file: str, _changed_ns: int, pinned: bool) -> ssl.SSLContext:
    # Making a context reads the whole store (10 ms and more): one per CA file and process is enough.
    if pinned:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the fingerprint decides, before a byte is sent
        return context
    return ssl.create_default_context(cafile=ca_file or None)


def context_for(ca_file: str, fingerprint: str = "") -> ssl.SSLContext:
    """Return the context that verifies against a CA file, the system's store (""), or a pinned leaf.

    Raises UsageError when the file cannot be read as certificates.
    """
    if fingerprint:
        return _context("", 0, True)
    try:
        return _context(ca_file, Path(ca_file).stat().st_mtime_ns if ca_file else 0, False)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{ca_file}: cannot be read as PEM certificates: {error}") from error


def plain_fingerprint(told: str) -> str:
    """Return a SHA-256 fingerprint as 64 lower-case hex digits; colons, blanks and a `sha256:` prefix are dropped.

    Raises UsageError when it is anything else.
    """
    digits = told.lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
    if len(digits) != 64 or any(c not in "0123456789abcdef" for c in digits):
        raise UsageError("a TLS fingerprint is the SHA-256 of the device's certificate: 64 hex digits")
    return digits


def wrapped(sock: socket.socket, address: str, *, ca_file: str = "", fingerprint: str = "") -> ssl.SSLSocket:
    """Return the socket with TLS on it; nothing but the handshake was sent when this returns.

    A fingerprint alone decides: neither chain, name nor date is looked at. With a CA file (or the system's store)
    chain and date are verified and the certificate must carry the address of the inventory, IP address or name.
    Raises Refused (the certificate is not the right one), ssl.SSLError, OSError.
    """
    context = context_for(ca_file, fingerprint)
    try:
        secured = context.wrap_socket(sock, server_hostname=address)
    except ssl.SSLCertVerificationError as error:
        raise Refused(
            f"the certificate of {address} does not hold: {error.verify_message or error.reason}. "
            "Name the site's CA (tls_ca_file), or pin this certificate (tls_fingerprint)"
        ) from error
    if fingerprint:
        shown = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
        if not hmac.compare_digest(shown, plain_fingerprint(fingerprint)):
            secured.close()
            raise Refused(
                f"{address} shows another certificate than the pinned one (SHA-256 {shown}): "
                "another device, a new certificate, or someone in between"
            )
    return secured
