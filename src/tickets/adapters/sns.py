"""Proves posts of Amazon SNS by the certificate they name, and says yes to a subscription.

Needs `pip install 'tickets[ses]'`. Certificates come from Amazon's own hosts only, and are kept.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

import httpx

from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.webhook_address import Forbidden, Gate
from tickets.intake.sns import NotProven, SnsNotice, is_amazons

Get = Callable[[str], Awaitable[bytes]]
"""The body at an address. Raises `OSError`: not to be had now."""

_MOST = 32


class SnsProof:
    """Proves notices. `certificates` are those that were fetched, by address."""

    def __init__(self, get: Get, now: Callable[[], datetime]) -> None:
        self.get = get
        self.now = now
        self.certificates: dict[str, bytes] = {}

    async def prove(self, notice: SnsNotice) -> None:
        """See that Amazon signed a notice.

        Raises:
            NotProven: it did not.
            OSError: the certificate cannot be had now, or the library that reads it is not installed.
        """
        seal, digest = notice.seal()
        url = notice.signing_cert_url
        if not is_amazons(url, ".pem"):
            raise NotProven("its certificate is not on a host of Amazon SNS")
        if url not in self.certificates:
            pem = await self.get(url)
            if len(self.certificates) >= _MOST:
                self.certificates.clear()
            self.certificates[url] = pem
        _check(self.certificates[url], seal, digest, notice.signed(), self.now())

    async def confirm(self, notice: SnsNotice) -> None:
        """Say yes to a proven subscription. Raises `NotProven`, `OSError`."""
        if not is_amazons(notice.subscribe_url):
            raise NotProven("the link to confirm leads elsewhere than to Amazon SNS")
        await self.get(notice.subscribe_url)


def _check(pem: bytes, seal: bytes, digest: str, text: bytes, now: datetime) -> None:
    try:
        from cryptography import x509  # noqa: PLC0415 - an optional dependency
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    except ImportError as missing:
        raise OSError("the provider ses needs a library: pip install 'tickets[ses]'") from missing
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise NotProven("its certificate cannot be read") from error
    key = certificate.public_key()
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise NotProven("its certificate is not valid now")
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotProven("its certificate is of another kind")
    hashed = hashes.SHA256() if digest == "SHA256" else hashes.SHA1()  # noqa: S303 - version 1 has no other
    try:
        key.verify(seal, text, padding.PKCS1v15(), hashed)
    except InvalidSignature as error:
        raise NotProven("the signature is not Amazon's") from error


def gated_get(gate: Gate) -> Get:
    """Asks the public internet only, and follows nobody elsewhere."""

    async def get(url: str) -> bytes:
        http = GatedHttp(gate)
        try:
            answer = await http.client.send(await http.request(url, b"", {}, method="GET"))
        except (Forbidden, httpx.HTTPError, ValueError) as error:
            raise OSError(f"{url} cannot be asked: {error}") from error
        finally:
            await http.close()
        if answer.status_code != httpx.codes.OK:
            raise OSError(f"{url} answers {answer.status_code}")
        return answer.content

    return get
