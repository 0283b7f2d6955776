"""The stage: by rule from findings, never from an image."""

import pytest

from chat_service.knowledge import load_knowledge
from chat_service.offline import KnowledgeBase
from chat_service.stage import rule
from contract import Clinical, ExplanationRequest, Stage
from contract.example import EXAMPLE

ENGINE = KnowledgeBase(load_knowledge())


@pytest.mark.parametrize(
    ("clinical", "estimate", "missing"),
    [
        pytest.param({}, None, {"nodes", "metastasis"}, id="nothing known"),
        pytest.param({"tumour_size_mm": 8, "grade": 1}, None, {"nodes", "metastasis"}, id="size and grade"),
        pytest.param({"positive_nodes": 0}, None, {"metastasis"}, id="clear nodes alone"),
        pytest.param({"distant_metastasis": False}, None, {"nodes"}, id="no metastasis alone"),
        pytest.param({"positive_nodes": 0, "distant_metastasis": False}, "localized", set(), id="both clear"),
        pytest.param({"positive_nodes": 1, "distant_metastasis": False}, "regional", set(), id="one node"),
        pytest.param({"positive_nodes": 3}, "regional", {"metastasis"}, id="nodes, metastasis unknown"),
        pytest.param({"distant_metastasis": True}, "distant", set(), id="metastasis alone"),
        pytest.param({"positive_nodes": 0, "distant_metastasis": True}, "distant", set(), id="clear nodes"),
        pytest.param({"positive_nodes": 9, "distant_metastasis": True}, "distant", set(), id="both"),
    ],
)
def test_the_rule_of_summary_stage(clinical, estimate, missing):
    ruling = rule(Clinical(**clinical))
    assert ruling.estimate == estimate
    assert set(ruling.needed) & {"nodes", "metastasis"} == missing
    assert "pathology" in ruling.needed


def test_positive_nodes_without_a_word_on_metastasis_are_called_at_least_regional():
    assert rule(Clinical(positive_nodes=2)).reason == "regional-at-least"


def test_localized_says_that_growth_into_skin_or_chest_wall_was_not_asked():
    assert "extension" in rule(Clinical(positive_nodes=0, distant_metastasis=False)).needed


def test_what_was_stated_is_not_asked_for_again():
    whole = Clinical(
        tumour_size_mm=8,
        positive_nodes=0,
        distant_metastasis=False,
        grade=1,
        er="positive",
        pr="positive",
        her2="negative",
    )
    assert set(rule(whole).needed) == {"pathology", "extension"}
    assert set(rule(whole.model_copy(update={"her2": "unknown"})).needed) == {
        "pathology",
        "extension",
        "biology",
    }


def stage(**findings: object) -> Stage:
    request = {"prediction": EXAMPLE, "clinical": findings or None}
    return ENGINE.compose(ExplanationRequest.model_validate(request)).stage


@pytest.mark.parametrize(
    "findings",
    [{"distant_metastasis": True}, {"positive_nodes": 2}, {"positive_nodes": 0}, {"grade": 2}],
    ids=str,
)
def test_findings_are_answered_with_the_rule_that_was_applied(findings):
    reason = stage(**findings).reason
    assert "The rule is the SEER summary stage" in reason
    assert all(group in reason for group in ("localized", "regional", "distant"))


def test_the_distribution_names_the_three_groups_in_numbers_and_in_words():
    told = stage()
    assert [share.stage for share in told.distribution] == ["localized", "regional", "distant"]
    assert all(group in told.reason for group in ("localized", "regional", "distant"))
