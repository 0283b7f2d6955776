"""What one visit remembers: the picture that was read and its explanations, in this session only."""

import hashlib
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import streamlit as st

from contract import Explanation, ExplanationRequest, Prediction
from contract.explanation import Audience
from ui.client import Client
from ui.preview import make_preview


@dataclass
class Visit:
    """The picture at hand and all that was answered about it; a new picture starts a new visit."""

    digest: str
    prediction: Prediction
    preview: str | None
    explanations: dict[tuple[Audience, bool], Explanation] = field(default_factory=dict)
    wants_survival: bool = False
    request_id: UUID = field(kw_only=True)
    """Under which the logs of both services speak of this visit."""

    def explain(self, client: Client, audience: Audience, *, survival: bool) -> Explanation:
        """Return the explanation, asking for it once; survival figures only where they are wanted.

        Raises:
            ServiceFailed: if there is none.
        """
        key = (audience, survival)
        if key not in self.explanations:
            request = ExplanationRequest(
                prediction=self.prediction, audience=audience, include_prognosis=survival
            )
            self.explanations[key] = client.explain(request, self.request_id)
        return self.explanations[key]


def open_visit(client: Client, image: bytes) -> Visit:
    """Return the visit of this picture, having it read once.

    Raises:
        ServiceFailed: if there is no prediction.
    """
    digest = hashlib.sha256(image).hexdigest()
    visit: Visit | None = st.session_state.get("visit")
    if visit is None or visit.digest != digest:
        request_id = uuid4()
        prediction = client.predict(image, request_id)
        # Only what the service could decode is decoded here, so its bounds on pixels hold here too.
        visit = Visit(digest, prediction, make_preview(image), request_id=request_id)
        st.session_state["visit"] = visit
    return visit
