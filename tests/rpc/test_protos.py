"""The protos: the code that is made of them is what is committed, and they read as buf asks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_committed_code_is_what_the_protos_make(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHON": sys.executable}
    subprocess.run([ROOT / "tools/proto", tmp_path], cwd=ROOT, env=environment, check=True, timeout=60)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in (ROOT / "src/taskmill/rpc").glob("*_pb2*")}
    assert made == committed, "make proto"


def test_buf_has_nothing_to_say() -> None:
    buf = shutil.which("buf", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert buf is not None
    said = subprocess.run([buf, "lint"], cwd=ROOT / "proto", capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stdout) == (0, "")
