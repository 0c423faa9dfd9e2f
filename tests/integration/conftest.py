"""What holds for each test of a service's app."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import pytest
from flask import Flask

from shared.db import Database
from shared.web import limits


@pytest.fixture
def app_of(database_for: Callable[[str], Database]) -> Callable[[str], Flask]:
    """The app of a service."""

    def app_of(service: str) -> Flask:
        app: Flask = importlib.import_module(f"services.{service}.app").create_app(database_for(service))
        return app

    return app_of


@pytest.fixture(autouse=True)
def nobody_has_guessed() -> None:
    """Guesses count for the process, which is that of all tests."""
    limits.forget()
