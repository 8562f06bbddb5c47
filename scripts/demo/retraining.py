"""Last act: new models are trained on the release, made active, and asked."""

from pathlib import Path

from playwright.sync_api import Page, expect

from scripts.demo.stage import Stage

TRAINED_MS = 1_800_000
ANSWERED_MS = 180_000


def train(stage: Stage, admin: Page, number: int) -> None:
    """Train on the release with small settings, and watch the folds."""
    stage.visit(admin, "/models")
    admin.get_by_role("combobox", name="Release", exact=True).select_option(str(number))
    admin.get_by_label("Epochs", exact=True).fill("3")
    admin.get_by_label("Augmented copies").fill("0")
    stage.picture(admin, "training-start")
    admin.get_by_role("button", name="Train", exact=True).click()
    first = admin.get_by_role("progressbar", name="Fold 1")
    first.wait_for()
    stage.say("training")
    expect(first).to_have_attribute("aria-valuetext", "Done", timeout=TRAINED_MS)
    stage.picture(admin, "training-folds")
    admin.get_by_role("button", name="Activate").wait_for(timeout=TRAINED_MS)
    stage.picture(admin, "artifacts-compared")
    stage.say("trained")


def activate(stage: Stage, admin: Page) -> str:
    """Activate the new artifact; returns its version."""
    button = admin.get_by_role("button", name="Activate")
    version = button.inner_text().rpartition(" ")[2]
    button.click()
    dialog = admin.get_by_role("dialog")
    dialog.wait_for()
    stage.picture(admin, "activate-question", whole=False)
    dialog.get_by_role("button", name="Activate").click()
    expect(admin.get_by_text(f"{version} answers now.")).to_be_visible()
    stage.picture(admin, "activated")
    stage.say(f"{version} answers now")
    return version


def screen(stage: Stage, file: Path, version: str) -> None:
    """A visitor without an account screens a recording and sees the artifact's version."""
    page = stage.window("/", dark=True)
    page.get_by_test_id("files").set_input_files([file])
    page.get_by_role("button", name="Screen", exact=True).click()
    page.get_by_role("list", name="Probability of each class").wait_for(timeout=ANSWERED_MS)
    stage.picture(page, "screened")
    expect(page.get_by_text(version).first).to_be_visible()
    answer = page.get_by_role("heading", name="Most probable class").inner_text()
    stage.say(f"screened: {' '.join(answer.split())}, by {version}")


def read_audit(stage: Stage, admin: Page) -> None:
    """Check that every step is in the audit log."""
    stage.visit(admin, "/audit")
    admin.get_by_role("row").nth(1).wait_for()
    stage.picture(admin, "audit")
