"""Column types that the tables share: enumerations as text, and JSON with a declared shape."""

from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, Dialect, Enum
from sqlalchemy.types import TypeDecorator


def string_enum(kind: type[StrEnum], length: int) -> Enum:
    """A column of text that holds values of `kind`, and of nothing else, and reads as `kind`.

    Args:
        kind: the enumeration; its values are what the database stores, not its names.
        length: of the column, in characters.

    Raises:
        LookupError: (of the column) a row holds another text; it names the text and the kind.
        StatementError: (of the column) another text is written or compared with.
    """
    return Enum(
        kind,
        native_enum=False,  # a further value then needs no change of a type on PostgreSQL
        create_constraint=False,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
        length=length,
    )


class TypedJSON(TypeDecorator[Any]):
    """A column of JSON that reads as a model, and is validated when it is read and written.

    None is NULL. A row that does not fit raises pydantic's ValidationError, which names the model
    and the field; so does a value that is to be written.

    Args:
        model: a pydantic model or a dataclass with the fields of the stored object, or another type
            that pydantic knows, such as that of a list.
        none_as_empty: the column takes no NULL, and holds an empty object for None.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, model: Any, *, none_as_empty: bool = False) -> None:
        super().__init__(none_as_null=True)
        self.model = model
        self.none_as_empty = none_as_empty
        self._adapter: TypeAdapter[Any] = TypeAdapter(model)

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        """The object as plain JSON."""
        if value is None:
            return {} if self.none_as_empty else None
        return self._adapter.dump_python(self._adapter.validate_python(value), mode="json")

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        """The model, made of what was stored."""
        if value is None or (self.none_as_empty and value == {}):
            return None
        return self._adapter.validate_python(value)
