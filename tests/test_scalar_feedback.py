"""Trainers, TAMER and COACH: against simulation, numeric integrals, finite differences and the policy gradient."""

import numpy as np
import pytest
from scipy import integrate, stats

from course_lib.envs import TabularMDP, gridworld
from course_lib.humans.trainers import READINGS, Trainer, meaning
from course_lib.preferences.coach import coach_update, score, softmax
from course_lib.preferences.tamer import DELAY, credit, pleases_most, tamer_update
from course_lib.rl.value_iteration import evaluate, greedy, value_iteration

MDP = TabularMDP.random(5, 3, np.random.default_rng(0), gamma=0.8)
POLICY = softmax(np.random.default_rng(1).normal(size=(5, 3)))


def test_the_four_readings():
    f = {reading: meaning(MDP, POLICY, reading) for reading in READINGS}
    np.testing.assert_array_equal(f["reward"], MDP.R)
    np.testing.assert_allclose((POLICY * f["advantage"]).sum(-1), 0, atol=1e-12)  # what you usually do is neither good nor bad
    np.testing.assert_allclose(f["regret"].max(-1), 0, atol=1e-9)
    best = greedy(value_iteration(MDP)[1])
    np.testing.assert_allclose(meaning(MDP, best, "advantage"), f["regret"], atol=1e-6)  # for the best learner the two are one
    np.testing.assert_allclose(f["return"] - f["advantage"], np.repeat(evaluate(MDP, POLICY)[:, None], 3, 1), atol=1e-12)
    with pytest.raises(ValueError, match="reading must be one of"):
        meaning(MDP, POLICY, "mood")


def test_the_return_is_what_comes_of_it():
    rng, n, s, a = np.random.default_rng(2), 40_000, 3, 1
    state, action, total, discount = np.full(n, s), np.full(n, a), np.zeros(n), 1.0
    draw = lambda p: (rng.random((n, 1)) > p.cumsum(-1)).sum(-1).clip(0, p.shape[1] - 1)
    for _ in range(60):
        total += discount * MDP.R[state, action]
        discount *= MDP.gamma
        state = draw(MDP.P[state, action])
        action = draw(POLICY[state])
    assert abs(total.mean() - meaning(MDP, POLICY, "return")[s, a]) < 4 * total.std() / np.sqrt(n)


def test_a_trainer_with_buttons_and_noise():
    rng, s, a = np.random.default_rng(0), np.repeat(np.arange(5), 2000), np.tile([0, 1], 5000)
    exact = Trainer(MDP, "regret").says(POLICY, s, a, rng)
    np.testing.assert_array_equal(exact, meaning(MDP, POLICY, "regret")[s, a])
    noisy = Trainer(MDP, "regret", noise=0.5).says(POLICY, s, a, rng)
    assert abs((noisy - exact).std() - 0.5) < 0.02 and abs((noisy - exact).mean()) < 0.02
    buttons = Trainer(MDP, "advantage", buttons=True).says(POLICY, s, a, rng)
    np.testing.assert_array_equal(buttons, np.where(meaning(MDP, POLICY, "advantage")[s, a] > 0, 1, -1))


def arrives(world, praise, plans):
    """Probability of having arrived after 60 steps of a learner that plans for the praise it will collect, or does what pleases most now."""
    act = greedy(value_iteration(world.with_reward(praise))[1] if plans else praise)
    state = world.initial.copy()
    for _ in range(60):
        state = np.einsum("s,sa,sat->t", state, act, world.P)
    return state[world.terminal].sum()


def test_exact_advantages_are_the_reward_in_another_shape():
    """A^π = R + γ V^π(s') − V^π(s): potential-based shaping (Ng, Harada & Russell, 1999), so planning for it is planning for R."""
    for seed in range(5):
        world = TabularMDP.random(6, 3, np.random.default_rng(seed))
        praise = meaning(world, softmax(np.random.default_rng(seed + 9).normal(size=(6, 3))), "advantage")
        np.testing.assert_array_equal(greedy(value_iteration(world.with_reward(praise))[1]), greedy(value_iteration(world)[1]))


