# %% [markdown]
# # Good dog: what does "good" mean?
#
# **You will be able to** name four things that a person can mean by "good", and tell what a learner must do with each; read TAMER and COACH,
# ten lines each, and say which assumption stands where; say why a learner who adds up praise may walk in circles for ever, and when it does not; share a late word out among the steps it may be about.
#
# **You need first:** notebook 00. What reinforcement learning you need is recalled where it is needed.
#
# **It takes** about 60 minutes with everything there is to do; running it all takes about a minute on one CPU core.

# %% hidden=true
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from course_lib.claims import Claims, interval, normalised
from course_lib.data.store import LabelStore
from course_lib.envs.gridworld import Grid, gridworld
from course_lib.humans import Trainer
from course_lib.humans.trainers import meaning
from course_lib.machine import settle
from course_lib.plots import OKABE_ITO, band, marks
from course_lib.preferences.coach import coach_update, score, softmax
from course_lib.preferences.tamer import DELAY, credit, tamer_update
from course_lib.rl.value_iteration import evaluate, greedy, value_iteration
from course_lib.show import figure, show_source, table
from course_lib.widgets import Lessons, TwoButtons

settle()
claims = Claims("05_scalar_feedback")

# %% [markdown]
# ## Train it yourself
#
# ### Play with it
#
# A dog starts at the lower left of a garden; its bowl is at the upper right, and there is a pond on the way. It knows nothing. Click beside the garden, let it walk (<kbd>space</kbd>), and after each step say *good* (<kbd>→</kbd>) or *bad* (<kbd>←</kbd>). Can you bring it to its bowl with thirty words? (Without a browser, somebody answers who knows the way: good for a best step, bad for any other.)

# %%
garden = gridworld(5, 6, goals=((0, 5),), pits=((1, 3), (2, 3)), start=(4, 0), slip=0.0)
V_best, Q_best = value_iteration(garden)
dog = TwoButtons(Grid(mdp=garden, columns=6, horizon=40), LabelStore("labels.sqlite"), task="05/dog")
display(dog)

# %% hidden=true
if dog.mode == "simulated":
    dog.simulate(lambda s, a, rng: 1.0 if Q_best[s, a] > V_best[s] - 1e-9 else -1.0, steps=60)
print(f"{len(dog.given)} words, of them {sum(e['value'] > 0 for e in dog.given)} good; alone it finds the bowl in {dog.scores[-1] if dog.scores else 0:.0%} of its walks")

# %% [markdown]
# (What is printed above counts when the cell runs: run it again after you have taught.) The dog takes a word for what you think of the step, and then does whatever it believes you would like best: TAMER, further down. A word belongs to the step on the screen, unless it comes within a quarter of a second, faster than anybody judges. What did *you* mean by good, though: that the step was a good one, that it was better than the dog's usual, or that the bowl was near? And what did you do when it came back from a detour?

# %% [markdown]
# ## One word, four meanings
#
# After each of the dog's steps you say a number: good, bad, how good. Nothing else. Josiah Hanna's lecture 21 asks what you meant:
#
# | you mean | in symbols | what you looked at |
# |---|---|---|
# | the **reward** of the step | $R(s,a)$ | this step, and nothing that comes of it |
# | the **return** | $Q^\pi(s,a)$ | the step and all that will come of it |
# | the **advantage** ("comparatively good") | $Q^\pi(s,a)-V^\pi(s)$ | whether it was better than what the dog usually does there |
# | the **regret**, with a minus sign | $Q^*(s,a)-V^*(s)\le 0$ | how far it fell short of the best step there was; 0 is best |
#
# Here $\pi$ is the dog's policy, $\gamma$ says how much a step later counts, $V^\pi(s)$ is what the dog collects from $s$ on (each step costs 0.04, the bowl is worth 1, the pond −1), and $Q^\pi(s,a)$ the same if it first does $a$; stars mean "from here on as well as possible". A step later counts $\gamma = 0.95$ of a step now.

# %%
show_source(meaning)

# %%
S, A = garden.R.shape
best, aimless = greedy(Q_best), np.full((S, A), 1 / A)
start = int(garden.initial.argmax())

def score_of(policy):
    """0 for aimless walking, 1 for the best, by what the policy collects from the start."""
    return normalised(evaluate(garden, policy)[start], evaluate(garden, aimless)[start], V_best[start])

