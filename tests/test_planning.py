"""Planning against exact enumeration, a linear programme, and finite differences."""

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from course_lib.envs import TabularMDP, gridworld
from course_lib.rl.occupancy import occupancy
from course_lib.rl.soft_value_iteration import soft_policy, soft_value_iteration
from course_lib.rl.value_iteration import evaluate, greedy, value_iteration


def random_mdp(seed, S=4, A=3, gamma=0.9):
    return TabularMDP.random(S, A, np.random.default_rng(seed), gamma)


@pytest.mark.parametrize("seed", range(3))
def test_value_iteration_beats_every_deterministic_policy(seed):
    mdp = random_mdp(seed)
    V, Q = value_iteration(mdp)
    every = np.array([evaluate(mdp, np.eye(3)[list(choice)]) for choice in itertools.product(range(3), repeat=4)])
    np.testing.assert_allclose(V, every.max(0), atol=1e-7)
    np.testing.assert_allclose(evaluate(mdp, greedy(Q)), V, atol=1e-7)


def test_value_iteration_solves_the_linear_programme():
    mdp = random_mdp(7, 6, 3, 0.95)
    A = (np.eye(6)[:, None] - mdp.gamma * mdp.P).reshape(-1, 6)
    lp = linprog(np.ones(6), A_ub=-A, b_ub=-mdp.R.ravel(), bounds=(None, None))
    np.testing.assert_allclose(value_iteration(mdp)[0], lp.x, atol=1e-6)


def test_gamma_one_with_and_without_an_end():
    V, _ = value_iteration(gridworld(gamma=1.0, slip=0.0))
    np.testing.assert_allclose(V[20], 1 - 0.04 * 8)  # eight steps from corner to corner
    with pytest.raises(ArithmeticError, match="gamma = 1"):
        value_iteration(random_mdp(0, gamma=1.0), most=200)


def test_finite_horizon_soft_values_by_enumeration_of_action_sequences():
    """In a deterministic world V_0(s) = log Σ over all action sequences of exp(β · return), divided by β."""
    rng, S, A, T, beta = np.random.default_rng(0), 3, 2, 5, 1.7
    nxt, R = rng.integers(S, size=(S, A)), rng.standard_normal((S, A))
    P = torch.as_tensor(np.eye(S)[nxt])
    for gamma in (1.0, 0.8):
        V, Q = soft_value_iteration(torch.as_tensor(R), P, gamma, horizon=T, beta=beta)
        if gamma == 1.0:
            for s0 in range(S):
                returns = []
                for actions in itertools.product(range(A), repeat=T):
                    s, total = s0, 0.0
                    for a in actions:
                        total += R[s, a]
                        s = nxt[s, a]
                    returns.append(beta * total)
                np.testing.assert_allclose(V[0, s0], np.logaddexp.reduce(returns) / beta, rtol=1e-12)
        assert V.shape == (T + 1, S) and Q.shape == (T, S, A) and (V[T] == 0).all()
        np.testing.assert_allclose(soft_policy(Q, beta).sum(-1), 1)


@pytest.mark.parametrize("bonus", [True, False])
def test_infinite_horizon_is_the_limit_of_finite_and_tends_to_hard_values(bonus):
    mdp = random_mdp(1)
    R, P = torch.as_tensor(mdp.R), torch.as_tensor(mdp.P)
    V, _ = soft_value_iteration(R, P, mdp.gamma, bonus=bonus)
    long, _ = soft_value_iteration(R, P, mdp.gamma, bonus=bonus, horizon=400)
    np.testing.assert_allclose(V, long[0], atol=1e-8)
    sharp, _ = soft_value_iteration(R, P, mdp.gamma, beta=2000.0, bonus=bonus)
    np.testing.assert_allclose(sharp, value_iteration(mdp)[0], atol=0.02)


@pytest.mark.parametrize("horizon", [None, 6])
def test_gradients_agree_with_finite_differences(horizon):
    mdp = random_mdp(2, 3, 2)
    logits = torch.log(torch.as_tensor(mdp.P)).requires_grad_()
    R = torch.as_tensor(mdp.R).requires_grad_()

    def value(R, logits):
        return soft_value_iteration(R, logits.softmax(-1), mdp.gamma, horizon=horizon, beta=1.3, tolerance=1e-13)[0]

    assert torch.autograd.gradcheck(value, (R, logits), eps=1e-6, atol=1e-6)


