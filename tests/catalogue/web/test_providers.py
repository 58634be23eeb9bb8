"""The providers, played by a server that gives recorded answers, and faults."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskmill import Retry, Snooze
from taskmill.catalogue import exchange_rate, github, quote, settings, weather
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import CatalogueSettings, Provider
from taskmill.catalogue.web.errors import ServerFault, Unreachable
from taskmill.catalogue.web.rate import reserve
from tests.catalogue.web import recorded
from tests.catalogue.web.player import Player, Reply

REPOSITORY, RELEASE = "/repos/python/cpython", "/repos/python/cpython/releases/latest"


@pytest.fixture(autouse=True)
def told(player: Player, tmp_path: Path) -> Iterator[None]:
    tell(player, tmp_path)
    yield
    settings.use(None)


def tell(player: Player, folder: Path, rate: int = 6000, key: str | None = "secret-key") -> None:
    def provider(path: str = "") -> Provider:
        return Provider(url=player.url + path, key=key, rate=rate)

    settings.use(
        CatalogueSettings(
            state=folder / "state",
            weather=provider(),
            weather_places=player.url,
            exchange_rate=provider("/v1"),
            github=provider(),
            quote=provider("/api/random"),
        )
    )


async def test_weather_of_a_place(player: Player) -> None:
    player.play("/v1/search", Reply(200, recorded.PLACES))
    player.play("/v1/forecast", Reply(200, recorded.FORECAST))
    assert await weather("Berlin") == {
        "place": "Berlin",
        "country": "Germany",
        "latitude": 52.52437,
        "longitude": 13.41053,
        "time": "2026-09-01T14:15",
        "timezone": "Europe/Berlin",
        "sky": "partly cloudy",
        "temperature_c": 21.4,
        "feels_like_c": 20.9,
        "humidity_percent": 52,
        "precipitation_mm": 0.0,
        "wind_km_h": 11.2,
        "wind_from_degrees": 265,
    }
    places, forecast = player.asked
    assert "name=Berlin&count=1" in places.path
    assert "latitude=52.52437&longitude=13.41053&current=temperature_2m%2C" in forecast.path
    assert "apikey=secret-key" in forecast.path


async def test_weather_of_a_position_needs_no_search(player: Player) -> None:
    player.play("/v1/forecast", Reply(200, recorded.FORECAST))
    assert (await weather("52.5, 13.4"))["latitude"] == 52.5
    assert len(player.asked) == 1


@pytest.mark.parametrize(("place", "says"), [("Nowhere", "no place called 'Nowhere'"), ("91,0", "no place on Earth")])
async def test_no_such_place(player: Player, place: str, says: str) -> None:
    player.play("/v1/search", Reply(200, recorded.NO_PLACES))
    with pytest.raises(Refusal, match=says):
        await weather(place)


async def test_an_amount_is_changed(player: Player) -> None:
    player.play("/v1/latest", Reply(200, recorded.RATES))
    changed = await exchange_rate("usd", amount=200)
    assert changed == {
        "base": "EUR",
        "to": "USD",
        "rate": 1.1234,
        "amount": 200,
        "value": 224.68,
        "date": "2026-08-31",
    }
    assert player.asked[0].path == "/v1/latest?base=EUR&symbols=USD"


async def test_a_rate_of_an_earlier_day(player: Player) -> None:
    player.play("/v1/2026-08-31", Reply(200, recorded.RATES))
    assert (await exchange_rate("USD", date="2026-08-31"))["date"] == "2026-08-31"


async def test_no_such_currency(player: Player) -> None:
    player.play("/v1/latest", Reply(404, '{"message":"not found"}'))
    with pytest.raises(Refusal, match="no rate from EUR to XXX"):
        await exchange_rate("XXX")
    with pytest.raises(Refusal, match="needs no rate"):
        await exchange_rate("EUR")


async def test_a_repository(player: Player) -> None:
    player.play(REPOSITORY, Reply(200, recorded.REPOSITORY))
    player.play(RELEASE, Reply(200, recorded.RELEASE))
    found = await github("python/cpython")
    assert (found["name"], found["stars"], found["forks"], found["open_issues"]) == (
        "python/cpython",
        65000,
        31000,
        9000,
    )
    assert found["latest_release"] == {"name": "v3.14.1", "published_at": "2026-08-01T12:00:00Z"}
    assert found["license"] == "NOASSERTION"
    headers = player.asked[0].headers
    assert headers["authorization"] == "Bearer secret-key"
    assert (headers["accept"], headers["x-github-api-version"]) == ("application/vnd.github+json", "2022-11-28")


async def test_a_repository_without_a_release(player: Player) -> None:
    player.play(REPOSITORY, Reply(200, recorded.REPOSITORY))
    player.play(RELEASE, Reply(404, recorded.GITHUB_404))
    assert (await github("python/cpython"))["latest_release"] is None


async def test_no_such_repository(player: Player) -> None:
    player.play(REPOSITORY, Reply(404, recorded.GITHUB_404))
    with pytest.raises(Refusal, match="GitHub knows no repository python/cpython"):
        await github("python/cpython")


async def test_a_repository_that_was_renamed_is_followed_on_the_same_server(player: Player) -> None:
    player.play(REPOSITORY, Reply(301, "{}", {"Location": f"{player.url}/repositories/81598961"}))
    player.play("/repositories/81598961", Reply(200, recorded.REPOSITORY))
    assert (await github("python/cpython"))["name"] == "python/cpython"
    player.play(REPOSITORY, Reply(301, "{}", {"Location": "http://127.0.0.2/elsewhere"}))
    with pytest.raises(Refusal, match="github answers 301"):
        await github("python/cpython")


@pytest.mark.parametrize("said", [recorded.ZEN, recorded.QUOTABLE, recorded.DUMMY])
async def test_a_quotation(player: Player, said: str) -> None:
    player.play("/api/random", Reply(200, said))
    assert await quote() == {"text": "Begin anywhere.", "author": "John Cage"}
    assert player.asked[0].headers["x-api-key"] == "secret-key"


async def test_an_answer_that_still_holds_is_not_sent_twice(player: Player) -> None:
    """GitHub does not count a 304 against its limit."""
    player.play(REPOSITORY, Reply(200, recorded.REPOSITORY, {"ETag": 'W/"one"'}), Reply(304, "", {"ETag": 'W/"one"'}))
    player.play(RELEASE, Reply(404))
    first = await github("python/cpython")
    assert await github("python/cpython") == first
    assert [asked.headers.get("if-none-match") for asked in player.asked if asked.path == REPOSITORY] == [
        None,
        'W/"one"',
    ]


async def test_what_was_kept_for_one_key_is_not_used_for_another(player: Player, tmp_path: Path) -> None:
    player.play(REPOSITORY, Reply(200, recorded.REPOSITORY, {"ETag": '"one"'}))
    await github("python/cpython")
    tell(player, tmp_path, key=None)
    await github("python/cpython")
    assert all("if-none-match" not in asked.headers for asked in player.asked)
    kept = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert kept
    assert all(b"secret-key" not in path.read_bytes() and "secret" not in path.name for path in kept)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(429, "slow down", {"Retry-After": "17"}), 17),
        (Reply(503, "", {"Retry-After": "5"}), 5),
        (Reply(403, "secondary rate limit", {"Retry-After": "60"}), 60),
    ],
)
async def test_it_is_asked_again_when_the_provider_says(player: Player, reply: Reply, seconds: int) -> None:
    player.play(REPOSITORY, reply)
    with pytest.raises(Retry, match=f"github answers {reply.status}") as retry:
        await github("python/cpython")
    assert retry.value.delay == seconds


async def test_it_is_asked_again_at_the_time_that_the_provider_says(player: Player) -> None:
    in_an_hour = str(int(time.time()) + 3600)
    limit = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in_an_hour}
    player.play(REPOSITORY, Reply(403, recorded.GITHUB_LIMIT, limit))
    with pytest.raises(Retry, match="github answers 403") as retry:
        await github("python/cpython")
    assert 3500 <= (retry.value.delay or 0) <= 3600


@pytest.mark.parametrize("status", [500, 502, 504, 408])
async def test_a_fault_is_worth_another_try_after_the_usual_time(player: Player, status: int) -> None:
    player.play("/api/random", Reply(status))
    with pytest.raises(Retry) as retry:
        await quote()
    assert retry.value.delay is None


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_key_is_final_and_not_told(player: Player, status: int) -> None:
    player.play(REPOSITORY, Reply(status, '{"message":"Bad credentials"}'))
    with pytest.raises(Refusal, match=r"the operator should look at github_key") as refused:
        await github("python/cpython")
    assert "secret-key" not in str(refused.value)


FAULTS: dict[str, tuple[Reply, type[Exception], str]] = {
    "HTML": (Reply(200, "<html>busy</html>"), ServerFault, "not what this API gives"),
    "another shape": (Reply(200, json.dumps({"rates": []})), ServerFault, "not what this API gives"),
    "another currency": (Reply(200, recorded.RATES.replace("USD", "GBP")), ServerFault, "no rate for USD"),
    "nothing": (Reply(200), ServerFault, "not what this API gives"),
    "too much": (Reply(200, b" " * 1_100_000), Refusal, "larger than"),
    "half of it": (Reply(200, "{", {"Content-Length": "100", "Connection": "close"}), Unreachable, "127.0.0.1"),
    "a refusal": (Reply(422, '{"message":"invalid"}'), Refusal, "exchange_rate answers 422: .*invalid"),
}


@pytest.mark.parametrize(("reply", "kind", "says"), FAULTS.values(), ids=FAULTS)
async def test_faults(player: Player, reply: Reply, kind: type[Exception], says: str) -> None:
    def play(handler: Any) -> None:
        handler._reply(reply)

    player.play("/v1/latest", play)
    with pytest.raises(kind, match=says):
        await exchange_rate("USD")


async def test_an_own_rate_is_kept_without_using_up_attempts(player: Player, tmp_path: Path) -> None:
    tell(player, tmp_path, rate=6)
    player.play("/api/random", Reply(200, recorded.ZEN))
    await quote()
    with pytest.raises(Snooze) as snooze:
        await quote()
    assert 8 < snooze.value.delay <= 10
    assert len(player.asked) == 1


def test_turns_come_at_their_rate(tmp_path: Path) -> None:
    """60 per minute: ten at once after a rest, then one each second; a clock that was set back does not stop it."""
    path = tmp_path / "rates" / "x"
    assert [reserve(path, 60, 1000.0) for _ in range(11)] == [0.0] * 10 + [pytest.approx(1.0)]
    assert reserve(path, 60, 1000.5) == pytest.approx(0.5)
    assert reserve(path, 60, 1001.0) == 0.0
    assert reserve(path, 60, 1001.0) > 0
    assert reserve(path, 60, 100.0) == 0.0


HOSTILE = {
    "a path in a repository": (github, {"repository": "../../user"}),
    "dots in a repository": (github, {"repository": "a/.."}),
    "a query in a repository": (github, {"repository": "a/b?x=1"}),
    "a path in a date": (exchange_rate, {"to": "USD", "date": "../secret"}),
    "a query in a currency": (exchange_rate, {"to": "USD&x=1"}),
}


@pytest.mark.parametrize(("task", "parameters"), HOSTILE.values(), ids=HOSTILE)
async def test_hostile_input_asks_nothing(player: Player, task: Any, parameters: dict[str, str]) -> None:
    with pytest.raises(Exception, match=r"no repository|Expected|match"):
        await task(**task.decode(json.dumps(parameters)))
    assert player.asked == []


async def test_a_name_of_a_place_cannot_become_a_parameter(player: Player) -> None:
    player.play("/v1/search", Reply(200, recorded.NO_PLACES))
    with pytest.raises(Refusal):
        await weather("Berlin&apikey=other#x")
    assert "name=Berlin%26apikey%3Dother%23x&" in player.asked[0].path
