"""The documents in docs/openapi/ are what the services say, are sound, and break nobody."""

import json

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from contract import ChatReply, ChatRequest, Explanation, ExplanationRequest, ModelCard, Prediction, Problem
from inference_service.problems import PROBLEMS
from tools.openapi import FOLDER, NAMES, documents, undeclared, written

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def said():
    return documents()


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_document_is_what_the_service_says(name, said):
    committed = (FOLDER / f"{name}.json").read_text("utf-8")
    assert committed == written(said[name]), "Run `python -m tools.openapi`."


def test_whatever_breaks_callers_of_the_last_release_is_declared():
    assert undeclared() == [], "Say so in docs/openapi/BREAKING.md, or let it be."


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_sound(name, said):
    OpenAPIV31SpecValidator(said[name]).validate()


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path}", operation


def examples_of(content):
    return (
        [content["example"]] if "example" in content else [e["value"] for e in content["examples"].values()]
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_and_every_error_has_examples_that_fit_its_schema(name, said):
    document, seen = said[name], 0
    for _, operation in operations(document):
        bodies = [answer.get("content", {}) for answer in operation["responses"].values()]
        for body in bodies:
            for media_type, content in body.items():
                if media_type == "image/png":
                    continue  # bytes have no example in JSON
                schema = {**content["schema"], "components": document["components"]}
                for example in examples_of(content):
                    jsonschema.validate(example, schema)
                    seen += 1
    assert seen > 20


def test_examples_are_what_the_contract_reads(said):
    def example(name, path, method="post", status="200"):
        content = said[name]["paths"][path][method]["responses"][status]["content"]
        return content["application/json"]["example"]

    Prediction.model_validate(example("inference", "/predict"))
    ModelCard.model_validate(example("inference", "/model", "get"))
    Explanation.model_validate(example("chat", "/explain"))
    ChatReply.model_validate(example("chat", "/chat"))
    for path, kind in (("/explain", ExplanationRequest), ("/chat", ChatRequest)):
        bodies = said["chat"]["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
        for body in bodies.values():
            kind.model_validate(body["value"])


@pytest.mark.parametrize("name", NAMES)
def test_every_example_of_an_error_tells_its_own_kind_and_status(name, said):
    for _, operation in operations(said[name]):
        for status, answer in operation["responses"].items():
            for slug, example in answer.get("content", {}).get(PROBLEM, {}).get("examples", {}).items():
                problem = Problem.model_validate(example["value"])
                assert (problem.type, str(problem.status)) == (f"/problems/{slug}", status)
                assert problem.detail


def test_every_kind_of_problem_of_the_inference_service_is_documented(said):
    text = json.dumps(said["inference"])
    told_in_lines = {"file-too-large", "too-many-images"}
    for kind in PROBLEMS.values():
        assert f"/problems/{kind.slug}" in text or kind.slug in told_in_lines


def test_keys_are_documented_where_they_are_needed(said):
    for document in said.values():
        assert set(document["components"]["securitySchemes"]) == {"bearer", "key"}
        for name, operation in operations(document):
            assert ("security" in operation) == ("/health/" not in name)
            assert ("401" in operation["responses"]) == ("/health/" not in name)
