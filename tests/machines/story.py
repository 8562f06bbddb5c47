"""The whole way, over HTTP alone: sign up, send, review, release, screen, train, activate.

Each call goes through the next API process. Whoever plays holds an API token, which every one of
them knows.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any, Self

import httpx

from backend.accounts.identity import CSRF_COOKIE, CSRF_HEADER
from tests import planted, tus
from tests.archives import packed
from tests.conftest import ANSWER_S, TLS
from tests.machines import recordings
from tests.machines.installation import Installation
from tests.machines.recordings import ARCHIVED, IN_HALVES, STORY, Sent

PATIENCE_S = 400
RETRY_S = 60
REPEATS = 3
"""How often each clip is screened at once, so that every child of every worker answers some."""

SETTINGS = {"epochs": 1, "copies": 0, "batch": 4}


class _CutOffError(Exception):
    """The sender goes away in the middle of a request."""


@dataclass
class Person:
    """Somebody with an account, and a client for each API process."""

    name: str
    id: str
    clients: list[httpx.Client] = field(repr=False)
    _turns: Iterator[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._turns = cycle(range(len(self.clients)))

    @property
    def client(self) -> httpx.Client:
        """The next of the API processes."""
        return self.clients[next(self._turns)]

    def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Ask the next API process; one that does not listen was not asked, so another is.

        Raises:
            AssertionError: the answer is a refusal.
        """
        deadline = time.monotonic() + RETRY_S
        while True:
            try:
                answer = self.client.request(method, path, **arguments)
            except httpx.ConnectError:
                assert time.monotonic() < deadline, "no API process listens"
                time.sleep(0.1)
                continue
            assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
            return answer

    def get(self, path: str, **parameters: Any) -> Any:
        """The answer's JSON."""
        return self.call("GET", path, params=parameters).json()

    def post(self, path: str, body: Any = None) -> Any:
        """The answer's JSON, or None where it is empty."""
        answer = self.call("POST", path, json={} if body is None else body)
        return answer.json() if answer.content else None


@dataclass
class Story:
    """What was told so far.

    Attributes:
        place: the installation.
        people: by name.
        batches: ids of the submissions.
        contributions: ids by the recordings' numbers.
        answers: what the models said of each clip, by model version and the clip's name.
        archive: the release, as everybody downloads it.
    """

    place: Installation
    people: dict[str, Person] = field(default_factory=dict)
    batches: dict[str, str] = field(default_factory=dict)
    contributions: dict[int, str] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    archive: bytes = b""

    def wait(
        self,
        what: str,
        condition: Callable[[], object],
        progress: Callable[[], object] | None = None,
    ) -> None:
        """Until the condition holds; with `progress`, as long as that goes on."""
        self.place.wait_until(what, condition, PATIENCE_S, progress)

    def __enter__(self) -> Self:
        """The story."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every client."""
        for person in self.people.values():
            for client in person.clients:
                client.close()


def sign_up(story: Story, admin_email: str, admin_password: str) -> None:
    """Two contributors, two reviewers, and the administrator who gives the roles."""
    story.people["admin"] = _person(story, "admin", "/sign-in", admin_email, admin_password, 0)
    for n, name in enumerate(("ada", "ben", "dora", "eve")):
        email, password = f"{name}@example.org", planted.PASSWORD
        if name in ("dora", "eve"):
            account = {"email": email, "name": name, "password": password}
            with _anonymous(story, n) as client:
                made = client.post("/accounts", json=account)
            assert made.status_code == 201, made.text
            path = f"/users/{made.json()['id']}"
            story.people["admin"].call("PATCH", path, json={"role": "reviewer"})
            story.people[name] = _person(story, name, "/sign-in", email, password, n + 1)
        else:
            story.people[name] = _person(story, name, "/accounts", email, password, n)


def _anonymous(story: Story, door: int) -> httpx.Client:
    address = story.place.doors[door % len(story.place.doors)]
    return httpx.Client(base_url=f"{address}/api/v1", timeout=ANSWER_S, verify=TLS)


