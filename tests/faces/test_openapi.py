"""What the server says about itself is true: requests made from its own document find nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from taskmill.sdk.sync import run
from tests.faces.site import Site
from tests.faces.test_rest_around import worker

BATCH = "/api/tasks/batch"
ENDLESS = ("--exclude-path", "/api/events", "--exclude-path", "/api/tasks/{id}/events")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
REJECTS = "negative_data_rejection,unsupported_method"
EXAMPLES = 20


def explore(site: Site, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("schemathesis"))
    phases = ("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES))
    url = f"{site.http.base_url}/api/openapi.json".replace("//api", "/api")
    command = [program, "run", url, *phases, "--generation-database", "none", *options]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while True:
            run(site.store.put_worker(worker("w-1", 0)))  # it lives for the whole run, or /readyz would answer 503
            try:
                said, errors = process.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                continue
            return subprocess.CompletedProcess(command, process.returncode, said, errors)


@pytest.mark.slow
@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "options",
    [
        ("--checks", f"{CHECKS},{REJECTS}", "--exclude-path", BATCH, *ENDLESS),
        ("--checks", CHECKS, "--include-path", BATCH),  # which refuses item by item, in a reply of its own
    ],
    ids=["all but batch", "batch"],
)
def test_the_document_is_kept(site: Site, tmp_path: Path, options: tuple[str, ...]) -> None:
    explored = explore(site, tmp_path, *options)
    assert explored.returncode == 0, explored.stdout + explored.stderr


def test_every_operation_is_documented(site: Site) -> None:
    document = site.http.get("/api/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["summary"] and operation["responses"] for operation in operations)
    create = document["paths"]["/api/tasks"]["post"]
    assert create["requestBody"]["content"]["application/json"]["example"]["task_type"] == "math"
    assert [parameter["name"] for parameter in create["parameters"]] == ["Idempotency-Key"]
    assert document["components"]["schemas"]["Draft"]["properties"]["task_type"]["examples"] == ["math"]
