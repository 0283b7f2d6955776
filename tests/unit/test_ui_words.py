import pytest

from contract import Band, Engine, Prediction, Problem
from ui.catalogue import words_of
from ui.errors import ReplyUnreadable, Service, ServiceLate, ServiceRefused, ServiceUnreachable
from ui.markup import to_link, to_paragraphs, to_references
from ui.notices import describe_failure
from ui.scale import draw_scale
from ui.words import word_decision, word_engine

URL = "http://127.0.0.1:8000"
WORDS = words_of("en")


@pytest.mark.parametrize("decision", ["benign", "malignant", "indeterminate"])
@pytest.mark.parametrize("usable", [True, False])
def test_every_reading_says_that_a_pathologist_must_decide(decision, usable):
    words = word_decision(reading(decision=decision, quality={"usable": usable, "issues": []}), WORDS)
    assert "pathologist must decide" in words.meaning


def test_a_benign_reading_does_not_reassure():
    assert "does not rule out cancer" in word_decision(reading(decision="benign"), WORDS).meaning


def test_an_unusable_picture_overrides_its_decision():
    words = word_decision(reading(decision="malignant", quality={"usable": False, "issues": []}), WORDS)
    assert words.headline == "This picture cannot be judged."


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "under 1 %"),
        (0.004, "under 1 %"),
        (0.5, "50 %"),
        (0.834, "83 %"),
        (0.996, "over 99 %"),
        (1.0, "over 99 %"),
    ],
)
def test_a_probability_is_never_said_to_be_certain(probability, words):
    assert WORDS.percent(probability).replace("\u00a0", " ") == words


def test_the_scale_draws_the_picture_the_threshold_and_the_band():
    scale = draw_scale(
        reading(malignant_probability=0.83, threshold=0.52, band=Band(low=0.4, high=0.65)), WORDS
    )
    assert 'class="bt-marker" style="left:83.00%"' in scale
    assert 'class="bt-threshold" style="left:52.00%"' in scale
    assert 'class="bt-band" style="left:40.00%;width:25.00%"' in scale


def test_the_scale_says_in_words_what_it_shows():
    scale = draw_scale(reading(malignant_probability=0.83), WORDS).replace("\u00a0", " ")
    assert 'aria-label="Computed probability of malignant tissue: 83 %. The threshold is 50 %.' in scale


def test_values_that_differ_do_not_look_the_same():
    close = reading(malignant_probability=0.543, threshold=0.538, band=Band(low=0.4, high=0.6))
    scale = draw_scale(close, WORDS).replace("\u00a0", " ")
    assert "<strong>54.3 %</strong>" in scale
    assert "threshold, 53.8 %" in scale


def test_a_reading_without_a_band_gets_a_scale_without_one():
    assert "bt-band" not in draw_scale(reading(band=None), WORDS)


def test_the_reader_learns_why_the_language_model_did_not_write():
    engine = Engine(name="knowledge-base", model=None, prompt_version=None, fallback_reason="timeout")
    assert word_engine(engine, WORDS).endswith("Reason: the language model took too long.")


def test_the_language_model_is_named_where_it_wrote():
    engine = Engine(name="mistral", model="mistral-small-2603", prompt_version="1", fallback_reason=None)
    assert "Mistral (mistral-small-2603)" in word_engine(engine, WORDS)


def test_a_service_that_is_down_is_waited_for():
    assert describe_failure(ServiceUnreachable(Service.CHAT), URL, WORDS).passing
    assert describe_failure(ServiceRefused(Service.CHAT, problem(503)), URL, WORDS).passing


@pytest.mark.parametrize(
    "failure",
    [
        ServiceRefused(
            Service.INFERENCE, Problem(type="/x", title="t", status=415, detail="d", request_id="r")
        ),
        ServiceLate(Service.INFERENCE),
        ReplyUnreadable(Service.INFERENCE),
    ],
    ids=["refused", "late", "unreadable"],
)
def test_what_waiting_does_not_mend_is_not_waited_for(failure):
    assert not describe_failure(failure, URL, WORDS).passing


@pytest.mark.parametrize(("status", "repeatable"), [(413, False), (415, False), (429, True), (500, True)])
def test_trying_again_is_offered_where_it_can_help(status, repeatable):
    assert (
        describe_failure(ServiceRefused(Service.INFERENCE, problem(status)), URL, WORDS).repeatable
        is repeatable
    )


def test_the_request_id_of_a_problem_is_shown_for_reports():
    assert "(Request r-17)" in describe_failure(ServiceRefused(Service.CHAT, problem(500)), URL, WORDS).advice


def test_text_becomes_paragraphs_and_never_markup():
    assert (
        to_paragraphs("one & two\n\n<b>three</b>\n\n\n")
        == "<p>one &amp; two</p><p>&lt;b&gt;three&lt;/b&gt;</p>"
    )


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "data:text/html,x", "//host/path", "ftp://host"]
)
def test_only_web_addresses_become_links(url):
    assert to_link(url, "Open") == ""


def test_a_link_cannot_break_out_of_its_attribute():
    assert 'href="https://host/&quot; onclick=&quot;x"' in to_link('https://host/" onclick="x', "Open")


def test_a_source_that_is_not_listed_gets_no_number():
    assert to_references(["unknown"], [], WORDS) == ""


def problem(status: int) -> Problem:
    return Problem(type="/problems/x", title="t", status=status, detail="d", request_id="r-17")


def reading(**changes: object) -> Prediction:
    payload = {
        "label": "malignant",
        "decision": "malignant",
        "malignant_probability": 0.83,
        "threshold": 0.5,
        "band": {"low": 0.4, "high": 0.6},
        "probabilities": {"benign": 0.17, "malignant": 0.83},
        "quality": {"usable": True, "issues": []},
        "model": {"name": "m", "version": "1", "architecture": "a", "modality": "h", "sha256": "a" * 64},
        "image": {"sha256": "b" * 64, "format": "PNG", "width": 7, "height": 4},
    }
    return Prediction.model_validate(payload | changes)
