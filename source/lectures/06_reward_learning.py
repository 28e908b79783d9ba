# %% [markdown]
# # Which is better? A reward from comparisons
#
# **You will be able to** turn "this one" into a likelihood, for two options and for many; say what Elo has to do with it; decide when a rating is worth more than a comparison;
# write the loop in which an agent asks, learns a reward and practises; and answer four questions about that loop from measurements: why infer a reward at all, which clips to pair, how often to ask, why normalise.
#
# **You need first:** notebook 00. Notebook 05 helps.
#
# **It takes** 75 – 90 minutes with everything there is to do; running it all takes about a minute and a half on one CPU core.

# %% hidden=true
import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from torch.nn import functional as F

from course_lib.claims import Claims, interval, normalised
from course_lib.data import clips, compare
from course_lib.data.store import LabelStore
from course_lib.envs import Drive, Pendulum
from course_lib.humans import PartialReturn, Raters, Ratings, bradley_terry_log_prob, fit
from course_lib.humans.choice import ELO_SCALE, luce_log_prob, pairs_of_ranking, plackett_luce_log_prob
from course_lib.kept import kept, one
from course_lib.machine import settle
from course_lib.plots import OKABE_ITO
from course_lib.preferences import Desk, learn_from_preferences, practise_anew
from course_lib.preferences.rlhp import one_round, paid_by, start_again
from course_lib.rl.networks import LinearReward
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import rollout, uniform
from course_lib.show import figure, show_source, table
from course_lib.widgets import Live, RatingsExplorer

settle()
claims = Claims("06_reward_learning")

# %% [markdown]
# ## Teach a pendulum something
#
# ### Play with it
#
# A pendulum hangs from its axis, and a motor, too weak to lift it at once, pushes at random. Which clip of each pair do you like better? Choose whatever you like: it may stand upright, lie still, or *spin*. Only stay with it.
# Click beside the clips, then use <kbd>←</kbd> <kbd>→</kbd>; help is on <kbd>?</kbd>. After four answers it begins to practise on what you have said, in a process of its own, while you go on; after each round new questions are about what it has become. Give it thirty answers, three minutes. (Without a browser, a simulated person who likes spinning answers.)

# %%
pendulum, store = Pendulum(), LabelStore("labels.sqlite")
swing = dict(n_envs=32, n_steps=100, batch_size=400, gamma=0.95, lam=0.95, epochs=10, lr=3e-3, entropy=0.01)
lesson = Live(pendulum, store, task="06/pendulum live", **swing)
display(lesson)

# %% hidden=true
class Spinning(torch.nn.Module):
    """Somebody who likes to see it spin, at 6 radians a second, one way round."""

    def forward(self, obs, acts):
        return -(obs[..., 2] - 6).abs()

if lesson.labeler.mode == "simulated":
    lesson.simulate(PartialReturn(Spinning(), rationality=20.0, lapse=0.1), answers=14, pace=0.2, patience=6.0)
    lesson.stop(patience=0.5)

# %% [markdown]
# **Watch** the three curves under the clips. *Your clicks, guessed before*: before each click the model has said what you will choose; a coin gets half of them. *Your model prefers it to its beginnings*: what the model thinks of the agent it has taught, which is not yet what you think of it. *Paid by the world itself*: the usual task, standing upright, of which the agent is told nothing.
# Stop training, restart the kernel, run everything down to here again: it goes on where it was. Press <kbd>Z</kbd>: the next reward has never heard of what you took back.
#
# What has it become? (Run this cell again whenever you like.)

# %%
taught = lesson.agent()
if taught is not None:
    states = rollout(pendulum, taught.policy.greedy, 100, np.random.default_rng(0)).states  # (201, 100, 2): angle, speed
    print(f"after {taught.labels[-1]} answers: in ten seconds, on average, {(states[-1, :, 0] - states[0, :, 0]).mean() / (2 * np.pi):+.1f} turns, "
          f"{(np.cos(states[..., 0]) > 0.9).mean():.0%} of the time nearly upright")
else:
    print("nothing yet: answer some pairs above, then run this cell again")

# %% [markdown]
# ## From "this one" to a number
#
# ### Play with it
#
# Chess players are rated so that the *difference* of two ratings says how often one beats the other. Call clips players and preferences games, and you have the model of notebook 00. Drag the point, or let A be preferred a few times and watch what that moves.

# %%
display(RatingsExplorer())

