"""A real mill with a settings file, and the servers that its task types talk to: SMTP, and the providers."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.catalogue.mail.server import MailServer, running_mail_server
from tests.catalogue.web import recorded
from tests.catalogue.web.player import Player, Reply, playing
from tests.cli.conftest import free_port, read_until, running, stop

SECRET = "right"
KEY = "wk/0123+456789"
"""Of the weather."""

SETTINGS = """
port = {port}
workers = 1
state_folder = "kept"
{off}
allowed_networks = ["127.0.0.1/32"]
weather_url = "{url}"
weather_places_url = "{url}"
weather_key = "{key}"
exchange_rate_url = "{url}/v1"
github_url = "{url}"
quote_url = "{url}/api/random"
quote_rate = 6000
smtp_host = "127.0.0.1"
smtp_port = {smtp}
smtp_security = "none"
smtp_user = "mill"
smtp_password_file = "smtp.secret"
"""


class Installation(NamedTuple):
    """A mill, and the servers that its task types talk to."""

    folder: Path
    process: "subprocess.Popen[str]"
    http: httpx.Client
    player: Player
    mail_server: MailServer


@contextmanager
def running_installation(folder: Path, off: str = 'disabled_types = ["sleep"]') -> Iterator[Installation]:
    """`off`: a line of its settings."""
    port = free_port()
    with playing() as player, running_mail_server(login=True, plain=True) as mail_server:
        _stock(player)
        (folder / "taskmill.toml").write_text(
            SETTINGS.format(key=KEY, off=off, port=port, url=player.url, smtp=mail_server.port)
        )
        (folder / "smtp.secret").write_text(f"{SECRET}\n")
        (folder / "files").mkdir()
        (folder / "files" / "your_file.txt").write_text("one two\nthree\n")
        (folder / "files" / "sales.csv").write_text("region,price\nnorth,2.5\nsouth,10\nnorth,3\n")
        with running("up", cwd=folder) as process, httpx.Client(base_url=f"http://127.0.0.1:{port}/api") as http:
            read_until(process, "Ctrl-C")
            yield Installation(folder, process, http, player, mail_server)
            assert SECRET not in stop(process, signal.SIGTERM).split()


def _stock(player: Player) -> None:
    player.play("/v1/search", Reply(200, recorded.PLACES))
    player.play("/v1/forecast", Reply(200, recorded.FORECAST))
    player.play("/v1/latest", Reply(200, recorded.RATES))
    player.play("/repos/python/cpython", Reply(200, recorded.REPOSITORY))
    player.play("/repos/python/cpython/releases/latest", Reply(200, recorded.RELEASE))
    player.play("/api/random", Reply(200, recorded.ZEN))
    player.play("/page", Reply(200, "a page", {"Content-Type": "text/plain"}))
