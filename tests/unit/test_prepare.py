"""Archives of the true structure, and hostile ones, made here and prepared for training."""

import errno
import gzip
import hashlib
import io
import json
import re
import shlex
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.__main__ import main
from training.catalogue import ORIGINS, describe, find_origin
from training.classes import BINARY, find_classes
from training.data import SPLITS, DataProblem, join
from training.folder import read_folder
from training.prepare.division import Rule, choose_test_patients
from training.prepare.mini_mias import find_woman, read_labels
from training.rendered import NAME as RENDERED

CLASSES = ("benign", "malignant")
Files = dict[str, bytes]
INFO = """The list is arranged in pairs of films.\r
mdb001 G CIRC B 535 425 197\r
mdb002 G CIRC B 522 280 69\r
mdb003 D NORM\r
mdb004 D NORM \r
mdb005 F CIRC B 477 133 30\r
mdb005 F CIRC B 500 168 26\r
mdb007 G CALC B\r
mdb009 G MISC B 233 994 29\r
mdb009 G MISC M 313 540 27\r
mdb011 F SPIC M *NOTE 3*\r
mdb014 F ARCH M 200 200 20\r
"""


def draw(seed: int, kind: str = "PNG", shape: tuple[int, ...] = (6, 6, 3)) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def list_breakhis() -> Files:
    files = {"BreaKHis_v1/README.txt": b"about"}
    kinds = (("benign", "adenosis", "B_A"), ("malignant", "ductal_carcinoma", "M_DC"))
    for first, (label, subtype, code) in zip((100, 200), kinds, strict=True):
        for slide in [f"{number}AB" for number in range(first, first + 5)]:
            for zoom in (40, 200):
                place = f"BreaKHis_v1/histology_slides/breast/{label}/SOB/{subtype}/SOB_{code}_14-{slide}"
                name = f"{place}/{zoom}X/SOB_{code}-14-{slide}-{zoom}-001.png"
                files[name] = draw(first + zoom + len(files))
    return files


def list_idc() -> Files:
    names = [
        f"{patient}_idx5_x1_y{label}_class{label}.png" for patient in range(8863, 8873) for label in (0, 1)
    ]
    return {f"{name[:4]}/{name[-5]}/{name}": draw(number) for number, name in enumerate(names)}


def list_mias() -> Files:
    film = draw(3, "PPM", (1024, 1024))
    return {f"mdb{n:03d}.pgm": film for n in range(1, 15)} | {"Info.txt": INFO.encode(), "Licence.txt": b"x"}


def list_own() -> Files:
    return {
        f"{label}/2024/case{number}-{image}.png": draw(number + 50 * image)
        for label, first in (("B", 10), ("M", 20))
        for number in range(first, first + 5)
        for image in range(2)
    }


def write_tar(path: Path, files: Files, *more: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for info in more:
            archive.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tree(path: Path, files: Files) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def listing(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): digest(path.read_bytes()) for path in files}


@pytest.fixture
def refuse(tmp_path: Path, capsys) -> Callable[..., str]:
    """Prepare what must be refused; return the message."""

    def run(kind: str, source: Path, *options: str) -> str:
        before = listing(tmp_path)
        assert main(["prepare", kind, str(source), str(tmp_path / "out"), *options]) == 1
        assert listing(tmp_path) == before
        assert not (tmp_path / "out.partial").exists()
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("error: ")
        return error

    return run


