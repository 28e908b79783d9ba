# %% [markdown]
# # DAgger: ask about the states the learner visits
#
# **You will be able to** teach a driver by taking over when it goes wrong; write down DAgger and say what each of its lines is for;
# tell from numbers whether errors compound; say why a DAgger that hardly lets its learner drive is behaviour cloning; compare it with
# SMILe; count what it asks of the expert, and say what a shaky or a tired expert does to it.
#
# **You need first:** notebook 01.
#
# **It takes** 60 – 90 minutes with everything there is to do; running it all takes about a minute on two CPU cores.

# %% hidden=true
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from course_lib.claims import Claims, exponent, interval, measurable
from course_lib.data.store import LabelStore
from course_lib.envs import Drive
from course_lib.humans import Supervisor
from course_lib.imitation import behavior_cloning, dagger, smile
from course_lib.imitation.dagger import labelled, learn, linear, mixed
from course_lib.imitation.smile import mixture, weights, without_expert
from course_lib.machine import settle
from course_lib.plots import OKABE_ITO, band, marks, power_guide
from course_lib.rl.rollouts import expert, noisy, rollout
from course_lib.show import figure, show_source, table
from course_lib.widgets import Play

settle()
claims = Claims("02_dagger")

# %% [markdown]
# ## You are the expert
#
# Notebook 01 ended with a diagnosis: the clone is judged in *its own* states and was taught in *the expert's*. The cure is in the diagnosis. Let the
# clone drive, and ask the expert what to do **there**.
#
# ### Play with it
#
# This car was cloned from three good drives. Click on it and press <kbd>space</kbd>. When it goes wrong, take over: hold <kbd>←</kbd> or
# <kbd>→</kbd>, and <kbd>↑</kbd> to straighten the wheel. Let go, and it drives again. Every step in which you steer is a label, and is on disk
# as soon as you have let go; at the end of the drive the car learns from them. Two drives are enough to see a difference. (Run headless, a simulated
# person takes over: a drive in which they need not is no round.)

# %%
clear = Drive(horizon=100)
shown = rollout(clear, expert(clear), 3, np.random.default_rng(0)).demonstrations()
play = Play(clear, shown, LabelStore("labels.sqlite"), task="02/drive", epochs=60, lr=3e-3)
display(play)

# %%
if play.mode == "simulated":  # somebody who takes over when the car is 0.7 half lanes from the middle, and lets go at 0.2
    play.simulate(Supervisor(clear, lambda state: abs(state[0])), drives=3)
print("steps on the road, of 100, without help:", " → ".join(f"{score:.0f}" for score in play.progress.scores))
if len(play.progress.scores) == 1:
    print("Nobody has taken over yet: drive above, then run this cell and the next one again.")

# %% [markdown]
# ### See
#
# The same twelve roads, driven without help by the car as it was before your first correction, and as it is now.

# %% hidden=true
first, now = (rollout(clear, play.progress.policies[i].greedy, 12, np.random.default_rng(7)) for i in (0, -1))
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3), sharey=True)
for ax, drives, who, mark in ((axes[0], first, "before any correction", OKABE_ITO[1]), (axes[1], now, "now", OKABE_ITO[0])):
    ax.axhspan(-1, 1, color="0.5", alpha=0.2, lw=0)
    ax.plot(drives.states[..., 0], color=mark, lw=1, ls="-")
    ax.set(title=f"{who}: {(1 - drives.rews).sum(0).mean():.0f} of 100 steps off the road", xlabel="step", ylim=(-3.1, 3.1))
axes[0].set_ylabel("offset [half lanes]")
taught = sum(map(len, play.corrections()))
figure(fig, caption=f"Twelve roads, without help. Left: cloned from {play.progress.labels[0]} steps of an expert. Right: after {taught} steps of corrections as well. "
       "The grey band is the road; at ±3 there are fences.",
       alt=f"Left, most paths leave the grey band and run along the fences. Right, after {taught} corrected steps, "
       f"{(1 - now.rews).sum(0).mean():.0f} of 100 steps on average are off the road.")

# %% [markdown]
# The printed line counts how few steps of steering that took. Would as many more steps of *good* driving have done the same? That is the question of this notebook.

