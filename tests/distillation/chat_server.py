"""A real server of OpenAI's chat completions on this machine, whose answers a test says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

Answer = Callable[[str, int], "Said"]
"""What is said to the last message at the n-th request of that text, from 1."""


@dataclass(frozen=True)
class Said:
    """A status with answers, or with a body of its own; status 0 hangs up."""

    answers: tuple[str, ...] = ()
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    finish: str = "stop"


@dataclass
class Seen:
    """What was asked."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    url: str = ""

    def texts(self) -> list[str]:
        """The messages, in order."""
        return [request["messages"][-1]["content"] for request in self.requests]


@contextmanager
def chat_server(answer: Answer, port: int = 0) -> Iterator[Seen]:
    """Serve until the block ends, at some port or at the one of a server that is to come back."""
    seen, lock = Seen(), Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            text = request["messages"][-1]["content"]
            with lock:
                seen.requests.append(request | {"path": self.path})
                seen.keys.add(self.headers.get("authorization", ""))
                times = seen.texts().count(text)
            said = answer(text, times)
            if not said.status:
                self.close_connection = True
                return
            choices = [
                {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": said.finish}
                for index, text in enumerate(said.answers)
            ]
            body = (said.body or json.dumps({"choices": choices, "usage": {"total_tokens": 10}})).encode()
            self.send_response(said.status)
            for name, value in {"content-length": str(len(body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    seen.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
