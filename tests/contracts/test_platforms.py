"""Platforms and their tokens, on every engine."""

import pytest

from mirror.core.model import Micros
from mirror.errors import InputError, NotFound
from mirror.store import platforms
from mirror.store.engine import Database
from mirror.store.platforms import PlatformRow, Token

NOW = Micros(1_000)


def add(database: Database, name: str, platform_id: str | None = None) -> PlatformRow:
    with database.write() as connection:
        return platforms.add(connection, name, platform_id, now=NOW)


def rotate(database: Database, name: str = "default") -> str:
    with database.write() as connection:
        return platforms.rotate(connection, name, now=NOW)


def revoke(database: Database, name: str = "default") -> int:
    with database.write() as connection:
        return platforms.revoke(connection, name)


def remove(database: Database, name: str = "default") -> None:
    with database.write() as connection:
        platforms.remove(connection, name, now=NOW)


def opens(database: Database, token: str, name: str = "default") -> bool:
    with database.read() as connection:
        return platforms.authenticate(connection, name, token) is not None


def listed(database: Database) -> list[PlatformRow]:
    with database.read() as connection:
        return platforms.listed(connection)


def resolve(database: Database, name: str | None = None) -> PlatformRow:
    with database.read() as connection:
        return platforms.resolve(connection, name)


def test_a_new_database_has_the_platform_default_without_a_token(database: Database) -> None:
    (found,) = listed(database)
    assert (found.name, found.platform_id, found.tokens) == ("default", "default", ())


def test_a_platform_has_its_name_for_an_id_unless_told(database: Database) -> None:
    assert add(database, "studio").platform_id == "studio"
    assert add(database, "news", "新闻-1").platform_id == "新闻-1"
    assert [row.name for row in listed(database)] == ["default", "news", "studio"]


@pytest.mark.parametrize("name", ["", "A", "-a", "_a", "a b", "é", "a/b", "a" * 65, "a\n"])
def test_a_name_that_could_not_stand_in_a_url_is_refused(database: Database, name: str) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        add(database, name)


@pytest.mark.parametrize("platform_id", ["", "a\x00b", "a\nb", "é" * 128])
def test_an_id_that_could_not_be_sent_is_refused(database: Database, platform_id: str) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        add(database, "studio", platform_id)


def test_a_name_is_taken_once(database: Database) -> None:
    with pytest.raises(InputError, match="exists already"):
        add(database, "default")


def test_a_token_opens_its_own_platform_only(database: Database) -> None:
    add(database, "studio")
    token = rotate(database)
    assert len(token) == 43
    assert opens(database, token)
    assert not opens(database, token, "studio")
    assert not opens(database, token, "nobody")
    assert not opens(database, token + "x")
    assert not opens(database, "")
    assert not opens(database, "\ud800")


def test_the_token_itself_is_nowhere_in_the_database(database: Database) -> None:
    token = rotate(database)
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM callback_tokens").all()
    assert len(rows) == 1
    assert token not in repr(rows)
    assert token.encode() not in rows[0].digest


def test_after_a_rotation_both_tokens_work_until_the_older_is_revoked(database: Database) -> None:
    older, newer = rotate(database), rotate(database)
    assert opens(database, older)
    assert opens(database, newer)
    assert revoke(database) == 1
    assert not opens(database, older)
    assert opens(database, newer)


def test_revoking_leaves_the_newest_of_many(database: Database) -> None:
    tokens = [rotate(database) for _ in range(3)]
    assert revoke(database) == 2
    assert [opens(database, token) for token in tokens] == [False, False, True]


def test_the_only_token_is_not_revoked(database: Database) -> None:
    token = rotate(database)
    with pytest.raises(InputError, match="no older token"):
        revoke(database)
    assert opens(database, token)


def test_a_removed_platform_has_no_url_and_keeps_its_row(database: Database) -> None:
    token = rotate(database)
    remove(database)
    assert not opens(database, token)
    (found,) = listed(database)
    assert (found.removed_at, found.tokens) == (NOW, ())
    for change in (rotate, revoke, remove):
        with pytest.raises(NotFound, match="was removed"):
            change(database)


def test_a_removed_platform_comes_back_where_it_was(database: Database) -> None:
    add(database, "studio", "id-1")
    remove(database, "studio")
    assert add(database, "studio") == PlatformRow("studio", "id-1", NOW)
    remove(database, "studio")
    assert add(database, "studio", "id-2").platform_id == "id-2"


def test_without_a_name_default_is_meant(database: Database) -> None:
    add(database, "studio")
    assert resolve(database).name == "default"
    assert resolve(database, "studio").name == "studio"


def test_without_default_the_only_platform_is_meant(database: Database) -> None:
    remove(database)
    with pytest.raises(NotFound, match="mirror platform add"):
        resolve(database)
    add(database, "studio")
    assert resolve(database).name == "studio"
    add(database, "news")
    with pytest.raises(NotFound, match="--platform: news, studio"):
        resolve(database)
    assert resolve(database, "default").removed_at == NOW


def test_an_unknown_name_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound, match="no platform 'nobody'"):
        resolve(database, "nobody")


def test_the_last_use_of_a_token_is_listed_and_never_goes_back(database: Database) -> None:
    older, newer = rotate(database), rotate(database)
    key = ("default", platforms.digest_of(newer))
    for used_at in (7, 9, 8):
        with database.write() as connection:
            platforms.touch(connection, {key: Micros(used_at)})
    (found,) = listed(database)
    assert found.tokens == (Token(NOW, None), Token(Micros(NOW + 1), Micros(9)))
    assert older != newer


def test_keys_tell_which_token_it_was(database: Database) -> None:
    token = rotate(database)
    with database.read() as connection:
        keys = platforms.load_keys(connection)
    assert keys.match("default", token) == platforms.digest_of(token)
    assert keys.match("default", "guess") is None
    assert keys.match("nobody", token) is None


def test_a_database_in_use_is_told_from_a_new_one(database: Database) -> None:
    def in_use() -> bool:
        with database.read() as connection:
            return platforms.holds_anything(connection)

    assert not in_use()
    rotate(database)
    assert in_use()


def test_a_platform_is_adopted_from_another_database(database: Database) -> None:
    other = PlatformRow("studio", "id-1", Micros(5), Micros(6))
    changed = PlatformRow("default", "id-2", Micros(7))
    with database.write() as connection:
        platforms.adopt(connection, other)
        platforms.adopt(connection, changed)
    assert listed(database) == [changed, other]
