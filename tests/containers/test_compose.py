"""The compose file as .env.example has it: an image becomes an explanation through the published ports."""

import copy
import hashlib
import io
import re
import socket

import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, VLMicroscopicImageStorage, generate_uid

from contract import ChatReply, Explanation, Prediction

pytestmark = pytest.mark.timeout(3600)
SERVICES = ["inference", "chat", "page", "gateway"]
SLIM = """
import importlib.util, shutil, sys
wanted = {!r}
sys.exit(", ".join(name for name in wanted if importlib.util.find_spec(name)) or None)
"""


@pytest.fixture
def prediction(compose, client, sample):
    """What the inference service says of the sample."""
    reply = client.post(f"{compose.inference}/predict", files={"file": ("image", sample)})
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_an_image_becomes_an_explanation(compose, client, prediction):
    body = {"prediction": prediction, "audience": "patient"}
    reply = client.post(f"{compose.chat}/explain", json=body)
    assert reply.status_code == 200, reply.text
    explanation = Explanation.model_validate_json(reply.content)
    assert explanation.prediction_id == Prediction.model_validate(prediction).id
    assert explanation.engine.name == "knowledge-base"


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "WEBP"])
def test_pictures_of_other_formats_are_read(kind, compose, client, sample):
    content = io.BytesIO()
    Image.open(io.BytesIO(sample)).convert("RGB").save(content, kind)
    reply = client.post(f"{compose.inference}/predict", files={"file": ("image", content.getvalue())})
    assert reply.status_code == 200, reply.text
    assert reply.json()["image"]["format"] == kind


def test_a_compressed_dicom_file_is_read(compose, client, sample):
    reply = client.post(f"{compose.inference}/predict", files={"file": ("image", write_dicom(sample))})
    assert reply.status_code == 200, reply.text
    assert reply.json()["image"]["format"] == "DICOM"


def test_an_explanation_in_french_for_a_clinician(compose, client, prediction):
    body = {"prediction": prediction, "audience": "clinician", "language": "fr"}
    explanation = client.post(f"{compose.chat}/explain", json=body).json()
    assert explanation["language"] == "fr"
    assert " une " in explanation["explanation"]


@pytest.mark.parametrize("language", ["en", "fr", "de", "es", "hi"])
def test_a_question_is_answered_in_every_language(language, compose, client, prediction):
    messages = [{"role": "user", "content": "Which doctor should I see?"}]
    body = {"prediction": prediction, "messages": messages, "language": language}
    reply = client.post(f"{compose.chat}/chat", json=body)
    assert reply.status_code == 200, reply.text
    assert ChatReply.model_validate_json(reply.content).reply


def test_an_explanation_streams_through_the_gateway(compose, client, prediction):
    with client.stream(
        "POST",
        f"{compose.chat}/explain",
        json={"prediction": prediction},
        headers={"Accept": "text/event-stream"},
    ) as reply:
        events = reply.read().decode()
    assert "event: result" in events


def test_the_graph_of_facts_is_in_the_image(compose, client):
    reply = client.get(f"{compose.chat}/knowledge", headers={"Accept": "text/turtle"})
    assert reply.status_code == 200
    assert len(reply.content) > 10_000


def test_a_heat_map_is_drawn(compose, client, sample):
    reply = client.post(f"{compose.inference}/heatmap", files={"file": ("image", sample)})
    assert reply.status_code == 200, reply.text
    assert Image.open(io.BytesIO(reply.content)).format == "PNG"


def test_predictions_are_signed_with_a_secret_of_this_installation(compose, client, prediction):
    assert prediction["signature"].startswith("made-")
    altered = copy.deepcopy(prediction)
    altered["decision"] = "benign"
    reply = client.post(f"{compose.chat}/explain", json={"prediction": altered})
    assert reply.status_code == 403
    assert reply.json()["type"] == "/problems/signature-refused"


def test_the_secret_outlives_a_start(compose, client, prediction):
    compose.run("start", "signing")
    reply = client.post(f"{compose.chat}/explain", json={"prediction": prediction})
    assert reply.status_code == 200
    assert "there is a secret" in compose.run("logs", "signing", check=False).stdout


