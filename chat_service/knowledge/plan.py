"""What answers are made of, the same in every language: the graph as the composer reads it."""

from typing import Literal

from chat_service.knowledge.collection import Graph
from chat_service.knowledge.entry import Entry, Id, Kind
from chat_service.knowledge.nodes import Decision, Diagnosis


class Outline(Entry):
    """What an answer of one kind is made of."""

    paragraphs: list[Id]
    actions: list[Id]
    specialists: list[Id]


class ActionPlan(Entry):
    """How urgent an action is, and where that stands."""

    urgency: Literal["routine", "soon", "prompt", "emergency"]
    sources: list[Id]


class Subtype(Entry):
    """A known kind of tissue and the label names under which it comes."""

    group: Kind
    also: list[Kind]
    """Decisions beside its group under which the label fits as well."""
    in_situ: bool
    """Whether it has not spread by definition, so that stage groups and survival do not apply."""
    names: list[str]
    sources: list[Id]
    first_action: Id | None
    specialist: Id | None


class StagePlan(Entry):
    """Sources of the stage texts, and the share of each group at diagnosis."""

    sources: list[Id]
    distribution: dict[Id, Id]


class MedianPlan(Entry):
    """The statistics between which median survival lies."""

    low: Id
    high: Id


class SurvivalPlan(Entry):
    """The statistics of untreated disease."""

    median: MedianPlan
    points: list[Id]
    sources: list[Id]


class Plan(Entry):
    """What answers are made of."""

    kinds: dict[Kind, Outline]
    always: list[Id]
    paragraphs: dict[Id, list[Id]]
    actions: dict[Id, ActionPlan]
    specialists: dict[Id, list[Id]]
    subtypes: dict[Id, Subtype]
    modalities: dict[Id, list[str]]
    issues: dict[Id, list[str]]
    stage: StagePlan
    survival: SurvivalPlan


def plan_of(graph: Graph) -> Plan:
    """Read off the graph what answers are made of."""
    return Plan(
        kinds={
            kind: Outline(paragraphs=node.paragraphs, actions=node.next_steps, specialists=node.specialists)
            for kind, node in graph.decisions.items()
        },
        always=[key for key, node in graph.paragraphs.items() if node.always],
        paragraphs={key: node.sources for key, node in graph.paragraphs.items()},
        actions={
            key: ActionPlan(urgency=node.urgency, sources=node.sources) for key, node in graph.actions.items()
        },
        specialists={key: node.sources for key, node in graph.specialists.items()},
        subtypes={
            key: _subtype(node, graph.decisions[node.group])
            for key, node in graph.diagnoses.items()
            if node.names
        },
        modalities={key: node.names for key, node in graph.modalities.items()},
        issues={key: node.names for key, node in graph.remarks.items()},
        stage=_stage(graph),
        survival=_survival(graph),
    )


def _subtype(node: Diagnosis, decision: Decision) -> Subtype:
    """Name what comes before, and who beside, those of the decision; None where they are the same."""
    first, person = node.next_steps[0], node.specialists[0]
    return Subtype(
        group=node.group,
        also=node.also,
        in_situ=node.in_situ,
        names=node.names,
        sources=node.sources,
        first_action=None if first == decision.next_steps[0] else first,
        specialist=None if person in decision.specialists else person,
    )


def _stage(graph: Graph) -> StagePlan:
    shared = {key: group for key, group in graph.stages.items() if group.share}
    return StagePlan(
        sources=list(dict.fromkeys(source for group in shared.values() for source in group.sources)),
        distribution={key: group.share for key, group in shared.items() if group.share},
    )


def _survival(graph: Graph) -> SurvivalPlan:
    node = graph.outlooks["untreated"]
    low, high = node.median
    return SurvivalPlan(median=MedianPlan(low=low, high=high), points=node.points, sources=node.sources)
