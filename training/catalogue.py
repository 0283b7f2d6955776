"""Where the known data sets come from, and under which licence: what a model card must say of them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from training import rendered
from training.provenance import find_data_folder, read_provenance


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
        licence="MIAS licence agreement (Licence.txt in the archive): for research purposes only",
        citation="Suckling J et al. The Mammographic Image Analysis Society Digital Mammogram Database. "
        "Excerpta Medica, International Congress Series 1069, 1994:375-378.",
        note="X-ray films, not histology: train a model on them alone. May not be rented, leased or sold; "
        "publications must refer to it.",
    ),
    "pcam": Origin(
        rendered=False,
        origin="PatchCamelyon: 96x96 patches at 10X of the lymph node slides of Camelyon16",
        licence="CC0",
        citation="Veeling BS, Linmans J, Winkens J, Cohen T, Welling M. Rotation Equivariant CNNs for "
        "Digital Pathology. arXiv:1806.03962, 2018; Ehteshami Bejnordi B et al. JAMA 2017;318(22):2199-2210.",
        note="Lymph nodes, not breast tissue. 'Benign' is a patch whose inner 32x32 pixels show no "
        "metastasis. A slide counts as a patient.",
    ),
    "cbis-ddsm": Origin(
        rendered=False,
        origin="CBIS-DDSM, The Cancer Imaging Archive; full mammograms, the upper 8 of 16 bits",
        licence="CC BY 3.0",
        citation="Sawyer-Lee R, Gimenez F, Hoogi A, Rubin D. Curated Breast Imaging Subset of Digital "
        "Database for Screening Mammography (CBIS-DDSM). The Cancer Imaging Archive, 2016. "
        "doi 10.7937/K9/TCIA.2016.7O02S9CY",
        note="Scanned X-ray films, not histology: train a model on them alone. Malignant if one lesion is. "
        "Divided anew, by patient, not as its owner does.",
    ),
    rendered.NAME: Origin(
        rendered=True,
        origin=rendered.ORIGIN.source,
        licence=rendered.ORIGIN.licence,
        citation=rendered.ORIGIN.citation,
        note=rendered.ORIGIN.note,
    ),
}


FILE_NAMES = {
    "breakhis-200x": r"^(benign|malign)_\w+_\d+[A-Z]*_\d+$",
    "breakhis": r"^SOB_[BM]_[A-Z]+-\d+-\d+[A-Z]*-\d+-\d+$",
    "idc": r"^\d+_idx\d+_x\d+_y\d+_class\d",
    "mini-mias": r"^mdb\d{3}$",
    "pcam": r"^(train|valid|test)_\d{6}$",
    "cbis-ddsm": r"^P_\d{5}_(LEFT|RIGHT)_(CC|MLO)$",
    rendered.NAME: r"^rendered_\d+$",
}
"""How the files of each set are called; a folder of the same name with other files is not it."""


def find_origin(image: Path, stems: Sequence[str]) -> Origin:
    """Return the origin of the data set that an image belongs to: its `DATA.json`, or else its names.

    Pictures that are named as rendered ones stay rendered, whatever the file says.
    """
    folder = find_data_folder(image)
    stated = read_provenance(folder) if folder else None
    drawn = all(re.search(FILE_NAMES[rendered.NAME], stem) for stem in stems)
    if stated:
        return Origin(
            rendered=stated.rendered or drawn,
            origin=stated.source,
            licence=stated.licence,
            citation=stated.citation,
            note=stated.note,
        )
    return describe(folder.name if folder else "", stems)


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
