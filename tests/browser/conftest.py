"""A real browser, and the whole system behind it as processes.

UPDATE_SCREENSHOTS=1 renews the pictures in docs/images. BROWSER names another Chromium than Debian's.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset

from tests.stand_ins import free_ports

CHROMIUM = Path(os.environ.get("BROWSER") or "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Part:
    """One process of the system, which can be stopped and started again on the same port."""

    def __init__(self, root: Path, arguments: list[str], environment: dict[str, str], ready: str) -> None:
        self._root, self._arguments, self._ready = root, arguments, ready
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        line = [sys.executable, "-m", *self._arguments]
        self._process = subprocess.Popen(line, cwd=self._root, env=self._environment)
        for _ in range(240):
            assert self._process.poll() is None, f"{self._arguments} ended with {self._process.returncode}"
            try:
                httpx.get(self._ready, trust_env=False).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.25)
            else:
                return
        raise AssertionError(f"{self._arguments} is not ready")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """End it as a crash does: without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None


class System:
    """Both services and the page, on ports of their own, with these variables for the services."""

    def __init__(self, root: Path, **variables: str) -> None:
        inference, chat, page = free_ports(3)
        self.url = f"http://127.0.0.1:{page}"
        self.inference_url, self.chat_url = f"http://127.0.0.1:{inference}", f"http://127.0.0.1:{chat}"
        urls = {
            "UI_INFERENCE_URL": self.inference_url,
            "UI_CHAT_URL": self.chat_url,
        }
        self.inference = Part(
            root,
            ["inference_service"],
            {"INFERENCE_PORT": str(inference), **variables},
            f"{urls['UI_INFERENCE_URL']}/health/ready",
        )
        # An empty key: a test must not ask a language model.
        self.chat = Part(
            root,
            ["chat_service"],
            {"CHAT_PORT": str(chat), "MISTRAL_API_KEY": "", **variables},
            f"{urls['UI_CHAT_URL']}/health/ready",
        )
        streamlit = ["streamlit", "run", "ui/app.py", "--server.port", str(page)]
        self.page = Part(root, streamlit, urls, f"{self.url}/_stcore/health")

    def stop(self) -> None:
        for part in (self.page, self.chat, self.inference):
            part.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip(f"there is no browser at {CHROMIUM}; apt-get install chromium, or name one in BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def system(root: Path, browser: Browser) -> Iterator[System]:
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not here")
    system = System(root)
    try:
        for part in (system.inference, system.chat, system.page):
            part.start()
        yield system
    finally:
        system.stop()


@pytest.fixture(scope="session")
def sample(root: Path) -> Path:
    """The rendered picture that ships with the project."""
    return root / "models" / "sample.png"


@pytest.fixture(scope="session")
def dicom(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same picture as DICOM, in a file without an ending as scanners write them."""
    with Image.open(sample) as picture:
        pixels = picture.convert("RGB")
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = uid.VLMicroscopicImageStorage, uid.generate_uid()
    data.Modality, data.PatientName = "GM", "Example^Mary"
    data.Rows, data.Columns, data.SamplesPerPixel = pixels.height, pixels.width, 3
    data.PhotometricInterpretation, data.PlanarConfiguration = "RGB", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = pixels.tobytes()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    path = tmp_path_factory.mktemp("dicom") / "IM0001"
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="module")
def pictures(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    if os.environ.get("UPDATE_SCREENSHOTS") != "1":
        return tmp_path_factory.mktemp("screenshots")
    folder = root / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
