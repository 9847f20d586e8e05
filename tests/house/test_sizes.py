"""One concept a file, a function one can see at a glance, and names that say something."""

import ast
import re

LONGEST_FILE = 350
LONGEST_FUNCTION = 60
EMPTY_NAMES = re.compile(r"(^|_)(util|helper|common|misc|manager|service)s?($|_)")


def test_no_file_is_longer_than_one_concept(texts: dict[str, str], sources: dict[str, ast.Module]) -> None:
    lines = {path: texts[path].count("\n") for path in sources}
    assert {path: n for path, n in lines.items() if n > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen(sources: dict[str, ast.Module]) -> None:
    long = {
        f"{path}:{node.lineno} {node.name}": n
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (n := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_every_module_and_class_says_what_it_is(sources: dict[str, ast.Module]) -> None:
    names = {part for path in sources for part in path.removesuffix(".py").split("/")}
    names |= {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower()
        for tree in sources.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    assert {name for name in names if EMPTY_NAMES.search(name)} == set()
