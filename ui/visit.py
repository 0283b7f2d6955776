"""What one visit remembers, in this session's memory only: pictures that were read, and what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID, uuid4

import streamlit as st

from contract import ChatReply, Clinical, Explanation, Prediction
from contract.explanation import Audience
from ui.errors import ServiceFailed
from ui.pictures import Pictures

MOST_READINGS = 50
"""Of one visit; beyond them the oldest are forgotten."""
MOST_TURNS = 20
"""Questions about one picture that are remembered and sent along."""


class Upload(Protocol):
    """A file as the reader dropped it."""

    @property
    def file_id(self) -> str:
        """Name of this upload, unique."""

    @property
    def name(self) -> str:
        """Name of the file; it may hold a patient's, so it stays in this session."""

    def getvalue(self) -> bytes:
        """Return its bytes."""


class Asked(NamedTuple):
    """What an explanation was asked for; the same is not asked for twice."""

    audience: Audience
    language: str
    survival: bool
    clinical: str


class Turn(NamedTuple):
    """A question and its answer."""

    question: str
    reply: ChatReply


@dataclass
class Reading:
    """A picture and all that was answered about it."""

    number: int
    name: str
    request_id: UUID = field(default_factory=uuid4)
    """Under which the logs of both services speak of this picture."""
    upload: Upload | None = None
    """The picture, for as long as the reader leaves it among the chosen ones."""
    prediction: Prediction | None = None
    failure: ServiceFailed | None = None
    pictures: Pictures | None = None
    opacity: int = 60
    """Of the heat map, in per cent, as the reader has set it."""
    explanations: dict[Asked, Explanation] = field(default_factory=dict)
    clinical: Clinical = field(default_factory=Clinical)
    forms: int = 0
    """How often the form for findings was cleared; each time it is a new one."""
    wants_survival: bool = False
    question: str | None = None
    """One that is not answered yet."""
    turns: list[Turn] = field(default_factory=list)

    @property
    def is_told(self) -> bool:
        """Whether the service said anything about the picture, if only that it cannot be read."""
        return self.prediction is not None or self.failure is not None


@dataclass
class Visit:
    """All pictures of a visit by the name of their upload, the oldest first."""

    readings: dict[str, Reading] = field(default_factory=dict)
    count: int = 0

    def take_in(self, uploads: Sequence[Upload]) -> list[str]:
        """Note which pictures are chosen now; return the names of those that are new."""
        for reading in self.readings.values():
            reading.upload = None
        fresh = []
        for upload in uploads:
            if upload.file_id not in self.readings:
                self.count += 1
                self.readings[upload.file_id] = Reading(self.count, upload.name)
                fresh.append(upload.file_id)
            self.readings[upload.file_id].upload = upload
        while len(self.readings) > MOST_READINGS:
            self.readings.pop(next(iter(self.readings)))
        return fresh

    def drop_unread(self) -> None:
        """Forget pictures that were taken away before anything was said about them."""
        gone = [
            key
            for key, reading in self.readings.items()
            if reading.upload is None and reading.prediction is None
        ]
        for key in gone:
            del self.readings[key]


def current_visit() -> Visit:
    """Return what this session remembers."""
    visit: Visit = st.session_state.setdefault("visit", Visit())
    return visit


def forget_visit() -> None:
    """Forget everything, the chosen pictures too; only the language stays."""
    kept = {key: st.session_state[key] for key in ("language", "uploader") if key in st.session_state}
    st.session_state.clear()
    st.session_state["language"] = kept.get("language")
    st.session_state["uploader"] = kept.get("uploader", 0) + 1
