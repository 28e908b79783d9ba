# %% [markdown]
# # Behaviour cloning, and how small mistakes grow
#
# **You will be able to** clone a driver from demonstrations; say why a clone that makes almost no mistakes *on the expert's
# road* can still leave it, and how fast that grows with the length of the drive; split data so that the held-out score means
# something; recognise a copycat; and say when cloning is the right start all the same.
#
# **You need first:** notebook 00; what a probability distribution and a gradient are; Python with NumPy. What reinforcement
# learning you need is recalled on the way.
#
# **It takes** 60 – 90 minutes with everything there is to do; running it all takes about a minute on two CPU cores.

# %% hidden=true
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from course_lib.claims import Claims, exponent, interval, measurable, normalised
from course_lib.data import Demonstrations, split
from course_lib.envs import CartPole, Drive, Tightrope, tightrope_regret
from course_lib.imitation import behavior_cloning
from course_lib.machine import settle
from course_lib.plots import OKABE_ITO, band, marks, power_guide
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import expert, rollout, uniform
from course_lib.show import figure, show_source, table
from course_lib.widgets import OffTheData, TightropeExplorer

settle()
claims = Claims("01_behavior_cloning")

# %% [markdown]
# ## The idea: make what the expert did likely
#
# An expert drives. We write down pairs of what was seen and what was done, $\{(s_i, a_i)\}_{i=1}^m$. The person in this
# notebook's version of the one idea simply *acts by a policy*, so their evidence has the likelihood $\prod_i \pi_\theta(a_i \mid s_i)$,
# and maximum likelihood is
#
# $$\hat\pi = \arg\max_\pi \sum_{i=1}^m \log \pi(a_i \mid s_i).$$
#
# That is behaviour cloning (Pomerleau, 1989), and also, with tokens for actions, the supervised fine-tuning of language models. For a
# Gaussian policy of fixed spread it is least squares, for a discrete one cross-entropy. The entry point, and the two likelihoods that
# are maximised, as they run in this notebook:

# %%
from course_lib.rl.networks import Categorical, Gaussian

for piece in (behavior_cloning, Categorical.log_prob, Gaussian.log_prob):
    show_source(piece)

# %% [markdown]
# It is supervised learning, and supervised learning promises something about examples drawn *independently* from *one*
# distribution. Neither holds here. Steps of one drive hang together, and the clone, once it drives, chooses its own states. This
# notebook measures what each of these two costs.

# %% [markdown]
# ## The tightrope: one mistake is for ever
#
# ### Play with it
#
# A walker copies an expert on a rope, and in each step errs with a small probability $\epsilon$, independently. One wrong step
# and it is on the ground; every step spent there costs 1. The expert's cost is 0, so the walker's cost is its **regret**. Drag
# the blue point sideways (longer rope) and up or down (more mistakes).

# %%
display(TightropeExplorer())

# %% [markdown]
# ### Predict
#
# With $\epsilon = 0.001$ a walker has a regret of about 0.055 after 10 steps. What is it after 100: ten times as much, a
# hundred times, or something between? Decide before you run on.
#
# ### Run
#
# We let 20,000 walkers walk, with eight seeds, and count.

# %%
epsilon, horizons, seeds = 0.001, np.array([10, 20, 40, 70, 100]), 8

def clumsy(epsilon):
    """An actor that does what the expert does (1), except with probability epsilon."""
    return lambda obs, state, rng: (rng.random(len(obs)) >= epsilon).astype(int)

def walk(seed):
    """Mean cost of 20,000 walkers up to each horizon."""
    walks = rollout(Tightrope(horizon=100), clumsy(epsilon), 20_000, np.random.default_rng(seed))
    return np.cumsum(-walks.rews, 0).mean(1)[horizons - 1]

regret = np.array([walk(seed) for seed in range(seeds)])  # (seeds, horizons)
print("regret after 10 and after 100 steps:", regret.mean(0)[[0, -1]].round(3))

# %% [markdown]
# ### See

