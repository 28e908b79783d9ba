# %% [markdown]
# # Good dog: what does "good" mean?
#
# **You will be able to** name four things that a person can mean by "good", and tell what a learner must do with each; write TAMER and COACH
# in ten lines each; say why a learner who adds up praise may walk in circles for ever, and when it does not; share a late word out among the steps it may be about.
#
# **You need first:** notebook 00. What reinforcement learning you need is recalled where it is needed.
#
# **It takes** about 60 minutes with everything there is to do; running it all takes about a minute on one CPU core.

# %% hidden=true
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from course_lib.claims import Claims, interval, normalised
from course_lib.envs.gridworld import gridworld
from course_lib.humans import Trainer
from course_lib.humans.trainers import meaning
from course_lib.machine import settle
from course_lib.plots import OKABE_ITO, band, marks
from course_lib.preferences.coach import coach_update, score, softmax
from course_lib.preferences.tamer import DELAY, credit, tamer_update
from course_lib.rl.value_iteration import evaluate, greedy, value_iteration
from course_lib.show import figure, show_source, table
from course_lib.widgets import Lessons

settle()
claims = Claims("05_scalar_feedback")

# %% [markdown]
# ## One word, four meanings
#
# A dog starts at the lower left of a garden; its bowl is at the upper right, and there is a pond on the way. After each of its steps you say a number: good, bad, how good. Nothing else. Lecture 21 asks what you meant:
#
# | you mean | in symbols | what you looked at |
# |---|---|---|
# | the **reward** of the step | $R(s,a)$ | this step, and nothing that comes of it |
# | the **return** | $Q^\pi(s,a)$ | the step and all that will come of it |
# | the **advantage** ("comparatively good") | $Q^\pi(s,a)-V^\pi(s)$ | whether it was better than what the dog usually does there |
# | the **regret** | $Q^*(s,a)-V^*(s)\le 0$ | how far it fell short of the best step there was |
#
# Here $\pi$ is the dog's policy, $\gamma$ says how much a step later counts, $V^\pi(s)$ is what the dog collects from $s$ on (each step costs 0.04, the bowl is worth 1, the pond −1), and $Q^\pi(s,a)$ the same if it first does $a$; stars mean "from here on as well as possible".

# %%
garden = gridworld(5, 6, goals=((0, 5),), pits=((1, 3), (2, 3)), start=(4, 0), slip=0.0)
S, A = garden.R.shape
V_best, Q_best = value_iteration(garden)
best, aimless = greedy(Q_best), np.full((S, A), 1 / A)
start = int(garden.initial.argmax())
of = lambda policy: normalised(evaluate(garden, policy)[start], evaluate(garden, aimless)[start], V_best[start])
print(f"score of a policy: {of(aimless):.0f} for aimless walking, {of(best):.0f} for the best")

# %% [markdown]
# ### Predict
#
# The dog half knows the way: every other step, on average, is the best one, the rest are aimless. Now it makes these eight: up, up, **down, up** (a detour), up, up, right, right. Four people watch, one of each kind. Who praises the detour's second half, the step back up? Who
# has nothing good to say of any step? Write down your guess for each.
#
# ### Run

# %%
walk = [0, 0, 2, 0, 0, 0, 1, 1]  # up, up, down, up, up, up, right, right
seen = [start]
for a in walk:
    seen.append(int(garden.P[seen[-1], a].argmax()))
names = ["reward", "return", "advantage", "regret"]
half = 0.5 * best + 0.5 * aimless
heard = {name: meaning(garden, half, name)[seen[:-1], walk] for name in names}

# %% hidden=true
fig, axes = plt.subplots(1, 4, figsize=(10, 2.9), sharey=False)
for ax, name, colour in zip(axes, names, OKABE_ITO):
    ax.bar(range(1, 9), heard[name], color=colour)
    ax.axhline(0, color="0.2", lw=0.8)
    ax.axvspan(2.5, 4.5, color="0.5", alpha=0.15, lw=0)
    ax.set(title=name, xlabel="step", xticks=[1, 3, 5, 7])
    ax.locator_params(axis="y", nbins=4)
