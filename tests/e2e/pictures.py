"""Screenshots for docs/, by the journey that the tests make: `make screenshots`."""

import os
from pathlib import Path

from playwright.sync_api import Page

FOLDER = os.environ.get("SEQLOOM_SCREENSHOTS")


def wanted() -> bool:
    """Whether pictures are to be kept; the model on them is then trained to the end of its recipe."""
    return bool(FOLDER)


def keep(page: Page, name: str) -> None:
    """The window as it is now, where pictures are wanted."""
    if FOLDER:
        page.wait_for_timeout(1500)  # until what moves has come to rest
        page.screenshot(path=Path(FOLDER) / f"{name}.png")
