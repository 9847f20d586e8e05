"""What a file is by its first bytes, whatever its sender calls it (WHATWG MIME Sniffing §6, and others)."""

from collections.abc import Sequence

from tickets.domain.draft import Attachment

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"#!", "text/x-script"),
)
_MARKUP = (b"<!doctype html", b"<html", b"<script", b"<head", b"<body", b"<iframe")
_WITHIN = {
    "application/zip": ("application/vnd.openxmlformats-", "application/vnd.oasis.", "application/epub"),
    "application/x-ole-storage": ("application/msword", "application/vnd.ms-"),
    "video/webm": ("audio/webm", "video/x-matroska"),
    "video/mp4": ("audio/mp4",),
    "audio/ogg": ("video/ogg", "application/ogg"),
}
"""Kinds that are another one's container: a claim to be one of these is believed."""
_PROVABLE = {kind for _, _, kind in _SIGNATURES}
_PROVABLE_FAMILIES = ("image/", "audio/", "video/")
_LOOKED_AT = 512


def kind_of(file: Attachment) -> str | None:
    """The media type a file has; None when it claims to be what its bytes show it is not."""
    claimed, start = file.media_type.lower(), file.content[:_LOOKED_AT]
    seen = _seen(start)
    if seen is not None:
        return claimed if claimed.startswith(_WITHIN.get(seen, ())) else seen
    if claimed == "image/svg+xml":
        return claimed
    if claimed in _PROVABLE or claimed.startswith(_PROVABLE_FAMILIES):
        return None
    return None if claimed.startswith("text/") and b"\0" in start else claimed


def taken(kind: str, allowed: Sequence[str]) -> bool:
    """Whether a kind is among the `allowed`; `image/*` is a family, without SVG: it can carry programs."""
    families = {"*/*"} if kind == "image/svg+xml" else {kind.partition("/")[0] + "/*", "*/*"}
    return bool({kind, *families} & set(allowed))


def _seen(start: bytes) -> str | None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_MARKUP):
        return "text/html"
    if b"<svg" in text and text.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")):
        return "image/svg+xml"
    return next((kind for at, sign, kind in _SIGNATURES if start.startswith(sign, at)), None)
