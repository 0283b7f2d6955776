"""`make install`, with a made-up Python whose pip does as it is told."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PYTHON = """#!/bin/sh
# Stands in for python3: `-m venv` copies itself, `-m pip install` does what PIP says and counts its calls.
case "$*" in
    --version) echo "Python 3.9.2" ;;
    *"sys.version_info"*) [ "$VERSION" != old ] ;;
    *"import ensurepip"*) [ "$VERSION" != bare ] ;;
    *"-m venv --clear"*)
        rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo made >> environments ;;
    *"pip --version"*) ;;
    *"pip install"*)
        echo "$*" >> installations
        case "$PIP" in
            cut-off) kill -9 $PPID ;;
            offline) echo "pip._vendor.urllib3.exceptions.NewConnectionError" > .venv/install.log; exit 1 ;;
            full) echo "OSError: [Errno 28] No space left on device" > .venv/install.log; exit 1 ;;
            broken) echo "ERROR: something else" > .venv/install.log; exit 1 ;;
        esac ;;
    *) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""


@pytest.fixture
def install(tmp_path: Path, root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `make install` in a folder that holds only what it needs."""
    shutil.copy(root / "Makefile", tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(root / "tools" / "install.sh", tmp_path / "tools")
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)

    def run(python: str = str(python), **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "MAKEFLAGS": "", **variables}
        command = ["make", f"PYTHON={python}", "install"]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def count(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_every_extra_is_installed_at_the_tested_versions(install, tmp_path):
    assert install().returncode == 0
    assert "-c constraints.txt -e .[dev]" in (tmp_path / "installations").read_text()


def test_nothing_is_done_while_nothing_has_changed(install, tmp_path):
    install()
    started = time.monotonic()
    assert install().returncode == 0
    assert time.monotonic() - started < 1
    assert count(tmp_path / "installations") == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_is_installed_into_the_same_environment(install, tmp_path, name):
    install()
    later = time.time() + 10
    os.utime(tmp_path / name, (later, later))
    assert install().returncode == 0
    assert count(tmp_path / "installations") == 2
    assert count(tmp_path / "environments") == 1


def test_an_installation_that_was_cut_off_is_done_again_in_a_new_environment(install, tmp_path):
    assert install(PIP="cut-off").returncode != 0
    assert install().returncode == 0
    assert count(tmp_path / "installations") == 2
    assert count(tmp_path / "environments") == 2


def test_an_environment_whose_python_is_gone_is_made_again(install, tmp_path):
    install()
    (tmp_path / ".venv" / "bin" / "python").unlink()
    (tmp_path / ".venv" / ".installed").unlink()
    assert install().returncode == 0
    assert count(tmp_path / "environments") == 2


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [
        pytest.param({"python": "python-that-is-not-there"}, "Install Python 3.11", id="no-python"),
        pytest.param({"VERSION": "old"}, "Python 3.9.2 does not fit", id="old-python"),
        pytest.param({"VERSION": "bare"}, "python3-venv", id="no-venv"),
        pytest.param({"PIP": "offline"}, "Check the network", id="no-network"),
        pytest.param({"PIP": "full"}, "the disk is full", id="disk-full"),
        pytest.param({"PIP": "broken"}, ".venv/install.log", id="anything-else"),
    ],
)
def test_what_stands_in_the_way_is_one_clear_line(install, tmp_path, variables, remedy):
    result = install(**variables)
    assert result.returncode != 0
    said = [line for line in result.stderr.splitlines() if line.startswith("make install: ")]
    assert len(said) == 1
    assert remedy in said[0]
    assert "Traceback" not in result.stderr
    assert not (tmp_path / ".venv" / ".installed").exists()


def test_too_little_disk_space_is_told_before_anything_is_installed(install, tmp_path):
    (tmp_path / "bin").mkdir()
    df = tmp_path / "bin" / "df"
    df.write_text('#!/bin/sh\necho "Filesystem 1024-blocks Used Available Capacity Mounted on"\n'
                  'echo "/dev/x 10000000 7000000 3145728 70% /"\n')  # fmt: skip
    df.chmod(0o755)
    result = install(PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert result.returncode != 0
    assert "only 3 GB are free" in result.stderr
    assert not (tmp_path / ".venv").exists()
