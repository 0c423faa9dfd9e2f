"""SQL for what an event says, so that a value of the wrong kind is a difference and no error."""

from __future__ import annotations


def parts(name: str) -> str:
    """The elements of a list in the event's data; none when it is no list."""
    return f"jsonb_array_elements(CASE jsonb_typeof(e.data->'{name}') WHEN 'array' THEN e.data->'{name}' ELSE '[]' END)"


def word(of: str, name: str) -> str:
    """A text, a date, or a number of whole rupiah; `-` for none."""
    return f"coalesce({of}->>'{name}', '-')"


def number(of: str, name: str) -> str:
    """A quantity, without idle zeros."""
    value = f"{of}->'{name}'"
    return (
        f"CASE jsonb_typeof({value}) WHEN 'number' THEN trim_scale(({value})::numeric)::text ELSE {of}->>'{name}' END"
    )


def instant(of: str, name: str) -> str:
    """A moment, as the database writes it."""
    value = f"{of}->>'{name}'"
    return f"CASE WHEN pg_input_is_valid({value}, 'timestamptz') THEN ({value})::timestamptz::text ELSE {value} END"


def joined(*values: str) -> str:
    """Values side by side; one that is missing takes its place all the same."""
    return " || '|' || ".join(f"coalesce(({value})::text, '-')" for value in values)


def spaced(*values: str) -> str:
    """A key of several values."""
    return " || ' ' || ".join(f"coalesce(({value})::text, '-')" for value in values)


def rank(of: str, name: str) -> str:
    """A version, to order by."""
    value = f"{of}->'{name}'"
    return f"CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::numeric ELSE 0 END"
