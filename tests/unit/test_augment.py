import torch

from training.augment import augment, blur, compress, jitter_stain, look, turn


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def a_tile(edge: int = 224) -> torch.Tensor:
    return torch.randint(0, 256, (3, edge, edge), dtype=torch.uint8, generator=draw())


def test_the_same_seed_gives_the_same_view():
    assert torch.equal(augment(a_tile(), 112, draw(3)), augment(a_tile(), 112, draw(3)))
    assert not torch.equal(augment(a_tile(), 112, draw(3)), augment(a_tile(), 112, draw(4)))


def test_a_view_has_the_edge_asked_for_and_a_small_tile_keeps_its_own():
    assert augment(a_tile(224), 112, draw()).shape == (3, 112, 112)
    assert augment(a_tile(224), 224, draw()).shape == (3, 224, 224)
    assert augment(a_tile(56), 112, draw()).shape == (3, 56, 56)


def test_every_scale_fills_the_view():
    for seed in range(30):
        assert look(a_tile(224), 224, draw(seed)).shape == (3, 224, 224)
        assert look(a_tile(56), 56, draw(seed)).shape == (3, 56, 56)


def test_turning_gives_the_eight_ways_to_lay_a_square():
    tile = a_tile(8)
    ways = {turn(tile, draw(seed)).numpy().tobytes() for seed in range(100)}
    assert len(ways) == 8
    assert all(torch.equal(turn(tile, draw(seed)).sum(), tile.sum()) for seed in range(8))


def test_stains_vary_but_a_blank_slide_stays_nearly_blank():
    blank = torch.full((3, 16, 16), 250, dtype=torch.uint8)
    tissue = torch.tensor([180, 120, 170], dtype=torch.uint8).view(3, 1, 1).expand(3, 16, 16)
    blanks = torch.stack([jitter_stain(blank, draw(seed)) for seed in range(20)]).float()
    tissues = torch.stack([jitter_stain(tissue, draw(seed)) for seed in range(20)]).float()
    assert blanks.std(0).max() < tissues.std(0).max()
    assert blanks.min() > 190


def test_some_views_are_blurred_and_some_compressed():
    tile = a_tile(64)
    assert 2 < sum(not torch.equal(blur(tile, draw(seed)), tile) for seed in range(40)) < 20
    assert 4 < sum(not torch.equal(compress(tile, draw(seed)), tile) for seed in range(40)) < 24
