"""How numbers are read out of texts and out of JSON."""

import re

import pytest

from chat_service.numbers import numbers_in, numbers_of, unsupported_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,022 patients", {1022}),
        ("2.7 years", {2.7}),
        ("2,7 Jahre", {2.7}),
        ("from 1805 to 1933", {1805, 1933}),
        ("1.06-1.08", {1.06, 1.08}),
        ("Ki-67 and HER2", {67, 2}),
        ("99.6 %.", {99.6}),
        ("1,272,681 people", {1272681}),
        ("call 116 123 or 112", set()),
        ("1.022 Patientinnen, 1 022 patientes, 1\u202f022 patientes", {1022}),
        ("1.234,5 und 1,234.5", {1234.5}),
        ("1,00,000 \u0932\u094b\u0917", {100000}),
        ("\u096f\u096f.\u096c % of \u096b", {99.6, 5}),
        ("0.045 und 0,045", {0.045}),
        ("10-15 % in 2013", {10, 15, 2013}),
        ("112 or 112,5", {112.5}),
        ("no number", set()),
    ],
)
def test_numbers_are_read_as_written(text, numbers):
    assert numbers_in(text) == numbers


def test_numbers_inside_strings_and_truth_values_do_not_count():
    assert numbers_of({"a": [1, {"b": 2.5}], "c": "77", "d": True, "e": None}) == {1, 2.5}


def test_whole_numbers_up_to_ten_are_free_and_fractions_are_not():
    assert unsupported_numbers(["0 to 10, 3.5 and 11"], set()) == {3.5, 11}


def test_a_known_number_is_supported():
    assert unsupported_numbers(["99.6 % of 955"], {99.6}) == {955}


def test_a_locale_may_have_emergency_numbers_of_its_own():
    assert numbers_in("Call 15 or 112.", re.compile(r"\b15\b")) == {112}