@pytest.mark.parametrize(
    ("kind", "files", "images"), [("breakhis", list_breakhis(), 10), ("idc", list_idc(), 20)]
)
@pytest.mark.parametrize(
    ("write", "name"),
    [(write_tar, "a.tar.gz"), (write_tar, "a.tar"), (write_zip, "a.zip"), (write_tree, "a")],
)
def test_a_public_set_is_split_by_patient_and_keeps_its_files_as_they_are(
    tmp_path, kind, files, images, write, name
):
    source, out = write(tmp_path / name, files), tmp_path / kind
    assert main(["prepare", kind, str(source), str(out)]) == 0
    samples = [sample for part in read_folder(out, CLASSES) for sample in part]
    assert len(samples) == images
    assert len({sample.patient for sample in samples}) == 10
    originals = {Path(path).name: digest(data) for path, data in files.items()}
    assert all(digest(s.path.read_bytes()) == originals[s.path.name] for s in samples)
    assert describe(kind, [sample.path.stem for sample in samples]).licence.startswith("CC")
    record = json.loads((out / "DATA.json").read_text("utf-8"))
    assert sum(record["images"][side][name] for side in SPLITS for name in CLASSES) == images
    assert list(tmp_path.glob("*.partial")) == []


def test_the_eight_kinds_of_tumour_are_classes_of_their_own_if_asked_for(tmp_path):
    source, out = write_tar(tmp_path / "a.tar.gz", list_breakhis()), tmp_path / "out"
    assert main(["prepare", "breakhis", str(source), str(out), "--classes", "subtypes"]) == 0
    classes = find_classes([out])
    assert classes.names == ("adenosis", "ductal_carcinoma")
    assert classes.malignant == (False, True)
    assert {path.parent.name for path in out.rglob("*.png")} == set(classes.names)


def test_an_image_whose_name_tells_another_kind_of_tumour_is_refused(tmp_path, refuse):
    place = "benign/SOB/adenosis/SOB_B_A_14-1/200X/SOB_B_F-14-1-200-001.png"
    assert "its name says otherwise" in refuse(
        "breakhis", write_zip(tmp_path / "b.zip", {place: draw(1)}), "--classes", "subtypes"
    )


def test_licence_and_citation_of_one_s_own_images_reach_the_record_and_the_model_card(tmp_path):
    source, out = write_tree(tmp_path / "a", list_own()), tmp_path / "out"
    options = ["--benign", "B", "--malignant", "M", "--patient-pattern", r"(?P<patient>case\d+)"]
    terms = ["--licence", "By agreement 7", "--citation", "Ours, 2026"]
    assert main(["prepare", "folder", str(source), str(out), *options, *terms]) == 0
    image = next(out.rglob("*.png"))
    origin = find_origin(image, [image.stem])
    assert (origin.licence, origin.citation, origin.rendered) == ("By agreement 7", "Ours, 2026", False)


@pytest.mark.parametrize("text", ["", " ", "x" * 201, "two\nlines"])
def test_a_licence_that_a_card_cannot_hold_is_refused(text):
    with pytest.raises(SystemExit):
        main(["prepare", "folder", "a", "b", "--licence", text])


def test_a_folder_moved_elsewhere_keeps_its_licence_and_rendered_ones_stay_rendered(tmp_path):
    place = tmp_path / "idc" / "train_dataset" / "benign"
    place.mkdir(parents=True)
    record = {"source": "s", "licence": "CC0", "citation": "c", "note": "n"}
    (tmp_path / "idc" / "DATA.json").write_text(json.dumps(record))
    assert find_origin(place / "scan.png", ["scan"]).licence == "CC0"
    assert find_origin(place / "rendered_001.png", ["rendered_001"]).rendered
    (tmp_path / "idc" / "DATA.json").unlink()
    assert find_origin(place / "scan.png", ["scan"]).licence == "not stated"


def test_several_folders_make_a_class_or_stay_classes(tmp_path):
    files = {
        f"{label}/p{number}/{label}.png": draw(number + 10 * row)
        for row, label in enumerate(("cyst", "scar", "dcis", "idc"))
        for number in range(10 * row, 10 * row + 4)
    }
    source = write_tree(tmp_path / "a", files)
    names = ["--benign", "cyst,scar", "--malignant", "dcis,idc"]
    assert main(["prepare", "folder", str(source), str(tmp_path / "two"), *names]) == 0
    assert find_classes([tmp_path / "two"]) == BINARY
    assert main(["prepare", "folder", str(source), str(tmp_path / "four"), *names, "--keep-classes"]) == 0
    assert find_classes([tmp_path / "four"]) == (("cyst", "dcis", "idc", "scar"), (False, True, True, False))


