"""The programs in docs/integrate.md are run against both services."""

import json
import os
import re
import shutil
import subprocess
import sys

import httpx
import pytest

from contract import ChatReply, Explanation, Prediction

PAGE_JS = """
const file = new File([await (await import("node:fs/promises")).readFile("sample.png")], "sample.png");
const got = await read(file, process.env.INFERENCE_URL, process.env.CHAT_URL);
const bytes = Buffer.from(await got.heatmap.arrayBuffer());
await (await import("node:fs/promises")).writeFile("heatmap.png", bytes);
console.log(JSON.stringify([got.prediction, got.explanation]));
"""

FOLLOW_JS = """
const given = JSON.parse(await (await import("node:fs/promises")).readFile("prediction.json"));
let shown = "";
const explanation = await follow(given, process.env.CHAT_URL, (text) => (shown = text));
console.log(JSON.stringify([shown, explanation]));
"""


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "integrate.md").read_text("utf-8")


def programs(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.M | re.S)


@pytest.fixture
def services(root, begin, ports):
    """Addresses of both services, in the variables that the programs read."""
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not there")
    begin(folder=root).wait_for("Ctrl-C stops everything.")
    urls = [f"http://127.0.0.1:{port}" for port in ports[:2]]
    return {"INFERENCE_URL": urls[0], "CHAT_URL": urls[1], "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


@pytest.fixture
def folder(tmp_path, root):
    place = tmp_path / "caller"
    place.mkdir()
    shutil.copy(root / "models" / "sample.png", place)
    return place


def run(command, folder, services):
    done = subprocess.run(
        command, cwd=folder, env=os.environ | services, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode()


def test_the_programs_ask_for_reading_explanation_and_heat_map(page, services, folder):
    curl, stream = programs(page, "bash")
    run(["bash", "-euo", "pipefail", "-c", curl], folder, services)
    prediction = Prediction.model_validate_json((folder / "prediction.json").read_bytes())
    assert Explanation.model_validate_json((folder / "explanation.json").read_bytes())
    assert is_png(folder)
    assert len((folder / "lines.ndjson").read_text().splitlines()) == 2
    told = run(["bash", "-euo", "pipefail", "-c", stream], folder, services)
    assert told.startswith('event: delta\ndata: {"text": "')
    assert ChatReply.model_validate_json(told.split("event: result\ndata: ")[1])

    one, many, follow = programs(page, "python")
    (folder / "integrate.py").write_text(one, "utf-8")
    told = run([sys.executable, "integrate.py", "sample.png"], folder, services)
    assert told.startswith(f"{prediction.decision} {prediction.malignant_probability}")
    assert is_png(folder)
    (folder / "many.py").write_text(many, "utf-8")
    (folder / "text.png").write_text("no picture")
    lines = run([sys.executable, "many.py", "sample.png", "text.png", "sample.png"], folder, services)
    said = f"sample.png {prediction.decision}"
    assert lines.splitlines() == [said, "text.png The file is not a readable image", said]
    (folder / "integrate.py").write_text(one, "utf-8")
    with pytest.raises(AssertionError, match="The file is not a readable image"):
        run([sys.executable, "integrate.py", "text.png"], folder, services)

    (folder / "stream.py").write_text(follow, "utf-8")
    told = run([sys.executable, "stream.py", "prediction.json"], folder, services)
    assert told.endswith("\nwritten by knowledge-base\n")

    script, following = programs(page, "js")
    if shutil.which("node"):
        (folder / "page.mjs").write_text(script + PAGE_JS, "utf-8")
        both = json.loads(run(["node", "page.mjs"], folder, services))
        assert Prediction.model_validate(both[0]).decision == prediction.decision
        assert Explanation.model_validate(both[1])
        assert is_png(folder)
        (folder / "follow.mjs").write_text(following + FOLLOW_JS, "utf-8")
        shown, explanation = json.loads(run(["node", "follow.mjs"], folder, services))
        assert shown == f"{explanation['summary']}\n\n{explanation['explanation']}"

    (program,) = programs(page, "java")
    if shutil.which("java"):
        (folder / "Integrate.java").write_text(program, "utf-8")
        first, second = run(["java", "Integrate.java", "sample.png"], folder, services).splitlines()
        assert Prediction.model_validate_json(first).decision == prediction.decision
        assert Explanation.model_validate_json(second)
        assert is_png(folder)


def is_png(folder):
    """Whether there is a heat map now; takes it away for the next one."""
    place = folder / "heatmap.png"
    data = place.read_bytes()
    place.unlink()
    return data.startswith(b"\x89PNG")


def test_the_error_that_is_shown_is_one_that_is_given(page, services):
    (shown,) = programs(page, "json")
    answer = httpx.post(
        f"{services['INFERENCE_URL']}/predict",
        files={"file": b"\x89PNG\r\n\x1a\n cut"},
        headers={"X-Request-ID": json.loads(shown)["request_id"]},
        timeout=60,
        trust_env=False,
    )
    assert answer.json() == json.loads(shown)


def test_every_status_that_the_page_explains_is_documented_and_the_other_way_round(page, root):
    told = {int(code) for row in re.findall(r"^\| (\d[\d, ]+) \|", page, re.M) for code in row.split(", ")}
    documented = set()
    for name in ("inference", "chat"):
        document = json.loads((root / "docs" / "openapi" / f"{name}.json").read_text())
        for item in document["paths"].values():
            documented |= {int(status) for operation in item.values() for status in operation["responses"]}
    assert told == documented - {200}


def test_every_file_the_page_links_to_is_there(page, root):
    links = re.findall(r"\]\((?!http)([^)#]+)", page)
    assert links
    assert [link for link in links if not (root / "docs" / link).exists()] == []
