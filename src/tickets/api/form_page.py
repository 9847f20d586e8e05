"""What a browser that sent a plain HTML form is shown: its thanks, or every fault; readable aloud."""

import re
from collections.abc import Sequence
from html import escape
from http import HTTPStatus
from typing import Final

from tickets.api.problems import Fault, Problem
from tickets.intake import Form, FormField

PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Of every such page: it runs nothing and loads nothing."""

_PAGE = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title></head>'
    "<body><main><h1>{title}</h1>{body}</main></body></html>"
)
_WORDS = {
    "vi": {
        "thanks": "Cảm ơn, chúng tôi đã nhận được yêu cầu của bạn",
        "number": "Mã yêu cầu",
        "faults": "Yêu cầu chưa gửi được",
        "mend": "Hãy quay lại trang trước, sửa các mục sau rồi gửi lại:",
        "busy": "Bạn gửi quá nhanh. Hãy đợi {seconds} giây rồi gửi lại.",
        "later": "Chưa nhận được yêu cầu. Hãy thử lại sau ít phút.",
    },
    "en": {
        "thanks": "Thank you, we have your request",
        "number": "Request number",
        "faults": "Your request was not sent",
        "mend": "Please go back, mend the following and send it again:",
        "busy": "That was too fast. Please wait {seconds} seconds and send it again.",
        "later": "We could not take your request. Please try again in a few minutes.",
    },
}
_VIETNAMESE = [
    (re.compile(said), meant)
    for said, meant in (
        ("is required", "bắt buộc phải điền"),
        ("no such field", "không có mục này"),
        (r"at most (\S+) characters", r"nhiều nhất \1 ký tự"),
        (r"must be one of (.*)", r"phải là một trong: \1"),
        ("must be an e-mail address", "phải là địa chỉ e-mail"),
        ("must be a telephone number", "phải là số điện thoại"),
        ("must be a whole number", "phải là số nguyên"),
        ("must be a number", "phải là số"),
        (r"must be a date such as (\S+)", r"phải là ngày, chẳng hạn \1"),
        ("must be true or false", "phải là có hoặc không"),
        ("is too large", "quá lớn"),
        (r"at least (\S+)", r"ít nhất \1"),
        (r"at most (\S+) files", r"nhiều nhất \1 tệp"),
        (r"at most (\S+)", r"nhiều nhất \1"),
        (r"more than (\S+) bytes", r"lớn hơn \1 byte"),
        (r"files of (\S+) are not taken", r"không nhận tệp loại \1"),
        (r"is no (\S+), whatever it says", r"không phải là tệp \1"),
        ("is given more than once", "bị gửi nhiều lần"),
        ("does not solve a challenge of this form", "không hợp lệ, hãy tải lại trang"),
        (r"is over; .*", "đã hết hạn, hãy tải lại trang"),
        (r"was used for another request", "đã dùng cho yêu cầu khác, hãy tải lại trang"),
    )
]


def thanks_page(form: Form, language: str, number: int | None) -> str:
    """The page after a form without a `redirect` of its own."""
    words = _words(language)
    told = f"<p>{words['number']}: {number}</p>" if number is not None else ""
    return _page(language, words["thanks"], f"<p>{escape(form.name)}</p>{told}")


def fault_page(form: Form | None, language: str, problem: Problem) -> str:
    """The page of a refusal: every fault under the label of its field; what was sent is not shown again."""
    words = _words(language)
    if problem.errors:
        items = "".join(f"<li>{escape(_sentence(form, language, fault))}</li>" for fault in problem.errors)
        body = f"<p>{words['mend']}</p><ul>{items}</ul>"
    elif problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        body = f"<p>{words['busy'].format(seconds=escape(problem.headers.get('Retry-After', '60')))}</p>"
    elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR or not problem.detail:
        body = f"<p>{words['later']}</p>"
    else:
        body = f"<p>{escape(problem.detail)}</p>"
    return _page(language, words["faults"], f'<div role="alert">{body}</div>')


def page_language(form: Form | None, otherwise: str) -> str:
    """The language a form's pages are in: Vietnamese or English, by the form, else by the desk."""
    said = (form.language if form is not None else None) or otherwise
    return "vi" if said.lower().partition("-")[0] == "vi" else "en"


def _sentence(form: Form | None, language: str, fault: Fault) -> str:
    where = _label(form.fields if form is not None else (), fault)
    return f"{where}: {_said(language, fault.detail)}" if where else _said(language, fault.detail)


def _label(fields: Sequence[FormField], fault: Fault) -> str:
    place = (fault.pointer or "").removeprefix("/").replace("~1", "/").replace("~0", "~")
    labels = {field.name: field.label for field in fields}
    return labels.get(place) or place or fault.parameter or ""


def _said(language: str, detail: str) -> str:
    if language == "vi":
        for said, meant in _VIETNAMESE:
            if found := said.fullmatch(detail):
                return found.expand(meant)
    return detail


def _words(language: str) -> dict[str, str]:
    return _WORDS[language]


def _page(language: str, title: str, body: str) -> str:
    return _PAGE.format(language=language, title=escape(title), body=body)
