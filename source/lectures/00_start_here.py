# %% [markdown]
# # Start here: teach a car with twenty clicks
#
# **You will be able to** say what "learning from humans" means in one sentence, teach a small model what you like by
# clicking, measure honestly whether it understood you, and find your way through the course.
#
# **You need first:** nothing. If you can run a cell (click into it, press Shift + Enter), you are ready.
#
# **It takes** about 15 minutes; running everything takes well under one.

# %% hidden=true
import numpy as np
import torch
from IPython.display import display

from course_lib.claims import Claims, interval
from course_lib.data import clips, compare
from course_lib.data.store import LabelStore
from course_lib.envs import Drive
from course_lib.humans import PartialReturn, fit
from course_lib.machine import scale, settle
from course_lib.rl.networks import LinearReward
from course_lib.rl.rollouts import noisy, rollout
from course_lib.show import figure, show_source, table

settle()
world = Drive(horizon=60)

# %% [markdown]
# ## Play with it: which drive do you like better?
#
# Below are two clips of a car in its lane. Nobody has told the computer what good driving is, and you will not tell it
# either. Just choose, twenty times, by the arrow keys <kbd>←</kbd> <kbd>→</kbd> or by clicking. Like whatever you like: the
# middle of the lane, the left edge, a steady hand. Only try to be consistent.
#
# Your answers are saved in the file `labels.sqlite` beside this notebook, and nowhere else. Delete the file and they are gone.
#
# First, some drivers to choose from. Each aims at a place of its own in the lane, and some have a shaky hand.

# %%
def pool(n, rng):
    """n clips of 30 steps, each by another driver: a random aim, and a random shakiness of the hand."""
    aim, shake = rng.uniform(-1.3, 1.3, n), rng.choice([0.0, 0.2, 0.8], n)
    hand = lambda obs, state, rng: world.expert(state, aim) + shake[:, None] * rng.standard_normal((n, 1))
    act = lambda obs, state, rng: np.clip(hand(obs, state, rng), -1, 1).astype(np.float32)
    return clips(rollout(world, act, n, rng).demonstrations(), 30, rng)

some = pool(120, np.random.default_rng(2024))
pairs = list(zip(some[:60], some[60:]))
print(f"{len(pairs)} pairs of clips, {len(some[0])} steps each")

# %% [markdown]
# Second, a model of *you*. It supposes that you look at five things (where the car is, how far from the centre, whether it is
# off the road, how it is turned, how far the steering is from what the bend needs), give each some weight, and add up over the clip. The weights are unknown.
# (The division by 6 only keeps the sums over 30 steps of a handy size.)

# %%
def phi(obs, acts):
    """What a person might look at in one step: obs = [offset, heading, bend], acts = [steering] -> five numbers."""
    y, psi, bend, u = obs[..., 0], obs[..., 1], obs[..., 2], acts[..., 0]
    return torch.stack([y, y**2, torch.relu(y.abs() - 1), psi**2, (u - bend)**2], -1) / 6

def learn(answers):
    """The most likely weights, given some answers (and that huge weights are unlikely)."""
    prior = lambda person: -0.5 * (person.reward.w / 3).square().sum()
    you = PartialReturn(LinearReward(phi, 5), lapse=0.1)
    return fit(you, answers, held_out=0, epochs=150, lr=0.1, batch_size=64, prior=prior)

# %% [markdown]
# Now it is your turn. The row of marks that grows under the clips says, for every click, whether the model had guessed it
# *before* you made it. (In a notebook that runs by itself, a simulated person does the clicking.)

# %%
from course_lib.widgets import PairLabeler

labeler = PairLabeler(world, pairs[:20], LabelStore("labels.sqlite"), task="00/drive", learn=learn,
                      question="Which drive do you like better?")
display(labeler)

# %% hidden=true
def somebody(rng):
    """A simulated person with a favourite place in the lane and tastes of their own; one answer in ten is a slip."""
    place, care, road, turned, rough = rng.uniform(-0.7, 0.7), *rng.exponential([4, 4, 2, 4])
    reward = LinearReward(phi, 5)
    with torch.no_grad():
        reward.w.copy_(torch.tensor([2 * care * place, -care, -road, -turned, -rough]))
    return PartialReturn(reward, lapse=0.1)

if labeler.mode == "simulated":
    labeler.simulate(somebody(np.random.default_rng(7)))
answers = labeler.comparisons()
print(f"{0 if answers is None else len(answers)} of 20 pairs answered",
      "" if answers is not None and len(answers) >= 10 else "- answer some more above, then run this cell again")

# %% [markdown]
# ## Predict: what did it learn about you?
#
# Before you run the next cell, decide: which of the five things mattered most to you? Did you care about the *middle* of the
# lane, or about one *side* of it? Say it aloud. Then look.

