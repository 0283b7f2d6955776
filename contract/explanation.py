"""What the chat service is asked and what it answers."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID, uuid4

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from contract.base import Name, Payload, Percent, Text
from contract.prediction import Prediction

Audience = Literal["patient", "clinician"]
Marker = Literal["positive", "negative", "unknown"]
StageGroup = Literal["localized", "regional", "distant"]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$", max_length=35)]
"""A BCP 47 language tag."""
Years = Annotated[float, Field(ge=0, le=120)]
SourceIds = Annotated[list[Name], Field(max_length=50)]


class Clinical(Payload):
    """Findings that the caller already has; all optional. They rule the stage, so `true` is no number."""

    model_config = ConfigDict(strict=True)

    tumour_size_mm: Annotated[float, Field(gt=0, le=500)] | None = None
    positive_nodes: Annotated[int, Field(ge=0, le=100)] | None = None
    distant_metastasis: bool | None = None
    grade: Annotated[int, Field(ge=1, le=3)] | None = None
    er: Marker | None = None
    pr: Marker | None = None
    her2: Marker | None = None


class ExplanationRequest(Payload):
    """A prediction to be explained, to whom, and in which language."""

    prediction: Prediction
    audience: Audience = "patient"
    language: Language = "en"
    clinical: Clinical | None = None
    include_prognosis: bool = True


class Source(Payload):
    """A publication, and the fact as it stands there."""

    id: Name
    citation: Text
    url: Annotated[str, Field(max_length=500)] | None
    statement: Text


class Action(Payload):
    """One thing to do."""

    title: Name
    detail: Text
    urgency: Literal["routine", "soon", "prompt", "emergency"]
    sources: SourceIds


class Specialist(Payload):
    """A doctor or team member to see, and what they do."""

    name: Name
    role: Text
    sources: SourceIds


class StageShare(Payload):
    """How many of all new cases are found at a stage."""

    stage: Name
    percent: Percent
    source: Name


class Stage(Payload):
    """What can be said about the stage; never anything from the image."""

    determinable: bool
    estimate: StageGroup | None
    reason: Text
    needed: Annotated[list[Text], Field(max_length=20)]
    distribution: Annotated[list[StageShare], Field(max_length=20)]

    @model_validator(mode="after")
    def _estimate_needs_determinable(self) -> Self:
        if self.determinable != (self.estimate is not None):
            raise ValueError("a stage is estimated exactly when it is determinable")
        return self


class YearRange(Payload):
    """A range of years."""

    low: Years
    high: Years


class SurvivalPoint(Payload):
    """The share of a historical population alive after so many years."""

    years: Years
    percent: Percent


class UntreatedSurvival(Payload):
    """Historical population figures; never a personal forecast."""

    statement: Text
    median_years: YearRange
    survival: Annotated[list[SurvivalPoint], Field(max_length=20)]
    caveat: Text
    sources: SourceIds


class Engine(Payload):
    """What wrote the texts, and why it was not the other one."""

    name: Literal["mistral", "knowledge-base"]
    model: Name | None
    prompt_version: Name | None
    fallback_reason: Name | None


class Explanation(Payload):
    """The whole answer of `POST /explain`; every id in a `sources` list stands in `sources`."""

    id: UUID = Field(default_factory=uuid4)
    created: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    prediction_id: UUID
    language: Language
    audience: Audience
    summary: Text
    explanation: Annotated[str, Field(max_length=12_000)]
    actions: Annotated[list[Action], Field(min_length=1, max_length=20)]
    specialists: Annotated[list[Specialist], Field(min_length=1, max_length=20)]
    stage: Stage
    untreated_survival: UntreatedSurvival | None
    sources: Annotated[list[Source], Field(max_length=100)]
    engine: Engine
    disclaimer: Text

    @model_validator(mode="after")
    def _sources_resolve(self) -> Self:
        missing = self._cited() - {source.id for source in self.sources}
        if missing:
            raise ValueError(f"cited but not among the sources: {sorted(missing)}")
        return self

    def _cited(self) -> set[str]:
        lists = [action.sources for action in self.actions]
        lists += [specialist.sources for specialist in self.specialists]
        lists += [self.untreated_survival.sources] if self.untreated_survival else []
        return {share.source for share in self.stage.distribution}.union(*lists)


class ChatMessage(Payload):
    """One turn of a conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(min_length=1, max_length=8000)]


class ChatRequest(Payload):
    """A question about a prediction, with the turns before it."""

    prediction: Prediction
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=100)]
    audience: Audience = "patient"
    language: Language = "en"

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> Self:
        if self.messages[-1].role != "user":
            raise ValueError("the last message must come from the user")
        return self


class ChatReply(Payload):
    """The answer to a follow-up question."""

    reply: Text
    sources: list[Source]
    engine: Engine
    disclaimer: Text
