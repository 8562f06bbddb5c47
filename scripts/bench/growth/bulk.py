"""Many rows into a table at once, as the tables' own column types store them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite.pysqlite import dialect as sqlite_dialect

Values = Mapping[str, Any]
"""Values by the names of their columns."""

_SQLITE = sqlite_dialect()


def insert(connection: Connection, table: Table, rows: Sequence[Values], **same: Any) -> None:
    """Insert rows; PostgreSQL takes them by COPY, SQLite by one prepared statement.

    Args:
        connection: within a transaction; on PostgreSQL its time zone is set to UTC.
        table: any of `backend.tables`.
        rows: all with the same columns. What they leave out has its column's default.
        same: values of further columns, which are the same in all rows.
    """
    if not rows:
        return
    shared = {**_defaults(table, {*rows[0], *same}), **same}
    columns = [
        column for column in table.columns if column.name in rows[0] or column.name in shared
    ]
    unknown = ({*rows[0], *same}) - {column.name for column in columns}
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    # As SQLite stores them: PostgreSQL reads the same texts and numbers, with its zone at UTC.
    store = [
        _storing(column.type.dialect_impl(_SQLITE).bind_processor(_SQLITE)) for column in columns
    ]
    cells = [
        _stored([row[column.name] for row in rows], to_store)
        if column.name in rows[0]
        else [to_store(shared[column.name])] * len(rows)
        for column, to_store in zip(columns, store, strict=True)
    ]
    names = ", ".join(f'"{column.name}"' for column in columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f'COPY "{table.name}" ({names}) FROM STDIN', zip(*cells, strict=True))
    else:
        places = ", ".join("?" * len(columns))
        connection.exec_driver_sql(
            f'INSERT INTO "{table.name}" ({names}) VALUES ({places})',  # noqa: S608  # our own names
            list(zip(*cells, strict=True)),
        )


def _defaults(table: Table, given: Collection[str]) -> dict[str, Any]:
    """What SQLAlchemy would fill in of other columns than those given, the same for every row."""
    found: dict[str, Any] = {}
    for column in table.columns:
        default = column.default
        if default is None or column.primary_key or column.name in given:
            continue
        if default.is_scalar:
            found[column.name] = default.arg  # type: ignore[attr-defined]  # a scalar has one
        elif default.is_callable:
            found[column.name] = default.arg(None)  # type: ignore[attr-defined]  # of a context
    return found


def _stored(values: Sequence[Any], to_store: Callable[[Any], Any]) -> list[Any]:
    """The values as they are stored; an object that is there many times is converted once."""
    known: dict[int, Any] = {}
    for value in values:
        if id(value) not in known:
            known[id(value)] = to_store(value)
    return [known[id(value)] for value in values]


def _storing(process: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    return process or (lambda value: value)


def _copy(connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    connection.exec_driver_sql("SET TIME ZONE 'UTC'")
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101  # an open connection has one
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
