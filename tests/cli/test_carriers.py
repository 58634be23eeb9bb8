"""`doctor` and `up` with real brokers and live feeds: a round trip there and back, or what to do."""

from pathlib import Path

import pytest

from tests.cli.conftest import Call, call_real, free_port, read_until, running, without

SECRET = "s3cr3t"


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


@pytest.mark.parametrize("component", ["broker"])
def test_rabbitmq_answers(call: Call, here: Path, amqp_url: str, component: str) -> None:
    level, found, _ = checked(call, component, amqp_url)
    assert level == "ok"
    assert "there and back in" in found
    level, found, hint = checked(call, component, with_password(amqp_url))
    assert level == "failed"
    assert hint


@pytest.mark.parametrize("component", ["broker"])
def test_nobody_is_there(call: Call, here: Path, component: str) -> None:
    level, _, hint = checked(call, component, f"amqp://mill:{SECRET}@127.0.0.1:1")
    assert level == "failed"
    assert hint


@pytest.mark.parametrize(("library", "scheme", "extra"), [("pika", "amqp", "rabbitmq")])
@pytest.mark.parametrize("component", ["broker"])
def test_an_extra_that_is_not_installed(here: Path, component: str, library: str, scheme: str, extra: str) -> None:
    said = without(library, "doctor", f"--{component}", f"{scheme}://:{SECRET}@h", cwd=here)
    assert f'pip install "taskmill[{extra}]"' in said
    assert SECRET not in said


def test_up_with_a_broker(tmp_path: Path, postgres_url: str, amqp_url: str) -> None:
    places = ("--store", postgres_url, "--broker", amqp_url)
    with running("up", *places, "--port", str(free_port()), "--workers", "1", cwd=tmp_path) as process:
        said = read_until(process, "Ctrl-C")
        assert call_real("submit", *places, "-T", "math", "-P", "1 + 2 * 5", cwd=tmp_path).stdout == "11\n"
        doctor = call_real("doctor", *places, cwd=tmp_path)
    assert "  broker   amqp://" in said
    assert doctor.returncode == 0
