# %% [markdown]
# # Problem set 1: behaviour cloning
#
# You will write the parts that a cloning experiment stands on: its loss, its split, its measures, and one remedy for which
# the expert only has to drive, and never has to label what the clone does. At the end three of them come together in a figure: two clones of the same driver, with the same
# number of labels, one of which stays on the road.
#
# **You need first** notebook 01. **It takes** about three hours. Every exercise has a cell with tests right below it: run it as often as
# you like; its messages say what to look at. `course check ps1` in a terminal marks everything, with further tests on other inputs.
# An answer that passes every named check has all the points; otherwise it has the share of checks that pass, of half the points.
#
# Replace `raise NotImplementedError()` by your code. Please keep the names and the arguments.

# %%
import math

import numpy as np
import torch
from torch.nn import functional as F

from course_lib.envs import Drive
from course_lib.machine import scale, settle

settle()
world = Drive(horizon=200)

# %% [markdown] ex="masked_nll" part="task" difficulty=2 importance=5 minutes=15
# ## 1. The loss, with drives of unequal length
#
# Demonstrations have different lengths $T_i$. To train on a batch of them they are padded to the longest, and a mask says which steps are
# real. The cloning loss is the mean over **real steps**:
#
# $$L(\theta) = -\frac{\sum_i \sum_t m_{it}\,\log \pi_\theta(a_{it}\mid s_{it})}{\sum_i \sum_t m_{it}},\qquad
# \pi_\theta(a \mid s) = \mathrm{softmax}(\text{logits})_a .$$
#
# What stands in the padding (any finite logits, any valid action) must not matter.

