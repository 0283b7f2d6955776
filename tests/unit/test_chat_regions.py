"""Numbers that depend on the country: which are named, in which words, and with which source."""

import re

import pytest

from chat_service.knowledge import load_knowledge
from chat_service.knowledge.regions import country_of
from chat_service.offline import KnowledgeBase
from contract import Clinical, Explanation, ExplanationRequest
from contract.example import EXAMPLE

KNOWLEDGE = load_knowledge()
EVERY_NUMBER = {number for entry in KNOWLEDGE.regions.numbers.values() for number in entry.numbers}


def places(language: str, country: str | None) -> dict[str, str]:
    return dict(KNOWLEDGE.locality_of(language, country).places)


def explain(tag: str, audience: str = "patient") -> Explanation:
    request = {
        "prediction": EXAMPLE,
        "language": tag,
        "audience": audience,
        "clinical": Clinical(distant_metastasis=True),
    }
    return KnowledgeBase(KNOWLEDGE).compose(ExplanationRequest.model_validate(request))


@pytest.mark.parametrize(
    ("tag", "country"),
    [
        ("de", None),
        ("de-AT", "AT"),
        ("DE-at", "AT"),
        ("hi-Deva-IN", "IN"),
        ("es-419", None),
        ("en-UK", "GB"),
        ("en-u-nu-latn", None),
        ("zh-yue-Hant-HK", "HK"),
        ("de-1996", None),
        ("sl-rozaj-IT", "IT"),
    ],
)
def test_the_country_is_the_region_of_the_language_tag(tag, country):
    assert country_of(tag) == country


@pytest.mark.parametrize(
    ("country", "emergency", "line"),
    [
        ("AT", "144", "142"),
        ("DE", "112", "0800 1110111"),
        ("CH", "144", "143"),
        ("GB", "999", "116 123"),
        ("IE", "112", "116 123"),
        ("US", "911", "988"),
        ("CA", "911", "988"),
        ("MX", "911", "800 911 2000"),
        ("ES", "112", "024"),
        ("FR", "112", "3114"),
        ("IN", "112", "14416"),
        ("NZ", "111", "1737"),
        ("CL", "131", "*4141"),
    ],
)
def test_a_named_country_gets_its_own_numbers(country, emergency, line):
    said = places("en", country)
    assert emergency in re.findall(r"\d+", said["emergency"])
    assert line in said["crisis_line"]
    assert "local" not in said["emergency"]


@pytest.mark.parametrize("country", ["PE", "ZA", "BR", "XX"])
def test_a_country_we_know_nothing_of_gets_general_words_and_no_number_of_another(country):
    for language in KNOWLEDGE.languages:
        said = places(language, country)
        assert not re.search(r"\d", " ".join(said.values()))
        assert not any(KNOWLEDGE.locality_of(language, country).sources.values())


def test_without_a_country_those_that_speak_the_language_are_named_beside_general_words():
    said = places("en", None)
    assert said["emergency"].startswith("your local emergency number (")
    assert all(number in said["emergency"] for number in ("999", "911", "112"))
    assert (
        "or the crisis line of your country" in said["crisis_line"] or "your country" in said["crisis_line"]
    )


def test_every_member_of_the_european_union_has_its_emergency_number():
    for country in KNOWLEDGE.regions.groups["EU"]:
        assert "112" in places("en", country)["emergency"]


def test_thresholds_and_ages_of_one_country_are_told_to_no_other():
    assert "37.5 °C" in places("en", "GB")["fever"]
    assert "100.4 °F (38 °C)" in places("en", "US")["fever"]
    assert "age 30" in places("en", "GB")["referral"]
    assert "age" not in places("en", "US")["referral"]
    assert "40" in places("en", "GB")["young_relative"]


def test_numbers_are_filled_in_and_their_sources_cited():
    answer = explain("en-US")
    emergency = next(action for action in answer.actions if action.urgency == "emergency")
    assert "911" in emergency.detail
    assert "100.4 °F" in emergency.detail
    assert {"emergency-us", "fever-us"} <= set(emergency.sources)
    statements = {source.id: source.statement for source in answer.sources}
    assert "911" in statements["emergency-us"]
    assert "100.4 °F" in statements["fever-us"]


def test_uk_ages_are_given_to_clinicians_in_the_uk_alone():
    def told(tag: str) -> str:
        return " ".join(action.detail for action in explain(tag, "clinician").actions)

    assert "from age 30" in told("en-GB")
    assert "from age" not in told("en-US")


def test_every_number_has_a_publication_that_was_read_and_when():
    for key, entry in KNOWLEDGE.regions.numbers.items():
        source = KNOWLEDGE.sources[key]
        assert source.verification in {"V", "V-copy"}
        for texts in KNOWLEDGE.languages.values():
            statement = texts.statements[key].replace(",", ".")
            assert all(number in statement for number in entry.numbers) or entry.publication is None
