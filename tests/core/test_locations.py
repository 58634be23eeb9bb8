"""URLs of servers in parts; no secret comes out."""

import pytest

from taskmill.core.errors import InvalidSettings
from taskmill.core.locations import Location, locate


def test_all_parts() -> None:
    location = locate("amqps://me:p%40ss%2F@host.example:99/a%2Fb?cafile=/ca.pem&verify=no", 5671, tls=True)
    tls = {"cafile": "/ca.pem", "verify": "no"}
    assert location == Location("amqps", "host.example", 99, "me", "p@ss/", "a/b", tls)
    assert location.shown == "amqps://host.example:99/a/b"


def test_what_is_left_out() -> None:
    assert locate("redis://", 6379, tls=False) == Location("redis", "localhost", 6379, None, None, "", None)
    assert locate("redis://[::1]", 6379, tls=False).shown == "redis://[::1]:6379/"


@pytest.mark.parametrize(
    "url",
    [
        "amqp://me:s3/cret@host/",
        "amqp://me:1/s3cret@host/",
        "amqp://me:s3#cret@host/",
        "amqp://me:1?s3cret@host/",
        "amqp://me@host:s3cret/",
        "amqp://host/?verify=s3cret",
        "amqp://host/?frames=1",
    ],
)
@pytest.mark.parametrize("tls", [True, False])
def test_a_wrong_url_is_refused_without_its_secret(url: str, tls: bool) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        locate(url, 1, tls=tls)
    assert "cret" not in str(refusal.value)


def test_tls_options_without_tls() -> None:
    with pytest.raises(InvalidSettings, match="'cafile' is for TLS") as refusal:
        locate("amqp://host/?cafile=x", 1, tls=False)
    assert refusal.value.hint == "amqps:// speaks TLS"


def test_a_missing_file() -> None:
    with pytest.raises(InvalidSettings, match=r"TLS can't be set up with /no/such\.pem"):
        locate("amqps://host/?cafile=/no/such.pem", 1, tls=True).tls_context()
