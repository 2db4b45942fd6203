"""`mirror token`, without a process."""

from tests.unit.cli.conftest import Command


def test_a_token_is_shown_once_listed_and_ended(mirror: Command) -> None:
    token = mirror("token", "add", "grafana").strip()
    assert "shown this once" in mirror.error
    assert len(token) > 40
    assert mirror.json("token", "add", "phone")["name"] == "phone"
    listed = mirror.json("token", "list")
    assert [row["name"] for row in listed] == ["grafana", "phone"]
    assert listed[0]["last_used_at"] is None
    assert listed[0]["created_at"].endswith("Z")
    shown = mirror("token", "list")
    assert token not in shown
    assert shown.count("never") == 2
    assert mirror.json("token", "revoke", "phone") == {"name": "phone", "revoked": True}
    assert "has ended" in mirror("token", "revoke", "grafana")
    assert mirror.json("token", "list") == []


def test_a_name_is_taken_once(mirror: Command) -> None:
    mirror("token", "add", "grafana")
    mirror("token", "add", "grafana", code=2)
    assert "exists already" in mirror.error
    mirror("token", "revoke", "nobody", code=2)
    assert "mirror token list" in mirror.error