# %% ex="masked_nll" part="solution"
def masked_nll(logits: torch.Tensor, actions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean negative log-likelihood of the real steps.

    logits (B, T, A) float; actions (B, T) int64; mask (B, T) bool, True for real steps. Returns a scalar tensor.
    """
    ### BEGIN SOLUTION
    return F.cross_entropy(logits[mask], actions[mask])  # (real steps, A), (real steps,)
    ### END SOLUTION

# %% ex="masked_nll" part="test" points=3
# check: one number, of the right sign
_logits = torch.tensor([[[2.0, 0.0, -1.0], [0.0, 1.0, 0.0], [9.0, -9.0, 0.0]], [[0.5, 0.5, 0.5], [7.0, 7.0, -7.0], [0.0, 0.0, 0.0]]])
_actions, _mask = torch.tensor([[0, 1, 1], [2, 0, 0]]), torch.tensor([[True, True, False], [True, False, False]])
_want = (0.16984602 + 0.55144471 + math.log(3)) / 3  # three real steps
_got = masked_nll(_logits, _actions, _mask)
assert torch.is_tensor(_got) and _got.ndim == 0, "return one number, as a tensor without dimensions"
assert float(_got) > 0, "a negative log-likelihood of probabilities below 1 is positive: is a minus sign missing?"
# check: mean over real steps
assert abs(float(_got) - _want) < 1e-5, (
    f"expected {_want:.5f}, got {float(_got):.5f}. Divide by the number of real steps (3), not by B·T, B or T; and take the softmax over actions")
### BEGIN HIDDEN TESTS
# check: other data, and what stands in the padding
for _seed in range(5):
    _g = torch.Generator().manual_seed(_seed)
    _B, _T, _A = 4, 6, 5
    _logits = torch.randn(_B, _T, _A, generator=_g) * 3
    _actions = torch.randint(_A, (_B, _T), generator=_g)
    _lengths = torch.tensor([6, 1, 3, 2])
    _mask = torch.arange(_T)[None] < _lengths[:, None]
    _p = torch.softmax(_logits.double(), -1)
    _sum = sum(-math.log(_p[i, t, _actions[i, t]]) for i in range(_B) for t in range(int(_lengths[i])))
    _got = float(masked_nll(_logits, _actions, _mask))
    assert abs(_got - _sum / 12) < 1e-4, f"on random drives of lengths 6, 1, 3, 2: expected {_sum / 12:.4f}, got {_got:.4f}"
    _logits[~_mask] = 100.0
    _actions[~_mask] = 0
    assert abs(float(masked_nll(_logits, _actions, _mask)) - _got) < 1e-4, "what stands in the padding changes your loss"
# check: gradient of real steps only
_logits = torch.zeros(2, 3, 4, requires_grad=True)
masked_nll(_logits, torch.zeros(2, 3, dtype=torch.int64), torch.tensor([[True, False, False]] * 2)).backward()
assert _logits.grad is not None and _logits.grad[:, 1:].abs().sum() == 0, "gradients must flow to real steps, and only to those"
### END HIDDEN TESTS

# %% [markdown] ex="masked_nll" part="hint"
# <details><summary>Help: I get nearly the right number</summary>
#
# Averaging each drive first and then the drives gives short drives too much weight. Select the real steps of the whole batch, then take one mean.
#
# </details>

# %% [markdown] ex="mixture_nll" part="task" difficulty=4 importance=4 minutes=35
# ## 2. Two right ways to go
#
# At a fork, half of the demonstrators go left and half go right. A single Gaussian's mean goes straight on, into the tree. A **mixture** of $K$
# Gaussians can hold both:
#
# $$\pi(a \mid s) = \sum_{k=1}^K w_k \prod_{d=1}^D \mathcal N(a_d;\, \mu_{kd}, \sigma_{kd}^2),\qquad w = \mathrm{softmax}(\text{weight logits}),\quad \sigma = \exp(\text{log\_stds}).$$
#
# Return $-\log \pi(a\mid s)$ for every row. It must stay finite where all components are far away (do not exponentiate before you add).

# %% ex="mixture_nll" part="solution"
def mixture_nll(weight_logits: torch.Tensor, means: torch.Tensor, log_stds: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    """-log density of each action under its mixture.

    weight_logits (B, K); means and log_stds (B, K, D); actions (B, D). Returns (B,).
    """
    ### BEGIN SOLUTION
    z = (actions[:, None] - means) * torch.exp(-log_stds)  # (B, K, D)
    log_normal = (-0.5 * z**2 - log_stds - 0.5 * math.log(2 * math.pi)).sum(-1)  # (B, K)
    return -torch.logsumexp(torch.log_softmax(weight_logits, -1) + log_normal, -1)
    ### END SOLUTION

# %% ex="mixture_nll" part="test" points=4
# check: one normal
_one = mixture_nll(torch.zeros(1, 1), torch.zeros(1, 1, 2), torch.zeros(1, 1, 2), torch.zeros(1, 2))
assert _one.shape == (1,), f"one number a row: expected shape (1,), got {tuple(_one.shape)}"
assert abs(float(_one) - math.log(2 * math.pi)) < 1e-5, (
    f"a single standard normal in 2 dimensions, at its mean: expected log 2π = 1.83788, got {float(_one):.5f}. Is the constant there, once per dimension?")
# check: two modes
_fork = mixture_nll(torch.zeros(2, 2), torch.tensor([[[-1.0], [1.0]]] * 2), torch.full((2, 2, 1), math.log(0.1)), torch.tensor([[1.0], [0.0]]))
assert float(_fork[0]) < 0 < float(_fork[1]), "the two modes should be likely and the middle unlikely: add densities, not log-densities"
### BEGIN HIDDEN TESTS
# check: against another implementation
import torch.distributions as _D
for _seed in range(4):
    _g = torch.Generator().manual_seed(_seed)
    _w, _m, _s, _a = (torch.randn(*shape, generator=_g) for shape in ((7, 3), (7, 3, 2), (7, 3, 2), (7, 2)))
    _mix = _D.MixtureSameFamily(_D.Categorical(logits=_w), _D.Independent(_D.Normal(_m, _s.exp()), 1))
    _got, _want = mixture_nll(_w, _m, _s, _a), -_mix.log_prob(_a)
    assert torch.allclose(_got, _want, atol=1e-4), f"differs from the density by up to {(_got - _want).abs().max():.3f}: check weights (normalised?), the spread's own term, and which axis is added"
# check: far from every mode
_far = mixture_nll(torch.zeros(1, 2), torch.zeros(1, 2, 1), torch.zeros(1, 2, 1), torch.tensor([[60.0]]))
assert torch.isfinite(_far).all() and abs(float(_far) - 1800.919) < 0.1, "far from every mode the density underflows: use logsumexp"
### END HIDDEN TESTS

# %% [markdown] ex="mixture_nll" part="hint"
# <details><summary>Help: I do not know where the logarithm goes</summary>
#
# Per component: the log-weight plus the *sum over dimensions* of the log-densities. Then `torch.logsumexp` over components. The log of a sum is not the
# sum of the logs.
#
# </details>

# %% [markdown] ex="grouped_folds" part="task" difficulty=2 importance=4 minutes=20
# ## 3. Cross-validation that does not fool you
#
# `trajectory[i]` says which drive step $i$ comes from. Cut the data into $k$ folds for cross-validation such that every drive lies in **exactly one** fold,
# whole; folds hold equally many drives, give or take one; and which drives are together is random (a function of `seed`). Drives need not be numbered
# from 0, and their steps need not stand together.

# %% ex="grouped_folds" part="solution"
def grouped_folds(trajectory: np.ndarray, k: int, seed: int) -> list[np.ndarray]:
    """trajectory (N,) int. Returns k boolean masks (N,): the steps of each fold."""
    ### BEGIN SOLUTION
    names = np.random.default_rng(seed).permutation(np.unique(trajectory))
    return [np.isin(trajectory, part) for part in np.array_split(names, k)]
    ### END SOLUTION

# %% ex="grouped_folds" part="test" points=3
# check: masks
_drive = np.repeat([4, 9, 2, 7, 5, 11, 3], [3, 1, 5, 2, 2, 4, 3])
_folds = grouped_folds(_drive, 3, seed=0)
assert len(_folds) == 3 and all(f.shape == _drive.shape and f.dtype == bool for f in _folds), "return k boolean masks, one entry a step"
# check: whole drives
assert (np.sum(_folds, 0) == 1).all(), "every step belongs to exactly one fold"
for _d in np.unique(_drive):
    assert sum(f[_drive == _d].any() for f in _folds) == 1, f"drive {_d} is cut in two: hold out whole drives, not steps"
### BEGIN HIDDEN TESTS
# check: folds of equal size
assert sorted(len(np.unique(_drive[f])) for f in _folds) == [2, 2, 3], "folds should hold equally many drives, give or take one"
# check: drives out of order
_mixed = np.random.default_rng(1).permutation(np.repeat(100 + 5 * np.arange(20), 6))
_a, _b, _c = grouped_folds(_mixed, 5, 0), grouped_folds(_mixed, 5, 0), grouped_folds(_mixed, 5, 1)
for _d in np.unique(_mixed):
    assert sum(f[_mixed == _d].any() for f in _a) == 1, "steps of a drive need not stand together in the array"
assert (np.sum(_a, 0) == 1).all() and all(len(np.unique(_mixed[f])) == 4 for f in _a), "20 drives in 5 folds: 4 each, no drive left out"
# check: seed and shuffling
assert all((x == y).all() for x, y in zip(_a, _b)), "the same seed must give the same folds"
_parts = lambda folds: {frozenset(_mixed[f].tolist()) for f in folds}
assert _parts(_a) != _parts(_c), "another seed should put other drives together: are the drives shuffled?"
### END HIDDEN TESTS

# %% [markdown] ex="grouped_folds" part="hint"
# <details><summary>Help: how do I deal whole drives?</summary>
#
# Shuffle the *names* of the drives (`np.unique`), deal the names, and then ask of each step whether its name is in the hand (`np.isin`).
#
# </details>

# %% [markdown] ex="recovery_regret" part="task" difficulty=3 importance=5 minutes=25
# ## 4. A tightrope with a ladder
#
# In notebook 01 a fall was for ever, and regret grew as $T^2$. Now there is a ladder. In each of $T$ steps a walker on the rope falls with probability
# $\epsilon$, and a walker who is on the ground when the step begins is back on the rope after it with probability $r$. A step that *ends* on the ground costs 1. The walker starts
# on the rope. Compute the expected cost of $T$ steps, exactly. (With $p_t$ the probability of being on the ground after step $t$: what is $p_{t+1}$?)

# %% ex="recovery_regret" part="solution"
def recovery_regret(epsilon: float, r: float, T: int) -> float:
    """Expected number of the T steps that end on the ground. 0 <= epsilon, r <= 1."""
    ### BEGIN SOLUTION
    p, cost = 0.0, 0.0
    for _ in range(T):
        p = p * (1 - r) + (1 - p) * epsilon
        cost += p
    return cost
    ### END SOLUTION

# %% ex="recovery_regret" part="test" points=3
# check: one and two steps
assert abs(recovery_regret(0.25, 0.5, 1) - 0.25) < 1e-12, "after one step the walker is on the ground with probability epsilon, and that step counts"
assert abs(recovery_regret(0.25, 0.5, 2) - (0.25 + 0.3125)) < 1e-12, "p2 = p1 (1 - r) + (1 - p1) epsilon: a walker who has just climbed back does not fall in the same step"
# check: without a ladder
assert abs(recovery_regret(0.1, 0.0, 3) - (0.1 + 0.19 + 0.271)) < 1e-12, "without a ladder this is the tightrope of notebook 01"
### BEGIN HIDDEN TESTS
# check: against a simulation
_rng = np.random.default_rng(0)
for _e, _r, _T in ((0.02, 0.1, 60), (0.3, 0.9, 25), (0.5, 0.05, 40)):
    _down, _cost = np.zeros(200_000, bool), 0.0
    for _ in range(_T):
        _u = _rng.random(len(_down))
        _down = np.where(_down, _u >= _r, _u < _e)
        _cost += _down.mean()
    assert abs(recovery_regret(_e, _r, _T) / _cost - 1) < 0.02, f"epsilon {_e}, r {_r}, T {_T}: a simulation gives {_cost:.3f}, you say {recovery_regret(_e, _r, _T):.3f}"
# check: growth with T
_slope = np.log(recovery_regret(0.001, 0.3, 2000) / recovery_regret(0.001, 0.3, 1000)) / np.log(2)
assert abs(_slope - 1) < 0.01, "with a ladder regret should grow like T"
# check: corners
assert recovery_regret(0.0, 0.5, 10) == 0 and abs(recovery_regret(1.0, 0.0, 10) - 10) < 1e-12, "the corners: epsilon 0 costs nothing, epsilon 1 without a ladder costs every step"
### END HIDDEN TESTS

# %% [markdown] ex="recovery_regret" part="hint"
# <details><summary>Help: what is the recursion?</summary>
#
# To be on the ground after step t + 1 you were there before and did not climb, or you were on the rope and fell. Two terms; add $p$ *after* each update.
#
# </details>

# %% [markdown] ex="growth_exponent" part="task" difficulty=3 importance=4 minutes=25
# ## 5. How fast does it grow?
#
# `costs[h, i]` is the cost of drive $i$ up to horizon `T[h]`. Fit $\text{mean cost} \approx c\,T^p$ by least squares of $\log(\text{mean cost})$ on $\log T$ and return $p$,
# using **only** horizons at which the cost is measurably positive: mean $- 1.96\, s/\sqrt N > 0$, with $s$ the sample standard deviation (divide by $N-1$). If fewer
# than two horizons are left, raise a `ValueError`. (Notebook 01 uses Student's interval; with many drives 1.96 is as good.)

# %% ex="growth_exponent" part="solution"
def growth_exponent(T: np.ndarray, costs: np.ndarray) -> float:
    """T (H,) positive; costs (H, N) of N drives. Returns the exponent p."""
    ### BEGIN SOLUTION
    mean = costs.mean(1)
    sure = mean - 1.96 * costs.std(1, ddof=1) / np.sqrt(costs.shape[1]) > 0
    if sure.sum() < 2:
        raise ValueError("fewer than two horizons have a cost that is measurably above 0")
    return float(np.polyfit(np.log(np.asarray(T)[sure]), np.log(mean[sure]), 1)[0])
    ### END SOLUTION

# %% ex="growth_exponent" part="test" points=3
# check: an exact power law
_T = np.array([10, 20, 40, 80])
_exact = 0.003 * _T[:, None] ** 1.7 * np.array([0.9, 1.0, 1.1])
assert abs(growth_exponent(_T, _exact) - 1.7) < 1e-9, f"an exact power law with p = 1.7 gave {growth_exponent(_T, _exact):.4f}: is it log cost against log T?"
# check: horizons that are left out
_early = np.vstack([[0.0, 0.0, 0.03], _exact[1:]])  # at T = 10 one drive in three cost anything
assert abs(growth_exponent(_T, _early) - 1.7) < 1e-9, "the first horizon is not measurably above 0 and must be left out"
### BEGIN HIDDEN TESTS
# check: noisy power laws
_rng = np.random.default_rng(0)
for _p in (0.5, 1.0, 2.3):
    _T = np.array([5, 9, 17, 33, 65, 129])
    _costs = 0.01 * _T[:, None] ** _p * _rng.exponential(1.0, (6, 4000))
    try:
        _fitted = growth_exponent(_T, _costs)
    except ValueError:
        assert False, "with 4,000 drives every mean here is measurably above 0, but you left horizons out: the standard error is s / sqrt(N), not s"
    assert abs(_fitted - _p) < 0.06, f"a noisy power law with p = {_p} gave {_fitted:.3f}: take the mean first, then the logarithm"
# check: the standard error
_edge = np.array([[0.0, 1.9], [1.0, 1.1], [2.0, 2.2]])  # first row: mean 0.95, standard error 0.95
assert abs(growth_exponent(np.array([1, 2, 4]), _edge) - 1.0) < 1e-9, "0.95 with a standard error of 0.95 is not measurably above 0: the standard error is s / sqrt(N)"
_doubt = 0.95 + np.array([[-1.0, 1.0, -1.0, 1.0], [-0.1, 0.1, -0.1, 0.1], [-0.1, 0.1, -0.1, 0.1]]) * np.array([[0.9], [1], [1]]) * np.array([[1], [1], [2]])
_doubt[2] *= 2
assert abs(growth_exponent(np.array([1, 2, 4]), _doubt) - 1.0) < 1e-9, "0.95 ± 1.02 is not measurably above 0: does s divide by N - 1?"
# check: nothing to fit
try:
    growth_exponent(np.array([1, 2, 3]), np.zeros((3, 5)))
    assert False, "with nothing but zeros there is no exponent: raise a ValueError"
except ValueError:
    pass
### END HIDDEN TESTS

# %% [markdown] ex="growth_exponent" part="hint"
# <details><summary>Help: my slope is off when costs are noisy</summary>
#
# The mean of logarithms is not the logarithm of the mean. Average over drives first.
#
# </details>

# %% [markdown] ex="state_distance" part="task" difficulty=2 importance=3 minutes=15
# ## 6. How far apart are two clouds of states?
#
# The **total variation distance** between the histograms of two samples over the *same* bins: $\tfrac12\sum_b |\hat p_b - \hat q_b|$, where $\hat p_b$ is the *share* of
# the sample in bin $b$. Values outside the bins count in the outermost bin on their side: a car in the ditch is not nowhere.

# %% ex="state_distance" part="solution"
def state_distance(a: np.ndarray, b: np.ndarray, edges: np.ndarray) -> float:
    """a (N,), b (M,): samples of one number; edges (K+1,) increasing: the borders of K bins. Returns a number from 0 to 1."""
    ### BEGIN SOLUTION
    def share(x):
        index = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
        return np.bincount(index, minlength=len(edges) - 1) / len(x)
    return float(0.5 * np.abs(share(a) - share(b)).sum())
    ### END SOLUTION

# %% ex="state_distance" part="test" points=2
# check: shares, not counts
_edges = np.array([-1.0, 0.0, 1.0])
assert abs(state_distance(np.array([-0.5, 0.5]), np.array([-0.5, 0.5, -0.3, 0.2]), _edges)) < 1e-12, "samples of different size with the same shares have distance 0: compare shares, not counts"
# check: no overlap
assert abs(state_distance(np.full(10, -0.5), np.full(5, 0.5), _edges) - 1) < 1e-12, "no overlap at all is distance 1: is the one half there?"
assert abs(state_distance(np.array([-0.5, 0.5, 0.5, 0.5]), np.array([-0.5, 0.5]), _edges) - 0.25) < 1e-12, "shares (1/4, 3/4) against (1/2, 1/2) differ by 1/4"
### BEGIN HIDDEN TESTS
# check: outside the bins
assert abs(state_distance(np.array([0.5, 0.5]), np.array([0.5, 7.0]), _edges)) < 1e-12, "7.0 lies to the right of all bins and counts in the last one"
assert abs(state_distance(np.array([-9.0, -9.0, 0.5, 0.5]), np.full(4, 0.5), _edges) - 0.5) < 1e-12, "values left of all bins count in the first one; none may be dropped"
# check: two normals, and symmetry
_rng = np.random.default_rng(0)
_x, _y, _grid = _rng.normal(0, 1, 50_000), _rng.normal(1, 1, 80_000), np.linspace(-6, 7, 131)
assert abs(state_distance(_x, _y, _grid) - 0.3829) < 0.02, "two normals one standard deviation apart: expected about 0.383"
assert abs(state_distance(_x, _y, _grid) - state_distance(_y, _x, _grid)) < 1e-12, "a distance is symmetric"
# check: bins of unequal width
_uneven = np.array([0.0, 0.1, 1.0])
assert abs(state_distance(np.array([0.05, 0.5]), np.array([0.5, 0.5]), _uneven) - 0.5) < 1e-12, "bins may be of unequal width: shares, not densities"
### END HIDDEN TESTS

# %% [markdown] ex="state_distance" part="hint"
# <details><summary>Help: np.histogram loses some of my values</summary>
#
# It drops what lies outside. Clip the values into the range first (just inside the last edge), or clip the bin index.
#
# </details>

# %% [markdown] ex="shaken_demonstrations" part="task" difficulty=4 importance=5 minutes=40
# ## 7. Shake the wheel, keep the label
#
# A perfect driver never shows how to come back, because they never leave. One remedy needs no expert to watch the clone (Laskey et al., 2017, *DART*): while the expert
# drives, **shake the wheel**. The car does what the expert did *plus* noise, so it gets into trouble; but what is written down as the label is what the expert
# *wanted*, which is how to get out of it.
#
# Use `world.initial(n, rng)`, `world.expert(state)`, `world.step(state, action, rng)` (which returns next state, reward, terminated) and `world.observe(state)`. States have shape (n, 9), the expert's actions (n, 1). The noise is normal with
# standard deviation `sigma`, fresh for each car and each step, drawn from `rng`. Steering beyond ±1 is cut off by the car itself; the label is not changed by that.

# %% ex="shaken_demonstrations" part="solution"
def shaken_demonstrations(sigma: float, n: int, T: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Drive n cars for T steps. Returns obs (T, n, 3), as seen before each step, and labels (T, n, 1)."""
    rng = np.random.default_rng(seed)
    ### BEGIN SOLUTION
    state, obs, labels = world.initial(n, rng), [], []
    for _ in range(T):
        wanted = world.expert(state)
        obs.append(world.observe(state))
        labels.append(wanted)
        state, _, _ = world.step(state, wanted + sigma * rng.standard_normal(wanted.shape), rng)
    return np.stack(obs), np.stack(labels)
    ### END SOLUTION

# %% ex="shaken_demonstrations" part="test" points=4
# check: shapes
def _would_steer(obs):
    """What the expert does where these observations were made."""
    state = np.zeros((len(obs), 9))
    state[:, :3] = obs
    return world.expert(state)

_obs, _labels = shaken_demonstrations(0.3, 50, 60, seed=0)
assert _obs.shape == (60, 50, 3) and _labels.shape == (60, 50, 1), f"expected shapes (60, 50, 3) and (60, 50, 1), got {_obs.shape} and {_labels.shape}"
# check: the expert's own labels
_gap = np.abs(_labels.reshape(-1, 1) - _would_steer(_obs.reshape(-1, 3))).max()
assert _gap < 1e-3, f"labels differ from what the expert wanted in that state by up to {_gap:.2f}: write down the expert's action (not the shaken one), with the observation from *before* the step"
# check: the noise is executed
assert _obs[-1, :, 0].std() > 0.01, "the cars stay on the line: the noise must be executed, not only drawn"
### BEGIN HIDDEN TESTS
# check: size and freshness of the noise
for _sigma in (0.0, 0.2):
    _obs, _labels = (x.astype(float) for x in shaken_demonstrations(_sigma, 300, 40, seed=1))
    assert np.abs(_labels.reshape(-1, 1) - _would_steer(_obs.reshape(-1, 3))).max() < 1e-3, "labels must be the expert's own"
    # ψ' = ψ + v·dt·(u κmax − κ): the steering that was executed can be read off the headings
    _done = (_obs[1:, :, 1] - _obs[:-1, :, 1]) / (world.speed * world.dt) + _obs[:-1, :, 2]
    _noise = (_done - _labels[:-1, :, 0])[np.abs(_labels[:-1, :, 0]) < 0.2]
    assert abs(_noise.std() - _sigma) < 0.015, f"sigma = {_sigma}, but the steering that was executed differs from the labels by {_noise.std():.3f}"
    assert abs(_noise.mean()) < 0.01, "the noise should have mean 0"
    if _sigma:
        _each = (_done - _labels[:-1, :, 0])
        assert abs(np.corrcoef(_each[3], _each[4])[0, 1]) < 0.25 and _each[5].std() > 0.1, "draw fresh noise for every car and every step"
# check: seed
_again = shaken_demonstrations(0.2, 3, 5, seed=4)
assert all((x == y).all() for x, y in zip(_again, shaken_demonstrations(0.2, 3, 5, seed=4))), "the same seed must give the same drives: draw from rng"
### END HIDDEN TESTS

# %% [markdown] ex="shaken_demonstrations" part="hint"
# <details><summary>Help: my labels are off by one</summary>
#
# In each step: look (observe), ask the expert, write both down, *then* step. After the step the state is a new one.
#
# </details>

# %% [markdown] ex="fit_and_predict" part="task" difficulty=3 importance=4 minutes=40
# ## 8. Scale up
#
# The same cloning, ready for a GPU: a network with two hidden layers of `width` ReLU units, trained by Adam on minibatches drawn at random (with replacement is fine) from *all* of the data,
# all tensors on `device`. Draw everything at random from torch's own generator, which is seeded for you: the same `seed` must give the same network. Return the **logits** for `query`, on
# the CPU and without gradient.
#
# With a GPU the cell after the tests trains on two million pairs with 1,024 units in batches of 8,192 (it prints how long that took); on two CPU cores it takes 20,000 pairs and 64 units, a few seconds in all. The
# code is the same. The tests want a mean loss below 0.25 nats on held-out data with four classes, for which guessing costs 1.39, after 400 steps.

# %% ex="fit_and_predict" part="solution"
def fit_and_predict(obs: torch.Tensor, acts: torch.Tensor, query: torch.Tensor, n_actions: int, width: int = 64, steps: int = 400,
                    batch_size: int = 128, lr: float = 3e-3, device: str = "cpu", seed: int = 0) -> torch.Tensor:
    """obs (N, d) float, acts (N,) int64, query (M, d). Returns logits (M, n_actions) on the CPU."""
    torch.manual_seed(seed)
    ### BEGIN SOLUTION
    net = torch.nn.Sequential(torch.nn.Linear(obs.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(),
                              torch.nn.Linear(width, n_actions)).to(device)
    obs, acts = obs.to(device), acts.to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        rows = torch.randint(len(obs), (batch_size,), device=device)
        loss = F.cross_entropy(net(obs[rows]), acts[rows])
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        return net(query.to(device)).cpu()
    ### END SOLUTION

# %% ex="fit_and_predict" part="test" points=4
# check: shape, without gradient
def _quadrants(n, seed):
    """Points of the plane, sorted by their label: which quadrant (turned by 45 degrees) they lie in."""
    x = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))
    label = (x[:, 0] + x[:, 1] > 0).long() * 2 + (x[:, 0] - x[:, 1] > 0).long()
    order = label.argsort()
    return x[order], label[order]

