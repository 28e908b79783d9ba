"""Every world is a proper Gymnasium environment, and moves as its equations (or Gymnasium's own code) say."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import course_lib.envs as envs
from course_lib.rl.rollouts import expert, rollout, uniform


@pytest.mark.parametrize("world", envs.WORLDS)
def test_gymnasium_accepts_it(world):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice about infinite bounds
        check_env(gym.make(world).unwrapped)


@pytest.mark.parametrize("world", envs.WORLDS)
def test_batch_autoresets_and_keeps_the_last_observation(world):
    batch = gym.make_vec(world, 3, "vector_entry_point", horizon=5)
    first, _ = batch.reset(seed=0)
    batch.action_space.seed(0)
    for t in range(1, 6):
        obs, reward, terminated, truncated, info = batch.step(batch.action_space.sample())
        assert reward.shape == terminated.shape == truncated.shape == (3,)
        if not terminated.any():
            assert truncated.all() == (t == 5)
    assert truncated.all() and "final_obs" in info
    np.testing.assert_array_equal(batch.unwrapped.dynamics.observe(info["state"]), info["final_obs"])
    assert (batch.unwrapped.t == 0).all()


@pytest.mark.parametrize("world", envs.WORLDS)
def test_same_seed_same_episode_and_drawable(world):
    def episode(seed):
        env = gym.make(world, render_mode="rgb_array")
        env.reset(seed=seed)
        env.action_space.seed(seed)
        steps = [env.step(env.action_space.sample()) for _ in range(5)]
        return np.array([np.ravel(s[0]).tolist() + [s[1]] for s in steps]), env.render()

    (a, picture), (b, _) = episode(3), episode(3)
    np.testing.assert_array_equal(a, b)
    assert picture.shape == (240, 240, 3) and picture.std() > 1


def test_every_world_has_a_drawer_in_javascript(root):
    script = (root / "course_lib/envs/draw.js").read_text()
    for make, _ in envs.WORLDS.values():
        assert f"  {make().drawer}(c, w, h, s" in script


def test_cartpole_moves_as_gymnasiums():
    theirs = gym.make("CartPole-v1").unwrapped
    for seed in range(20):
        obs, _ = theirs.reset(seed=seed)
        state, ours, rng = np.array(theirs.state)[None], envs.CartPole(ends=True), np.random.default_rng(seed)
        for _ in range(500):
            action = int(rng.integers(2))
            obs, reward, ended, _, _ = theirs.step(action)
            state, r, fell = ours.step(state, np.array([action]), rng)
            np.testing.assert_allclose(state[0], theirs.state, atol=1e-12)
            assert bool(fell[0]) == ended and r[0] == reward
            if ended:
                break


def test_pendulum_moves_as_gymnasiums():
    theirs, ours, rng = gym.make("Pendulum-v1").unwrapped, envs.Pendulum(), np.random.default_rng(0)
    obs, _ = theirs.reset(seed=0)
    state = np.array(theirs.state)[None]
    np.testing.assert_allclose(ours.observe(state)[0], obs, atol=1e-6)
    for _ in range(200):
        u = rng.uniform(-3, 3, 1)
        obs, reward, *_ = theirs.step(u)
        state, r, _ = ours.step(state, u[None], rng)
        np.testing.assert_allclose(state[0], theirs.state, atol=1e-9)
        np.testing.assert_allclose(r[0], reward, atol=1e-9)
        np.testing.assert_allclose(ours.observe(state)[0], obs, atol=1e-6)


def test_fixed_horizon_cartpole_never_ends_early():
    r = rollout(envs.CartPole(horizon=120), uniform(envs.CartPole()), 50, np.random.default_rng(0))
    assert r.alive.all() and not r.terminated.any() and np.isfinite(r.states).all()
    assert r.returns.max() < 120


@pytest.mark.parametrize("epsilon, T", [(0.0, 7), (0.1, 1), (0.1, 6), (0.5, 10), (1.0, 4)])
def test_tightrope_regret_by_enumeration(epsilon, T):
    """Over all 2^T sequences of mistakes."""
    total = 0.0
    for mistakes in np.ndindex(*(2,) * T):
        k = sum(mistakes)
        total += epsilon**k * (1 - epsilon)**(T - k) * (T - mistakes.index(1) if k else 0)
    np.testing.assert_allclose(envs.tightrope_regret(epsilon, T), total, rtol=1e-12, atol=1e-15)


def test_tightrope_regret_does_not_cancel():
    np.testing.assert_allclose(envs.tightrope_regret(1e-12, 100), 1e-12 * 100 * 101 / 2, rtol=1e-3)


def test_the_expert_keeps_the_lane_and_comes_back():
    world = envs.Drive(horizon=400)
    assert rollout(world, expert(world), 200, np.random.default_rng(0)).returns.min() == 400
    lost = world.placed(np.linspace(-3, 3, 31))
    assert (np.abs(rollout(world, expert(world), 31, np.random.default_rng(0), start=lost).states[-1, :, 0]) < 0.2).all()


def test_discrete_steering_means_the_same_angles():
    five, free = envs.Drive(levels=5), envs.Drive()
    np.testing.assert_allclose(five.steering(np.arange(5)), [-1, -0.5, 0, 0.5, 1])
    a = five.step(five.placed(np.zeros(5)), np.arange(5), np.random.default_rng(0))[0]
    b = free.step(free.placed(np.zeros(5)), np.linspace(-1, 1, 5)[:, None], np.random.default_rng(0))[0]
    np.testing.assert_allclose(a, b)


def test_gridworld_by_hand():
    mdp = envs.gridworld(2, 2, goals=((0, 1),), start=(1, 0), slip=0.2, step_reward=-0.1)
    # from the lower left (state 2), "up" (0): 0.8 + 0.05 up, 0.05 right, 0.05 down (wall: stays), 0.05 left (stays)
    np.testing.assert_allclose(mdp.P[2, 0], [0.85, 0, 0.10, 0.05])
    # from the upper left, "right" enters the goal with 0.85
    np.testing.assert_allclose(mdp.R[0, 1], -0.1 + 0.85)
    assert mdp.terminal.tolist() == [False, True, False, False] and mdp.P[1, :, 1].tolist() == [1] * 4
    windy = envs.gridworld(2, 2, goals=((0, 1),), start=(1, 0), slip=0.0, wind=0.3)
    np.testing.assert_allclose(windy.P[2, 0], [0.7, 0.3, 0, 0])


def test_tabular_sampling_has_the_right_frequencies():
    mdp = envs.TabularMDP.random(4, 2, np.random.default_rng(0))
    world = envs.TabularDynamics(mdp=mdp)
    state = np.full((200_000, 1), 2.0)
    new = world.step(state, np.ones(len(state), int), np.random.default_rng(1))[0]
    np.testing.assert_allclose(np.bincount(new[:, 0].astype(int), minlength=4) / len(new), mdp.P[2, 1], atol=0.005)


@pytest.mark.parametrize("change, message", [
    (dict(P=np.ones((2, 2, 2))), r"P\[0, 0\] sums to 2"), (dict(R=np.ones(2)), "R must have shape"),
    (dict(initial=np.ones(2)), "initial must sum to 1"), (dict(gamma=1.5), "gamma"), (dict(P=np.full((2, 2, 2), [1.5, -0.5])), "negative"),
    (dict(terminal=np.array([True, False])), "must stay terminal"), (dict(terminal=np.ones(3, bool)), "terminal must have shape"), (dict(P=np.ones((2, 2))), "P must have shape")])
def test_a_wrong_mdp_is_refused(change, message):
    good = dict(P=np.full((2, 2, 2), 0.5), R=np.zeros((2, 2)), initial=np.array([0.5, 0.5]))
    envs.TabularMDP(**good)
    with pytest.raises(ValueError, match=message):
        envs.TabularMDP(**good | change)
