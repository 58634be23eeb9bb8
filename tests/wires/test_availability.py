"""What people are told while a server is away."""

import pytest

from taskmill.core.errors import BrokerUnavailable, FeedUnavailable
from taskmill.wires.availability import ALARM, Availability


@pytest.mark.parametrize(
    ("why", "hint"),
    [
        (ALARM, "rabbitmq-diagnostics"),
        ("PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/'", "delete it"),
        ("ACCESS_REFUSED - access to exchange 'x' in vhost '/' refused for user 'u'", "permissions on the vhost"),
        ("NOT_ALLOWED - vhost missing not found", "add_vhost"),
        ("AuthenticationError: PLAIN", "user and password"),
        ("OOM command not allowed when used memory > 'maxmemory'", "raise that"),
        ("You can't write against a read only replica. script: 2b33, on @user_script:10.", "name the primary"),
        ("Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "lost it"),
        ("NOREPLICAS Not enough good replicas to write.", "min-replicas-to-write"),
        ("Redis is loading the dataset in memory", "wait until"),
        ("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "its log"),
        ("WRONGPASS invalid username-password pair or user is disabled.", "user and password in the URL"),
        ("Authentication required.", "needs a password"),
        ("NOPERM this user has no permissions to run the 'xadd' command", "commands of streams"),
        ("DB index is out of range", "number behind the host"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate", "?cafile="),
        ("Connection refused", "is it running"),
    ],
)
def test_a_hint_for_each_reason(why: str, hint: str) -> None:
    error = Availability.of_broker("amqp://here:5672//").unavailable(why)
    assert str(error) == f"the broker amqp://here:5672// takes nothing: {why}"
    assert hint in str(error.hint)


def test_a_broker_and_a_feed_differ_in_what_goes_on_meanwhile() -> None:
    broker, feed = (make("redis://here:6379/0") for make in (Availability.of_broker, Availability.of_feed))
    for error, type_, ending in (
        (broker.unavailable("gone"), BrokerUnavailable, "Tasks are stored and run all the same"),
        (feed.unavailable("gone"), FeedUnavailable, "Tasks run all the same"),
    ):
        assert type(error) is type_
        assert str(error.hint).endswith(f"reach it? {ending}")
    assert str(feed.unavailable("gone")) == "the live feed redis://here:6379/0 cannot be reached: gone"


def test_one_line_when_it_goes_and_one_when_it_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    availability = Availability.of_feed("memory")
    availability.back()
    for why in ("first", "second"):
        availability.away(why)
    availability.back()
    availability.back()
    assert [record.getMessage() for record in caplog.records] == [
        "the live feed memory is away, whoever watches hears of changes later: first",
        "the live feed memory is back",
    ]


@pytest.mark.parametrize(
    "why", ["You can't write against a read only replica.", "NOREPLICAS Not enough good replicas."]
)
def test_a_server_that_can_be_read_alone_is_not_back(why: str, caplog: pytest.LogCaptureFixture) -> None:
    availability = Availability.of_broker("redis://here:6379/0")
    availability.away(why)
    availability.back(wrote=False)
    availability.away("Connection refused")
    availability.back(wrote=False)
    assert len(caplog.records) == 1
    availability.back()
    availability.away("Connection refused")
    availability.back(wrote=False)
    assert len(caplog.records) == 4
