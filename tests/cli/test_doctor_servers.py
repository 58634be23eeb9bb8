"""`doctor` and `up` with real brokers and live feeds: a round trip there and back, or what to do."""

from pathlib import Path

import pytest

from tests.cli.conftest import Call, call_real, free_port, read_until, running, without

SECRET = "s3cr3t"
KINDS = [("broker", "amqp"), ("broker", "redis"), ("feed", "redis"), ("feed", "amqp")]


def checked(call: Call, component: str, url: str) -> list[str]:
    """Level, what was found, what to do."""
    result = call("doctor", f"--{component}", url)
    assert SECRET not in result.output
    [line] = [line for line in result.stdout.splitlines() if line.startswith(f"{component}\t")]
    level, found, hint = line.split("\t")[1:]
    assert result.exit_code == (level == "failed")
    return [level, found, hint]


def with_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://mill:{SECRET}@{rest.rpartition('@')[2]}"


@pytest.mark.parametrize(("component", "scheme"), KINDS)
def test_it_answers(call: Call, here: Path, request: pytest.FixtureRequest, component: str, scheme: str) -> None:
    url = request.getfixturevalue(f"{scheme}_url")
    level, found, _ = checked(call, component, url)
    assert level == "ok"
    assert "there and back in" in found
    level, _, hint = checked(call, component, with_password(url))
    assert level == "failed"
    assert hint


@pytest.mark.parametrize(("component", "scheme"), KINDS)
def test_nobody_is_there(call: Call, here: Path, component: str, scheme: str) -> None:
    level, _, hint = checked(call, component, f"{scheme}://mill:{SECRET}@127.0.0.1:1")
    assert level == "failed"
    assert hint


@pytest.mark.slow
@pytest.mark.parametrize(("component", "scheme"), KINDS)
def test_an_extra_that_is_not_installed(here: Path, component: str, scheme: str) -> None:
    library, extra = {"amqp": ("pika", "rabbitmq"), "redis": ("redis", "redis")}[scheme]
    said = without(library, "doctor", f"--{component}", f"{scheme}://:{SECRET}@h", cwd=here)
    assert f'pip install "taskmill[{extra}]"' in said
    assert SECRET not in said


@pytest.mark.slow
@pytest.mark.parametrize(("broker", "feed"), [("amqp", "redis"), ("redis", "amqp")])
def test_up_with_all_of_them(
    tmp_path: Path, postgres_url: str, amqp_url: str, redis_url: str, broker: str, feed: str
) -> None:
    urls = {"amqp": amqp_url, "redis": redis_url}
    places = ("--store", postgres_url, "--broker", urls[broker], "--feed", urls[feed])
    with running("up", *places, "--port", str(free_port()), "--workers", "1", cwd=tmp_path) as process:
        said = read_until(process, "Ctrl-C")
        assert call_real("submit", *places, "-T", "math", "-P", "1 + 2 * 5", cwd=tmp_path).stdout == "11\n"
        doctor = call_real("doctor", *places, cwd=tmp_path)
    assert f"  broker   {broker}://" in said
    assert f"  feed     {feed}://" in said
    assert doctor.returncode == 0, doctor.stdout
