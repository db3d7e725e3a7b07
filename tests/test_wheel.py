"""The wheel is the whole product: it makes a project and runs the demo far from any checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment that holds the wheel; its dependencies are those of the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "venv"
    venv.create(environment, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, timeout=300)
    (packages,) = (environment / "lib").glob("python*/site-packages")
    # a path line is not searched for further path files: the checkout's own editable install stays out
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin" / "backhaul"


def run(command: list[str], where: Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(where), "LANG": "C.UTF-8"}
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, timeout=timeout)


def test_the_code_that_runs_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    python = installed.parent / "python"
    told = run([str(python), "-c", "import backhaul; print(backhaul.__file__)"], tmp_path)
    assert str(installed.parent.parent) in told.stdout, told.stderr


def test_init_makes_a_project_that_validates(installed: Path, tmp_path: Path) -> None:
    made = run([str(installed), "init", "mine"], tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "mine" / "pipelines").is_dir()
    checked = run([str(installed), "validate", "--json"], tmp_path / "mine")
    assert checked.returncode in (0, 2), checked.stderr
    assert "Traceback" not in checked.stderr


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_demo_runs_to_its_end(installed: Path, tmp_path: Path) -> None:
    told = run([str(installed), "demo", "shown"], tmp_path, timeout=380)
    try:
        assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
        assert "Done in" in told.stdout
        assert (tmp_path / "shown" / "published" / "acme.duckdb").exists()
        assert (tmp_path / "shown" / "published" / "globex.duckdb").exists()
    finally:
        ended = run([str(installed), "demo", "--stop", "shown"], tmp_path)
    assert ended.returncode == 0, ended.stderr
