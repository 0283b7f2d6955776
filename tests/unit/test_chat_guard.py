"""The guard over prose of a language model: it forbids, and does not demand style."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chat_service.gate import Objectionable, StreamGuard
from chat_service.guard import LONGEST, Guard
from chat_service.knowledge import load_knowledge

LANGUAGES = load_knowledge().languages
FALSE_ALARMS, MISSES = 0.1, 0.2
"""Shares of the held-out texts in these files that may be judged wrongly; all are fitted by now.

What the guard makes of texts that nothing was fitted to is in `test_chat_guard_held_out.py`.
"""
QUICK_S = 0.004
"""Processor time for an explanation, twice what it takes."""


def judge(text, language="en", *, known=frozenset(), survival_allowed=False, **more):
    words = LANGUAGES[language].words
    guard = Guard(words, known_numbers=set(known), survival_allowed=survival_allowed, **more)
    return guard.judge_text(text)


def texts_of(kind, part, language):
    return yaml.safe_load(Path(__file__).with_name(f"{kind}_{language}.yaml").read_text("utf-8"))[part]


def examples(kind, part):
    return [
        pytest.param(language, text, id=f"{language}: {text}")
        for language in sorted(LANGUAGES)
        for text in texts_of(kind, part, language)
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Survival cannot be read from one picture. Ask your doctor."),
        ("fr", "La survie ne se lit pas sur une image. Parlez-en à votre médecin."),
        ("de", "Über das Überleben sagt ein Bild nichts. Sprechen Sie mit Ihrem Arzt."),
        ("es", "La supervivencia no se puede leer en una imagen. Hable con su médico."),
    ],
)
def test_an_article_beside_a_word_of_survival_is_no_amount(language, text):
    assert judge(text, language, survival_allowed=True) == set()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Survival is one year."),
        ("fr", "La survie est d'un an."),
        ("de", "Das Überleben beträgt ein Jahr."),
        ("es", "La supervivencia es de un año."),
        ("en", "One in three survive."),
        ("en", "Only one survived."),
        ("en", "Only one woman survived."),
    ],
)
def test_one_of_a_unit_beside_a_word_of_survival_is_an_amount(language, text):
    assert "survival" in judge(text, language, survival_allowed=True)


@pytest.mark.parametrize(("language", "text"), examples("acceptable", "tuned"))
def test_good_prose_passes(language, text):
    assert judge(text, language) == set()


@pytest.mark.parametrize("kind", ["benign", "malignant", "indeterminate", "unusable"])
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_good_prose_is_refused_for_a_decision_only_where_it_names_another(language, kind):
    for survival_allowed in (False, True):
        for text in texts_of("acceptable", "tuned", language):
            codes = judge(text, language, survival_allowed=survival_allowed, kind=kind)
            assert codes <= {"contradiction"}, text


@pytest.mark.parametrize(("language", "text"), examples("unacceptable", "tuned"))
def test_bad_prose_is_refused(language, text):
    assert judge(text, language)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_bad_prose_is_refused_between_good_sentences(language):
    good, bad = texts_of("acceptable", "tuned", language), texts_of("unacceptable", "tuned", language)
    missed = [text for text in bad if not judge(f"{good[0]} {text} {good[1]}", language)]
    assert missed == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_held_out_texts_are_mostly_judged_rightly(language):
    good, bad = texts_of("acceptable", "held_out", language), texts_of("unacceptable", "held_out", language)
    assert sum(bool(judge(text, language)) for text in good) <= FALSE_ALARMS * len(good)
    assert sum(not judge(text, language) for text in bad) <= MISSES * len(bad)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_texts_about_a_reading_are_judged_by_it(language):
    for reading, texts in texts_of("acceptable", "by_reading", language).items():
        assert [text for text in texts if judge(text, language, kind=reading)] == []
    for reading, texts in texts_of("unacceptable", "by_reading", language).items():
        assert [text for text in texts if not judge(text, language, kind=reading)] == []


def test_words_beyond_plain_ones_need_one_fact_that_holds_them_all():
    text = "Coffee and swimming are explained below."
    assert judge(text) == {"scope"}
    assert judge(text, facts=["Swimming is fine after a coffee."]) == set()
    assert judge(text, facts=["Swimming is fine.", "Coffee is fine."]) == {"scope"}


CODES = [
    ("It was seen in 43 women.", "number"),
    ("It was seen in ninety women.", "number"),
    ("It was seen in \uff14\uff13 women.", "number"),
    ("It was seen in 4\u00b2 women.", "number"),
    ("The chance is 87 percent.", "statistic"),
    ("Nine out of ten lumps are like this.", "statistic"),
    ("Come back in 6 weeks.", "duration"),
    ("This is stage II.", "stage"),
    ("The stage is \u2160\u2164 in this case.", "stage"),
    ("This fits T1c and N0.", "tnm"),
    ("The cells are high-grade.", "grade"),
    ("You have cancer.", "diagnosis"),
    ("You have\ncancer.", "diagnosis"),
    ("You are healthy.", "reassurance"),
    ("Your chances are good.", "forecast"),
    ("This is a fatal disease.", "alarm"),
    ("Trastuzumab would help you.", "medicine"),
    ("You can skip the biopsy.", "care"),
    ("See https://example.org for help.", "markup"),
    ("As an AI language model I cannot say.", "leak"),
    ("Studies show that it is common.", "citation"),
    ("Vous avez un cancer du sein.", "language"),
    ("You have c\u0430ncer.", "character"),
    ("See your doctor.\x00", "character"),
    ("Please see your doctor for the", "cut"),
    ("Please see your doctor,", "cut"),
    ("you\nhave\ncancer", "cut"),
    ("1. See your doctor.", "markup"),
    ("- See your doctor.", "markup"),
    ("Yes. Please see your doctor.", "diagnosis"),
    ("You will dance at her wedding.", "wording"),
    ("Ask your doctor about Zolotrexin.", "scope"),
    ("Please ask for Doctor Marsh at Northside.", "scope"),
    ("You can book that holiday.", "unsupported"),
    ("See your d o c t o r.", "scope"),
    ("This is a good sign.", "reassurance"),
    ("This looks like a fibroadenoma.", "subtype"),
    ("It is caused by a cancer gene.", "cause"),
    ("", "length"),
    ("See your doctor. " * LONGEST, "length"),
]


@pytest.mark.parametrize(("text", "code"), CODES)
def test_the_code_says_what_kind_of_thing_is_wrong(text, code):
    assert code in judge(text)


def test_a_number_of_the_facts_may_be_said():
    assert judge("It was seen in 955 women.", known=frozenset({955.0})) == set()


@pytest.mark.parametrize(
    "text",
    [
        "It was so in 99.6 % of them.",
        "It takes two weeks.",
        "Ask about tamoxifen.",
        "About one in four.",
    ],
)
def test_what_stands_in_the_facts_may_be_repeated_and_nothing_like_it(text):
    assert judge(text)
    assert judge(text, facts=[f"As published: {text}"]) == set()
    assert judge(text, facts=["It takes 3 weeks for 9.96 % on letrozole, or 1 in 5."])


def test_sentences_of_the_facts_may_be_quoted():
    fact = "This is the word for tissue that is benign. It is positive in 99.6 %."
    assert judge(fact)
    assert judge(f"Please see your doctor. {fact}", facts=[fact]) == set()
    assert judge(f"Please see your doctor. {fact} You have cancer.", facts=[fact])


def test_a_number_that_is_a_fact_may_not_become_a_percentage():
    assert "statistic" in judge(
        "It was so in 15 percent.", known=frozenset({15.0}), facts=["After 15 years."]
    )


def test_survival_may_be_named_without_figures_where_it_is_allowed():
    text = "Old records about survival are shown below; they are not about you."
    assert judge(text, survival_allowed=True) == set()
    assert judge(text) == {"survival"}


@pytest.mark.parametrize(
    "text", ["After 5 years survival falls.", "Many are alive later.", "The outlook is good."]
)
def test_survival_is_never_paired_with_a_figure_or_a_judgement(text):
    assert "survival" in judge(text, survival_allowed=True)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("benign", "The picture looks more like malignant tissue."),
        ("malignant", "The picture looks more like benign tissue."),
        ("indeterminate", "The picture looks more like benign tissue."),
        ("unusable", "The picture looks more like malignant tissue."),
    ],
)
def test_a_reading_is_not_turned_round(kind, text):
    assert judge(text) == set()
    assert judge(text, kind=kind) == {"contradiction"}


def stream(pieces, **more):
    guard = StreamGuard(Guard(LANGUAGES["en"].words, known_numbers=set(), survival_allowed=False, **more))
    shown = []
    try:
        for piece in pieces:
            shown.append(guard.feed(piece))
        shown.append(guard.close())
    except Objectionable as error:
        return "".join(shown), error.codes
    return "".join(shown), frozenset()


def test_a_stream_comes_out_whole_sentences_first_and_unchanged():
    text = "Please see your doctor.  This is not a diagnosis.\n\nBring  your questions"
    guard = StreamGuard(Guard(LANGUAGES["en"].words, known_numbers=set(), survival_allowed=False))
    assert guard.feed(text[:30]) == "Please see your doctor.  "
    assert guard.feed(text[30:]) + guard.close() == text[25:]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Please see your doctor. You have cancer. Bye.", "Please see your doctor. "),
        ("You have. Cancer. Please see your doctor.", ""),
        ("May I ask whether it is cancer? Yes. Please see your doctor.", "May I ask whether it is cancer? "),
        ("Ask your doctor. See https://example.org now.", "Ask your doctor. "),
    ],
)
def test_nothing_of_a_bad_sentence_leaves_a_stream(text, shown):
    came, codes = stream(text)
    assert came == shown
    assert codes


def test_a_stream_stays_closed_after_an_objection():
    guard = StreamGuard(Guard(LANGUAGES["en"].words, known_numbers=set(), survival_allowed=False))
    with pytest.raises(Objectionable):
        guard.feed("You have cancer. Please see your doctor.")
    with pytest.raises(Objectionable):
        guard.feed(" Please see your doctor. And more.")
    with pytest.raises(Objectionable):
        guard.close()


def test_an_empty_or_endless_stream_is_refused():
    assert stream([""])[1] == {"length"}
    assert stream(["See your doctor " * 10] * LONGEST)[1] == {"length"}


PIECES = texts_of("unacceptable", "tuned", "en")
SENTENCES = texts_of("acceptable", "tuned", "en")


@given(
    st.lists(st.sampled_from(PIECES + SENTENCES), min_size=1, max_size=5),
    st.lists(st.integers(1, 40), min_size=1, max_size=9),
)
def test_a_stream_is_judged_as_the_whole_text_is(sentences, cuts):
    text = " ".join(sentences)
    pieces, at = [], 0
    while at < len(text):
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(text[at : at + size])
        at += size
    came, codes = stream(pieces)
    assert bool(codes) == bool(judge(text))
    assert codes or came == text
    assert text.startswith(came)


HOSTILE = [
    "you have " * 600 + "a " * 600 + ". You have cancer.",
    "if you have cancer " * 300,
    "not not not mean " * 350,
    "1,11" * 1500,
    "1 111" * 1200,
    "a." * 3000,
    "a-" * 3000,
    "you have not cleared no cancer it is benign survive stage two " * 95,
    "\n" * 5990 + "a",
    "((((((((" * 700,
    "&aaaaaaa" * 700,
    "Smith " * 990 + "(2019",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:12] for text in HOSTILE])
def test_the_guard_is_quick_on_long_hostile_text(text):
    started = time.perf_counter()
    judge(text)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_an_explanation_is_judged_in_milliseconds(language):
    text = " ".join(texts_of("acceptable", "tuned", language)[5:20])[:1500]
    taken = []
    for _ in range(30):
        started = time.process_time()
        judge(text, language)
        taken.append(time.process_time() - started)
    assert min(taken) < QUICK_S


def test_an_objection_never_tells_the_words():
    came, codes = stream("You have cancer. Please see your doctor.")
    assert came == ""
    assert "cancer" not in str(Objectionable(codes))


@pytest.mark.parametrize(
    ("language", "opening", "claims"),
    [
        (
            "en",
            "I am only a program and cannot tell you, please ask your doctor, this is no diagnosis, and ",
            [
                "stop your treatment.",
                "you have cancer.",
                "it is benign.",
                "take a tablet every day.",
                "it is grade two.",
            ],
        ),
        (
            "fr",
            "Je ne suis qu'un programme et je ne peux pas le dire, parlez-en à votre médecin, ",
            ["et vous avez un cancer.", "et arrêtez le traitement.", "et vous n'avez pas besoin de biopsie."],
        ),
        (
            "de",
            "Ich bin nur ein Programm und kann es Ihnen nicht sagen, bitte fragen Sie Ihre Ärztin, ",
            ["und Sie haben Krebs.", "brechen Sie die Behandlung ab.", "eine Biopsie brauchen Sie nicht."],
        ),
        (
            "es",
            "Solo soy un programa y no puedo decirlo, pregunte a su médico, ",
            ["y usted tiene cáncer.", "y deje el tratamiento.", "y no necesita una biopsia."],
        ),
        (
            "hi",
            "मैं केवल एक कंप्यूटर प्रोग्राम हूँ और यह नहीं बता सकता, अपने डॉक्टर से पूछें, ",
            ["और आपको कैंसर है।", "और इलाज बंद कर दें।"],
        ),
    ],
)
def test_a_claim_does_not_profit_from_what_stands_before_it_in_its_sentence(language, opening, claims):
    assert [claim for claim in claims if not judge(opening + claim, language, kind="malignant")] == []


def test_what_a_stream_showed_is_not_refused_in_the_end():
    asked = "Ask your doctor whether you can take something for the pain. "
    text = asked + "Please ask your doctor what this means. " * 6 + "Your doctor can tell you what was seen."
    came, codes = stream(text)
    assert (came == text) is (codes == frozenset()) is (judge(text) == set())
