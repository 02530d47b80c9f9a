"""The form that the Prefect UI draws of a flow's parameters, as a person fills it in."""

import re

from playwright.sync_api import Locator, Page

FIELD = ".schema-form-property"
RAW_JSON = ".cm-editor"  # the box that the UI falls back on where it cannot draw a field


class Form:
    """The page behind *Run · Custom run* of a deployment."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, ui: str, deployment: str) -> None:
        """By the deployment's page and its button."""
        self.page.goto(f"{ui}/deployments")
        self.page.get_by_placeholder("Search deployments").fill(deployment)  # a page of the list shows ten of them
        self.page.get_by_role("link", name=deployment).first.click()
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_text("Custom", exact=False).first.click()
        self.section("Training").wait_for()

    def section(self, name: str) -> Locator:
        """The group of fields with this title."""
        return _titled(self.page.locator(FIELD), name)

    def field(self, section: str, name: str) -> Locator:
        """One field of it."""
        return _titled(self.section(section).locator(FIELD), name)

    def fields(self, section: str) -> Locator:
        """All of them."""
        return self.section(section).locator(FIELD)

    def type(self, section: str, name: str, value: str) -> None:
        """Write into a field."""
        self.field(section, name).locator("input").fill(value)

    def choose(self, section: str, name: str, value: str) -> list[str]:
        """Choose from a drop-down; return all that it offers."""
        self.field(section, name).locator(".p-select-button__control").press("ArrowDown")
        offered = self.page.get_by_role("option")
        offered.first.wait_for()
        texts = [option.inner_text().strip() for option in offered.all()]
        self.page.get_by_role("option", name=value, exact=True).click()
        return texts

    def submit(self) -> None:
        """Press the button; what happens next is for the caller to see."""
        self.page.get_by_role("button", name="Submit").click()


def _titled(fields: Locator, name: str) -> Locator:
    title = re.compile(rf"^{re.escape(name)}( \(Optional\))?$")
    own = fields.page.locator(":scope > .p-label__header .schema-form-property__label").get_by_text(title)
    return fields.filter(has=own)