def _person(story: Story, name: str, path: str, email: str, password: str, door: int) -> Person:
    """Come in at one API process, and take a token for all of them."""
    scopes = {"admin": ["admin"], "dora": ["review"], "eve": ["review"]}.get(name, ["submit"])
    account = {"email": email, "password": password}
    with _anonymous(story, door) as client:
        entered = client.post(path, json=account | ({"name": name} if path == "/accounts" else {}))
        assert entered.is_success, entered.text
        token = client.post(
            "/me/tokens",
            json={"name": "story", "scopes": scopes},
            headers={CSRF_HEADER: client.cookies[CSRF_COOKIE]},
        )
        assert token.status_code == 201, token.text
        planted.note(email, token.json()["secret"], *client.cookies.values())
    planted.note(email, password, token.json()["secret"])
    clients = [_anonymous(story, n) for n in range(len(story.place.doors))]
    for each in clients:
        each.headers["Authorization"] = f"Bearer {token.json()['secret']}"
    return Person(name, entered.json()["id"], clients)


def send(story: Story) -> None:
    """All batches: three ZIPs at once, then single files, one of which begins at a dying API."""
    planted.note(*(each.name for each in STORY), *(each.row["source"] for each in STORY))
    for batch in (*ARCHIVED, "ada-2"):
        sender = story.people[batch.partition("-")[0]]
        story.batches[batch] = sender.post("/submissions", {"title": batch})["id"]
    with ThreadPoolExecutor(len(ARCHIVED)) as senders:
        list(senders.map(lambda batch: _send_archive(story, batch), ARCHIVED))
    _send_in_halves(story, IN_HALVES)
    _send_files(story, "ada-2")
    for batch, submission in story.batches.items():
        sender = story.people[batch.partition("-")[0]]
        story.wait(f"{batch} has arrived", partial(_is_ready, sender, submission))
        for each in sender.get(f"/submissions/{submission}/contributions", limit=100)["items"]:
            sent = next(one for one in recordings.of(batch) if one.name == each["file_name"])
            assert sent.number not in story.contributions, f"{sent} is there twice"
            story.contributions[sent.number] = each["id"]


def submit(story: Story) -> None:
    """With the consent."""
    for batch, submission in story.batches.items():
        sender = story.people[batch.partition("-")[0]]
        sender.post(f"/submissions/{submission}/submit", {"consent": True})
    story.place.kill("scheduler")


def _send_archive(story: Story, batch: str) -> None:
    files = {each.name: each.content for each in recordings.of(batch)}
    content = packed({"manifest.csv": recordings.table(batch), **files})
    sender = story.people[batch.partition("-")[0]]
    door = sender.clients[ARCHIVED.index(batch) % len(sender.clients)]
    tus.send(door, story.batches[batch], f"{batch}.zip", content)


