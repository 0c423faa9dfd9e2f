"""Tests run beside each other, on one PostgreSQL, one Redis and a machine that has other work: none may hang on that.

What can be told from the source is told here. How tests wait instead: tests/waiting.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from shared import config
from shared.config import SERVICES

TESTS = Path(__file__).resolve().parents[1]
#: Programs that load, break or measure a system of their own; their pauses and timeouts are part of what they do.
PROGRAMS = {"benchmarks", "chaos"}
LEAST = 30.0  # seconds that a wait has at least

Found = Iterator[tuple[str, ast.AST]]


def _sources(*, programs: bool) -> list[Path]:
    """All tests; the modules of programs, too."""
    found = [path for path in sorted(TESTS.rglob("*.py")) if path != Path(__file__)]
    return [path for path in found if programs or path.parent.name not in PROGRAMS or path.name.startswith("test_")]


def _nodes(*, programs: bool = True) -> Found:
    for path in _sources(programs=programs):
        yield from ((f"{path.relative_to(TESTS)}:{line}", node) for line, node in _of(path))


@cache
def _of(path: Path) -> list[tuple[int, ast.AST]]:
    """Calls and strings, by line."""
    wanted = (ast.Call, ast.JoinedStr, ast.Constant)
    return [(one.lineno, one) for one in ast.walk(ast.parse(path.read_bytes())) if isinstance(one, wanted)]


def _texts() -> Iterator[tuple[str, str]]:
    """Every string, the parts of an f-string as one."""
    parts: set[ast.AST] = set()
    for at, node in _nodes():
        if isinstance(node, ast.JoinedStr):
            parts.update(node.values)
            yield at, ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield at, node.value


def _called(node: ast.AST) -> str:
    """`sleep` for `time.sleep(…)`; empty for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)


def _literal(node: ast.expr) -> float | None:
    return float(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else None


@pytest.mark.parametrize(
    ("what", "unless"),
    [
        # Roles and backends are the server's: other tests' sessions go by the same name.
        (r"pg_(terminate|cancel)_backend\(pid", r"datname = "),
        (r"FROM pg_stat_activity", r"datname = |query LIKE|application_name LIKE"),
        (r"FROM pg_locks", r"datname = |current_database\(\)"),
        (r"ALTER (SYSTEM|ROLE|USER)\b", r"(?!)"),
    ],
)
def test_what_a_server_shares_is_asked_and_changed_for_one_database(what: str, unless: str) -> None:
    assert [at for at, text in _texts() if re.search(what, text) and not re.search(unless, text)] == []


def test_nobody_empties_or_changes_the_redis_of_all() -> None:
    names = {"flushall", "config_set", "config_resetstat", "client_kill", "script_flush"}
    calls = [at for at, node in _nodes(programs=False) if _called(node) in names]
    assert calls == []


def test_nobody_waits_by_sleeping() -> None:
    found = [at for at, node in _nodes(programs=False) if _called(node) == "sleep"]
    assert [at for at in found if not at.startswith("waiting.py")] == []


def test_a_page_is_waited_for_by_what_it_shows() -> None:
    hands = ("browser/terminals.py", "browser/test_ops.py")  # keys as slow as a hand's; a page that must stand still
    found = [at for at, node in _nodes() if _called(node) == "wait_for_timeout"]
    assert [at for at in found if not at.startswith(hands)] == []


def test_every_browser_has_patience() -> None:
    """Playwright gives a click or a page 30 s, whatever `expect` was told."""
    calls = [(at, node) for at, node in _nodes() if isinstance(node, ast.Call)]
    patient = {ast.unparse(one) for _, call in calls if _called(call) == "patient" for one in call.args}
    made = [(at, call) for at, call in calls if _called(call) in {"new_context", "launch_persistent_context"}]
    assert [at for at, call in made if ast.unparse(call) not in patient] == []
    assert len(made) > 5


def test_every_request_has_patience() -> None:
    """httpx gives an answer 5 s, if nobody says otherwise."""
    calls = [(at, node) for at, node in _nodes(programs=False) if isinstance(node, ast.Call)]
    verbs = tuple(f"httpx.{verb}" for verb in ("get", "post", "put", "patch", "delete", "request", "stream", "Client"))
    asked = [(at, call) for at, call in calls if ast.unparse(call.func) in verbs]
    known = [(at, {word.arg for word in call.keywords}) for at, call in asked]
    assert [at for at, words in known if not words & {"timeout", "transport"}] == []
    assert len(known) > 20


def test_every_wait_has_patience() -> None:
    hurried = []
    for at, node in _nodes(programs=False):
        name = _called(node)
        if not isinstance(node, ast.Call) or name in {
            "Barrier",
            "client",
            "inspect",
        }:  # what must not come; what is tested
            continue
        unit = 1000 if name.startswith(("to_", "not_to_")) else 1
        given = [word.value for word in node.keywords if word.arg in {"timeout", "patience"}]
        hurried += [at for one in given if (found := _literal(one)) is not None and found < LEAST * unit]
    assert hurried == []


def test_no_example_has_a_deadline() -> None:
    calls = [(at, node) for at, node in _nodes() if isinstance(node, ast.Call)]
    given = [(at, word.value) for at, call in calls for word in call.keywords if word.arg == "deadline"]
    assert [at for at, value in given if ast.unparse(value) != "None"] == []


def test_ports_come_from_where_no_two_get_the_same() -> None:
    """`bind(("127.0.0.1", 0))`, closed and used later, is anybody's meanwhile: `shared.local.home.free_port`."""
    found = [
        at
        for at, node in _nodes()
        if isinstance(node, ast.Call) and _called(node) == "bind" and re.search(r"127.0.0.1', 0", ast.unparse(node))
    ]
    assert found == []


def test_no_test_asks_a_system_that_somebody_has_up() -> None:
    """The services look for each other on port 8080, if no setting says otherwise."""
    assert [one for one in SERVICES if "8080" in config.get("LAPAK_{SERVICE}_URL", one)] == []