# %% [markdown]
# ### Formula
#
# With a utility $u$ for each option, **Bradley and Terry** say that A is preferred with probability $\sigma(u_A-u_B)$. For clips, $u$ is the sum of a reward over the clip. Today's **Elo** ratings have base 10, $P=1/(1+10^{-(E_A-E_B)/400})$, which is the same model with $u = E\,\ln 10/400$: one unit of utility is $400/\ln 10\approx 173.7$ points.
# *Teaching robots right and wrong* (2023) prints $\sigma((E_A-E_B)/400)$, the dashed curve above; at a lead of 400 points it says 0.73 instead of 0.91.
#
# To learn is to make the answers likely. With $\mu(1),\mu(2)$ for the share that each clip got (1 and 0; one half each for "the same"):
#
# $$L(\theta) = -\sum \big[\mu(1)\log P(\tau_1\succ\tau_2) + \mu(2)\log P(\tau_2\succ\tau_1)\big],$$
#
# $$P(\tau_1\succ\tau_2)=(1-\lambda)\,\sigma\Big(\sum_t R_\theta(s^1_t,a^1_t)-\sum_t R_\theta(s^2_t,a^2_t)\Big)+\tfrac{\lambda}{2}.$$
#
# (Lecture 21 prints $\Pr(\tau_2\succ\tau_1)\propto\exp\sum\hat r(s^1_t,a^1_t)$; the superscript must be that of the clip that is preferred.) The lapse rate $\lambda$ is the share of answers that are mere key presses. Without it, one slip about two very different clips would cost the model without bound.

# %%
show_source(bradley_terry_log_prob)
elo = lambda lead, scale: 1 / (1 + np.exp(-lead / scale))
claims.add("chance at a lead of 400 rating points: as printed minus real Elo", exactly=elo(400, 400) - elo(400, ELO_SCALE), at_most=-0.1)

# %% [markdown]
# ### More than two
#
# InstructGPT showed people $K$ answers to a prompt and had them ranked. **Luce and Shepard:** the best of $K$ is option $i$ with probability $e^{u_i}/\sum_j e^{u_j}$. **Plackett and Luce:** then the best of the rest, and so on, which gives a whole ranking its probability. **K choose 2:** or take all
# $\binom K2$ comparisons that the ranking holds, each by Bradley–Terry, and divide by their number (Ouyang et al., 2022).
#
# ### Predict
#
# 40 prompts with 6 answers each, ranked by somebody who follows Plackett–Luce. Four learners: one uses the rankings, one all 15 comparisons of each, one only who came first, one a single comparison per prompt. How far are they from the true weights? And: does the second know more than the first, since it has 600 pieces of evidence and the other 40?

# %%
def ranked(seed, n=40, K=6, d=5):
    """Options (n, K, d), true weights (d,), and rankings (n, K) drawn by Plackett–Luce (Gumbel noise, then sort)."""
    g = torch.Generator().manual_seed(seed)
    w, x = torch.randn(d, generator=g).double(), torch.randn(n, K, d, generator=g).double()
    noise = -torch.log(-torch.log(torch.rand(n, K, generator=g).double()))
    return x, w, (x @ w + noise).argsort(-1, descending=True)

def of_pairs(u, ranking):
    """Bradley–Terry log-likelihood of every comparison in a ranking, (n, K(K−1)/2)."""
    pairs = pairs_of_ranking(ranking)
    return F.logsigmoid(u.gather(1, pairs[..., 0]) - u.gather(1, pairs[..., 1]))

def of_one_pair(u, ranking):
    """Log-likelihood of a single comparison, of the first two options as they were listed (chosen before anybody looked), (n,)."""
    place = ranking.argsort(1)  # where each option was ranked
    return F.logsigmoid(torch.where(place[:, 0] < place[:, 1], 1, -1) * (u[:, 0] - u[:, 1]))

log_likelihood = {"whole ranking": lambda u, r: plackett_luce_log_prob(u, r).sum(), "K choose 2": lambda u, r: of_pairs(u, r).sum(),
                  "first place only": lambda u, r: luce_log_prob(u, r[:, 0]).sum(), "one comparison each": lambda u, r: of_one_pair(u, r).sum()}

# %%
def most_likely(x, ranking, log_p):
    """The weights (d,) that make the rankings most likely, under a wide normal prior, and their stated standard errors (d,)."""
    w = torch.zeros(x.shape[-1], dtype=torch.float64, requires_grad=True)
    loss = lambda w: -log_p(x @ w, ranking) + 0.5 * (w / 5).square().sum()
    optimiser = torch.optim.LBFGS([w], max_iter=60, line_search_fn="strong_wolfe")
    def closure():
        optimiser.zero_grad()
        value = loss(w)
        value.backward()
        return value
    optimiser.step(closure)
    curvature = torch.autograd.functional.hessian(loss, w.detach())
    return w.detach(), torch.linalg.inv(curvature).diagonal().sqrt()

def errors(seed):
    """For each learner: root mean squared error, and mean squared error in units of the stated standard error (1 if that is honest)."""
    x, w, ranking = ranked(seed)
    found = [most_likely(x, ranking, log_p) for log_p in log_likelihood.values()]
    return [[float((v - w).square().mean().sqrt()), float(((v - w) / se).square().mean())] for v, se in found]