def _send_in_halves(story: Story, sent: Sent) -> None:
    """A third is sent and acknowledged, the next cut off with its API, the rest goes to another."""
    sender, content = story.people[sent.contributor], sent.content
    first, second = sender.clients[0], sender.clients[-1]
    third = len(content) // 3
    upload = tus.upload_id(tus.create(first, story.batches[sent.batch], sent.name, len(content)))
    assert tus.patch(first, upload, 0, content[:third]).status_code == 204

    def cut_off() -> Iterator[bytes]:
        yield content[third : third + third // 2]
        story.place.kill("api-1")
        raise _CutOffError

    try:
        tus.patch(first, upload, third, cut_off())
    except (_CutOffError, httpx.TransportError):
        pass
    else:
        raise AssertionError("nothing was cut off")

    def went_on() -> bool:
        """As any client does: ask how much is there, go on from there, and ask again if need be."""
        try:
            found = tus.head(second, upload)
            if found.status_code != 200:
                return False
            offset = int(found.headers["upload-offset"])
            assert third <= offset < len(content), f"{third} were acknowledged, {offset} are there"
            return tus.patch(second, upload, offset, content[offset:]).status_code == 204
        except httpx.ConnectError:
            return False

    story.wait("another API process goes on with the half upload", went_on)


def _send_files(story: Story, batch: str) -> None:
    """Each at the next API process, and the table at yet another."""
    sender, submission = story.people[batch.partition("-")[0]], story.batches[batch]
    for each in recordings.of(batch):
        if each is not IN_HALVES:
            created = sender.call(
                "POST",
                "/uploads",
                headers={
                    **tus.VERSION,
                    "Upload-Length": str(len(each.content)),
                    "Upload-Metadata": tus.metadata(filename=each.name, submission=submission),
                },
            )
            sender.call(
                "PATCH",
                f"/uploads/{tus.upload_id(created)}",
                content=each.content,
                headers={
                    **tus.VERSION,
                    "Upload-Offset": "0",
                    "Content-Type": "application/offset+octet-stream",
                },
            )
    sender.call("POST", f"/submissions/{submission}/manifest", content=recordings.table(batch))


def _is_ready(sender: Person, submission: str) -> bool:
    """Whether everything is here.

    Raises:
        AssertionError: something was refused.
    """
    check = sender.get(f"/submissions/{submission}/check")
    if check["waiting"]:
        return False
    files = sender.get(f"/submissions/{submission}/files", limit=100)["items"]
    assert [file for file in files if file["error"]] == []
    assert check["ready"], check
    return True


def review(story: Story) -> None:
    """Two reviewers in turn; halfway an API process is killed. Until every verdict is in."""
    by_id = {story.contributions[each.number]: each for each in STORY}
    asked = {each.number for each in STORY if each.verdict == "ask"}
    left = {each.number for each in STORY}
    readers = cycle((story.people["dora"], story.people["eve"]))
    middle = len(left) // 2

    def one_more() -> bool:
        reader = next(readers)
        item = reader.post("/reviews/next")
        if item is None:
            return not left
        sent = by_id[item["id"]]
        ask = sent.number in asked
        reader.post(f"/contributions/{item['id']}/reviews", _verdict(sent, ask=ask))
        if ask:
            asked.remove(sent.number)
            answer = {"answer": "It was the convex probe."}
            story.people[sent.contributor].post(f"/contributions/{item['id']}/answer", answer)
        else:
            left.remove(sent.number)
        if len(left) == middle:
            story.place.kill("api-2")
        return not left

    story.wait("every verdict is given", one_more)


def _verdict(sent: Sent, *, ask: bool) -> dict[str, Any]:
    if ask:
        return {"verdict": "request_changes", "comment": "Which probe was it?"}
    if not sent.is_approved:
        return {"verdict": "reject", "reason": "poor_quality"}
    return {
        "verdict": "approve",
        "label": sent.final_label,
        "no_identifying_marks": True,
        "comment": f"seen: {sent.number}",
    }


def release(story: Story) -> None:
    """Once everything is taken in; both API processes serve the same archive."""
    admin = story.people["admin"]
    expected = sum(each.is_approved for each in STORY)

    def all_taken_in() -> bool:
        ahead = admin.get("/releases/next")
        return bool(ahead["summary"]["recordings"] == expected and not ahead["waiting_for_ingest"])

    story.wait("every approved recording is taken in", all_taken_in)
    number = admin.post("/releases", {"note": "All of it."})["number"]
    story.place.kill("scheduler")
    story.wait("the release is made", lambda: admin.get(f"/releases/{number}")["state"] == "done")
    served = {client.get(f"/releases/{number}/archive.zip").content for client in admin.clients}
    assert len(served) == 1, "API processes serve different archives"
    (story.archive,) = served


def screen(story: Story) -> None:
    """Each clip several times at once, through every API process; equal clips, equal answers."""
    doors = cycle(story.people["admin"].clients)
    asked: list[tuple[str, str]] = []
    for name, content in recordings.to_screen() * REPEATS:
        answer = next(doors).post("/screenings", files={"file": (name, content)})
        assert answer.status_code == 202, answer.text
        asked.append((name, answer.json()["id"]))
    for name, screening in asked:
        found: list[dict[str, Any]] = []

        def is_over(screening: str = screening, found: list[dict[str, Any]] = found) -> bool:
            found[:] = [story.people["admin"].get(f"/screenings/{screening}")]
            return found[0]["status"] in ("done", "failed")

        story.wait(f"{name} is screened", is_over)
        assert found[0]["status"] == "done", found[0]
        result = found[0]["result"]
        before = story.answers.setdefault(result["model_version"], {}).setdefault(name, result)
        assert result == before, f"two answers to {name}"


def train(story: Story) -> str:
    """A small training whose trainer is killed in a fold; the version that came out."""
    admin = story.people["admin"]
    training = admin.post("/trainings", {"release": 1, "settings": SETTINGS})["id"]

    def now() -> Any:
        return admin.get(f"/trainings/{training}")

    story.wait(
        "a fold is being trained",
        lambda: any(each["state"] == "running" and each["done"] for each in now()["folds"]),
        progress=now,
    )
    story.place.kill("trainer")
    story.wait(
        "the training has ended",
        lambda: now()["state"] not in ("queued", "running"),
        progress=now,
    )
    found = now()
    assert found["state"] == "done", found
    return str(found["artifact_version"])


def activate(story: Story, version: str) -> None:
    """At one API process; each worker follows."""
    story.people["admin"].post(f"/artifacts/{version}/activate")
