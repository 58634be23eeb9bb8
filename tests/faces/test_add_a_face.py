"""The face in the page for contributors works as it stands there."""

import asyncio
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.service.service import Service
from taskmill.service.task_types import shipped
from tests.architecture.tree import ROOT, SOURCE

PAGE = ROOT / "docs/how-to/contribute/add-a-face.md"
MATH = {"task_type": "math", "parameters": {"expression": "1 + 1"}}


def face() -> Any:
    [source] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    module = ModuleType("face")
    exec(compile(source, str(PAGE), "exec"), vars(module))
    return module


def test_the_page_names_files_that_are_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"`((?:server|service|engine|core|docs|tests)/[\w/]+(?:\.py|/))`", text)
    assert len(named) > 15
    assert [
        name for name in named if "NAME" not in name and not ((SOURCE / name).exists() or (ROOT / name).exists())
    ] == []


async def test_the_face_of_the_page(tmp_path: Path) -> None:
    service, path = Service(Backend(ConnectionSettings("memory://"), "loop"), batched=True), f"{tmp_path}/face"
    await service.open(shipped())
    server = await face().serve(service, path)
    reader, writer = await asyncio.open_unix_connection(path)

    async def ask(**request: Any) -> Any:
        writer.write(json.dumps(request).encode() + b"\n")
        return json.loads(await reader.readline())

    id = (await ask(create=MATH))["id"]
    assert (await ask(get=id))["state"] == "ready"
    refused = await ask(create=MATH | {"parameters": {"expresion": "1"}})
    assert (refused["error"], refused["problems"][0][0]) == ("invalid_parameters", "$.parameters.expresion")
    assert (await ask(get="7"))["error"] == "not_found"
    assert (await ask(get=7))["error"] == "invalid_request"
    now = await ask(watch=id)
    assert now["event"]["state"] == "ready"
    await service.cancel(id)
    assert json.loads(await reader.readline())["event"]["state"] == "cancelled"
    assert json.loads(await reader.readline())["end"]["state"] == "cancelled"
    assert (await ask(watch=id, last=now["id"]))["event"]["state"] == "cancelled", "it goes on after the last item"
    writer.close()
    server.close()
    await server.wait_closed()
    await service.close()