def test_a_csv_file_tells_the_patients_of_one_s_own_images(tmp_path):
    files = {f"{label}/{n}.png": draw(n + 10 * row) for row, label in enumerate(CLASSES) for n in range(8)}
    source = write_tree(tmp_path / "a", files)
    lines = [f"{label}/{number}.png,{label[0]}{number // 2}" for label in CLASSES for number in range(8)]
    (tmp_path / "who.csv").write_text("\n".join(["image,patient", *lines]))
    out = tmp_path / "out"
    assert main(["prepare", "folder", str(source), str(out), "--patients", str(tmp_path / "who.csv")]) == 0
    samples = [sample for part in read_folder(out, CLASSES) for sample in part]
    assert {sample.patient for sample in samples} == {f"{label[0]}{n}" for label in CLASSES for n in range(4)}


def test_licence_and_citation_are_printed_and_kept(tmp_path, capsys):
    source = write_tar(tmp_path / "a.tar.gz", list_breakhis())
    assert main(["prepare", "breakhis", str(source), str(tmp_path / "out"), "--seed", "7"]) == 0
    printed = capsys.readouterr().out
    record = json.loads((tmp_path / "out" / "DATA.json").read_text("utf-8"))
    assert all(record[key] in printed for key in ("source", "licence", "citation", "note"))
    assert (record["licence"], record["seed"], record["test_share"]) == ("CC BY 4.0", 7, 0.2)
    assert record["patients"] == {
        "train_dataset": {"benign": 4, "malignant": 4},
        "test_dataset": {"benign": 1, "malignant": 1},
    }


def test_the_magnification_chooses_the_images(tmp_path):
    source = write_tar(tmp_path / "a.tar.gz", list_breakhis())
    assert main(["prepare", "breakhis", str(source), str(tmp_path / "out"), "--magnification", "40X"]) == 0
    names = [path.name for path in (tmp_path / "out").rglob("*.png")]
    assert len(names) == 10
    assert all("-40-" in name for name in names)


def test_the_patches_that_an_archive_holds_twice_are_written_once(tmp_path):
    files = list_idc()
    source = write_zip(
        tmp_path / "a.zip", files | {f"IDC_regular_ps50_idx5/{n}": d for n, d in files.items()}
    )
    assert main(["prepare", "idc", str(source), str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").rglob("*.png"))) == len(files)


def test_two_different_images_of_one_name_are_refused(tmp_path, refuse):
    files = list_idc()
    source = write_zip(tmp_path / "a.zip", files | {f"again/{name}": draw(999) for name in files})
    assert "Two different benign images" in refuse("idc", source)


def test_a_name_that_contradicts_its_folder_is_refused(tmp_path, refuse):
    source = write_zip(tmp_path / "a.zip", {"8863/0/8863_idx5_x1_y1_class1.png": draw(1)})
    assert "does not lie in the folder" in refuse("idc", source)
    place = "benign/SOB/adenosis/SOB_M_DC_14-1/200X/SOB_M_DC-14-1-200-001.png"
    assert "its name says otherwise" in refuse("breakhis", write_zip(tmp_path / "b.zip", {place: draw(1)}))


def test_mini_mias_films_become_png_with_the_same_pixels_and_one_woman_on_one_side(tmp_path):
    source, out = write_tar(tmp_path / "all-mias.tar.gz", list_mias()), tmp_path / "mini-mias"
    assert main(["prepare", "mini-mias", str(source), str(out)]) == 0
    films = {path.stem: path for path in out.rglob("*.png")}
    assert sorted(films) == [f"mdb{n:03d}" for n in (1, 2, 5, 7, 9, 11, 14)]
    assert films["mdb001"].parent == films["mdb002"].parent
    assert films["mdb009"].parts[-3] == "malignant"
    with Image.open(films["mdb001"]) as film, Image.open(io.BytesIO(list_mias()["mdb001.pgm"])) as original:
        assert np.array_equal(film, original)
    assert {sample.patient for sample in join([read_folder(out, CLASSES)]).test} <= {
        path.parent.name for path in films.values()
    }


def test_normal_films_are_left_out_unless_asked_for():
    assert "mdb003" not in read_labels(INFO, include_normal=False)
    assert read_labels(INFO, include_normal=True)["mdb003"] == "benign"


@pytest.mark.parametrize(
    ("film", "woman"), [("mdb001", "mdb001-002"), ("mdb002", "mdb001-002"), ("mdb003", "mdb003-004")]
)
def test_films_are_pairs_of_one_woman(film, woman):
    assert find_woman(film) == woman


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("Info.txt", b"nothing", "lists no films"),
        ("mdb001.pgm", b"P5 4 4 255 " + bytes(16), "1024x1024"),
        ("mdb001.pgm", b"P5 1024 1024 255 " + bytes(16), "cannot be read"),
        ("mdb001.pgm", b"P5 90000 90000 255 " + bytes(16), "cannot be read"),
        ("mdb001.pgm", b"text", "cannot be read"),
    ],
)
def test_a_damaged_film_or_list_is_refused(tmp_path, refuse, name, data, words):
    assert words in refuse("mini-mias", write_tar(tmp_path / "a.tar", list_mias() | {name: data}))


