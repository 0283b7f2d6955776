"""`python -m tools.openapi`: write the OpenAPI documents of both services to docs/openapi/.

They are those of services with API keys and limits; without them 401 and 429 do not come.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from chat_service.app import create_app as create_chat
from chat_service.settings import Settings as ChatSettings
from inference_service.app import create_app as create_inference
from inference_service.settings import Settings as InferenceSettings
from tools.children import ROOT
from tools.compatibility import find_breaks

FOLDER = ROOT / "docs" / "openapi"
BASELINE = FOLDER / "released"
BREAKING = FOLDER / "BREAKING.md"
NAMES = ("inference", "chat")
HEADING = """# What the next release breaks

Callers of the last release rely on [its documents](released). Whatever is no longer promised stands here as
`python -m tools.openapi` says it, each after `- `. With it belong a line in CHANGELOG.md and a new first
number of the version (before 1.0, the second).
"""
KEYS = "example sha256:" + "0" * 64 + "\n"
"""The digest of no key that anyone has."""


def documents() -> dict[str, dict[str, Any]]:
    """Return the document of each service, by the name of its file."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as keys:
        keys.write(KEYS)
        keys.flush()
        path = Path(keys.name)
        inference = create_inference(InferenceSettings(api_keys=path), _never)
        return {"inference": inference.openapi(), "chat": create_chat(ChatSettings(api_keys=path)).openapi()}


def _never(*_: object) -> Any:
    raise NotImplementedError("nothing is loaded to describe the service")


def written(document: dict[str, Any]) -> str:
    """Return a document as it is committed."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the documents, and say what would break callers."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi", description=__doc__)
    parser.add_argument(
        "--release", action="store_true", help="make these the documents that later ones are compared with"
    )
    release = parser.parse_args().release
    for name, document in documents().items():
        for folder in (FOLDER, BASELINE) if release else (FOLDER,):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.json").write_text(written(document), "utf-8")
    if release:
        BREAKING.write_text(HEADING, "utf-8")
    for line in undeclared():
        print(line, file=sys.stderr)
    return 1 if undeclared() else 0


def undeclared() -> list[str]:
    """Return what the documents in docs/openapi/ break of the last release without saying so."""
    declared = BREAKING.read_text("utf-8").splitlines()
    return [line for line in breaks() if f"- {line}" not in declared]


def breaks() -> list[str]:
    """Return what the documents in docs/openapi/ break of the last release."""
    found = []
    for name in NAMES:
        before, after = (
            json.loads((each / f"{name}.json").read_text("utf-8")) for each in (BASELINE, FOLDER)
        )
        found += [f"{name}: {each}" for each in find_breaks(before, after)]
    return found


if __name__ == "__main__":
    sys.exit(main())
