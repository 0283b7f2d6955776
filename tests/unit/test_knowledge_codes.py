"""Codes of ICD-10-CM in the knowledge graph, compared with the official table of April 2026."""

import warnings

import pytest

from chat_service.knowledge import load_knowledge
from chat_service.knowledge.nodes import Diagnosis, Finding

CODES = {
    key: node.icd10cm
    for key, _, node in load_knowledge().graph.nodes()
    if isinstance(node, Diagnosis | Finding) and node.icd10cm
}


@pytest.fixture(scope="module")
def table():
    with warnings.catch_warnings():
        # It reads its files in a way that Python 3.11 and 3.12 advise against.
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm  # noqa: PLC0415 - where its warning can be kept quiet
    return simple_icd_10_cm


def test_every_code_stands_in_the_table(table):
    assert [code for codes in CODES.values() for code in codes if not table.is_valid_item(code)] == []


@pytest.mark.parametrize(
    ("key", "description"),
    [
        ("fibroadenoma", "Benign neoplasm of breast"),
        ("adenosis", "Fibroadenosis of breast"),
        ("phyllodes", "Neoplasm of uncertain behavior of breast"),
        ("atypia", "Unspecified benign mammary dysplasia"),
        ("lobular", "Malignant neoplasm of breast"),
        ("dcis", "Intraductal carcinoma in situ of breast"),
        ("lcis", "Lobular carcinoma in situ of breast"),
        ("breast-lump", "Unspecified lump in breast"),
        ("nipple-change", "Nipple discharge"),
        ("bi-rads-category", "Other abnormal and inconclusive findings on diagnostic imaging of breast"),
        ("family-history", "Family history of malignant neoplasm of breast"),
    ],
)
def test_a_code_means_what_it_stands_beside(table, key, description):
    assert table.get_description(CODES[key][0]) == description


def test_phyllodes_tumours_are_named_under_their_code(table):
    assert "Cystosarcoma phyllodes" in table.get_inclusion_term(CODES["phyllodes"][0])


def test_benign_types_have_no_code_of_cancer():
    malignant = {"ductal", "lobular", "mucinous", "papillary", "invasive", "breast-cancer"}
    assert {key for key, codes in CODES.items() if codes[0].startswith("C50")} >= malignant
    assert not any(CODES[key][0].startswith("C50") for key in ("adenosis", "fibroadenoma", "tubular-adenoma"))
