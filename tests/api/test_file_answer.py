"""Files of strangers keep their names, and no browser shows or runs them."""

from urllib.parse import unquote

import pytest

from tickets.api.file_answer import as_file, disposition


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("hóa đơn đỏ.pdf", "hoa don do.pdf"),
        ("Đổi trả (1).docx", "Doi tra (1).docx"),
        ('a"; filename="evil.exe', "a__ filename__evil.exe"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("x\r\nSet-Cookie: a=b", "x__Set-Cookie_ a_b"),
        ("ảnh 📷.jpg", "anh _.jpg"),
        ("100%.txt", "100_.txt"),
        ("", ""),
    ],
)
def test_a_name_is_told_in_unicode_and_without_accents(name: str, plain: str) -> None:
    said = disposition(name)
    assert said.startswith(f"attachment; filename=\"{plain}\"; filename*=UTF-8''")
    assert unquote(said.partition("UTF-8''")[2]) == name
    assert said.isascii()
    assert said.isprintable()


@pytest.mark.parametrize(
    ("media_type", "sent"),
    [
        ("image/jpeg", "image/jpeg"),
        ("text/html", "text/html"),  # as an attachment, sandboxed, and not sniffed
        ("text/html; charset=x\r\nX: y", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("ảnh/jpeg", "application/octet-stream"),
    ],
)
def test_a_media_type_that_is_none_is_unknown(media_type: str, sent: str) -> None:
    answer = as_file("x", media_type, b"x")
    assert answer.media_type == sent
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
