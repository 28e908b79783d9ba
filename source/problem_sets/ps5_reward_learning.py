# %% [markdown]
# # Problem set 5: rewards from comparisons
#
# You will write the building blocks of preference learning: the worth of clips that are not equally long, a likelihood that forgives slips, a loss for rankings of different lengths, a table of chess ratings, a rule for
# choosing questions that are not all about the same clip, a scale that keeps up with a stream, a reward fitted by Newton's method, and a committee that pays less where it disagrees. At the end your rewards make
# a robot run and a pendulum swing up.
#
# **You need first** notebook 06. **It takes** about four hours. Every exercise has a cell with tests right below it: run it as often as
# you like; its messages say what to look at. `course check ps5` in a terminal marks everything, with further tests on other inputs.
# An answer that passes every named check has all the points; otherwise it has the share of checks that pass, of half the points.
#
# Replace `raise NotImplementedError()` by your code. Please keep the names and the arguments.

# %%
import numpy as np
import torch
from torch.nn import functional as F

from course_lib.machine import scale, settle

settle()

# %% [markdown] ex="clip_returns" part="task" difficulty=2 importance=4 minutes=20
# ## 1. What a clip is worth
#
# People were shown clips that are not equally long, so the arrays are padded: of `rewards[i]` only the first `lengths[i]` entries are real, the rest is rubbish (it may even be NaN). And people are short-sighted: what came **last** counts most. Return for every clip
#
# $$\sum_{t=0}^{L_i-1} \gamma^{\,L_i-1-t}\, r_{i,t},$$
#
# where $L_i$ is *its own* length. Nothing of the padding may leak into the result, nor into its gradient. The result has the dtype of `rewards`.

# %% ex="clip_returns" part="solution"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    """Worth of each clip to a short-sighted person. rewards (N, L) float, padded; lengths (N,) int64 from 1 to L; gamma in (0, 1]. Returns (N,)."""
    ### BEGIN SOLUTION
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = left >= 0
    return (torch.where(real, rewards, 0.0) * torch.where(real, gamma ** left.clamp(min=0).float(), 0.0)).sum(1)
    ### END SOLUTION

# %% ex="clip_returns" part="test" points=3
# check: shape
_r = torch.tensor([[1.0, 2.0, 4.0, 8.0], [1.0, 2.0, float("nan"), float("inf")]])
_got = clip_returns(_r, torch.tensor([4, 2]), 0.5)
assert _got.shape == (2,), f"one number a clip: expected shape (2,), got {tuple(_got.shape)}"
# check: padding does not leak
assert torch.isfinite(_got).all(), "NaN or infinity from the padding has leaked in: NaN times 0 is NaN, so choose (torch.where) instead of multiplying by a mask"
# check: two clips by hand
assert torch.allclose(_got.float(), torch.tensor([0.125 + 0.5 + 2 + 8, 0.5 + 2])), f"expected [10.625, 2.5], got {_got.tolist()}. The *last real* step has weight 1, the one before it gamma"
### BEGIN HIDDEN TESTS
# check: other lengths and gammas
_rng = np.random.default_rng(0)
for _gamma in (1.0, 0.9, 0.3):
    _x, _n = _rng.standard_normal((6, 9)), _rng.integers(1, 10, 6)
    _want = [sum(_gamma ** (_n[i] - 1 - t) * _x[i, t] for t in range(_n[i])) for i in range(6)]
    _got = clip_returns(torch.tensor(_x), torch.tensor(_n), _gamma)
    assert np.allclose(_got, _want, atol=1e-5), f"gamma {_gamma}, lengths {_n.tolist()}: expected {np.round(_want, 3)}, got {_got.numpy().round(3)}"
# check: gradient
_x = torch.tensor([[1.0, 2.0, float("nan")]], requires_grad=True)
clip_returns(_x, torch.tensor([2]), 0.5).sum().backward()
assert torch.equal(_x.grad, torch.tensor([[0.5, 1.0, 0.0]])), f"the gradient should be [0.5, 1, 0], got {_x.grad.tolist()}"
### END HIDDEN TESTS

# %% [markdown] ex="clip_returns" part="hint"
# <details><summary>Help: which exponent does which step get?</summary>
#
# Write down, for a clip of three real steps, how many steps are still to come after each: 2, 1, 0. Those are the exponents. For padding the number is negative, which is how you recognise it.
#
# </details>

# %% [markdown] ex="preference_loss" part="task" difficulty=3 importance=5 minutes=25
# ## 2. A likelihood that forgives
#
# `delta` is the worth of the first clip minus that of the second. With probability $\lambda_i$, which **differs from person to person**, the answer was a random key press, and each key is then equally likely. `mu` is the share that the person gave to the first clip: 1, 0, or anything between (they may say "70 to 30"). Return the mean of
#
# $$-\big[\mu_i \log P_i(1) + (1-\mu_i)\log P_i(2)\big],\qquad P_i(1)=(1-\lambda_i)\,\sigma(\delta_i)+\tfrac{\lambda_i}{2},\quad P_i(2)=1-P_i(1).$$
#
# It must be right for $\lambda_i = 0$ and $\delta_i = \pm 500$, and its gradient with respect to `delta` finite ($\lambda$ is data, and needs none).