def test_encouragement_makes_cycles_pay_for_whoever_adds_it_up():
    """A learner that plans for the praise never arrives, because arriving ends the praise; one that does what pleases most now does."""
    world, usual = gridworld(slip=0.0), np.full((25, 4), 0.25)
    s, a = (x.ravel() for x in np.meshgrid(np.arange(25), np.arange(4), indexing="ij"))
    for reading in ("advantage", "regret"):
        for kind, want in ((0.0, (1, 1)), (0.3, (0, 1))):
            praise = Trainer(world, reading, encouragement=kind).says(usual, s, a, np.random.default_rng(0)).reshape(25, 4)
            np.testing.assert_allclose((arrives(world, praise, True), arrives(world, praise, False)), want, atol=1e-6)


def test_credit_is_the_integral_of_the_delays_density():
    begins = np.arange(0, 2, 0.15)
    for delay in (DELAY, stats.gamma(2.0, scale=0.15)):
        c = credit(1.6, begins, begins + 0.15, delay)
        for i in range(len(begins)):
            low, high = max(0.0, 1.6 - begins[i] - 0.15), max(0.0, 1.6 - begins[i])
            assert abs(c[i] - integrate.quad(delay.pdf, low, high, limit=200, points=[0.2, 0.8] if low < 0.8 else None)[0]) < 1e-6
    assert abs(credit(1.6, begins, begins + 0.15).sum() - 1) < 1e-9
    np.testing.assert_array_equal(credit(0.4, begins, begins + 0.15, None).nonzero()[0], [2])  # 0.3 … 0.45
    assert credit(-1.0, begins, begins + 0.15, None).sum() == 0


def test_tamers_update_is_gradient_descent_and_finds_what_was_meant():
    rng = np.random.default_rng(0)
    H, s, a, c, said = rng.normal(size=(4, 2)), np.array([1, 3, 1]), np.array([0, 1, 0]), np.array([0.2, 0.5, 0.3]), 0.7
    loss = lambda H: 0.5 * (said - (c * H[s, a]).sum()) ** 2
    new, h = tamer_update(H, s, a, c, said, 0.1), 1e-6
    for i in range(4):
        for j in range(2):
            up, down = H.copy(), H.copy()
            up[i, j] += h
            down[i, j] -= h
            assert abs((new - H)[i, j] + 0.1 * (loss(up) - loss(down)) / (2 * h)) < 1e-6
    meant, H = rng.normal(size=(4, 2)), np.zeros((4, 2))
    times = np.arange(12) * 0.15  # a window of 12 steps, and a word at its end about a mixture of them
    for _ in range(6000):
        s, a = rng.integers(4, size=12), rng.integers(2, size=12)
        c = credit(times[-1] + 0.15, times, times + 0.15)
        H = tamer_update(H, s, a, c, (c * meant[s, a]).sum(), 0.3)
    np.testing.assert_allclose(H, meant, atol=0.02)
    assert (pleases_most(H, np.arange(4), rng) == meant.argmax(1)).all()
    assert len(set(pleases_most(np.zeros((1, 3)), np.zeros(50, int), rng))) == 3  # ties are broken at random


def test_coach_in_expectation_follows_the_policy_gradient():
    """Σ_s d(s) Σ_a π(a|s) A(s, a) ∇ log π is the gradient of the return: by finite differences of the exact value."""
    theta = np.random.default_rng(3).normal(size=(5, 3))
    ret = lambda theta: MDP.initial @ evaluate(MDP, softmax(theta))
    pi = softmax(theta)
    d = np.linalg.solve(np.eye(5) - MDP.gamma * np.einsum("sa,sat->ts", pi, MDP.P), MDP.initial)  # discounted visits
    said = meaning(MDP, pi, "advantage")
    step = np.zeros_like(theta)
    for s in range(5):
        for a in range(3):
            moved, trace = coach_update(theta, np.zeros_like(theta), s, a, said[s, a], rate=1.0)
            np.testing.assert_array_equal(trace, score(theta, s, a))
            step += d[s] * pi[s, a] * (moved - theta)
    gradient, h = np.zeros_like(theta), 1e-6
    for i in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = (ret(up) - ret(down)) / (2 * h)
    np.testing.assert_allclose(step, gradient, atol=1e-6)


def test_the_trace_remembers():
    theta = np.zeros((2, 2))
    theta, trace = coach_update(theta, np.zeros((2, 2)), 0, 1, 0.0, rate=1.0, decay=0.5)
    assert not theta.any()  # nothing was said yet
    theta, trace = coach_update(theta, trace, 1, 0, 1.0, rate=1.0, decay=0.5)
    np.testing.assert_allclose(theta, [[-0.25, 0.25], [0.5, -0.5]])
