"""Clients: told apart, and never named."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.core.clients import Clients, network

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def clients(key: bytes = b"a key") -> Clients:
    return Clients(lambda: key)


class TestNetwork:
    @pytest.mark.parametrize(
        ("address", "client"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
            (None, "unknown"),
            ("a-socket", "a-socket"),
        ],
    )
    def test_is_an_address_or_the_half_of_one(self, address: str | None, client: str) -> None:
        assert network(address) == client


class TestDigest:
    def test_tells_clients_apart_and_knows_one_again(self) -> None:
        one = clients().digest("192.0.2.7", NOON)
        assert clients().digest("192.0.2.7", NOON + timedelta(hours=11)) == one
        assert clients().digest("192.0.2.8", NOON) != one

    def test_is_another_the_next_day_and_with_another_key(self) -> None:
        one = clients().digest("192.0.2.7", NOON)
        assert clients().digest("192.0.2.7", NOON + timedelta(days=1)) != one
        assert clients(b"another key").digest("192.0.2.7", NOON) != one


class TestMark:
    def test_is_the_same_every_day_and_another_in_every_matter(self) -> None:
        one = clients().digest_for("192.0.2.7", "report 1")
        assert clients().digest_for("192.0.2.7", "report 1") == one
        assert clients().digest_for("192.0.2.8", "report 1") != one
        assert clients().digest_for("192.0.2.7", "report 2") != one


class TestKey:
    def test_is_asked_for_once_and_again_where_it_could_not_be_had(self) -> None:
        is_away = True

        def ask() -> bytes:
            if is_away:
                raise ConnectionError("the database")
            return b"a key"

        made = Clients(ask)
        with pytest.raises(ConnectionError):
            made.get_ready()
        assert not made.is_ready
        is_away = False
        made.get_ready()
        assert made.is_ready
        assert made.digest("192.0.2.7", NOON) == clients().digest("192.0.2.7", NOON)
