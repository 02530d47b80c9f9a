"""A small web site on this machine, for corpora that lie on the net."""

import hashlib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, asked: list[str], *arguments: Any, **options: Any) -> None:
        self.asked = asked
        super().__init__(*arguments, **options)

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path != "/half.tsv":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"a\tb\n")
        return None


class Site:
    """A web site that can go away."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []  # the path of each request
        handler = partial(_Handler, self.asked, directory=str(root))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=partial(self._server.serve_forever, poll_interval=0.01), daemon=True).start()

    def put(self, text: str) -> str:
        """Serve a.tsv with this text, and return the digest of it."""
        (self.root / "a.tsv").write_text(text, encoding="utf-8")
        return hashlib.sha256(text.encode()).hexdigest()

    def go_away(self) -> None:
        self._server.shutdown()
        self._server.server_close()