# %% [markdown]
# ## DAgger
#
# ### Formula
#
# Ross, Gordon and Bagnell (2011) made an algorithm of it, **D**ataset **Agg**regation. The expert is $\pi^*$, and $\hat\pi_i$ is the learner with which round $i$ begins:
#
# 1. $\mathcal D \leftarrow \emptyset$, $\hat\pi_1$ any policy.
# 2. For $i = 1 \dots N$: let $\pi_i = \beta_i \pi^* + (1-\beta_i)\hat\pi_i$, **in every step anew**; drive with $\pi_i$; write down
#    $\mathcal D_i = \{(s, \pi^*(s))\}$ for the states visited; $\mathcal D \leftarrow \mathcal D \cup \mathcal D_i$; train $\hat\pi_{i+1}$ on $\mathcal D$.
# 3. Return the $\hat\pi_i$ that does best on validation. (Here: on 50 drives alone, scored by steps on the road. That takes no labels, but somebody who can tell road from grass.)
#
# Whoever drives, *the expert* says what is right. With $\beta_1 = 1$ the first round is behaviour cloning; with $\beta_i = 0$ afterwards the learner drives
# alone. That is the schedule of this notebook. In the fog the learner sees a noisy observation of $s$, and the pairs are (observation, $\pi^*(s)$). What you did above is a cousin of it, *human-gated* DAgger (Kelly et al., 2019): you, and not a coin, decided who drives, and only what you steered was labelled.
#
# ### Code
#
# The three parts of step 2, as they run in this notebook: who drives, what is written down, and how it is learned.

# %%
for piece in (mixed, labelled, learn):
    show_source(piece)

# %% [markdown]
# Why should this help? Call $\epsilon$ the learner's error per step **in the states that it visits itself**. All that compounds is then counted in $\epsilon$ already: regret is at most $u\,T\epsilon$, where $u$ bounds what one mistake
# costs if the expert takes over afterwards (Ross, Gordon and Bagnell, 2011). Cloning promises a small error in the expert's states and pays with $T^2$; DAgger promises that, after enough rounds, *some* policy of its sequence has a small error in its own states,
# and pays with $T$.

# %% [markdown]
# ## Does regret grow more slowly?
#
# On the clear road above DAgger soon has no regret left, and 0 has no exponent. So we take notebook 01's foggy road: gusts push the car, and its camera is noisy, while the expert sees
# the road as it is. Everybody gets 1,000 labels: ten drives of 100 steps for the clone, five rounds of two for DAgger and for SMILe (which comes below).
#
# ### Predict
#
# Regret is counted over drives of 50 to 400 steps. A clone of 1,000 labels is off the road for about a third of 400 steps. DAgger, with as many labels: for 50 steps? 10? 3? And a clone that is given four
# times as many?
#
# ### Run

# %%
foggy, rounds = Drive(horizon=100, gusts=0.1, sensor_noise=0.2), dict(rounds=5, drives=2)
fitting = dict(epochs=40, lr=3e-3)
horizons = np.array([50, 71, 100, 141, 200, 283, 400])

def cost(act, seed, n):
    """Steps off the road up to each horizon, for n drives: (horizons, n)."""
    return np.cumsum(1 - rollout(foggy, act, n, np.random.default_rng([seed, 29]), horizon=400).rews, 0)[horizons - 1]

experts_own = cost(expert(foggy), 0, 2000).mean(1, keepdims=True)
regret = lambda act, seed, n=400: cost(act, seed, n) - experts_own
print(f"the expert itself is off the road for {experts_own[-1, 0]:.3f} of 400 steps")

# %%
def study(seed):
    """All learners of this notebook's main table, from the same expert."""
    demos = rollout(foggy, expert(foggy), 40, np.random.default_rng([seed, 21])).demonstrations()
    return dict(
        clone=behavior_cloning(foggy, demos[:10], seed=seed, **fitting)[0].greedy,
        many=behavior_cloning(foggy, demos, seed=seed, **fitting)[0].greedy,
        dagger=dagger(foggy, expert(foggy), seed=seed, **rounds, **fitting),
        smile=smile(foggy, expert(foggy), seed=seed, **rounds, **fitting),
        timid=dagger(foggy, expert(foggy), rounds=2, drives=5, beta=linear(15), seed=seed, **fitting).policies[-1].greedy,
        slips=noisy(expert(foggy), 1.0))