# %% ex="preference_loss" part="solution"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of answers under Bradley-Terry with lapses. delta, mu, lapse (N,) float; lapse in [0, 1). Returns a scalar."""
    ### BEGIN SOLUTION
    keep, guess = torch.log1p(-lapse), torch.log(lapse / 2)
    first, second = (torch.logaddexp(keep + F.logsigmoid(x), guess) for x in (delta, -delta))
    return -(mu * first + (1 - mu) * second).mean()
    ### END SOLUTION

# %% ex="preference_loss" part="test" points=3
# check: equal worth, and the sign
_one = lambda d, m, l: float(preference_loss(torch.tensor([d]), torch.tensor([m]), torch.tensor([l])))
assert abs(_one(0.0, 1.0, 0.0) - np.log(2)) < 1e-5, "two clips of equal worth: the loss is log 2"
assert abs(_one(2.0, 1.0, 0.0) + np.log(1 / (1 + np.exp(-2)))) < 1e-5, f"delta 2, first chosen: expected 0.1269, got {_one(2.0, 1.0, 0.0):.4f}. Is the sign right? A large delta makes choosing the first likely"
# check: a slip, and a huge difference
assert abs(_one(-500.0, 1.0, 0.2) + np.log(0.1)) < 1e-4, f"somebody who slips in one of five answers chose the much worse clip: P = λ/2 = 0.1, loss 2.3026, got {_one(-500.0, 1.0, 0.2):.4f}"
assert abs(_one(-500.0, 1.0, 0.0) - 500) < 1e-2, f"without lapses that answer costs 500, got {_one(-500.0, 1.0, 0.0)}: use logsigmoid and logaddexp, never log(sigmoid(…))"
# check: finite gradient
_x = torch.tensor([500.0, -500.0, 0.3], requires_grad=True)
preference_loss(_x, torch.tensor([0.0, 1.0, 0.5]), torch.tensor([0.0, 0.0, 0.1])).backward()
assert torch.isfinite(_x.grad).all(), f"the gradient with respect to delta must be finite at ±500, got {_x.grad.tolist()}: a torch.where between a good and a bad formula passes the bad one's NaN on"
### BEGIN HIDDEN TESTS
# check: soft labels and different lapses
_rng = np.random.default_rng(1)
_d, _m, _l = 3 * _rng.standard_normal(40), _rng.choice([0, 0.3, 0.5, 1], 40), _rng.choice([0.0, 0.1, 0.4], 40)
_p = (1 - _l) / (1 + np.exp(-_d)) + _l / 2
_want = -(_m * np.log(_p) + (1 - _m) * np.log(1 - _p)).mean()
_got = float(preference_loss(*(torch.tensor(x) for x in (_d, _m, _l))))
assert abs(_got - _want) < 1e-6, f"40 answers with soft labels and different lapses: expected {_want:.5f}, got {_got:.5f}"
# check: gradient at ±500
assert np.allclose(_x.grad[:2], [1 / 3, -1 / 3], atol=1e-4), f"at delta = 500 and −500, answered the unlikely way, the gradient of the mean of three is 1/3 and −1/3: got {_x.grad[:2].tolist()}"
# check: loss at 500
assert abs(_one(500.0, 0.0, 0.0) - 500) < 1e-2 and _one(500.0, 1.0, 0.0) < 1e-6, "delta = 500: choosing the second costs 500, choosing the first nothing"
### END HIDDEN TESTS

# %% [markdown] ex="preference_loss" part="hint"
# <details><summary>Help: log 0 and NaN</summary>
#
# `torch.log(lapse / 2)` is −∞ for λ = 0, and `torch.logaddexp(x, -inf)` is x: that is fine, and so is the gradient with respect to `delta`. What is not fine is to leave the logarithm, form $P$, and take `log` again: for δ = −500 the P is 0.
#
# </details>

# %% [markdown] ex="ranking_loss" part="task" difficulty=4 importance=4 minutes=35
# ## 3. Rankings of different lengths
#
# For every prompt people ranked some answers, but not equally many: `ranking[b]` lists the answers from best to worst, padded with −1. Take every pair of *ranked* answers, better against worse, by Bradley–Terry. **Every prompt weighs the same:** the mean over a prompt's pairs, then the mean over prompts (InstructGPT's $1/\binom{K_b}{2}$, with $K_b$ the number of answers ranked for prompt $b$).
# A prompt with fewer than two ranked answers says nothing and does not count. It is a loss: it must be differentiable, and finite with a finite gradient for differences of ±500.

