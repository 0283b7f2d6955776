from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from artifact import DomainDistance, Foreignness, Gate
from artifact.appearance import TRAITS, Appearance
from artifact.gate import STATISTICS
from artifact.preprocess import make_tile, normalise
from training.data import Sample
from training.drawing import read_measurements, render
from training.foreign import KINDS
from training.foreign import render as render_foreign
from training.gate import fit_distance, fit_foreignness, scale_distance, set_foreignness
from training.limits import draw_limits, find_modality, is_unusable, open_limits
from training.looks import add_rendered, look, look_again, measure


def draw(count: int, centre: float, seed: int) -> torch.Tensor:
    return torch.randn(count, 40, generator=torch.Generator().manual_seed(seed)) + centre


def test_images_of_a_small_data_set_are_judged_by_their_own_not_by_the_large_one_s():
    large, small = draw(2000, 0, 1), draw(60, 20, 2)
    distance = fit_distance(torch.cat([large, small]), ["large"] * 2000 + ["small"] * 60)
    held_out = torch.cat([draw(1000, 0, 3), draw(100, 20, 4)])
    names = ["large"] * 1000 + ["small"] * 100
    scale_distance(distance, distance(held_out).numpy(), names)
    beyond = distance(torch.cat([draw(1000, 0, 5), draw(100, 20, 6)])) > 1
    assert beyond[:1000].float().mean() < 0.02
    assert beyond[1000:].float().mean() < 0.05


def test_what_lies_between_the_data_sets_is_far_from_both():
    distance = fit_distance(torch.cat([draw(500, 0, 1), draw(500, 20, 2)]), ["a"] * 500 + ["b"] * 500)
    held_out = torch.cat([draw(200, 0, 3), draw(200, 20, 4)])
    scale_distance(distance, distance(held_out).numpy(), ["a"] * 200 + ["b"] * 200)
    assert distance(draw(100, 10, 5)).min() > 1


def test_few_images_give_a_distance_all_the_same():
    distance = fit_distance(draw(3, 0, 1), ["tiny"] * 3)
    assert torch.isfinite(distance(draw(5, 0, 2))).all()


@pytest.fixture(scope="module")
def pictures() -> list[torch.Tensor]:
    """Rendered tissue, as tiles (3, 224, 224)."""
    rows = read_measurements()[:40]
    return [make_tile(torch.from_numpy(render(measured, row))) for row, _, measured in rows]


@pytest.fixture(scope="module")
def foreignness(pictures) -> Foreignness:
    with torch.inference_mode():
        fitted = fit_foreignness(add_rendered([look(pictures[:30], 0)], 1))
        own = measure(pictures[30:])
        set_foreignness(fitted, fitted(own).numpy(), own, ["rendered"] * 20)
    return fitted


def statistics_of(*tiles: torch.Tensor) -> dict[str, np.ndarray]:
    distance = DomainDistance(torch.zeros(1, 2), torch.zeros(1, 2, 1), torch.ones(1, 1), torch.ones(1))
    values = Gate(distance)(normalise(torch.stack(tiles).float()), torch.zeros(len(tiles), 2))
    return dict(zip(STATISTICS, values.numpy().T, strict=True))


def test_foreign_pictures_that_were_not_fitted_to_are_told_from_one_s_own(foreignness, pictures):
    edges = (224, 50)
    others = [
        make_tile(torch.from_numpy(render_foreign(seed, edges[seed % 2])))
        for seed in range(9000, 9000 + 4 * len(KINDS))
    ]
    assert (foreignness(measure(others)) > 0).float().mean() > 0.9
    assert (foreignness(measure(pictures[30:])) > 0).float().mean() <= 0.1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tile: 255 - tile, id="inverted"),
        pytest.param(lambda tile: tile[[1, 0, 2]], id="channels-exchanged"),
        pytest.param(lambda tile: tile.float().mean(0).byte().expand(3, -1, -1), id="grey"),
    ],
)
def test_tissue_in_colours_that_no_stain_has_is_foreign(foreignness, pictures, change):
    assert (foreignness(measure([change(tile) for tile in pictures[30:]])) > 0).all()


def test_nothing_is_foreign_before_it_is_fitted(pictures):
    assert not Foreignness()(measure(pictures[:3])).any()