wrong = np.array([errors(seed) for seed in range(60)])  # (seeds, learners, 2)
table([{"learned from": name, "error of the weights": f"{a:.2f}", "squared error / stated": f"{b:.2f}"} for name, (a, b) in zip(log_likelihood, np.mean(wrong, 0))],
      "Mean of 60 people. The second column is near 1 if the learner knows how much it knows.")

# %%
claims.add("rankings: error from K choose 2 / error from Plackett–Luce", wrong[:, 1, 0] / wrong[:, 0, 0], at_most=1.3)
claims.add("rankings: error from first places / error from Plackett–Luce", wrong[:, 2, 0] / wrong[:, 0, 0], at_least=1.5)
claims.add("K choose 2 counted as independent: squared error / stated", wrong[:, 1, 1], at_least=1.2)

# %% [markdown]
# A ranking is worth far more than its first place. K choose 2 uses nearly all of it. But its comparisons are not independent, and a learner who counts them as if they were believes its weights to be more certain than they are. InstructGPT keeps all comparisons of a prompt in one batch element, because shuffled through the data they overfitted, and divides by $\binom K2$ so that every prompt counts once, however many answers it has. (With equal $K$ the division leaves the best weights where they are.)

# %% [markdown]
# ## Why not simply rate?
#
# "Problem is that the scalar rewards vary from person to person. Instead, it is easier to give a preference" (*Teaching robots right and wrong*). "Preferences, which is often easier than absolute scores" (lecture 21). Let us see what a rating costs and what it brings.
#
# Twelve people share one taste in driving, that of notebook 00. Each answers eight times: by a rating from 1 to 10, *or* by a comparison of two clips. Their judgement is equally blurred in both. In one world they all use the scale alike. In the other some never give less than 6, some use three marks, some all ten.
#
# ### Predict
#
# Whose learned reward orders new pairs better, in each world? And if the learner knows *who* gave each rating, and learns each person's scale along with the reward?

# %%
road, people, each = Drive(horizon=60), 12, 8

def phi(obs, acts):
    y, psi, bend, u = obs[..., 0], obs[..., 1], obs[..., 2], acts[..., 0]
    return torch.stack([y, y**2, torch.relu(y.abs() - 1), psi**2, (u - bend)**2], -1) / 6

def pool(n, rng):
    """n clips of 30 steps by drivers with a random aim and a more or less shaky hand."""
    aim, shake = rng.uniform(-1.3, 1.3, n), rng.choice([0.0, 0.2, 0.8], n)
    act = lambda obs, state, rng: np.clip(road.expert(state, aim) + shake[:, None] * rng.standard_normal((n, 1)), -1, 1).astype(np.float32)
    return clips(rollout(road, act, n, rng).demonstrations(), 30, rng)

def taste(rng):
    place, care, off, turned, rough = rng.uniform(-0.7, 0.7), *rng.exponential([4, 4, 2, 4])
    reward = LinearReward(phi, 5)
    with torch.no_grad():
        reward.w.copy_(torch.tensor([2 * care * place, -care, -off, -turned, -rough]))
    return reward

# %% [markdown]
# A rating is $a_p + b_p\sum_t R(s_t,a_t)$ plus an error, rounded: $a_p$ is how kind person $p$ is, $b_p$ how much of the scale they use. That is a likelihood like any other:

# %%
show_source(Raters.expected)
show_source(Raters.log_prob)

# %%
def asked_both_ways(truth, c, worth, differ, rng):
    """96 ratings and 96 comparisons by the same twelve people, whose error is one mark on their own scale."""
    n, who = people * each, np.repeat(np.arange(people), each)
    kind, wide = (rng.uniform(2, 9, people), np.exp(rng.uniform(np.log(0.3), np.log(3), people))) if differ else (np.full(people, 6.0), np.full(people, 1.5))
    wide = wide / worth.std()
    obs, acts = (np.stack([getattr(x, name)[:30] for x in c[:n]]) for name in ("obs", "acts"))
    rated = Raters(truth, kind - wide * worth.mean(), wide).rate(Ratings(obs, acts, who), rng)
    pairs, choice = compare(c[:n], c[n:2 * n]), []
    for p in range(people):  # the same error, twice in a difference: a logistic of about this steepness
        choice.append(PartialReturn(truth, rationality=1.7 / np.sqrt(2) * wide[p]).label(pairs[who == p], rng).choice)
    return rated, compare(c[:n], c[n:2 * n], np.concatenate(choice))

