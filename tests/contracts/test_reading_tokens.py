"""Tokens for reading, on every engine: shown once, kept as hashes, ended by name or by time."""

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros
from mirror.errors import InputError, NotFound
from mirror.store import reading_tokens
from mirror.store.engine import Database
from mirror.store.platforms import digest_of
from mirror.store.reading_tokens import ReadingKey, ReadingToken


def test_a_token_is_kept_as_its_hash_alone(database: Database) -> None:
    with database.write() as connection:
        token = reading_tokens.add(connection, "grafana", now=Micros(5))
        rows = connection.execute(sa.text("SELECT * FROM reading_tokens")).all()
        assert reading_tokens.load(connection) == (ReadingKey("grafana", digest_of(token)),)
        assert reading_tokens.listed(connection) == [ReadingToken("grafana", Micros(5), None, None)]
    assert len(token) > 40
    assert token not in str(rows)


def test_a_name_is_taken_once_and_must_be_one(database: Database) -> None:
    with database.write() as connection:
        reading_tokens.add(connection, "grafana", now=Micros(1))
        with pytest.raises(InputError, match="exists already"):
            reading_tokens.add(connection, "grafana", now=Micros(2))
        for name in ("", "Grafana", "login.1", "a b"):
            with pytest.raises(InputError, match="cannot be used"):
                reading_tokens.add(connection, name, now=Micros(2))


def test_a_revoked_token_is_gone(database: Database) -> None:
    with database.write() as connection:
        reading_tokens.add(connection, "a", now=Micros(1))
        reading_tokens.revoke(connection, "a")
        assert reading_tokens.load(connection) == ()
        with pytest.raises(NotFound, match="no token 'a'"):
            reading_tokens.revoke(connection, "a")


def test_a_login_ends_and_the_next_one_cleans_up(database: Database) -> None:
    with database.write() as connection:
        first = reading_tokens.log_in(connection, now=Micros(1), until=Micros(10))
        second = reading_tokens.log_in(connection, now=Micros(9), until=Micros(19))
        assert {key.digest for key in reading_tokens.load(connection)} == {
            digest_of(first),
            digest_of(second),
        }
        reading_tokens.add(connection, "a", now=Micros(1))
        reading_tokens.log_in(connection, now=Micros(10), until=Micros(20))
        kept = reading_tokens.listed(connection)
    assert [token.expires_at for token in kept if token.name != "a"] in ([19, 20], [20, 19])
    assert len(kept) == 3


def test_the_last_use_never_goes_back(database: Database) -> None:
    with database.write() as connection:
        reading_tokens.add(connection, "a", now=Micros(1))
        for used in (7, 5):
            reading_tokens.touch(connection, {"a": Micros(used), "nobody": Micros(3)})
        assert reading_tokens.listed(connection)[0].last_used_at == 7
