"""The page about the desk shows only what is accepted."""

import re
from pathlib import Path

import pytest
from msgspec.structs import fields

from tickets.application.desk import KINDS, Desk, InvalidDesk, check
from tickets.application.desk.references import FACTS
from tickets.intake.form import Form, FormMapping
from tickets.intake.form_answers import AttachmentLimits, FormField
from tickets.intake.inbox import Mailbox
from tickets.intake.line import Ami, CallMapping, Line
from tickets.intake.mail_source import ImapSource, PostedMail
from tickets.intake.message_account import MessageAccount, MessageMapping

WAYS_IN = (
    Form, FormField, FormMapping, AttachmentLimits, Mailbox, ImapSource, PostedMail, MessageAccount,
    MessageMapping, Line, CallMapping, Ami,
)  # fmt: skip
PAGE = (Path(__file__).parents[2] / "docs" / "desk.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_its_first_example_is_refused_on_the_sample_desk_as_it_says(sample: Desk) -> None:
    with pytest.raises(InvalidDesk, match="there is no team 'warranty'"):
        check(EXAMPLES[0], sample)


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_its_other_examples_are_accepted_on_the_sample_desk(example: str, sample: Desk) -> None:
    assert check(example, sample).desk != sample


def test_it_names_every_field_of_the_ways_in() -> None:
    section = PAGE.partition("## Ways in")[2].partition("## ")[0]
    words = set(re.findall(r"`([a-z_]+)`", section))
    named = {field.name for kind in WAYS_IN for field in fields(kind)} - {"key"}
    assert named <= words


def test_it_names_every_kind_and_every_fact() -> None:
    words = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert {kind.name for kind in KINDS} <= words
    assert set(FACTS) <= words
