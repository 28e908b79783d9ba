# %% [markdown]
# # Problem set 2: DAgger
#
# You will write what an interactive learner stands on: the mixture of two drivers, what a schedule really lets the learner do, the bookkeeping of a person who takes
# over, a mixture of policies that grows, a loss that knows which mistakes are dear, a rule for whom to bother with a question, and a whole DAgger that never keeps its data. At the end
# it drives through fog, and a larger one runs a robot.
#
# **You need first** notebook 02. **It takes** about three and a half hours. Every exercise has a cell with tests right below it: run it as often as
# you like; its messages say what to look at. `course check ps2` in a terminal marks everything, with further tests on other inputs.
# An answer that passes every named check has all the points; otherwise it has the share of checks that pass, of half the points.
#
# Replace `raise NotImplementedError()` by your code. Please keep the names and the arguments.

# %%
import numpy as np
import torch
from torch.nn import functional as F

from course_lib.envs import Drive
from course_lib.machine import scale, settle

settle()
world = Drive(horizon=100, gusts=0.1, sensor_noise=0.2)  # notebook 02's foggy road

# %% [markdown] ex="mixture_log_prob" part="task" difficulty=2 importance=4 minutes=20
# ## 1. How likely is what the pair of them did?
#
# In each step of DAgger's drives the expert acts with probability $\beta$, else the learner. For discrete actions the driver $\pi = \beta\pi^* + (1-\beta)\hat\pi$ is again a policy. Given both
# policies' **logits** and the actions that were taken, return
#
# $$\log \pi(a_b \mid s_b) = \log\big(\beta_b\, \pi^*(a_b \mid s_b) + (1-\beta_b)\, \hat\pi(a_b \mid s_b)\big)$$
#
# for every row $b$. It must be right for $\beta_b = 0$ and $1$ too, and stay finite where both find the action so unlikely that its probability underflows to 0.

# %% ex="mixture_log_prob" part="solution"
def mixture_log_prob(expert_logits: torch.Tensor, learner_logits: torch.Tensor, beta: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    """log-probability of each action under β·expert + (1−β)·learner.

    expert_logits, learner_logits (B, A) float; beta (B,) in [0, 1]; actions (B,) int64. Returns (B,).
    """
    ### BEGIN SOLUTION
    rows = torch.arange(len(actions))
    expert, learner = (torch.log_softmax(x, -1)[rows, actions] for x in (expert_logits, learner_logits))
    return torch.logaddexp(beta.log() + expert, (1 - beta).log() + learner)
    ### END SOLUTION

# %% ex="mixture_log_prob" part="test" points=3
# check: shape
_e, _l = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]]).log(), torch.tensor([[0.2, 0.8]] * 3).log()
_got = mixture_log_prob(_e, _l, torch.tensor([0.5, 1.0, 0.25]), torch.tensor([0, 0, 1]))
_want = torch.tensor([0.55, 0.9, 0.625]).log()
assert _got.shape == (3,), f"one number a row: expected shape (3,), got {tuple(_got.shape)}"
# check: three rows by hand
assert torch.allclose(_got, _want, atol=1e-5), (
    f"expected {_want.numpy().round(4)}, got {_got.detach().numpy().round(4)}. Mix *probabilities* (not logits, not log-probabilities); beta is the expert's share")
### BEGIN HIDDEN TESTS
# check: against another implementation
import torch.distributions as _D
for _seed in range(4):
    _g = torch.Generator().manual_seed(_seed)
    _e, _l = torch.randn(9, 5, generator=_g) * 3, torch.randn(9, 5, generator=_g) * 3 + 7
    _b, _a = torch.rand(9, generator=_g), torch.randint(5, (9,), generator=_g)
    _mix = _D.MixtureSameFamily(_D.Categorical(torch.stack([_b, 1 - _b], -1)), _D.Categorical(logits=torch.stack([_e, _l], 1)))
    assert torch.allclose(mixture_log_prob(_e, _l, _b, _a), _mix.log_prob(_a), atol=1e-4), "differs from the mixture's log-probability: are both sets of logits normalised, each over the actions?"
# check: very unlikely actions
_far = mixture_log_prob(torch.tensor([[0.0, -400.0]]), torch.tensor([[0.0, -300.0]]), torch.tensor([0.5]), torch.tensor([1]))
assert torch.isfinite(_far).all() and abs(float(_far) + 300.6931) < 1e-2, f"an action with log-probabilities −400 and −300: expected −300.69, got {float(_far):.2f}. Do not leave the logarithm: log(β) + …, then logaddexp"
# check: β = 0 and β = 1
_ends = mixture_log_prob(_e[:2], _l[:2], torch.tensor([0.0, 1.0]), _a[:2])
assert torch.allclose(_ends, torch.stack([_l[0].log_softmax(-1)[_a[0]], _e[1].log_softmax(-1)[_a[1]]]), atol=1e-5), "with β = 0 it is the learner, with β = 1 the expert"
### END HIDDEN TESTS

