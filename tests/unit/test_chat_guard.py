"""The guard over prose of a language model: it forbids, and does not demand style."""

import time

import pytest

from chat_service.guard import objections
from chat_service.knowledge import load_knowledge

WORDS = load_knowledge().languages["en"].words


def judge(text: str, *, known: frozenset[float] = frozenset(), survival_allowed: bool = False) -> set[str]:
    return objections(text, WORDS, known_numbers=set(known), survival_allowed=survival_allowed)


GOOD = [
    "Please see your doctor.",
    "This picture looks suspicious. Please talk to a breast clinic soon.",
    "The picture looks more like malignant tissue. This is not a diagnosis and the computer can be wrong.",
    "A pathologist needs to look at the whole sample before anyone can tell whether it is cancer.",
    "This does not mean that you have cancer. Ask your doctor about the next step.",
    "Please do not take this as good or bad news.",
    "The computer cannot tell if the cells have spread; your doctors can.",
    "A benign reading cannot rule out cancer, so go through the report with your doctor.",
    "No picture can show the stage. Your doctors find out how far a tumour has grown.",
    "Do not delay your appointment, and bring your questions.",
    "You may combine your questions in one visit and ask your cancer team.",
    "If your doctor confirms cancer, a team of specialists will talk the options through with you.",
    "The model\u2019s reading of this field is indeterminate; histological correlation is required.",
    "The reading is suspicious for malignancy and needs histological confirmation by a breast pathologist.",
    "It is completely normal to feel worried. You do not have to face this alone.",
    "Histological confirmation and triple assessment are required.",
    "Treatment of an early cancer often starts with an operation; your team will explain it.",
    "Many breast changes are benign, and most need little or no treatment.",
    "If cancer is found, further tests help the team decide which treatment fits you best.",
    "This does not tell you that you have cancer, and it does not tell you that you do not.",
    "In an emergency call 112, 911 or 999.",
    "Bring these 3 questions to your visit.",
]


@pytest.mark.parametrize("text", GOOD)
def test_good_prose_passes(text):
    assert judge(text) == set()


BAD = [
    # numbers and statistics
    ("The chance is 87 percent.", "statistic"),
    ("There is a risk of 5 % for you.", "statistic"),
    ("About 9 in 10 lumps are nothing.", "statistic"),
    ("Nine out of ten lumps are like this.", "statistic"),
    ("Ninety women in each group had it.", "statistic"),
    ("Half of the women had it.", "statistic"),
    ("It was seen in 43 women.", "number"),
    ("It was seen in \uff14\uff13 women.", "number"),
    ("Please come back in 14 days.", "number"),
    ("This happens 2,5 times as much.", "number"),
    # stage, grade, TNM
    ("This is stage II.", "stage"),
    ("It looks like Stage 2 to the computer.", "stage"),
    ("The stage is probably early.", "stage"),
    ("The stage is \u2160\u2164 in this case.", "stage"),
    ("This is an early-stage finding.", "stage"),
    ("The tumour has already spread.", "stage"),
    ("It is a localized tumour.", "stage"),
    ("The cells are high-grade.", "stage"),
    ("A typical T2N1M0 picture.", "tnm"),
    ("This fits T1c and N0.", "tnm"),
    # diagnosis and all-clear
    ("You have cancer.", "diagnosis"),
    ("You have invasive breast cancer.", "diagnosis"),
    ("Sadly you've got breast cancer.", "diagnosis"),
    ("You do not have cancer.", "diagnosis"),
    ("You don\u2019t have cancer.", "diagnosis"),
    ("You have no cancer.", "diagnosis"),
    ("This is cancer.", "diagnosis"),
    ("It is definitely not cancer.", "diagnosis"),
    ("The lump is benign.", "diagnosis"),
    ("Your tumour is malignant.", "diagnosis"),
    ("You are cancer-free.", "diagnosis"),
    ("The picture shows no cancer.", "diagnosis"),
    ("This rules out cancer.", "diagnosis"),
    ("The picture proves it.", "diagnosis"),
    ("You have\ncancer.", "diagnosis"),
    ("There is nothing to worry about.", "reassurance"),
    ("This is the all-clear.", "reassurance"),
    ("You are perfectly healthy.", "reassurance"),
    ("You don't need to see a doctor.", "reassurance"),
    ("There is no need for further tests.", "reassurance"),
    ("Everything is fine.", "reassurance"),
    ("We guarantee that it is nothing.", "reassurance"),
    # survival and forecasts
    ("The prognosis is good.", "survival"),
    ("Most women survive this.", "survival"),
    ("You will die soon.", "forecast"),
    ("You have 5 years to live.", "forecast"),
    ("Your chances are good.", "forecast"),
    ("This is a fatal disease.", "alarm"),
    # drugs, doses and care
    ("Ask for tamoxifen.", "medicine"),
    ("Trastuzumab would help you.", "medicine"),
    ("Take 5 mg each day.", "medicine"),
    ("Turmeric helps with this.", "medicine"),
    ("You can skip the biopsy.", "care"),
    ("Stop your treatment until you know more.", "care"),
    ("A biopsy is not needed.", "care"),
    ("Just wait and see.", "care"),
    # form
    ("See https://example.org for help.", "markup"),
    ("<script>alert(1)</script> See your doctor.", "markup"),
    ("**Important** see your doctor.", "markup"),
    ("As an AI language model I cannot say.", "markup"),
    ("Vous avez un cancer du sein.", "language"),
    ("Sie haben leider einen bösen Krebs.", "language"),
    ("आपको स्तन कैंसर है।", "character"),
    ("You have c\u0430ncer.", "character"),
    ("You have c\u200bancer.", "character"),
    ("See your doctor.\x00", "character"),
]


@pytest.mark.parametrize(("text", "code"), BAD, ids=[text for text, _ in BAD])
def test_bad_prose_is_refused(text, code):
    assert code in judge(text)


def test_one_bad_sentence_spoils_good_prose():
    assert judge("Please see your doctor. You have cancer. Ask for an early visit.")


def test_a_number_of_the_facts_may_be_said():
    assert judge("It was seen in 955 women.", known=frozenset({955.0})) == set()


def test_survival_may_be_named_without_figures_where_it_is_allowed():
    text = "Old records about survival are shown below; they are not about you."
    assert judge(text, survival_allowed=True) == set()
    assert judge(text) == {"survival"}


@pytest.mark.parametrize(
    "text", ["After 5 years survival falls.", "Many are alive later.", "The outlook is good."]
)
def test_survival_is_never_paired_with_a_figure_or_a_judgement(text):
    assert "survival" in judge(text, survival_allowed=True)


def test_the_guard_is_quick_on_long_hostile_text():
    started = time.perf_counter()
    assert judge("you have " * 600 + "a " * 600 + "if " * 600 + ". You have cancer.")
    assert time.perf_counter() - started < 1
