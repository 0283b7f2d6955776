"""What training calls its classes is what the knowledge graph knows, so that no answer lacks a next step."""

import pytest

from chat_service.case import read_case
from chat_service.knowledge import load_knowledge
from contract.example import EXAMPLE
from training.classes import BINARY
from training.prepare.breakhis import CARCINOMAS, SUBTYPES

KNOWLEDGE = load_knowledge()


@pytest.mark.parametrize("name", SUBTYPES.values())
def test_every_kind_of_tumour_that_training_names_leads_to_a_step_a_person_and_a_source(name):
    decision = "malignant" if name in CARCINOMAS else "benign"
    prediction = EXAMPLE.model_copy(update={"label": name, "decision": decision})
    case = read_case(prediction, KNOWLEDGE, audience="patient", language="en")
    assert case.subtype is not None
    diagnosis = KNOWLEDGE.graph.diagnoses[case.subtype]
    assert diagnosis.group == decision
    assert diagnosis.next_steps
    assert diagnosis.specialists
    assert diagnosis.sources


@pytest.mark.parametrize("name", BINARY.names)
def test_both_classes_of_a_plain_model_are_decisions(name):
    decision = KNOWLEDGE.graph.decisions[name]
    assert decision.next_steps
    assert decision.specialists
    assert decision.sources