# %% ex="ranking_loss" part="solution"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    """Mean over prompts of the mean over pairs of -log sigma(u_better - u_worse).

    utilities (B, K) float; ranking (B, M) int64: indices into K, best first, padded with -1 at the end. Returns a scalar; 0 if no prompt has a pair.
    """
    ### BEGIN SOLUTION
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = (ranking[:, j] >= 0) & (ranking[:, i] >= 0)
    loss = torch.where(both, -F.logsigmoid(u[:, i] - u[:, j]), 0.0).sum(1)
    pairs = both.sum(1)
    return (loss / pairs.clamp(min=1))[pairs > 0].sum() / (pairs > 0).sum().clamp(min=1)
    ### END SOLUTION

# %% ex="ranking_loss" part="test" points=4
# check: two prompts by hand
_u = torch.tensor([[0.0, 1.0, 3.0], [2.0, 0.0, 9.0]])
_nll = lambda d: np.log1p(np.exp(-d))
_got = float(ranking_loss(_u, torch.tensor([[2, 1, 0], [0, 1, -1]])))
_want = ((_nll(2) + _nll(3) + _nll(1)) / 3 + _nll(2)) / 2
assert abs(_got - _want) < 1e-5, f"three pairs in the first prompt, one in the second: expected {_want:.4f}, got {_got:.4f}. Each prompt's mean first, then the mean of the prompts; −1 is no answer"
# check: a prompt that does not count
_got = float(ranking_loss(_u, torch.tensor([[2, 1, 0], [0, -1, -1]])))
assert abs(_got - (_nll(2) + _nll(3) + _nll(1)) / 3) < 1e-5, f"a prompt with one ranked answer does not count at all: expected {(_nll(2) + _nll(3) + _nll(1)) / 3:.4f}, got {_got:.4f}"
### BEGIN HIDDEN TESTS
# check: other rankings
_rng = np.random.default_rng(2)
for _case in range(3):
    _u = _rng.standard_normal((7, 5))
    _rank, _means = np.full((7, 4), -1), []
    for _b in range(7):
        _n = _rng.integers(0, 5)
        _rank[_b, :_n] = _rng.permutation(5)[:_n]
        _ls = [_nll(_u[_b, _rank[_b, i]] - _u[_b, _rank[_b, j]]) for i in range(_n) for j in range(i + 1, _n)]
        _means += [np.mean(_ls)] if _ls else []
    _got = float(ranking_loss(torch.tensor(_u), torch.tensor(_rank)))
    assert abs(_got - np.mean(_means)) < 1e-6, f"rankings {_rank.tolist()}: expected {np.mean(_means):.5f}, got {_got:.5f}"
# check: nothing was ranked
assert float(ranking_loss(torch.zeros(2, 3), torch.full((2, 3), -1))) == 0, "nothing was ranked: the loss is 0, not NaN"
# check: a huge difference, and its gradient
_u = torch.tensor([[0.0, 500.0, 0.0], [1.0, 2.0, 3.0]], requires_grad=True)
_loss = ranking_loss(_u, torch.tensor([[0, 1, -1], [2, -1, -1]]))
assert abs(_loss.item() - 500) < 1e-2, f"a pair that is wrong by 500 costs 500, got {_loss.item()}: use logsigmoid (or softplus), never log(sigmoid(…))"
_loss.backward()
assert torch.allclose(_u.grad, torch.tensor([[-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])), f"the gradient should be [[−1, 1, 0], [0, 0, 0]], got {_u.grad.tolist()}: a prompt that does not count has gradient 0, not NaN"
### END HIDDEN TESTS

# %% [markdown] ex="ranking_loss" part="hint"
# <details><summary>Help: pairs without loops</summary>
#
# `torch.triu_indices(M, M, 1)` gives all places i < j of a ranking, and place i is better than place j. A pair is real if both places are; with −1 at the end, that is so if place j is. `gather` does not accept −1: clamp first, mask afterwards.
#
# </details>

# %% [markdown] ex="elo_table" part="task" difficulty=2 importance=3 minutes=20
# ## 4. A table of ratings
#
# Everybody starts at 1,500. Games come in order; in each, `score` is what the first player got: 1, ½ or 0. After a game both ratings move by $k$ times what was scored beyond what was expected. With ratings $E$, the expected score of $a$ against $b$ is
# $1/\big(1+10^{(E_b-E_a)/400}\big)$, with the ratings as they were **before** that game.

# %% ex="elo_table" part="solution"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    """Ratings (n,) after all games (first player, second player, score of the first)."""
    ### BEGIN SOLUTION
    ratings = np.full(n, 1500.0)
    for a, b, score in games:
        change = k * (score - 1 / (1 + 10 ** ((ratings[b] - ratings[a]) / 400)))
        ratings[a] += change
        ratings[b] -= change
    return ratings
    ### END SOLUTION

# %% ex="elo_table" part="test" points=2
# check: a game of equals
_got = elo_table(3, [(0, 1, 1.0)], 32)
assert isinstance(_got, np.ndarray) and _got.dtype.kind == "f", "return a numpy array of floats"
assert np.allclose(_got, [1516, 1484, 1500]), f"equals meet, the first wins: expected [1516, 1484, 1500], got {np.round(_got, 2)}"
# check: a draw, and base 10
_got = elo_table(2, [(0, 1, 1.0), (0, 1, 0.5)], 400)
_p = 1 / (1 + 10 ** (-1))
assert np.allclose(_got, [1700 + 400 * (0.5 - _p), 1300 - 400 * (0.5 - _p)]), f"a lead of 400 points means 10 to 1 (base 10!), so a draw costs the leader: expected {np.round([1700 + 400 * (0.5 - _p), 1300 - 400 * (0.5 - _p)], 1)}, got {np.round(_got, 1)}"
### BEGIN HIDDEN TESTS
# check: sixty games
_rng = np.random.default_rng(3)
_games = [(int(a), int(b), float(s)) for a, b, s in zip(_rng.integers(0, 3, 60), _rng.integers(3, 6, 60), _rng.choice([0, 0.5, 1], 60))]
_want = [1500.0] * 6
for _a, _b, _s in _games:
    _e = 10 ** (_want[_a] / 400) / (10 ** (_want[_a] / 400) + 10 ** (_want[_b] / 400))
    _want[_a], _want[_b] = _want[_a] + 24 * (_s - _e), _want[_b] - 24 * (_s - _e)
_got = elo_table(6, _games, 24)
assert np.allclose(_got, _want), f"60 games of six players: expected {np.round(_want, 1)}, got {np.round(_got, 1)}"
# check: the sum stays
assert abs(_got.sum() - 9000) < 1e-6, "what one wins the other loses: the sum of the ratings never changes"
### END HIDDEN TESTS

# %% [markdown] ex="elo_table" part="hint"
# <details><summary>Help: the sum of my ratings drifts</summary>
#
# Compute the change once, from the ratings before the game, then give it to one and take it from the other. If the second player's change is computed after the first rating has moved, it is another number.
#
# </details>

# %% [markdown] ex="choose_questions" part="task" difficulty=3 importance=4 minutes=30
# ## 5. Questions that are not all the same question
#
# A committee of $K$ reward models says `p[k, i]`, its chance that the first clip of candidate pair $i$ is preferred. The best pairs by disagreement tend to contain the *same* odd clip again and again. So choose greedily: the pair with the largest **variance over members** first; then the best of those that share **no clip** with a pair chosen before; and so on, until `n` are chosen
# or none is left. Of equals take the earlier.

# %% ex="choose_questions" part="solution"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    """p (K, N) probabilities; pairs (N, 2) numbers of the two clips. Returns at most n candidate numbers, in the order chosen."""
    ### BEGIN SOLUTION
    chosen, used = [], set()
    for i in np.argsort(-p.var(0), kind="stable").tolist():
        a, b = pairs[i].tolist()
        if len(chosen) < n and a not in used and b not in used:
            chosen.append(i)
            used |= {a, b}
    return chosen
    ### END SOLUTION

# %% ex="choose_questions" part="test" points=3
# check: equals, and shared clips
assert [int(i) for i in choose_questions(np.array([[0.2, 0.2, 0.2], [0.4, 0.4, 0.4]]), np.array([[0, 1], [1, 2], [2, 3]]), 2)] == [0, 2], "three pairs of equal variance: the earliest first, then the earliest that shares no clip with it"
# check: largest variance first
_p = np.array([[0.5, 0.9, 1.0, 0.2, 0.6], [0.5, 0.1, 0.0, 0.8, 0.6], [0.5, 0.9, 0.0, 0.2, 0.6]])  # variances 0, 0.142, 0.222, 0.08, 0
_pairs = np.array([[0, 1], [2, 3], [3, 4], [0, 5], [6, 7]])
_got = [int(i) for i in choose_questions(_p, _pairs, 2)]
assert _got == [2, 3], f"expected [2, 3], got {_got}: 2 first (the members contradict each other most); 1 would be next, but clip 3 has been used"
# check: more asked for than there are
_got = [int(i) for i in choose_questions(_p, _pairs, 9)]
assert _got == [2, 3, 4], f"expected [2, 3, 4], got {_got}: pair 0 shares clip 0 with pair 3, pair 1 shares clip 3 with pair 2; pair 4 is all that is left"
### BEGIN HIDDEN TESTS
# check: against a plain search
def _plain(p, pairs, n):
    value, out = p.var(0), []
    while len(out) < n:
        free = [i for i in range(len(pairs)) if not any(set(pairs[i]) & set(pairs[j]) for j in out)]
        if not free:
            return out
        out.append(max(free, key=lambda i: (value[i], -i)))
    return out
_rng = np.random.default_rng(4)
for _case in range(6):
    _p = _rng.integers(0, 3 if _case % 2 else 9, (4, 40)) / (2 if _case % 2 else 8)  # many equal variances, and others than an entropy would rank
    _pairs = np.array([_rng.choice(30, 2, replace=False) for _ in range(40)])
    _got = [int(i) for i in choose_questions(_p, _pairs, 8)]
    assert _got == _plain(_p, _pairs, 8), f"expected {_plain(_p, _pairs, 8)}, got {_got}. Largest variance over members first; of equals the earlier; no clip twice"
# check: doubt that all share
_sure = np.array([[0.5, 0.0], [0.5, 1.0]])  # all members unsure against members who contradict each other
assert [int(i) for i in choose_questions(_sure, np.array([[0, 1], [2, 3]]), 1)] == [1], "members who all say ½ agree: there is nothing to learn about *which member is right*"
### END HIDDEN TESTS

# %% [markdown] ex="choose_questions" part="hint"
# <details><summary>Help: over which axis?</summary>
#
# `p.var(0)` is one number for each pair: how much the members differ about it. The entropy of the mean is large for a pair that everybody finds undecidable, too, and asking about that teaches nothing.
#
# </details>

# %% [markdown] ex="running_scale" part="task" difficulty=3 importance=4 minutes=30
# ## 6. A scale that keeps up
#
# A learned reward has no unit, so it is normalised, and the rewards come in batches of different sizes. Keep their count $n$, mean $m$ and variance $v$ (over all numbers so far, divided by $n$). Update the three by a new batch **without** keeping the old numbers: the result must be what one computes from all of them together.
#
# With $n_b, m_b, v_b$ of the batch: the new mean is the weighted mean; the new variance is the weighted mean of the variances **plus the variance of the two means**: their squared difference, times the product of their shares $n/(n+n_b)$ and $n_b/(n+n_b)$. It must also be right for numbers that are large and close together. With $n=0$, `mean` and `var` do not matter.

# %% ex="running_scale" part="solution"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    """(count, mean, variance) of everything so far and this batch (any shape, perhaps empty). n = 0: nothing so far."""
    ### BEGIN SOLUTION
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, (n * var + len(x) * x.var()) / total + gap**2 * n * len(x) / total**2
    ### END SOLUTION

# %% ex="running_scale" part="test" points=3
# check: the first batch
_n, _m, _v = running_scale(0, 0.0, 0.0, np.array([1.0, 3.0]))
assert (_n, _m, _v) == (2, 2.0, 1.0), f"the first batch alone: expected (2, 2, 1), got {(_n, _m, _v)}"
# check: a second batch
_got = running_scale(2, 2.0, 1.0, np.array([10.0]))
assert np.allclose(_got, (3, 14 / 3, np.var([1, 3, 10]))), f"1, 3, then 10: expected (3, 4.667, {np.var([1, 3, 10]):.3f}), got {np.round(_got, 3)}. Did the distance of the means enter?"
### BEGIN HIDDEN TESTS
# check: many batches
_rng = np.random.default_rng(5)
_state, _all = (0, 0.0, 0.0), []
for _size in ((3, 4), (1,), (0,), (50,), (2, 2, 2)):
    _batch = 5 + 3 * _rng.standard_normal(_size) * (1 + len(_all))
    _all += _batch.ravel().tolist()
    _state = running_scale(*_state, _batch)
    assert np.allclose(_state, (len(_all), np.mean(_all), np.var(_all))), f"after {len(_all)} numbers: expected {np.round((len(_all), np.mean(_all), np.var(_all)), 4)}, got {np.round(_state, 4)}"
# check: an empty batch, and n = 0
assert running_scale(7, 1.5, 2.5, np.zeros((0, 3))) == (7, 1.5, 2.5) and running_scale(0, 0.0, 0.0, np.zeros(0)) == (0, 0.0, 0.0), "an empty batch changes nothing, also at the very beginning"
assert np.allclose(running_scale(0, 7.0, 3.0, np.array([1.0, 3.0])), (2, 2, 1)), "n = 0: there is nothing so far, whatever mean and var say"
# check: large and close together
_n, _m, _v = running_scale(*running_scale(0, 0.0, 0.0, 1e9 + np.array([0.0, 1.0])), 1e9 + np.array([2.0, 3.0]))
assert abs(_v - 1.25) < 1e-3, f"10⁹ + [0, 1, 2, 3] has variance 1.25, got {_v}: the mean of squares minus the square of the mean loses all digits here"
### END HIDDEN TESTS

# %% [markdown] ex="running_scale" part="hint"
# <details><summary>Help: where does the extra term come from?</summary>
#
# The variance of a mixture is the mean of the variances plus the variance of the means: here $\frac{n\,n_b}{(n+n_b)^2}(m_b-m)^2$.
#
# </details>

# %% [markdown] ex="newton_reward" part="task" difficulty=4 importance=5 minutes=45
# ## 7. A reward in six steps
#
# Let a clip's worth be linear, $w^\top\phi$, with $\phi$ the features summed over the clip, and `x[i]` the first clip's features minus the second's. Then $P(1)=\sigma(w^\top x_i)$, and with a normal prior of precision $\alpha$ on every weight
#
# $$\mathcal L(w)=\sum_i \big[\mu_i\log\sigma(w^\top x_i)+(1-\mu_i)\log\sigma(-w^\top x_i)\big]-\tfrac{\alpha}{2}\lVert w\rVert^2$$
#
# is concave. On data like ours **Newton's method** gets to its maximum from 0 in a handful of steps (in general one would halve a step that makes $\mathcal L$ smaller): with $p_i=\sigma(w^\top x_i)$,
#
# $$w \leftarrow w + H^{-1} g,\qquad g=\sum_i(\mu_i-p_i)\,x_i-\alpha w,\qquad H=\sum_i p_i(1-p_i)\,x_ix_i^\top+\alpha I .$$
#
# Start at 0, make `steps` steps. Return the weights **and** their standard deviations under Laplace's approximation, the square roots of the diagonal of $H^{-1}$ at the *returned* weights.

# %% ex="newton_reward" part="solution"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """x (N, d) differences of features, mu (N,) share given to the first clip, alpha > 0. Returns weights (d,), standard deviations (d,)."""
    ### BEGIN SOLUTION
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + alpha * np.eye(len(w))
    for _ in range(steps):
        w = w + np.linalg.solve(H(), x.T @ (mu - p()) - alpha * w)
    return w, np.sqrt(np.diag(np.linalg.inv(H())))
    ### END SOLUTION

# %% ex="newton_reward" part="test" points=5
# check: shapes
_rng = np.random.default_rng(6)
_x, _truth = _rng.standard_normal((400, 3)), np.array([1.5, -1.0, 0.0])
_mu = (_rng.random(400) < 1 / (1 + np.exp(-_x @ _truth))).astype(float)
_w, _sd = newton_reward(_x, _mu, 0.1)
assert _w.shape == _sd.shape == (3,), f"weights and standard deviations, each of shape (3,): got {_w.shape} and {_sd.shape}"
# check: at the maximum
_slope = _x.T @ (_mu - 1 / (1 + np.exp(-_x @ _w))) - 0.1 * _w
assert np.abs(_slope).max() < 1e-6, f"at the maximum the gradient is 0, yours is {np.round(_slope, 3)}. Check the sign of the step, and that the prior is in g *and* in H"
# check: standard deviations
assert (np.abs(_w - _truth) < 4 * _sd).all() and (_sd < 0.3).all(), f"weights {np.round(_w, 2)} ± {np.round(_sd, 2)}, the truth is {_truth}: the standard deviations are *roots* of the diagonal of the *inverse* of H"
### BEGIN HIDDEN TESTS
# check: against another optimiser
for _seed, _alpha in ((7, 2.0), (8, 0.5), (9, 20.0)):
    _rng = np.random.default_rng(_seed)
    _x, _mu = _rng.standard_normal((60, 4)), _rng.choice([0.0, 0.5, 1.0], 60)
    _v = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    _loss = lambda v: -(torch.tensor(_mu) * F.logsigmoid(torch.tensor(_x) @ v) + torch.tensor(1 - _mu) * F.logsigmoid(-torch.tensor(_x) @ v)).sum() + _alpha / 2 * v.square().sum()
    _opt = torch.optim.LBFGS([_v], max_iter=200, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe")
    def _closure():
        _opt.zero_grad()
        _l = _loss(_v)
        _l.backward()
        return _l
    _opt.step(_closure)
    _want_sd = torch.linalg.inv(torch.autograd.functional.hessian(_loss, _v.detach())).diagonal().sqrt().numpy()
    _w, _sd = newton_reward(_x, _mu, _alpha, 12)
    assert np.allclose(_w, _v.detach().numpy(), atol=1e-5), f"alpha {_alpha}: another optimiser finds {_v.detach().numpy().round(4)}, you {_w.round(4)}"
    assert np.allclose(_sd, _want_sd, atol=1e-5), f"alpha {_alpha}: the curvature gives standard deviations {_want_sd.round(4)}, you {_sd.round(4)}. At the *returned* weights?"
# check: exactly the steps asked for
_one, _sd = newton_reward(np.array([[2.0]]), np.array([1.0]), 1.0, 1)
assert np.allclose(_one, [0.5]), f"one step from 0 with x = 2, μ = 1, α = 1: g = 1, H = 2, so w = 0.5; got {_one}. Exactly `steps` steps, please"
assert np.allclose(_sd, [0.7482], atol=1e-3), f"there H = 4·p(1 − p) + 1 = 1.786, so the standard deviation is 0.748; got {_sd}. (0.707 is that of the weights *before* the step.)"
### END HIDDEN TESTS

# %% [markdown] ex="newton_reward" part="hint"
# <details><summary>Help: it runs away, or stops short</summary>
#
# Runs away: −H instead of H (we climb, and H here is *minus* the second derivative, so it is positive). Stops short, with a gradient that is not 0: the prior is missing in g, or $p(1-p)$ in H.
#
# </details>

# %% [markdown] ex="careful_reward" part="task" difficulty=3 importance=4 minutes=25
# ## 8. Scale-up: a committee that pays less where it disagrees
#
# For the robot below, `r[k, i]` is what member $k$ of a committee pays for step $i$. Members differ in offset and scale, so each is first normalised, $(r_{k,i}-\text{shift}_k)/\text{scale}_k$. Then pay the mean over members, **minus `doubt` times their standard deviation** (divided by $K$, not $K-1$). The tensors may be on a GPU: make no new ones elsewhere.

# %% ex="careful_reward" part="solution"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    """r (K, N), shift and scale (K,), doubt >= 0. Returns (N,)."""
    ### BEGIN SOLUTION
    z = (r - shift[:, None]) / scale[:, None]
    return z.mean(0) - doubt * z.std(0, correction=0)
    ### END SOLUTION

# %% ex="careful_reward" part="test" points=3
# check: shape
_r = torch.tensor([[1.0, 3.0], [10.0, 10.0]])
_got = careful_reward(_r, torch.tensor([1.0, 0.0]), torch.tensor([2.0, 10.0]), 0.5)
assert _got.shape == (2,), f"one number a step: expected shape (2,), got {tuple(_got.shape)}"
# check: two steps by hand
assert torch.allclose(_got.float(), torch.tensor([0.25, 1.0])), f"normalised, the members say [0, 1] and [1, 1]; means 0.5 and 1, standard deviations 0.5 and 0: expected [0.25, 1], got {_got.tolist()}"
### BEGIN HIDDEN TESTS
# check: other committees
_g = torch.Generator().manual_seed(0)
for _k in (1, 3, 5):
    _r, _s, _c = torch.randn(_k, 20, generator=_g).double() * 4, torch.randn(_k, generator=_g).double(), torch.rand(_k, generator=_g).double() + 0.2
    _z = (_r.numpy() - _s.numpy()[:, None]) / _c.numpy()[:, None]
    for _doubt in (0.0, 1.0, 2.5):
        _got = careful_reward(_r, _s, _c, _doubt)
        assert np.allclose(_got, _z.mean(0) - _doubt * _z.std(0), atol=1e-9), f"{_k} members, doubt {_doubt}: differs from mean − doubt · std of the normalised members (a single member has no doubt)"
# check: stays on its device
_there = careful_reward(torch.zeros(3, 4, device="meta"), torch.zeros(3, device="meta"), torch.ones(3, device="meta"), 1.0)
assert _there.device.type == "meta", "the result must be on the device of r"
### END HIDDEN TESTS

# %% [markdown] ex="careful_reward" part="hint"
# <details><summary>Help: NaN for a single member</summary>
#
# `torch.std` divides by K − 1 unless told otherwise: `correction=0`.
#
# </details>

# %% [markdown]
# ### Your committee makes a robot run
#
# A half-cheetah of MuJoCo, and a person who likes it to run. Four rounds of 25 questions, chosen by your `choose_questions`; the reward is your `careful_reward`; the better the reward is known, the longer it is practised on. Nobody has shown it how to run.

# %%
import time

from course_lib.data import clips, compare
from course_lib.envs.mujoco import Mujoco
from course_lib.humans import PartialReturn, fit
from course_lib.preferences import Committee
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import rollout, uniform

machine, robot = scale(), Mujoco(horizon=250)
budget, members, hidden = (4_000_000, 10, (256, 256)) if machine.gpu else (300_000, 5, (64, 64))

class Running(torch.nn.Module):
    def forward(self, obs, acts):
        return obs[..., 8] - 0.1 * acts.clamp(-1, 1).square().sum(-1)

person = PartialReturn(Running(), lapse=0.1)
returns = lambda act: rollout(robot, act, 20, np.random.default_rng(1)).returns.mean()

# %%
def ask(policy, committee, given, rng, n=25):
    """n answers about clips of the newest policy, added to those given before."""
    some = clips(rollout(robot, policy, 20, rng).demonstrations().trajectories, 25, rng, per=5)
    pairs = np.array([rng.choice(len(some), 2, replace=False) for _ in range(300)])
    asked = compare([some[a] for a, _ in pairs], [some[b] for _, b in pairs])
    rows = choose_questions(committee.prefers_first(asked), pairs, n) if committee is not None else list(range(n))
    answered = person.label(asked[rows], rng)
    return [np.concatenate([old, new]) for old, new in zip(given, (answered.obs, answered.acts, answered.choice))] if given else [answered.obs, answered.acts, answered.choice]

# %%
from course_lib.data import Comparisons

policy, value, committee, given, begin = None, None, None, None, time.perf_counter()
print(f"at random: {returns(uniform(robot)):.0f}")
for i in range(4):
    given = ask(uniform(robot) if policy is None else policy.sampled, committee, given, np.random.default_rng(i))
    committee = fit(Committee(robot, members, hidden), Comparisons(*given), held_out=0, epochs=60, batch_size=32, lr=3e-3, weight_decay=1e-2).to(machine.device)
    flat = [torch.as_tensor(x.reshape(-1, x.shape[-1])).float().to(machine.device) for x in given[:2]]
    with torch.no_grad():
        seen = committee.each(*flat)
    pay = lambda obs, acts: careful_reward(committee.each(*(torch.as_tensor(x).float().to(machine.device) for x in (obs, acts.clip(-1, 1)))).detach(), seen.mean(1), seen.std(1), 0.5).cpu().numpy()
    policy, value, _ = ppo(robot, policy=policy, value=value, steps=budget * (i + 1) // 10, reward=pay, n_envs=32, n_steps=125, batch_size=1000, gamma=0.99, lam=0.95, seed=i)
    committee = committee.to("cpu")
    print(f"{len(given[2])} answers, {budget * (i + 1) * (i + 2) // 20:,} steps: return {returns(policy.greedy):.0f} ({time.perf_counter() - begin:.0f} s, rewards on {machine.device})")

# %% [markdown] ex="whose_preferences" part="task" difficulty=2 importance=4 minutes=20
# ## 9. In your own words
#
# A company has twenty people compare answers of its assistant, and trains on their choices. Afterwards the assistant agrees with whatever users say. In about 150 words: how can that come from comparisons made in good faith? Why do more comparisons of the same kind not help? Propose one change in what people see or in who they are, and one in the model of them, and say what it costs.
#
# *Rubric, one point each:* what people choose is not what is good for them (agreement is pleasant, errors are hard to see), so the likelihood's "chooses the larger return" is wrong in a way with a pattern; more data make the estimate of the *wrong* thing more certain; a change in the evidence (facts to check by, experts, time, other
# questions); a change in the model of the person (a lapse that grows with difficulty, what they believe, several groups of people), with what it costs.

# %% [markdown] ex="whose_preferences" part="written" points=4
# An answer that agrees with me is pleasant, and whether it is right I often cannot see. People who choose in good faith therefore choose agreement a little more often than they should, all in the same direction. Bradley–Terry takes choices for the larger *worth*, so agreement gets worth, and an agent that is trained on it finds all the agreement there is to be had. More
# comparisons of the same kind shrink the error of the estimate, but it is an estimate of what people choose, not of what helps them. I would change the evidence first: show facts beside the answers, ask people who know the subject, let some of them check for ten minutes instead of one. And the model of the person: a slip is likelier where checking is hard, and what a person
# believes should be part of the likelihood, so that choosing a pleasant error says something about the belief and less about the worth. The price is fewer answers for the same money, and assumptions about people that may be wrong in their turn.

# %% [markdown]
# ## What you have built
#
# A pendulum, and somebody who answers a hundred questions about it, one in ten by a mere key press. Your Newton's method finds the weights of five features, with error bars; your `running_scale` normalises the reward; PPO does the rest.

# %%
import matplotlib.pyplot as plt

from course_lib.envs import Pendulum
from course_lib.plots import OKABE_ITO
from course_lib.show import figure

pendulum, rng = Pendulum(), np.random.default_rng(0)
some = clips(rollout(pendulum, uniform(pendulum), 200, rng).demonstrations().trajectories, 25, rng)

def phi(obs, acts):
    """cos θ, sin θ, speed squared, torque squared, speed: (..., 5)."""
    return np.stack([obs[..., 0], obs[..., 1], obs[..., 2] ** 2 / 10, acts[..., 0].clip(-2, 2) ** 2, obs[..., 2] / 3], -1)

features = np.array([phi(c.obs[:-1], c.acts).sum(0) for c in some])  # (200, 5)
worth = np.array([c.rews.sum() for c in some])
slip = rng.random(100) < 0.1
mu = np.where(slip, rng.integers(2, size=100), worth[:100] > worth[100:]).astype(float)
w, sd = newton_reward(features[:100] - features[100:], mu, alpha=0.1)
state = running_scale(0, 0.0, 1.0, phi(np.array([c.obs[:-1] for c in some]), np.array([c.acts for c in some])) @ w)
pay = lambda obs, acts: ((phi(obs, acts) @ w - state[1]) / np.sqrt(state[2])).astype(np.float32)
upright, _, _ = ppo(pendulum, steps=100_000, reward=pay, n_envs=32, n_steps=100, batch_size=400, gamma=0.95, lam=0.95, epochs=10, lr=3e-3, entropy=0.01)
drives = rollout(pendulum, upright.greedy, 30, np.random.default_rng(1))
print(f"mean return by the true reward: {drives.returns.mean():.0f} (at random {rollout(pendulum, uniform(pendulum), 30, np.random.default_rng(1)).returns.mean():.0f})")

# %%
names = ["cos θ", "sin θ", "speed²", "torque²", "speed"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
left.barh(names, w, xerr=2 * sd, color=OKABE_ITO[0], capsize=4)
left.axvline(0, color="0.3", lw=0.8)
left.set(xlabel="weight ± 2 standard deviations")
right.plot(np.arange(201) * 0.05, np.cos(drives.states[..., 0]), color=OKABE_ITO[0], lw=0.8, alpha=0.5, ls="-")
right.set(xlabel="time [s]", ylabel="cos θ (1: upright)", ylim=(-1.1, 1.1))
figure(fig, caption="Left: what a hundred answers said about five features. Right: thirty drives of the agent that was trained on it.",
       alt="Left, bars: " + ", ".join(f"{n} {a:.1f} ± {2 * b:.1f}" for n, a, b in zip(names, w, sd)) + f". Right: curves of cos θ over ten seconds; at the end {np.mean(np.cos(drives.states[-1, :, 0]) > 0.9):.0%} of thirty drives are upright.")
