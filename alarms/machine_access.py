"""Who may connect as which machine controller: by client certificate, or, for development, by a token."""

import hmac
import ipaddress
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import grpc
import grpc.aio
import structlog

from alarms.machine_book import EVERY_TARGET
from wire.alarm_pb2 import Hello

MAXIMUM_NAME: Final = 64
MAXIMUM_TARGETS: Final = 100
MAXIMUM_TARGET: Final = 100
_TARGET: Final = "target:"  # of a URI in a certificate: target:Pump%201

log = structlog.get_logger()


class Tls(NamedTuple):
    """PEM files; a controller's certificate is to be signed by `client_ca`."""

    certificate: Path
    key: Path
    client_ca: Path


class Denied(Exception):  # noqa: N818  # it is what the controller is
    """A status of gRPC, and a sentence for whoever installs the controller."""

    def __init__(self, code: grpc.StatusCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Access:
    """ValueError, with a sentence, where a server would be open to others than this machine."""

    def __init__(self, host: str, tls: Tls | None, token: str | None) -> None:
        if tls is not None and token:
            raise ValueError("TLS with client certificates, or a token, not both")
        if tls is None and not token and not is_loopback(host):
            raise ValueError(
                f"machine controllers are served on {host} with TLS or a token only; without, on loopback"
            )
        self._tls = tls
        self._token = token

    def credentials(self) -> grpc.ServerCredentials | None:
        """None without TLS; OSError or ssl.SSLError, with the file's name, where a PEM file is none.

        The files are read again at each connection: a certificate that was renewed is shown without a restart.
        """
        if self._tls is None:
            return None
        tls, shown = self._tls, _read(self._tls)

        def current() -> grpc.ServerCertificateConfiguration:
            # gRPC asks in a thread of its own
            nonlocal shown
            try:
                now = _read(tls)
            except OSError as error:  # perhaps half of it is written
                log.warning("machine_certificate_unreadable", error=str(error))
                return _configuration(shown)
            if now != shown:
                log.info("machine_certificate_renewed")
            shown = now
            return _configuration(shown)

        return grpc.dynamic_ssl_server_credentials(
            _configuration(shown), current, require_client_authentication=True
        )

    def check_call(self, metadata: Iterable[tuple[str, Any]]) -> None:
        """Denied without the token, where there is one."""
        if not self._token:
            return
        given = next((value for key, value in metadata if key == "authorization"), "")
        if isinstance(given, bytes):
            given = given.decode(errors="replace")
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            token.strip().encode(), self._token.encode()
        ):
            raise Denied(
                grpc.StatusCode.UNAUTHENTICATED,
                "the token is missing or wrong: metadata authorization: Bearer TOKEN",
            )

    def check_hello(self, hello: Hello, auth_context: Mapping[str, Iterable[bytes]]) -> None:
        """Denied where Hello is none, or names more than the certificate does."""
        check_bounds(hello)
        if self._tls is None:
            return
        machines, targets = names_in_certificate(auth_context)
        if hello.machine not in machines:
            raise Denied(
                grpc.StatusCode.PERMISSION_DENIED,
                f"the certificate is {_listed(machines)}'s, not {hello.machine!r}'s",
            )
        others = sorted(set(hello.targets) - targets)
        if others and EVERY_TARGET not in targets:
            raise Denied(
                grpc.StatusCode.PERMISSION_DENIED,
                f"the certificate names {_listed(targets)} as its machines, not {_listed(others)}",
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bounds(hello: Hello) -> None:
    """Denied where a name is missing or too long."""
    if not 1 <= len(hello.machine) <= MAXIMUM_NAME:
        raise Denied(
            grpc.StatusCode.INVALID_ARGUMENT, f"a controller's name has 1 to {MAXIMUM_NAME} characters"
        )
    if not 1 <= len(hello.targets) <= MAXIMUM_TARGETS:
        raise Denied(
            grpc.StatusCode.INVALID_ARGUMENT, f"a controller has 1 to {MAXIMUM_TARGETS} targets; *: all"
        )
    if not all(1 <= len(target) <= MAXIMUM_TARGET for target in hello.targets):
        raise Denied(
            grpc.StatusCode.INVALID_ARGUMENT, f"the name of a target has 1 to {MAXIMUM_TARGET} characters"
        )


def names_in_certificate(auth_context: Mapping[str, Iterable[bytes]]) -> tuple[set[str], set[str]]:
    """Names of the controller, and of the machines that it may control.

    The common name and DNS names are both; a URI target:NAME (percent-encoded) is a machine.
    """
    plain = {
        name.decode(errors="replace")
        for key in ("x509_common_name", "peer_dns")
        for name in auth_context.get(key, ())
    }
    uris = {uri.decode(errors="replace") for uri in auth_context.get("peer_uri", ())}
    targets = {unquote(uri.removeprefix(_TARGET)) for uri in uris if uri.startswith(_TARGET)}
    return plain, plain | targets


_Read = tuple[tuple[bytes, bytes], bytes]  # key and certificate, authority


def _configuration(read: _Read) -> grpc.ServerCertificateConfiguration:
    pair, ca = read
    return grpc.ssl_server_certificate_configuration([pair], ca)


def _read(tls: Tls) -> _Read:
    # gRPC says nothing of a file that is none, so they are read once more by somebody who does
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise OSError(f"{tls.certificate} and {tls.key} are no certificate and its key: {error}") from error
    try:
        context.load_verify_locations(tls.client_ca)
    except (OSError, ssl.SSLError) as error:
        raise OSError(f"{tls.client_ca} is no certificate of an authority: {error}") from error
    return (tls.key.read_bytes(), tls.certificate.read_bytes()), tls.client_ca.read_bytes()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names)) or "nobody"