# %%
def understood(seed, differ):
    """Share of 100 new pairs put in the right order: from ratings on one scale, on everybody's own, from comparisons."""
    rng = np.random.default_rng([seed, 40])
    truth, c = taste(rng), pool(2 * people * each + 200, rng)
    worth = np.array([float(truth(torch.from_numpy(x.obs[:-1]), torch.from_numpy(x.acts)).sum().detach()) for x in c])
    rated, compared = asked_both_ways(truth, c, worth, differ, rng)
    middle = rated.rating.mean()
    small = lambda m: -0.5 * (m.reward.w / 3).square().sum()
    alike = lambda m: small(m) - 0.5 * ((m.kindness - middle) / 3).square().sum() - 0.5 * m.log_spread.square().sum()
    start = lambda one_scale: Raters(LinearReward(phi, 5), np.full(people, middle), np.ones(people), one_scale=one_scale)
    how = dict(held_out=0, epochs=200, lr=0.05, batch_size=96)
    found = [fit(start(True), rated, prior=small, **how), fit(start(False), rated, prior=alike, **how), fit(PartialReturn(LinearReward(phi, 5)), compared, prior=small, **how)]
    new, better = compare(c[-200:-100], c[-100:]), worth[-200:-100] > worth[-100:]
    return [((PartialReturn(m.reward).prefers_first(new) > 0.5) == better).mean() for m in found]

order = {differ: np.array([understood(seed, differ) for seed in range(100, 124)]) for differ in (False, True)}  # (seeds, 3)

# %% [markdown]
# ### See

# %% hidden=true
fig, ax = plt.subplots(figsize=(7, 3.2))
ways = ["ratings,\none scale for all", "ratings,\neach on their own", "comparisons"]
for k, (differ, label) in enumerate(((False, "people use the scale alike"), (True, "everybody has a scale of their own"))):
    m, low, high = np.array([interval(column) for column in order[differ].T]).T
    ax.bar(np.arange(3) + 0.2 * (2 * k - 1), m, 0.38, yerr=[m - low, high - m], capsize=4, color=OKABE_ITO[k], label=label, hatch=["", "//"][k], edgecolor="white")