# %%
seeds = range(8)
learners = [study(seed) for seed in seeds]
drivers = {"cloning": "clone", "cloning, four times the labels": "many", "SMILe": "smile", "DAgger": "dagger",
           "the expert, whose hand slips": "slips"}
actor = lambda x: x.best.greedy if hasattr(x, "best") else x.learner if hasattr(x, "learner") else x
drives = {"DAgger": 2500}  # it leaves the road so rarely that 400 drives would not measure it
costs = {who: [regret(actor(l[key]), seed, drives.get(who, 400)) for seed, l in zip(seeds, learners)] for who, key in drivers.items()}
means = {who: np.array([c.mean(1) for c in each]) for who, each in costs.items()}  # (seeds, horizons)

# %% [markdown]
# ### See

# %% hidden=true
fig, ax = plt.subplots(figsize=(6.4, 4.2))
style = marks()
for who in ("cloning", "cloning, four times the labels", "the expert, whose hand slips", "DAgger"):
    spread = np.array([interval(np.log(np.maximum(column, 1e-2))) for column in means[who].T])
    band(ax, horizons, *np.exp(spread).T, who, next(style))
power_guide(ax, [50, 400], (50, 0.7), 1, "T")
power_guide(ax, [50, 400], (50, 0.7), 2, "T²")
ax.set(xscale="log", yscale="log", xlabel="steps T", ylabel="regret: steps off the road", xticks=horizons[::2], xticklabels=horizons[::2], ylim=(0.1, 3000))
ax.minorticks_off()
ax.legend(loc="upper left", ncols=2, fontsize=9)
figure(fig, caption=f"Regret with 1,000 labels if nothing else is said, {len(seeds)} seeds (geometric mean and 95 % interval; the table has arithmetic means). The hand that slips is a control: its errors have no memory.",
       alt=f"On logarithmic axes, cloning rises to {means['cloning'].mean(0)[-1]:.0f} steps at T = 400 and DAgger to {means['DAgger'].mean(0)[-1]:.1f}; DAgger's line is less steep.")

# %%
def exponents(who):
    """One fitted exponent a seed, from measurable horizons only."""
    return np.array([exponent(horizons[m], c.mean(1)[m]) for c in costs[who] if (m := measurable(c)).sum() >= 3])

growth = {who: exponents(who) for who in drivers}
rounded = lambda x: "{:.2f}  [{:.2f}, {:.2f}]".format(*interval(x))
fitted = lambda who: rounded(growth[who]) if len(growth[who]) > 1 else "too little regret to fit"
table([{"driver": who, "off the road, of 400 steps": rounded(means[who][:, -1]), "exponent": fitted(who), "seeds": len(growth[who])} for who in drivers if who != "SMILe"])

# %% [markdown]
# First the level: at the same number of labels DAgger is off the road for a few steps where the clone is for more than a hundred, and four times the labels do not bring the clone anywhere near.
#
# Then the exponents. Read them against the control in the last row: there the expert drives, with a hand that slips by a random amount in every step (normal, standard deviation 1, which is full lock), whatever happened before. Nothing compounds there.
# Its exponent is above 1 all the same, because every drive starts in the middle of the road and it takes some dozen steps to get to its edge. So "linear, as far as these drives can show" means: **not above that control**. DAgger is not above it; the
# clone of 1,000 labels is. None is near 2: a clone that already spends a third of its time on the grass has little room left to get worse, and its curve bends, as the tightrope's did.
#
# And why do four times the labels do so little for the clone? Ask the policies what they make of an offset: the steering when the camera says *left edge of the road, heading straight, road straight*.

# %%
at_the_edge = np.array([[1.0, 0.0, 0.0]], np.float32)
answers = {"clone": [l["clone"](at_the_edge)[0, 0] for l in learners], "clone, four times the labels": [l["many"](at_the_edge)[0, 0] for l in learners],
           "DAgger": [l["dagger"].best.greedy(at_the_edge)[0, 0] for l in learners]}
