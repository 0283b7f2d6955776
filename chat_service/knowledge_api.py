"""The knowledge graph over HTTP: `GET /knowledge` and `GET /knowledge/{id}`."""

import json
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from chat_service.knowledge import Knowledge
from chat_service.knowledge.encyclopedia import Encyclopedia, NodeUnknown
from chat_service.knowledge.payloads import KnowledgeEntry, KnowledgeListing, NodeType
from chat_service.knowledge.store import FORMS, GraphStore
from contract.base import Payload
from contract.explanation import Language
from web.problems import INTERNAL, REQUEST_INVALID, ProblemKind, problem_responses

NODE_UNKNOWN = ProblemKind(
    404,
    "knowledge-unknown",
    "There is no such entry",
    "The knowledge graph has no entry with this id. GET /knowledge lists those it has.",
)
KNOWLEDGE_PROBLEMS: dict[type[Exception], ProblemKind] = {NodeUnknown: NODE_UNKNOWN}
VARY = {"Vary": "Accept"}

Id = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_-]{1,60}$",
        description="The id of a node, as in `sources` of an explanation, or the label of a prediction.",
        examples=["phyllodes"],
    ),
]
Tongue = Annotated[Language, Query(description="A BCP 47 language tag; English where it is not known.")]
Wanted = Annotated[NodeType | None, Query(alias="type", description="Only nodes of this type.")]


def add_knowledge_routes(app: FastAPI, knowledge: Knowledge) -> None:
    """Add the routes to the graph; each answers JSON, or JSON-LD or Turtle to who accepts that first."""
    encyclopedia = Encyclopedia(knowledge, GraphStore(knowledge))

    @app.get(
        "/knowledge",
        tags=["knowledge"],
        summary="List what is known",
        response_model=KnowledgeListing,
        responses=_described(
            encyclopedia, "The nodes, or the whole graph as RDF", encyclopedia.entries("en", "Decision")
        ),
    )
    async def list_knowledge(request: Request, language: Tongue = "en", type_: Wanted = None) -> Response:
        """List the nodes of the knowledge graph. As JSON-LD or Turtle: the whole graph, in all languages."""
        if form := preferred_form(request.headers.get("accept", "")):
            return Response(encyclopedia.export(form), headers=VARY, media_type=FORMS[form])
        return _json(encyclopedia.entries(language, type_))

    @app.get(
        "/knowledge/{id}",
        tags=["knowledge"],
        summary="Look something up",
        response_model=KnowledgeEntry,
        responses=_described(
            encyclopedia, "The node", encyclopedia.entry("tubular-adenoma", "en"), NODE_UNKNOWN
        ),
    )
    async def look_up(request: Request, id: Id, language: Tongue = "en") -> Response:
        """Describe a node of the knowledge graph: what it is, what it leads to, and where that stands."""
        if form := preferred_form(request.headers.get("accept", "")):
            return Response(encyclopedia.describe(id, form), headers=VARY, media_type=FORMS[form])
        return _json(encyclopedia.entry(id, language))


def preferred_form(accept: str) -> str | None:
    """Return the RDF form that a caller prefers to JSON; None for JSON, which is also what `*/*` gets."""
    wanted = {"application/json": None, **{media: form for form, media in FORMS.items()}}
    best, best_quality = None, 0.0
    for part in accept.split(","):
        media, _, parameters = part.partition(";")
        media, quality = media.strip().lower(), _quality(parameters)
        form = wanted.get(media) if media in wanted else None
        if quality > best_quality:
            best, best_quality = form, quality
    return best


def _quality(parameters: str) -> float:
    """Read the weight of a media type (RFC 9110, section 12.4.2); 1 if there is none."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _json(answer: Payload) -> Response:
    return Response(answer.model_dump_json(), headers=VARY, media_type="application/json")


def _described(
    encyclopedia: Encyclopedia, description: str, example: Payload, *problems: ProblemKind
) -> dict[int | str, dict[str, Any]]:
    # A figure: what is written of it does not change with the languages there are.
    turtle, json_ld = (
        encyclopedia.describe("phyllodes-share-most", form).decode() for form in ("turtle", "json-ld")
    )
    content = {
        "application/json": {"example": example.model_dump(mode="json")},
        FORMS["json-ld"]: {"schema": {"type": "object"}, "example": json.loads(json_ld)},
        FORMS["turtle"]: {"schema": {"type": "string"}, "example": turtle},
    }
    return {
        200: {"description": description, "content": content},
        **problem_responses(*problems, REQUEST_INVALID, INTERNAL),
    }
