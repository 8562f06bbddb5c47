"""Column types that the tables share: an enumeration stored as the text of its values."""

from enum import StrEnum

from sqlalchemy import Enum


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