def test_batched_rewards_equal_one_at_a_time_gradients_too():
    mdp = random_mdp(3)
    R = torch.randn(5, 4, 3, dtype=torch.double, generator=torch.Generator().manual_seed(0)).requires_grad_()
    P = torch.as_tensor(mdp.P).requires_grad_()
    V, Q = soft_value_iteration(R, P, mdp.gamma)
    V.square().sum().backward()
    grads, total = [], 0
    for r in R.detach():
        r, p = r.clone().requires_grad_(), torch.as_tensor(mdp.P).requires_grad_()
        v, _ = soft_value_iteration(r, p, mdp.gamma)
        v.square().sum().backward()
        grads.append(r.grad)
        total = total + p.grad
    np.testing.assert_allclose(R.grad, torch.stack(grads), atol=1e-6)
    np.testing.assert_allclose(P.grad, total, atol=1e-5)


def test_gamma_one_that_never_settles_says_so():
    mdp = random_mdp(0, gamma=1.0)
    with pytest.raises(ArithmeticError, match="horizon"):
        soft_value_iteration(torch.as_tensor(mdp.R), torch.as_tensor(mdp.P), 1.0, most=100)
    grid = gridworld(gamma=1.0)
    V, _ = soft_value_iteration(torch.as_tensor(grid.R), torch.as_tensor(grid.P), 1.0, beta=20.0, bonus=False)
    assert torch.isfinite(V).all() and abs(V[grid.terminal]).max() < 1e-12


def test_gamma_one_gradients_agree_with_finite_differences_where_values_are_finite():
    grid = gridworld(3, 3, goals=((0, 2),), start=(2, 0), gamma=1.0)
    moving, P = torch.as_tensor(~grid.terminal), torch.as_tensor(grid.P)
    R = torch.as_tensor(grid.R)[moving].requires_grad_()

    def value(R):
        whole = torch.zeros(9, 4, dtype=torch.double).index_put((moving.nonzero()[:, 0],), R)
        return soft_value_iteration(whole, P, 1.0, beta=3.0, bonus=False, tolerance=1e-13)[0]

    assert torch.autograd.gradcheck(value, (R,), eps=1e-6, atol=1e-6)


def test_second_derivatives_are_refused_rather_than_wrong():
    mdp = random_mdp(0)
    R = torch.as_tensor(mdp.R).requires_grad_()
    V, _ = soft_value_iteration(R, torch.as_tensor(mdp.P), mdp.gamma)
    (g,) = torch.autograd.grad(V.square().sum(), R, create_graph=True)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(g.sum(), R)


def test_planners_agree_on_a_world_with_an_end_whatever_the_reward_says_there():
    mdp = gridworld().with_reward(np.ones((25, 4)))
    V, Q = value_iteration(mdp)
    np.testing.assert_allclose(evaluate(mdp, greedy(Q)), V, atol=1e-7)
    np.testing.assert_allclose((occupancy(mdp, greedy(Q)) * mdp.R).sum(), mdp.initial @ V)
    sharp, _ = soft_value_iteration(torch.as_tensor(mdp.R), torch.as_tensor(mdp.P), mdp.gamma, beta=1e4, bonus=False)
    np.testing.assert_allclose(sharp, V, atol=1e-2)


@pytest.mark.parametrize("gamma, horizon", [(0.9, None), (0.9, 7), (1.0, 7)])
def test_occupancy_sums_values_and_counts(gamma, horizon):
    mdp = random_mdp(5, gamma=gamma)
    rng = np.random.default_rng(0)
    pi = rng.dirichlet(np.ones(3), 4)
    rho = occupancy(mdp, pi, horizon)
    mass = 1 / (1 - gamma) if horizon is None else sum(gamma**t for t in range(horizon))
    np.testing.assert_allclose(rho.sum(), mass)
    if horizon is None:
        np.testing.assert_allclose((rho * mdp.R).sum(), mdp.initial @ evaluate(mdp, pi))
    else:  # by enumeration of every state-action path of four steps
        rho4, direct = occupancy(mdp, pi, 4), np.zeros((4, 3))
        for path in itertools.product(range(4), repeat=4):
            for acts in itertools.product(range(3), repeat=4):
                p = mdp.initial[path[0]]
                for t in range(4):
                    p *= pi[path[t], acts[t]] * (mdp.P[path[t], acts[t], path[t + 1]] if t < 3 else 1)
                for t in range(4):
                    direct[path[t], acts[t]] += gamma**t * p
        np.testing.assert_allclose(rho4, direct)
