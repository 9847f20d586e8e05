"""Where replies, signatures and quotes of three public sets are split, beside what their authors expect."""

import pytest
from tests.intake.test_mail_corpora import DATA, MAILBOX, members

from tickets.intake import read_mail
from tickets.intake.quoting import split_quote
from tickets.intake.signatures import split_signature

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no mail sets at {DATA}")

# The last line of the reply, `s` where a signature and `q` where a quote is split off.
GITHUB = """
correct_sig 1 s          email_1_1 7 s            email_1_2 43 s           email_1_3 49 s
email_1_4 1 q            email_1_5 15 -           email_1_6 1 q            email_1_7 1 q
email_1_8 33 s           email_2_1 1 q            email_2_2 1 q            email_2_3 1 q
email_BlackBerry 1 s     email_bullets 9 q        email_iPhone 1 s         email_long_quote 10 s
email_one_is_not_on 5 q  greedy_on 6 q            pathological 2 q
email_multi_word_sent_from_my_mobile_device 1 s   email_sent_from_my_not_signature 3 -
email_sig_delimiter_in_middle_of_line 7 -
"""
WILLDURAND = """
correct_sig 1 s          email_1 7 s              email_10 5 q             email_11 5 q
email_12 5 q             email_13 5 q             email_14 5 q             email_15 11 -
email_16 5 q             email_17 5 q             email_18 5 q             email_19 1 q
email_2 43 s             email_20 1 q             email_21 638 -           email_22 5 q
email_23 5 q             email_23_1 7 q           email_2_1 1 q            email_3 49 s
email_4 1 q              email_5 15 -             email_6 1 q              email_7 24 s
email_8 14 -             email_9 7 q              email_blackberry 1 s     email_bullets 9 q
email_custom_quote_header 1 q                     email_customer_quote_header_2 1 q
email_customer_quote_header_3 3 q                 email_iphone 1 s         email_issue_77 11 -
email_ls-l 28 s          email_norwegian_gmail 5 q                         email_one_is_not_on 5 q
email_multi_word_sent_from_my_mobile_device 1 s   email_sent_from_my_not_signature 3 -
email_thread 1 q         email_unquoted_reply 1 q email_w10_mail 2 q       email_with_date_headers 5 -
email_with_from_headers 3 -                       email_zimbra_free_en 9 q email_zimbra_free_fr 10 q
sig_no_empty_line 1 s
"""
WHOLE = {
    "email_1_2": "answers between quoted lines: what stands between them is the reply",
    "email_2": "the same mail in the other set",
    "email_1_3": "an answer below the quote, which gives it its sense",
    "email_3": "the same mail in the other set",
    "email_1_8": "answers between quoted lines",
    "email_7": "an answer below the quote",
    "email_8": "one quoted line has lost its mark: it might be the writer's",
    "email_15": "text goes on below a telephone's advertisement: it might be the writer's",
    "email_issue_77": "an attribution with nothing below it quotes nothing",
    "email_9": "a ruler above the quoted header block stays with the reply",
}
"""Where the sets' authors cut and we do not: a sentence kept twice does less harm than one lost."""


def table(text: str) -> dict[str, tuple[int, str]]:
    """A table above, by name."""
    words = text.split()
    return {
        name: (int(line), kind) for name, line, kind in zip(words[::3], words[1::3], words[2::3], strict=True)
    }


@pytest.mark.parametrize(
    ("archive", "expected", "agreed"),
    [("github_reply", table(GITHUB), 19), ("willdurand_reply", table(WILLDURAND), 39)],
)
def test_replies_end_where_the_sets_say(
    archive: str, expected: dict[str, tuple[int, str]], agreed: int
) -> None:
    found = {}
    for name, raw in members(DATA / f"{archive}.tar.gz"):
        text = raw.decode("utf-8", "replace").replace("\r\n", "\n").strip()
        reply, quoted = split_quote(text)
        reply, signature = split_signature(reply)
        stem = name.rpartition("/")[2].removesuffix(".txt")
        found[stem] = (reply.count("\n") + 1, "q" if quoted else "s" if signature else "-")
    assert found == expected
    assert len(set(expected) - set(WHOLE)) == agreed


def test_every_mail_program_of_the_talon_set_is_split() -> None:
    """Plain: 12 of 12, one an answer below its quote that stays whole. HTML: 9 of 9."""
    files = dict(members(DATA / "talon.tar.gz"))
    plain = {name: raw for name, raw in files.items() if "standard_replies" in name and name.endswith(".eml")}
    assert len(plain) == 12
    for name, raw in plain.items():
        draft = read_mail(raw, MAILBOX, b"s")
        wanted = files.get(name.removesuffix(".eml") + "_reply_text", b"Hello").decode().split()
        if name.endswith(("iphone.eml", "sparrow.eml")):  # signatures are no part of the reply with us
            wanted = wanted[:1]
        if name.endswith("thunderbird.eml"):  # the answer stands below the quote
            assert (draft.text.split()[-1:], draft.quoted) == (wanted, "")
        else:
            assert draft.text.split() == wanted, name
            assert draft.quoted, name
    html = {name: raw for name, raw in files.items() if "html_replies" in name}
    assert len(html) == 9
    for name, raw in html.items():
        draft = read_mail(b"Content-Type: text/html; charset=utf-8\n\n" + raw, MAILBOX, b"s")
        assert draft.text.split() == ["Hi.", "I", "am", "fine.", "Thanks,", "Alex"], name
        assert draft.quoted, name