axes[0].set_ylabel("what is said")
figure(fig, caption="The same eight steps, heard by four people. Grey: the detour, one step back and one forward again. The four scales differ.",
       alt="Four bar charts of eight steps. " + " ".join(f"{name}: " + ", ".join(f"{x:.2f}" for x in heard[name]) + "." for name in names))

# %% [markdown]
# The first says the same of every step: none of them was the bowl. The second grows more cheerful as the bowl comes nearer, and cannot help praising a little less on the way back. The third praises every step up and scolds the step down: it compares with what this dog
# usually does. The fourth scolds the step down, and is otherwise silent. From them silence is the highest praise.

# %% [markdown]
# ## Four ways to take it
#
# Whoever learns must guess which of the four it was. Each guess makes an algorithm.
#
# **It was the reward: add it up.** Remember the mean of what was said about each step, take it for $R$, and plan: find the policy that collects most of it over time.

# %%
class AddsUp:
    def __init__(self):
        self.total, self.n, self.best = np.zeros((S, A)), np.zeros((S, A)), aimless

    def policy(self):
        return 0.8 * self.best + 0.2 * aimless  # one step in five for the sake of finding out

    def hear(self, s, a, said):
        self.total[s, a], self.n[s, a] = self.total[s, a] + said, self.n[s, a] + 1

    def rest(self):  # between two walks: plan
        R = self.total / np.maximum(self.n, 1)
        self.best = greedy(value_iteration(garden.with_reward(R), tolerance=1e-3)[1])

# %% [markdown]
# **It was the return: TAMER** (Knox and Stone, 2009). The person has looked ahead already. So learn what they would say, $\hat H(s,a)$, and do what would please them most *now*, $\arg\max_a \hat H(s,a)$: no planning, no discount. Of the update below, `credits` is needed only for words that come late (last section); here it is 1 for the step just made.

# %%
show_source(tamer_update)

# %%
class Tamer:
    def __init__(self):
        self.H = np.zeros((S, A))
        self.best = aimless

    def policy(self):
        return 0.8 * self.best + 0.2 * aimless

    def hear(self, s, a, said):
        self.H = tamer_update(self.H, np.array([s]), np.array([a]), np.ones(1), said, rate=0.5)
        self.best = greedy(self.H)

    def rest(self):
        pass

# %% [markdown]
# **It was an advantage: COACH** (MacGlashan et al., 2017). The gradient of a policy's return is an expectation over the steps it makes itself: $\nabla J = \mathbb E[A^\pi(s,a)\,\nabla\log\pi_\theta(a\mid s)]$. If what you say *is* $A^\pi$, put it there. With the trace $e$ (here $\lambda=0$) a word may count for earlier steps too:
#
# $$e \leftarrow \lambda e + \nabla\log\pi_\theta(a_t\mid s_t),\qquad \theta\leftarrow\theta+\alpha f_t\,e .$$

# %%
show_source(coach_update)

# %%
class Coach:
    def __init__(self):
        self.theta = np.zeros((S, A))

    best = property(lambda self: greedy(self.theta))

    def policy(self):
        return softmax(self.theta)  # explores by itself

    def hear(self, s, a, said):
        self.theta, _ = coach_update(self.theta, np.zeros((S, A)), s, a, said, rate=2.0)

    def rest(self):
        pass

# %% [markdown]
# **It was the regret: be content.** Nothing is better than 0. So try what you have not tried, and as soon as something draws no complaint, keep doing it. That is TAMER without any exploring of its own: what was never tried counts as 0.

# %%
class Contented(Tamer):
    def policy(self):
        return self.best

learners = {"adds up": AddsUp, "TAMER": Tamer, "COACH": Coach, "contented": Contented}

