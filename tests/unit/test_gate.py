import numpy as np
import torch

from training.gate import LIMITS, fit_distance, is_unusable, scale_distance


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


def test_blank_and_distant_images_are_unusable_and_so_is_no_number():
    rows = np.array([[50, 0.5], [1, 0.5], [50, 1.5], [50, np.nan]], dtype=np.float32)
    assert is_unusable(LIMITS, rows).tolist() == [False, True, True, True]
