"""Where the reply ends, in several languages; a doubt keeps everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.intake.quoting import split_quote

QUOTES = [
    "Vào Th 5, 3 thg 4, 2025 vào lúc 10:00 Bộ phận hỗ trợ <ho-tro@shop.example> đã viết:\n> Chào anh",
    "Vào 10:00, Thứ Năm, 3 thg 4, 2025 Cửa hàng\n<ho-tro@shop.example> đã viết:\n\n> Chào anh",
    "Ngày 03/04/2025 10:00, Cửa hàng đã viết:\n> Chào anh",
    "Đã gửi từ iPhone của tôi\n\nVào 10:00, 3 thg 4, 2025, Cửa hàng <a@b.vn> đã viết:\n> Chào",
    "Từ: Cửa hàng <a@b.vn>\nĐã gửi: Thứ Năm, 3 tháng Tư 2025\nTới: Khách\nChủ đề: Đơn hàng\n\nChào anh",
    "-----Thư gốc-----\nChào anh",
    "On Mon, Apr 3, 2025 at 10:00 AM Shop <a@b.example> wrote:\n> Hello",
    "On Mon, Apr 3, 2025 at 10:00 AM The Shop\n<a@b.example>\nwrote:\n\nHello without marks",
    "Am 03.04.2025 um 10:00 schrieb Kundendienst:\n> Hallo",
    "Le 3 avril 2025 à 10:00, Boutique <a@b.example> a écrit :\n> Bonjour",
    "El 3 abr 2025, a las 10:00, Tienda <a@b.example> escribió:\n> Hola",
    "-----Original Message-----\nFrom: The Shop\nHello",
    "________________________________\nFrom: The Shop\nSent: Monday\nTo: me\nSubject: order\n\nHello",
    "> Hello\n> again",
]


@pytest.mark.parametrize("quote", QUOTES)
def test_a_reply_on_top_is_split_from_what_it_quotes(quote: str) -> None:
    assert split_quote("Cảm ơn, tôi đã nhận được.\n\n" + quote) == ("Cảm ơn, tôi đã nhận được.", quote)


@pytest.mark.parametrize(
    "text",
    [
        "> Is it broken?\nYes.\n> Since when?\nMonday.",
        "Hi\n> Is it broken?\nYes, it is.\n> thanks",
        "> all of it\n> is a quote",
        "In 2019 Anna wrote:\na book that I would like to order",
        "See below.\n---------- Forwarded message ---------\nFrom: a\nTo: b\nSubject: c\nDate: d\n\n> x",
        "Xem bên dưới\n---------- Thư được chuyển tiếp ---------\nTừ: a\nTới: b\nChủ đề: c\n\nd",
        "Từ: Hà Nội tôi muốn hỏi về đơn hàng",
        "Đã gửi từ iPhone của tôi\nvà còn một câu nữa",
        "From: where does it come?\nI do not know.",
        "",
    ],
)
def test_in_doubt_everything_stays(text: str) -> None:
    assert split_quote(text) == (text, "")


@given(
    st.lists(st.sampled_from([*"\n".join(QUOTES).split("\n"), "", "own words", "> x", "_____"]), max_size=30)
)
def test_no_line_is_ever_lost(lines: list[str]) -> None:
    reply, quoted = split_quote("\n".join(lines))
    assert "".join((reply + quoted).split()) == "".join("".join(lines).split())
