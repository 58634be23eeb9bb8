"""`submit --file`, against a real `taskmill up`."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "my sales.csv"
    path.write_text("region,price\nnorth,2.5\nsouth,10\n")
    return path


def test_a_table_from_anywhere(call: Call, in_served: Path, sales: Path) -> None:
    steps = '{"steps": [{"do": "filter", "where": "price > 5"}], "output": "dear.csv"}'
    done = call("submit", "-T", "data_processing", "--file", str(sales), "-P", steps, "--json")
    assert done.exit_code == 0, done.output
    task = json.loads(done.stdout)
    assert task["result"]["rows"] == [{"region": "south", "price": 10.0}]
    assert (in_served / "files" / "dear.csv").read_text() == "region,price\nsouth,10\n"
    assert (in_served / "files" / task["parameters"]["data"]["file"]).read_text() == sales.read_text()


def test_with_more_said_about_it(call: Call, in_served: Path, sales: Path) -> None:
    types = '{"data": {"types": {"price": "text"}}}'
    done = call("submit", "-T", "data_processing", "-P", types, "--file", str(sales), "--json")
    assert json.loads(done.stdout)["result"]["rows"][0] == {"region": "north", "price": "2.5"}


def test_any_file(call: Call, in_served: Path, sales: Path) -> None:
    done = call("submit", "-T", "file_processing", "--file", str(sales), "--json")
    assert json.loads(done.stdout)["result"]["checksum"] == hashlib.sha256(sales.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["-T", "math", "-P", "1", "--file", "SALES"], "math takes no file"),
        (
            ["-T", "file_processing", "-P", "a.txt", "--file", "SALES"],
            "--file stands for the parameter filename, which is given already",
        ),
        (
            ["-T", "data_processing", "-P", "some data", "--file", "SALES"],
            "--file stands for the parameter data.file, which is given already",
        ),
        (["-T", "file_processing", "--file", "nothing.csv"], "'nothing.csv' does not exist"),
        (["-T", "file_processing", "--file", "."], "'.' is a directory"),
    ],
)
def test_what_is_refused(call: Call, in_served: Path, sales: Path, args: list[str], says: str) -> None:
    refused = call("submit", *[str(sales) if arg == "SALES" else arg for arg in args])
    assert refused.exit_code == 2
    assert says in refused.stderr


def test_where_files_cannot_be_kept(call: Call, here: Path, sales: Path) -> None:
    (here / "files").touch()
    refused = call("submit", "-T", "file_processing", "--file", str(sales))
    assert refused.exit_code == 2
    assert f"--file {sales} can't be copied: [Errno 20] Not a directory" in refused.stderr
    assert "hint: copy it below a folder of file_roots" in refused.stderr