never = np.eye(A)[np.full(S, 2)]  # always down: it stays where it starts
print(f"collected from the start: {evaluate(garden, aimless)[start]:.2f} by aimless walking, {V_best[start]:.2f} by the best policy")
print(f"a dog that never arrives pays for its steps for ever and scores {score_of(never):.2f}: at least it avoids the pond")

# %% [markdown]
# ### Predict
#
# The dog half knows the way: every other step, on average, is the best one, the rest are aimless. Now it makes these eight: up, up, **down, up** (a detour), up, up, right, right, and stops three squares from the bowl. Four people watch, one of each kind. Who praises the detour's second half, the step back up? Who
# has no good word for any step? Write down your guess for each.
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
def draw_garden(ax):
    """Squares, bowl and pond."""
    for square, word in zip(np.flatnonzero(garden.terminal), ("bowl", "pond", "pond")):
        ax.text(square % 6, square // 6, word, ha="center", va="center", fontsize=9, bbox=dict(fc="#cfe8df" if word == "bowl" else "#f3d3bd", ec="0.5"))
    ax.plot(start % 6, start // 6, "o", color="0.3", ms=8)
    ax.set(xlim=(-0.5, 5.5), ylim=(4.5, -0.5), xticks=np.arange(0.5, 5), yticks=np.arange(0.5, 4), xticklabels=[], yticklabels=[], aspect="equal")

fig, (place, *axes) = plt.subplots(1, 5, figsize=(12, 2.7), sharey=False)
draw_garden(place)
sway = np.linspace(-0.12, 0.12, 9)
place.plot(np.array(seen) % 6 + sway, np.array(seen) // 6, color=OKABE_ITO[0], ls="-", lw=1.5)
place.set(title="the walk")
for ax, name, colour in zip(axes, names, OKABE_ITO):
    ax.bar(range(1, 9), heard[name], color=colour)
    ax.axhline(0, color="0.2", lw=0.8)
    ax.axvspan(2.5, 4.5, color="0.5", alpha=0.15, lw=0)
    ax.set(title=name, xlabel="step", xticks=[1, 3, 5, 7])
    ax.locator_params(axis="y", nbins=4)
axes[0].set_ylabel("what is said")
figure(fig, caption="The same eight steps, heard by four people. Grey: the detour, one step back and one forward again. Only one of the four praises the step forward again. (The four scales differ.)",
       alt="A garden of six by five squares with the walk from the lower left to the upper part of the third column, the bowl at the upper right, and the pond between them. Four bar charts of eight steps. " + " ".join(f"{name}: " + ", ".join(f"{x:.2f}" for x in heard[name]) + "." for name in names))

# %% [markdown]
# *Reward* says the same of every step: none of them was the bowl. *Return* is gloomy until the bowl comes near, and gloomier at the step down than at the step back up. *Advantage* has hardly a word for the first step, scolds the step down, and praises the rest, the step back up included: it compares with what this dog
# usually does. *Regret* scolds the step down, and is otherwise silent; from this person, silence is the highest praise. So two of them, reward and regret, have no good word for any step, and they mean opposite things by that.

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
        return 0.8 * self.best + 0.2 * aimless  # one step in five to explore

    def hear(self, s, a, said):
        self.total[s, a], self.n[s, a] = self.total[s, a] + said, self.n[s, a] + 1

    def rest(self):  # between two walks: plan
        mean = self.total / np.maximum(self.n, 1)
        self.best = greedy(value_iteration(garden.with_reward(mean), tolerance=1e-3)[1])

# %% [markdown]
# **It was the return: TAMER** (Knox and Stone, 2009). The person has looked ahead already. So learn what they would say, $\hat H(s,a)$, and do what would please them most *now*, $\arg\max_a \hat H(s,a)$: no planning, no discount. In the update below, `credits` is needed only for words that come late (last section); here it is 1 for the step just made.

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
# **It was an advantage: COACH** (MacGlashan et al., 2017). Let the policy be $\pi_\theta=\operatorname{softmax}\theta$, a number $\theta_{sa}$ for each step. The gradient of what it collects, $J$, is an expectation over the steps it makes itself,
# $\nabla J = \sum_t \gamma^t\,\mathbb E[A^\pi(s_t,a_t)\,\nabla\log\pi_\theta(a_t\mid s_t)]$. If what you say, $f_t$, *is* the advantage, put it there, with a learning rate $\alpha$:
#
# $$\theta\leftarrow\theta+\alpha f_t\,e,\qquad e = \nabla\log\pi_\theta(a_t\mid s_t) .$$
#
# (The code can also keep a trace $e\leftarrow\lambda e+\nabla\log\pi_\theta$, so that a word counts for earlier steps too. Here $\lambda=0$.)

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
# A lesson is a walk of at most twelve steps from a random square, with a word after each step. The person looks at the dog's policy once a walk. After every fifth walk we ask what the learner's best guess of a policy is worth *by the true reward*. The
# person's numbers are a little off each time (standard deviation 0.02).
#
# Three more people join. Whoever says "this will end well" seldom has the dog's present, clumsy policy in mind; they imagine that it goes on *sensibly*: **return, imagined**. One means the advantage over how the dog walked before the first lesson, when it half knew the way, and never changes that opinion: **advantage, fixed**.
# And one means the advantage and is kind, adding 0.3 to every word: **advantage, with praise**. (That is much, three times the largest advantage in the figure above.)
#
# ### Predict
#
# Fill in a table of seven teachers and four learners: who will find the bowl? In particular: what does the learner who *adds up* do with an imagined return, of which every number near the bowl is close to 1?
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
says = {"reward": {}, "return": {}, "return, imagined": dict(reading="return", imagines=best), "advantage": {}, "advantage, fixed": dict(reading="advantage", imagines=half),
        "regret": {}, "advantage, with praise": dict(reading="advantage", encouragement=0.3)}
teachers = {name: Trainer(garden, noise=0.02, **{"reading": name} | what) for name, what in says.items()}
seeds = range(16)
taught = {(t, l): [lessons(teachers[t], learners[l](), seed) for seed in seeds] for t in teachers for l in learners}
curves = {pair: np.array([[score_of(policy) for _, policy in run] for run in runs]) for pair, runs in taught.items()}  # (seeds, moments)
final = {pair: curve[:, -6:].mean(1) for pair, curve in curves.items()}  # mean over the last 30 walks

# %% [markdown]
# ### See

# %% hidden=true
grid = np.array([[final[t, l].mean() for l in learners] for t in teachers])
fig, ax = plt.subplots(figsize=(7.2, 4.8))
ax.imshow(grid, cmap="Blues", vmin=0, vmax=1, aspect="auto")
for i, t in enumerate(teachers):
    for j, l in enumerate(learners):
        ax.text(j, i, f"{grid[i, j]:.2f}\n{final[t, l].min():.2f} – {final[t, l].max():.2f}", ha="center", va="center", fontsize=10, color="white" if grid[i, j] > 0.55 else "0.1",
                weight="bold" if grid[i, j] == grid[i].max() else "normal")
ax.set(xticks=range(4), xticklabels=learners, yticks=range(len(teachers)), yticklabels=teachers, xlabel="the learner", ylabel="the teacher means")
ax.grid(False)
figure(fig, caption=f"Score of the learned policy over the last 30 of 120 walks (0 aimless, 1 best): mean and range of {len(seeds)} seeds, the best of each row in bold. A dog that never arrives scores 0.03; so 0.03 – 1.00 says that some dogs do and some never do.",
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
words = [0] + [heard for heard, _ in taught["reward", "TAMER"][0][1::4]]
bowl, *pond = np.flatnonzero(garden.terminal)
display(Lessons(shown, words, rows=5, columns=6, goals=[bowl], pits=pond))

# %% [markdown]
# What the table says, row by row:
#
# - **reward.** Only the learner who adds up and plans can use it. To the others all steps away from the bowl are equally good, so they stop or dither somewhere.
# - **return.** The contented and TAMER, who choose what pleases most now, do best; the learner who adds up hears of the same future again with every step, and lies between. COACH is last. Its words point the right way on average, as you will see below, but with so few of them the average is far away.
# - **return, imagined.** Near the bowl every word is high, and three of four fail in a way you can watch: the learner who adds up stands *beside the bowl* and pushes against the wall, for each push is praised and entering ends the praise; COACH and the contented take the first praise for approval, and stay with whatever they did. TAMER alone finds the bowl, and not always.
# - **advantage.** COACH is made for it. TAMER manages too: what pleases most now *is* an improvement. The contented learner fails for a subtle reason: it always does the same thing in a square, and the advantage of what one always does is 0 by definition. All it hears is the wavering of the voice. (Set `noise=0`, and it learns.)
# - **regret.** All four learn much of it, COACH best of all: a regret is a usable advantage. It is the easiest to learn from, and the hardest to give, since one must know the best step everywhere.

# %%
others = lambda t, but: np.max([final[t, l] for l in learners if l not in but], axis=0)
claims.add("reward: score of the learner who adds up, minus the best other", final["reward", "adds up"] - others("reward", ["adds up"]), at_least=0.5)
claims.add("return, imagined: score of TAMER minus the best other learner", final["return, imagined", "TAMER"] - others("return, imagined", ["TAMER"]), at_least=0.0)
claims.add("return: score of COACH minus TAMER", final["return", "COACH"] - final["return", "TAMER"], at_most=0.0)
claims.add("advantage: score of COACH minus the best other learner", final["advantage", "COACH"] - others("advantage", ["COACH"]), at_least=-0.05)
claims.add("advantage: score of COACH minus the learner who adds up", final["advantage", "COACH"] - final["advantage", "adds up"], at_least=0.1)
claims.add("regret: mean score of the four learners", np.mean([final["regret", l] for l in learners], axis=0), at_least=0.5)

# %% [markdown]
# ## Positive reward cycles
#
# A learner who adds up praise may find a way of being praised for ever, without ever arriving: a *positive cycle*. MacGlashan et al. (2017) warn of it where words that mean an advantage are paid as a reward. How much praise does it take?
#
# Take the simplest case: the dog does not learn while you speak, it half knows the way, and you say *exactly* its advantage at every step, plus a little praise $b$, because you are kind. Afterwards somebody adds up what you said and plans.
#
# ### Predict
#
# With $b=0$: will the plan reach the bowl? Between which two does it stop reaching it: 0.01, 0.05, 0.1, 0.3? And if you had said the true reward plus $b$?
#
# ### Run

# %%
praise = np.linspace(0, 0.15, 61)

def planned_score(said):
    """Of the policy that collects most of ``said`` (S, A), by the true reward."""
    return score_of(greedy(value_iteration(garden.with_reward(said))[1]))

planned = {name: np.array([planned_score(meaning(garden, half, name) + b) for b in praise]) for name in ("reward", "advantage")}
too_kind = {name: praise[np.argmax(scores < 0.5)] for name, scores in planned.items()}
circling = walked(greedy(value_iteration(garden.with_reward(meaning(garden, half, "advantage") + 0.15))[1]), 40)

# %% hidden=true
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
for (name, scores), (colour, dash, _), width in zip(planned.items(), marks(), (5, 2)):
    left.plot(praise, scores, color=colour, ls=dash, lw=width, alpha=0.8, label=f"said: {name} + b")
left.set(xlabel="praise b added to every word", ylabel="score of the plan", ylim=(-0.1, 1.1))
left.legend(loc="center left")
r, column = np.divmod(np.array(circling), 6)
jitter = np.random.default_rng(0).uniform(-0.12, 0.12, (2, len(r)))
draw_garden(right)
right.plot(column + jitter[0], r + jitter[1], color=OKABE_ITO[0], lw=1.2, ls="-")
right.set(title="40 steps of the plan at b = 0.15")
figure(fig, caption="Adding up advantages or rewards gives the same plan (left: the two curves coincide). With too much praise in every word it never enters the bowl (right; lines are drawn a little apart).",
       alt=f"Left: the plan is perfect below a praise of {too_kind['advantage']:.4f} a word and near 0 from there on, for advantage and reward alike. Right: a path that never reaches the bowl.")

# %% [markdown]
# With $b=0$ the plan is perfect, warning or not. The reason is exact. Since $A^\pi(s,a)=R(s,a)+\gamma\,\mathbb E\,V^\pi(s')-V^\pi(s)$, the discounted sum of advantages along a path to time $T$ is the discounted sum of its rewards, plus $\gamma^T V^\pi(s_T)-V^\pi(s_0)$. In the bowl $V^\pi$ is 0, and on an endless walk $\gamma^T$ goes to 0;
# what is left, $-V^\pi(s_0)$, is the same for every path from $s_0$. So the order of all plans stays as it was: Ng, Harada and Russell (1999) call this *potential-based shaping*. And both curves fall at the same point. Beside the bowl, entering is worth $1-0.04+b$, and staying outside for ever $(b-0.04)/(1-\gamma)=20\,(b-0.04)$.
# The second is more from $b=0.093$ on, from every square alike; all endless walks are then worth the same, and the plan draws one at random.
#
# Two things make positive cycles of advantages after all. One is kindness: people praise more than they scold. The other is that **the dog learns while you speak**, and an advantage over yesterday's dog and one over today's do not belong to one potential. The table has both. Compare for the learner who adds up: *advantage, fixed* it learns
# perfectly, *advantage* (of the dog as it learns) badly, *advantage, with praise* not at all. Kindness hurts COACH as well: when everything is praised, whatever it happens to do becomes a habit. TAMER, which asks what is praised *most*, suffers least.

# %%
claims.add("exact advantages of a dog that does not learn, added up: score of the plan", exactly=planned_score(meaning(garden, half, "advantage")), at_least=0.999)
claims.add("largest difference between the two curves", exactly=np.abs(planned["reward"] - planned["advantage"]).max(), at_most=1e-9)
claims.add("score of the learner who adds up: advantage over a fixed dog, minus over the dog as it learns", final["advantage, fixed", "adds up"] - final["advantage", "adds up"], at_least=0.1)
claims.add("advantage, with praise: score of the learner who adds up", final["advantage, with praise", "adds up"], at_most=0.1)
claims.add("advantage, with praise: score of TAMER minus the learner who adds up", final["advantage, with praise", "TAMER"] - final["advantage, with praise", "adds up"], at_least=0.3)

# %% [markdown]
# ## Why COACH may put your word there
#
# $J(\theta)=V^{\pi_\theta}(s_0)$ is what the dog collects from the start. Its gradient can be had in two ways: let PyTorch differentiate the exact solution of Bellman's equation; or take COACH's update for every step, weighted by how often the dog makes it (a visit at time $t$ counts $\gamma^t$). If the word is the advantage, they must be equal. And if it is something else?

# %%
import torch

from course_lib.rl.occupancy import occupancy

P, R, going_on = torch.tensor(garden.P), torch.tensor(garden.R), torch.tensor(~garden.terminal)

def exact_gradient(theta):
    """∇J (S, A), by automatic differentiation of V = (I − γ P_π)⁻¹ R_π."""
    x = torch.tensor(theta, requires_grad=True)
    pi = x.softmax(-1)
    V = torch.linalg.solve(torch.eye(S) - garden.gamma * torch.einsum("sa,sat->st", pi, P) * going_on, (pi * R).sum(-1))
    return torch.autograd.grad(V[start], x)[0].numpy()

def coach_on_average(theta, said):
    weight = occupancy(garden, softmax(theta)) * ~garden.terminal[:, None]  # how often each step is made
    return sum(weight[s, a] * said[s, a] * score(theta, s, a) for s in range(S) for a in range(A))

# %%
def what_is_said(pi):
    return {"its advantage": meaning(garden, pi, "advantage"), "its advantage, with praise 0.3": meaning(garden, pi, "advantage") + 0.3, "its return": meaning(garden, pi, "return"),
            "the return, imagined": meaning(garden, best, "return"), "the regret": meaning(garden, best, "regret"), "the reward": garden.R}

cosine = lambda u, v: float((u * v).sum() / np.sqrt((u * u).sum() * (v * v).sum()))
thetas = np.random.default_rng(1).normal(size=(20, S, A))
cosines = {name: [cosine(coach_on_average(theta, what_is_said(softmax(theta))[name]), exact_gradient(theta)) for theta in thetas] for name in what_is_said(aimless)}
table([{"what is said": name, "cosine of COACH's mean step with the gradient": f"{np.mean(x):.2f}  ({min(x):.2f} – {max(x):.2f})"} for name, x in cosines.items()], "20 random policies: mean and range")
off = [np.abs(coach_on_average(theta, meaning(garden, softmax(theta), "advantage")) - exact_gradient(theta)).max() for theta in thetas]
claims.add("COACH's mean step minus the gradient of the return: largest entry", exactly=max(off), at_most=1e-10)

# %% [markdown]
# *On average* a constant does no harm: praise, and even the plain return, point exactly along the gradient, because $\mathbb E[\nabla\log\pi]=0$ in every state. But look back at the table of scores: by the plain return, and by praise, COACH learned much worse than by the advantage. A mean direction is not the whole story. The dog learns from single words, and a word that is always positive makes a habit of whatever
# came first, long before the average has had its say. (That is why policy gradients use a baseline. COACH's teacher brings their own.) Imagined return and regret show it at its clearest: they differ by a constant in each state, so their mean direction is the same. From one COACH learned everything, from the other nothing.

# %% [markdown]
# ## The word comes late
#
# People need time to speak; here, anything from 0.2 to 0.8 seconds. A dog that makes a step every 0.4 seconds is one or two steps further by then. TAMER's answer is to ask of a word spoken at time $t$ how likely it is about each step: with $F$ the cumulative distribution function of the delay, the step that lasted from $t_i$ to $t_{i+1}$ gets the credit $c_i=F(t-t_i)-F(t-t_{i+1})$,
# and the model is moved so that the credited steps *together*, $\sum_i c_i\hat H(s_i,a_i)$, predict the word.

# %%
show_source(credit)

# %% hidden=true
begins = np.arange(8) * 0.4
shares = credit(2.0, begins, begins + 0.4)
fig, ax = plt.subplots(figsize=(6.4, 2.4))
ax.bar(begins + 0.2, shares, width=0.38, color=OKABE_ITO[0])
ax.axvline(2.0, color=OKABE_ITO[1], ls="--")
ax.annotate('"good!"', (2.0, max(shares)), color=OKABE_ITO[1], xytext=(4, -10), textcoords="offset points")
ax.axvspan(1.2, 1.8, color="0.5", alpha=0.15, lw=0)
ax.set(xlabel="time [s]", ylabel="credit", xticks=np.arange(0, 2.5, 0.4), xlim=(0, 2.4))
figure(fig, caption="A word spoken at 2.0 s, after a delay of 0.2 to 0.8 s, is about something between 1.2 and 1.8 s (grey): two thirds of it go to one step, a third to the next.",
       alt="Bars over time: " + ", ".join(f"the step from {b:.1f} s gets {c:.2f}" for b, c in zip(begins, shares) if c > 0.01) + ".")

# %% [markdown]
# ### Predict
#
# TAMER learns from a teacher who means the advantage and speaks late (the words of a walk are heard when it is over). One dog credits each word to the step under way, the other shares it out. How do they compare if a step lasts 0.1 seconds? 0.4? Two?
#
# ### Run

# %%
def late_lessons(seed, step, delay, walks=120):
    """TAMER's mean score over the last 30 walks, when words come late and ``delay`` is what the learner believes of that."""
    rng, H, late = np.random.default_rng([seed, 9]), np.zeros((S, A)), []
    for walk in range(walks):
        policy = 0.8 * greedy(H) + 0.2 * aimless
        says = Trainer(garden, "advantage").says(policy, *everything, rng).reshape(S, A)
        path, acts, words = [rng.choice(somewhere)], [], []
        for t in range(12):
            acts.append(rng.choice(A, p=policy[path[-1]]))
            words.append((step * (t + rng.random()) + rng.uniform(0.2, 0.8), says[path[-1], acts[-1]]))
            path.append(garden.P[path[-1], acts[-1]].argmax())
            if garden.terminal[path[-1]]:
                break
        begins = step * np.arange(len(acts))
        for spoken, said in sorted(words):
            H = tamer_update(H, np.array(path[:-1]), np.array(acts), credit(spoken, begins, begins + step, delay), said, rate=0.3)
        if walk >= walks - 30 and walk % 5 == 4:
            late.append(score_of(greedy(H)))
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
# A dog that believes you speak at once learns nothing while its steps are shorter than your delay: what it hears is about steps made before. Sharing out repairs most of that. At 0.1 seconds a word is about six or seven steps at once, and even then TAMER learns little from it, at this learning rate.

# %% [markdown]
# ## Break it
#
# Predict first, then run from the cell you changed.
#
# 1. In `teachers`, make everybody press one of two buttons (`buttons=True`). Which cells of the table lose most? (A step that was exactly as usual is then "bad".)
# 2. In `AddsUp.hear`, forget: let `total` and `n` shrink by a tenth before each word. Does that help it with a moving teacher?
# 3. Give `Coach` a baseline: subtract the mean of what it has heard so far. Which rows change?
# 4. Set the teachers' `noise` to 0. Who gains most, and why that one?

# %% [markdown]
# ## Claims

# %%
claims.show()

# %% [markdown]
# ## Recall
#
# <details><summary>In this garden, a teacher says 0 to nearly every step and never anything above. What do they mean, and what should you do with it?</summary>
#
# The regret. Do what drew no complaint; there is nothing better to be found.
#
# </details>
#
# <details><summary>Why does a learner who adds up *imagined* returns stay beside the bowl?</summary>
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