# %% [markdown] ex="mixture_log_prob" part="hint"
# <details><summary>Help: my numbers are between the right ones</summary>
#
# $\beta \log p + (1-\beta)\log q$ is not $\log(\beta p + (1-\beta) q)$. Each summand in the log domain is a log-weight *plus* a log-probability; `torch.logaddexp` adds what they stand for.
#
# </details>

# %% [markdown] ex="own_steps" part="task" difficulty=2 importance=4 minutes=20
# ## 2. What a schedule lets the learner do
#
# A learner's mistakes can add up only while *it* drives, several steps in a row. Under a schedule $\beta_1, \dots, \beta_R$, with $n$ drives of $T$ steps in each round and the driver drawn in every step anew, compute the
# **expected number of states that follow $k$ steps of the learner's own**: states after step $t$ ($k \le t \le T$) such that the steps $t-k+1, \dots, t$ were all the learner's. Add up over all drives and rounds.
#
# (If you want to know before you write it: with two rounds of five drives of 100 steps, $\beta = 1$ and $14/15$, and $k = 5$, is it about 100, 10, or less than one?)

# %% ex="own_steps" part="solution"
def own_steps(betas: list[float], k: int, n: int, T: int) -> float:
    """Expected number of states that were reached by at least k learner's steps in a row. k >= 1."""
    ### BEGIN SOLUTION
    return sum(n * max(T - k + 1, 0) * (1 - beta) ** k for beta in betas)
    ### END SOLUTION

# %% ex="own_steps" part="test" points=2
# check: one step
assert own_steps([1.0, 0.0], 1, 3, 10) == 30, "round 1 is all the expert's; in round 2 the learner drives all of 3 × 10 steps, and each is followed by a state"
# check: several in a row
assert own_steps([0.0], 4, 1, 10) == 7, "after 10 steps of its own, the states after steps 4, 5, …, 10 follow 4 in a row: that is 7"
assert abs(own_steps([0.75], 2, 1, 3) - 2 * 0.0625) < 1e-12, "k steps in a row are the learner's with probability (1 − β)^k"
### BEGIN HIDDEN TESTS
# check: drives that are too short
assert own_steps([0.2, 0.4], 12, 5, 8) == 0, "in drives of 8 steps nobody drives 12 in a row"
# check: against a simulation
_rng = np.random.default_rng(0)
for _betas, _k, _T in (([0.5, 0.2], 3, 20), ([0.9, 0.6, 0.3, 0.0], 2, 15)):
    _count = 0
    for _b in _betas:
        _own = _rng.random((20_000, _T)) >= _b
        _count += sum(_own[:, t - _k + 1:t + 1].all(1).mean() for t in range(_k - 1, _T))
    assert abs(own_steps(_betas, _k, 1, _T) / _count - 1) < 0.02, f"betas {_betas}, k {_k}, T {_T}: a simulation gives {_count:.3f}, you say {own_steps(_betas, _k, 1, _T):.3f}"
    assert abs(own_steps(_betas, _k, 7, _T) / own_steps(_betas, _k, 1, _T) - 7) < 1e-9, "seven drives a round give seven times as many"
# check: the schedule of the notebook
assert own_steps([1, 14 / 15], 5, 5, 100) < 1, "two rounds at β = 1 and 14/15: less than one state after five steps of the learner's own"
### END HIDDEN TESTS

# %% [markdown] ex="own_steps" part="hint"
# <details><summary>Help: I am off by a little</summary>
#
# How many values can $t$ take from $k$ to $T$, both included? And the expectation of a sum is the sum of the expectations, so overlapping windows need no care.
#
# </details>

# %% [markdown] ex="corrections" part="task" difficulty=3 importance=4 minutes=25
# ## 3. When somebody took over
#
# A person watches. `hands[t]` says whether they held a key in step $t$. A **correction** is a stretch of steps `[start, stop)` in which they drove. People tap: a pause of at most
# `grace` steps *between* two presses belongs to the correction; after a longer one they had let go. A pause never begins or ends a correction. Return all of them, in order.

# %% ex="corrections" part="solution"
def corrections(hands: np.ndarray, grace: int) -> list[tuple[int, int]]:
    """hands (T,) bool. Returns [(start, stop), ...]: the first step of each correction, and the step after its last press."""
    ### BEGIN SOLUTION
    found = []
    for t in np.flatnonzero(hands).tolist():
        if found and t - found[-1][1] <= grace:
            found[-1] = (found[-1][0], t + 1)
        else:
            found.append((t, t + 1))
    return found
    ### END SOLUTION