# %% hidden=true
spread = np.array([interval(column) for column in regret.T])
steps = np.arange(1, 20_001)
fig, ax = plt.subplots()
band(ax, horizons, *spread.T, "measured", next(marks()))
ax.plot(steps, tightrope_regret(epsilon, steps), color="0.25", lw=1.5, ls="-", label="closed form")
power_guide(ax, [10, 20_000], (10, tightrope_regret(epsilon, 10)), 1, "T")
power_guide(ax, [10, 2000], (10, tightrope_regret(epsilon, 10)), 2, "T²")
ax.set(xscale="log", yscale="log", xlabel="steps T", ylabel="regret", xlim=(5, 40_000), ylim=(0.01, 30_000))
ax.legend()
figure(fig, caption="Regret on the tightrope with ε = 0.001: measured with 8 × 20,000 walkers (mean and 95 % interval) and in closed form. It "
       "grows as T² while εT is small, and as T once everyone has fallen.",
       alt="On logarithmic axes the measured points lie on the closed-form curve, parallel to the guide T squared up to a few hundred "
       "steps; then the curve bends towards slope one.")

# %% [markdown]
# From 10 to 100 steps regret grew by a factor close to $\frac{100\cdot101}{10\cdot 11} \approx 92$, a little less because some have already fallen.
#
# ### Formula
#
# Write $J$ for expected cost. The walker is still up after $t$ steps with probability $(1-\epsilon)^t$, so
#
# $$J(\hat\pi) - J(\pi^*) = \sum_{t=1}^{T} \big[1 - (1-\epsilon)^t\big] = T - \frac{(1-\epsilon)\,(1-(1-\epsilon)^T)}{\epsilon}
# \;\approx\; \epsilon\,\frac{T(T+1)}{2}\quad\text{while } \epsilon T \ll 1 .$$
#
# Up to a factor of 2, this is the worst that can happen: for any expert and any clone that errs with probability $\epsilon$ *in the expert's states*,
#
# $$J(\hat\pi) \le J(\pi^*) + \epsilon T^2 \qquad\text{(Ross and Bagnell, 2010, Theorem 2.1)},$$
#
# with costs of at most 1 a step. (The lecture and the essays this course is built from use $J$ for a cost here and for a reward
# elsewhere; in this notebook it is a cost.) The tightrope is not a strange exception: it shows that the bound's $T^2$ is earned.

# %%
slopes = [exponent(horizons, r) for r in regret]
claims.add("tightrope: measured regret / closed form at T = 100, ε = 0.001",
           regret[:, -1] / tightrope_regret(epsilon, 100), at_least=0.95, at_most=1.05)
claims.add("tightrope: exponent of regret in T while εT ≤ 0.1", slopes, at_least=1.8, at_most=2.0)

# %% [markdown]
# ## The road: nobody said that mistakes are for ever
#
# On a road you can come back. The car has an offset $y$ from the middle of the lane, a heading $\psi$ and a road that bends; regret counts
# the steps with $|y| > 1$, off the road. The grass holds nobody, and the expert finds back from anywhere. So is cloning safe here?
#
# ### Run
#
# Ten demonstrations of 100 steps, a small neural network, twelve seeds. Then we look at two numbers: how wrong the clone is in each
# step *on drives of the expert that it has never seen*, and how much of its *own* drives it spends off the road.

# %%
world = Drive(horizon=100)
horizons = np.array([25, 35, 50, 71, 100, 141, 200])

def study(seed, n_demos=10, n_drives=400):
    """Clone, then measure: error per step on the expert's road, and regret on the clone's own; each by horizon."""
    rng = np.random.default_rng(seed)
    clone, _ = behavior_cloning(world, rollout(world, expert(world), n_demos, rng).demonstrations(), seed=seed, epochs=60, lr=3e-3)
    held_out = rollout(world, expert(world), n_drives, rng, horizon=200)
    guess = clone.greedy(held_out.obs[:-1].reshape(-1, 3)).reshape(held_out.acts.shape)
    error = np.abs(guess - held_out.acts)[..., 0].mean(1)  # (200,)
    own = rollout(world, clone.greedy, n_drives, rng, horizon=200)
    off_road = np.cumsum(1 - own.rews, 0)[horizons - 1]  # (horizons, drives)
    return clone, own, held_out, np.cumsum(error)[horizons - 1] / horizons, off_road

# %%
studies = [study(seed) for seed in range(12)]
errors = np.array([s[3] for s in studies])  # (seeds, horizons)
regrets = np.array([s[4].mean(1) for s in studies])

# %% hidden=true
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6))
for ax, values, label in ((left, errors, "|difference in steering| per step"), (right, regrets, "steps off the road")):
    for row in values:
        ax.plot(horizons, np.where(row > 0, row, np.nan), color=OKABE_ITO[0], lw=0.8, ls="-", alpha=0.4)
    ax.plot(horizons, values.mean(0), color=OKABE_ITO[0], marker="o")
    ax.set(xscale="log", xlabel="steps T", ylabel=label, xticks=horizons[::2], xticklabels=horizons[::2], yscale="log")
    ax.minorticks_off()
