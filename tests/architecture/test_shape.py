"""The shape that keeps the project legible: small files, small functions, thin doors, one skeleton."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("inventory", "sales", "training")
MAX_FILE, MAX_FUNCTION, MAX_DOOR = 300, 40, 15
SKELETON = ("__init__.py", "app.py", "worker.py", "handlers.py", "state.py", "migrations")
EITHER = ("routes", "schemas", "queries", "models")  # a module, or a folder of the same name beyond 300 lines


def _sources(*endings: str) -> list[Path]:
    found = [path for top in ("services", "shared", "tests") for path in sorted((ROOT / top).rglob("*"))]
    return [path for path in found if path.suffix in (endings or (".py",))]


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and own length of each function: a factory is not charged for the functions that it defines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = sum(
                _length(child) for child in ast.walk(node) if child is not node and isinstance(child, ast.FunctionDef)
            )
            yield node.name, _length(node) - inner


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_longer_than_300_lines() -> None:
    # Migrations are frozen history: they are written once and never read to be changed.
    long = {
        str(path.relative_to(ROOT)): count
        for path in _sources(".py", ".js", ".css", ".html")
        if "versions" not in path.parts and (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE
    }
    assert long == {}


def test_no_function_is_longer_than_40_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{name}": length
        for path in _sources()
        if "versions" not in path.parts
        for name, length in _functions(path)
        if length > MAX_FUNCTION
    }
    assert long == {}


@pytest.mark.parametrize("service", SERVICES)
def test_doors_are_thin(service: str) -> None:
    folder = ROOT / "services" / service
    doors = [folder / "routes.py", folder / "handlers.py", *(folder / "routes").glob("*.py")]
    thick = {
        f"{path.relative_to(ROOT)}:{name}": length
        for path in doors
        if path.is_file()
        for name, length in _functions(path)
        if length > MAX_DOOR
    }
    assert thick == {}
    pages = {
        f"{path.relative_to(ROOT)}:{node.name}": _length(node)
        for path in (folder / "web").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.decorator_list and _length(node) > MAX_DOOR
    }
    assert pages == {}


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_skeleton(service: str) -> None:
    folder = ROOT / "services" / service
    missing = [name for name in SKELETON if not (folder / name).exists()]
    missing += [name for name in EITHER if not ((folder / f"{name}.py").is_file() or (folder / name).is_dir())]
    assert missing == []
    assert (folder / "usecases").is_dir()


def test_every_service_has_a_card() -> None:
    for service in SERVICES:
        card = (
            ast.get_docstring(ast.parse((ROOT / "services" / service / "__init__.py").read_text(encoding="utf-8")))
            or ""
        )
        for word in ("owns", "announces", "listens to"):
            assert word in card.lower(), f"the card of {service} does not say what it {word}"


def test_tests_mirror_the_tree() -> None:
    for kind in ("unit", "integration"):
        known = {*SERVICES, "shared", "messaging", "local", "system", "cli", "__pycache__"}
        folders = {path.name for path in (ROOT / "tests" / kind).iterdir() if path.is_dir()}
        assert folders <= known, folders - known
