"""An installation has one key: made once, whoever comes first, and held against by the others."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backend.core.db import Database, utc_now
from backend.core.errors import UnavailableError
from backend.core.settings import Settings
from backend.installation import key, repository
from backend.installation.key import WrongKeyError
from backend.submissions.fields import patient_hash
from backend.tables import Installation
from tests.conftest import Api
from tests.factories import create_user
from tests.factories_contributions import create_contribution, create_submission


def host(folder: Path, kept: bytes | None = None, given: str | None = None) -> Settings:
    """Settings of a process with a data folder of its own, the file of an earlier version in it."""
    folder.mkdir()
    if kept is not None:
        (folder / "client.key").write_bytes(kept)
    return Settings.model_validate({"data_dir": folder, "client_key": given})


def row(database: Database) -> Installation | None:
    with database.read() as session:
        return repository.get(session)


def with_patient(database: Database, patient_hash: str = "a" * 64, **changes: Any) -> None:
    with database.write() as session:
        submission = create_submission(session, **changes)
        create_contribution(session, submission, patient_hash=patient_hash)
        session.commit()


class TestEstablish:
    def test_makes_one_key_for_all_hosts(self, database: Database, tmp_path: Path) -> None:
        hosts = [host(tmp_path / name) for name in ("one", "two", "three")]
        keys = {key.establish(database, each) for each in hosts}
        assert len(keys) == 1
        assert len(keys.pop()) == key.KEY_BYTES
        made = row(database)
        assert made is not None
        assert made.key_origin == "made"

    def test_makes_one_where_many_processes_start_at_once(
        self, database: Database, tmp_path: Path
    ) -> None:
        hosts = [host(tmp_path / str(n)) for n in range(8)]
        at_once = threading.Barrier(len(hosts))
        keys: list[bytes] = []

        def begin(settings: Settings) -> None:
            mine = Database(database.engine)
            at_once.wait(20)
            keys.append(key.establish(mine, settings))

        threads = [threading.Thread(target=begin, args=(each,)) for each in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(keys) == len(hosts)
        assert len({*keys}) == 1

    def test_of_many_with_keys_of_their_own_one_wins_and_the_others_do_not_start(
        self, database: Database, tmp_path: Path
    ) -> None:
        hosts = [host(tmp_path / str(n), kept=bytes([n]) * 32) for n in range(6)]
        at_once = threading.Barrier(len(hosts))
        keys: list[bytes | None] = []

        def begin(settings: Settings) -> None:
            at_once.wait(20)
            try:
                keys.append(key.establish(Database(database.engine), settings))
            except WrongKeyError:
                keys.append(None)

        threads = [threading.Thread(target=begin, args=(each,)) for each in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(each is None for each in keys) == [False] + [True] * 5

    def test_takes_over_the_file_of_an_earlier_version(
        self, database: Database, tmp_path: Path
    ) -> None:
        with_patient(database)
        old = host(tmp_path / "old", kept=b"\xff" * 32)
        assert key.establish(database, old) == b"\xff" * 32
        assert key.establish(database, old) == b"\xff" * 32
        assert key.establish(database, host(tmp_path / "new")) == b"\xff" * 32

    def test_a_second_file_is_refused_with_what_to_do(
        self, database: Database, tmp_path: Path
    ) -> None:
        key.establish(database, host(tmp_path / "one", kept=b"1" * 32))
        two = host(tmp_path / "two", kept=b"2" * 32)
        with pytest.raises(WrongKeyError) as refused:
            key.establish(database, two)
        said = str(refused.value)
        assert str(tmp_path / "two" / "client.key") in said
        assert "Move the file away" in said
        (tmp_path / "two" / "client.key").unlink()
        assert key.establish(database, two) == b"1" * 32

    def test_never_makes_a_second_key_where_patients_were_hashed(
        self, database: Database, tmp_path: Path
    ) -> None:
        with_patient(database)
        with pytest.raises(WrongKeyError, match=r"client\.key"):
            key.establish(database, host(tmp_path / "new"))
        assert row(database) is None

    def test_a_setting_stays_out_of_the_database(self, database: Database, tmp_path: Path) -> None:
        given = host(tmp_path / "one", given="a secret of the operator")
        assert key.establish(database, given) == b"a secret of the operator"
        made = row(database)
        assert made is not None
        assert (made.key, made.key_origin) == (None, "setting")
        assert "secret" not in made.key_fingerprint

    @pytest.mark.parametrize("other", [None, "another one"])
    def test_a_setting_must_be_the_same_everywhere(
        self, database: Database, tmp_path: Path, other: str | None
    ) -> None:
        key.establish(database, host(tmp_path / "one", given="the one"))
        with pytest.raises(WrongKeyError, match="POCOVID_CLIENT_KEY") as refused:
            key.establish(database, host(tmp_path / "two", given=other))
        assert "the one" not in str(refused.value)
        assert "another one" not in str(refused.value)

    def test_a_setting_that_comes_later_is_refused(
        self, database: Database, tmp_path: Path
    ) -> None:
        key.establish(database, host(tmp_path / "one"))
        with pytest.raises(WrongKeyError, match="Unset it"):
            key.establish(database, host(tmp_path / "two", given="mine"))

    def test_a_setting_counts_before_a_file(self, database: Database, tmp_path: Path) -> None:
        both = host(tmp_path / "one", kept=b"unused", given="the setting")
        assert key.establish(database, both) == b"the setting"

    def test_an_empty_file_is_no_key(self, database: Database, tmp_path: Path) -> None:
        with pytest.raises(WrongKeyError, match="empty"):
            key.establish(database, host(tmp_path / "one", kept=b""))


class TestCheck:
    def test_makes_none(self, database: Database, tmp_path: Path) -> None:
        assert key.check(database, host(tmp_path / "one")) is None
        assert row(database) is None


class TestPatients:
    def test_are_the_same_on_every_host(self, database: Database, tmp_path: Path) -> None:
        contributor = uuid4()
        hashes = set()
        for name in ("api", "worker"):
            settings = host(tmp_path / name)
            key.establish(database, settings)
            with database.read() as session:
                hashes.add(patient_hash(session, settings, contributor, "P17"))
        assert len(hashes) == 1

    def test_are_not_hashed_without_the_installations_key(
        self, database: Database, tmp_path: Path
    ) -> None:
        settings = host(tmp_path / "one", kept=b"1" * 32)
        with database.read() as session, pytest.raises(UnavailableError):
            patient_hash(session, settings, uuid4(), "P17")
        key.establish(database, host(tmp_path / "two"))
        with database.read() as session, pytest.raises(UnavailableError) as refused:
            patient_hash(session, settings, uuid4(), "P17")
        assert str(tmp_path) not in str(refused.value)


class TestHashedBefore:
    def test_names_what_no_later_submission_confirms(
        self, database: Database, tmp_path: Path
    ) -> None:
        earlier = utc_now() - timedelta(days=3)
        with database.write() as session:
            ada, ben = create_user(session), create_user(session)
            old = create_submission(session, ada, created_at=earlier)
            lost = [
                create_contribution(session, old, patient_hash="a" * 64, created_at=earlier)
                for _ in range(2)
            ]
            create_contribution(session, old, patient_hash="b" * 64, created_at=earlier)
            create_contribution(session, old, patient_hash=None, created_at=earlier)
            session.commit()
        settings = host(tmp_path / "one", kept=b"1" * 32)
        key.establish(database, settings)
        with database.write() as session:
            new = create_submission(session, ada)
            create_contribution(session, new, patient_hash="b" * 64)  # the same key as before
            create_contribution(session, new, patient_hash="c" * 64)
            create_contribution(session, create_submission(session, ben), patient_hash="d" * 64)
            session.commit()
        with database.read() as session:
            (found,) = repository.hashed_before(session)
        assert (found.contributor_id, found.patient_hash) == (ada.id, "a" * 64)
        assert {*found.contributions} == {each.id for each in lost}

    def test_is_empty_where_there_was_one_key_from_the_start(
        self, database: Database, tmp_path: Path
    ) -> None:
        key.establish(database, host(tmp_path / "one"))
        with_patient(database)
        with database.read() as session:
            assert repository.hashed_before(session) == []


class TestApi:
    def test_two_with_folders_of_their_own_know_one_patient(
        self, start_api: Callable[..., Api], tmp_path: Path
    ) -> None:
        one, two = (start_api(data_dir=tmp_path / name) for name in ("one", "two"))
        with one.database.read() as session:
            first = patient_hash(session, one.settings, uuid4(), "P17")
            assert first is not None
        assert key.check(one.database, one.settings) == key.check(two.database, two.settings)
        assert not list(tmp_path.rglob("client.key"))