steering = {"the expert, who knows that it is true": f"{expert(foggy)(None, foggy.placed(np.array([1.0])), None)[0, 0]:.2f}", **{who: rounded(a) for who, a in answers.items()}}
table([{"driver": who, "steering (left +1, right −1)": text} for who, text in steering.items()])

# %% [markdown]
# In the expert's drives the car is nearly always in the middle, so what the noisy camera says of the offset is nearly all noise, and the best guess about the expert is to make little of it. Thirty more drives of the same kind say the
# same. A few off the middle say something else.

# %%
gap = interval(growth["cloning"])[1] - interval(growth["DAgger"])[2]
claims.add("foggy road, 1,000 labels: exponent of the clone's regret in T", growth["cloning"], at_least=1.3)
claims.add("lower end of the clone's exponent minus upper end of DAgger's", exactly=gap, at_least=0.0)
claims.add("DAgger's exponent minus that of errors without memory (the slipping hand)", growth["DAgger"] - growth["the expert, whose hand slips"].mean(), at_most=0.1)
claims.add("the clone's exponent minus that of errors without memory", growth["cloning"] - growth["the expert, whose hand slips"].mean(), at_least=0.0)
claims.add("regret at T = 400: DAgger's / the clone's", means["DAgger"][:, -1] / means["cloning"][:, -1], at_most=0.1)
claims.add("regret at T = 400: clone of 4,000 labels minus DAgger of 1,000", means["cloning, four times the labels"][:, -1] - means["DAgger"][:, -1], at_least=0.0)

# %% [markdown]
# ## A DAgger that is none
#
# ### Predict
#
# A schedule that lowers $\beta$ from 1 to 0 over 15 rounds sounds careful. Suppose that there is only time for two rounds. How does it do, with the same 1,000 labels?
#
# ### See
#
# $\beta_1 = 1$ and $\beta_2 = 14/15$: the learner hardly ever drives, so nobody learns what happens when it does.

# %%
timid = np.array([regret(l["timid"], seed)[-1].mean() for seed, l in zip(seeds, learners)])
table([{"driver": who, "off the road, of 400 steps": rounded(x)} for who, x in (("cloning", means["cloning"][:, -1]), ("DAgger, two rounds, β = 1 and 14/15", timid), ("DAgger, five rounds, β = 1, 0, 0, 0, 0", means["DAgger"][:, -1]))])
claims.add("regret at T = 400: two rounds with β = 1 and 14/15, minus DAgger", timid - means["DAgger"][:, -1], at_least=0.0)

# %% [markdown]
# In effect it is behaviour cloning. In every implementation look first at how many rounds it really runs, and at the β of the last one.

# %% [markdown]
# ## The states move, round by round
#
# The clone's states were not the expert's. What about DAgger's? We let the policy of every round drive alone, and compare where it is with where the expert is: total variation distance between
# the histograms of offset and heading, as in notebook 01.

# %%
def occupied(act, seed, n=300):
    """Histogram (40, 40) of offset and heading over n drives of 100 steps; it sums to 1."""
    states = rollout(foggy, act, n, np.random.default_rng([seed, 25])).states
    h = np.histogram2d(states[..., 0].ravel(), states[..., 1].ravel(), [np.linspace(-3.01, 3.01, 41), np.linspace(-np.pi, np.pi, 41)])[0]
    return h / h.sum()

tv = lambda p, q: 0.5 * np.abs(p - q).sum()
where = [[occupied(act, seed) for act in (expert(foggy), *(p.greedy for p in l["dagger"].policies))] for seed, l in zip(seeds, learners)]
moved = np.array([[tv(h[0], own) for own in h[1:]] for h in where])  # (seeds, rounds)
again = np.array([tv(h[0], occupied(expert(foggy), 1000 + seed)) for seed, h in zip(seeds, where)])  # the expert against the expert

