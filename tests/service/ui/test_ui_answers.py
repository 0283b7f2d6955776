"""What the page asks for and shows beyond the first explanation, between two made-up services."""

import json

import pytest

from contract import ChatRequest, Explanation
from tests.service.ui.conftest import (
    PICTURE,
    drop,
    explanation,
    markup,
    png,
    prediction,
    problem,
    reply,
    requests,
    shown,
)
from ui.catalogue import words_of
from ui.keeping import write_json
from ui.printable import write_page
from ui.visit import Reading

HOSTILE = "<img src=x onerror=alert(1)>"
OTHER = ("b.png", b"another picture", "image/png")


def events(*blocks: tuple[str, str]) -> bytes:
    return "".join(f"event: {name}\ndata: {data}\n\n" for name, data in blocks).encode()


def delta(text: str) -> tuple[str, str]:
    return "delta", json.dumps({"text": text})


def result(whole: Explanation) -> tuple[str, str]:
    return "result", whole.model_dump_json()


def stream(chat, *blocks: tuple[str, str]) -> None:
    chat.answers["/explain"] = (200, events(*blocks))
    chat.kinds["/explain"] = "text/event-stream; charset=utf-8"


def test_the_result_replaces_what_the_deltas_showed(page, inference, chat):
    whole = explanation(summary="The whole.")
    stream(chat, delta("A draft."), ("reset", "{}"), delta("Another."), result(whole))
    text = shown(drop(page))
    assert "The whole." in text
    assert "draft" not in text
    assert "Another" not in text


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param([delta("A draft.")], id="cut off"),
        pytest.param([("delta", "no JSON")], id="no JSON"),
        pytest.param([("delta", "[]")], id="no text"),
        pytest.param([], id="empty"),
    ],
)
def test_a_broken_stream_is_asked_for_once_more_as_json(page, inference, chat, blocks):
    stream(chat, *blocks)
    chat.answers["/explain as JSON"] = (200, explanation(summary="As JSON.").model_dump_json().encode())
    assert "As JSON." in shown(drop(page))
    assert len(requests(chat)) == 2


def test_a_stream_that_never_ends_well_is_a_message_and_no_traceback(page, inference, chat):
    stream(chat, delta("A draft."))
    page = drop(page)
    assert "an answer that this page cannot read" in shown(page)
    assert "looks more like cancerous tissue" in shown(page)


def test_picture_and_heat_map_are_drawn_by_the_service(page, inference, chat):
    assert "bt-heat" in markup(drop(page))
    assert {"opacity=0&overlay=true", "opacity=1&overlay=false"} <= set(inference.queries)


def test_a_picture_that_cannot_be_judged_has_no_heat_map(page, inference, chat):
    inference.lay_down("/predict", prediction(quality={"usable": False, "issues": []}))
    page = drop(page)
    assert '<img src="data:image/jpeg' in markup(page)
    assert "bt-heat" not in markup(page)


@pytest.mark.parametrize("drawn", [b"no picture", png((2000, 1500))], ids=["no picture", "too large"])
def test_a_heat_map_that_is_none_hides_nothing_else(page, inference, chat, drawn):
    inference.answers["/heatmap"] = (200, drawn)
    text = shown(drop(page))
    assert "an answer that this page cannot read" in text
    assert "What to do" in text


def test_one_picture_that_is_refused_does_not_stop_the_rest(page, inference, chat):
    refusal = problem(415, "The image cannot be read", "Send a PNG.")
    inference.once["/predict"] = [(415, refusal.model_dump_json().encode())]
    page.run()
    page.file_uploader[0].set_value([PICTURE, OTHER]).run()
    text = shown(page)
    assert "inference service says: The image cannot be read" in text
    assert "more like cancerous tissue" in text
    assert len(inference.requests("/predict")) == 2


def test_names_of_files_are_in_the_table_and_with_no_service(page, inference, chat):
    page.run()
    page.file_uploader[0].set_value([PICTURE, OTHER]).run()
    assert "1. Mrs Example 1950.png" in shown(page)
    assert not [body for _, body in inference.received + chat.received if b"Example" in body]


def test_everything_is_forgotten_on_demand(page, inference, chat):
    page = drop(page)
    page.button(key="forget").click().run()
    assert "looks more like" not in shown(page)
    assert "visit" not in page.session_state or not page.session_state["visit"].readings


def test_the_chosen_language_is_asked_for_and_spoken(page, inference, chat):
    page.run()
    page.selectbox(key="language").set_value("de").run()
    page.file_uploader[0].set_value(PICTURE).run()
    assert [asked.language for asked in requests(chat)] == ["de"]
    assert "Was zu tun ist" in shown(page)
    assert "gibt es noch nicht in Ihrer Sprache" in shown(page)


def test_findings_go_to_the_chat_service_once_the_form_is_sent(page, inference, chat):
    page = drop(page)
    page.number_input(key="finding-nodes-1-0").set_value(2)
    page.selectbox(key="finding-er-1-0").set_value("positive")
    next(each for each in page.button if each.label == "Use these results").click().run()
    clinical = requests(chat)[-1].clinical
    assert clinical is not None
    assert clinical.model_dump(exclude_none=True) == {"positive_nodes": 2, "er": "positive"}


def test_a_question_is_asked_with_those_before_it(page, inference, chat):
    chat.lay_down("/chat", reply("First answer."))
    page = drop(page)
    page.chat_input[0].set_value("First?").run()
    page.chat_input[0].set_value("Second?").run()
    asked = ChatRequest.model_validate_json(chat.requests("/chat")[-1])
    assert [each.content for each in asked.messages] == ["First?", "First answer.", "Second?"]


def test_a_question_and_its_answer_are_shown_as_text(page, inference, chat):
    chat.lay_down("/chat", reply(f"An answer {HOSTILE} **bold**"))
    page = drop(page)
    page.chat_input[0].set_value(f"Why {HOSTILE}?").run()
    assert "<img src=x" not in markup(page)
    assert "**bold**" in shown(page)


def test_the_page_to_print_is_escaped_fetches_nothing_and_has_the_disclaimer():
    words = words_of("fr")
    reading = Reading(1, "Mrs Example.png", prediction=prediction())
    written = write_page(reading, explanation(summary=HOSTILE, language="fr"), words, opacity=None)
    assert "<img" not in written
    assert "default-src 'none'" in written
    assert '<html lang="fr">' in written
    assert "Ce n'est pas un diagnostic".replace("'", "&#x27;") in written
    assert "Example" not in written


def test_the_json_holds_what_the_services_said_unchanged():
    read, explained = prediction(), explanation()
    kept = json.loads(write_json(Reading(1, "Mrs Example.png", prediction=read), explained))
    assert kept["prediction"] == json.loads(read.model_dump_json())
    assert kept["explanation"] == json.loads(explained.model_dump_json())
    assert "Example" not in json.dumps(kept)
