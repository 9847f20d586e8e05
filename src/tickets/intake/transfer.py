"""Content-Transfer-Encoding undone (RFC 2045 §6, and uuencode), tolerantly."""

import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} .*$", re.MULTILINE)


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The bytes that `data` stands for; an unknown encoding leaves it as it is. Never raises."""
    match encoding.strip().strip('"').lower():
        case "base64":
            return decode_base64(data)
        case "quoted-printable":
            return binascii.a2b_qp(data)
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _decode_uu(data)
        case _:
            return data


def decode_base64(data: bytes) -> bytes:
    """As much as can be read: strange characters are skipped, concatenated padded pieces are joined."""
    pieces = [_NOT_BASE64.sub(b"", piece) for piece in re.split(rb"=+", data) if piece]
    return b"".join(_piece(piece) for piece in pieces)


def _piece(piece: bytes) -> bytes:
    if len(piece) % 4 == 1:
        piece = piece[:-1]
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))


def _decode_uu(data: bytes) -> bytes:
    begin = _UU_BEGIN.search(data)
    decoded: list[bytes] = []
    for line in data[begin.end() if begin else 0 :].splitlines():
        if line.strip() in {b"end", b"`"}:
            break
        length = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
        try:
            decoded.append(binascii.a2b_uu(line[: length + 1]))
        except binascii.Error:
            continue
    return b"".join(decoded)