# %% ex="corrections" part="test" points=3
# check: pauses and the end
_hands = np.array([c == "#" for c in "..##.#...#####"])
_got = [tuple(int(x) for x in c) for c in corrections(_hands, 1)]
assert _got == [(2, 6), (9, 14)], f"expected [(2, 6), (9, 14)], got {_got}: a pause of one step is bridged, one of three is not; the last press may be the last step"
# check: a pause of exactly grace steps
_got = [tuple(int(x) for x in c) for c in corrections(_hands, 3)]
assert _got == [(2, 14)], f"with grace 3 a pause of *exactly* three steps is bridged: expected [(2, 14)], got {_got}"
### BEGIN HIDDEN TESTS
# check: another grace
_plain = lambda found: [tuple(int(x) for x in c) for c in found]
assert _plain(corrections(np.array([c == "#" for c in "..##.#...#####"]), 2)) == [(2, 6), (9, 14)], "with grace 2 a pause of three steps is a letting go"
# check: corners
assert _plain(corrections(np.zeros(5, bool), 2)) == [], "nobody took over: an empty list"
assert _plain(corrections(np.array([True, False, True, False, False]), 0)) == [(0, 1), (2, 3)], "with grace 0 every release ends a correction; the pause at the end belongs to nobody"
assert _plain(corrections(np.array([False, True, False, False]), 5)) == [(1, 2)], "a pause that no press follows is no part of the correction, however patient you are"
# check: what every answer must satisfy
_rng = np.random.default_rng(0)
for _grace in (0, 1, 4):
    _h = _rng.random(200) < 0.3
    _found = _plain(corrections(_h, _grace))
    _inside = np.zeros(200, bool)
    for _a, _b in _found:
        _inside[_a:_b] = True
        assert _h[_a] and _h[_b - 1], "a correction begins and ends with a press"
    assert _inside[_h].all(), "every press lies in a correction"
    assert all(c[0] - b[1] > _grace for b, c in zip(_found, _found[1:])), "between two corrections there are more than `grace` steps"
    _quiet = np.split(_inside & ~_h, np.flatnonzero(np.diff(_inside & ~_h)) + 1)
    assert max((len(q) for q in _quiet if q[0]), default=0) <= _grace, "a correction holds no pause longer than `grace`"
### END HIDDEN TESTS

# %% [markdown] ex="corrections" part="hint"
# <details><summary>Help: what is the length of a pause?</summary>
#
# If the last press was in step 5 (so the correction so far stops at 6) and the next is in step 9, the pause is steps 6, 7, 8: three, which is 9 − 6.
#
# </details>

# %% [markdown] ex="searn_shares" part="task" difficulty=3 importance=3 minutes=25
# ## 4. Who is driving now?
#
# SMILe replaces *the expert's* share. SEARN (Daumé, Langford and Marcu, 2009), its elder, replaces a part of *the whole mixture* in each round:
#
# $$\pi^n = (1-\alpha_n)\,\pi^{n-1} + \alpha_n\,\hat\pi^n, \qquad \pi^0 = \pi^*,$$
#
# with an $\alpha_n$ of its own in each round. After $N$ rounds the expert's share is removed and the others are scaled up to sum to 1. Return the shares of $\hat\pi^1, \dots, \hat\pi^N$. If the expert still has everything
# (all $\alpha_n = 0$), there is nothing to scale up: raise a `ValueError`.

# %% ex="searn_shares" part="solution"
def searn_shares(alphas: list[float]) -> np.ndarray:
    """alphas: α_1 … α_N, each in [0, 1]. Returns (N,), summing to 1."""
    ### BEGIN SOLUTION
    shares = np.array([1.0])  # the expert first
    for alpha in alphas:
        shares = np.append((1 - alpha) * shares, alpha)
    if shares[0] == 1:
        raise ValueError("the expert still has all of it")
    return shares[1:] / shares[1:].sum()
    ### END SOLUTION

# %% ex="searn_shares" part="test" points=3
# check: shape and sum
_got = np.asarray(searn_shares([0.5, 0.5]))
assert _got.shape == (2,), f"one share for each trained policy, none for the expert: expected shape (2,), got {_got.shape}"
assert abs(_got.sum() - 1) < 1e-12, "without the expert the shares must sum to 1 again"
# check: two rounds by hand
assert np.allclose(_got, [1 / 3, 2 / 3]), f"expert ¼, first ¼, second ½: without the expert 1/3 and 2/3, got {_got}. Later rounds take from *all* earlier policies"
### BEGIN HIDDEN TESTS
# check: α = 1 and α = 0
assert np.allclose(searn_shares([0.1, 1.0]), [0, 1]), "with α = 1 the newest policy takes everything"
assert np.allclose(searn_shares([0.2, 0.0, 0.5]), np.array([0.2 * 0.5, 0, 0.5]) / 0.6), "a round with α = 0 adds a policy that has no share"
# check: against a simulation
_rng = np.random.default_rng(0)
for _N in (1, 4, 9):
    _a = _rng.uniform(0.05, 0.6, _N)
    _who = np.zeros(400_000, int)  # 0: the expert
    for _n, _alpha in enumerate(_a, 1):
        _who[_rng.random(len(_who)) < _alpha] = _n
    _share = np.bincount(_who, minlength=_N + 1)[1:] / (_who > 0).sum()
    assert np.abs(searn_shares(_a.tolist()) - _share).max() < 0.01, f"alphas {_a.round(2)}: a simulation gives {_share.round(3)}, you say {np.round(searn_shares(_a.tolist()), 3)}"
