"""Packed RTF as Outlook keeps it (MS-OXRTFCP): a dictionary of 4,096 bytes that begins with usual words."""

import struct

_BEGIN = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_HEAD = struct.Struct("<II4sI")
"""Packed size, size, kind, checksum."""
_SIZE = 4096
LIMIT = 8_000_000
"""Bytes of RTF that are unpacked."""


def unpacked_rtf(data: bytes) -> bytes:
    """The RTF; empty for what is none. What is cut short gives what came before."""
    if len(data) < _HEAD.size:
        return b""
    _, size, kind, _ = _HEAD.unpack_from(data)
    packed = data[_HEAD.size :]
    if kind == _PLAIN:
        return packed[:size]
    return _unpacked(packed)[:size] if kind == _COMPRESSED else b""


def _unpacked(data: bytes) -> bytes:
    seen = bytearray(_BEGIN.ljust(_SIZE, b"\0"))
    place, out, at = len(_BEGIN), bytearray(), 0
    while at < len(data) and len(out) < LIMIT:
        control = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data):
                break
            if not control >> bit & 1:
                taken = data[at : at + 1]
                at += 1
            else:
                token = int.from_bytes(data[at : at + 2], "big")
                at += 2
                if (begin := token >> 4) == place:
                    return bytes(out)
                for step in range((token & 15) + 2):
                    seen[place] = one = seen[(begin + step) % _SIZE]
                    place = (place + 1) % _SIZE
                    out.append(one)
                continue
            seen[place] = taken[0]
            place = (place + 1) % _SIZE
            out += taken
    return bytes(out)
