"""Fill every table with rows of difficult values, made from what the tables say of themselves."""

from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    Table,
    insert,
    select,
    update,
)
from sqlalchemy import Enum as EnumType

from lms.db import Base, UTCDateTime

ODD = "“Ó’Brien”; DROP TABLE — 王小明\n\t\u2028 محمد 👩🏽‍⚕️ \\u0041 {\"b64\": 1}"
INSTANT = datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)
DATA: dict[str, Any] = {
    "b64": "not base64 at all", "α": [1, 2.5, True, None, {"": "x"}], "zero": 0, "text": ODD,
}

# Where a constraint ties columns together, what one row of the table says.
SAID: dict[str, list[dict[str, Any]]] = {
    "organisations": [{"id": 1}],
    # The first points at a later one: it can't be filled in order.
    "departments": [{"id": 1, "parent_id": 2}, {"id": 2, "parent_id": None}],
    "role_grants": [
        {"role": "coordinator"},
        {"role": "planner", "department_id": None, "revoked_at": None},
    ],
    "assignments": [{"series_key": None}, {"course_id": None}],
    "attempts": [{"ended_at": None, "outcome": None}],
    "ledger_entries": [
        {"seq": 1, "kind": "issued"},
        {"seq": 2, "kind": "revoked", "code": None, "award_key": None, "facts": None},
    ],
    "time_extensions": [{"percent": 50}],
    "messages": [{}, {"sent_at": None, "person_id": None, "is_secret": True}],
}


def _value(column: Column[Any], number: int) -> Any:
    kind = column.type
    if isinstance(kind, EnumType):
        return list(kind.enum_class)[-1] if kind.enum_class else kind.enums[-1]
    if isinstance(kind, UTCDateTime):
        return INSTANT
    plain = {
        Date: date(2028, 2, 29), Boolean: number % 2 == 0, LargeBinary: bytes(range(256)) * 40,
        JSON: DATA, Integer: number,
    }
    for one, value in plain.items():
        if isinstance(kind, one):
            return value
    length = getattr(kind, "length", None)
    text = f"{number}-{column.name}-{ODD}"
    return text[:length] if length else text * 50


def _key(connection: Connection, column: Column[Any]) -> Any:
    """Return a value that this foreign key may hold: one of the rows made before."""
    target = next(iter(column.foreign_keys)).column
    return connection.execute(select(target).order_by(target.desc()).limit(1)).scalar_one()


def _row(connection: Connection, table: Table, number: int, said: dict[str, Any]) -> dict[str, Any]:
    row = {}
    for column in table.columns:
        if column.name in said:
            row[column.name] = said[column.name]
        elif column.foreign_keys:
            row[column.name] = _key(connection, column)
        else:
            row[column.name] = _value(column, number)
    return row


def fill_every_table(connection: Connection) -> None:
    """Put one row or two into each table, guards in force, as the product's history would."""
    for table in Base.metadata.sorted_tables:
        rows = [
            _row(connection, table, number, said)
            for number, said in enumerate(SAID.get(table.name, [{}]), start=1)
        ]
        first_ones = [
            {name: None if name == "parent_id" else value for name, value in row.items()}
            for row in rows
        ]
        for row in first_ones:
            connection.execute(insert(table), row)
        if table.name == "departments":
            for row in rows:
                connection.execute(
                    update(table).where(table.c.id == row["id"]).values(parent_id=row["parent_id"])
                )
    # The attempt ends after its answers were saved, as the guards demand.
    attempts = Base.metadata.tables["attempts"]
    connection.execute(update(attempts).values(ended_at=INSTANT, outcome="passed"))


def everything(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables, as Python sees them."""
    return {
        table.name: [
            {name: value.value if isinstance(value, Enum) else value for name, value in row.items()}
            for row in connection.execute(
                select(table).order_by(*table.primary_key.columns)
            ).mappings()
        ]
        for table in Base.metadata.sorted_tables
    }
