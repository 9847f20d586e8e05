"""IMAP over TLS and STARTTLS, with a real Dovecot: nothing is said to whom the certificate does not name."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.dovecot import Dovecot, dovecot
from tests.journeys.conftest import Shop
from tests.journeys.test_mail_by_imap import Fetching, mail
from tests.worker.brokers import free_port

from tickets.adapters.imap_client import ImapClient, ImapTrouble


def certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """A certificate that names a host and signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(host))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A certificate that this machine trusts, as an operator would have it (SSL_CERT_FILE)."""
    made = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    return made


@pytest.fixture
def server(trusted: tuple[Path, Path]) -> Iterator[Dovecot]:
    with dovecot(trusted) as made:
        yield made


@pytest.mark.parametrize("tls", ["always", "starttls"])
async def test_mail_is_fetched_encrypted(shop: Shop, server: Dovecot, tls: str) -> None:
    fetching = Fetching(shop, server)
    for n in range(3):
        server.put(mail(n))
    port = server.tls_port if tls == "always" else server.port
    await fetching.until(fetching.fetcher(tls=tls, port=port), taken=3)
    assert await fetching.subjects() == [f"mail {n:05}" for n in range(3)]
    assert "TLS" in (server.folder / "log").read_text()


@pytest.mark.parametrize("tls", ["always", "starttls"])
async def test_a_server_nobody_vouches_for_gets_no_password(
    shop: Shop, server: Dovecot, tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    fetching = Fetching(shop, server)
    fetcher = fetching.fetcher(tls=tls, port=server.tls_port if tls == "always" else server.port)
    with pytest.raises(ssl.SSLCertVerificationError):
        await fetcher.session()
    assert "Login" not in (server.folder / "log").read_text()


async def test_a_certificate_of_another_host_gets_no_password(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = certificate(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(other[0]))
    with dovecot(other) as server:
        fetcher = Fetching(shop, server).fetcher(tls="always", port=server.tls_port)
        with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.1"):
            await fetcher.session()
        assert "Login" not in (server.folder / "log").read_text()


@asynccontextmanager
async def liar(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Somebody in between, who answers STARTTLS; what they heard."""
    heard: list[bytes] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            heard.append(line)
            writer.write(line.split()[0] + answer)
        writer.close()

    port = free_port()
    async with await asyncio.start_server(speak, "127.0.0.1", port):
        yield port, heard


@pytest.mark.parametrize(
    "answer",
    [
        b" NO not today\r\n",
        b" BAD what\r\n",
        b" OK begin\r\n* CAPABILITY IMAP4rev1 IDLE\r\n",  # said in the clear, to be believed later
    ],
)
async def test_who_keeps_us_from_encrypting_hears_no_password(answer: bytes) -> None:
    async with liar(answer) as (port, heard):
        with pytest.raises((ImapTrouble, OSError)):
            await ImapClient.connect("127.0.0.1", port, "starttls", 1_000)
        assert [line.split()[1] for line in heard if line.split()[1:]][:1] == [b"STARTTLS"]
        assert b"LOGIN" not in b"".join(heard)
