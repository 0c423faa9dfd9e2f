"""What the HTTP doors of the three services share: the app, who may call what, problems, paging, health."""

from shared.http.app import Blueprint, create_app, current_database, transaction, web_database
from shared.http.guard import PUBLIC, current_call, current_token, presented_token, require_scope, requires

__all__ = [
    "PUBLIC",
    "Blueprint",
    "create_app",
    "current_call",
    "current_database",
    "current_token",
    "presented_token",
    "require_scope",
    "requires",
    "transaction",
    "web_database",
]
