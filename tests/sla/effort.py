"""How hard to look: the standing tests are quick, `TICKETS_TEST_LONG=1` looks forty times as long."""

import os

LONG = bool(os.environ.get("TICKETS_TEST_LONG"))


def long(examples: int) -> int:
    """So many examples, or many more when there is time."""
    return examples * 40 if LONG else examples
