"""Where the known data sets come from, and under which licence: what a model card must say of them."""

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
    "idc": Origin(
        rendered=False,
        origin="Breast Histopathology Images: 50x50 patches of slides scanned at 40X",
        licence="CC0",
        citation="Cruz-Roa A et al. Proc SPIE 9041, 2014; Janowczyk A. J Pathol Inform 2016;7:29",
        note="'Benign' is tissue without invasive ductal carcinoma from a woman who has it, "
        "not a benign lesion.",
    ),
    rendered.NAME: Origin(
        rendered=True,
        origin="Pictures drawn from the nuclear measurements of the Wisconsin Diagnostic Breast Cancer table",
        licence="CC BY 4.0 (the table)",
        citation="Street WN, Wolberg WH, Mangasarian OL. Proc SPIE 1905, 1993. doi 10.1117/12.148698",
        note="Rendered: no patient's image. Its figures say nothing about tissue.",
    ),
}


def describe(data_set: str) -> Origin:
    """Return the origin of a data set; of an unknown one, that its owner must state it."""
    unknown = Origin(
        rendered=False,
        origin="A folder of the trainer's own",
        licence="not stated",
        citation="not stated",
        note="Whoever passes this model on must state origin and licence.",
    )
    return ORIGINS.get(data_set, unknown)
