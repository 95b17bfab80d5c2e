"""What is kept of a statement's text: no password, no constant."""

import pytest

from stack.local import Stack
from tests.integration.own_database import OwnDatabase
from tests.integration.pipeline import Database
from tests.integration.snapshots.made import (
    take,
)

SECRET = "pass" + "word-that-nobody-reads"
UTILITIES = (
    "ALTER ROLE streaming_statements PASSWORD '{0}'",
    "/* SELECT */ CREATE ROLE streaming_statements_2 PASSWORD '{0}'",
    "-- select\nALTER ROLE streaming_statements PASSWORD '{0}'",
    "SET application_name = '{0}'",
    "COPY (SELECT '{0}') TO PROGRAM 'cat > /dev/null; true {0}'",
    "COPY pg_temp.secrets FROM PROGRAM 'echo {0}'",
    "DO $$ BEGIN PERFORM '{0}'; END $$",
    "SELECT '{0}'",
    "WITH a AS (SELECT '{0}' AS x) SELECT * FROM a WHERE x = '{0}'",
    "CREATE TEMP TABLE secret_copy AS SELECT '{0}' AS x",
    "EXPLAIN SELECT '{0}'",
    "COMMENT ON ROLE streaming_statements IS '{0}'",
)


def test_no_password_is_kept(owner: Database, superuser: Database) -> None:
    """Of commands only the first words; of queries no constants. pg_stat_statements itself has them: that is the test."""
    superuser.execute("CREATE ROLE streaming_statements; CREATE TEMP TABLE secrets (line text)")
    try:
        for statement in UTILITIES:
            superuser.execute(statement.format(SECRET))
        told = superuser.execute(
            "SELECT count(*) FROM pg_stat_statements WHERE query LIKE %s", [f"%{SECRET}%"]
        )
        assert told.fetchone() != (0,)
        take(owner)
        texts = [text for (text,) in owner.execute("SELECT text FROM statement").fetchall()]
        assert not [text for text in texts if SECRET in text]
        assert {"ALTER ROLE …", "CREATE ROLE …", "SET …", "COPY …", "DO …"} <= set(texts)
    finally:
        superuser.execute("DROP ROLE IF EXISTS streaming_statements, streaming_statements_2")


def test_passwords_of_roles_are_told_to_nobody(
    stack: Stack, database: OwnDatabase, superuser: Database
) -> None:
    """Bootstrap sets them, and they work; the statistics of statements have neither them nor what they are checked by."""
    superuser.execute("SELECT pg_stat_statements_reset()")
    database.make()
    known = {password for name, password in stack.passwords.items() if name.startswith("database/")}
    texts = [text for (text,) in superuser.execute("SELECT query FROM pg_stat_statements").fetchall()]
    assert any("pg_roles" in text for text in texts)
    assert not [text for text in texts if "SCRAM-SHA-256" in text or any(word in text for word in known)]
    database.connect("readonly").close()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT 1", "SELECT 1"),
        ("  -- why\n /* because * of ** this */ ((select 1)", None),
        ("COPY measurement_batch FROM STDIN (FORMAT BINARY)", None),
        ('copy public."a b" (x, y) from stdin', "COPY public …"),
        ("COPY t FROM STDIN_secret", "COPY t …"),
        ("COPY t FROM '/etc/passwd'", "COPY t …"),
        ("MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE", None),
        ("selection of 'x'", "SELECTION OF …"),
        ("CALL 'x'", "CALL …"),
        ("", " …"),
        ("NOTIFY " + "x" * 3_000, "NOTIFY " + "X" * 93 + " …"),
        ("/* open comment SELECT 'x'", " …"),
        ("SELECT " + "x" * 3_000, "SELECT " + "x" * 1_993),
    ],
)
def test_shown_statement_is_a_query_or_the_first_words(
    owner: Database, query: str, shown: str | None
) -> None:
    """None: as it is."""
    row = owner.execute("SELECT shown_statement(%s)", [query]).fetchone()
    assert row is not None
    if shown is not None and shown.startswith(("COPY", "SELECTION")):
        assert row[0].casefold() == shown.casefold()
    else:
        assert row[0] == (query if shown is None else shown)
