"""Who may be a machine's controller: tokens, certificates of a real authority, ports; on real servers."""

import socket
from collections.abc import Sequence
from pathlib import Path

import grpc
import grpc.aio
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from alarms.machines import Tls
from tests.unit.machine_server import PUMP, Controller, Served, certificates, trigger
from wire.alarm_pb2 import Hello, MachineMessage


@pytest.mark.parametrize("token", [None, "", "wrong", "secret2"])
async def test_wrong_token_is_refused(token: str | None) -> None:
    """UNAUTHENTICATED, with what to do; the right one is let in."""
    async with (
        Served(token="secret") as served,
        grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as channel,
    ):
        code, sentence = await Controller(channel, token).refusal()
        assert code is grpc.StatusCode.UNAUTHENTICATED
        assert "authorization: Bearer" in sentence
        await Controller(channel, "secret").hello()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "alarms.example"])
async def test_server_open_to_others_needs_tls_or_a_token(host: str) -> None:
    """It says so before it listens."""
    with pytest.raises(ValueError, match="TLS or a token"):
        Served(host=host)


def secure(port: int, authority: trustme.CA, leaf: trustme.LeafCert | None) -> grpc.aio.Channel:
    key, chain = (leaf.private_key_pem.bytes(), leaf.cert_chain_pems[0].bytes()) if leaf else (None, None)
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes(), key, chain)
    return grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials)


@pytest.mark.parametrize(
    ("dns", "common_name", "machine", "targets"),
    [
        ("plc-7", PUMP, PUMP, [PUMP]),
        ("plc-7", PUMP, "plc-7", [PUMP]),
        ("pump-2", None, "pump-2", ["pump-2"]),
        ("plc-7", "*", "plc-7", ["*"]),
        ("plc-7", "*", "plc-7", [PUMP, "Fan 2"]),
    ],
)
async def test_certificate_that_names_the_machine_is_let_in(
    tmp_path: Path, dns: str, common_name: str | None, machine: str, targets: list[str]
) -> None:
    """By its common name or a DNS name."""
    authority = trustme.CA()
    async with (
        Served(tls=certificates(tmp_path, authority)) as served,
        secure(served.port, authority, authority.issue_cert(dns, common_name=common_name)) as channel,
    ):
        controller = await Controller(channel).hello(machine, targets)
        told = trigger(targets[0] if targets != ["*"] else PUMP)
        served.server.deliver(told)
        assert (await controller.trigger()).id == told.id


async def test_renewed_certificate_is_shown_without_a_restart(tmp_path: Path) -> None:
    """From the next connection on; while a file is half written the one before is."""
    old, new = trustme.CA(), trustme.CA()
    async with Served(tls=certificates(tmp_path, old)) as served:

        async def let_in_by(authority: trustme.CA) -> None:
            leaf = authority.issue_cert("plc-7", common_name=PUMP)
            async with secure(served.port, authority, leaf) as channel:
                await Controller(channel).hello("plc-7")

        await let_in_by(old)
        (tmp_path / "server.key").write_text("half of it")
        await let_in_by(old)
        certificates(tmp_path, new)
        await let_in_by(new)


@pytest.mark.parametrize(
    ("machine", "targets", "sentence"),
    [
        ("plc-8", [PUMP], "the certificate is 'Pump 1', 'plc-7''s, not 'plc-8''s"),
        ("plc-7", [PUMP, "Fan 2"], "names 'Pump 1', 'plc-7' as its machines, not 'Fan 2'"),
        ("plc-7", ["*"], "names 'Pump 1', 'plc-7' as its machines, not '*'"),
    ],
)
async def test_certificate_that_does_not_name_the_machine_is_refused(
    tmp_path: Path, machine: str, targets: list[str], sentence: str
) -> None:
    """PERMISSION_DENIED, saying whose it is."""
    authority = trustme.CA()
    async with (
        Served(tls=certificates(tmp_path, authority)) as served,
        secure(served.port, authority, authority.issue_cert("plc-7", common_name=PUMP)) as channel,
    ):
        controller = Controller(channel)
        await controller.call.write(MachineMessage(hello=Hello(machine=machine, targets=targets)))
        code, said = await controller.refusal()
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert sentence in said
        assert not served.server.connected


def signed(authority: trustme.CA, names: Sequence[x509.GeneralName]) -> grpc.ChannelCredentials:
    """A controller's certificate with these alternative names; trustme has no URIs."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    issuer_key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "plc-7")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(pem, pkcs8, serialization.NoEncryption())
    return grpc.ssl_channel_credentials(authority.cert_pem.bytes(), private, certificate.public_bytes(pem))


@pytest.mark.parametrize(
    ("uri", "targets"), [("target:Pump%201", [PUMP]), ("target:*", [PUMP, "Fan 2"]), ("target:*", ["*"])]
)
async def test_certificate_names_machines_by_uri(tmp_path: Path, uri: str, targets: list[str]) -> None:
    """target:NAME, percent-encoded; they are no names of the controller. Other alternative names mean nothing."""
    authority = trustme.CA()
    names = [x509.UniformResourceIdentifier(uri), x509.RFC822Name("Fan2@plant.example")]
    credentials = signed(authority, names)
    async with (
        Served(tls=certificates(tmp_path, authority)) as served,
        grpc.aio.secure_channel(f"127.0.0.1:{served.port}", credentials) as channel,
    ):
        await Controller(channel).hello("plc-7", targets)
        for machine in (PUMP, "Fan2@plant.example"):
            controller = Controller(channel)
            await controller.call.write(MachineMessage(hello=Hello(machine=machine, targets=targets)))
            code, _ = await controller.refusal()
            assert code is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("own", [True, False])
async def test_certificate_of_nobody_or_of_another_authority_is_not_connected(
    tmp_path: Path, own: bool
) -> None:
    """The handshake fails."""
    authority = trustme.CA()
    leaf = trustme.CA().issue_cert("plc-7") if own else None
    async with (
        Served(tls=certificates(tmp_path, authority)) as served,
        secure(served.port, authority, leaf) as channel,
    ):
        code, _ = await Controller(channel).refusal()
        assert code is grpc.StatusCode.UNAVAILABLE
        assert not served.server.connected


async def test_pem_file_that_is_none_is_named(tmp_path: Path) -> None:
    """Before it listens."""
    tls = certificates(tmp_path, trustme.CA())
    tls.client_ca.write_text("no certificate")
    with pytest.raises(OSError, match=r"ca\.pem is no certificate"):
        await Served(tls=tls).server.start()
    with pytest.raises(OSError, match=r"ca\.pem are no certificate and its key"):
        await Served(tls=tls._replace(key=tls.client_ca)).server.start()


def test_tls_and_a_token_at_once_are_refused(tmp_path: Path) -> None:
    """One of them would not be asked for."""
    with pytest.raises(ValueError, match="not both"):
        Served(tls=Tls(tmp_path, tmp_path, tmp_path), token="secret")


async def test_port_that_is_taken_is_named() -> None:
    """An OSError, as of other services."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"127.0.0.1:{port}"):
            await Served(port=port).server.start()
