"""A file of requests is read as its mapping says, and what is wrong with either is said in a sentence."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tickets.errors import CannotStart
from tickets.replay.cases import read_cases, steps_of
from tickets.replay.mapping import BOSTON311, Mapping, read_mapping, to_key


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("Fenway / Kenmore", "fenway-kenmore"),
        ("  Sign Repair ", "sign-repair"),
        ("Heat - Excessive  Insufficient", "heat-excessive-insufficient"),
        ("311", "311"),
        ("", ""),
        ("x" * 80, "x" * 63),
    ],
)
def test_words_become_keys_of_a_desk(words: str, key: str) -> None:
    assert to_key(words) == key


def test_local_times_are_instants_on_both_sides_of_a_clock_change(mapping: Mapping) -> None:
    assert mapping.instant("03/07/2015 12:00:00 PM") == datetime(2015, 3, 7, 17, tzinfo=UTC)
    assert mapping.instant("03/08/2015 12:00:00 PM") == datetime(2015, 3, 8, 16, tzinfo=UTC)
    assert mapping.instant("  ") is None


def test_a_source_leads_to_its_channel(rows: Path, mapping: Mapping) -> None:
    cases = read_cases(rows, mapping)
    found = {case.id: (case.channel, case.account) for case in cases}
    assert found == {
        "1": ("hotline", "311"),
        "2": ("form", "request"),
        "3": ("inbox", "street-lights"),
        "4": ("api", ""),
        "5": ("api", ""),
        "6": ("hotline", "311"),
    }
    assert [case.kept for case in cases] == [True, False, False, True, None, True]
    assert cases[0].region == "old-town"
    assert cases[2].region is None


def test_a_case_opens_before_it_is_solved_however_its_file_is_written(
    tmp_path: Path, mapping: Mapping
) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(
        "nr,from,until,how,what,where,due,kept\n"
        "1,03/05/2015 09:00:00 AM,03/04/2015 09:00:00 AM,call,Trees,,,\n"
        "2,03/05/2015 08:00:00 AM,03/05/2015 09:30:00 AM,call,Trees,,,\n"
    )
    steps = [(step.case.id, step.deed) for step in steps_of(read_cases(file, mapping))]
    assert steps == [("2", "open"), ("1", "open"), ("1", "solve"), ("2", "solve")]


def test_a_packed_file_is_read_as_it_is(rows: Path, mapping: Mapping, tmp_path: Path) -> None:
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress(rows.read_bytes()))
    assert read_cases(packed, mapping, limit=2) == read_cases(rows, mapping)[:2]


def test_the_mapping_for_boston_is_ready() -> None:
    assert read_mapping(BOSTON311).zone == "America/New_York"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zone: Mars/Olympus\ncolumns: {id: a, opened: b}\nentrances: []", "Mars"),
        ("zone: UTC\ncolumns: {id: a}\nentrances: []", "opened"),
        ("zone: UTC\ncolour: red\ncolumns: {id: a, opened: b}\nentrances: []", "colour"),
        ("zone: [", "cannot be used"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(text)
    with pytest.raises(CannotStart, match=said):
        read_mapping(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nr,from\n1,03/05/2015 09:00:00 AM\n", "no column 'how'"),
        (
            "nr,from,until,how,what,where,due,kept\n1,yesterday,,call,Trees,,,\n",
            "line 2: .*yesterday",
        ),
        ("nr,from,until,how,what,where,due,kept\n1,03/05/2015 09:00:00 AM\n", "line 2"),
    ],
)
def test_rows_that_cannot_be_read_name_their_line(
    tmp_path: Path, mapping: Mapping, text: str, said: str
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(text)
    with pytest.raises(CannotStart, match=said):
        read_cases(file, mapping)