# %% hidden=true
fig, axes = plt.subplots(1, 4, figsize=(9.2, 2.8), sharey=True)
centres = np.linspace(-3.01, 3.01, 41)[:-1] + 0.075
middle = np.mean([[own.sum(1) for own in h] for h in where], 0)  # (1 + rounds, 40): distribution of the offset
for ax, i, name in zip(axes, (0, 1, 2, 5), ("the expert", "after round 1", "after round 2", "after round 5")):
    ax.fill_between(centres, 100 * middle[i], step="mid", color=OKABE_ITO[0], alpha=0.8)
    ax.step(centres, 100 * middle[0], where="mid", color="0.2", lw=1, ls="-")
    ax.axvline(-1, color="0.4", ls=":", lw=1)
    ax.axvline(1, color="0.4", ls=":", lw=1)
    ax.set(title=name if i == 0 else f"{name}: {moved[:, i - 1].mean():.2f}", xlabel="offset [half lanes]")
axes[0].set_ylabel("% of steps")
figure(fig, caption="Where each round's policy drives when it is alone (filled) and where the expert does (line); dotted: the edges of the road. The number is the total variation "
       f"distance from the expert, over offset and heading; two samples of the expert are {again.mean():.2f} apart.",
       alt=f"The expert stays close to the middle. After round 1 the policy is spread over road and grass (distance {moved[:, 0].mean():.2f}); after round 2 it is nearer, and after "
       f"round 5 it is narrower still (distance {moved[:, -1].mean():.2f}).")

# %% [markdown]
# The first round's policy is a clone, and goes where clones go. The expert was then asked about *those* states, the next policy went there less, and so on. After five rounds the distance is about half of
# what it was, and still far from what two samples of the expert differ by: the car stays on the road, but wanders on it more than the expert does. The data keep what was learned about the grass, although later policies hardly see it. That is the reason to *aggregate*: trained on
# the last round alone, a policy may forget the cure with the disease.

# %%
claims.add("state distance from the expert: last round minus first (total variation)", moved[:, -1] - moved[:, 0], at_most=0.0)

# %% [markdown]
# ## SMILe: replace the expert little by little
#
# A year earlier two of the same authors had another idea (Ross and Bagnell, 2010): start with the expert at the wheel, and hand over by a share $\alpha$ in each round,
#
# $$\pi^n = \pi^{n-1} + \alpha(1-\alpha)^{n-1}(\hat\pi^n - \pi^*), \qquad\text{so that}\quad \pi^n = (1-\alpha)^n \pi^* + \alpha\sum_{j=1}^{n} (1-\alpha)^{j-1}\,\hat\pi^j,$$
#
# where $\hat\pi^n$ is trained on what happens under $\pi^{n-1}$, and on nothing else. The mixture is drawn anew in each step. At the end the expert's share is removed and the rest scaled up. Who
# drives, with the $\alpha = 0.3$ of this notebook:

# %%
alpha = learners[0]["smile"].alpha
shares = [[f"{w:.0%}" for w in weights(n, alpha)] + [""] * (5 - n) for n in range(6)]
table([{"after round": n, **dict(zip(["expert", *(f"policy {j}" for j in range(1, 6))], row))} for n, row in enumerate(shares)])

# %% [markdown]
# ### Predict
#
# A clone goes wrong on the grass. In how many of 100 steps is the car there while the data of each round are gathered, with the expert at the wheel for the share in the first column?
#
# ### See

# %%
def gathering(done, seed, n=300):
    """Steps off the road, of 100, while the data of each round are gathered."""
    teams = [mixed(expert(foggy), mixture([p.greedy for p in done.policies[:r]], without_expert(r, alpha)) if r else expert(foggy), (1 - alpha) ** r) for r in range(5)]
    return [(1 - rollout(foggy, team, n, np.random.default_rng([seed, 26])).rews).sum(0).mean() for team in teams]

grass = np.array([gathering(l["smile"], seed) for seed, l in zip(seeds, learners)])  # (seeds, rounds)
table([{"round": r + 1, "expert's share": f"{(1 - alpha) ** r:.0%}", "steps off the road, of 100": rounded(g)} for r, g in enumerate(grass.T)])

# %%
claims.add("regret at T = 400: SMILe minus DAgger", means["SMILe"][:, -1] - means["DAgger"][:, -1], at_least=0.0)
print(f"off the road, of 400: SMILe {rounded(means['SMILe'][:, -1])}, cloning {rounded(means['cloning'][:, -1])}, DAgger {rounded(means['DAgger'][:, -1])}")

