"""Access control of a server: requests from its own UI, to its own host names, with its password where it has one.

A server on 127.0.0.1 is within reach of every page that a browser on this machine shows. A browser says in `Origin`
which page a request or a WebSocket comes from. A name that was made to lead here (DNS rebinding) makes that page one of
ours, and stands in `Host`. Fetch standard, https://fetch.spec.whatwg.org; Jackson et al. 2007,
https://crypto.stanford.edu/dns/dns-rebinding.pdf
"""

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from functools import cached_property

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqloom.stack.origin_names import ANY, name_of, normal


@dataclass(frozen=True)
class Admission:
    """ASGI middleware that checks origin, host name and password (HTTP Basic) of each request."""

    app: ASGIApp
    origins: frozenset[str]  # pages that may call it, such as http://127.0.0.1:4200; * for all
    hosts: frozenset[str] = frozenset({ANY})  # names it goes by, without a port: no foreign page can choose it alone
    auth_string: str = field(default="", repr=False)  # USER:PASSWORD; empty: no password
    open_path: str = "/health"  # answers without a password, for health checks
    framing: str = ""  # X-Frame-Options of an application that does not send it itself

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 or 401, or pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        why = self._refusal(headers)
        if why:
            await PlainTextResponse(why, 403)(scope, receive, send)
        elif not self._knows_password(headers) and scope["path"] != self.open_path:
            asking = {"WWW-Authenticate": 'Basic realm="Seqloom"'}
            await PlainTextResponse("a user and a password are wanted", 401, asking)(scope, receive, send)
        else:
            await self.app(scope, receive, self._with_headers(send))

    @cached_property
    def _known(self) -> frozenset[str]:
        """The origins, normalized as browsers write them."""
        return frozenset(map(normal, self.origins))

    def _refusal(self, headers: Headers) -> str:
        """Return why a request is refused; empty where it is not."""
        foreign = [origin for origin in headers.getlist("origin") if normal(origin) not in self._known]
        if foreign and ANY not in self._known:
            return "pages of another origin may not call this server"
        if ANY not in self.hosts and name_of(headers.get("host", "")) not in self.hosts:
            return "this Host header is no name of this server"
        return ""

    def _knows_password(self, headers: Headers) -> bool:
        scheme, _, said = headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(said, validate=True) if scheme.lower() == "basic" else b""
        except binascii.Error:
            given = b""
        return not self.auth_string or hmac.compare_digest(given, self.auth_string.encode())

    def _with_headers(self, send: Send) -> Send:
        """Return `send` with headers against framing by other pages and against MIME sniffing."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start" and self.framing:
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Frame-Options", self.framing)
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        return marked