# check: the expert still has everything
try:
    searn_shares([0.0, 0.0])
    assert False, "all α = 0: the expert has everything, and a ValueError is due"
except ValueError:
    pass
### END HIDDEN TESTS

# %% [markdown] ex="searn_shares" part="hint"
# <details><summary>Help: which factors does policy j keep?</summary>
#
# It gets $\alpha_j$ when it comes, and is multiplied by $1-\alpha_k$ in every *later* round $k > j$. The first policies shrink; in SMILe the last ones are the small ones.
#
# </details>

# %% [markdown] ex="cost_sensitive_loss" part="task" difficulty=3 importance=4 minutes=25
# ## 5. Not all mistakes are equal
#
# DAgger counts how often the learner differs from the expert. But steering a little late on a straight road costs nothing, and in a bend it costs the car. AggreVaTe (Ross and Bagnell, 2014) asks the expert another question:
# *what would it cost if the learner did $a$ here, and you took over afterwards?* The answers are costs-to-go $Q^*(s, a)$, and the loss is how much more the learner's choice costs on average than the best one:
#
# $$L = \frac1{B}\sum_{b=1}^{B} \sum_a \pi_\theta(a \mid s_b)\,\big[Q^*(s_b, a) - \min_{a'} Q^*(s_b, a')\big],\qquad \pi_\theta = \mathrm{softmax}(\text{logits}).$$

# %% ex="cost_sensitive_loss" part="solution"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    """logits (B, A); cost_to_go (B, A), the expert's answers (lower is better). Returns a scalar tensor, 0 at best."""
    ### BEGIN SOLUTION
    regret = cost_to_go - cost_to_go.min(-1, keepdim=True).values  # (B, A)
    return (torch.softmax(logits, -1) * regret).sum(-1).mean()
    ### END SOLUTION

# %% ex="cost_sensitive_loss" part="test" points=3
# check: one number
_costs = torch.tensor([[3.0, 1.0, 1.5], [10.0, 10.0, 40.0]])
_even = cost_sensitive_loss(torch.zeros(2, 3), _costs)
assert torch.is_tensor(_even) and _even.ndim == 0, "return one number, as a tensor without dimensions"
# check: even probabilities
assert abs(float(_even) - (2.5 / 3 + 10.0) / 2) < 1e-5, (
    f"with even probabilities: expected {(2.5 / 3 + 10) / 2:.4f}, got {float(_even):.4f}. Subtract each row's own smallest cost; add over actions; take the mean over rows")
# check: always the cheapest
_sure = cost_sensitive_loss(torch.tensor([[-50.0, 50.0, -50.0], [50.0, -50.0, -50.0]]), _costs)
assert abs(float(_sure)) < 1e-5, "a learner that always does the cheapest has no loss"
### BEGIN HIDDEN TESTS
# check: random costs
for _seed in range(4):
    _g = torch.Generator().manual_seed(_seed)
    _z, _q = torch.randn(6, 4, generator=_g, dtype=torch.float64), 5 * torch.randn(6, 4, generator=_g, dtype=torch.float64) + 30
    _p = _z.exp() / _z.exp().sum(1, keepdim=True)
    _sum = sum(float(_p[b, a]) * (float(_q[b, a]) - float(_q[b].min())) for b in range(6) for a in range(4))
    assert abs(float(cost_sensitive_loss(_z, _q)) - _sum / 6) < 1e-6, f"on random costs: expected {_sum / 6:.4f}, got {float(cost_sensitive_loss(_z, _q)):.4f}"
# check: gradient
_z = torch.zeros(2, 3, requires_grad=True)
cost_sensitive_loss(_z, _costs).backward()
assert _z.grad is not None and _z.grad[1, 2] > 5 * _z.grad[0].abs().max(), "the gradient must be largest where a mistake is dearest (row 2, action 3)"
# check: the same cost for all
assert abs(float(cost_sensitive_loss(torch.zeros(2, 3), _costs + 100)) - float(_even)) < 1e-4, "adding the same cost to every action of a row changes nothing"
### END HIDDEN TESTS

# %% [markdown] ex="cost_sensitive_loss" part="hint"
# <details><summary>Help: is this not cross-entropy with weights?</summary>
#
# No logarithm here: it is an expected cost. The probabilities multiply costs, and an action that costs as little as the best one is no mistake at all.
#
# </details>