_x, _y = _quadrants(3000, 0)
_q, _a = _quadrants(1000, 1)
_logits = fit_and_predict(_x, _y, _q, 4)
assert _logits.shape == (1000, 4) and not _logits.requires_grad, "return one row of logits for every query, without gradient"
# check: held-out loss
_loss = float(F.cross_entropy(_logits, _a))
assert _loss < 0.25, (f"held-out loss {_loss:.2f}, must be below 0.25 (guessing: 1.39). Does every step use fresh rows of the *whole* data (it is sorted by label), "
                      "the same rows for obs and acts, zero_grad, backward, step? Are these logits, not probabilities?")
### BEGIN HIDDEN TESTS
# check: held-out loss on other seeds
for _seed in range(1, 4):
    _x, _y = _quadrants(3000, 10 + _seed)
    _q, _a = _quadrants(1000, 20 + _seed)
    _loss = float(F.cross_entropy(fit_and_predict(_x, _y, _q, 4, seed=_seed), _a))
    assert _loss < 0.25, f"seed {_seed}: held-out loss {_loss:.2f}, must be below 0.25"
# check: seed
_r = fit_and_predict(_x, _y, _q, 4, steps=5, seed=3)
assert torch.allclose(_r, fit_and_predict(_x, _y, _q, 4, steps=5, seed=3)), "the same seed must give the same network"
# check: logits
_far = fit_and_predict(_x, _y, 3 * _q, 4, seed=2)
assert float(_far.max() - _far.min()) > 4, "these look like probabilities: return logits"
### END HIDDEN TESTS

