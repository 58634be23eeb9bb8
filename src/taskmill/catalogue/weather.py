"""`weather`: how it is at a place now."""

from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from taskmill.catalogue.base import app
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import Provider, current
from taskmill.catalogue.web.providers import POLICY, RETRIES, ProviderQuestion, answer

Place = Annotated[
    str,
    Meta(
        title="Place",
        description="A place by its name or postal code, or its latitude and longitude in degrees, as 52.52,13.41.",
        examples=["Berlin"],
        min_length=2,
        max_length=200,
    ),
]

MEASURES = {
    "temperature_2m": "temperature_c",
    "apparent_temperature": "feels_like_c",
    "relative_humidity_2m": "humidity_percent",
    "precipitation": "precipitation_mm",
    "wind_speed_10m": "wind_km_h",
    "wind_direction_10m": "wind_from_degrees",
}
"""Open-Meteo's names, and ours."""

SKY = {
    0: "clear",
    1: "mainly clear",
    2: "partly cloudy",
    3: "overcast",
    45: "fog",
    48: "rime fog",
    51: "light drizzle",
    53: "drizzle",
    55: "dense drizzle",
    56: "light freezing drizzle",
    57: "freezing drizzle",
    61: "light rain",
    63: "rain",
    65: "heavy rain",
    66: "light freezing rain",
    67: "freezing rain",
    71: "light snow",
    73: "snow",
    75: "heavy snow",
    77: "snow grains",
    80: "light showers",
    81: "showers",
    82: "violent showers",
    85: "light snow showers",
    86: "snow showers",
    95: "thunderstorm",
    96: "thunderstorm with light hail",
    99: "thunderstorm with hail",
}
"""Weather codes of the World Meteorological Organization (WW), as far as Open-Meteo gives them."""


class FoundPlace(Struct):
    name: str
    latitude: float
    longitude: float
    country: str | None = None


class PlacesAnswer(Struct):
    """Of `GET /v1/search`; without results, it has none."""

    results: list[FoundPlace] = []


class CurrentAnswer(Struct):
    time: str
    weather_code: int | None = None
    temperature_2m: float | None = None
    apparent_temperature: float | None = None
    relative_humidity_2m: float | None = None
    precipitation: float | None = None
    wind_speed_10m: float | None = None
    wind_direction_10m: float | None = None


class ForecastAnswer(Struct):
    """Of `GET /v1/forecast` with `current=…`."""

    current: CurrentAnswer
    timezone: str


class Weather(TypedDict):
    place: str
    country: str | None
    latitude: float
    longitude: float
    time: str
    """Local time of the place."""
    timezone: str
    sky: str | None
    temperature_c: float | None
    feels_like_c: float | None
    humidity_percent: float | None
    precipitation_mm: float | None
    wind_km_h: float | None
    wind_from_degrees: float | None


@app.task(queue="http", retries=RETRIES, retry=POLICY, timeout=180)
async def weather(place: Place) -> Weather:
    """Look up the weather at a place: temperature, sky, rain, wind."""
    where = _position(place) or await _found(place)
    provider = current().weather
    query = {
        "latitude": str(where.latitude),
        "longitude": str(where.longitude),
        "current": ",".join((*MEASURES, "weather_code")),
        "timezone": "auto",
    }
    got = await answer(ProviderQuestion("weather", provider, "/v1/forecast", query | _key(provider)), ForecastAnswer)
    if got is None:
        raise Refusal("the weather provider has no forecasts at its address; the operator should look at weather_url")
    return _weather(where, got)


def _position(text: str) -> FoundPlace | None:
    latitude, _, longitude = text.partition(",")
    try:
        found = FoundPlace(text.strip(), float(latitude), float(longitude))
    except ValueError:
        return None
    if not (-90 <= found.latitude <= 90 and -180 <= found.longitude <= 180):
        raise Refusal(f"{text!r} is no place on Earth: latitudes are -90 to 90, longitudes -180 to 180")
    return found


async def _found(name: str) -> FoundPlace:
    configured = current()
    provider = Provider(url=configured.weather_places, rate=configured.weather.rate)
    query = {"name": name.strip(), "count": "1", "format": "json"} | _key(configured.weather)
    got = await answer(ProviderQuestion("weather_places", provider, "/v1/search", query), PlacesAnswer)
    if not got or not got.results:
        raise Refusal(f"no place called {name!r} is known; its latitude and longitude will do: 52.52,13.41")
    return got.results[0]


def _key(provider: Provider) -> dict[str, str]:
    return {"apikey": provider.key} if provider.key else {}


def _weather(where: FoundPlace, got: ForecastAnswer) -> Weather:
    now = got.current
    return {
        "place": where.name,
        "country": where.country,
        "latitude": where.latitude,
        "longitude": where.longitude,
        "time": now.time,
        "timezone": got.timezone,
        "sky": None if now.weather_code is None else SKY.get(now.weather_code, f"code {now.weather_code}"),
        "temperature_c": now.temperature_2m,
        "feels_like_c": now.apparent_temperature,
        "humidity_percent": now.relative_humidity_2m,
        "precipitation_mm": now.precipitation,
        "wind_km_h": now.wind_speed_10m,
        "wind_from_degrees": now.wind_direction_10m,
    }