# %% [markdown] ex="ask_where_unsure" part="task" difficulty=3 importance=4 minutes=25
# ## 6. Bother the expert only where it helps
#
# "Not ideal", says *Teaching robots right and wrong* of an expert who has to answer everywhere. Train an **ensemble** of $K$ policies and ask only where they disagree. The disagreement about a state is the variance of the $K$ predicted actions
# (divide by $K$), added over the $D$ dimensions of the action. Choose the `budget` states with the largest disagreement; of equals the earlier one first; and never a state on which all agree (disagreement at most $10^{-12}$), even if budget is left.

# %% ex="ask_where_unsure" part="solution"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    """predictions (K, N, D): what each of K policies would do in each of N states. Returns (N,) bool: ask here?"""
    ### BEGIN SOLUTION
    doubt = predictions.var(0).sum(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(-doubt, kind="stable")[:budget]] = True
    return ask & (doubt > 1e-12)
    ### END SOLUTION

# %% ex="ask_where_unsure" part="test" points=3
# check: a bool for each state
_predictions = np.array([[[0.0, 0.0], [1.0, 1.0], [0.0, 5.0], [0.0, 0.0]],
                         [[0.0, 0.0], [2.0, 2.0], [3.0, 5.0], [0.0, 1.0]]])  # disagreement 0, 0.5, 2.25, 0.25
_got = np.asarray(ask_where_unsure(_predictions, 2))
assert _got.shape == (4,) and _got.dtype == bool, f"one bool for each state: expected shape (4,), got {_got.shape} of {_got.dtype}"
# check: the largest disagreement
assert _got.tolist() == [False, True, True, False], f"the policies disagree most about states 1 and 2; you would ask about {np.flatnonzero(_got).tolist()}. Variance over the *policies*, added over the action's dimensions"
# check: where all agree
assert np.asarray(ask_where_unsure(_predictions, 4)).tolist() == [False, True, True, True], "nobody needs to be asked about state 0: all agree there"
### BEGIN HIDDEN TESTS
# check: against a plain computation
_rng = np.random.default_rng(0)
for _K, _N, _D, _budget in ((3, 30, 1, 7), (5, 50, 4, 20), (2, 10, 2, 0), (4, 6, 3, 9)):
    _p = _rng.normal(size=(_K, _N, _D)) * _rng.uniform(0, 3, (1, _N, _D))
    _doubt = [sum(float(np.mean((_p[:, i, d] - _p[:, i, d].mean()) ** 2)) for d in range(_D)) for i in range(_N)]
    _want = sorted(sorted(range(_N), key=lambda i: -_doubt[i])[:_budget])
    assert np.flatnonzero(ask_where_unsure(_p, _budget)).tolist() == _want, f"K {_K}, N {_N}, D {_D}, budget {_budget}: expected states {_want}"
# check: equals
_equal = np.zeros((2, 6, 1))
_equal[1, 1:] = 1.0
assert np.flatnonzero(ask_where_unsure(_equal, 3)).tolist() == [1, 2, 3], "of equals the earlier one is asked first"
# check: variances
_two = np.array([[[0.0, 0.0], [0.0, 0.0]], [[2.0, 2.0], [3.0, 0.0]]])  # variances 1 + 1 and 2.25 + 0
assert ask_where_unsure(_two, 1).tolist() == [False, True], "add variances, not standard deviations"
### END HIDDEN TESTS

# %% [markdown] ex="ask_where_unsure" part="hint"
# <details><summary>Help: which axis is which?</summary>
#
# Axis 0 are the policies: variance over it leaves (N, D). Then add over the last axis. For "the earlier of equals", sort with `kind="stable"` and think about which order `argsort` gives.
#
# </details>

# %% [markdown] ex="dagger_ridge" part="task" difficulty=4 importance=5 minutes=50
# ## 7. A DAgger that keeps no data
#
# For a *linear* policy $u = w^\top x$, with $x = (\text{the three readings}, 1)$, ridge regression on everything aggregated so far needs only two sums:
#
# $$A = \lambda I + \sum x x^\top,\qquad b = \sum x\,u^*,\qquad w = A^{-1} b .$$
#
# So a DAgger for it needs no data set at all. Write it: round $i$ makes $n$ drives of $T$ steps; in every step and for every car a fresh random number decides, expert with probability $\beta_i$, else the learner with the $w$ of the **last round** (before the first: $w = 0$).
# In every step the expert's answer goes into the sums, whoever drives. After each round solve for $w$. The regularisation acts on all four numbers.
#
# Use `world.initial(n, rng)`, `world.observe(state)` (the readings, (n, 3)), `world.expert(state)` ((n, 1)) and `world.step(state, action, rng)` (which returns next state, reward, terminated); actions are (n, 1). Draw everything at random from `rng`. The car itself
# cuts steering off at ±1. Return the weights after each round, and every state that you asked the expert about.

