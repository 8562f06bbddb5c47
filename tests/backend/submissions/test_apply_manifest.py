"""Which recording a table's row fills: the same in whatever order rows and files come."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from backend.core.db import utc_now
from backend.submissions import apply_manifest
from backend.submissions.apply_manifest import ManifestUpload
from backend.tables import Contribution, Submission, Upload
from tests import names
from tests.conftest import Api, SignedIn
from tests.factories_contributions import create_contribution, create_submission, create_upload

NOTHING = {"label": None, "probe": None, "licence": None, "source": ""}
SignIn = Callable[..., SignedIn]


@pytest.fixture
def me(api: Api, sign_in: SignIn) -> SignedIn:
    return sign_in(api)


class Draft:
    """A draft that is filled step by step, each in a transaction of its own."""

    def __init__(self, api: Api, me: SignedIn, **defaults: str) -> None:
        self.api, self.me = api, me
        with api.database.write() as session:
            self.id = create_submission(session, me.user, defaults=defaults).id
            session.commit()
        self.path = f"/submissions/{self.id}"

    def add(self, name: str, archive: UUID | None = None) -> UUID:
        """A recording arrives."""
        with self.api.database.write() as session:
            submission = session.get_one(Submission, self.id)
            row = create_contribution(session, submission, state="draft", file_name=name, **NOTHING)
            create_upload(
                session, submission, contribution_id=row.id, parent_id=archive, file_name=name
            )
            apply_manifest.rematch(session, submission)
            session.commit()
        return row.id

    def archive(self, name: str) -> UUID:
        with self.api.database.write() as session:
            made = create_upload(session, session.get_one(Submission, self.id), file_name=name)
            session.commit()
        return made.id

    def send(self, text: str, **changes: Any) -> apply_manifest.Report:
        """A table arrives."""
        sent = ManifestUpload(text.encode(), **changes)
        with self.api.database.write() as session:
            submission = session.get_one(Submission, self.id)
            report = apply_manifest.apply(session, self.api.settings, submission, sent)
            session.commit()
        return report

    def labels(self) -> dict[str, str | None]:
        with self.api.database.read() as session:
            query = select(Contribution).where(Contribution.submission_id == self.id)
            return {each.file_name: each.label for each in session.scalars(query)}

    def check(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.me.client.get(f"{self.path}/check").json()
        return answer


HEAD = "file_name,label\n"


class TestOrder:
    STEPS: tuple[tuple[str, str], ...] = (
        ("file", "P1-11.png"),
        ("file", "ward/P11-1.png"),
        ("table", "P1-11,covid19\nP11-1,healthy\n"),
        ("table 2", "p111.PNG,pneumonia\n"),
        ("file", "P111.png"),
    )

    @pytest.mark.parametrize("order", list(permutations(range(5)))[::5])
    def test_makes_no_difference(self, api: Api, me: SignedIn, order: tuple[int, ...]) -> None:
        draft = Draft(api, me)
        for step in order:
            kind, what = self.STEPS[step]
            if kind == "file":
                draft.add(what)
            else:
                draft.send(HEAD + what, table=kind)
        assert draft.labels() == {
            "P1-11.png": "covid19", "ward/P11-1.png": "healthy", "P111.png": "pneumonia",
        }  # fmt: skip
        found = draft.check()
        assert found["manifest"] == []
        (loose,) = found["loose"]
        assert (loose["file_name"], loose["table"], loose["line"]) == ("p111.PNG", "table 2", 2)
        assert loose["note"] == "It was applied to the file 'P111.png'."

    def test_a_file_that_makes_a_row_fit_twice_takes_back_what_the_row_said(
        self, api: Api, me: SignedIn
    ) -> None:
        draft = Draft(api, me, label="healthy")
        draft.send(HEAD + "lung.mp4,covid19\n")
        first = draft.add("a/lung.mp4")
        assert draft.labels() == {"a/lung.mp4": "covid19"}
        second = draft.add("b/lung.mp4")
        assert draft.labels() == {"a/lung.mp4": None, "b/lung.mp4": None}
        found = draft.check()
        (row,) = found["manifest"]
        assert row["status"] == "doubt"
        assert "'a/lung.mp4' and 'b/lung.mp4'" in row["problem"]
        # and the default does not quietly take the place of what the table says
        assert {each["field"] for each in found["problems"]} >= {"label"}
        items = draft.me.client.get(f"{draft.path}/contributions").json()["items"]
        assert {item["label"] for item in items} == {None}

        draft.me.client.patch(f"/contributions/{first}", json={"label": "viral"})
        assert draft.me.client.delete(f"/contributions/{second}").status_code == 204
        assert draft.labels() == {"a/lung.mp4": "viral"}


class TestSeveralTables:
    def test_rows_that_contradict_each_other_do_not_count_and_are_both_named(
        self, api: Api, me: SignedIn
    ) -> None:
        draft = Draft(api, me)
        draft.add("a.png")
        draft.send(HEAD + "a.png,covid19\n", table="one.csv")
        report = draft.send(HEAD + "\na.png,healthy\n", table="two.csv")
        assert draft.labels() == {"a.png": None}
        assert report[0]["problem"] == (
            "Line 2 of one.csv and line 3 of two.csv all fit 'a.png' and contradict each other. "
            "None of them is used."
        )
        assert len(draft.check()["manifest"]) == 2
        draft.send(HEAD + "a.png,covid19\n", table="two.csv")
        assert draft.labels() == {"a.png": "covid19"}

    def test_a_table_sent_again_replaces_its_rows(self, api: Api, me: SignedIn) -> None:
        draft = Draft(api, me)
        draft.add("a.png")
        draft.send(HEAD + "a.png,covid19\nelsewhere.png,covid19\n", table="t.csv")
        draft.send(HEAD + "a.png,healthy\n", table="t.csv")
        assert draft.labels() == {"a.png": "healthy"}
        assert len(draft.check()["manifest"]) == 1
        draft.send(HEAD + "a.png,viral\n", table="t.csv", replaces_all=True)
        assert draft.labels() == {"a.png": "viral"}
        assert draft.check()["manifest"] == []

    def test_tables_of_two_archives_with_equal_names_keep_to_their_own(
        self, api: Api, me: SignedIn
    ) -> None:
        draft = Draft(api, me)
        found = []
        for label in ("covid19", "healthy"):
            archive = draft.archive("export.zip")
            draft.send(HEAD + f"1.png,{label}\n", table="export.zip: m.csv", within=archive)
            found.append((draft.add("1.png", archive), label))
        with api.database.read() as session:
            for contribution_id, label in found:
                assert session.get_one(Contribution, contribution_id).label == label


class TestByHand:
    def test_what_a_person_set_stays(self, api: Api, me: SignedIn) -> None:
        draft = Draft(api, me)
        recording = draft.add("a.png")
        draft.send("file_name,label,note\na.png,covid19,from the table\n", table="t.csv")
        me.client.patch(f"/contributions/{recording}", json={"label": "healthy"})
        draft.add("b.png")
        draft.send("file_name,label,note\na.png,viral,again\n", table="t.csv")
        item = me.client.get(f"/contributions/{recording}").json()
        assert (item["label"], item["note"]) == ("healthy", "again")

    def test_also_what_a_person_emptied(self, api: Api, me: SignedIn) -> None:
        draft = Draft(api, me, label="viral")
        recording = draft.add("a.png")
        draft.send(HEAD + "a.png,covid19\n", table="t.csv")
        me.client.patch(f"/contributions/{recording}", json={"label": None})
        draft.add("b.png")
        assert me.client.get(f"/contributions/{recording}").json()["label"] == "viral"


class TestRefusedCells:
    def test_a_licence_that_is_none_of_ours_leaves_the_rest_and_no_default(
        self, api: Api, me: SignedIn
    ) -> None:
        draft = Draft(api, me, licence="CC BY 4.0")
        recording = draft.add("a.png")
        text = "file_name,label,probe,source,licence\na.png,covid19,convex,Ward 3,private\n"
        (row,) = draft.send(text)
        assert row["status"] == "partly"
        assert row["problem"] is not None
        assert "'private' is not one of" in row["problem"]
        item = me.client.get(f"/contributions/{recording}").json()
        assert (item["label"], item["probe"], item["source"]) == ("covid19", "convex", "Ward 3")
        assert item["licence"] is None
        (problem,) = draft.check()["problems"]
        assert problem["field"] == "licence"
        assert "Set it by hand" in problem["message"]
        me.client.patch(f"/contributions/{recording}", json={"licence": None})
        assert me.client.get(f"/contributions/{recording}").json()["licence"] == "CC BY 4.0"
        assert draft.check()["ready"] is False  # the file's own row in the list is on its way


@given(source=names.texts, note=names.texts)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_value_comes_back_byte_for_byte_or_is_refused_by_name(
    api: Api, me: SignedIn, source: str, note: str
) -> None:
    """From the CSV by way of the database to the page's list; and from the page by way of PATCH."""
    draft = Draft(api, me)
    recording = draft.add("a.png")
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("file_name", "source", "note"), ("a.png", source, note)])
    answer = me.client.post(f"{draft.path}/manifest", content=file.getvalue().encode()).json()
    item = me.client.get(f"/contributions/{recording}").json()
    assert item["note"] == note
    formula = source.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert (item["source"] == source) is not formula
    assert bool(answer["rows"][0]["problem"]) is formula

    edited = me.client.patch(f"/contributions/{recording}", json={"note": note, "source": source})
    assert (edited.status_code == 422) is formula
    if not formula:
        assert (edited.json()["note"], edited.json()["source"]) == (note, source)
    else:
        assert "spreadsheets treat as a formula" in edited.json()["detail"]
    with api.database.write() as session:
        session.execute(delete(Upload))
        session.execute(delete(Contribution))
        session.execute(delete(Submission))
        session.commit()