def test_without_images_of_ones_own_the_starter_model_is_served(prediction, root):
    starter = hashlib.sha256((root / "models" / "starter.pt").read_bytes()).hexdigest()
    assert prediction["model"]["sha256"] == starter


def test_the_page_is_served_and_reaches_both_services(compose, client, sample):
    assert "<title>Streamlit</title>" in client.get(compose.page).text
    done = compose.execute("page", "python", "-c", ASK_AS_THE_PAGE)
    assert done.stdout.strip() == "malignant en", done.stderr


ASK_AS_THE_PAGE = """
from pathlib import Path
from uuid import uuid4
from contract import ExplanationRequest
from ui.client import Client
from ui.settings import Settings
client = Client(Settings())
said = client.predict(Path("models/sample.png").read_bytes(), uuid4())
print(said.label, client.explain(ExplanationRequest(prediction=said), uuid4(), lambda _: None).language)
"""


def test_every_container_is_listed(compose):
    listing = compose.run("ps", check=False).stdout
    assert all(service in listing for service in SERVICES)


def test_the_override_for_gpus_fits(compose, root):
    compose.files = [root / "docker-compose.gpu.yml"]
    before = dict(compose.environment)
    compose.environment["TORCH_BUILD"] = "cpu"
    done = compose.run("config", check=False)
    compose.files, compose.environment = [], before
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("driver: nvidia") >= 2
    # Whatever .env says: what pip finds, which brings CUDA. Arguments are listed as `A: b` or as `- A=b`.
    assert len(re.findall(r"""TORCH_BUILD(?:=|: (?:''|""))$""", done.stdout, re.MULTILINE)) >= 2


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_runs_as_root(compose, service):
    assert compose.execute(service, "id", "-u").stdout.strip() == "10001"


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_can_write_to_its_own_files(compose, service):
    result = compose.execute(service, "touch", "/app/trace")
    assert result.returncode != 0
    assert "Read-only file system" in result.stderr


@pytest.mark.parametrize("place", ["/weights/model.pt", "/signing/key"])
def test_the_inference_service_can_change_neither_model_nor_secret(compose, place):
    assert compose.execute("inference", "touch", place).returncode != 0


@pytest.mark.parametrize("service", ["page", "gateway"])
def test_the_secret_is_not_in_other_rooms(compose, service):
    assert compose.execute(service, "ls", "/signing").returncode != 0


@pytest.mark.parametrize("service", ["chat", "page", "gateway"])
def test_chat_page_and_gateway_have_no_torch(compose, service):
    code = SLIM.format(["torch", "torchvision", "imagecodecs"])
    assert compose.execute(service, "python", "-c", code).returncode == 0


@pytest.mark.parametrize("service", SERVICES)
def test_no_image_holds_tools_for_building(compose, service):
    code = SLIM.format(["pip", "Cython"])
    assert compose.execute(service, "python", "-c", code).returncode == 0
    for tool in ("gcc", "cc", "g++", "make", "ld", "git"):
        assert compose.execute(service, "sh", "-c", f"command -v {tool}").returncode != 0


def test_the_fast_parsers_are_in_use(compose):
    code = "import httptools, uvloop, imagecodecs"
    assert compose.execute("inference", "python", "-c", code).returncode == 0
    assert compose.execute("chat", "python", "-c", "import httptools, uvloop").returncode == 0


def test_the_ports_answer_on_this_machine_only(compose):
    """127.0.0.2 is this machine as well, but not the address that the ports are published on."""
    for port in compose.ports:
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection(("127.0.0.2", port), timeout=2).close()


def write_dicom(picture: bytes) -> bytes:
    """Return a microscopic DICOM image in JPEG 2000."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    codestream = io.BytesIO()
    image.save(codestream, "JPEG2000", no_jp2=True, irreversible=False, mct=0)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = JPEG2000Lossless
    meta.MediaStorageSOPClassUID = VLMicroscopicImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = VLMicroscopicImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.PhotometricInterpretation = "GM", "RGB"
    dataset.Columns, dataset.Rows = image.size
    dataset.SamplesPerPixel, dataset.PlanarConfiguration, dataset.PixelRepresentation = 3, 0, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = encapsulate([codestream.getvalue()])
    dataset["PixelData"].VR = "OB"
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()
