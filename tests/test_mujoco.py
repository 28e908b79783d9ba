"""MuJoCo's planar robots as pure functions, against Gymnasium's own environments, step by step."""

import gymnasium as gym
import numpy as np
import pytest

from course_lib.envs.mujoco import TASKS, Mujoco
from course_lib.rl.rollouts import rollout, uniform

THEIRS = {"half_cheetah": "HalfCheetah-v5", "hopper": "Hopper-v5", "swimmer": "Swimmer-v5", "walker2d": "Walker2d-v5"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", TASKS)
def test_every_step_is_gymnasiums(task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # MuJoCo writes a log file when Gymnasium loads its models
    ours, theirs, rng = Mujoco(task=task, ends=True), gym.make(THEIRS[task]).unwrapped, np.random.default_rng(0)
    assert ours.action_space == theirs.action_space and ours.observation_space.shape == theirs.observation_space.shape
    obs, _ = theirs.reset(seed=0)
    fell = 0
    for _ in range(150):
        state = np.concatenate([theirs.data.qpos, theirs.data.qvel])[None]
        np.testing.assert_allclose(ours.observe(state)[0], obs, atol=1e-5)
        action = rng.uniform(-1, 1, theirs.action_space.shape)
        new, reward, ended = ours.step(state, action[None], rng)
        obs, their_reward, their_end, _, _ = theirs.step(action)
        np.testing.assert_allclose(new[0], np.concatenate([theirs.data.qpos, theirs.data.qvel]), atol=1e-9)
        assert abs(reward[0] - their_reward) < 1e-9 and ended[0] == their_end
        if their_end:
            fell, (obs, _) = fell + 1, theirs.reset()
    assert fell > 0 or task in ("half_cheetah", "swimmer")


@pytest.mark.parametrize("task", TASKS)
def test_rows_do_not_influence_each_other_and_starts_are_gymnasiums(task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world, rng = Mujoco(task=task), np.random.default_rng(1)
    state, action = world.initial(5, rng), rng.uniform(-1, 1, (5, *world.action_space.shape))
    together = world.step(state, action, rng)[0]
    alone = np.concatenate([world.step(state[i:i + 1], action[i:i + 1], rng)[0] for i in range(5)])
    np.testing.assert_array_equal(together, alone)
    theirs = gym.make(THEIRS[task]).unwrapped
    many = np.array([np.concatenate([(theirs.reset(seed=s), theirs.data.qpos)[1], theirs.data.qvel]) for s in range(300)])
    mine = world.initial(3000, rng)
    np.testing.assert_allclose(mine.std(0), many.std(0), rtol=0.2)
    np.testing.assert_allclose(mine.mean(0), many.mean(0), atol=0.25 * many.std(0).max())


def test_a_fixed_horizon_goes_on_after_a_fall_and_an_unknown_task_is_named():
    world = Mujoco(horizon=120, task="hopper")
    run = rollout(world, uniform(world), 4, np.random.default_rng(0))
    assert run.alive.all() and run.rews[:5].min() > 0.5 > run.rews[-20:].mean() and np.isfinite(run.states).all()
    assert "m forward" in world.describe(run.states[:, 0])
    with pytest.raises(ValueError, match="half_cheetah, hopper, swimmer, walker2d"):
        Mujoco(task="half_horse")