# %% [markdown]
# Two things may hurt. As long as the expert still drives every third or fourth step, the car is brought back soon, and most of what the expert is asked about is road. And each policy learns from its own round's 200 labels only; the first, a plain clone, has the largest share of what
# remains when the expert is taken away. SMILe's guarantee is for an $\alpha$ of the order of $1/T^2$ and correspondingly many rounds; five rounds are not what it was made for. *Teaching robots right and wrong* names both algorithms in one breath: at equal labels, here, they are
# far apart.

# %% [markdown]
# ## What it asks of the expert
#
# "The problem with this approach is that you need the expert to give explicit actions … Not ideal", says *Teaching robots right and wrong* (2023): whoever labels has to write the right response to
# everything the model comes up with. The complaint is about the *kind* of label. Their number can be measured.
#
# Below, regret against labels. *Human-gated* is what you did above: three drives shown, then eight watched by a simulated person who takes over when the car is 0.7 half lanes from the middle.

# %%
def gated(seed, watched=8):
    """(labels, regret at 400) of a learner that is watched and corrected, and the share of its drives in which a hand was on the wheel."""
    demos = rollout(foggy, expert(foggy), 3, np.random.default_rng([seed, 21])).demonstrations()
    watch = Play(foggy, demos, LabelStore("labels.sqlite"), task="02/foggy", annotator=f"simulated {seed}", mode="simulated", seed=seed, **fitting)
    watch.simulate(Supervisor(foggy, lambda state: abs(state[0])), drives=watched)
    watch.close()
    own = sum(map(len, watch.corrections()))
    return 300 + own, regret(watch.progress.policies[-1].greedy, seed)[-1].mean(), own / (watched * 100)

by_hand = np.array([gated(seed) for seed in seeds])
curve = np.array([[regret(p.greedy, seed)[-1].mean() for p in l["dagger"].policies] for seed, l in zip(seeds, learners)])  # (seeds, rounds)

# %% hidden=true
fig, ax = plt.subplots(figsize=(6.4, 3.8))
style = marks()
def point(x, y, label, mark):
    mean, low, high = np.exp(interval(np.log(np.maximum(y, 0.05))))
    ax.errorbar(x, mean, [[mean - low], [high - mean]], label=label, capsize=3, ls="none", color=mark[0], marker=mark[2])
spread = np.array([np.exp(interval(np.log(np.maximum(column, 0.05)))) for column in curve.T])
band(ax, np.arange(200, 1001, 200), *spread.T, "DAgger, round by round", next(style))
for label, x, y in (("cloning", 1000, means["cloning"][:, -1]), ("cloning, 4,000 labels", 4000, means["cloning, four times the labels"][:, -1]),
                    ("SMILe", 1000, means["SMILe"][:, -1]), ("human-gated", by_hand[:, 0].mean(), by_hand[:, 1])):
    point(x, y, label, next(style))
ax.set(xscale="log", yscale="log", xlabel="expert labels", ylabel="regret at T = 400", xticks=[200, 400, 1000, 4000], xticklabels=["200", "400", "1,000", "4,000"])
ax.minorticks_off()
ax.legend(fontsize=8)
figure(fig, caption=f"What a label buys ({len(seeds)} seeds, geometric mean and 95 % interval).",
       alt=f"DAgger falls from {curve[:, 0].mean():.0f} steps at 200 labels to {curve[:, -1].mean():.0f} at 1,000. Cloning is at {means['cloning'][:, -1].mean():.0f} with 1,000 labels and at "
       f"{means['cloning, four times the labels'][:, -1].mean():.0f} with 4,000. Human-gated is at {by_hand[:, 1].mean():.0f} with {by_hand[:, 0].mean():.0f}.")

# %%
table([{"": "labels, the drives shown included", "measured": rounded(by_hand[:, 0])}, {"": "share of the watched drives with a hand on the wheel", "measured": rounded(by_hand[:, 2])},
       {"": "regret at T = 400", "measured": rounded(by_hand[:, 1])}], "Human-gated, eight seeds")
