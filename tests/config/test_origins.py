"""Origins for CORS: what would never match a browser's, or would match everybody's, is refused at the start."""

import pytest

from taskmill.config.load import load

RIGHT = ["http://localhost:3000", "https://app.example", "http://[::1]:3000", "https://xn--fa-hia.de"]
WRONG = [
    ("*", "there is no login yet"),
    ("null", "there is no login yet"),
    ("https://*.example", "without wildcards"),
    ("app.example", "https://app.example"),
    ("https://app.example/", "send it, https://app.example,"),
    ("https://app.example/page", "send it, https://app.example,"),
    ("https://App.Example", "send it, https://app.example,"),
    ("https://app.example:443", "send it, https://app.example,"),
    ("http://app.example:80", "send it, http://app.example,"),
    ("https://ada@app.example", "send it, https://app.example,"),
    ("https://app.example:x", "must be an origin like"),
    ("ftp://app.example", "must be an origin like"),
    ("https://", "must be an origin like"),
    ("http://a b", "must be an origin like"),
    ("https://faß.de", "in ASCII"),
]


@pytest.mark.parametrize("origin", RIGHT)
def test_an_origin_as_browsers_send_it(origin: str) -> None:
    loaded = load({"cors": [origin]}, environ={})
    assert (loaded.findings, loaded.settings.cors) == ([], (origin,))


@pytest.mark.parametrize(("origin", "said"), WRONG)
def test_what_would_never_match_is_refused(origin: str, said: str) -> None:
    [finding] = load({"cors": ["https://fine.example", origin]}, environ={}).findings
    assert said in finding.what
