"""Faults of JSON: every one, where it is; and never one where msgspec sees none."""

from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from tickets.api.json_body import read_json
from tickets.api.json_faults import escape, find_faults, to_fault
from tickets.api.problems import Problem


class Leaf(Struct, forbid_unknown_fields=True, rename={"kind": "type"}):
    """A leaf with a field of another name on the wire."""

    kind: Literal["a", "b"]
    size: Annotated[int, Meta(ge=0)] = 0


class Tree(Struct, forbid_unknown_fields=True):
    """A tree."""

    name: Annotated[str, Meta(min_length=1)]
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    branches: "list[Tree]" = []
    notes: Annotated[dict[Annotated[str, Meta(max_length=4)], int], Meta(max_length=3)] = {}
    marks: Annotated[tuple[Leaf, ...], Meta(max_length=1)] = ()


KEYS = st.sampled_from(
    ["name", "leaf", "leaves", "branches", "notes", "marks", "type", "kind", "size", "a/b", "~"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "c"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def resolve(value: object, pointer: str) -> object:
    """What an RFC 6901 pointer leads to."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]  # type: ignore[index]
    return value


@given(VALUES)
def test_there_are_faults_just_when_the_body_cannot_be_decoded(value: object) -> None:
    try:
        msgspec.convert(value, Tree)
    except msgspec.ValidationError:
        faults = list(find_faults(value, Tree))
        assert faults
        for fault in faults:
            assert fault.pointer is not None
            if fault.detail == "is required":
                parent, _, missing = fault.pointer.rpartition("/")
                assert missing not in resolve(value, parent)  # type: ignore[operator]
            else:
                resolve(value, fault.pointer)
    else:
        assert list(find_faults(value, Tree)) == []


@given(st.dictionaries(st.text(), st.integers(), max_size=3))
def test_an_unknown_key_is_pointed_at_however_it_is_spelt(extra: dict[str, int]) -> None:
    faults = list(find_faults({"name": "x", **extra}, Tree))
    strange = {key for key in extra if key not in Tree.__struct_fields__}
    assert {f"/{escape(key)}" for key in strange} <= {fault.pointer for fault in faults}


def test_what_is_wrong_below_a_key_is_pointed_at_by_that_key() -> None:
    tree = {
        "name": "x",
        "notes": {"a/b": "one", "~": 1, "much too long": 2},
        "marks": [{"type": "c"}, {"type": "a", "size": -1}],
    }
    assert {fault.pointer: fault.detail for fault in find_faults(tree, Tree)} == {
        "/notes/a~1b": "expected `int`, got `str`",
        "/notes/much too long": "expected `str` of length <= 4",
        "/marks/0/type": "'c' is none of a, b",
        "/marks/1/size": "expected `int` >= 0",
    }


def test_a_collection_too_long_is_pointed_at_as_a_whole() -> None:
    tree = {"name": "x", "notes": {"a": 1, "b": 2, "c": 3, "d": 4}, "marks": [{"type": "a"}] * 2}
    assert [fault.pointer for fault in find_faults(tree, Tree)] == ["/notes", "/marks"]


@pytest.mark.parametrize(
    ("message", "pointer", "detail"),
    [
        ("Expected `int`, got `str` - at `$.a[3].b`", "/a/3/b", "expected `int`, got `str`"),
        ("Expected `int`, got `str` - at `$.a[...].b`", "/a", "expected `int`, got `str`"),
        ("Expected `int`, got `str` - at `$`", "", "expected `int`, got `str`"),
        ("Object missing required field `x` - at `$.a`", "/a/x", "is required"),
        ("Object contains unknown field `a/b`", "/a~1b", "is not a known field"),
    ],
)
def test_a_place_named_by_msgspec_becomes_a_pointer(message: str, pointer: str, detail: str) -> None:
    fault = to_fault(message)
    assert (fault.pointer, fault.detail) == (pointer, detail)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    try:
        read_json(body, Tree)
    except Problem as problem:
        refused = problem
    else:
        return
    assert refused.status in (400, 422)
    assert refused.errors