left.set_ylim(1e-3, 1)
power_guide(right, [50, 200], (50, regrets.mean(0)[2]), 1, "T")
figure(fig, caption="Twelve clones of a driver. Left: how far their steering (from −1 to 1) is from the expert's, on drives of the expert, does not "
       "grow with the length of the drive. Right: the number of steps they spend off the road grows faster than T. Thick: the mean.",
       alt=f"Left, the mean error per step goes from {errors.mean(0)[0]:.3f} at 25 steps to {errors.mean(0)[-1]:.3f} at 200. Right, the mean "
       f"number of steps off the road goes from {regrets.mean(0)[0]:.2f} to {regrets.mean(0)[-1]:.0f}, steeper than the guide T.")

# %% [markdown]
# The left picture is what supervised learning can see: a clone that is just as good at step 200 as at step 25. The right one is what
# happens when it drives. An exponent is fitted for each clone, using only horizons at which its regret is measurably above 0.

# %%
used = [measurable(s[4]) for s in studies]
growth = [exponent(horizons[m], r[m]) for m, r in zip(used, regrets) if m.sum() >= 3]
drift = [exponent(horizons, e) for e in errors]
print(f"{len(growth)} of {len(studies)} clones leave the road often enough for a fit; exponents {np.round(sorted(growth), 1)}")
claims.add("road: exponent in T of the clone's error per step on held-out expert drives", drift, at_most=0.3)
claims.add("road: exponent in T of the clone's regret", growth, at_least=1.3)

# %% [markdown]
# The theorem does not speak about this car: its $\epsilon$ is the probability of a *different* action, and with continuous steering every action
# differs a little. What carries over is the mechanism, and here it is even steeper for a while: the clone first drifts, unpunished, and only then leaves.
#
# ### Play with it: drive off the data
#
# Why does it not come back? Put the car where you like, and let both drive. The demonstrations begin within 0.2 of the middle.

# %%
worst = int(np.argmax(regrets[:, -1]))
clone = studies[worst][0]
offsets = np.linspace(-2, 2, 41)
start = world.placed(offsets)
paths = {who: rollout(world, act, len(offsets), np.random.default_rng(3), start=start).states.swapaxes(0, 1)
         for who, act in (("expert", expert(world)), ("clone", clone.greedy))}
display(OffTheData(offsets, paths, (-0.2, 0.2)))

# %% [markdown]
# ## See: two distributions of states
#
# The clone is judged in its own states, and was taught in the expert's. Figure 1 of *RLHF: Teaching robots right and wrong* draws the two as
# clouds; here they are, from our drives. How far apart are they? As the **total variation distance** between the two histograms of
# $(y, \psi)$: half the sum of absolute differences, 0 if they are the same, 1 if they do not overlap. And because two samples of the *same*
# driver differ as well, that is the control.

# %%
def occupied(drives):
    """Histogram of (offset, heading) over all steps; it sums to 1."""
    edges = [np.linspace(-3.01, 3.01, 41), np.linspace(-np.pi, np.pi, 41)]
    h = np.histogram2d(drives.states[..., 0].ravel(), drives.states[..., 1].ravel(), edges)[0]
    return h / h.sum()

tv = lambda p, q: 0.5 * np.abs(p - q).sum()
again = [rollout(world, expert(world), 400, np.random.default_rng(1000 + s), horizon=200) for s in range(12)]
shift = np.array([tv(occupied(s[2]), occupied(s[1])) for s in studies])  # expert against clone
control = np.array([tv(occupied(s[2]), occupied(a)) for s, a in zip(studies, again)])  # expert against expert
claims.add("road: state distance expert–clone minus expert–expert (total variation)", shift - control, at_least=0.0)

# %% hidden=true
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.4), sharey=True)
for ax, drives, who in ((axes[0], studies[worst][2], "expert"), (axes[1], studies[worst][1], "clone")):
    ax.hist2d(drives.states[..., 0].ravel(), np.degrees(drives.states[..., 1].ravel()), bins=[np.linspace(-3, 3, 61), np.linspace(-180, 180, 61)],
              cmap="Blues", norm="log")
    ax.axvline(-1, color="0.3", lw=1, ls=":")
    ax.axvline(1, color="0.3", lw=1, ls=":")
    ax.set(title=who, xlabel="offset y [half lanes]")
    ax.grid(False)
