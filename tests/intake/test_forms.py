"""Submissions of a form become drafts, or every fault is told at once."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tickets.domain.draft import Attachment, FieldValue, Identity
from tickets.intake import (
    AttachmentLimits,
    Form,
    FormField,
    FormMapping,
    Submission,
    Trapped,
    Unreadable,
    decode_body,
    read_form,
    schema_of_form,
)
from tickets.intake.file_kinds import kind_of, taken

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FORM = Form(
    key="warranty",
    name="Warranty",
    fields=(
        FormField(name="name", required=True, max_length=50, label="Your name"),
        FormField(name="email", type="email"),
        FormField(name="phone", type="phone"),
        FormField(name="product", required=True, enum=("tv", "fridge")),
        FormField(name="bought", type="date"),
        FormField(name="pieces", type="integer", minimum=1, maximum=9),
        FormField(name="urgent", type="boolean"),
        FormField(name="city"),
        FormField(name="how_soon"),
    ),
    mapping=FormMapping(
        subject="Warranty for {product} of {name}",
        customer_name="name",
        email="email",
        phone="phone",
        region="city",
        priority="how_soon",
    ),
    tags=("warranty",),
    priority="normal",
    language="vi",
    honeypot="website",
    submission_id="nonce",
    attachments=AttachmentLimits(count=1, size=10),
)
VALUES: dict[str, FieldValue] = {"name": "Khách", "product": "tv", "phone": "0901 234 567"}


def faults_of(values: dict[str, FieldValue], files: tuple[Attachment, ...] = ()) -> dict[str, str]:
    with pytest.raises(Unreadable) as caught:
        read_form(FORM, Submission(values, files), NOW)
    return {fault.pointer: fault.message for fault in caught.value.faults}


def test_answers_become_the_facts_of_a_ticket() -> None:
    more = {"email": "Khach@Shop.Example", "pieces": "2", "urgent": "on", "city": "hanoi", "how_soon": "high"}
    draft = read_form(FORM, Submission({**VALUES, **more}), NOW)
    assert draft.subject == "Warranty for tv of Khách"
    assert "Your name: Khách\n" in draft.text
    assert draft.sender.name == "Khách"
    assert draft.sender.identities == (
        Identity("email", "khach@shop.example"),
        Identity("phone", "+84901234567"),
    )
    assert (draft.region, draft.priority, draft.language, draft.tags) == (
        "hanoi",
        "high",
        "vi",
        ("warranty",),
    )
    assert draft.fields["pieces"] == 2
    assert draft.fields["urgent"] is True


def test_every_fault_is_told_at_once() -> None:
    wrong: dict[str, FieldValue] = {
        "email": "nobody",
        "phone": "12",
        "product": "car",
        "bought": "2026-02-30",
        "pieces": "10",
        "urgent": "perhaps",
        "colour": "red",
        "city": "x" * 2_001,
    }
    assert faults_of(wrong).keys() == {"/name", *(f"/{name}" for name in wrong)}


@pytest.mark.parametrize("number", ["", " ", "two", "1e400", "nan", "-inf", 1.5, True, 10**30, "9" * 100])
def test_only_whole_numbers_in_range_are_whole_numbers(number: FieldValue) -> None:
    if str(number).strip():
        assert "/pieces" in faults_of({**VALUES, "pieces": number})
    else:
        assert "pieces" not in read_form(FORM, Submission({**VALUES, "pieces": number}), NOW).fields


def test_files_are_counted_weighed_and_typed() -> None:
    big = Attachment(name="a.png", media_type="image/png", content=b"x" * 11)
    program = Attachment(name="a.exe", media_type="application/x-msdownload", content=b"")
    assert faults_of(VALUES, (big, program)).keys() == {"/attachments", "/attachments/0", "/attachments/1"}


@pytest.mark.parametrize(
    ("claimed", "content", "really"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n...", "image/png"),
        ("application/octet-stream", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("image/jpeg", b"\0\0\0\x18ftypheic", "image/heic"),
        ("video/mp4", b"\0\0\0\x18ftypisom", "video/mp4"),
        ("text/plain", b"%PDF-1.7", "application/pdf"),
        ("image/png", b"MZ\x90\0", "application/x-msdownload"),
        ("image/png", b"  <!DOCTYPE html><script>", "text/html"),
        ("image/png", b'<?xml version="1.0"?><svg onload="x">', "image/svg+xml"),
        ("image/png", b"not one", None),
        ("image/x-unheard-of", b"not one", None),
        ("text/plain", b"a\0b", None),
        ("text/plain", "Tivi hỏng".encode(), "text/plain"),
        ("application/zip", b"PK\x03\x04", "application/zip"),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            b"PK\x03\x04",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            b"MZ",
            "application/x-msdownload",
        ),
        ("application/x-of-the-trade", b"anything", "application/x-of-the-trade"),
        ("image/png", b"", None),
    ],
)
def test_a_file_is_what_its_bytes_show(claimed: str, content: bytes, really: str | None) -> None:
    assert kind_of(Attachment(name="a", media_type=claimed, content=content)) == really


def test_a_family_of_pictures_is_without_programs() -> None:
    assert taken("image/webp", ["image/*"])
    assert not taken("image/svg+xml", ["image/*"])
    assert taken("image/svg+xml", ["image/svg+xml"])
    assert not taken("application/pdf", ["image/*"])


def test_a_robot_falls_into_the_trap() -> None:
    with pytest.raises(Trapped):
        read_form(FORM, Submission({**VALUES, "website": "http://spam.example"}), NOW)
    assert read_form(FORM, Submission({**VALUES, "website": ""}), NOW)


def test_a_double_click_is_one_request_and_tomorrow_is_another() -> None:
    submission = Submission(VALUES)
    first = read_form(FORM, submission, NOW).external_id
    assert read_form(FORM, submission, NOW + timedelta(seconds=2)).external_id == first
    assert read_form(FORM, submission, NOW + timedelta(days=1)).external_id != first
    assert read_form(FORM, Submission({**VALUES, "city": "hue"}), NOW).external_id != first


def test_a_submission_id_decides_alone() -> None:
    first = read_form(FORM, Submission({**VALUES, "nonce": "n1"}), NOW).external_id
    assert (
        read_form(FORM, Submission({**VALUES, "nonce": "n1"}), NOW + timedelta(days=1)).external_id == first
    )
    assert read_form(FORM, Submission({**VALUES, "nonce": "n2"}), NOW).external_id != first
    assert read_form(FORM, Submission(VALUES), NOW, submission_id="n1").external_id == first


def test_answers_are_never_templates() -> None:
    assert (
        read_form(FORM, Submission({**VALUES, "name": "{phone}"}), NOW).subject
        == "Warranty for tv of {phone}"
    )


def test_a_form_goes_through_its_wire_form() -> None:
    assert msgspec.json.decode(msgspec.json.encode(FORM), type=Form) == FORM


def test_a_schema_says_what_to_ask_what_to_hide_and_what_to_fill_in() -> None:
    schema = schema_of_form(FORM)
    Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["name", "product"]
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"name": "Khách", "product": "tv", "website": "", "nonce": "n1"})
    for wrong in ({"website": "http://spam.example"}, {"colour": "red"}, {"product": "car"}, {"pieces": 10}):
        assert not validator.is_valid({"name": "Khách", "product": "tv"} | wrong)
    properties: Any = schema["properties"]
    assert properties["name"]["title"] == "Your name"
    assert properties["website"]["x-honeypot"]
    assert properties["nonce"]["x-fresh"]
    assert schema["x-attachments"] == msgspec.to_builtins(FORM.attachments)


def test_the_three_bodies_say_the_same() -> None:
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("n", "Hà"), ("m", "1"))
    )
    file = (
        '--b\r\nContent-Disposition: form-data; name="f"; filename="C:\\x\\ảnh.png"\r\n'
        "Content-Type: image/png\r\n\r\n\0\r\n"
    )
    assert decode_body('{"n": "Hà", "m": "1"}'.encode(), "application/json").values == {"n": "Hà", "m": "1"}
    urlencoded = decode_body(b"n=H%C3%A0&m=1", "application/x-www-form-urlencoded; charset=utf-8")
    assert urlencoded.values == {"n": "Hà", "m": "1"}
    form = decode_body((parts + file + "--b--\r\n").encode(), "multipart/form-data; boundary=b")
    assert form.values == {"n": "Hà", "m": "1"}
    assert [(attached.media_type, attached.content) for attached in form.files] == [("image/png", b"\0")]
    assert form.files[0].name == "ảnh.png"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b'{"a": [1]}', "application/json"),
        (b'{"a": "\\u0000"}', "application/json"),
        (b'{"a\\u0000": 1}', "application/json"),
        (b"\xff", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 600 + b"1" + b"}" * 600, "application/json"),
        (b"a=%00", "application/x-www-form-urlencoded"),
        (b"a=1&a=2", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(300)), "application/x-www-form-urlencoded"),
        (b"a=1", "text/plain"),
        (b"a=1", ""),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\n", "multipart/form-data"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut', "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
        (b"--b--", "multipart/form-data; boundary=" + "b" * 1_000),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(Unreadable):
        decode_body(body, content_type)


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([b"--b", b"\r\n", b"--", b"=", b"&", b"%", b"x"])).map(b"".join),
    st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
    ),
)
def test_any_body_is_read_or_refused(body: bytes, content_type: str) -> None:
    with suppress(Unreadable):
        decode_body(body, content_type)