# %% ex="dagger_ridge" part="solution"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns weights (rounds, 4) and states (rounds, T, n, 9), each state as it was before the step."""
    rng = np.random.default_rng(seed)
    ### BEGIN SOLUTION
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        for _ in range(T):
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)  # (n, 4)
            label = world.expert(state)  # (n, 1)
            A += x.T @ x
            b += x.T @ label[:, 0]
            states.append(state)
            action = np.where(rng.random((n, 1)) < beta, label, x @ w[:, None])
            state, _, _ = world.step(state, action, rng)
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)
    ### END SOLUTION

# %% ex="dagger_ridge" part="test" points=5
# check: shapes
def _inputs(states):
    """Readings and a 1, and the expert's answers, in float64."""
    flat = states.reshape(-1, 9)
    return np.concatenate([world.observe(flat), np.ones((len(flat), 1))], 1).astype(float), world.expert(flat)[:, 0].astype(float)
_w, _s = dagger_ridge([1.0, 0.5, 0.0], 4, 60, 0.5, seed=0)
assert _w.shape == (3, 4) and _s.shape == (3, 60, 4, 9), f"expected shapes (3, 4) and (3, 60, 4, 9), got {_w.shape} and {_s.shape}"
# check: weights of each round
_x, _y = _inputs(_s[0])
_first = np.linalg.solve(0.5 * np.eye(4) + _x.T @ _x, _x.T @ _y)
assert np.allclose(_w[0], _first, atol=1e-4), f"after round 1 the weights should be {_first.round(3)}, got {_w[0].round(3)}: are the labels the expert's, with the readings from *before* the step?"
_x, _y = _inputs(_s)
_last = np.linalg.solve(0.5 * np.eye(4) + _x.T @ _x, _x.T @ _y)
assert np.allclose(_w[2], _last, atol=1e-4), f"after round 3 the weights should fit *all* states so far, {_last.round(3)}; got {_w[2].round(3)}"
# check: who drives with what
_own = np.clip(np.concatenate([world.observe(_s[2, :-1].reshape(-1, 9)), np.ones((59 * 4, 1))], 1) @ _w[1], -1, 1)
assert np.allclose(_s[2, 1:, :, 4].ravel(), _own, atol=1e-4), "in round 3 (β = 0) every step should be the learner's, with the weights of round 2 (column 4 of a state is the steering that led to it)"
### BEGIN HIDDEN TESTS
# check: weights of every round, and who drove
_betas = [1.0, 0.3, 0.0, 0.8]
_w, _s = dagger_ridge(_betas, 40, 80, 1e-3, seed=3)
_x, _y = (a.reshape(4, -1, *a.shape[1:]) for a in _inputs(_s))
for _i in range(4):
    _xs, _ys = np.concatenate(_x[:_i + 1]), np.concatenate(_y[:_i + 1])
    assert np.allclose(_w[_i], np.linalg.solve(1e-3 * np.eye(4) + _xs.T @ _xs, _xs.T @ _ys), atol=1e-4), f"the weights of round {_i + 1} do not fit the states of rounds 1 to {_i + 1}"
    _steered = _s[_i, 1:, :, 4]
    _theirs = np.abs(_steered - world.expert(_s[_i, :-1].reshape(-1, 9))[:, 0].reshape(79, 40)) < 1e-6
    _ours = np.abs(_steered - np.clip(_x[_i].reshape(80, 40, 4)[:-1] @ (_w[_i - 1] if _i else np.zeros(4)), -1, 1)) < 1e-5
    assert (_theirs | _ours).all(), f"round {_i + 1}: some steps are neither the expert's nor the learner's (with the weights of the round before)"
    _who = _theirs & ~_ours
    assert abs(_who.mean() - _betas[_i]) < 0.03, f"round {_i + 1}: β = {_betas[_i]}, but the expert drove {_who.mean():.2f} of the steps"
    if 0.1 < _betas[_i] < 0.9:
        assert abs(np.corrcoef(_who[:-1].ravel(), _who[1:].ravel())[0, 1]) < 0.1, "draw the driver in every step anew, not once a drive"
        assert _who.mean(0).std() < 0.12 and _who.mean(1).std() < 0.15, "draw for every car on its own"
# check: new drives, seeds and λ
assert not np.allclose(_s[0, 0], _s[1, 0]), "every round makes new drives"
_again = dagger_ridge(_betas, 40, 80, 1e-3, seed=3)
assert np.array_equal(_again[0], _w) and not np.array_equal(dagger_ridge([1.0], 2, 5, 1.0, 0)[1], dagger_ridge([1.0], 2, 5, 1.0, 1)[1]), "the same seed must give the same drives, another seed others"
assert np.abs(dagger_ridge([1.0], 4, 50, 1e6, seed=0)[0]).max() < 1e-3, "with a huge λ all four weights go to 0"
### END HIDDEN TESTS

# %% [markdown] ex="dagger_ridge" part="hint"
# <details><summary>Help: whose action goes where?</summary>
#
# Two different things happen to an action. The *label*, always the expert's, goes into $b$. The *executed* action, expert's or learner's by the draw, goes into `world.step`. If you write the executed one into $b$, the learner learns from itself.
#
# </details>

