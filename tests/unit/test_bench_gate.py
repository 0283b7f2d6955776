"""The command that measures what the gate refuses."""

import re

import numpy as np
from PIL import Image

from bench.gate.__main__ import cut, main


def test_each_folder_is_a_row_with_its_parts_and_what_is_no_picture_is_left_out(root, tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert main([str(tmp_path), "--model", str(root / "models" / "starter.pt")]) == 0
    (row,) = re.findall(rf"\| {tmp_path.name} \| (\d+) \| ([\d.]+)% \|", capsys.readouterr().out)
    assert row == ("5", "100.0")


def test_parts_lie_inside_and_small_pictures_have_none():
    generator = np.random.default_rng(0)
    parts = list(cut(np.zeros((230, 400, 3), np.uint8), generator))
    assert [part.shape for part in parts] == [(224, 224, 3)] * 2 + [(50, 50, 3)] * 2
    assert list(cut(np.zeros((50, 400, 3), np.uint8), generator)) == []