axes[0].set_ylabel("heading ψ [degrees]")
figure(fig, caption=f"Where the expert and the worst of the twelve clones are (log scale; dotted: the edges of the road). Mean distance over twelve clones "
       f"{shift.mean():.2f}; two samples of the expert: {control.mean():.3f}.",
       alt="Two density plots over offset and heading. The expert fills a small spot in the middle of the lane; the clone is spread over "
       "the road, the grass on both sides and the fence, at many headings.")

# %% [markdown]
# ## Split by trajectory, or fool yourself
#
# The other broken promise is independence. Two steps of one drive, a fifth of a second apart, are almost the same example. Put one into the
# training set and the other into the held-out set, and the answers have leaked into the exam.
#
# ### Predict
#
# Eight people drive once each. Each aims at a place of their own in the lane. We hold out a quarter of the data, once by step and once by whole
# drives, and ask how often the clone's steering (eleven angles) is exactly the person's. Which held-out accuracy is higher? And which one is
# right about *new* people?

# %%
many = Drive(horizon=100, levels=11)

def people(n, rng):
    """One drive each of n people who aim at places of their own."""
    aim = rng.uniform(-0.9, 0.9, n)
    return rollout(many, lambda obs, state, rng: many.expert(state, aim), n, rng).demonstrations()

# %%
def exam(seed, by_step):
    """(accuracy on the held-out quarter, accuracy on 200 new people)"""
    rng = np.random.default_rng(seed)
    shown, new = people(8, rng), people(200, rng)
    obs, acts, drive = shown.flat()
    groups = np.arange(len(obs)) if by_step else drive
    clone, _ = behavior_cloning(many, shown, seed=seed, groups=groups, held_out=0.25, hidden=(128, 128), epochs=150, lr=5e-3,
                                batch_size=128, patience=60)
    out = split(groups, 0.25, np.random.default_rng(seed))  # the same split that fit makes from this seed
    score = lambda obs, acts: (clone.greedy(obs) == acts).mean()
    return score(obs[out], acts[out]), score(*new.flat()[:2])

# %%
by_step, by_drive = (np.array([exam(seed, how) for seed in range(10)]) for how in (True, False))
rounded = lambda x: "{:.2f}  [{:.2f}, {:.2f}]".format(*interval(x))
table([{"held out": who, "held-out accuracy": rounded(e[:, 0]), "on new people": rounded(e[:, 1]),
        "overstated by": rounded(e[:, 0] - e[:, 1])} for who, e in (("single steps", by_step), ("whole drives", by_drive))])
claims.add("split by step: held-out accuracy minus accuracy on new people", by_step[:, 0] - by_step[:, 1], at_least=0.0)

# %% [markdown]
# The exam by single steps promises more than new people give; the exam by whole drives is nearer to the truth. A likely reason: from where in the lane the car
# is, the network can tell *who* is driving, and answer for that person, which does not help with somebody new. `fit` therefore splits by trajectory unless
# told otherwise. (A little optimism remains in both, because the held-out steps also decide when to stop training.)

# %% [markdown]
# ## The copycat
#
# Now let the camera be noisy, while the person at the wheel sees the road as it is, and let gusts of wind push the car. A good engineer would
# give the clone one more input: the *previous steering*. It is a clean number, and steering changes slowly.
#
# ### Predict
#
# Will the previous steering lower the loss on held-out drives? Will it make the clone drive better?

# %%
foggy = Drive(horizon=200, sensor_noise=0.2, gusts=0.1)
with_previous = replace(foggy, show_previous=True)

def hand_on_the_dial(demos, rng):
    """The intervention: the same drives, with a gauge for the previous steering that we set at random."""
    def turn(t):
        obs = t.obs.copy()
        obs[:, 3] = rng.uniform(-1, 1, len(obs))
        return replace(t, obs=obs)
    return Demonstrations(tuple(turn(t) for t in demos.trajectories))

# %%
def compare_inputs(seed):
    """(held-out loss, share of the drive on the road) for: without previous steering, with it, with it on a turned dial."""
    rows = []
    for car, dial in ((foggy, False), (with_previous, False), (with_previous, True)):
        rng = np.random.default_rng(seed)
        demos = rollout(car, expert(car), 20, rng).demonstrations()
        demos = hand_on_the_dial(demos, rng) if dial else demos
        clone, history = behavior_cloning(car, demos, seed=seed, epochs=40, lr=3e-3)
        own = rollout(car, clone.greedy, 200, np.random.default_rng(500 + seed)).returns.mean()
        rows.append((history.held_out[history.best_epoch], own / car.horizon))
    return rows

