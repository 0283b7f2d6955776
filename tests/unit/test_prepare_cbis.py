"""CBIS-DDSM's folders and case descriptions, made here in small, and damaged or hostile ones."""

import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1, RLELossless, generate_uid

from training.__main__ import main
from training.folder import read_folder

HEADER = (
    "patient_id,breast_density,left or right breast,image view,abnormality id,abnormality type,mass shape,"
    "mass margins,assessment,pathology,subtlety,image file path,cropped image file path,ROI mask file path"
)
FULL = "07-20-2016-DDSM-NA-74994/1.000000-full mammogram images-24515/1-1.dcm"


def make_dicom(pixels: np.ndarray, **changes: object) -> bytes:
    """Return a mammogram as TCIA distributes them: grey, 16 bits, no window."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        "1.2.840.10008.5.1.4.1.1.7",
        generate_uid(),
    )
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.Modality, image.SeriesDescription = "MG", "full mammogram images"
    image.Rows, image.Columns = pixels.shape[:2]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 8 * pixels.itemsize
    image.HighBit, image.PixelRepresentation = image.BitsStored - 1, 0
    image.PixelData = pixels.tobytes()
    for name, value in changes.items():
        setattr(image, name, value)
    file = io.BytesIO()
    image.save_as(file)
    return file.getvalue()


def draw(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, (40, 30), dtype=np.uint16)


def write_case(kind: str, patient: int, pathology: str, lesion: int = 1) -> str:
    """One line of a case description; its paths hold a line break, as the real ones do."""
    place = f"{kind}_P_{patient:05d}_LEFT_CC"
    return (
        f"P_{patient:05d},3,LEFT,CC,{lesion},mass,OVAL,SPICULATED,4,{pathology},4,"
        f'{place}/1.3.6.1/1.3.6.2/000000.dcm,"{place}_1/1.3/1.4/000001.dcm\n","{place}_1/1.3/1.4/000000.dcm\n"'
    )


def write_cbis(folder: Path) -> Path:
    """Write twelve patients of either kind; the second one has a mass that is benign and a calcification."""
    folder.mkdir()
    rows: dict[str, list[str]] = {}
    for kind in ("Mass-Training", "Calc-Test"):
        for number in range(6):
            patient = number + (100 if kind.startswith("Calc") else 0)
            pathology = ("BENIGN", "MALIGNANT", "BENIGN_WITHOUT_CALLBACK")[number % 3 if number < 5 else 1]
            rows.setdefault(kind, []).append(write_case(kind, patient, pathology))
            place = folder / "CBIS-DDSM" / f"{kind}_P_{patient:05d}_LEFT_CC"
            for path, pixels in (
                (place / FULL, draw(patient)),
                (Path(f"{place}_1") / "a/b/1-1.dcm", draw(9)),
            ):
                path.parent.mkdir(parents=True)
                path.write_bytes(make_dicom(pixels))
    rows["Mass-Training"].append(write_case("Mass-Training", 0, "MALIGNANT", lesion=2))
    for name, lines in (
        ("mass_case_description_train_set", rows["Mass-Training"]),
        ("calc_case_description_test_set", rows["Calc-Test"]),
    ):
        (folder / f"{name}.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return folder


def prepare(source: Path, out: Path) -> int:
    return main(["prepare", "cbis-ddsm", str(source), str(out)])


def assert_shows(image: Image.Image, film: np.ndarray) -> None:
    """Compare with the upper eight bits of the film; scaling may round to the next grey."""
    assert np.abs(np.asarray(image, int) - (film >> 8)).max() <= 1


def test_full_mammograms_become_png_by_patient_and_crops_are_left_out(tmp_path):
    source, out = write_cbis(tmp_path / "a"), tmp_path / "cbis-ddsm"
    assert prepare(source, out) == 0
    images = {path.name: path for path in out.rglob("*.png")}
    assert sorted(images) == [f"P_{n:05d}_LEFT_CC.png" for n in (*range(6), *range(100, 106))]
    assert {sample.patient for part in read_folder(out, ("benign", "malignant")) for sample in part} == {
        name[:7] for name in images
    }
    with Image.open(images["P_00104_LEFT_CC.png"]) as image:
        assert (image.mode, image.size) == ("L", (30, 40))
        assert_shows(image, draw(104))
    record = json.loads((out / "DATA.json").read_text())
    assert record["licence"] == "CC BY 3.0"
    assert "10.7937/K9/TCIA.2016.7O02S9CY" in record["citation"]


def test_a_mammogram_is_malignant_if_one_of_its_lesions_is(tmp_path):
    source, out = write_cbis(tmp_path / "a"), tmp_path / "out"
    assert prepare(source, out) == 0
    classes = {path.name: path.parts[-3] for path in out.rglob("*.png")}
    assert classes["P_00000_LEFT_CC.png"] == "malignant"
    assert classes["P_00002_LEFT_CC.png"] == "benign"
    assert classes["P_00101_LEFT_CC.png"] == "malignant"


def test_the_same_view_among_masses_and_calcifications_is_written_once(tmp_path):
    source = write_cbis(tmp_path / "a")
    again = source / "CBIS-DDSM" / "Calc-Training_P_00002_LEFT_CC" / FULL
    again.parent.mkdir(parents=True)
    again.write_bytes(make_dicom(draw(2)))
    assert prepare(source, tmp_path / "out") == 0
    assert len(list((tmp_path / "out").rglob("*.png"))) == 12


def test_mammograms_that_were_not_downloaded_are_counted(tmp_path, caplog):
    source = write_cbis(tmp_path / "a")
    (source / "CBIS-DDSM" / "Mass-Training_P_00002_LEFT_CC" / FULL).unlink()
    assert prepare(source, tmp_path / "out") == 0
    assert "1 of 12 mammograms of the CSV files are not there" in caplog.text


def test_eight_and_twelve_bits_and_inverted_films_become_eight_bits(tmp_path):
    source = write_cbis(tmp_path / "a")
    films = source / "CBIS-DDSM"
    eight = (draw(1) >> 8).astype(np.uint8)
    (films / "Mass-Training_P_00001_LEFT_CC" / FULL).write_bytes(make_dicom(eight))
    twelve = make_dicom(draw(2) >> 4, BitsStored=12, HighBit=11)
    (films / "Mass-Training_P_00002_LEFT_CC" / FULL).write_bytes(twelve)
    inverted = make_dicom(~draw(3), PhotometricInterpretation="MONOCHROME1")
    (films / "Mass-Training_P_00003_LEFT_CC" / FULL).write_bytes(inverted)
    assert prepare(source, tmp_path / "out") == 0
    for number in (1, 2, 3):
        (path,) = (tmp_path / "out").rglob(f"P_0000{number}_LEFT_CC.png")
        with Image.open(path) as image:
            assert_shows(image, draw(number))


def test_losslessly_compressed_films_are_read(tmp_path):
    source = write_cbis(tmp_path / "a")
    path = source / "CBIS-DDSM" / "Mass-Training_P_00001_LEFT_CC" / FULL
    image = pydicom.dcmread(io.BytesIO(make_dicom(draw(1))))
    image.compress(RLELossless)
    image.save_as(path)
    assert prepare(source, tmp_path / "out") == 0
    with Image.open(next((tmp_path / "out").rglob("P_00001_LEFT_CC.png"))) as made:
        assert_shows(made, draw(1))


def name_syntax_without_codec() -> bytes:
    image = pydicom.dcmread(io.BytesIO(make_dicom(draw(1))))
    image.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    image.PixelData = pydicom.encaps.encapsulate([b"no JPEG at all"])
    image["PixelData"].VR = "OB"
    file = io.BytesIO()
    image.save_as(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>Please log in</html>", id="page"),
        pytest.param(make_dicom(draw(1))[:-900], id="cut off"),
        pytest.param(make_dicom(draw(1), Rows=60000, Columns=60000), id="more pixels than are there"),
        pytest.param(make_dicom(draw(1), Rows=0), id="no rows"),
        pytest.param(make_dicom(draw(1), NumberOfFrames=2), id="film"),
        pytest.param(
            make_dicom(
                np.stack([draw(1), draw(2), draw(3)], 2),
                SamplesPerPixel=3,
                PlanarConfiguration=0,
                PhotometricInterpretation="RGB",
            ),
            id="in colour",
        ),
        pytest.param(make_dicom(draw(1), SamplesPerPixel=3), id="colour"),
        pytest.param(name_syntax_without_codec(), id="broken JPEG"),
    ],
)
def test_a_damaged_film_is_named(tmp_path, capsys, data):
    source = write_cbis(tmp_path / "a")
    (source / "CBIS-DDSM" / "Mass-Training_P_00001_LEFT_CC" / FULL).write_bytes(data)
    assert prepare(source, tmp_path / "out") == 1
    assert "Mass-Training_P_00001_LEFT_CC" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",BENIGN,", ",UNPROVEN,", "line 4: no patient, breast, view and pathology"),
        ("P_00000,", "../../x,", "line 4: no patient"),
        ("pathology", "result", "line 4: no patient"),
        ("patient_id", "\0", "line"),
    ],
)
def test_a_line_of_the_case_descriptions_that_says_nothing_is_named(tmp_path, capsys, old, new, words):
    source = write_cbis(tmp_path / "a")
    file = source / "mass_case_description_train_set.csv"
    file.write_text(file.read_text().replace(old, new, 1))
    assert prepare(source, tmp_path / "out") == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert words in error
    assert file.name in error


def test_a_missing_case_description_is_told(tmp_path, capsys):
    source = write_cbis(tmp_path / "a")
    (source / "calc_case_description_test_set.csv").unlink()
    assert prepare(source, tmp_path / "out") == 1
    assert "stands in none of the CSV files" in capsys.readouterr().err


def test_case_descriptions_without_films_are_told(tmp_path, capsys):
    source = write_cbis(tmp_path / "a")
    (source / "CBIS-DDSM").rename(source / "elsewhere")
    for path in (source / "elsewhere").iterdir():
        path.rename(path.with_name(f"other_{path.name}"))
    assert prepare(source, tmp_path / "out") == 1
    assert "holds no full mammograms" in capsys.readouterr().err


def test_the_command_in_the_documentation_runs(tmp_path, root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (root / "docs" / "train.md").read_text("utf-8")
    options = shlex.split(re.search(r"python -m training (prepare cbis-ddsm .*)", text)[1])
    write_cbis(Path(options[2]))
    assert main(options) == 0