claims.add("regret at T = 400: human-gated minus a clone with 1,000 labels", by_hand[:, 1] - means["cloning"][:, -1], at_most=0.0)
claims.add("human-gated: labels used, of the 1,000 that the others had", by_hand[:, 0], at_most=1000)

# %% [markdown]
# DAgger as printed asks about **every** state of every drive: ten drives, a thousand answers, also where the learner was right. A person who watches answers only when worried, and so gives fewer labels. Look where their point lies: close to DAgger's curve. Choosing when to
# answer saved labels, but a single label bought about as much as one of DAgger's. And they have to *watch* all the time, and what they silently approved is not used. Neither removes the complaint: somebody must be able to say, on the spot, what the right action is.

# %% [markdown]
# ## A shaky expert, a tired expert
#
# The theory's expert answers at once, for ever, and without error. People do not.
#
# ### Predict
#
# (a) The expert's hand shakes: each answer is off by a normal error with standard deviation 0.5, half the way to full lock. Is it DAgger or cloning that suffers more? (b) The expert gets tired: with every answer the chance
# grows that they just let the wheel go (answer 0), up to nine in ten after 2,000 answers. Do more rounds help?
#
# ### Run

# %%
shaky = lambda obs, state, rng: np.clip(noisy(expert(foggy), 0.5)(obs, state, rng), -1, 1)

def tiring(most=0.9, after=2000):
    """An expert who lets the wheel go more and more often, counting from now."""
    asked = 0
    def act(obs, state, rng):
        nonlocal asked
        asked += len(obs)
        gone = rng.random(len(obs)) < most * min(asked / after, 1)
        return np.where(gone[:, None], 0, expert(foggy)(obs, state, rng)).astype(np.float32)
    return act

# %%
def imperfect(seed):
    """Regret at 400: DAgger and clone from a shaky hand; the hand itself; DAgger's ten rounds with a tired expert, and its choice among them."""
    at_400 = lambda act: regret(act, seed, 300)[-1].mean()
    demos = rollout(foggy, shaky, 10, np.random.default_rng([seed, 21])).demonstrations()
    steady = dagger(foggy, shaky, seed=seed, **rounds, **fitting)
    tired = dagger(foggy, tiring(), rounds=10, drives=2, seed=seed, **fitting)
    return (at_400(steady.best.greedy), at_400(behavior_cloning(foggy, demos, seed=seed, **fitting)[0].greedy), at_400(shaky),
            *(at_400(p.greedy) for p in tired.policies), at_400(tired.best.greedy))

hands = np.array([imperfect(seed) for seed in range(6)])  # (seeds, 14)

# %% hidden=true
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4))
names = ["DAgger,\nsteady", "DAgger,\nshaky", "clone,\nsteady", "clone,\nshaky"]
bars = [means["DAgger"][:6, -1], hands[:, 0], means["cloning"][:6, -1], hands[:, 1]]
left.bar(names, [b.mean() for b in bars], color=[OKABE_ITO[0], OKABE_ITO[4], OKABE_ITO[1], OKABE_ITO[3]])
for i, b in enumerate(bars):
    left.plot(np.full(len(b), i), b, ".", color="0.2", ls="none")
left.set(ylabel="regret at T = 400", yscale="log")
spread = np.array([interval(column) for column in hands[:, 3:13].T])
band(right, np.arange(1, 11) * 200, *spread.T, "each round's policy", next(marks()))
right.axhline(hands[:, 13].mean(), color=OKABE_ITO[2], ls="--", label="best on validation")
right.set(xlabel="labels asked of the expert who tires", ylabel="regret at T = 400", ylim=(0, None))
right.legend()
figure(fig, caption="Six seeds. Left: a hand that shakes (dots: single seeds). Right: an expert who tires; the policy that validation picks is drawn dashed.",
       alt=f"Left: DAgger goes from {bars[0].mean():.0f} to {bars[1].mean():.0f} steps off the road when the hand shakes, the clone from {bars[2].mean():.0f} to {bars[3].mean():.0f}. Right: regret falls in the first rounds, "
       f"then rises to {hands[:, 12].mean():.0f} after 2,000 labels; validation picks policies with {hands[:, 13].mean():.0f}.")

