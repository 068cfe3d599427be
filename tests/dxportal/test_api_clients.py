"""Typed clients made from the schema, in Python and TypeScript, at work on a real server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.models import Role, RoleAssignment
from tests.api import service
from tests.cast import Cast, make_cast

CLIENTS = Path(__file__).parent / "clients"
pytestmark = pytest.mark.xdist_group("clients")


@pytest.fixture(scope="module")
def schema(tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("schema") / "openapi.json"
    made = SchemaGenerator().get_schema(request=None, public=True)
    path.write_text(json.dumps(made, default=str))
    return path


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def finance(cast: Cast) -> str:
    """The token of a system that enters figures."""
    assert RoleAssignment.objects.filter(role=Role.EDITOR).exists()
    return service(cast, "write")[1]


@pytest.mark.django_db(transaction=True)
def test_a_generated_python_client_works(schema: Path, live_server: Any, tmp_path: Path) -> None:
    cast = make_cast()
    tool = Path(sys.executable).with_name("openapi-python-client")
    run(
        *(tool, "generate", "--path", schema, "--config", CLIENTS / "python.yaml"),
        *("--meta", "none", "--output-path", tmp_path / "dxportal_client", "--fail-on-warning"),
        cwd=tmp_path,
    )
    said = json.loads(
        run(
            *(sys.executable, CLIENTS / "try.py", live_server.url, finance(cast)),
            str(cast.indicators["立案数"].pk),
            cwd=tmp_path,
            PYTHONPATH=str(tmp_path),
        )
    )
    assert said["made"] == ["7", 1]
    assert said["changed"] == ["8", 2]
    assert said["late"] == [409, "Somebody else changed it first", {"value": "8", "version": 1}]
    assert said["refused"][0] == 400
    assert "cannot be read exactly" in said["refused"][1]
    assert said["listed"] == ["8"]


@pytest.fixture
def npm() -> str:
    """npm with its registry in reach; CI has both, a bare Debian has neither."""
    found = shutil.which("npm")
    is_there = (
        found is not None
        and not subprocess.run([found, "ping"], capture_output=True, timeout=60).returncode
    )
    if not is_there:
        assert "CI_RUN_LIMITED" not in os.environ, "CI tries the TypeScript client: it needs npm."
        pytest.skip("npm or its registry is not there (the TypeScript client is tried in CI)")
    assert found is not None
    return found


@pytest.mark.django_db(transaction=True)
def test_a_generated_typescript_client_works(
    schema: Path, live_server: Any, tmp_path: Path, npm: str
) -> None:
    cast = make_cast()
    for name in ("package.json", "package-lock.json", "tsconfig.json", "try.ts"):
        shutil.copy(CLIENTS / name, tmp_path)
    run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=tmp_path)
    tools = tmp_path / "node_modules" / ".bin"
    run(tools / "openapi-typescript", schema, "-o", "schema.d.ts", cwd=tmp_path)
    run(tools / "tsc", "-p", ".", cwd=tmp_path)
    indicator = str(cast.indicators["立案数"].pk)
    said = json.loads(
        run("node", "try.js", live_server.url, finance(cast), indicator, cwd=tmp_path)
    )
    assert "来訪者数" in said["names"]
    assert said["made"] == [201, "7"]
    assert said["second"] == [409, "Somebody else changed it first", "/api/v1/problems/conflict/"]
