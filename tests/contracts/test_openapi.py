"""Each service answers as its `/openapi.json` says, whatever is sent: no 5xx, every answer conforms."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.auth import ROLES, issue
from shared.db import Database

SERVICES = ("training", "inventory", "sales")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCOPES = {"workshop": "WS-RTI", "outlet": "OUT-DKR", "register": "OUT-DKR-1", "service": "inventory"}
FUZZ = settings(max_examples=25, suppress_health_check=list(HealthCheck))


def _app(service: str, database_for: Callable[[str], Database]) -> Any:
    return importlib.import_module(f"services.{service}.app").create_app(database_for(service))


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_is_valid_openapi_31(service: str, database_for: Callable[[str], Database]) -> None:
    document = json.loads(_app(service, database_for).test_client().get(f"/{service}/openapi.json").data)
    OpenAPIV31SpecValidator(document).validate()
    operations = [op for path in document["paths"].values() for name, op in path.items() if name != "parameters"]
    assert len(operations) >= 20
    assert [op for op in operations if not op.get("summary")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_input_whatever_brings_a_server_error_or_an_answer_that_was_not_announced(
    service: str, database_for: Callable[[str], Database]
) -> None:
    app = _app(service, database_for)
    schema = schemathesis.openapi.from_wsgi(f"/{service}/openapi.json", app=app)
    failures: list[str] = []
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # an invalid operation raises here
        role = next(iter(operation.definition.raw["x-roles"]))
        failures += _fuzz(operation, _headers(role))
    assert failures == []


def _headers(role: str) -> dict[str, str]:
    if role not in ROLES:
        return {}
    scope = {name: SCOPES[name] for name in ROLES[role]}
    return {"Authorization": f"Bearer {issue(role=role, lifetime=timedelta(hours=1), **scope)}"}


def _fuzz(operation: Any, headers: dict[str, str]) -> list[str]:
    from hypothesis import given

    @FUZZ
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    try:
        call()
    except BaseExceptionGroup as group:
        return [f"{operation.label}: {error}" for error in group.exceptions]
    except Exception as error:
        return [f"{operation.label}: {error}"]
    return []
