"""A Chromium without a window, where the machine has one."""

import shutil
from base64 import b64encode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.stack.stack_process import RunningStack

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (  # a browser of this machine alone: it looks nothing up
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",  # a name that somebody made to lead here
)
# MLflow's assistant opens by itself once, over a third of the page.
ASSISTANT_SEEN = "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"
KEPT = "prefect-password"  # where Prefect's page keeps what it is told
PATIENCE = 60_000  # ms for anything on a page to appear, on a machine that does other things too


# Ended with the journey: while it lives an event loop runs in this thread, and Prefect takes every test for async.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    if binary is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: Browser, stack: RunningStack) -> Page:
    """One window for the whole journey, of somebody who has told Prefect's page the password before."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.add_init_script(ASSISTANT_SEEN)
    known = b64encode(stack.auth_string.encode()).decode()
    page.add_init_script(f"if (location.origin === '{stack.prefect_url}') localStorage.setItem('{KEPT}', '{known}')")
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return page