# %%
copycat = np.array([compare_inputs(seed) for seed in range(14)])  # (seeds, 3, 2)
names = ["camera only", "camera and previous steering", "the same, trained with our hand on the dial"]
table([{"inputs": n, "held-out loss": rounded(copycat[:, i, 0]), "time on the road": rounded(copycat[:, i, 1])} for i, n in enumerate(names)],
      "Fourteen seeds, mean and 95 % interval. Loss: -log density of the steering, in nats; a density may exceed 1, so it may be negative; lower is better")

# %% [markdown]
# ### See
#
# The loss says that the second clone is the best by far. The road says that it is the worst. In the demonstrations the previous steering was
# *the expert's*, and carried what the expert saw and the camera did not. When the clone drives, the previous steering is *its own*, and
# carries nothing new. It predicts the expert without being a reason for what the expert does: de Haan, Jayaraman and Levine (2019) call this
# **causal confusion**, and clones that repeat their last action are called copycats.
#
# No amount of data of the same kind helps, because the correlation is real. What helps is to *intervene*: break the arrow from the past to
# the gauge. Here we set the gauge at random while the expert drives. The expert, who looks at the road, does not care, and a clone that learns from
# those drives finds the gauge useless. (de Haan et al. search over which inputs to believe by letting each candidate drive a little.)

# %%
loss, road = copycat[..., 0], copycat[..., 1]
claims.add("copycat: change of held-out loss when the previous steering is added", loss[:, 1] - loss[:, 0], at_most=0.0)
claims.add("copycat: change of time on the road when it is added", road[:, 1] - road[:, 0], at_most=0.0)
claims.add("copycat: time on the road regained by the intervention", road[:, 2] - road[:, 1], at_least=0.0)

# %% [markdown]
# ## A good start: cloning before reinforcement learning
#
# "Often surpasses RL when we have access to an expert, but potentially limits performance", says lecture 21 of cloning. Both halves can be measured.
#
# *Recalled:* reinforcement learning looks for a policy with a large **return** (the sum of rewards of an episode); the **value** $V(s)$ is the return
# to be expected from $s$; and a **policy gradient** step makes actions likelier that turned out better than $V$. PPO is a careful way of taking such steps.
#
# A pole is to be balanced on a cart for 200 steps. Each step in which it stands (and the cart is on its track) earns 1; a fallen pole earns nothing, but the episode goes on.
# Our demonstrator looks only at the pole's angle, not at its speed, and
# slips in one step of five: a mediocre teacher. We clone it, hand the clone to PPO, and run PPO from scratch beside it.

# %%
cart = CartPole(horizon=200)

def mediocre(obs, state, rng):
    """Pushes towards the side to which the pole leans; every fifth push is random."""
    push = (state[:, 2] > 0).astype(np.int64)
    return np.where(rng.random(len(push)) < 0.2, rng.integers(2, size=len(push)), push)

# %%
score = lambda act, seed: rollout(cart, act, 200, np.random.default_rng(seed)).returns.mean()
good_enough = lambda curve, policy: curve.returns[-1] >= 185

# %%
def warm_and_cold(seed):
    """Returns of teacher, clone, and clone after PPO; environment steps to a return of 185 from the clone and from scratch."""
    demos = rollout(cart, mediocre, 20, np.random.default_rng(seed)).demonstrations()
    clone, _ = behavior_cloning(cart, demos, seed=seed, epochs=60)
    options = dict(steps=100_000, n_envs=16, n_steps=64, batch_size=256, seed=seed, until=good_enough)
    tuned, _, warm = ppo(cart, policy=clone, critic_first=8, **options)
    _, _, cold = ppo(cart, **options)
    return score(mediocre, seed), score(clone.sampled, seed), score(tuned.sampled, seed), warm, cold

starts = [warm_and_cold(seed) for seed in range(6)]

# %% hidden=true
fig, ax = plt.subplots()
for i, (_, _, _, warm, cold) in enumerate(starts):
    for curve, mark, label in ((warm, OKABE_ITO[0], "PPO from the clone"), (cold, OKABE_ITO[1], "PPO from scratch")):
        ax.plot(np.array(curve.steps) / 1000, curve.returns, color=mark, ls="-" if curve is warm else "--", lw=1.5, label=label if i == 0 else None)
