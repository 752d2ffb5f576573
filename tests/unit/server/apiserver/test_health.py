"""Health checks."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from edgeorch_server.apiserver.health import HealthEndpoint


@pytest.fixture
def client() -> httpx.AsyncClient:
    good = HealthEndpoint("livez", {"store": lambda: ""})
    bad = HealthEndpoint("readyz", {"store": lambda: "", "broker": lambda: "no route to 10.0.0.1"})
    routes = [
        Route("/livez", good.get),
        Route("/livez/{check:path}", good.get),
        Route("/readyz", bad.get),
        Route("/readyz/{check:path}", bad.get),
    ]
    return httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://test")


async def test_healthy_is_ok(client: httpx.AsyncClient) -> None:
    """The answer is the word ``ok``."""
    answer = await client.get("/livez")
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_verbose_lists_every_check(client: httpx.AsyncClient) -> None:
    """One line for each check and one for the whole."""
    answer = await client.get("/livez?verbose")
    assert answer.text == "[+]ping ok\n[+]store ok\nlivez check passed\n"


async def test_a_failed_check_is_named_and_not_explained(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Strangers learn which check failed; why is for the log."""
    answer = await client.get("/readyz")
    assert answer.status_code == 500
    assert answer.text == "[+]ping ok\n[+]store ok\n[-]broker failed: reason withheld\nreadyz check failed\n"
    assert "no route to 10.0.0.1" in caplog.text


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/readyz?exclude=broker", 200),
        ("/readyz/store", 200),
        ("/readyz/broker", 500),
        ("/readyz/nonsense", 404),
    ],
)
async def test_checks_can_be_chosen(client: httpx.AsyncClient, path: str, code: int) -> None:
    """``exclude`` leaves one out, a path below asks for one."""
    assert (await client.get(path)).status_code == code