def test_missing_films_are_told(tmp_path, refuse):
    files = list_mias()
    del files["mdb014.pgm"]
    assert "lacks 1 films of its Info.txt, for example mdb014.pgm" in refuse(
        "mini-mias", write_zip(tmp_path / "a.zip", files)
    )


def test_a_tree_of_one_s_own_is_split_by_its_pattern_and_read_without_it(tmp_path):
    source = write_tree(tmp_path / "a", list_own())
    options = ["--benign", "B", "--malignant", "M", "--patient-pattern", r"(?P<patient>case\d+)"]
    assert main(["prepare", "folder", str(source), str(tmp_path / "out"), *options]) == 0
    samples = [sample for part in read_folder(tmp_path / "out", CLASSES) for sample in part]
    assert len(samples) == 20
    assert {s.patient for s in samples} == {f"case{n}" for first in (10, 20) for n in range(first, first + 5)}


def test_a_tree_with_a_folder_to_a_patient_needs_no_pattern(tmp_path):
    files = {f"{c}/p{c}{n}/40X/1.png": draw(n) for c in CLASSES for n in range(4)}
    source = write_tree(tmp_path / "a", files)
    assert main(["prepare", "folder", str(source), str(tmp_path / "out")]) == 0
    made = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")}
    assert {name.split("/", 1)[1] for name in made} == set(files)


@pytest.mark.parametrize(
    ("files", "options", "words"),
    [
        ({"benign/a.png": b"x"}, [], "No patient can be read"),
        ({"benign/malignant/a.png": b"x"}, [], "folders of two classes"),
        ({"other/a.png": b"x"}, [], "holds no images below folders called benign or malignant"),
        ({"benign/a.png": b"x"}, ["--benign", "malignant"], "name one folder"),
        ({"benign/q/a.png": b"x"}, ["--patient-pattern", "(?P<patient>.*)"], "cannot name a folder"),
        ({"benign/q/a.png": b"x", "malignant/r/a.png": b"x"}, [], "too few for training and testing"),
        ({"benign/q/a.png": b"x"}, ["--benign", "a,malignant"], "name one folder"),
    ],
)
def test_a_tree_that_cannot_be_split_by_patient_is_refused(tmp_path, refuse, files, options, words):
    assert words in refuse("folder", write_tree(tmp_path / "a", files), *options)


