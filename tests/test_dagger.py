"""DAgger: what it draws, what it asks, and that asking about its own states is what helps."""

import numpy as np
import pytest
import torch

from course_lib.envs import Drive
from course_lib.imitation import behavior_cloning
from course_lib.imitation.dagger import DAgger, RoundFailed, dagger, expert_first, exponential, learn, linear, mixed
from course_lib.rl.rollouts import expert, rollout, uniform

WORLD = Drive(horizon=60)
FAST = dict(drives=4, epochs=30, lr=3e-3, validate=20)


def test_the_mixture_is_drawn_anew_in_every_step_and_row():
    one, zero = (lambda obs, state, rng, v=v: np.full((len(obs), 1), v) for v in (1.0, 0.0))
    rng, act = np.random.default_rng(0), mixed(one, zero, 0.3)
    acts = np.stack([act(np.zeros((500, 3)), None, rng) for _ in range(200)])[..., 0]
    assert abs(acts.mean() - 0.3) < 0.01 and set(np.unique(acts)) == {0.0, 1.0}
    assert abs(np.corrcoef(acts[:-1].ravel(), acts[1:].ravel())[0, 1]) < 0.02  # not once an episode
    assert mixed(one, zero, 1.0)(np.zeros((9, 3)), None, rng).min() == 1 and mixed(one, zero, 0.0)(np.zeros((9, 3)), None, rng).max() == 0


def test_schedules():
    assert [expert_first(i) for i in range(3)] == [1, 0, 0]
    assert [exponential(0.5)(i) for i in range(3)] == [1, 0.5, 0.25]
    assert [linear(2)(i) for i in range(4)] == [1, 0.5, 0, 0]


def test_every_label_is_the_experts_in_a_state_that_was_visited_and_is_counted():
    done = dagger(WORLD, expert(WORLD), rounds=3, seed=0, **FAST)
    assert done.labels == [240, 480, 720] and len(done.data) == 12 and len(done.policies) == len(done.scores) == 3
    for t in done.data:
        np.testing.assert_allclose(t.acts, WORLD.expert(t.states[:-1]), atol=1e-6)
    assert done.best is done.policies[int(np.argmax(done.scores))]
    assert np.abs(np.concatenate([t.states[:, 0] for t in done.data[4:]])).max() > 0.25  # it was where the expert never is


def test_with_beta_one_it_is_behaviour_cloning():
    done = dagger(WORLD, expert(WORLD), rounds=1, seed=3, **FAST)
    rng = np.random.default_rng([3, 1, 0])
    demos = rollout(WORLD, mixed(expert(WORLD), uniform(WORLD), 1.0), 4, rng).demonstrations()
    clone, _ = behavior_cloning(WORLD, demos, seed=3, epochs=30, lr=3e-3)
    torch.testing.assert_close(done.policies[0].body[0].weight, clone.body[0].weight)


def test_validation_drives_on_roads_of_its_own():
    """No round may be judged where it, or another, was taught."""
    starts = []

    class Watched(Drive):
        def initial(self, n, rng):
            starts.append(super().initial(n, rng))
            return starts[-1]

    done = dagger(Watched(horizon=20), expert(WORLD), rounds=3, drives=4, validate=4, epochs=2, seed=5)
    taught, judged = np.array(starts[0::2])[..., 0], np.array(starts[1::2])[..., 0]
    assert len(done.scores) == 3 and (judged == judged[0]).all() and not np.isin(judged[0], taught).any()


def test_stopped_and_resumed_is_the_same_as_never_stopped():
    whole = dagger(WORLD, expert(WORLD), rounds=3, seed=1, **FAST)
    parts = dagger(WORLD, expert(WORLD), rounds=1, seed=1, **FAST)
    dagger(WORLD, expert(WORLD), rounds=3, seed=1, progress=parts, **FAST)
    assert whole.scores == parts.scores and whole.labels == parts.labels
    torch.testing.assert_close(whole.best.body[0].weight, parts.best.body[0].weight, rtol=0, atol=0)


@pytest.mark.parametrize("answer, message", [
    (lambda obs, state, rng: np.zeros(len(obs)), "answered with shape"),
    (lambda obs, state, rng: np.full((len(obs), 1), np.nan), "NaN or infinity"),
    (lambda obs, state, rng: 1 / 0, "division")])
def test_an_expert_who_fails_loses_only_the_round(answer, message):
    kept = dagger(WORLD, expert(WORLD), rounds=1, seed=0, **FAST)
    before = (list(kept.scores), len(kept.data))
    with pytest.raises(RoundFailed, match=f"round 2.*{message}.*The 1 rounds before it are kept") as failed:
        dagger(WORLD, answer, rounds=2, seed=0, progress=kept, **FAST)
    assert (kept.scores, len(kept.data)) == before and failed.value.progress is kept
    assert len(dagger(WORLD, expert(WORLD), rounds=2, seed=0, progress=kept, **FAST).scores) == 2


def test_an_expert_who_fails_late_hands_back_the_rounds_before():
    """Nobody passed ``progress``: the exception holds it."""
    asked = []

    def gives_up(obs, state, rng):
        asked.append(1)
        return WORLD.expert(state) if len(asked) <= 90 else 1 / 0

    with pytest.raises(RoundFailed) as failed:
        dagger(WORLD, gives_up, rounds=3, seed=0, **FAST)
    assert len(asked) == 91 and failed.value.progress.labels == [240] and len(failed.value.progress.policies) == 1


def test_the_expert_is_asked_once_about_every_state_and_that_answer_is_the_label():
    asked = []

    def shaky(obs, state, rng):
        asked.append(np.clip(WORLD.expert(state) + rng.normal(0, 0.3, (len(obs), 1)), -1, 1).astype(np.float32))
        return asked[-1]

    done = dagger(WORLD, shaky, rounds=2, beta=exponential(0.5), seed=0, **FAST)
    assert sum(map(len, asked)) == done.labels[-1] == 480
    labels = np.concatenate([np.stack([t.acts for t in done.data[r:r + 4]], 1) for r in (0, 4)])  # (2 × 60, 4, 1)
    np.testing.assert_array_equal(labels, np.stack(asked))


def test_a_round_without_states_is_refused_and_changes_nothing():
    kept = dagger(WORLD, expert(WORLD), rounds=1, seed=0, **FAST)
    with pytest.raises(ValueError, match="no labelled state"):
        learn(WORLD, kept, [])
    for nothing in (dict(drives=0), {}):
        with pytest.raises(ValueError, match="at least 1"):
            dagger(WORLD if nothing else Drive(horizon=0), expert(WORLD), rounds=2, seed=0, progress=kept, **nothing)
    assert kept.labels == [240] and isinstance(kept, DAgger)


def test_at_equal_labels_it_leaves_the_road_less_than_cloning():
    """Three seeds, 20 drives of 100 steps each: all of them the expert's, or most of them its own."""
    world, off = Drive(horizon=100), []
    for seed in range(3):
        options = dict(epochs=60, lr=3e-3)
        done = dagger(world, expert(world), rounds=5, drives=4, seed=seed, **options)
        rng = np.random.default_rng(seed)
        clone, _ = behavior_cloning(world, rollout(world, expert(world), 20, rng).demonstrations(), seed=seed, **options)
        assert done.labels[-1] == 2000
        off.append([(200 - rollout(world, p.greedy, 200, np.random.default_rng(9), horizon=200).returns).mean() for p in (done.best, clone)])
    ours, cloned = np.array(off).T
    assert (ours < cloned).all() and ours.mean() < 0.5 * cloned.mean()
