"""What every test may ask for, and the mark each test gets from its folder."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its folder's name, so that `-m browser` or `-m "not system"` choose by folder."""
    for item in items:
        item.add_marker(item.path.relative_to(TESTS).parts[0])


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the whole project."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real images in the trainer's layout: TEST_DATA_DIR, or ../shared/data beside the project."""
    path = Path(os.environ.get("TEST_DATA_DIR") or ROOT / ".." / "shared" / "data").resolve()
    if not path.is_dir():
        pytest.skip("no real images here: set TEST_DATA_DIR to a folder that holds breakhis-200x and idc")
    return path
