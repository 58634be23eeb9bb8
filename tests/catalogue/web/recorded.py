"""Answers in the shape that the providers document: docs of Open-Meteo, Frankfurter, GitHub's REST API, ZenQuotes."""

import json

PLACES = json.dumps(
    {
        "results": [
            {
                "id": 2950159,
                "name": "Berlin",
                "latitude": 52.52437,
                "longitude": 13.41053,
                "elevation": 74.0,
                "feature_code": "PPLC",
                "country_code": "DE",
                "timezone": "Europe/Berlin",
                "population": 3426354,
                "country": "Germany",
                "admin1": "State of Berlin",
            }
        ],
        "generationtime_ms": 0.6,
    }
)
NO_PLACES = json.dumps({"generationtime_ms": 0.3})
FORECAST = json.dumps(
    {
        "latitude": 52.52,
        "longitude": 13.419998,
        "generationtime_ms": 0.05,
        "utc_offset_seconds": 7200,
        "timezone": "Europe/Berlin",
        "timezone_abbreviation": "GMT+2",
        "elevation": 38.0,
        "current_units": {"time": "iso8601", "interval": "seconds", "temperature_2m": "°C"},
        "current": {
            "time": "2026-09-01T14:15",
            "interval": 900,
            "temperature_2m": 21.4,
            "apparent_temperature": 20.9,
            "relative_humidity_2m": 52,
            "precipitation": 0.0,
            "wind_speed_10m": 11.2,
            "wind_direction_10m": 265,
            "weather_code": 2,
        },
    }
)
RATES = json.dumps({"amount": 1.0, "base": "EUR", "date": "2026-08-31", "rates": {"USD": 1.1234}})
REPOSITORY = json.dumps(
    {
        "id": 81598961,
        "name": "cpython",
        "full_name": "python/cpython",
        "private": False,
        "owner": {"login": "python", "id": 1525981},
        "html_url": "https://github.com/python/cpython",
        "description": "The Python programming language",
        "fork": False,
        "pushed_at": "2026-08-31T20:00:00Z",
        "stargazers_count": 65000,
        "watchers_count": 65000,
        "language": "Python",
        "forks_count": 31000,
        "archived": False,
        "open_issues_count": 9000,
        "license": {"key": "other", "name": "Other", "spdx_id": "NOASSERTION", "url": None},
        "default_branch": "main",
        "subscribers_count": 1500,
    }
)
RELEASE = json.dumps(
    {"id": 1, "tag_name": "v3.14.1", "name": "3.14.1", "draft": False, "published_at": "2026-08-01T12:00:00Z"}
)
GITHUB_404 = json.dumps({"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})
GITHUB_LIMIT = json.dumps({"message": "API rate limit exceeded for 192.0.2.1."})
ZEN = json.dumps([{"q": "Begin anywhere.", "a": "John Cage", "h": "<blockquote>…</blockquote>"}])
QUOTABLE = json.dumps({"_id": "x", "content": "Begin anywhere.", "author": "John Cage", "tags": [], "length": 15})
DUMMY = json.dumps({"id": 1, "quote": "Begin anywhere.", "author": "John Cage"})
