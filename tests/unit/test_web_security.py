"""What protects the page: where a request comes from, where a login leads, headers, the size of bodies."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from web.errors import RequestError
from web.security import BodyLimit, SecurityHeaders, local_path, same_origin


@pytest.mark.parametrize(
    ("headers", "scheme", "public_url", "own"),
    [
        ({"origin": "http://here:8080", "host": "here:8080"}, "http", "", True),
        ({"origin": "http://HERE:8080", "host": "here:8080"}, "http", "", True),
        ({"origin": "http://here:8080", "host": "here:8080"}, "ws", "", True),
        ({"origin": "https://here", "host": "here"}, "wss", "", True),
        ({"origin": "http://here:8081", "host": "here:8080"}, "http", "", False),
        ({"origin": "https://here:8080", "host": "here:8080"}, "http", "", False),
        ({"origin": "http://evil.example", "host": "here:8080"}, "http", "", False),
        ({"origin": "null", "host": "here:8080"}, "http", "", False),
        (
            {"origin": "http://evil.example", "host": "here", "sec-fetch-site": "same-origin"},
            "http",
            "",
            False,
        ),
        ({"origin": "https://page.example", "host": "inside:1"}, "http", "https://page.example", True),
        ({"origin": "https://other.example", "host": "inside:1"}, "http", "https://page.example", False),
        ({"origin": "http://inside:1", "host": "inside:1"}, "http", "https://page.example", False),
        ({"host": "here", "sec-fetch-site": "same-origin"}, "http", "", True),
        ({"host": "here", "sec-fetch-site": "none"}, "http", "", True),
        ({"host": "here", "sec-fetch-site": "same-site"}, "http", "", False),
        ({"host": "here", "sec-fetch-site": "cross-site"}, "http", "", False),
        ({"host": "here"}, "http", "", True),
    ],
)
def test_same_origin(headers: dict[str, str], scheme: str, public_url: str, own: bool) -> None:
    """By Origin where there is one, by Sec-Fetch-Site where not; a program that is no browser says neither."""
    assert same_origin(headers, scheme, public_url) is own


@pytest.mark.parametrize("path", ["/", "/alarms", "/sensors/pump-1?channel=2", "/commands#x", "/a//b"])
def test_login_leads_to_a_page_of_ours(path: str) -> None:
    """As it was asked for."""
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *(None, "", "alarms", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example"),
        *("https://evil.example", "javascript:alert(1)", "/\n/evil.example", "/\t/evil.example", " /", "/é"),
        *("/login", "/login?next=/login", "/logout", "/" + "x" * 2000, "/%0d%0aSet-Cookie:x\r\nY: z"),
    ],
)
def test_login_leads_nowhere_else(path: str | None) -> None:
    """To the first page instead."""
    assert local_path(path) == "/"


async def _length(request: Request) -> Response:
    try:
        return PlainTextResponse(str(len(await request.body())))
    except RequestError as error:
        return PlainTextResponse(error.sentence, error.status)


async def _fails(request: Request) -> Response:
    raise ZeroDivisionError


def client(*, secure: bool = False) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/", _length, methods=["GET", "POST"]), Route("/fails", _fails)])
    transport = httpx.ASGITransport(
        SecurityHeaders(BodyLimit(app), secure=secure), raise_app_exceptions=False
    )
    return httpx.AsyncClient(transport=transport, base_url="http://here")


async def test_headers_are_on_every_answer_errors_included() -> None:
    """Nothing inline, no frame, no guessing of types, no referrer for others, nothing kept."""
    async with client() as here:
        for path, status in (("/", 200), ("/none", 404), ("/fails", 500)):
            answer = await here.get(path)
            assert answer.status_code == status
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert "geolocation=()" in answer.headers["permissions-policy"]
            assert answer.headers["cache-control"] == "no-store"
            assert "strict-transport-security" not in answer.headers


async def test_https_is_for_ever_only_where_it_is_the_public_address() -> None:
    """Who sends it by mistake locks everybody out for a year."""
    async with client(secure=True) as here:
        assert (await here.get("/")).headers["strict-transport-security"].startswith("max-age=")


async def test_body_of_64_kib_passes_and_one_byte_more_does_not() -> None:
    """Whether it says its length or not."""

    async def in_pieces(size: int):  # type: ignore[no-untyped-def]  # an async generator of bytes
        for _ in range(size // 1000):
            yield b"x" * 1000
        yield b"x" * (size % 1000)

    async with client() as here:
        assert (await here.post("/", content=b"x" * 65_536)).text == "65536"
        assert (await here.post("/", content=in_pieces(65_536))).text == "65536"
        for content in (b"x" * 65_537, in_pieces(65_537)):
            answer = await here.post("/", content=content)
            assert answer.status_code == 413
            assert "65536" in answer.text