# %% [markdown] ex="train_on_rounds" part="task" difficulty=3 importance=4 minutes=40
# ## 8. Scale up
#
# A large network is not trained from scratch in every round. Keep **one** network (two hidden layers of `width` ReLU units), and after each round go on training it with Adam for `steps` minibatches of `batch_size` rows, drawn at random (with replacement is fine)
# from **everything so far**. The loss is the mean squared error. All tensors on `device`; draw at random from torch's own generator, which is seeded for you. Return the network's six tensors as they were after *each* round.
#
# The cell after the tests puts it to work on a robot of MuJoCo, with an expert that is trained before your eyes: with a GPU 512 units and a long-trained expert, on two CPU cores 64 units and a shorter one, under two minutes in all. The tests
# want a mean squared error below 0.05 on held-out data of *all* rounds, whose targets have a variance of about 0.5, after 4 rounds of 400 steps.

# %% ex="train_on_rounds" part="solution"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    """rounds[i] = (obs (N_i, d), acts (N_i, k)), what round i added. Returns [W1 (width, d), b1, W2 (width, width), b2, W3 (k, width), b3] for each round, on the CPU."""
    torch.manual_seed(seed)
    ### BEGIN SOLUTION
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    history = []
    for i in range(len(rounds)):
        obs, acts = (torch.cat([r[j] for r in rounds[:i + 1]]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.randint(len(obs), (batch_size,), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        history.append([p.detach().cpu().clone() for p in net.parameters()])
    return history
    ### END SOLUTION

# %% ex="train_on_rounds" part="test" points=4
# check: shapes
def _forward(weights, x):
    """The network with these six tensors: (N, d) → (N, k)."""
    W1, b1, W2, b2, W3, b3 = weights
    return torch.relu(torch.relu(x @ W1.T + b1) @ W2.T + b2) @ W3.T + b3

def _round(i, n, seed):
    """Round i's states lie in a place of their own; the expert is the same everywhere."""
    x = torch.rand(n, 2, generator=torch.Generator().manual_seed(100 * seed + i)) + torch.tensor([i - 2.0, 0.0])
    return x, torch.stack([torch.sin(3 * x[:, 0]), torch.cos(2 * x[:, 0] - x[:, 1])], 1)

_rounds, _exam = [_round(i, 300, 0) for i in range(4)], [_round(i, 200, 1) for i in range(4)]
_history = train_on_rounds(_rounds)
assert len(_history) == 4 and [tuple(w.shape) for w in _history[0]] == [(64, 2), (64,), (64, 64), (64,), (2, 64), (2,)], "one list of six tensors for each round: [W1, b1, W2, b2, W3, b3]"
# check: copies, and everything so far
_errors = [[float(F.mse_loss(_forward(_history[r], x), y)) for x, y in _exam] for r in (0, 3)]
assert _errors[0][0] < 0.05 < _errors[0][3], "the first list should be the network after round 1, which knows round 1's place and no other: were the tensors copied when the round ended?"
assert max(_errors[1]) < 0.05, f"after round 4 the errors in the four places are {np.round(_errors[1], 3)}, each must be below 0.05. Does every minibatch come from *everything* so far?"
### BEGIN HIDDEN TESTS
# check: detached, and seed
assert not any(w.requires_grad for h in _history for w in h), "return plain tensors, detached"
assert all(torch.equal(a, b) for a, b in zip(train_on_rounds(_rounds[:2], steps=20)[1], train_on_rounds(_rounds[:2], steps=20)[1])), "the same seed must give the same network"
# check: the same network goes on
_short = train_on_rounds(_rounds[:2], steps=3)
assert max(float((a - b).abs().max()) for a, b in zip(*_short)) < 0.03, "three steps cannot move a weight far: go on with the same network, do not start anew in each round"
# check: other seeds
for _seed in (1, 2):
    _more = train_on_rounds([_round(i, 300, 10 + _seed) for i in range(4)], seed=_seed)[-1]
    _worst = max(float(F.mse_loss(_forward(_more, x), y)) for x, y in _exam)
    assert _worst < 0.05, f"seed {_seed}: largest error of the four places {_worst:.3f}, must be below 0.05"
### END HIDDEN TESTS

# %% [markdown] ex="train_on_rounds" part="hint"
# <details><summary>Help: it forgets the first rounds, or all rounds look alike</summary>
#
# Forgets: the minibatches come from the newest round only; concatenate `rounds[:i + 1]`. All alike: the lists hold the live parameters, which go on changing; `clone()` them when the round ends.
#
# </details>

# %% [markdown]
# ### Your network runs
#
# A half-cheetah of MuJoCo. First PPO trains the expert (from its own reward; that takes most of the time). Then your network is taught to run by DAgger: two runs of 250 steps a round, every state labelled by the expert.

# %%
import time

from course_lib.envs.mujoco import Mujoco
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import rollout, uniform

machine, robot, begin = scale(), Mujoco(horizon=250), time.perf_counter()
width, budget = (512, 2_000_000) if machine.gpu else (64, 500_000)
trained, _, _ = ppo(robot, steps=budget, n_envs=32, n_steps=125, batch_size=1000, gamma=0.99, lam=0.95)
teacher = lambda obs, state, rng: np.clip(trained.greedy(obs), -1, 1)
returns = lambda act: rollout(robot, act, 20, np.random.default_rng(1)).returns.mean()
print(f"expert: return {returns(teacher):.0f} after {budget:,} steps of PPO ({time.perf_counter() - begin:.0f} s); at random {returns(uniform(robot)):.0f}")

# %%
def taught(rounds):
    """The actor that your network is after these rounds."""
    weights = train_on_rounds(rounds, width=width, device=machine.device)[-1]
    return lambda obs, state, rng: _forward(weights, torch.from_numpy(obs)).clamp(-1, 1).numpy()

rounds, driver, scores, begin = [], teacher, [], time.perf_counter()
for i in range(6):
    seen = rollout(robot, driver, 2, np.random.default_rng(i)).obs[:-1].reshape(-1, 17)
    rounds.append((torch.from_numpy(seen), torch.from_numpy(teacher(seen, None, None))))
    driver = taught(rounds)
    scores.append(returns(driver))
print(f"your learner, round by round: {np.round(scores)} with {500 * len(rounds):,} labels ({time.perf_counter() - begin:.0f} s on {machine.device})")

# %% [markdown] ex="why_watch" part="task" difficulty=2 importance=4 minutes=20
# ## 9. In your own words
#
# A hospital wants a system to learn, from its doctors, which dose to give. Somebody proposes DAgger: let the system propose doses for real patients in round 2. In about 150 words: why would DAgger be better than cloning *in principle*? Name the
# one thing it needs that is not to be had here, and say what you would do instead and what you would give up by it.
#
# *Rubric, one point each:* cloning sees only states that doctors' doses lead to, DAgger also those that the system's lead to; the learner must act (be in the state) before the expert can be asked about it; a workable alternative (simulator, human-gated
# proposals which a doctor confirms, β near 1 with small deviations, asking about hypothetical states); what the alternative loses.

# %% [markdown] ex="why_watch" part="written" points=4
# A clone is trained on patients as doctors' doses leave them. Its own doses will be slightly different, and after a few of them the patient may be in a state which no doctor would have caused and about which the data say nothing: errors compound. DAgger
# asks the doctors about exactly those states. But it gets there by *acting*: the learner's dose must be given before anybody can be asked what to do next, and harm may be done on the way. I would let the system only propose, and a doctor confirm or
# correct every dose (human-gated): the labels are then in states close to the system's own, because a proposal that a doctor accepts is executed. What is lost are the states after bad proposals, since they are never carried out, so the system does not learn to recover
# from its worst mistakes. A simulator of patients would reach those too, and would be only as good as its model of the body.

# %% [markdown]
# ## What you have built
#
# Your linear DAgger in the fog, with three schedules and the same number of labels: cloning (β = 1 throughout), a schedule that looks careful, and one that lets the learner drive. The printed lines say how often the learner drove ten steps in a
# row under each. Is ten in a row what it takes? Try other values of $k$ in `own_steps`.

# %%
import matplotlib.pyplot as plt

from course_lib.plots import band, marks
from course_lib.claims import interval
from course_lib.show import figure

schedules = {"β = 1: cloning": [1.0] * 8, "β = 1, 14/15, 13/15, …": [1 - i / 15 for i in range(8)], "β = 1, 0, 0, …": [1.0] + [0.0] * 7}
linear = lambda w: lambda obs, state, rng: (obs @ w[:3] + w[3])[:, None]
fig, ax = plt.subplots()
for (name, betas), mark in zip(schedules.items(), marks()):
    off = []
    for seed in range(10):
        weights, _ = dagger_ridge(betas, 2, 100, 1e-3, seed)
        drives = [rollout(world, linear(w), 200, np.random.default_rng(seed), horizon=200) for w in weights]
        off.append([200 - d.returns.mean() for d in drives])
    spread = np.array([interval(column) for column in np.array(off).T])
    band(ax, np.arange(1, 9) * 200, *spread.T, name, mark)
    print(f"{name}: {spread[-1, 0]:.1f} of 200 steps off the road; states after 10 steps of the learner's own: {own_steps(betas, 10, 2, 100):.1f} of 1,600")
ax.set(xlabel="labels", ylabel="steps off the road, of 200", ylim=(0, None))
ax.legend()
figure(fig, caption="A linear driver in the fog, ten seeds (mean and 95 % interval): three schedules of β, the same number of labels.",
       alt="Three curves over the number of labels, all falling. Cloning levels off highest, the careful schedule comes lower, and the one that lets the learner drive from round two is lowest.")
