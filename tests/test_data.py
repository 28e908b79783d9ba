"""Evidence: refused clearly when it is broken, and never lost when it is not."""


import gymnasium as gym
import numpy as np
import pytest

from course_lib.data import Comparisons, Demonstrations, Trajectory, clips, compare, split
from course_lib.envs import Drive
from course_lib.rl.rollouts import expert, rollout


def drives(n=3, T=20, seed=0):
    world = Drive(horizon=T)
    return rollout(world, expert(world), n, np.random.default_rng(seed)).demonstrations()


# ---- trajectories ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("change, message", [
    (dict(acts=np.zeros((0, 1))), "empty"), (dict(obs=np.zeros((5, 3))), "obs has length 5; with 5 actions it must have 6"),
    (dict(rews=np.zeros(4)), "rews has length 4"), (dict(obs=np.full((6, 3), np.nan)), "obs is NaN or infinite at step 0"),
    (dict(acts=np.array([[0], [0], [np.inf], [0], [0]])), "acts is NaN or infinite at step 2")])
def test_a_broken_trajectory_is_refused(change, message):
    good = dict(obs=np.zeros((6, 3)), acts=np.zeros((5, 1)), rews=np.zeros(5))
    Trajectory(**good)
    with pytest.raises(ValueError, match=message):
        Trajectory(**good | change)


def test_demonstrations_of_another_world_are_refused():
    demos = drives()
    demos.check(Drive().observation_space, Drive().action_space)
    pole = gym.make("CartPole-v1")
    with pytest.raises(ValueError, match="recorded in another environment"):
        demos.check(pole.observation_space, pole.action_space)
    with pytest.raises(ValueError, match="integers from 0 to 4"):
        discrete = Demonstrations([Trajectory(t.obs, np.full(len(t), 7), t.rews) for t in demos])
        discrete.check(Drive(levels=5).observation_space, Drive(levels=5).action_space)
    with pytest.raises(ValueError, match="no trajectories"):
        Demonstrations([])


def test_flat_pairs_each_action_with_the_observation_before_it():
    demos = drives(2, 4)
    obs, acts, drive = demos.flat()
    assert obs.shape == (8, 3) and acts.shape == (8, 1) and drive.tolist() == [0] * 4 + [1] * 4
    np.testing.assert_array_equal(obs[4], demos[1].obs[0])


def test_split_holds_out_whole_groups():
    groups = np.repeat(np.arange(10), 7)
    out = split(groups, 0.3, np.random.default_rng(0))
    assert out.sum() == 21 and all(out[groups == g].all() or not out[groups == g].any() for g in range(10))
    assert split(np.array([0, 1]), 0.01, np.random.default_rng(0)).sum() == 1
    with pytest.raises(ValueError, match="nothing can be held out"):
        split(np.zeros(5), 0.2, np.random.default_rng(0))


def test_clips_keep_their_states_and_refuse_what_does_not_fit():
    (c,) = clips(drives(1, 20), 8, np.random.default_rng(0))
    assert len(c) == 8 and len(c.states) == 9
    np.testing.assert_allclose(c.obs, c.states[:, 6:9], atol=1e-6)
    with pytest.raises(ValueError, match="does not fit"):
        clips(drives(1, 5), 8, np.random.default_rng(0))
    with pytest.raises(ValueError, match="same number of steps"):
        compare([drives(1, 5)[0]], [drives(1, 6)[0]])
    with pytest.raises(ValueError, match="choice must be"):
        Comparisons(np.zeros((1, 2, 3, 1)), np.zeros((1, 2, 3, 1)), np.array([0.7]))


# ---- Minari --------------------------------------------------------------------------------------------------

def test_minari_round_trip(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    from course_lib.data import minari

    demos, env = drives(), gym.make("course/Drive-v0")
    minari.save(demos, "course/drive-v0", env)
    back = minari.load("course/drive-v0", env)
    for a, b in zip(demos, back):
        np.testing.assert_allclose(a.obs, b.obs)
        np.testing.assert_allclose(a.acts, b.acts)
        assert (a.terminated, a.truncated) == (b.terminated, b.truncated)
    with pytest.raises(FileExistsError, match="next version"):
        minari.save(demos, "course/drive-v0", env)
    with pytest.raises(FileNotFoundError, match="no local dataset"):
        minari.load("course/nothing-v0")
    with pytest.raises(ValueError, match="another environment"):
        minari.load("course/drive-v0", gym.make("CartPole-v1"))