# %% [markdown]
# ## Every teacher with every learner
#
# A lesson is a walk of at most twelve steps from a random square, with a word after each step. After every fifth walk we ask what the learner's best guess of a policy is worth *by the true reward*. The
# person's numbers are a little off each time (standard deviation 0.02).
#
# One more person joins. Whoever says "this will end well" seldom has the dog's present, clumsy policy in mind; they imagine that it goes on *sensibly*. So the return comes twice: of what the dog will really do, and of what it would do if it went on as well as possible.
#
# ### Predict
#
# Fill in a table of five teachers and four learners: who will find the bowl? In particular: what does the learner who *adds up* do with a return, of which every number near the bowl is close to 1?
#
# ### Run

# %%
everything = np.repeat(np.arange(S), A), np.tile(np.arange(A), S)
somewhere = np.flatnonzero(~garden.terminal)

def lessons(teacher, learner, seed, walks=120, every=5):
    """The learner's best policy after each ``every``-th walk, and the number of words heard by then."""
    rng, words, found = np.random.default_rng([seed, 7]), 0, []
    for walk in range(1, walks + 1):
        says = teacher.says(learner.policy(), *everything, rng).reshape(S, A)  # the person's opinion of the learner, once a walk
        s = rng.choice(somewhere)
        for t in range(12):
            a = rng.choice(A, p=learner.policy()[s])
            learner.hear(s, a, says[s, a])
            s, words = garden.P[s, a].argmax(), words + 1
            if garden.terminal[s]:
                break
        learner.rest()
        if walk % every == 0:
            found.append((words, learner.best.copy()))
    return found

# %%
teachers = {name: Trainer(garden, name, noise=0.02) for name in names}
teachers = {"reward": teachers["reward"], "return": teachers["return"], "return, imagined": Trainer(garden, "return", noise=0.02, imagines=best),
            "advantage": teachers["advantage"], "regret": teachers["regret"],
            "advantage, with praise": Trainer(garden, "advantage", noise=0.02, encouragement=0.3)}
seeds = range(16)
taught = {(t, l): [lessons(teachers[t], learners[l](), seed) for seed in seeds] for t in teachers for l in learners}
curves = {pair: np.array([[of(policy) for _, policy in run] for run in runs]) for pair, runs in taught.items()}  # (seeds, moments)
final = {pair: curve[:, -6:].mean(1) for pair, curve in curves.items()}  # mean over the last 30 walks

# %% [markdown]
# ### See