teacher = np.mean([s[0] for s in starts])
ax.axhline(teacher, color="0.4", ls=":")
ax.text(80, teacher + 4, "the teacher", color="0.3", ha="right")
ax.set(xlabel="environment steps [thousands]", ylabel="return of 200", ylim=(0, 205))
ax.legend(loc="lower right")
figure(fig, caption="Six seeds each. The clone starts at its teacher's level and soon passes it; from scratch, much of the time "
       "is spent below the teacher.",
       alt=f"Solid curves start near the teacher's return of {teacher:.0f} and reach 185 within about 25 thousand steps; dashed curves start "
       "near 20 and need several times as many steps.")

# %%
random_return = score(uniform(cart), 0)
speedup = [np.log(cold.steps[-1] / warm.steps[-1]) for *_, warm, cold in starts]
level = lambda k: [normalised(s[k], random_return, 200.0) for s in starts]  # 0: random pushes, 1: the pole never falls
print(f"PPO from the clone needs {np.exp(np.mean(speedup)):.1f} times fewer steps (geometric mean)")
table([{"who": w, "score (random 0, never falling 1)": rounded(level(k))} for k, w in enumerate(["teacher", "clone", "clone after PPO"])])
claims.add("warm start: log(steps from scratch / steps from the clone) to a return of 185", speedup, at_least=np.log(1.5).round(3))
claims.add("warm start: score of the clone minus score of its teacher", np.subtract(level(1), level(0)), at_most=0.1)
claims.add("warm start: score of the clone after PPO", level(2), at_least=0.85)

# %% [markdown]
# Cloning, from 4,000 steps of a teacher, starts where PPO arrives after many more of its own, and stops where its teacher stops. (That PPO ends high is its stopping rule: training stops at a
# return of 185. The claim is that it gets there, and how soon.) With `critic_first=8` the policy is left alone for eight updates while the value network, the *critic*, learns what
# the clone is worth; what happens without it is the third thing to try below.

# %% [markdown]
# ## Break it
#
# Three things to change, from easy to hard. Predict first, then run from the cell you changed.
#
# 1. In `study`, give the clone 40 demonstrations instead of 10. Does the *exponent* change, or only the height of the curve?
# 2. Where `foggy` is defined, set `sensor_noise=0.0`. What does the previous steering do now, and why?
# 3. In the call `ppo(cart, policy=clone, …)` set `critic_first=0`. Then, separately, put `lr=3e-3` into `options` (the default is 1e-3). Does the head start survive?

# %% [markdown]
# ## Claims

# %%
claims.show()

# %% [markdown]
# ## Recall
#
# <details><summary>The clone's error per step on the expert's road does not grow with T. Why does its regret grow faster than T?</summary>
#
# Each small error moves the car a little away from the states in which the expert was seen. There the clone is worse, so it moves further. The error that
# was measured is the error in the expert's states; the regret is collected in the clone's.
#
# </details>
#
# <details><summary>On the tightrope, when does regret stop growing like T²?</summary>
#
# When εT is no longer small. Once nearly every walker has fallen, each further step costs 1, and regret grows like T.
#
# </details>
#
# <details><summary>Your held-out accuracy is 85 %, your clone does badly with new people. What do you check first?</summary>
#
# Whether steps of the same drive are on both sides of the split.
#
# </details>
#
# <details><summary>Why can an input that lowers the validation loss make the policy worse?</summary>
#
# Validation data come from the expert's drives, in which that input was caused by the expert. When the clone drives, the clone causes it. The
# correlation it relied on is gone.
#
# </details>
#
# <details><summary>What can cloning never do that reinforcement learning can?</summary>
#
# Be better than its teacher on purpose: nothing in the likelihood says what the teacher was trying to achieve.
#
# </details>
#
# **What comes next.** All of this notebook's trouble has one cause: the expert was never asked about the states that the *clone* visits. The next notebook asks.

# %% [markdown]
# ## Further reading
#
# - Pomerleau (1989), *ALVINN: an autonomous land vehicle in a neural network*. Cloning a driver, with a network of 29 hidden units.
# - Ross, Bagnell (2010), *Efficient reductions for imitation learning*. The $T^2$ bound, and the tightrope's idea.
# - de Haan, Jayaraman, Levine (2019), [Causal confusion in imitation learning](https://arxiv.org/abs/1905.11979).
# - Hanna, *Learning from Humans*, lecture 21; *RLHF: Teaching robots right and wrong* (2023); *Why do we need RLHF? Imitation, inverse RL, and the role of
#   reward* (15 January 2024), which asks the same question of language models.
