"""Choice models against exact enumeration, and Elo against the gradient that it is."""

import itertools
import math

import pytest
import torch

from course_lib.humans.choice import (
    ELO_SCALE,
    davidson_log_prob,
    elo_expected,
    elo_update,
    luce_log_prob,
    pairs_of_ranking,
    plackett_luce_log_prob,
)
from course_lib.humans.partial_return import bradley_terry_log_prob

U = torch.tensor([[0.3, -1.2, 2.0, 0.0]], dtype=torch.float64)


def test_rankings_sum_to_one_and_agree_with_the_product():
    p = U[0].exp()
    total = 0.0
    for ranking in itertools.permutations(range(4)):
        want, left = 1.0, set(range(4))
        for r in ranking:
            want *= float(p[r] / sum(p[j] for j in left))
            left.remove(r)
        got = float(plackett_luce_log_prob(U, torch.tensor([ranking])).exp())
        assert abs(got - want) < 1e-12
        total += got
    assert abs(total - 1) < 1e-12


def test_the_first_of_a_ranking_is_luces_choice_and_prefixes_marginalise():
    for m in (1, 2, 3):
        for prefix in itertools.permutations(range(4), m):
            whole = sum(float(plackett_luce_log_prob(U, torch.tensor([r])).exp()) for r in itertools.permutations(range(4)) if r[:m] == prefix)
            assert abs(float(plackett_luce_log_prob(U, torch.tensor([prefix])).exp()) - whole) < 1e-12
    assert abs(float(luce_log_prob(U, torch.tensor([2]))) - float(plackett_luce_log_prob(U, torch.tensor([[2]])))) < 1e-12
    two = bradley_terry_log_prob(U[:, 0] - U[:, 1], torch.tensor([1.0]))
    assert abs(float(luce_log_prob(U[:, :2], torch.tensor([0])) - two)) < 1e-12


def test_gradients_of_a_ranking_are_finite_and_those_of_finite_differences():
    torch.autograd.gradcheck(lambda u: plackett_luce_log_prob(u, torch.tensor([[2, 0, 3, 1]])), U.clone().requires_grad_())


def test_ties():
    delta = torch.tensor([-3.0, 0.0, 0.7, 500.0], dtype=torch.float64)
    three = torch.stack([davidson_log_prob(delta, torch.full((4,), c), 0.5) for c in (0.0, 0.5, 1.0)])
    torch.testing.assert_close(three.exp().sum(0), torch.ones(4, dtype=torch.float64))
    assert abs(float(three[1, 1].exp()) - 0.5 / 2.5) < 1e-12 and torch.isfinite(three).all()
    assert float(three[1, 2].exp()) < float(three[1, 1].exp())  # a tie says that the difference is small
    torch.testing.assert_close(davidson_log_prob(delta, torch.ones(4), 0.0), bradley_terry_log_prob(delta, torch.ones(4, dtype=torch.float64)))
    with pytest.raises(ValueError, match="at least 0"):
        davidson_log_prob(delta, torch.ones(4), -1.0)


def test_k_choose_two():
    pairs = pairs_of_ranking(torch.tensor([[1, 2, 3, 0], [0, 1, 2, 3]]))
    assert pairs.shape == (2, 6, 2)
    assert {tuple(p) for p in pairs[0].tolist()} == {(1, 2), (1, 3), (1, 0), (2, 3), (2, 0), (3, 0)}  # B > C > D > A


def test_elo_is_bradley_terry_in_base_ten():
    assert abs(ELO_SCALE - 173.717792761) < 1e-6
    assert abs(float(elo_expected(torch.tensor(1800.0), torch.tensor(1400.0))) - 10 / 11) < 1e-6  # 400 points: ten to one
    a, b = elo_update(1500.0, 1500.0, 1.0)
    assert (a, b) == (1516.0, 1484.0)
    rating = torch.tensor([1730.0, 1650.0], requires_grad=True)
    for score in (0.0, 0.5, 1.0):
        rating.grad = None
        bradley_terry_log_prob((rating[:1] - rating[1:]) / ELO_SCALE, torch.tensor([score])).sum().backward()
        step = [x - y for x, y in zip(elo_update(1730.0, 1650.0, score), (1730.0, 1650.0))]
        torch.testing.assert_close(torch.tensor(step), 32 * ELO_SCALE * rating.grad, rtol=1e-3, atol=1e-3)
    assert math.isclose(sum(elo_update(1730.0, 1650.0, 0.5)), 3380.0, abs_tol=1e-3)
