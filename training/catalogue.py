"""Where the known data sets come from, and under which licence: what a model card must say of them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from training import rendered


class Origin(NamedTuple):
    """What a model card says of a data set."""

    rendered: bool
    origin: str
    licence: str
    citation: str
    note: str


ORIGINS = {
    "breakhis-200x": Origin(
        rendered=False,
        origin="BreakHis, Federal University of Parana; part of the images at 200X, squashed to 224x224",
        licence="CC BY 4.0",
        citation="Spanhol FA, Oliveira LS, Petitjean C, Heutte L. A Dataset for Breast Cancer "
        "Histopathological Image Classification. IEEE Trans Biomed Eng 2016;63(7):1455-1462.",
        note="35 of the set's 82 patients, 8 of them benign; files phyllodes tumours as benign.",
    ),
    "breakhis": Origin(
        rendered=False,
        origin="BreakHis (BreaKHis_v1), Federal University of Parana; images of 700x460 pixels",
        licence="CC BY 4.0",
        citation="Spanhol FA, Oliveira LS, Petitjean C, Heutte L. A Dataset for Breast Cancer "
        "Histopathological Image Classification. IEEE Trans Biomed Eng 2016;63(7):1455-1462.",
        note="Files phyllodes tumours as benign.",
    ),
    "idc": Origin(
        rendered=False,
        origin="Breast Histopathology Images: 50x50 patches of slides scanned at 40X",
        licence="CC0",
        citation="Cruz-Roa A et al. Proc SPIE 9041, 2014; Janowczyk A. J Pathol Inform 2016;7:29",
        note="'Benign' is tissue without invasive ductal carcinoma from a woman who has it, "
        "not a benign lesion.",
    ),
    "mini-mias": Origin(
        rendered=False,
        origin="mini-MIAS, Mammographic Image Analysis Society; mammograms of 1024x1024 pixels",
        licence="MIAS licence agreement (Licence.txt in the archive): for research only",
        citation="Suckling J et al. The Mammographic Image Analysis Society Digital Mammogram Database. "
        "Excerpta Medica, International Congress Series 1069, 1994:375-378.",
        note="X-ray films, not histology: train a model on them alone.",
    ),
    rendered.NAME: Origin(
        rendered=True,
        origin="Pictures drawn from the nuclear measurements of the Wisconsin Diagnostic Breast Cancer table",
        licence="CC BY 4.0 (the table)",
        citation="Street WN, Wolberg WH, Mangasarian OL. Proc SPIE 1905, 1993. doi 10.1117/12.148698",
        note="Rendered: no patient's image. Its figures say nothing about tissue.",
    ),
}


FILE_NAMES = {
    "breakhis-200x": r"^(benign|malign)_\w+_\d+[A-Z]*_\d+$",
    "breakhis": r"^SOB_[BM]_[A-Z]+-\d+-\d+[A-Z]*-\d+-\d+$",
    "idc": r"^\d+_idx\d+_x\d+_y\d+_class\d",
    "mini-mias": r"^mdb\d{3}$",
    rendered.NAME: r"^rendered_\d+$",
}
"""How the files of each set are called; a folder of the same name with other files is not it."""


def describe(data_set: str, stems: Sequence[str]) -> Origin:
    """Return the origin of a data set whose files have these names, without suffix.

    Of an unknown one, or one that only bears a known name, it says that its owner must state it.
    """
    pattern = FILE_NAMES.get(data_set)
    if pattern and all(re.search(pattern, stem) for stem in stems):
        return ORIGINS[data_set]
    return Origin(
        rendered=False,
        origin="A folder of the trainer's own",
        licence="not stated",
        citation="not stated",
        note="Whoever passes this model on must state origin and licence.",
    )
