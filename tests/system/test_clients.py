"""Clients that others' generators make of docs/openapi/ are run against both services."""

import json
import os
import shutil
import subprocess
import sys

import pytest

PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3", "@types/node@20.19.0")
BYTES = "content_type_overrides:\n  image/png: application/octet-stream\n"
NAMES = ("inference", "chat")


@pytest.fixture
def services(root, begin, ports):
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not there")
    begin(folder=root).wait_for("Ctrl-C stops everything.")
    return [f"http://127.0.0.1:{port}" for port in ports[:2]]


def run(command, folder, **variables):
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


PYTHON = """
import json, sys
from io import BytesIO

from chat import Client as ChatClient
from chat.api.explanation import explain
from chat.models import Explanation, ExplanationRequest, Prediction
from inference import Client
from inference.api.prediction import heatmap, model, predict, predict_batch
from inference.models import HeatmapUpload, ModelCard, PredictBatchUploads, PredictUpload, Problem
from inference.types import File

inference, chat = (kind(base_url=url, timeout=60) for kind, url in zip((Client, ChatClient), sys.argv[1:]))
data = open("sample.png", "rb").read()


def image(content=data):
    return File(payload=BytesIO(content), file_name="image")


prediction = predict.sync(client=inference, body=PredictUpload(file=image()))
assert prediction.decision in ("benign", "malignant", "indeterminate"), prediction
assert isinstance(model.sync(client=inference), ModelCard)
request = ExplanationRequest(prediction=Prediction.from_dict(prediction.to_dict()))
explanation = explain.sync(client=chat, body=request)
assert isinstance(explanation, Explanation), explanation
assert explanation.prediction_id == prediction.id

drawn = heatmap.sync(client=inference, body=HeatmapUpload(file=image()), opacity=0.3)
assert drawn.payload.read().startswith(b"\\x89PNG")
refused = predict.sync(client=inference, body=PredictUpload(file=image(b"no picture")))
assert isinstance(refused, Problem) and refused.type_ == "/problems/image-unreadable", refused

both = predict_batch.sync_detailed(client=inference, body=PredictBatchUploads(file=[image(), image(b"x")]))
lines = [json.loads(line) for line in both.content.splitlines()]
assert ["prediction" in line for line in lines] == [True, False], lines
print("all answered")
"""


def test_a_generated_python_client_is_answered(root, services, tmp_path):
    (tmp_path / "config.yaml").write_text(BYTES)
    for name in NAMES:
        document = root / "docs" / "openapi" / f"{name}.json"
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
        command += ["--path", str(document), "--output-path", name, "--config", "config.yaml"]
        run(command, tmp_path)
    shutil.copy(root / "models" / "sample.png", tmp_path)
    (tmp_path / "ask.py").write_text(PYTHON)
    assert run([sys.executable, "ask.py", *services], tmp_path) == "all answered\n"


TYPESCRIPT = """
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { paths as Inference } from "./inference.js";
import type { paths as Chat } from "./chat.js";

const [inferenceUrl, chatUrl] = process.argv.slice(2);
const inference = createClient<Inference>({ baseUrl: inferenceUrl });
const chat = createClient<Chat, "application/json">({ baseUrl: chatUrl });

// Files are strings to the types; a form is what is sent.
const upload = (...contents: BlobPart[]) => ({
  body: { file: "" },
  bodySerializer: () => {
    const form = new FormData();
    for (const content of contents) form.append("file", new Blob([content]), "image");
    return form;
  },
});

const sample = new Uint8Array(readFileSync("sample.png"));
const { data: prediction, error } = await inference.POST("/predict", upload(sample));
if (!prediction) throw new Error(error.detail);
const decision: "benign" | "malignant" | "indeterminate" = prediction.decision;

const { data: explanation } = await chat.POST("/explain", {
  body: { prediction, audience: "clinician", language: "en", include_prognosis: false },
});
if (explanation?.prediction_id !== prediction.id) throw new Error("another explanation");

const { data: heatmap } = await inference.POST("/heatmap", {
  ...upload(sample),
  params: { query: { opacity: 0.5, overlay: false } },
  parseAs: "arrayBuffer",
});
const drawn = Buffer.from(heatmap as unknown as ArrayBuffer);
if (drawn.subarray(1, 4).toString() !== "PNG") throw new Error("no PNG");

const { error: refused } = await inference.POST("/predict", upload("no picture"));
if (refused?.type !== "/problems/image-unreadable") throw new Error("not refused");

const { data: lines } = await inference.POST("/predict/batch", {
  ...upload(sample, "x"),
  body: { file: [] },
  parseAs: "text",
});
const kinds = String(lines).trim().split("\\n").map((line) => "prediction" in JSON.parse(line));
if (kinds.join() !== "true,false") throw new Error(kinds.join());
console.log(`all answered: ${decision}`);
"""
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "target": "es2022",
        "module": "nodenext",
        "lib": ["es2022", "dom"],
        "types": ["node"],
        "skipLibCheck": True,
    },
    "files": ["ask.ts"],
}


@pytest.fixture(scope="module")
def npm_folder(tmp_path_factory):
    """A folder with the generators of TypeScript in it."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here")
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", *PACKAGES]
    try:
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not come to an end here")
    if done.returncode != 0:
        pytest.skip("npm cannot install anything here")
    return folder


def test_a_generated_typescript_client_compiles_strictly_and_is_answered(root, services, npm_folder):
    for name in NAMES:
        document = root / "docs" / "openapi" / f"{name}.json"
        run(["npx", "openapi-typescript", str(document), "--output", f"{name}.ts"], npm_folder)
    shutil.copy(root / "models" / "sample.png", npm_folder)
    (npm_folder / "ask.ts").write_text(TYPESCRIPT)
    (npm_folder / "tsconfig.json").write_text(json.dumps(TSCONFIG))
    run(["npx", "tsc"], npm_folder)
    assert run(["node", "ask.js", *services], npm_folder).startswith("all answered: ")
