import json
from uuid import UUID

import pytest

from contract import DISCLAIMER
from tests.service.ui.conftest import (
    PICTURE,
    SOURCE,
    button,
    drop,
    explanation,
    markup,
    prediction,
    problem,
    requests,
    shown,
)


def test_the_page_opens_with_the_disclaimer_and_asks_the_services_only_if_they_are_there(
    page, inference, chat
):
    page.run()
    assert DISCLAIMER in shown(page)
    assert "Not a diagnosis" in shown(page)
    assert inference.received == chat.received == [("/health/ready", b"")]


def test_a_picture_is_read_and_explained_the_decision_first(page, inference, chat):
    text = shown(drop(page))
    order = [
        "looks more like cancerous tissue",
        "83 %",
        "What to do",
        "Explanation",
        "Whom to see",
        "Stage",
        "A Paper, 1999",
        "knowledge base",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "A pathologist must decide" in text


def test_both_services_are_asked_under_one_id(page, inference, chat):
    drop(page)
    assert str(UUID(inference.ids["/predict"])) == chat.ids["/explain"]


def test_the_file_name_is_not_sent_on(page, inference, chat):
    drop(page)
    body = inference.requests("/predict")[0]
    assert PICTURE[1] in body
    assert b"Example" not in body


def test_the_prediction_reaches_the_chat_service_unchanged(page, inference, chat):
    drop(page)
    sent = json.loads(chat.requests("/explain")[0])["prediction"]
    assert sent == json.loads(inference.answers["/predict"][1])


def test_survival_figures_are_neither_shown_nor_asked_for_until_the_reader_wants_them(page, inference, chat):
    page = drop(page)
    assert [asked.include_prognosis for asked in requests(chat)] == [False]
    assert "18.4" not in shown(page)
    chat.lay_down("/explain", explanation(survival=True))
    page.button(key="survival").click().run()
    assert [asked.include_prognosis for asked in requests(chat)] == [False, True]
    assert "18.4 % alive" in shown(page)
    assert "Not a personal forecast." in shown(page)


def test_survival_figures_can_be_hidden_again(page, inference, chat):
    page = drop(page)
    chat.lay_down("/explain", explanation(survival=True))
    page.button(key="survival").click().run()
    page.button(key="survival").click().run()
    assert "18.4" not in shown(page)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"decision": "benign", "malignant_probability": 0.1}, id="benign"),
        pytest.param({"decision": "indeterminate", "malignant_probability": 0.5}, id="indeterminate"),
        pytest.param({"quality": {"usable": False, "issues": []}}, id="unusable"),
    ],
)
def test_survival_figures_are_offered_for_a_malignant_reading_only(page, inference, chat, changes):
    inference.lay_down("/predict", prediction(**changes))
    page = drop(page)
    assert "left untreated" not in shown(page)
    assert [button.key for button in page.button if button.key == "survival"] == []


def test_an_unusable_picture_is_not_judged_whatever_its_decision_says(page, inference, chat):
    quality = {"usable": False, "issues": [{"code": "blank", "message": "The picture is all white."}]}
    inference.lay_down("/predict", prediction(quality=quality))
    text = shown(drop(page))
    assert "cannot be judged" in text
    assert "The picture is all white." in text
    assert "looks more like" not in text
    assert "83 %" not in text


def test_another_reader_gets_an_explanation_of_their_own(page, inference, chat):
    page = drop(page)
    page.radio(key="audience").set_value("clinician").run()
    assert [asked.audience for asked in requests(chat)] == ["patient", "clinician"]


def test_going_back_to_the_first_reader_asks_nobody_again(page, inference, chat):
    page = drop(page)
    page.radio(key="audience").set_value("clinician").run()
    page.radio(key="audience").set_value("patient").run()
    assert len(requests(chat)) == 2
    assert len(inference.requests("/predict")) == 1


def test_a_new_picture_is_read_anew(page, inference, chat):
    page = drop(page)
    inference.lay_down("/predict", prediction(decision="benign", malignant_probability=0.1))
    page.file_uploader[0].set_value(("b.png", b"another picture", "image/png")).run()
    assert "does not rule out cancer" in shown(page)


