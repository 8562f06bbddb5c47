"""Who plays: a contributor, a doctor who reviews, an administrator; and how each comes in."""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from scripts.demo.stage import Stage


@dataclass(frozen=True)
class Person:
    """Somebody with an account of this show alone."""

    name: str
    email: str
    password: str


CONTRIBUTOR = Person("Ada Lund", "ada.lund@example.org", "tidal lung sliding 7")
DOCTOR = Person("Ben Okoro", "ben.okoro@example.org", "pleural line shimmer 3")
ADMIN = Person("Cleo Marin", "cleo.marin@example.org", "curved probe harbour 9")


def sign_up(stage: Stage, person: Person, picture: str | None = None) -> Page:
    """Make an account in a window of one's own."""
    page = stage.window("/sign-up")
    page.get_by_label("Name", exact=True).fill(person.name)
    page.get_by_label("Hospital or institution").fill("Harbour Hospital")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill(person.password)
    if picture:
        stage.picture(page, picture)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("button", name=f"Account of {person.name}")).to_be_visible()
    return page


def sign_in(stage: Stage, person: Person, path: str) -> Page:
    """Sign in at a page, which is shown then."""
    page = stage.window(path)
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill(person.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name=f"Account of {person.name}")).to_be_visible()
    return page


def make_reviewer(stage: Stage, admin: Page, person: Person) -> None:
    """The administrator gives the doctor the role."""
    stage.visit(admin, "/people")
    role = admin.get_by_label(f"Role of {person.name}")
    role.select_option("reviewer")
    expect(role).to_have_value("reviewer")
    expect(role).to_be_enabled()
    stage.picture(admin, "people")