ax.set(xticks=range(3), xticklabels=ways, ylabel="new pairs in the right order", ylim=(0.5, 1.15), yticks=[0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
ax.legend(loc="upper center", ncols=2, fontsize=10)
figure(fig, caption="96 answers by twelve people; what was learned, tested on 100 new pairs (24 repetitions, 95 % interval; a coin has 0.5).",
       alt=". ".join(f"{label}: " + ", ".join(f"{way.replace(chr(10), ' ')} {order[differ][:, i].mean():.2f}" for i, way in enumerate(ways)) for differ, label in ((False, "Scale alike"), (True, "Own scales"))))

# %%
claims.add("scales differ: right order from comparisons minus from ratings on one scale", order[True][:, 2] - order[True][:, 0], at_least=0.0)
claims.add("loss of right order when scales differ: ratings on one scale minus comparisons", (order[False] - order[True])[:, 0] - (order[False] - order[True])[:, 2], at_least=0.0)
claims.add("scales differ: right order from ratings on own scales minus from comparisons", order[True][:, 1] - order[True][:, 2], at_least=-0.02)

# %% [markdown]
# What is *easier* for people was not measured here. What answers are worth was. When people's scales differ, ratings that are thrown together lose much, and comparisons little (somebody who uses three marks of ten is less decided in comparisons, too). When scales agree, no difference between ratings and comparisons is visible, and a rating takes watching one clip instead of two. And if it is known who gave which rating, a model of the *person* repairs most of the damage. What makes a comparison safe is that a person's
# kindness cancels in it, and which side the scale leans to: with $b_p>0$, $a_p + b_p u_1 > a_p + b_p u_2$ just when $u_1>u_2$.

# %% [markdown]
# ## Ask, learn, practise, and ask again
#
# Christiano et al. (2017) put it into a loop: the agent shows short clips; a person compares some; a reward is fitted to **all** answers so far; the agent practises on that reward, from where it was. Rewards come from a *committee*: five small networks, each of which has seen its own random draw of the answers and is normalised to mean 0 and standard deviation 1.
# Their mean is the reward; their disagreement can choose the questions. In the paper all this runs at the same time; we take turns, in five rounds, and pair clips of all rounds at random. One step is our own: at the very end a second agent practises on the finished reward from scratch, and the one that is *paid more by it* is kept.

# %%
show_source(one_round)
show_source(learn_from_preferences)
show_source(start_again)
show_source(practise_anew)

# %% [markdown]
# ### Predict
#
# The pendulum again, and now its usual task: upright and still. A person answers **100 questions** by comparing the true rewards of two clips of 25 steps (1.25 seconds); each answer is a mere key press with probability 0.1 (so that one in twenty is wrong). Then a half-cheetah (a planar robot of MuJoCo) that should run.
# Score 0 for random actions, 1 for PPO on the true reward, with as many steps as the second agent has. What do 100 answers give? And 100 answers that are dealt out to the wrong questions?
#
# ### See
#
# One such run takes ten seconds or more, and the tables below need hundreds of them. So they are *kept*: made once, by the command that is printed, and stored with seeds, versions and a hash of the code they depend on (if that code changes, the course's tests fail until they are made again). One run is made again, live, further down.

# %%
study = kept("06_preferences")
print(f"made by: {study['command']}\nseeds {study['seeds'][0]} to {study['seeds'][-1]}, versions {study['versions']}, {study['seconds'] / 60:.0f} CPU minutes")

measures = {"seed", "score", "loop", "own", "turns", "curve", "seconds"}

def rows(**condition):
    """The kept rows of exactly this condition, one a seed."""
    return [r for r in study["rows"] if {k: v for k, v in r.items() if k not in measures} == condition]

def share(measure="score", **condition):
    """Scores (seeds,) of a condition: 0 random, 1 the mean of the agents trained on the true reward."""
    task = {k: condition[k] for k in ("task",) if k in condition}
    level = {what: np.mean([r["score"] for r in rows(what=what, **task)]) for what in ("random", "true reward")}
    return normalised(np.array([r[measure] for r in rows(**condition)]), level["random"], level["true reward"])

# %% hidden=true
TASKS = {"pendulum upright": {}, "half-cheetah running": dict(task="run")}
WHO = ["random", "untrained", "shuffled", "learned", "true reward"]
shown = lambda x, digits=2: f"{interval(x)[0]:.{digits}f}  [{interval(x)[1]:.{digits}f}, {interval(x)[2]:.{digits}f}]"
table([{"": {"shuffled": "100 answers, shuffled", "learned": "100 answers"}.get(what, what)} | {name: shown(share(what=what, **task)) for name, task in TASKS.items()}
       | {f"mean return, {name}": f"{np.mean([r['own'] for r in rows(what=what, **task)]):.0f}" for name, task in TASKS.items()} for what in WHO],
      f"Score of the greedy policy, mean [95 % interval] of {len(rows(what='learned'))} and {len(rows(what='learned', task='run'))} seeds. Untrained: the network with which training begins.")

# %%
claims.add("pendulum upright: score from 100 answers, one in ten a slip", share(what="learned"), at_least=0.9)
claims.add("pendulum upright: score from the same answers, shuffled", share(what="shuffled"), at_most=0.1)
claims.add("half-cheetah running: score from 100 answers, one in ten a slip", share(what="learned", task="run"), at_least=0.5)
claims.add("half-cheetah running: score from the same answers, shuffled, minus untrained", share(what="shuffled", task="run") - share(what="untrained", task="run"), at_most=0.3)

# %% [markdown]
# On the pendulum a hundred answers are worth the true reward. On the half-cheetah the mean says the same, but its interval is wide: the runs differ much, and those on the *true* reward differ as much. (Half a million steps are few for a robot, and PPO is lucky or not. The learned agents had two trainings, of which the better-paid one was kept.) (Untrained it scores above random there, because it stands still, and random actions cost effort.) Shuffled answers give no gain on average. But look at the single runs on the pendulum:

# %% hidden=true
table([{"": what, "scores of the runs": "  ".join(f"{x:.1f}" for x in np.sort(share(what=condition)))} for what, condition in (("100 answers", "learned"), ("100 answers, shuffled", "shuffled"))], "Pendulum upright")

# %% [markdown]
# A reward that means nothing is still a reward, an agent will find what it pays, and now and then that happens to be the task. One good run proves little.

# %% [markdown]
# ### Practising anew
#
# The agent that grew up in the loop has practised on five rewards, of which the first knew twenty answers, and 20,000 steps on the last. Beside it the one that was kept at the end:

# %% hidden=true
grown, kept_one = (share(measure, what="learned") for measure in ("loop", "score"))
table([{"": name, "score": shown(x), "seeds": "  ".join(f"{v:.2f}" for v in x)} for name, x in (("grew up in the loop", grown), ("kept at the end", kept_one))], "Pendulum upright")

# %% [markdown]
# Six seeds are few for so uneven a thing. But the same can be looked at in all the variants of this loop that follow below. For every seed, its mean over all of them:

# %%
def in_all_variants(seed):
    """Kept at the end minus grown up in the loop, mean over every variant with a person who answers (pendulum upright)."""
    pairs = [(r["score"], r["loop"]) for r in study["rows"] if r["seed"] == seed and r["what"] in ("learned", "unhurried") and "task" not in r]
    level = {what: np.mean([r["score"] for r in rows(what=what)]) for what in ("random", "true reward")}
    score, loop = normalised(np.array(pairs).T, level["random"], level["true reward"])
    return (score - loop).mean()

gained = [in_all_variants(seed) for seed in study["seeds"]]
print(f"kept at the end minus grown up in the loop, mean over the variants: {shown(gained)}")
claims.add("pendulum upright: score of the agent kept at the end minus the one that grew up in the loop", gained, at_least=0.0)

# %% [markdown]
# The reward was not what failed: another agent did well on it. Whether the one that grew up in the loop had too few steps on the finished reward, or was held back by what earlier rewards had taught it, this comparison does not separate; and part of the gain is that the better-paid of two was taken. But it shows what a reward is good for. Answers cannot be asked for again; a reward can be
# practised on as often as one likes.

# %% [markdown]
# Now the first of these seeds, again and live: all questions asked and answered while you wait.

# %%
again, before = one("06_preferences", dict(what="learned"), study["seeds"][0]), rows(what="learned")[0]
scale = lambda own: float(normalised(own, np.mean([r["own"] for r in rows(what="random")]), np.mean([r["own"] for r in rows(what="true reward")])))
for name, row in (("live", again), ("kept", before)):
    print(f"{name}: after each round {[round(scale(x), 2) for x in row['curve']]}, kept at the end {scale(row['own']):.2f}")
claims.add("a kept row, run again: difference of scores", exactly=abs(scale(again["own"]) - scale(before["own"])), at_most=0.2)

# %% [markdown]
# ## Four questions
#
# A slide of lecture 21 asks: *Why infer a reward function in the first place? How to pair trajectories in the data? How often to query the expert? Why normalise the reward?* Each can be answered by changing one thing. The pendulum, 100 answers, a tenth of them key presses, unless the table says otherwise.
#
# ### Why infer a reward?
#
# The answers could teach the policy directly. *Clone what was chosen:* take the chosen clips for demonstrations. *Reinforce what was chosen:* a policy gradient with +1 for every step of the chosen clip, −1 for every step of the other. The same person, as many questions, as many rounds; the clips are those of their own policy.
#
# **Predict** how far each gets.

# %% hidden=true
def compared(named, caption, label="", **options):
    """A table and its scores, for conditions by name."""
    scores = {name: share(**condition) for name, condition in named.items()}
    table([{label: name, "score": shown(x), "least": f"{x.min():.2f}", "runs above 0.8": f"{(x > 0.8).sum()} of {len(x)}"} for name, x in scores.items()], caption)
    return scores

default = {"the default": dict(what="learned")}
direct = compared({"a reward, then practice (default)": dict(what="learned"), "clone what was chosen": dict(what="clone the chosen clips"),
                   "reinforce what was chosen": dict(what="reinforce the answers"), "random actions": dict(what="random")}, "Why infer a reward?", "100 answers are used as")

# %%
claims.add("score from 100 answers: by a reward minus cloning what was chosen", direct["a reward, then practice (default)"] - direct["clone what was chosen"], at_least=0.5)
claims.add("score from 100 answers: by a reward minus reinforcing what was chosen", direct["a reward, then practice (default)"] - direct["reinforce what was chosen"], at_least=0.5)

# %% [markdown]
# A hundred answers speak of a hundred pairs of clips, five thousand steps at most. Cloned, or reinforced, they say what to do *there*, and what was chosen was merely the better of two bad clips. A reward says what is good also in states that nobody was asked about, and practice against it costs the person nothing. That is what the detour buys.
#
# ### How to pair the clips?
#
# By default pairs are drawn at random among the clips of all rounds so far. Instead: only among the newest; or, out of ten times as many random pairs, those about which the committee's members **disagree** most, or from whose answer most **information** about the right member is expected.
#
# **Predict** the order.

# %% hidden=true
paired = compared({"at random, clips of all rounds (default)": dict(what="learned"), "at random, newest clips only": dict(what="learned", remember=1),
                   "largest disagreement": dict(what="learned", pairs="disagreement"), "largest information gain": dict(what="learned", pairs="information gain")}, "How to pair?", "the 100 pairs are chosen")

# %%
claims.add("largest disagreement minus random pairs: difference of scores", paired["largest disagreement"] - paired["at random, clips of all rounds (default)"], at_most=0.1)

# %% [markdown]
# If you expected clever questions to win: here they do not, and they cannot, for with 100 random ones there is next to nothing left to gain. This table says no more than that. (Christiano et al. report that in some of their tasks choosing by disagreement even hurt.) Clever questions need a fitted committee first; measure, before you pay for them. "Break it" below has a harder case.
#
# ### How often to ask, and how much?
#
# All questions before the first practice are about an agent that only flails. Asking in between shows the person what the agent has become. **Predict:** one round, two, five, ten? How many answers are enough? And how careless may the person be?

# %% hidden=true
often = compared({"5 rounds of 20 (default)": dict(what="learned"), "all 100 before the first practice": dict(what="learned", schedule="at once"), "2 rounds of 50": dict(what="learned", rounds=2),
                  "10 rounds of 10": dict(what="learned", rounds=10), "5 rounds, more at first": dict(what="learned", schedule="early"),
                  "10 rounds, answers come one round late (90 come)": dict(what="unhurried", rounds=10)}, "How often to ask?", "100 answers in")
much = {n: share(**(dict(what="learned", labels=n) if n != 100 else dict(what="learned"))) for n in (25, 50, 100, 200)}
slips = {x: share(**(dict(what="learned", lapse=x) if x != 0.1 else dict(what="learned"))) for x in (0.0, 0.1, 0.3)}

# %% hidden=true
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for ax, what, label in ((left, much, "answers"), (right, slips, "share of mere key presses")):
    ax.plot(list(what), [x.mean() for x in what.values()], color=OKABE_ITO[0], ls="-", marker="_", ms=16)
    for x, scores in what.items():
        ax.plot(x * np.linspace(0.97, 1.03, len(scores)) + np.linspace(-0.004, 0.004, len(scores)) * (x == 0), scores, ".", color=OKABE_ITO[1], ls="none", ms=8)
    ax.set(xlabel=label, ylim=(-0.3, 1.2))
    if ax is left:
        ax.set(xscale="log", ylabel="score")
        ax.minorticks_off()
    ax.set_xticks(list(what), list(what))
figure(fig, caption=f"Left: how many answers. Right: how careless the person is, at 100 answers (dots: {len(much[100])} single seeds; line: their mean). From 50 answers on no run fails.",
       alt="Score against the number of answers: " + ", ".join(f"{interval(x)[0]:.2f} at {n}" for n, x in much.items()) + ". Against the share of key presses: " + ", ".join(f"{interval(x)[0]:.2f} at {n:g}" for n, x in slips.items()) + ".")

# %% [markdown]
# Two rounds are as good as ten. One run of six failed when everything was asked at once, one when the answers came late, one with only 25 answers: six seeds cannot tell whether that is the schedule or bad luck, only that from 50 answers on, in two rounds or more and on time, none failed. With three key presses in ten, five of six runs are as good as without, and one drops to 0.6, although the learner
# still assumes one in ten: presses that follow no pattern mostly cancel.
#
# ### Why normalise?
#
# Comparisons fix neither the zero of a reward nor, unless the noise is known, its unit. So the default gives every member of the committee mean 0 and standard deviation 1 on the newest drives. What if not? And does PPO mind the unit of the *true* reward?

# %% hidden=true
normal = compared({"learned, normalised (default)": dict(what="learned"), "learned, as fitted": dict(what="learned", normalise=False), "true reward × 10": dict(what="true reward", times=50.0),
                   "true reward": dict(what="true reward", times=5.0), "true reward / 5 (as in the first table)": dict(what="true reward"), "true reward / 25": dict(what="true reward", times=0.2),
                   "true reward / 250": dict(what="true reward", times=0.02)}, "Why normalise?", "PPO is paid")

# %%
claims.add("learned reward, normalised minus as fitted: difference of scores", normal["learned, normalised (default)"] - normal["learned, as fitted"], at_most=0.1)
claims.add("true reward / 5 minus true reward × 10: difference of scores", normal["true reward / 5 (as in the first table)"] - normal["true reward × 10"], at_least=0.5)

# %% [markdown]
# The textbook answer is "because the learner's step size depends on the unit". Half of it is true here. Our PPO normalises its *advantages*, so the policy's steps have no unit, and a reward that is 5 or 250 times smaller makes no difference. What has a unit is the value network's error, which shares a clipped gradient with the policy; that is probably what drowns everything else at ten times the true reward. Comparisons
# decide the unit by accident: by how consistent the person is, by λ, by how long was fitted. Here the accident was kind, and normalising changed nothing. It is an insurance, and it costs one line.

# %% [markdown]
# ## A behaviour that nobody demonstrated
#
# "Imagine demonstrating how to do a backflip", says *Teaching robots right and wrong* about what imitation cannot do. Our pendulum's usual task is to stand still. Somebody prefers it to **spin**, one way round, at about 6 radians a second; nobody has shown it that, and no reward function was written. A hundred comparisons.

# %% hidden=true
turns = {what: np.array([r["turns"] for r in rows(what=what, task="spin")]) for what in WHO}
table([{"": {"shuffled": "100 answers, shuffled", "learned": "100 answers"}.get(what, what), "turns in ten seconds": shown(x, 1), "score by what the person likes": shown(share(what=what, task="spin"))}
       | {"turns, single runs": "  ".join(f"{v:.1f}" for v in x)} for what, x in turns.items()], f"Mean [95 % interval] of {len(turns['learned'])} seeds")

# %% [markdown]
# Look at the shuffled answers: a reward that means nothing often makes it spin as well, either way round. What the person's answers decide is that it spins, *this* way round, in every run.

# %%
claims.add("spinning, which nobody demonstrated: turns in ten seconds, from 100 answers", turns["learned"], at_least=3.0)
claims.add("spinning: score from 100 answers", share(what="learned", task="spin"), at_least=0.5)

# %% [markdown]
# And one of them, now, from an agent that is taught while you watch the numbers grow (ten seconds of computing):

# %%
somebody, practice = PartialReturn(Spinning(), rationality=20.0, lapse=0.1), swing
done = learn_from_preferences(pendulum, somebody, labels=100, steps=100_000, seed=7, **practice)
spinner = practise_anew(pendulum, done, steps=100_000, seed=7, **practice)
live = rollout(pendulum, spinner.greedy, 100, np.random.default_rng(0)).states
print(f"answers after each round: {done.labels}; turns in ten seconds at the end: {(live[-1, :, 0] - live[0, :, 0]).mean() / (2 * np.pi):.1f}")

# %% hidden=true
fig, ax = plt.subplots(figsize=(6.4, 3))
before = rollout(pendulum, uniform(pendulum), 8, np.random.default_rng(0)).states
for states, colour, dash, label in ((before, OKABE_ITO[1], "--", "random pushes"), (live[:, :8], OKABE_ITO[0], "-", "taught by 100 answers")):
    ax.plot(np.arange(201) * 0.05, (states[..., 0] - states[:1, :, 0]) / (2 * np.pi), color=colour, ls=dash, lw=1, label=[label] + ["_"] * 7)
ax.set(xlabel="time [s]", ylabel="full turns")
ax.legend()
figure(fig, caption="Eight drives each: turns since the start. Taught by a hundred answers, the pendulum gathers swing and then spins, one way round.",
       alt=f"Random pushes: lines that sway between zero and two. Taught: lines that rise to about {(live[-1, :8, 0] - live[0, :8, 0]).mean() / (2 * np.pi):.0f} turns in ten seconds.")

# %% [markdown]
# ## Nobody waits
#
# In the paper, labeling, fitting and practising run at the same time. A person who is away for a minute must not stop the agent, and an agent that practises must not keep the person waiting. Between the two stands a desk: questions lie on it, answers are picked up. To the loop above a desk looks like a person; it only answers *later*.

# %%
show_source(Desk.label)

# %% [markdown]
# The row "answers come one round late" of the table further up was made this way: what an answer says is about an agent that is one round older, the first round has no reward to practise on, and the last ten answers come too late. (The session at the top of this notebook has no desk: there the label store itself lies between you and the worker, which reads every answer that stands before each round.)
#
# ## Break it
#
# Predict first, then run from the cell you changed.
#
# 1. In *Why not simply rate?*, let the people see clips of different quality: sort the first 96 clips by `worth` before they are dealt out. Whose learned reward suffers now, and why?
# 2. In the section on spinning, make the person `PartialReturn(Spinning(), lapse=0.1, myopia=0.8)`. What does a short-sighted person teach?
# 3. Give `learn_from_preferences` a person who finds most clips equal: `from course_lib.humans import Teacher`, `Teacher(Spinning(), same=20.0)`. How many answers are ties, and what becomes of the turns?
# 4. Run `learn_from_preferences` with 25 answers, five times each: `criterion=None`, and `criterion=disagreement` (from `course_lib.preferences`). Is it worth the while now?
# 5. In `ranked`, let K be 3 or 12. What becomes of the second column of the table?
#
# ## Claims

# %%
claims.show()

# %% [markdown]
# ## Recall
#
# <details><summary>Elo's formula and Bradley–Terry's: what is the exchange rate?</summary>
#
# 400/ln 10 ≈ 173.7 rating points for one unit of utility.
#
# </details>
#
# <details><summary>When would you rather have ratings than comparisons?</summary>
#
# When people use the scale alike, or when it is known who gave which and each person's scale is learned along. One rating costs one clip, a comparison two.
#
# </details>
#
# <details><summary>Why is a reward worth the detour?</summary>
#
# It speaks about states nobody was asked about, and practice on it is free. As many answers, cloned or reinforced, taught next to nothing.
#
# </details>
#
# <details><summary>What does a lapse rate protect against?</summary>
#
# One slip about two very different clips: without λ its cost grows without bound with their difference, and the fit bends to explain it.
#
# </details>
#
# <details><summary>Somebody chose the left clip 40 times of 40. What do you conclude?</summary>
#
# Sides are drawn at random, so nobody who looks would do that (`learn_from_preferences` warns of it, by a binomial test). Ask them, and leave the answers out if they pressed one key.
#
# </details>
#
# **What comes next.** The agent finds what the reward pays, and the reward is a guess from a hundred answers. Notebook 07: how to do better than what was shown, and what happens when the guess is trusted too far.

# %% [markdown]
# ## Further reading
#
# - Christiano et al. (2017), [Deep reinforcement learning from human preferences](https://arxiv.org/abs/1706.03741).
# - Bradley, Terry (1952), *Rank analysis of incomplete block designs*; Luce (1959), *Individual choice behavior*; Plackett (1975), *The analysis of permutations*; Elo (1978), *The rating of chessplayers*.
# - Ouyang et al. (2022), [Training language models to follow instructions with human feedback](https://arxiv.org/abs/2203.02155). InstructGPT.
# - Lee et al. (2021), [B-Pref: benchmarking preference-based reinforcement learning](https://arxiv.org/abs/2111.03026).
# - Hanna, *Learning from Humans*, lecture 21; *RLHF: Teaching robots right and wrong* (2023).