# %%
if answers is not None:
    you = learn(answers)
    names = ["to the left", "away from the centre", "off the road", "turned", "roughly steered"]
    w = you.reward.w.detach()
    seen = torch.stack([phi(torch.from_numpy(c.obs[:-1]), torch.from_numpy(c.acts)).sum(0) for c in some])  # (clips, 5)
    table([{"one clip is more … than another": n, "your score of it changes by": f"{x:+.1f}"} for n, x in zip(names, w * seen.std(0))],
          "What your clicks said about you (a guess, not a verdict): a typical difference between two clips, times its weight")
    print("A difference of 1 in score is a preference of 73 to 27, of 3 one of 95 to 5, slips aside.")

# %% [markdown]
# ## Run: let it drive the way you like
#
# A reward that was learned from clicks is worth something if a machine can act on it. So let us train a driver on *your* reward:
# it never sees your clicks or a demonstration, only the number that your model gives to each of its steps. (The method, PPO, is
# met properly later. Here it is a black box that finds behaviour for a reward.)

# %%
from course_lib.rl.ppo import ppo
from course_lib.widgets import OffTheData

def drive_for(person):
    """A driver trained on a person's learned reward, about two seconds on one CPU core."""
    @torch.no_grad()
    def pay(obs, acts):
        return person.reward(torch.from_numpy(obs), torch.from_numpy(acts).clamp(-1, 1)).numpy()
    return ppo(world, steps=60_000, reward=pay, n_steps=60, batch_size=480, lr=3e-3, gamma=0.95)[0]

# %%
def drives(act, offsets):
    """The states of one drive from each starting offset, (K, 61, 9)."""
    start = world.placed(offsets)
    return rollout(world, act, len(offsets), np.random.default_rng(0), start=start).states.swapaxes(0, 1)

if answers is not None:
    yours, offsets = drive_for(you), np.linspace(-1.5, 1.5, 31)
    anyone = noisy(lambda obs, state, rng: world.expert(state), 0.8)
    display(OffTheData(offsets, {"trained on your clicks": drives(yours.greedy, offsets),
                                 "a shaky driver": drives(anyone, offsets)}, (-1.5, 1.5)))

# %% [markdown]
# Does it drive where you liked it? If not, that is a lesson too: twenty clicks leave much unsaid, and a driver that is
# rewarded by a guess about you will find whatever the guess got wrong. That has a name, *reward over-optimisation*, and a
# notebook of its own (07).

# %% [markdown]
# ## See: does it really understand people?
#
# One person proves nothing, and a model can look good on the clicks it has learned from. The honest test is the *next* clicks,
# of *many* people. So here are 24 simulated people, each with tastes of their own. From each we learn from 1, 2, 5, 10 and 20
# clicks, and then predict forty more that the model has never seen. A coin would be right half of the time.

# %%
counts, n_people = [1, 2, 5, 10, 20], 24
right = np.zeros((n_people, len(counts)))  # share of forty coming clicks that were predicted
ceiling = np.zeros(n_people)  # the same for the true person's own tastes: slips cannot be predicted
for i in range(n_people):
    rng = np.random.default_rng(i)
    c, someone = pool(120, rng), somebody(rng)
    clicked = someone.label(compare(c[:60], c[60:]), rng)
    coming = clicked[20:]
    hits = lambda person: ((person.prefers_first(coming) > 0.5) == coming.choice).mean()
    right[i] = [hits(learn(clicked[:k])) for k in counts]
    ceiling[i] = hits(someone)

# %% hidden=true
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
spread = np.array([interval(column) for column in right.T])
ax.errorbar(counts, spread[:, 0], [spread[:, 0] - spread[:, 1], spread[:, 2] - spread[:, 0]], marker="o", capsize=4)
ax.axhline(0.5, color="0.4", ls=":")
ax.text(20, 0.51, "a coin", ha="right", color="0.3")
ax.axhline(ceiling.mean(), color="0.4", ls="--")
ax.text(1, ceiling.mean() + 0.01, "knowing their true tastes", color="0.3")
ax.set(xlabel="clicks learned from", ylabel="coming clicks predicted", xscale="log", xticks=counts,
       xticklabels=counts, ylim=(0.45, 1))
ax.minorticks_off()
figure(fig, caption=f"Share of forty coming clicks that were predicted, mean and 95 % interval over {n_people} simulated "
       "people. Twenty clicks come close to what can be known: one answer in ten is a slip.",
       alt=f"Accuracy rises from {spread[0, 0]:.2f} after one click to {spread[-1, 0]:.2f} after twenty; a dashed line at "
       f"{ceiling.mean():.2f} marks the accuracy of the person's true tastes and a dotted line at one half marks a coin.")

# %% [markdown]
# ## Formula: the one idea of this course
#
# Everything you just did is one sentence:
#
# > **People leave evidence. A model of the person says how likely that evidence is. Learning is maximum likelihood under that
# > model, and planning turns what was learned into behaviour.**
#
# Your evidence was clicks. The model of you was the *Bradley–Terry* model: the clip with the larger total reward is chosen more
# often, and now and then, with probability $\lambda$, a key is just pressed:
#
# $$P(A \succ B) = (1-\lambda)\,\sigma\!\Big(\beta\big[\textstyle\sum_t R_\theta(s^A_t,a^A_t) - \sum_t R_\theta(s^B_t,a^B_t)\big]\Big) + \tfrac{\lambda}{2},
# \qquad \sigma(x) = \frac{1}{1+e^{-x}}.$$
#
# $R_\theta(s,a)$ is the reward of doing $a$ in state $s$, with unknown weights $\theta$. $\beta$ says how decided you are; doubling it or doubling all weights is
# the same thing, so here it is 1. To learn is to find the $\theta$ that makes your clicks most likely. Twenty clicks are few, so `learn` also holds the weights near 0, by a *prior*.

