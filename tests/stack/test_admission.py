"""Who gets through the door: requests as a browser, a tool and a stranger send them."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from seqloom.stack.access_control import Admission
from seqloom.stack.origin_names import hosts_of, is_same_here, own_origins
from seqloom.stack.prefect_post import authorization

OWN = frozenset(own_origins(4200))
OPEN = Admission(PlainTextResponse("in"), OWN, hosts_of(OWN))
FOREIGN = st.one_of(
    st.sampled_from(
        [
            "null",
            "file://",
            "http://127.0.0.1",
            "http://127.0.0.1:4201",
            "https://127.0.0.1:4200",
            "http://localhost:42000",
            "http://127.0.0.1:4200.evil.example",
            "http://127.0.0.1:4200@evil.example",
            "http://[::1]:4200",
            "http://127.0.0.1:99999",
            "",
        ]
    ),
    st.from_regex(r"https?://[a-z0-9.-]{1,20}(:[0-9]{1,5})?", fullmatch=True),
)


def ask(door: Admission, method: str = "GET", host: str = "127.0.0.1:4200", **headers: str) -> httpx.Response:
    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://127.0.0.1:4200") as client:
            return await client.request(method, "/api/flows", headers={"Host": host, **headers})

    return asyncio.run(call())


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost:4200", "LocalHost", "127.0.0.1:14200"])
@pytest.mark.parametrize("origin", [None, *sorted(OWN), "HTTP://LOCALHOST:4200"])
def test_its_own_pages_and_tools_get_in(host: str, origin: str | None) -> None:
    """A tool sends no Origin; a tunnel may have another port at its near end."""
    assert ask(OPEN, host=host, **({"Origin": origin} if origin is not None else {})).text == "in"


@given(FOREIGN.filter(lambda origin: origin not in OWN), st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "DELETE"]))
def test_no_page_of_another_origin_gets_in(origin: str, method: str) -> None:
    answer = ask(OPEN, method, Origin=origin)
    assert answer.status_code == 403
    assert "in" not in answer.text.split()
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4200", "127.0.0.1.evil.example:4200", "", "[", "a@b:c"])
def test_no_name_but_its_own_leads_to_it(host: str) -> None:
    assert ask(OPEN, host=host).status_code == 403


def test_a_user_may_let_in_all() -> None:
    door = Admission(PlainTextResponse("in"), frozenset({"*"}), hosts_of({"*"}))
    assert ask(door, host="evil.example", Origin="http://evil.example").text == "in"


def test_a_proxy_by_its_name() -> None:
    """Which stands in the origin of its pages, with or without the port that is https's own."""
    origins = frozenset({*OWN, "https://prefect.example.org:443"})
    door = Admission(PlainTextResponse("in"), origins, hosts_of(origins))
    assert ask(door, host="prefect.example.org", Origin="https://prefect.example.org").text == "in"
    assert ask(door, host="prefect.example.org", Origin="http://prefect.example.org").status_code == 403


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (authorization("ann:right"), 200),
        (authorization("ann:wrong"), 401),
        (authorization("ann:r\N{LATIN SMALL LETTER I WITH DIAERESIS}ght"), 401),
        ({}, 401),
        ({"Authorization": "Bearer ann:right"}, 401),
        ({"Authorization": "Basic ann:right"}, 401),
        ({"Authorization": "Basic"}, 401),
    ],
)
def test_a_password(said: dict[str, str], status: int) -> None:
    answer = ask(Admission(PlainTextResponse("in"), OWN, auth_string="ann:right"), **said)
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert "right" not in repr(Admission(PlainTextResponse("in"), OWN, auth_string="ann:right"))


def test_it_is_not_shown_in_a_frame() -> None:
    assert "x-frame-options" not in ask(OPEN).headers
    framed = ask(Admission(PlainTextResponse("in"), OWN, framing="SAMEORIGIN"))
    assert framed.headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize(("origin", "let_in"), [("http://evil.example", False), (min(OWN), True)])
def test_a_websocket_is_asked_as_well(origin: str, let_in: bool) -> None:
    """A browser opens one to any server, and asks nobody before."""
    reached: list[str] = []
    sent: list[Message] = []

    async def app(scope: Scope, _receive: Any, _send: Any) -> None:
        reached.append(scope["type"])

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1:4200"), (b"origin", origin.encode())]
    scope = {"type": "websocket", "path": "/api/events/out", "headers": headers}
    asyncio.run(Admission(app, OWN, hosts_of(OWN))(scope, None, send))  # type: ignore[arg-type]
    assert reached == (["websocket"] if let_in else [])
    assert [message.get("status") for message in sent if "status" in message] == ([] if let_in else [403])


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://127.0.0.1:4200/api", True),
        ("http://localhost:4200/api", True),
        ("http://127.0.0.1:4201/api", False),
        ("https://127.0.0.1:4200/api", False),
        ("http://prefect.example:4200/api", False),
        ("http://127.0.0.1:99999999/api", False),
        ("sqlite:///here", False),
    ],
)
def test_whether_a_url_leads_to_ours(url: str, same: bool) -> None:
    assert is_same_here(url, "http://127.0.0.1:4200/api") is same