# %% [markdown] ex="fit_and_predict" part="hint"
# <details><summary>Help: the loss stays near 1.39, or explodes</summary>
#
# 1.39 is log 4: nothing is learned. Is `adam.step()` there? Do `obs[rows]` and `acts[rows]` use the *same* rows? If it grows: gradients add up unless they are
# set to zero, and the loss is to go down, not up.
#
# </details>

# %% [markdown]
# ### Your network at scale
#
# How much does a clone gain from more demonstrations, at the same number of gradient steps? Held-out loss of eleven-level steering, by the number of pairs.

# %%
from course_lib.rl.rollouts import expert, rollout

import time

machine = scale()
most, width, batch = (2_000_000, 1024, 8192) if machine.gpu else (20_000, 64, 128)
levels = Drive(horizon=100, levels=11, sensor_noise=0.1, gusts=0.1)

def pairs_of(n, seed):
    """About n pairs of observation and action by the expert."""
    obs, acts, _ = rollout(levels, expert(levels), n // 100, np.random.default_rng(seed)).demonstrations().flat()
    return torch.from_numpy(obs), torch.from_numpy(acts)

x, y = pairs_of(most, 0)
q, a = pairs_of(5_000, 1)
for n in (most // 100, most // 10, most):
    begin = time.perf_counter()
    loss = F.cross_entropy(fit_and_predict(x[:n], y[:n], q, 11, width=width, steps=2_000, batch_size=batch, device=machine.device), a)
    print(f"{n:>9,} pairs on {machine.device}: held-out loss {float(loss):.3f}, {time.perf_counter() - begin:.1f} s")

# %% [markdown] ex="why_shake" part="task" difficulty=2 importance=4 minutes=20
# ## 9. In your own words
#
# In about 150 words: why does shaking the wheel help a clone, although its labels are exactly as good as before? Say which *distribution* it changes. And name one situation in which
# it would be unwise or would not help, and what you would do there.
#
# *Rubric, one point each:* the clone's own mistakes lead it to states that the unshaken expert never visits; shaking moves the distribution of *states* (not of labels) towards those;
# a real limit (danger while shaking, errors of the clone that are unlike the noise, a sigma that is too large for the expert to recover from); a remedy that fits that limit.

# %% [markdown] ex="why_shake" part="written" points=4
# A clone's small errors carry it to states that a clean expert never visits, so nothing in the data says what to do there, and errors lead to more errors. Shaking changes the distribution of
# the *states* in the data, not the labels: it moves the car off the line in many small ways, and records how the expert comes back. It is as if the training distribution were widened towards
# the clone's own. It would be unwise in a real car among people, and it does not help if the clone's errors are not like the noise: a clone that is always a little late errs
# in the same direction for a long time, which independent noise almost never does. There I would collect labels in the states that the clone itself visits (DAgger), in a simulator or with a
# safety driver, or fit the noise to the clone's own errors, as DART proposes.

# %% [markdown]
# ## What you have built
#
# The same expert, the same number of labels, two clones: one from clean drives, one from shaken ones. The demonstrations, the distance and the exponent are yours.

# %%
import matplotlib.pyplot as plt

from course_lib.data import Demonstrations, Trajectory
from course_lib.imitation import behavior_cloning
from course_lib.show import figure

def clone_of(sigma, seed):
    """A clone of 10 drives of 100 steps under shaking."""
    obs, acts = shaken_demonstrations(sigma, 10, 101, seed)
    drives = [Trajectory(obs[:, i], acts[:-1, i], np.zeros(100)) for i in range(10)]
    return behavior_cloning(world, Demonstrations(drives), seed=seed, epochs=60, lr=3e-3)[0]

T = np.array([25, 35, 50, 71, 100, 141, 200])
fig, ax = plt.subplots()
for sigma, label in ((0.0, "clean"), (0.3, "shaken")):
    own = [rollout(world, clone_of(sigma, seed).greedy, 200, np.random.default_rng(seed)) for seed in range(4)]
    costs = np.concatenate([np.cumsum(1 - o.rews, 0)[T - 1] for o in own], 1)  # (H, drives)
    ax.plot(T, costs.mean(1), marker="o", label=label)
    away = state_distance(np.concatenate([o.states[..., 0].ravel() for o in own]), shaken_demonstrations(0, 200, 200, 9)[0][..., 0].ravel(), np.linspace(-3, 3, 61))
    try:
        grows = f"growing as T^{growth_exponent(T, costs):.1f}"
    except ValueError:
        grows = "too rarely to fit how it grows"
    print(f"{label}: {costs[-1].mean():.1f} of 200 steps off the road, {grows}; state distance to the expert {away:.2f}")
ax.set(xlabel="steps T", ylabel="steps off the road")
ax.legend()
figure(fig, caption="Steps off the road of clones from clean and from shaken demonstrations, with equally many labels (4 seeds, 200 drives each).",
       alt="Two curves over the number of steps: the clone of clean drives leaves the road more and more; the printed lines give both final numbers.")