# %%
claims.add("shaky hand: DAgger's regret minus that of a clone of a steady hand", hands[:, 0] - means["cloning"][:6, -1], at_most=0.0)
claims.add("tired expert: regret after 2,000 labels minus after 1,000", hands[:, 12] - hands[:, 7], at_least=0.0)
claims.add("tired expert: regret of the last policy minus of the best on validation", hands[:, 12] - hands[:, 13], at_least=0.0)

# %% [markdown]
# (a) It is DAgger that suffers more: its regret grows several times over, while the clone's, whose seeds scatter widely, does not (left panel). Even so, DAgger with a shaky expert stays far below the clone of a steady one. Errors without a pattern average out with enough
# labels; a thousand are not enough for that. One explanation why the clone loses nothing: a hand that shakes gets off the middle of the road, and so shows how to come back. (Laskey et al., 2017, make a method of that, DART; problem set 1 did too.)
#
# (b) At first more rounds help, then the tired answers win, and by the end the policy has lost most of what it had learned. Their errors have a pattern, *let go*, and aggregated data never forget it. The last line of the algorithm notices: **return the best $\hat\pi_i$ on
# validation**, judged by driving. With people, watch a score that does not come from their labels.

# %% [markdown]
# ## Break it
#
# Predict first, then run from the cell you changed.
#
# 1. In `foggy`, set `sensor_noise=0.0, gusts=0.0`, and run up to the first table. What has become of DAgger's exponent, and why?
# 2. Give `smile(...)` in `study` the option `alpha=0.1`, then `alpha=0.6`. Which is better at 1,000 labels, and what does the table of shares say about it?
# 3. Make the supervisor anxious (`Supervisor(..., worried=0.3, calm=0.1)`) or careless (`worried=1.5`) in `gated`. How do labels and regret change?
# 4. In the widget, steer *badly* for a drive. How many good drives does it take to repair that, and would taking back (<kbd>Z</kbd>) have been cheaper?

# %% [markdown]
# ## Claims

# %%
claims.show()

# %% [markdown]
# ## Recall
#
# <details><summary>Whose states, whose actions are in DAgger's data?</summary>
#
# The states are those that the mixture visited, mostly the learner's own; the actions are always the expert's.
#
# </details>
#
# <details><summary>You read a DAgger script that runs three rounds with β falling linearly over twenty. What do you expect of its policy?</summary>
#
# That of behaviour cloning with the same number of labels: with β ≥ 0.9 in all rounds the learner hardly ever drove.
#
# </details>
#
# <details><summary>Why is "errors compound" not the same as "the fitted exponent is above 1"?</summary>
#
# A drive that starts in the middle needs some steps before any driver can be off the road, so even errors without memory give an exponent above 1 over a short range. Compare with a control whose errors cannot compound.
#
# </details>
#
# <details><summary>Why aggregate, and not train on the newest round only?</summary>
#
# The newest policy no longer goes where it was once wrong, so the newest round says nothing about those places. A policy trained on it alone may go there again.
#
# </details>
#
# <details><summary>When do more labels make DAgger worse?</summary>
#
# When the labels' errors have a pattern, as with an expert who tires. The fit follows the labels; only a score from driving notices.
#
# </details>
#
# **What comes next.** DAgger needs an expert who can be asked anywhere, for the right action. What if there are only the demonstrations, and nobody to ask? Notebook 03 keeps the learner in the world and drops the questions.

# %% [markdown]
# ## Further reading
#
# - Ross, Gordon, Bagnell (2011), [A reduction of imitation learning and structured prediction to no-regret online learning](https://arxiv.org/abs/1011.0686). DAgger.
# - Ross, Bagnell (2010), *Efficient reductions for imitation learning*. SMILe, and the bound of notebook 01.
# - Kelly et al. (2019), [HG-DAgger: interactive imitation learning with human experts](https://arxiv.org/abs/1810.02890).
# - Laskey et al. (2017), [DART: noise injection for robust imitation learning](https://arxiv.org/abs/1703.09327).
# - Hanna, *Learning from Humans*, lecture 21; *RLHF: Teaching robots right and wrong* (2023); *Why do we need RLHF? Imitation, inverse RL, and the role of reward* (15 January 2024), where DAgger is the simplest cure of exposure bias.