# %% [markdown]
# ## Code: the model of you, as it ran
#
# This is not a copy for the page; it is the source of the function that ran above, read from the library. `delta` is what stands in the square brackets above
# (times $\beta$); `choice` is 1 for the first clip, 0 for the second, and one half for "the same".

# %%
from course_lib.humans import bradley_terry_log_prob

show_source(bradley_terry_log_prob)

# %% [markdown]
# ## The map
#
# Change the person in that sentence, and you get the whole field:
#
# | The person … | so the evidence is likely if … | and the method is called | notebook |
# |---|---|---|---|
# | acts by a policy | $\pi_\theta(a \mid s)$ is large | behaviour cloning, supervised fine-tuning | 01 – 03, 10 |
# | acts (nearly) optimally for a reward | that reward makes their actions best | inverse reinforcement learning | 04 |
# | says "good" or "bad" | it was better than usual, or simply good? | TAMER, COACH | 05 |
# | picks the better of two clips | its total reward is larger | reward learning, RLHF | 00, 06, 07, 11 |
# | acts well in the world *they believe in* | their belief makes it look best | theory of mind | 08, 09 |
# | picks the answer that a policy would give | that policy prefers it too | direct preference optimisation | 12 |
#
# The next notebook takes the first line and asks what goes wrong when a machine copies a driver who never makes mistakes.

# %% [markdown]
# ## Break it
#
# A model of a person is only as good as its picture of the person. Give it 20 clicks from somebody who *always says left*,
# whatever is shown. What should it conclude, and what does it?

# %%
rng = np.random.default_rng(0)
c = pool(80, rng)
shown = compare(c[:40], c[40:])
always_first = compare(c[:20], c[20:40], np.ones(20))
fooled = learn(always_first)
sure = lambda person: np.abs(person.prefers_first(shown) - 0.5).mean() + 0.5
print("weights (in the order of the table above):", np.round(fooled.reward.w.detach().numpy(), 1))
print(f"how sure it is of this person's choices, on average: {sure(fooled):.2f} (a coin: 0.50)")
print(f"and of somebody who does have tastes, after as many clicks: {sure(learn(somebody(rng).label(compare(c[:20], c[20:40]), rng))):.2f}")

# %% [markdown]
# It finds tastes in a person who has none. Our model of a person has no way to say "always left", and its $\lambda$ is fixed at 0.1. This is why the
# labeler shuffles which clip stands on the left and stores which side it was: then always saying left becomes noise, not a taste.
#
# **Now change something:** set `lapse=0.9` in `learn` and run from there. What does a model believe about people if it
# thinks that they mostly slip?

# %% [markdown]
# ## Your machine
#
# The course needs no GPU. Where an exercise can use one it says what it costs with and without.

# %%
s = scale()
print(f"torch {torch.__version__} on {s.device} ({s.name}), {s.memory_gb:.0f} GB; `course doctor` says more")

# %% [markdown]
# ## Claims
#
# Every notebook ends like this. What it said is measured in the run you are looking at, with an interval, and the cell fails
# if a claim does not hold.

# %%
claims = Claims("00_start_here")
claims.add("share of a person's coming clicks predicted after 20 clicks (chance 0.5)", right[:, -1], at_least=0.5)
claims.show()

# %% [markdown]
# ## Recall
#
# Answer before you unfold.
#
# <details><summary>What three things does "learning from humans" need, in this course's one idea?</summary>
#
# Evidence that a person leaves, a model that says how likely that evidence is, and maximum likelihood. Planning or
# reinforcement learning then turns what was learned into behaviour.
#
# </details>
#
# <details><summary>Why were the coming clicks predicted, and not the twenty that were learned from?</summary>
#
# A flexible model can always explain what it has seen. Only new clicks show whether it learned tastes or memorised answers.
#
# </details>
#
# <details><summary>Why can the model never predict all of a person's clicks?</summary>
#
# One click in ten is a slip, half of which land on the right answer by luck; and when two clips are equally good the choice
# is a coin toss. The dashed line in the figure is what knowing the person perfectly would give.
#
# </details>

# %% [markdown]
# ## Further reading
#
# - Christiano, Leike, Brown, Martic, Legg, Amodei (2017), [Deep reinforcement learning from human preferences](https://arxiv.org/abs/1706.03741): where clicks first trained deep networks.
# - Bradley, Terry (1952), *Rank analysis of incomplete block designs*: the model of a choice, from tasting experiments.
# - Hanna, *Learning from Humans*, lecture 21 of Advanced Topics in Reinforcement Learning (University of Wisconsin–Madison); *RLHF: Teaching robots right and wrong* (26 February 2023).
