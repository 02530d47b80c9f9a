"""A server that is unwell is asked again; a wrong address is not."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.flows.conftest import DATA
from tests.survival.stack import EPOCHS, Stack, recipe


class Site(BaseHTTPRequestHandler):
    """Unwell when it is asked first; it knows one file."""

    asked: dict[str, int]

    def do_GET(self) -> None:
        self.asked[self.path] = self.asked.get(self.path, 0) + 1
        status = 404 if self.path != "/phrases.tsv" else 503 if self.asked[self.path] == 1 else 200
        self.send_response(status)
        self.end_headers()
        if status == 200:
            self.wfile.write(DATA.read_bytes())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Site.asked = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_both(stack: Stack, site: str) -> None:
    unwell = stack.run({**recipe("unwell"), "corpus": {"train": [f"{site}/phrases.tsv"]}})
    wrong = stack.run({**recipe("wrong"), "corpus": {"train": [f"{site}/no.tsv"]}})
    failed = stack.ends(wrong, "Failed")
    stack.ends(unwell, "Completed")
    assert Site.asked == {"/phrases.tsv": 2, "/no.tsv": 1}
    assert failed.state
    assert "no.tsv: cannot be downloaded (404" in str(failed.state.message)
    stack.told_once("unwell", EPOCHS)