def test_a_problem_of_the_inference_service_is_shown_with_its_advice(page, inference, chat):
    inference.lay_down("/predict", problem(415, "The image cannot be read", "Send a PNG or JPEG."), 415)
    text = shown(drop(page))
    assert "inference service says: The image cannot be read" in text
    assert "Send a PNG or JPEG." in text
    assert chat.requests("/explain") == []


def test_a_problem_of_the_chat_service_leaves_the_reading_in_sight(page, inference, chat):
    chat.lay_down("/explain", problem(429, "Too many requests", "Wait a minute."), 429)
    text = shown(drop(page))
    assert "looks more like cancerous tissue" in text
    assert "chat service says: Too many requests" in text
    assert "Wait a minute." in text


def test_the_page_names_the_inference_service_when_it_is_down_and_recovers(page, inference, chat):
    inference.stop()
    page = drop(page)
    assert "The inference service does not answer" in shown(page)
    assert inference.url in shown(page)
    inference.start()
    page.button(key="retry-inference").click().run()
    assert "looks more like cancerous tissue" in shown(page)


def test_the_page_names_the_chat_service_when_it_is_down_and_recovers(page, inference, chat):
    chat.stop()
    page = drop(page)
    assert "The chat service does not answer" in shown(page)
    assert "looks more like cancerous tissue" in shown(page)
    chat.start()
    page.button(key="retry-chat").click().run()
    assert "What to do" in shown(page)
    assert len(inference.requests("/predict")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((200, b"<html>some other program</html>"), id="not JSON"),
        pytest.param((200, b'{"decision": "malignant"}'), id="not a prediction"),
        pytest.param((302, b""), id="a redirect"),
        pytest.param((500, b"Internal Server Error"), id="no problem+json"),
        pytest.param((200, b" " * 4_000_001), id="endless"),
    ],
)
def test_an_answer_outside_the_contract_is_a_message_and_no_traceback(page, inference, chat, answer):
    inference.answers["/predict"] = answer
    page = drop(page)
    assert "an answer that this page cannot read" in shown(page)
    assert not page.exception


def test_a_service_that_takes_too_long_is_named_and_not_waited_for_without_end(
    page, inference, chat, monkeypatch
):
    monkeypatch.setenv("UI_TIMEOUT_S", "0.3")
    inference.delay_s = 1.0
    assert "The inference service takes too long" in shown(drop(page))


def test_a_service_that_is_not_ready_yet_is_reported_with_its_reason(page, inference, chat):
    inference.lay_down("/predict", problem(503, "The service is not ready", "It is still loading."), 503)
    assert "It is still loading." in shown(drop(page))


def test_the_rendered_sample_is_read_when_asked_for(page, inference, chat, root):
    page.run()
    button(page, "Try the rendered sample").click().run()
    assert (root / "models" / "sample.png").read_bytes() in inference.requests("/predict")[0]
    assert "of no patient" in page.caption[0].value


def test_a_dropped_picture_takes_the_place_of_the_sample(page, inference, chat):
    page.run()
    button(page, "Try the rendered sample").click().run()
    page.file_uploader[0].set_value(PICTURE).run()
    assert PICTURE[1] in inference.requests("/predict")[-1]


def test_without_a_sample_there_is_no_button_for_it(page, tmp_path, monkeypatch):
    monkeypatch.setenv("UI_SAMPLE", str(tmp_path / "none.png"))
    assert not page.run().exception
    assert [button.key for button in page.button] == ["model"]


def test_markup_in_an_answer_is_shown_as_text(page, inference, chat):
    hostile = "<img src=x onerror=alert(1)> [link](javascript:alert(1)) $x$"
    chat.lay_down("/explain", explanation(summary=hostile))
    page = drop(page)
    assert "<img src=x" not in markup(page)
    assert "&lt;img src=x onerror=alert(1)&gt; [link](javascript:alert(1)) $x$" in markup(page)


def test_only_web_addresses_become_links(page, inference, chat):
    chat.lay_down("/explain", explanation(sources=[{**SOURCE, "url": "javascript:alert(1)"}]))
    assert "A Paper, 1999" in markup(drop(page))
    assert "<a " not in markup(page)