@pytest.mark.parametrize("name", ["../evil.png", "/evil.png", "a/../../evil.png", "a\\evil.png"])
@pytest.mark.parametrize(("write", "suffix"), [(write_tar, "tar.gz"), (write_zip, "zip")])
def test_a_path_that_leads_out_of_the_archive_is_refused(tmp_path, refuse, name, write, suffix):
    assert "leads out of the archive" in refuse(
        "idc", write(tmp_path / f"a.{suffix}", list_idc() | {name: b"x"})
    )


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_in_a_tar_is_refused(tmp_path, refuse, kind):
    info = tarfile.TarInfo("8863/0/8863_idx5_x1_y1_class0.png")
    info.type, info.linkname = kind, "/etc/passwd"
    assert "a link, a device" in refuse("idc", write_tar(tmp_path / "a.tar.gz", list_idc(), info))


def test_a_link_in_a_zip_is_refused(tmp_path, refuse):
    info = zipfile.ZipInfo("8863/0/8863_idx5_x1_y1_class0.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "a link, a device" in refuse("idc", tmp_path / "a.zip")


@pytest.mark.parametrize("part", [0.0, 0.02, 0.3, 0.6, 0.8])
@pytest.mark.parametrize(
    ("write", "name"), [(write_tar, "a.tar.gz"), (write_tar, "a.tar"), (write_zip, "a.zip")]
)
def test_a_truncated_archive_is_refused(tmp_path, refuse, part, write, name):
    path = write(tmp_path / name, list_idc() | {"last.bin": np.random.default_rng(0).bytes(40_000)})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    assert re.search(r"cut off|no whole tar or zip|holds no patches", refuse("idc", path))


def test_flipped_bytes_in_a_compressed_archive_are_refused(tmp_path, refuse):
    path = write_tar(tmp_path / "a.tar.gz", list_breakhis())
    whole = path.read_bytes()
    for place in range(200, len(whole) - 2000, len(whole) // 9):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        refuse("breakhis", path)


def test_a_damaged_header_does_not_pass_for_the_end_of_an_archive(tmp_path, refuse):
    path = write_tar(tmp_path / "a.tar", list_idc() | {"last.txt": b"x"})
    path.write_bytes(path.read_bytes().replace(b"last.txt", b"lost.txt"))
    assert "is damaged" in refuse("idc", path)


def test_a_name_of_many_megabytes_is_refused_unread(tmp_path, refuse):
    path = write_tar(tmp_path / "a.tar", {"a" * 2_000_000: b"x"} | list_idc())
    assert "is damaged" in refuse("idc", path)


def test_a_long_name_is_read(tmp_path):
    files = {f"{'a' * 90}/{'b' * 90}/{name}": data for name, data in list_idc().items()}
    source = write_tar(tmp_path / "a.tar", files)
    assert main(["prepare", "idc", str(source), str(tmp_path / "out")]) == 0


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch, refuse):
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    source = write_zip(tmp_path / "a.zip", list_idc())
    monkeypatch.setattr(Path, "write_bytes", fail)
    assert "is full" in refuse("idc", source)


def test_stopping_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    source = write_zip(tmp_path / "a.zip", list_idc())
    monkeypatch.setattr(Path, "write_bytes", stop)
    assert main(["prepare", "idc", str(source), str(tmp_path / "out")]) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    assert capsys.readouterr().err.endswith("\nstopped\n")


@pytest.mark.parametrize("end", [b"\0", b"/\0"], ids=["empty", "folder"])
def test_a_zip_with_a_damaged_name_is_refused(tmp_path, refuse, end):
    path = write_zip(tmp_path / "a.zip", list_idc() | {"last.txt": b"x"})
    before, found, after = path.read_bytes().rpartition(b"last.txt")
    path.write_bytes(before + end + found[len(end) :] + after)
    assert "damaged, cut off or encrypted" in refuse("idc", path)


def test_a_zip_whose_list_of_files_breaks_off_is_refused(tmp_path, refuse):
    path = write_zip(tmp_path / "a.zip", list_idc())
    whole = bytearray(path.read_bytes())
    entries = [found.start() for found in re.finditer(b"PK\x01\x02", whole)]
    whole[entries[12] + 33] = 255
    path.write_bytes(whole)
    assert "damaged, cut off or encrypted" in refuse("idc", path)


def test_an_encrypted_zip_is_refused(tmp_path, refuse):
    path = write_zip(tmp_path / "a.zip", list_idc())
    whole = bytearray(path.read_bytes())
    for start in [found.start() for found in re.finditer(b"PK\x01\x02", whole)]:
        whole[start + 8] |= 1
    path.write_bytes(whole)
    assert "damaged, cut off or encrypted" in refuse("idc", path)


def test_a_file_that_is_no_archive_or_the_wrong_one_is_told(tmp_path, refuse):
    assert "does not exist" in refuse("idc", tmp_path / "nowhere.zip")
    (tmp_path / "page.html").write_text("<html>Please log in</html>")
    assert "no whole tar or zip archive" in refuse("idc", tmp_path / "page.html")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"no tar"))
    assert "no whole tar or zip archive" in refuse("idc", tmp_path / "a.gz")
    source = write_zip(tmp_path / "idc.zip", list_idc())
    assert "holds no images of BreakHis at 200X" in refuse("breakhis", source)
    assert "holds no Info.txt" in refuse("mini-mias", source)
    assert "holds no case descriptions" in refuse("cbis-ddsm", source)
    assert "is no folder" in refuse("pcam", source)


