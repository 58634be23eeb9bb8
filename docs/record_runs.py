"""Run each task type of the catalogue once, for the page that shows it: `python docs/record_runs.py`.

The parameters are those of runs.json, which gets the results. Providers are played by a server with recorded answers.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.catalogue.installation import Installation, running_installation  # noqa: E402
from tests.cli.conftest import call_real  # noqa: E402

RUNS = Path(__file__).with_name("runs.json")
PAGE = "https://example.com"


def record(installation: Installation, name: str, parameters: Any) -> Any:
    text = json.dumps(parameters).replace(PAGE, installation.player.url)
    run = call_real("submit", "-T", name, "-P", text, "--json", cwd=installation.folder)
    if run.returncode:
        sys.exit(f"{name}: {run.stdout}{run.stderr}")
    return json.loads(json.dumps(json.loads(run.stdout)["result"]).replace(installation.player.url, PAGE))


def main() -> None:
    runs = json.loads(RUNS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder, running_installation(Path(folder), off="") as installation:
        for name, run in runs.items():
            run["result"] = record(installation, name, run["parameters"])
    RUNS.write_text(json.dumps(runs, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