@given(st.lists(names.file_names, min_size=1, max_size=5, unique_by=names.nfc))
@example([" "])
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_of_many_nearly_equal_names_gets_its_own_row(
    api: Api, me: SignedIn, files: list[str]
) -> None:
    draft = Draft(api, me)
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow(("file_name", "note"))
    now = utc_now()
    with api.database.write() as session:
        submission = session.get_one(Submission, draft.id)
        for number, name in enumerate(files):
            create_contribution(
                session, submission, state="draft", file_name=name, note="", source="",
                created_at=now + timedelta(seconds=number),
            )  # fmt: skip
            table.writerow((name, name))
        apply_manifest.apply(
            session, api.settings, submission, ManifestUpload(file.getvalue().encode())
        )
        session.commit()
    items = me.client.get(f"{draft.path}/contributions").json()["items"]
    assert [(item["file_name"], item["note"]) for item in items] == [
        (name, name if name.strip() else "") for name in files
    ]


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
@pytest.mark.parametrize("name", ["source", "note", "patient", "title"])
def test_half_a_character_is_refused_with_a_sentence(me: SignedIn, name: str, text: str) -> None:
    """As JSON can write it, and no database can hold it."""
    escaped = "".join(f"\\u{ord(each):04x}" if ord(each) > 127 else each for each in text)
    fields = f'"{name}": "{escaped}"'
    body = "{" + (fields if name == "title" else f'"defaults": {{{fields}}}') + "}"
    answer = me.client.post(
        "/submissions", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["detail"].endswith(".")
