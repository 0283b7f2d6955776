"""One sample sent through both services, printed for a person to read."""

import os
import textwrap
from pathlib import Path
from typing import Any

import httpx

TIMEOUT = httpx.Timeout(30, connect=5)
"""An explanation comes within 20 s even when the language model is late."""
WIDTH = 96


class SampleFailed(Exception):
    """A service did not answer the sample as it should; the message says which and why."""


def send_sample(path: Path, inference_url: str, chat_url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Send an image to `/predict` and the answer, unchanged, to `/explain`; return both answers.

    Where the services ask for keys, those of the page are sent.

    Raises:
        SampleFailed: if the image is missing or a service answers with a problem.
    """
    # Proxies from the environment must not see, or break, what stays on this machine.
    with httpx.Client(timeout=TIMEOUT, trust_env=False) as client:
        files = {"file": (path.name, _read(path), "image/png")}
        prediction = _answer(client, f"{inference_url}/predict", "UI_INFERENCE_KEY", files=files)
        request = {"prediction": prediction}
        return prediction, _answer(client, f"{chat_url}/explain", "UI_CHAT_KEY", json=request)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SampleFailed(f"The sample {path} cannot be read: {error.strerror}.") from error


def _answer(client: httpx.Client, url: str, variable: str, **content: Any) -> dict[str, Any]:
    key = os.environ.get(variable)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        response = client.post(url, headers=headers, **content)
    except httpx.TransportError as error:
        raise SampleFailed(f"{url} could not be reached ({type(error).__name__}).") from error
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise SampleFailed(f"{url} asks for an API key. Put one of its keys into {variable}.")
    if response.status_code != httpx.codes.OK:
        raise SampleFailed(f"{url} answered {response.status_code}: {response.text[:500]}")
    answer: dict[str, Any] = response.json()
    return answer


def render(prediction: dict[str, Any], explanation: dict[str, Any]) -> str:
    """Return both answers as text."""
    parts = [*_prediction_lines(prediction), "", *_explanation_lines(explanation)]
    return "\n".join(parts)


def _prediction_lines(prediction: dict[str, Any]) -> list[str]:
    band, model, quality = prediction["band"], prediction["model"], prediction["quality"]
    lines = [
        f"Decision                 {prediction['decision']}",
        f"Malignant probability    {prediction['malignant_probability']:.3f}",
        f"Threshold                {prediction['threshold']:.3f}",
    ]
    if band:
        lines.append(f"Indeterminate between    {band['low']:.3f} and {band['high']:.3f}")
    lines.append(f"Image                    {'usable' if quality['usable'] else 'not usable'}")
    lines += [_wrapped(f"Remark: {issue['message']}") for issue in quality["issues"]]
    return [*lines, f"Model                    {model['name']} {model['version']} ({model['modality']})"]


def _explanation_lines(explanation: dict[str, Any]) -> list[str]:
    stage, survival = explanation["stage"], explanation["untreated_survival"]
    actions = [
        f"{item['title']} ({item['urgency']}): {item['detail']} {_cite(item)}"
        for item in explanation["actions"]
    ]
    doctors = [f"{item['name']}: {item['role']} {_cite(item)}" for item in explanation["specialists"]]
    sources = [f"[{item['id']}] {item['citation']} {item['url'] or ''}" for item in explanation["sources"]]
    return [
        *_section("Summary", [explanation["summary"]]),
        *_section("What to do", actions),
        *_section("Whom to see", doctors),
        *_section("Stage", [stage["estimate"] or "cannot be told from an image", stage["reason"]]),
        *(_section("Without treatment", [survival["statement"], survival["caveat"]]) if survival else []),
        *_section("Sources", sources),
        *_section("Please note", [explanation["disclaimer"]]),
        f"Written by: {_author(explanation['engine'])}",
    ]


def _cite(item: dict[str, Any]) -> str:
    return " ".join(f"[{source}]" for source in item["sources"])


def _author(engine: dict[str, Any]) -> str:
    remarks = [engine["model"], engine["fallback_reason"]]
    return " ".join([engine["name"], *(f"({remark})" for remark in remarks if remark)])


def _section(title: str, paragraphs: list[str]) -> list[str]:
    return [title, *(_wrapped(paragraph) for paragraph in paragraphs), ""]


def _wrapped(text: str) -> str:
    text = " ".join(text.split())
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