def test_an_existing_folder_is_never_touched(tmp_path, refuse):
    source = write_tree(tmp_path / "out" / "train_dataset", list_idc())
    assert "exists and stays as it is" in refuse("idc", write_zip(tmp_path / "a.zip", list_idc()))
    assert "lies in" in refuse("folder", source.parent.parent)


def test_the_split_depends_on_seed_and_patients_only():
    labels = {f"p{n}": frozenset({CLASSES[n % 2]}) for n in range(40)}
    first = choose_test_patients(labels, Rule(0, 0.2))
    assert first == choose_test_patients(dict(reversed(labels.items())), Rule(0, 0.2))
    assert first != choose_test_patients(labels, Rule(1, 0.2))
    assert [sum(CLASSES[side] in labels[p] for p in first) for side in (0, 1)] == [4, 4]


def test_a_class_with_one_patient_cannot_be_split():
    labels = {"a": frozenset({"benign"}), **{f"p{n}": frozenset({"malignant"}) for n in range(9)}}
    with pytest.raises(DataProblem, match="1 patients have benign images: too few"):
        choose_test_patients(labels, Rule(0, 0.2))


@pytest.mark.parametrize("text", ["0", "0.6", "-1", "nan", "x"])
def test_a_share_outside_of_its_range_is_refused(text):
    with pytest.raises(SystemExit):
        main(["prepare", "idc", "a", "b", "--test-share", text])


def test_the_commands_in_the_documentation_run(tmp_path, root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tar(Path("BreaKHis_v1.tar.gz"), list_breakhis())
    write_zip(Path("IDC_regular_ps50_idx5.zip"), list_idc())
    write_tar(Path("all-mias.tar.gz"), list_mias())
    write_tree(Path("hospital"), list_own())
    block = re.search(r"```bash\n(.*?)```", (root / "docs" / "train.md").read_text("utf-8"), re.S)[1]
    Path("who.csv").write_text(
        "image,patient\n" + "\n".join(f"{name},{Path(name).name[:6]}" for name in list_own())
    )
    commands = [shlex.split(line) for line in block.splitlines()]
    assert {command[4] for command in commands} == {*ORIGINS, "folder"} - {"breakhis-200x", RENDERED}
    for python, module, room, *options in commands:
        assert (python, module, room) == ("python", "-m", "training")
        if options[1] not in {"pcam", "cbis-ddsm"}:  # which have tests of their own
            assert main(options) == 0
