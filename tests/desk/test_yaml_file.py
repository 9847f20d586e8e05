"""A file becomes a tree of text that knows its places, and hostile files become one clear sentence."""

import time

import pytest

from tickets.application.desk import InvalidDesk
from tickets.application.desk.yaml_file import ALIASED, DEEPEST, read_yaml


def test_times_dates_numbers_and_no_stay_the_text_they_are() -> None:
    document = read_yaml("opens: 08:30\nanswer: no\nday: 2026-09-02\nphone: 0901234567\nnumber: 1_000\n")
    assert document.tree == {
        "opens": "08:30",
        "answer": "no",
        "day": "2026-09-02",
        "phone": "0901234567",
        "number": "1_000",
    }


def test_null_is_nothing_unless_it_is_quoted() -> None:
    assert read_yaml("a: null\nb: ~\nc:\nd: 'null'\n").tree == {"a": None, "b": None, "c": None, "d": "null"}


def test_a_number_may_be_a_key() -> None:
    assert read_yaml("1900: x").tree == {"1900": "x"}


def test_every_value_knows_its_line_and_column() -> None:
    document = read_yaml("teams:\n  sales:\n    name: Bán hàng\n  hubs: [a, {b: c}]\n")
    places = ["", "/teams", "/teams/sales/name", "/teams/hubs/0", "/teams/hubs/1/b", "/teams/hubs/7/x"]
    assert [(document.place(at).line, document.place(at).column) for at in places] == [
        (1, 1),
        (1, 1),
        (3, 5),
        (4, 10),
        (4, 14),
        (4, 3),
    ]


def test_a_key_with_a_slash_is_found_by_its_escaped_pointer() -> None:
    document = read_yaml("a:\n  b/c~d: 1\n")
    assert document.place("/a/b~1c~0d").line == 2


def test_an_anchor_is_written_out_wherever_its_alias_stands() -> None:
    document = read_yaml("mon: &day [08:00]\ntue: *day\n")
    assert document.tree == {"mon": ["08:00"], "tue": ["08:00"]}
    assert document.place("/tue").line == 2


def test_a_key_given_twice_is_a_fault_and_the_first_one_counts() -> None:
    document = read_yaml("a: {x: 1}\nb: 2\na: 3\n")
    assert document.tree == {"a": {"x": "1"}, "b": "2"}
    assert [str(fault) for fault in document.faults] == ["3:1: /a: 'a' is already given in line 1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("teams: [a", "2:1: /: not YAML: did not find expected ',' or ']'"),
        ("teams:\n\ta: 1", "2:1: /: not YAML: found character that cannot start any token"),
        ("teams: {a: !x {}}", "1:12: /: a desk file has no tags (!x)"),
        (
            "a: !!python/object:os.system x",
            "1:4: /: a desk file has no tags (tag:yaml.org,2002:python/object:os.system)",
        ),
        ("teams: &a {b: *a}", "1:15: /: no anchor &a before this"),
        ("[" * 100_000, f"1:{DEEPEST + 1}: /: nested deeper than {DEEPEST} levels"),
        ("---\nteams: {}\n---\nx: 1", "3:1: /: a desk file is one YAML document"),
        ("a: {<<: {b: 1}}", "1:5: /: YAML 1.2 has no merge keys (<<); write the fields out"),
        ("? [a]\n: b", "1:3: /: a key is text"),
        ("x: \x01", "1:1: /: not YAML: unacceptable character #x0001: control characters are not allowed"),
    ],
)
def test_what_is_no_desk_file_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidDesk) as refused:
        read_yaml(text)
    assert str(refused.value) == said


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidDesk, match="not YAML"):
        read_yaml("a: \ud800")


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]
    began = time.perf_counter()
    with pytest.raises(InvalidDesk, match=f"aliases stand for more than {ALIASED:,} values"):
        read_yaml("\n".join(lines))
    assert time.perf_counter() - began < 1
