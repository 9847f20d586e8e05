"""Every setting is in the operator's guide, and no file we ship names one that is none."""

import re

from tickets.settings import Settings

SETTINGS = {f"TICKETS_{field.upper()}" for field in Settings.__struct_fields__}
NAMED = re.compile(r"\bTICKETS_(?!TEST_)[A-Z0-9_]*[A-Z0-9]\b")


def test_the_operators_guide_tells_every_setting_and_no_other(texts: dict[str, str]) -> None:
    table = re.findall(r"^\|(.*?)\|", texts["docs/operations.md"], re.MULTILINE)
    assert {name for cell in table for name in NAMED.findall(cell)} == SETTINGS


def test_nothing_we_ship_names_a_setting_that_is_none(texts: dict[str, str]) -> None:
    shipped = {p: t for p, t in texts.items() if p.startswith(("helm/", "docs/", "README", "Makefile"))}
    named = {(path, name) for path, text in shipped.items() for name in NAMED.findall(text)}
    assert {(path, name) for path, name in named if name not in SETTINGS} == set()
