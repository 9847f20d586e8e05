"""Log lines: ours and the libraries' alike, for machines or for people."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from tickets.observability.logs import CORRELATION_ID, configure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is of the whole process: leave it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


def test_lines_of_ours_and_of_libraries_are_json_with_the_correlation_id() -> None:
    lines = io.StringIO()
    configure(pretty=False, stream=lines)
    token = CORRELATION_ID.set("call-7")
    structlog.get_logger().info("opened", number=7)
    logging.getLogger("library").warning("it is %s", "slow")
    CORRELATION_ID.reset(token)
    structlog.get_logger().info("idle")
    ours, theirs, idle = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (ours["event"], ours["number"], ours["level"], ours["correlation_id"]) == (
        "opened",
        7,
        "info",
        "call-7",
    )
    assert (theirs["event"], theirs["logger"], theirs["correlation_id"]) == (
        "it is slow",
        "library",
        "call-7",
    )
    assert "correlation_id" not in idle


def test_a_person_gets_plain_lines_and_no_secrets_of_local_variables() -> None:
    lines = io.StringIO()
    configure(pretty=True, stream=lines)
    secret = "tk_" + "private"
    try:
        int("broken")
    except ValueError:
        structlog.get_logger().exception("failed", length=len(secret))
    assert "ValueError: invalid literal" in lines.getvalue()
    assert "tk_private" not in lines.getvalue()


def test_lines_below_the_level_are_dropped() -> None:
    lines = io.StringIO()
    configure(pretty=False, stream=lines, level="warning")
    structlog.get_logger().info("a")
    logging.getLogger("library").info("b")
    assert lines.getvalue() == ""


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        configure(level="LOUD")
