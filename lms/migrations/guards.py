"""The triggers that refuse to change or delete records, from what each table says of itself.

A table says so in its `info`: `immutable` (no update, no delete), `no_delete`, or a condition on
OLD and NEW for `no_update_when` and `no_insert_when`. ORM listeners would not see bulk
statements, nor another program at the database; triggers do.
"""

from collections.abc import Iterator

from sqlalchemy import MetaData, Table

MESSAGE = "records are kept: {table} refuses {verb}"


def _rules(table: Table) -> Iterator[tuple[str, str | None]]:
    info = table.info
    if info.get("immutable"):
        yield "UPDATE", None
    elif "no_update_when" in info:
        yield "UPDATE", info["no_update_when"]
    if info.get("immutable") or info.get("no_delete"):
        yield "DELETE", None
    if "no_insert_when" in info:
        yield "INSERT", info["no_insert_when"]


def _sqlite(table: str, verb: str, condition: str | None) -> list[str]:
    when = f" WHEN {condition}" if condition else ""
    message = MESSAGE.format(table=table, verb=verb.lower())
    return [
        f"CREATE TRIGGER keep_{table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW{when}"
        f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
    ]


def _postgresql(table: str, verb: str, condition: str | None) -> list[str]:
    name = f"keep_{table}_{verb.lower()}"
    message = MESSAGE.format(table=table, verb=verb.lower())
    refuse = f"RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';"
    body = f"IF {condition} THEN {refuse} END IF;" if condition else refuse
    row = "OLD" if verb == "DELETE" else "NEW"
    statements = [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} RETURN {row}; END $$",
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]
    if verb == "DELETE":
        # TRUNCATE passes row triggers by.
        statements += [
            f"CREATE FUNCTION {name}_all() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {refuse} END $$",
            f"CREATE TRIGGER {name}_all BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}_all()",
        ]
    return statements


def statements(metadata: MetaData, dialect: str) -> list[str]:
    """Return the DDL that creates every guard of these tables, for `sqlite` or `postgresql`."""
    make = _sqlite if dialect == "sqlite" else _postgresql
    return [
        line
        for table in metadata.sorted_tables
        for verb, condition in _rules(table)
        for line in make(table.name, verb, condition)
    ]


def names(metadata: MetaData, dialect: str) -> list[tuple[str, str]]:
    """Return (trigger, table) of every guard; on PostgreSQL its function has the same name."""
    found = []
    for table in metadata.sorted_tables:
        for verb, _condition in _rules(table):
            name = f"keep_{table.name}_{verb.lower()}"
            found.append((name, table.name))
            if dialect == "postgresql" and verb == "DELETE":
                found.append((f"{name}_all", table.name))
    return found
