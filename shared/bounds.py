"""What is wrong with a value, found at a cost that its errors do not drive up: after a few, nobody reads on.

marshmallow tells of every error there is, at some 20 µs each: one item of 4 MB that holds nothing but unknown names
took 8 s, and two hundred `{}` in a list, six hundred bytes, make over a thousand errors. So each value is looked
through here first, by the fields of the schema itself and in its words; only what nothing is found in goes on to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing, validate

from shared.errors import flatten

#: So many errors of one value are told.
MOST_ERRORS = 20
_LONGEST_NAME = 100  # characters of an unknown one, as it is told
_MOST_NAMES = 1000  # in an object that may hold any

Errors = dict[str, list[str]]


class Beside(fields.Nested):
    """An object that comes beside what matters: what cannot be read of it counts as not said."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """What it says, or None."""
        if isinstance(value, Mapping) and wrong(self.schema, value):
            return None
        with suppress(ValidationError):
            return super().deserialize(value, attr, data, **kwargs)
        return None


def load(schema: Schema, raw: Any) -> Any:
    """The value that `schema.load` gives. Raises ValidationError with as many errors as anybody reads."""
    if errors := wrong(schema, raw):
        raise ValidationError(errors)
    return schema.load(raw)


def told(error: ValidationError) -> Errors:
    """The errors by path, no more than a few: those of `load`, or of a schema's own."""
    return _few((where, text) for where, texts in flatten(error.messages).items() for text in texts)


def wrong(schema: Schema, raw: Any) -> Errors:
    """Errors by path as a schema would tell them, the first few; none does not yet mean that it can be loaded."""
    return _few(_object(schema, raw, ""))


def _few(found: Iterator[tuple[str, str]]) -> Errors:
    errors: Errors = {}
    for number, (where, text) in enumerate(found):
        if number == MOST_ERRORS:
            errors.setdefault("body", []).append("There is more that is wrong.")
            break
        errors.setdefault(where or "body", []).append(text)
    return errors


def _object(schema: Schema, raw: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(raw, Mapping):
        yield path, str(schema.error_messages["type"])
        return
    known = {field.data_key or name: field for name, field in schema.load_fields.items()}
    for name, field in known.items():
        yield from _value(field, raw.get(name, missing), _within(path, name))
    if schema.unknown == "raise":
        for name in raw:
            if name not in known:
                yield _within(path, str(name)[:_LONGEST_NAME]), str(schema.error_messages["unknown"])


def _value(field: fields.Field[Any], value: Any, where: str) -> Iterator[tuple[str, str]]:
    if value is missing or value is None:
        yield from _complaints(field, value, where)
    elif isinstance(field, fields.Nested) and not isinstance(field, Beside):
        if isinstance(field.schema, Schema) and not field.schema.many:
            yield from _object(field.schema, value, where)
    elif isinstance(field, fields.List):
        yield from _list(field, value, where)
    elif isinstance(field, fields.Dict) and isinstance(value, Mapping) and len(value) > _MOST_NAMES:
        yield where, f"Longer than maximum length {_MOST_NAMES}."
    else:
        yield from _complaints(field, value, where)


def _list(field: fields.List[Any], value: Any, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield where, str(field.error_messages["invalid"])
        return
    try:
        for rule in field.validators:
            if isinstance(rule, validate.Length):  # before anything in it is looked at
                rule(value)
    except ValidationError as error:
        yield from ((where, str(text)) for text in error.messages)
        return
    if type(field.inner) is fields.Raw:
        return
    for index, one in enumerate(value):
        yield from _value(field.inner, one, f"{where}.{index}")


def _complaints(field: fields.Field[Any], value: Any, where: str) -> Iterator[tuple[str, str]]:
    try:
        field.deserialize(value)
    except ValidationError as error:
        for path, texts in flatten(error.messages).items():
            yield from ((where if path == "body" else f"{where}.{path}", text) for text in texts)


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