def test_pictures_are_rendered_alike_each_time_and_are_of_all_kinds():
    first, again = ([render_foreign(seed, 50) for seed in range(len(KINDS))] for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert len({picture.tobytes() for picture in first}) == len(KINDS)


def test_views_of_validation_images_are_drawn_from_each_data_set(tmp_path: Path, pictures):
    samples = []
    for index, tile in enumerate(pictures[:4]):
        path = tmp_path / f"{index}.png"
        Image.fromarray(tile.permute(1, 2, 0).numpy()).save(path)
        samples.append(Sample(path, 0, str(index), "ab"[index % 2]))
    traits, data_sets = look_again(samples, 1)
    assert traits.shape == (4, TRAITS)
    assert sorted(data_sets) == ["a", "a", "b", "b"]


@pytest.mark.parametrize("count", [1, 5])
def test_the_statistics_are_the_same_when_compiled_and_in_any_batch(pictures, count):
    batch = normalise(torch.stack(pictures[:count]).float())
    compiled = torch.jit.script(Appearance())
    for mine, theirs in zip(Appearance()(batch), compiled(batch), strict=True):
        torch.testing.assert_close(mine, theirs)
    alone = torch.cat([Appearance()(batch[row : row + 1]).traits for row in range(count)])
    torch.testing.assert_close(Appearance()(batch).traits, alone, rtol=1e-4, atol=1e-4)


def test_what_is_measured_is_what_its_name_says(pictures):
    tile = pictures[0]
    blurred = torch.nn.functional.avg_pool2d(tile[None].float(), 9, 1, 4, count_include_pad=False)[0].byte()
    grey = tile.float().mean(0).byte().expand(3, -1, -1)
    white, dark = torch.full_like(tile, 255), (tile * 0.2).byte()
    found = statistics_of(tile, blurred, grey, white, dark)
    assert found["contrast"][0] == pytest.approx(float(tile.float().mean(0).std()), rel=0.01)
    assert found["brightness"] == pytest.approx(
        [float(each.float().mean()) for each in (tile, blurred, grey, white, dark)], abs=0.1
    )
    assert found["sharpness"][1] < 0.3 * found["sharpness"][0]
    assert found["colour"][2] < 1
    assert found["colour"][0] > 50
    assert found["whiteness"][3] == pytest.approx(255)
    assert found["contrast"][3] == pytest.approx(0, abs=1e-3)


def measured(colour: float = 120, count: int = 100) -> np.ndarray:
    """Statistics of tissue (N, 7), with some spread."""
    row = np.array([25, 180, 10, colour, 0.3, -2, 0.5])
    spread = 1 + 0.2 * np.random.default_rng(0).uniform(-1, 1, (count, len(row)))
    return (row * spread).astype(np.float32)


def test_each_limit_refuses_what_its_code_says_and_keeps_the_validation_images():
    limits = draw_limits(measured(), ["a"] * 100)
    assert [limit.statistic for limit in limits] == list(STATISTICS)
    assert not is_unusable(limits, measured()).any()
    good = measured()[0]
    wrong = {"contrast": 1, "brightness": 20, "whiteness": 251, "colour": 1, "sharpness": 0.02}
    wrong |= {"foreignness": 0.1, "domain_distance": 1.5}
    for column, (name, value) in enumerate(wrong.items()):
        row = good.copy()
        row[column] = value
        assert is_unusable(limits, row[None]).all(), name
    assert is_unusable(limits, np.full((1, 7), np.nan, np.float32)).all()


def test_the_most_lenient_data_set_draws_the_limits():
    dim = measured()
    dim[:, 1] /= 3
    both = draw_limits(np.concatenate([measured(), dim]), ["a"] * 100 + ["b"] * 100)
    assert not is_unusable(both, dim).any()


def test_a_model_of_grey_pictures_refuses_colour_and_keeps_grey():
    limits = draw_limits(measured(colour=0.5), ["films"] * 100, "mammography")
    colour = next(limit for limit in limits if limit.statistic == "colour")
    assert (colour.low, colour.code) == (None, "wrong_modality")
    assert colour.high == pytest.approx(8, abs=1)
    assert "not_tissue" not in {limit.code for limit in limits}


def test_pictures_with_and_without_colour_leave_colour_open():
    both = np.concatenate([measured(), measured(colour=0.5)])
    limits = draw_limits(both, ["a"] * 100 + ["b"] * 100)
    assert next((each.low, each.high) for each in limits if each.statistic == "colour") == (None, None)


def test_the_kind_of_picture_is_told_by_colour(pictures):
    tiles = torch.stack(pictures[:8])
    assert find_modality(tiles) == "histopathology"
    assert find_modality(tiles.float().mean(1, keepdim=True).byte().expand_as(tiles)) == "mammography"


def test_limits_that_are_still_open_refuse_nothing_that_is_a_number():
    assert not is_unusable(open_limits(), measured()).any()