# %% hidden=true
grid = np.array([[final[t, l].mean() for l in learners] for t in teachers])
fig, ax = plt.subplots(figsize=(7.2, 4.2))
ax.imshow(grid, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")
for i, t in enumerate(teachers):
    for j, l in enumerate(learners):
        ax.text(j, i, f"{grid[i, j]:.2f}\n{final[t, l].min():.2f} – {final[t, l].max():.2f}", ha="center", va="center", fontsize=10)
ax.set(xticks=range(4), xticklabels=learners, yticks=range(len(teachers)), yticklabels=teachers, xlabel="the learner", ylabel="the teacher means")
ax.grid(False)
figure(fig, caption=f"Score of the learned policy over the last 30 of 120 walks (0 aimless, 1 best): mean and range of {len(seeds)} seeds. The last row is explained below.",
       alt="A table of scores. " + " ".join(f"{t}: " + ", ".join(f"{l} {final[t, l].mean():.2f}" for l in learners) + "." for t in teachers))

# %% [markdown]
# Look around in it: choose a teacher and a learner, and watch one of the dogs after more and more words.

# %%
def walked(policy, steps=30):
    """Where a policy leads from the start; what is equally good is drawn."""
    rng, path = np.random.default_rng(3), [start]
    for _ in range(steps):
        s = path[-1]
        path.append(s if garden.terminal[s] else int(garden.P[s, rng.choice(A, p=policy[s])].argmax()))
    return path

shown = {pair: np.array([walked(aimless), *(walked(policy) for _, policy in runs[0][1::4])]) for pair, runs in taught.items()}
display(Lessons(shown, [0] + [words for words, _ in taught["reward", "TAMER"][0][1::4]], 5, 6, *([s for s in np.flatnonzero(garden.terminal) if (s < 6) == top] for top in (True, False))))

# %% [markdown]
# What the table says, row by row:
#
# - **reward.** Only who adds up and plans can use it. To the others all steps away from the bowl are equally good, so they wander.
# - **return.** If the person speaks of what *this* dog will do, the good learners are those that choose what pleases most now. Who adds up hears of the same future again with every step, and falls behind. If the person imagines a sensible dog, every word near the bowl is high, and three of four fail in a way you can watch: who adds up circles *beside the bowl* and
#   never enters, for entering ends the praise; COACH and the contented take the first praise for approval and stay with whatever they did.
# - **advantage.** COACH is made for it. TAMER manages too: what pleases most now *is* an improvement. The contented one does not, for with a moving dog and a wavering voice something is always a little below 0.
# - **regret.** All four learn much of it. It is the kindest thing to teach by, and asks most of the teacher, who must know the best step everywhere.

# %%
others = lambda t, but: np.max([final[t, l] for l in learners if l not in but], axis=0)
claims.add("reward: score of who adds up, minus the best other learner", final["reward", "adds up"] - others("reward", ["adds up"]), at_least=0.5)
claims.add("return, imagined: score of TAMER minus the best other learner", final["return, imagined", "TAMER"] - others("return, imagined", ["TAMER"]), at_least=0.0)
claims.add("return: score of COACH minus TAMER", final["return", "COACH"] - final["return", "TAMER"], at_most=0.0)
claims.add("advantage: score of COACH minus the best other learner", final["advantage", "COACH"] - others("advantage", ["COACH"]), at_least=-0.05)
claims.add("advantage: score of COACH minus who adds up", final["advantage", "COACH"] - final["advantage", "adds up"], at_least=0.1)
claims.add("regret: mean score of the four learners", np.mean([final["regret", l] for l in learners], axis=0), at_least=0.5)

# %% [markdown]
# ## Positive reward cycles
#
# A learner who adds up praise will find every way of being praised for ever. How much praise does it take?
#
# Take the simplest case: the dog does not learn while you speak, it half knows the way, and you say *exactly* its advantage at every step, plus a little praise $c$, because you are kind. Afterwards somebody adds up what you said and plans.
#
# ### Predict
#
# With $c=0$: will the plan reach the bowl? From which $c$ on will it not: 0.01, 0.05, 0.3? And if you had said the true reward plus $c$?
#
# ### Run

# %%
praise = np.linspace(0, 0.15, 61)
plan = lambda said: of(greedy(value_iteration(garden.with_reward(said))[1]))
planned = {name: np.array([plan(meaning(garden, half, name) + c) for c in praise]) for name in ("reward", "advantage")}
too_kind = {name: praise[np.argmax(scores < 0.5)] for name, scores in planned.items()}
circling = walked(greedy(value_iteration(garden.with_reward(meaning(garden, half, "advantage") + 0.15))[1]), 40)

# %% hidden=true
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
for (name, scores), (colour, dash, _), width in zip(planned.items(), marks(), (5, 2)):
    left.plot(praise, scores, color=colour, ls=dash, lw=width, alpha=0.8, label=f"what was said: {name} + c")
left.set(xlabel="praise c added to every word", ylabel="score of the plan", ylim=(-0.1, 1.1))
left.legend(loc="center left", fontsize=9)
r, c = np.divmod(np.array(circling), 6)
jitter = np.random.default_rng(0).uniform(-0.12, 0.12, (2, len(r)))
right.plot(c + jitter[0], r + jitter[1], color=OKABE_ITO[0], lw=1.2, ls="-")
for square, word in zip(np.flatnonzero(garden.terminal), ("bowl", "pond", "pond")):
    right.text(square % 6, square // 6, word, ha="center", va="center", bbox=dict(fc="#cfe8df" if word == "bowl" else "#f3d3bd", ec="0.5"))
right.set(xlim=(-0.5, 5.5), ylim=(4.5, -0.5), xticks=[], yticks=[], aspect="equal", title="40 steps of the plan at c = 0.15")
figure(fig, caption="Left: both curves are the same curve. Right: where a plan leads that adds up too much praise.",
       alt=f"Left: the plan is perfect up to a praise of {too_kind['advantage']:.3f} a word and then falls to about 0, for advantage and reward alike. Right: a path that never reaches the bowl.")

# %% [markdown]
# With $c=0$ the plan is perfect. That is not what the warnings about advantage-like feedback would make one expect, and it is exact: since $A^\pi(s,a)=R(s,a)+\gamma\,\mathbb E\,V^\pi(s')-V^\pi(s)$, adding up advantages along a path gives its rewards, plus what the potential $V^\pi$ gained on the way. Ng, Harada and Russell (1999)
# showed that such a *shaping* changes no optimal policy. So both curves coincide, and both fall at the same point. Beside the bowl, entering is worth $1-0.04+c$; to walk up and down there for ever $(c-0.04)/(1-\gamma)$. The second
# is more from $c=0.093$ on.
#
# Two things make positive cycles out of advantages. One is kindness, as here: people praise more than they scold. The other is that **the dog learns while you speak**, and an advantage over yesterday's dog and one over today's do not belong to one potential. The table above has both: in the row *advantage* whoever adds up
# falls far behind COACH; in the row *advantage, with praise* (0.3 a word) they never arrive. Kindness hurts COACH too: everything it does is praised, so whatever it happens to do becomes a habit. TAMER only asks what is praised *most*.

# %%
claims.add("exact advantages of a dog that does not learn, added up: score of the plan", exactly=plan(meaning(garden, half, "advantage")), at_least=0.999)
claims.add("largest difference between the two curves", exactly=np.abs(planned["reward"] - planned["advantage"]).max(), at_most=1e-9)
claims.add("advantage, with praise: score of who adds up", final["advantage, with praise", "adds up"], at_most=0.1)
claims.add("advantage, with praise: score of TAMER minus who adds up", final["advantage, with praise", "TAMER"] - final["advantage, with praise", "adds up"], at_least=0.3)

# %% [markdown]
# ## Why COACH may put your word there
#
# $J(\theta)=V^{\pi_\theta}(s_0)$ is what the dog collects from the start. Its gradient can be had in two ways: let PyTorch differentiate the exact solution of Bellman's equation; or take COACH's update for every step, weighted by how often the dog makes it. If the word is the advantage, they are equal. What if it is the imagined return?

# %%
import torch

from course_lib.rl.occupancy import occupancy

theta = np.random.default_rng(1).normal(size=(S, A))
x = torch.tensor(theta, requires_grad=True)
P, R, going_on = torch.tensor(garden.P), torch.tensor(garden.R), torch.tensor(~garden.terminal)
pi = x.softmax(-1)
J = torch.linalg.solve(torch.eye(S) - garden.gamma * torch.einsum("sa,sat->st", pi, P) * going_on, (pi * R).sum(-1))[start]
gradient = torch.autograd.grad(J, x)[0].numpy()

def coach_on_average(said):
    weight = occupancy(garden, softmax(theta)) * ~garden.terminal[:, None]  # how often each step is made
    return sum(weight[s, a] * said[s, a] * score(theta, s, a) for s in range(S) for a in range(A))

# %%
cosine = lambda u, v: float((u * v).sum() / np.sqrt((u * u).sum() * (v * v).sum()))
rows = {"its advantage": meaning(garden, softmax(theta), "advantage"), "its advantage, with praise 0.3": meaning(garden, softmax(theta), "advantage") + 0.3,
        "its return": meaning(garden, softmax(theta), "return"), "the return of a sensible dog": meaning(garden, best, "return"), "the regret": meaning(garden, best, "regret"),
        "the reward": garden.R}
table([{"what is said": name, "cosine of COACH's mean step with the gradient": f"{cosine(coach_on_average(said), gradient):.3f}"} for name, said in rows.items()])
claims.add("COACH's mean step minus the gradient of the return: largest entry", exactly=np.abs(coach_on_average(rows["its advantage"]) - gradient).max(), at_most=1e-10)

# %% [markdown]
# *On average* a constant does no harm: praise and even the plain return point exactly along the gradient, because $\mathbb E[\nabla\log\pi]=0$ in every state. What they do to a *single* lesson you saw in the table: with few words the average is far away. (That is why policy gradients use a baseline; COACH's teacher brings their own.) The imagined return and the regret differ by a constant in each state, so they share a direction,
# but it is another one: they speak of a dog that this one is not yet. The reward points elsewhere too, for it says nothing of what comes.

# %% [markdown]
# ## The word comes late
#
# People need 0.2 to 0.8 seconds to speak. A dog that makes a step every 0.4 seconds is one or two steps further by then. TAMER's answer is to share the word out: with $F$ the distribution of the delay, the step that lasted from $t_i$ to $t_{i+1}$ gets the credit $c_i=F(t-t_i)-F(t-t_{i+1})$.

# %%
show_source(credit)

# %% hidden=true
begins = np.arange(8) * 0.4
shares = credit(2.0, begins, begins + 0.4)
fig, ax = plt.subplots(figsize=(6.4, 2.4))
ax.bar(begins + 0.2, shares, width=0.38, color=OKABE_ITO[0])
ax.axvline(2.0, color=OKABE_ITO[1], ls="--")
ax.annotate('"good!"', (2.0, max(shares)), color=OKABE_ITO[1], xytext=(4, -10), textcoords="offset points")
ax.set(xlabel="time [s]", ylabel="credit", xticks=np.arange(0, 3.3, 0.4))
figure(fig, caption="A word spoken at 2.0 s: which of the steps it is about, for a delay anywhere between 0.2 and 0.8 s.",
       alt="Bars over time: " + ", ".join(f"the step from {b:.1f} s gets {c:.2f}" for b, c in zip(begins, shares) if c > 0) + ".")

# %% [markdown]
# ### Predict
#
# TAMER learns from a teacher who means the advantage and speaks late. One dog credits each word to the step under way, the other shares it out. How do they compare if a step lasts 0.1 seconds? 0.4? Two?
#
# ### Run

# %%
def late_lessons(seed, step, delay, walks=120):
    """TAMER's mean score over the last 30 walks, when words come late and ``delay`` is what the learner believes of that."""
    rng, H, late = np.random.default_rng([seed, 9]), np.zeros((S, A)), []
    for walk in range(walks):
        says = Trainer(garden, "advantage").says(0.8 * greedy(H) + 0.2 * aimless, *everything, rng).reshape(S, A)
        path, acts, words = [rng.choice(somewhere)], [], []
        for t in range(12):
            acts.append(rng.choice(A, p=(0.8 * greedy(H) + 0.2 * aimless)[path[-1]]))
            words.append((step * (t + rng.random()) + rng.uniform(0.2, 0.8), says[path[-1], acts[-1]]))
            path.append(garden.P[path[-1], acts[-1]].argmax())
            if garden.terminal[path[-1]]:
                break
        begins = step * np.arange(len(acts))
        for spoken, said in sorted(words):
            H = tamer_update(H, np.array(path[:-1]), np.array(acts), credit(spoken, begins, begins + step, delay), said, rate=0.3)
        if walk >= walks - 30 and walk % 5 == 4:
            late.append(of(greedy(H)))
    return np.mean(late)

durations = [0.1, 0.2, 0.4, 0.8, 2.0]
timed = {name: np.array([[late_lessons(seed, step, delay) for step in durations] for seed in seeds])
         for name, delay in (("shared out", DELAY), ("the step under way", None))}

# %% hidden=true
fig, ax = plt.subplots(figsize=(6.4, 3.2))
for (name, scores), mark in zip(timed.items(), marks()):
    band(ax, durations, *np.array([interval(column) for column in scores.T]).T, f"credit: {name}", mark)
ax.set(xscale="log", xlabel="duration of a step [s]", ylabel="score", xticks=durations, xticklabels=durations, ylim=(-0.1, 1.1))
ax.minorticks_off()
ax.legend(loc="lower right")
figure(fig, caption=f"TAMER, taught by words that come 0.2 to 0.8 s late ({len(seeds)} seeds, 95 % interval).",
       alt=". ".join(f"Credit to {name}: " + ", ".join(f"{scores[:, i].mean():.2f} at {d} s" for i, d in enumerate(durations)) for name, scores in timed.items()))

# %%
claims.add("steps of 0.4 s: score with shared credit minus without", timed["shared out"][:, 2] - timed["the step under way"][:, 2], at_least=0.0)

# %% [markdown]
# A dog that believes you speak at once learns little as long as its steps are shorter than your delay: praise for a step lands on the next one. Sharing out repairs much of that. Even so, the shorter the steps, the less a word says about any one of them.

# %% [markdown]
# ## Break it
#
# Predict first, then run from the cell you changed.
#
# 1. In `teachers`, make everybody press one of two buttons (`buttons=True`). Which cells of the table lose most? (A step that was exactly as usual is then "bad".)
# 2. In `AddsUp.hear`, forget: let `total` and `n` shrink by a tenth before each word. Does that help it with a moving teacher?
# 3. Give `Coach` a baseline: subtract the mean of what it has heard so far. Which rows change?
# 4. Take the pond away (`pits=()`). Which learners were afraid of it?

# %% [markdown]
# ## Claims

# %%
claims.show()

# %% [markdown]
# ## Recall
#
# <details><summary>A teacher says 0 to nearly every step and never anything above. What do they mean, and what should you do with it?</summary>
#
# The regret. Do what drew no complaint; there is nothing better to be found.
#
# </details>
#
# <details><summary>Why does a learner who adds up returns circle beside the bowl?</summary>
#
# Each word already contains the bowl. Beside it the words are highest, and entering it ends them: adding up high words for ever is worth more than the bowl.
#
# </details>
#
# <details><summary>Exact advantages may be added up after all. Why, and what spoils it?</summary>
#
# They are the reward, shaped by the potential V of the dog's policy, and shaping changes no optimal policy. A constant praise spoils it, and so does a dog that changes while it is spoken to.
#
# </details>
#
# <details><summary>TAMER does not discount and does not plan. Who does?</summary>
#
# The teacher: what they say has the future in it.
#
# </details>
#
# **What comes next.** A number has a scale, and everybody has their own. Is it easier to say *which of two* is better? Notebook 06 learns a reward from that.

# %% [markdown]
# ## Further reading
#
# - Knox, Stone (2009), *Interactively shaping agents via human reinforcement: the TAMER framework*.
# - Knox (2012), *Learning from human-generated reward*, dissertation: positive circuits, and how far people look ahead.
# - MacGlashan et al. (2017), [Interactive learning from policy-dependent human feedback](https://arxiv.org/abs/1701.06049). COACH.
# - Ng, Harada, Russell (1999), *Policy invariance under reward transformations*.
# - Hanna, *Learning from Humans*, lecture 21, slide "RL from Human Feedback"; *RLHF: Teaching robots right and wrong* (2023): "a simple good or bad feedback is enough".
