"""People: each likelihood against its formula in high precision, and fitting against closed forms and known truths."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from mpmath import mp
from scipy.optimize import minimize

from course_lib.data import Comparisons, Demonstrations, Trajectory
from course_lib.envs import TabularDynamics, TabularMDP
from course_lib.humans import ActsByPolicy, PartialReturn, Raters, Ratings, Teacher, bradley_terry_log_prob, fit
from course_lib.rl.networks import LinearReward, policy_for
from course_lib.rl.rollouts import rollout


@pytest.mark.parametrize("delta", [-800.0, -3.0, 0.0, 0.1, 40.0, 800.0])
@pytest.mark.parametrize("lapse", [0.0, 0.1, 0.9])
def test_bradley_terry_in_fifty_digits(delta, lapse):
    mp.dps = 400
    first = (1 - mp.mpf(lapse)) / (1 + mp.e**(-mp.mpf(delta))) + mp.mpf(lapse) / 2
    second = (1 - mp.mpf(lapse)) / (1 + mp.e**mp.mpf(delta)) + mp.mpf(lapse) / 2
    for choice, want in ((1.0, mp.log(first)), (0.0, mp.log(second)), (0.5, (mp.log(first) + mp.log(second)) / 2)):
        got = bradley_terry_log_prob(torch.tensor([delta], dtype=torch.double), torch.tensor([choice]), lapse)
        np.testing.assert_allclose(got.item(), float(want), rtol=1e-9, atol=1e-12)


def linear(w):
    reward = LinearReward(lambda obs, acts: obs, len(w))
    with torch.no_grad():
        reward.w.copy_(torch.tensor(w))
    return reward


def questions(n, rng, L=5, d=3):
    return Comparisons(rng.standard_normal((n, 2, L, d)).astype(np.float32), np.zeros((n, 2, L, 1), np.float32))


def test_simulating_then_explaining_recovers_the_person():
    """Full-batch fit against an independent optimiser on the formula, and against the truth."""
    rng, truth = np.random.default_rng(0), np.array([1.0, -0.5, 0.2])
    answers = PartialReturn(linear(truth.tolist()), lapse=0.1).label(questions(6000, rng), rng)
    X, first = (answers.obs[:, 0] - answers.obs[:, 1]).sum(1).astype(float), answers.choice == 1

    def nll(w):
        return -np.log(0.9 / (1 + np.exp(np.where(first, -1, 1) * (X @ w))) + 0.05).sum()

    best = minimize(nll, np.zeros(3))
    options = dict(held_out=0, epochs=300, lr=0.03, batch_size=6000)
    learned = fit(PartialReturn(linear([0.0, 0.0, 0.0]), lapse=0.1), answers, **options).reward.w.detach().numpy()
    np.testing.assert_allclose(learned, best.x, atol=1e-3)
    np.testing.assert_allclose(learned, truth, atol=0.12)  # three standard errors
    careless = fit(PartialReturn(linear([0.0, 0.0, 0.0]), lapse=0.0), answers, **options).reward.w.detach().numpy()
    assert np.linalg.norm(careless) < 0.85 * np.linalg.norm(learned)  # slips taken for indecision


def test_answers_are_given_as_often_as_the_model_says():
    rng, person = np.random.default_rng(0), PartialReturn(linear([1.0, 0.0, 0.0]), rationality=2.0, lapse=0.2)
    pairs = questions(40_000, rng)
    p = person.prefers_first(pairs)
    np.testing.assert_allclose(p, 0.8 / (1 + np.exp(-2 * (pairs.obs[..., 0].sum(-1) @ [1, -1]))) + 0.1, atol=1e-5)
    assert abs(person.label(pairs, rng).choice[p > 0.7].mean() - p[p > 0.7].mean()) < 0.01
    assert set(np.unique(person.label(pairs, rng).choice)) == {0.0, 1.0}


def test_cloning_a_table_gives_the_empirical_frequencies():
    """For a tabular policy maximum likelihood has a closed form: how often each action was taken."""
    mdp = TabularMDP.random(3, 2, np.random.default_rng(0))
    world, habit = TabularDynamics(mdp=mdp, horizon=40), np.array([0.2, 0.5, 0.9])
    demos = rollout(world, lambda o, s, r: (r.random(len(o)) < habit[o]).astype(int), 50, np.random.default_rng(1)).demonstrations()
    person = fit(ActsByPolicy(policy_for(world, hidden=(32,))), demos, held_out=0, epochs=400, lr=0.02, batch_size=10_000)
    obs, acts, _ = demos.flat()
    for s in range(3):
        p = person.policy.logits(torch.tensor([s])).softmax(-1)[0, 1].item()
        assert abs(p - acts[obs == s].mean()) < 0.002


def test_fit_keeps_the_original_the_best_epoch_and_whole_units():
    rng = np.random.default_rng(0)
    answers = PartialReturn(linear([1.0, 0.0, 0.0])).label(questions(60, rng), rng)
    start = PartialReturn(linear([0.0, 0.0, 0.0]))
    learned = fit(start, answers, epochs=300, lr=0.3, patience=10)
    assert (start.reward.w == 0).all()
    h = learned.history
    assert len(h.held_out) < 300 and h.held_out[h.best_epoch] == min(h.held_out)


def test_a_prior_pulls_and_nan_is_said():
    rng = np.random.default_rng(0)
    answers = PartialReturn(linear([2.0, 0.0, 0.0])).label(questions(30, rng), rng)
    tight = fit(PartialReturn(linear([0.0] * 3)), answers, held_out=0, lr=0.05, prior=lambda p: -50 * p.reward.w.square().sum())
    loose = fit(PartialReturn(linear([0.0] * 3)), answers, held_out=0, lr=0.05)
    assert tight.reward.w.norm() < 0.3 * loose.reward.w.norm()
    broken = PartialReturn(linear([float("nan"), 0.0, 0.0]))
    with pytest.raises(FloatingPointError, match="lower lr"):
        fit(broken, answers)
    with pytest.raises(ValueError, match="not been answered"):
        fit(tight, questions(5, rng))


def test_demonstrating_is_acting_by_the_policy():
    world = TabularDynamics(mdp=TabularMDP.random(3, 2, np.random.default_rng(0)), horizon=10)
    shown = ActsByPolicy(policy_for(world)).demonstrate(world, 4, np.random.default_rng(0))
    assert isinstance(shown, Demonstrations) and isinstance(shown[0], Trajectory) and len(shown[0]) == 10


def test_the_short_sighted_weigh_the_end_of_a_clip():
    rng = np.random.default_rng(0)
    q, reward = questions(200, rng), linear([1.0, -0.5, 0.2])
    r = reward(torch.as_tensor(q.obs).float(), torch.as_tensor(q.acts).float())
    far, near = PartialReturn(reward, 2.0), PartialReturn(reward, 2.0, myopia=1e-9)
    obs, acts = torch.as_tensor(q.obs).float(), torch.as_tensor(q.acts).float()
    torch.testing.assert_close(far.advantage(obs, acts), 2 * (r.sum(-1)[:, 0] - r.sum(-1)[:, 1]))
    torch.testing.assert_close(near.advantage(obs, acts), 2 * (r[:, 0, -1] - r[:, 1, -1]), rtol=1e-4, atol=1e-5)
    half = PartialReturn(reward, myopia=0.5).returns(obs, acts)
    torch.testing.assert_close(half, sum(0.5 ** (r.shape[-1] - 1 - t) * r[..., t] for t in range(r.shape[-1])), rtol=1e-4, atol=1e-5)


def test_ties_are_answers_of_their_own():
    """Sampled as they are explained; and people who tie are understood better by a model that knows of ties."""
    rng = np.random.default_rng(1)
    person, q = PartialReturn(linear([1.0, 0.5, 0.0]), ties=1.0, lapse=0.06), questions(20_000, rng)
    answered, p = person.label(q, rng), person.answers(q)
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    for column, choice in enumerate((0.0, 0.5, 1.0)):
        assert abs((answered.choice == choice).mean() - p[:, column].mean()) < 4 * np.sqrt(p[:, column].mean() / 20_000)
    rows, _ = person.evidence(answered)
    np.testing.assert_allclose(person.log_prob(*rows).detach().exp(), p[np.arange(20_000), (2 * answered.choice).astype(int)], rtol=1e-4)
    mean = [m.log_prob(*rows).mean().item() for m in (person, PartialReturn(linear([1.0, 0.5, 0.0]), ties=0.3, lapse=0.06), PartialReturn(linear([0.2, 0.1, 0.0]), ties=1.0, lapse=0.06))]
    assert mean[0] == max(mean)


def test_bprefs_teacher():
    rng = np.random.default_rng(2)
    q, reward = questions(3000, rng), linear([1.0, 0.0, 0.0])
    returns = reward(torch.as_tensor(q.obs).float(), torch.as_tensor(q.acts).float()).sum(-1).detach().numpy()
    gap, best = np.abs(returns[:, 0] - returns[:, 1]), returns.max(1)
    teacher = Teacher(reward, rationality=1e3, same=np.median(gap), skip=np.quantile(best, 0.25))
    answered = teacher.label(q, rng)
    kept = best >= np.quantile(best, 0.25)
    np.testing.assert_array_equal(answered.obs, q.obs[kept])
    alike = gap[kept] < np.median(gap)
    assert (answered.choice[alike] == 0.5).all()
    clear = ~alike & (gap[kept] > 0.05)
    np.testing.assert_array_equal(answered.choice[clear], (returns[:, 0] > returns[:, 1])[kept][clear])
    assert len(Teacher(reward, skip=np.inf).label(q, rng)) == 0
    human = Teacher(reward, rationality=0.5, lapse=0.2, same=np.median(gap))  # simulated as explained
    times = np.mean([human.label(q, rng).choice[:, None] == [0.0, 0.5, 1.0] for _ in range(200)], axis=0)
    assert np.abs(times - human.answers(q)).max() < 0.2 and np.abs((times - human.answers(q)).mean(0)).max() < 0.005
    with pytest.raises(TypeError, match="ties"):
        human.log_prob(None, None, None)


def test_a_reward_that_is_not_a_number_is_refused_by_the_person_who_is_asked():
    q = questions(5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="question 0 is NaN"):
        PartialReturn(linear([np.nan, 0.0, 0.0])).label(q, np.random.default_rng(0))


def test_raters_are_understood_on_their_own_scale():
    """Recovered: the reward's direction, who is kind, who uses the whole scale. On one scale for all, they are not."""
    rng = np.random.default_rng(3)
    q, people = questions(1200, rng), 6
    kindness, spread = rng.uniform(3, 8, people), rng.uniform(0.2, 1.5, people)
    shown = Ratings(q.obs[:, 0], q.acts[:, 0], rng.integers(people, size=1200))
    truth = Raters(linear([1.0, 0.5, 0.0]), kindness, spread, error=0.3, scale=None)
    rated = truth.rate(shown, rng)
    start = lambda **options: Raters(linear([0.1, 0.1, 0.0]), np.full(people, 5.0), np.ones(people), error=0.3, scale=None, **options)
    fitting = dict(held_out=0, epochs=150, lr=0.03, batch_size=200)
    own, one = fit(start(), rated, **fitting), fit(start(one_scale=True), rated, **fitting)
    w = own.reward.w.detach().numpy()
    np.testing.assert_allclose(w / w[0], [1.0, 0.5, 0.0], atol=0.05)
    np.testing.assert_allclose(own.kindness.detach(), kindness, atol=0.15)
    np.testing.assert_allclose(own.log_spread.exp().detach() * w[0], spread, rtol=0.1)  # only the product has a meaning
    likelihood = lambda m: m.log_prob(*m.evidence(rated)[0]).mean().item()
    assert likelihood(own) > likelihood(one) + 1 and one.kindness.shape == (1,)
    alike = replace(shown, rating=Raters(linear([1.0, 0.5, 0.0]), np.full(people, 4.0), np.ones(people), error=0.3, scale=None).rate(shown, rng).rating)
    shared = fit(start(one_scale=True), alike, **fitting)  # who do use one scale are understood on it
    np.testing.assert_allclose(shared.reward.w.detach(), [1.0, 0.5, 0.0], atol=0.05)
    assert abs(shared.kindness.item() - 4) < 0.05
    whole = Raters(linear([1.0, 0.5, 0.0]), kindness, spread, error=1.0).rate(shown, rng).rating
    assert set(whole) <= set(range(1, 11))
    with pytest.raises(ValueError, match="have not been rated"):
        own.evidence(shown)
    with pytest.raises(ValueError, match="rating 1 is not a number"):
        own.evidence(replace(shown, rating=np.array([1.0, np.nan, 2.0])))
    for rater in (6, -1):
        with pytest.raises(ValueError, match="raters are numbered from 0 to 5"):
            own.evidence(replace(rated, rater=np.full(1200, rater)))
    with pytest.raises(ValueError, match="spread > 0"):
        Raters(linear([1.0, 0.0, 0.0]), [1.0], [0.0])
