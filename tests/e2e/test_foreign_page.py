"""A page of another origin, in a real browser, beside the servers of `seqloom up`: it reads and changes nothing."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Browser, Page, expect

from seqloom.stack.prefect_post import authorization
from tests.e2e.conftest import PATIENCE
from tests.stack.stack_process import RunningStack

EVIL = {"state": {"type": "SCHEDULED"}, "job_variables": {"command": "sh -c 'id > PWNED'"}}
POOL = {"name": "evil", "type": "process", "base_job_template": {}}
CALL = """async ([url, method, headers, body, mode]) => {
    try {
        const answer = await fetch(url, {method, headers, body: method === 'GET' ? undefined : body, mode});
        return answer.type === 'opaque' ? 'opaque' : `${answer.status} ${await answer.text()}`;
    } catch (error) { return 'refused' }
}"""
SOCKET = """url => new Promise(done => {
    const socket = new WebSocket(url, ['prefect']);
    socket.onopen = () => done('open'); socket.onerror = () => done('refused');
})"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another server of this machine: for a browser that is the same site, at another port."""
    folder = tmp_path_factory.mktemp("evil")
    (folder / "evil.html").write_text("<title>evil</title><body></body>", encoding="utf-8")

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/evil.html"
        server.shutdown()


@pytest.fixture(scope="module", params=["another port", "a file", "a rebound name"])
def evil(request: pytest.FixtureRequest, browser: Browser, elsewhere: str, tmp_path_factory: Any) -> Page:
    """The page, from each place that it may come from."""
    page = browser.new_page()
    file = tmp_path_factory.mktemp("file") / "evil.html"
    file.write_text("<title>evil</title>", encoding="utf-8")
    places = {
        "another port": elsewhere,
        "a file": file.as_uri(),
        "a rebound name": elsewhere.replace("127.0.0.1", "rebound.example"),
    }
    page.goto(places[request.param])
    assert page.title() == "evil"
    return page


def everything(stack: RunningStack) -> dict[str, Any]:
    """What an attack may have changed."""
    registry = MlflowClient(stack.mlflow_url)
    with stack.client() as client:
        return {
            "runs": {run.id for run in client.read_flow_runs() if not run.auto_scheduled},
            "deployments": {one.name for one in client.read_deployments()},
            "pools": {pool.name for pool in client.read_work_pools()},
            "models": {model.name for model in registry.search_registered_models()},
            "experiments": {one.name for one in registry.search_experiments()},
        }


def test_it_can_neither_read_nor_change(evil: Page, stack: RunningStack) -> None:
    """Not even with the password, as JSON or as what a form may send without a question."""
    before = everything(stack)
    with stack.client() as client:
        target = next(one for one in client.read_deployments() if one.name == "watch-demo")
    mlflow = f"{stack.mlflow_url}/api/2.0"
    calls: list[tuple[str, str, Any]] = [
        (f"{stack.prefect_api}/deployments/filter", "POST", {}),
        (f"{stack.prefect_api}/deployments/{target.id}/create_flow_run", "POST", EVIL),
        (f"{stack.prefect_api}/deployments/", "POST", {"name": "evil", "flow_id": str(target.flow_id)}),
        (f"{stack.prefect_api}/work_pools/", "POST", POOL),
        (f"{stack.prefect_api}/work_pools/seqloom-cpu", "PATCH", {"is_paused": True}),
        (f"{stack.prefect_api}/csrf-token?client=evil", "GET", None),
        (f"{stack.prefect_api}/admin/settings", "GET", None),
        (f"{mlflow}/mlflow/registered-models/create", "POST", {"name": "evil"}),
        (f"{mlflow}/mlflow/registered-models/search", "GET", None),
        (f"{mlflow}/mlflow/experiments/create", "POST", {"name": "evil"}),
        (f"{mlflow}/mlflow-artifacts/artifacts/evil", "PUT", "evil"),
        (f"{stack.mlflow_url}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=1&path=evil", "POST", "evil"),
        (f"{stack.mlflow_url}/graphql", "POST", {"query": "{__typename}"}),
    ]
    json, text = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
    for url, method, body in calls:
        sent = "" if body is None else str(body).replace("'", '"')
        for headers in (json, json | authorization(stack.auth_string), text):
            assert evil.evaluate(CALL, [url, method, headers, sent, "cors"]) == "refused", (url, headers)
        if method in ("GET", "POST"):
            assert evil.evaluate(CALL, [url, method, text, sent, "no-cors"]) in ("opaque", "refused"), url
    socket = stack.prefect_api.replace("http", "ws")
    assert [evil.evaluate(SOCKET, f"{socket}/{path}") for path in ("events/in", "events/out", "logs/out")] == [
        "refused",
        "refused",
        "refused",
    ]
    assert everything(stack) == before
    assert not [file for folder in (stack.home, Path.cwd()) for file in folder.glob("**/PWNED*")]


@pytest.mark.parametrize("server", ["prefect_url", "mlflow_url"])
def test_it_cannot_show_them_under_its_own_name_or_in_a_frame(
    server: str, browser: Browser, elsewhere: str, stack: RunningStack
) -> None:
    address: str = getattr(stack, server)
    page = browser.new_page()
    rebound = page.goto(address.replace("127.0.0.1", "rebound.example"))
    assert rebound
    assert rebound.status == 403
    page.goto(elsewhere)
    page.evaluate("url => {const f = document.createElement('iframe'); f.src = url; document.body.append(f)}", address)
    frame = page.wait_for_selector("iframe").content_frame()
    assert frame
    frame.wait_for_load_state()
    assert frame.url.startswith("chrome-error://")
    page.close()


def test_prefects_own_page_asks_once(browser: Browser, stack: RunningStack) -> None:
    """And then knows the password, under either name of the machine."""
    page = browser.new_context().new_page()
    page.goto(f"{stack.prefect_url.replace('127.0.0.1', 'localhost')}/deployments")
    page.locator("input[type=password]").fill(stack.auth_string)
    page.keyboard.press("Enter")
    expect(page.get_by_text("nightly-chat").first).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_text("nightly-chat").first).to_be_visible(timeout=PATIENCE)
    page.context.close()
