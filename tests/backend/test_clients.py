"""Clients: told apart, and never named."""

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.clients import Clients, network
from backend.settings import Settings

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


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
    def test_tells_clients_apart_and_knows_one_again(self, settings: Settings) -> None:
        clients = Clients(settings)
        one = clients.digest("192.0.2.7", NOON)
        assert clients.digest("192.0.2.7", NOON + timedelta(hours=11)) == one
        assert clients.digest("192.0.2.8", NOON) != one
        assert Clients(settings).digest("192.0.2.7", NOON) == one

    def test_is_another_the_next_day_and_with_another_key(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        one = Clients(settings).digest("192.0.2.7", NOON)
        assert Clients(settings).digest("192.0.2.7", NOON + timedelta(days=1)) != one
        (tmp_path / "client.key").unlink()
        assert Clients(settings).digest("192.0.2.7", NOON) != one

    def test_is_the_same_on_hosts_that_are_given_one_key(self, tmp_path: Path) -> None:
        hosts = [
            Clients(Settings.model_validate({"data_dir": tmp_path / name, "client_key": "shared"}))
            for name in ("one", "two")
        ]
        assert len({host.digest("192.0.2.7", NOON) for host in hosts}) == 1
        assert not (tmp_path / "one").exists()


class TestKey:
    def test_is_for_its_user_alone(self, settings: Settings, tmp_path: Path) -> None:
        Clients(settings)
        assert stat.S_IMODE((tmp_path / "client.key").stat().st_mode) == 0o600

    def test_is_one_where_many_processes_start_at_once(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        at_once = threading.Barrier(8)
        digests: set[str] = set()

        def begin() -> None:
            at_once.wait(20)
            digests.add(Clients(settings).digest("192.0.2.7", NOON))

        threads = [threading.Thread(target=begin) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(digests) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["client.key"]


class TestMark:
    def test_is_the_same_every_day_and_another_in_every_matter(self, settings: Settings) -> None:
        clients = Clients(settings)
        one = clients.mark("192.0.2.7", "report 1")
        assert Clients(settings).mark("192.0.2.7", "report 1") == one
        assert clients.mark("192.0.2.8", "report 1") != one
        assert clients.mark("192.0.2.7", "report 2") != one
