"""What the inference service answers."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Annotated, TypedDict, cast

from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from artifact.image import DecodedImage
from contract import ModelCard, Prediction
from inference_service.account import Account
from inference_service.admission import admit
from inference_service.audit import AuditLog
from inference_service.batch import AHEAD, BatchResponse
from inference_service.heatmap import Look, draw_heatmap
from inference_service.model import Model
from inference_service.openapi import (
    CARD,
    DRAWN,
    HEATMAP,
    MANY,
    ONE,
    PREDICT,
    PREDICT_BATCH,
    PREDICTED,
    STREAMED,
)
from inference_service.pipeline import Pipeline
from inference_service.problems import PROBLEMS
from inference_service.queue import Queue
from inference_service.settings import Settings
from inference_service.upload import read_upload, read_uploads
from web.access import charge
from web.problems import problem_about

BATCH = "/predict/batch"


class State(TypedDict):
    """What the routes use, for as long as the service runs."""

    model: Model
    queue: Queue
    pipeline: Pipeline
    decode: Callable[[bytes], DecodedImage]
    account: Account
    audit: AuditLog | None


def state_of(request: Request) -> State:
    """Return what the service holds."""
    return cast(State, request.state)


def limits_of(settings: Settings) -> dict[str, int]:
    """Return the routes that need a place in the queue, and the bytes that a body may fill there."""
    return {
        "/predict": settings.max_bytes,
        BATCH: (AHEAD + 1) * settings.max_bytes,
        "/heatmap": settings.max_bytes,
    }


def add_routes(app: FastAPI, settings: Settings) -> None:
    """Add them all."""
    add_predict(app, settings)
    add_predict_batch(app, settings)
    add_heatmap(app, settings)
    add_model(app)


def add_predict(app: FastAPI, settings: Settings) -> None:
    """Add `POST /predict`."""

    @app.post(
        "/predict",
        tags=["prediction"],
        summary="Classify one image",
        response_model=Prediction,
        responses={**PREDICTED, **PREDICT},
        openapi_extra=ONE,
    )
    async def predict(request: Request) -> Response:
        """Return calibrated probabilities and a decision for one JPEG, PNG, TIFF, BMP, WebP or DICOM image.

        Every image that can be decoded gets an answer; read `quality` before the decision. An image with
        `quality.usable` false is always `indeterminate`. Of a file with several pictures the first is read; a
        DICOM file has to hold a single frame.
        """
        state = state_of(request)
        _ = state["model"].classifier  # no body is read that nothing could answer
        async with admit(request, state["queue"], settings.max_bytes) as arrived:
            data = await read_upload(request, seconds=settings.upload_seconds)
            arrived()
            prediction = await state["account"].note(request, data, state["pipeline"].predict(data))
        # As it is: it was checked when it was built, and FastAPI would check and copy it once more.
        return Response(prediction.model_dump_json(), media_type="application/json")


def add_predict_batch(app: FastAPI, settings: Settings) -> None:
    """Add `POST /predict/batch`."""

    @app.post(
        BATCH,
        tags=["prediction"],
        summary="Classify many images, line by line",
        response_class=Response,
        responses={**STREAMED, **PREDICT_BATCH},
        openapi_extra=MANY,
    )
    async def predict_batch(request: Request) -> Response:
        """Return a line of JSON for each image, in the order in which they were sent, while they are read.

        A line holds `index`, from 0, and either `prediction`, as `/predict` answers it, or `problem`, as an
        error of `/predict`. One that cannot be read does not stop the rest. What cannot be told apart from
        the next image (a form that breaks off, too many images) is the last line. Each image counts against
        the limit of requests a minute.
        """
        state = state_of(request)
        _ = state["model"].classifier
        uploads = read_uploads(
            request,
            seconds=settings.upload_seconds,
            most=settings.max_images,
            max_bytes=settings.max_bytes,
        )
        images = 0

        async def predict_one(data: bytes) -> Prediction:
            nonlocal images
            images += 1
            if images > 1:  # the first was counted when the request came
                charge(request.scope)
            return await state["account"].note(request, data, state["pipeline"].predict(data))

        async with AsyncExitStack() as held:
            entry = admit(request, state["queue"], (AHEAD + 1) * settings.max_bytes)
            arrived = await held.enter_async_context(entry)
            first = await anext(uploads)
            arrived()
            return BatchResponse(
                first=first,
                rest=uploads,
                predict=predict_one,
                explain=lambda error: problem_about(request, error, PROBLEMS),
                body=request.stream(),
                held=held.pop_all(),
            )


def add_heatmap(app: FastAPI, settings: Settings) -> None:
    """Add `POST /heatmap`."""

    @app.post(
        "/heatmap",
        tags=["prediction"],
        summary="Show where the model sees its evidence",
        response_class=Response,
        responses={**DRAWN, **HEATMAP},
        openapi_extra=ONE,
    )
    async def heatmap(request: Request, look: Annotated[Look, Query()]) -> Response:
        """Return a PNG of the image, coloured where it spoke for malignant (amber) or for benign (teal).

        The map is computed from the very network that `/predict` answers with. Opacity tells how strong a
        place is, relative to the strongest of this picture. It shows what the model reacted to, not where a
        tumour is; where `X-Image-Usable` is `false`, as with `quality.usable`, it says nothing about tissue.
        The picture is upright and at most 1024 pixels long.
        """
        state = state_of(request)
        classifier, queue = state["model"].classifier, state["queue"]
        async with admit(request, queue, settings.max_bytes) as arrived:
            data = await read_upload(request, seconds=settings.upload_seconds)
            arrived()
            drawing = queue.run(draw_heatmap, classifier, data, state["decode"], look)
            drawn = await state["account"].note_heatmap(request, data, drawing)
        headers = {
            "X-Image-SHA256": drawn.image_sha256,
            "X-Model-SHA256": drawn.model_sha256,
            "X-Image-Usable": "true" if drawn.usable else "false",
        }
        return Response(drawn.png, headers=headers, media_type="image/png")


def add_model(app: FastAPI) -> None:
    """Add `GET /model`."""

    @app.get("/model", tags=["prediction"], summary="Describe the model", responses=CARD)
    async def model(request: Request) -> ModelCard:
        """Return the model card: classes, operating point, data, figures, intended use and limits."""
        return state_of(request)["model"].classifier.card
