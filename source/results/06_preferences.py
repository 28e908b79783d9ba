"""The costly tables of notebook 06: what deep RL from human preferences needs, one change at a time.

Each condition is the default (100 comparisons, one answer in ten a slip, five rounds, 100,000 steps in the loop and as many anew) with one
thing changed. Settings were chosen on seeds 0 to 47; the results are from other seeds. "Score" in the notebook
is 0 for random actions, 1 for PPO on the true reward.
"""

import numpy as np
import torch

from course_lib.data import Demonstrations, Trajectory, clips
from course_lib.envs import Pendulum
from course_lib.envs.mujoco import Mujoco
from course_lib.humans import PartialReturn
from course_lib.imitation import behavior_cloning
from course_lib.preferences import Unhurried, disagreement, information_gain, learn_from_preferences, pair_up, practise_anew
from course_lib.preferences.rlhp import added, at_once, early
from course_lib.rl.networks import policy_for
from course_lib.rl.ppo import clipped_surrogate, ppo
from course_lib.rl.rollouts import rollout, uniform

SEEDS = range(100, 106)
CONDITIONS = [
    *(dict(what=what) for what in ("random", "untrained", "true reward", "learned")), dict(what="shuffled", seeds=range(100, 124)),
    *(dict(what="learned", lapse=x) for x in (0.0, 0.3)),
    # why infer a reward?
    dict(what="clone the chosen clips"), dict(what="reinforce the answers"),
    # how to pair?
    dict(what="learned", pairs="disagreement"), dict(what="learned", pairs="information gain"), dict(what="learned", remember=1),
    # how often, and how many?
    dict(what="learned", schedule="at once"), dict(what="learned", schedule="early"), dict(what="learned", rounds=2),
    dict(what="learned", rounds=10), dict(what="unhurried", rounds=10),
    *(dict(what="learned", labels=n) for n in (25, 50, 200)),
    # why normalise?
    dict(what="learned", normalise=False), *(dict(what="true reward", times=x) for x in (5.0, 0.2, 50.0, 0.02)),
    # other tasks, and a behaviour that nobody demonstrated
    *(dict(what=what, task=task, seeds=range(100, 105)) for task in ("run", "spin")
      for what in ("random", "untrained", "true reward", "learned", "shuffled")),
]


class Upright(torch.nn.Module):
    """The pendulum's own reward: upright, still, at little effort."""

    def forward(self, obs, acts):
        angle = torch.atan2(obs[..., 1], obs[..., 0])
        return -(angle**2 + 0.1 * obs[..., 2] ** 2 + 0.001 * acts[..., 0].clamp(-2, 2) ** 2)


class Spinning(torch.nn.Module):
    """Somebody who likes to see it spin, at 6 radians a second, one way round."""

    def forward(self, obs, acts):
        return -(obs[..., 2] - 6).abs()


class Running(torch.nn.Module):
    """The half-cheetah's own reward, with the speed at the beginning of the step: forward, at little effort."""

    def forward(self, obs, acts):
        return obs[..., 8] - 0.1 * acts.clamp(-1, 1).square().sum(-1)


SWING = dict(n_envs=32, n_steps=100, batch_size=400, gamma=0.95, lam=0.95, epochs=10, lr=3e-3, entropy=0.01)
RUN = dict(n_envs=32, n_steps=125, batch_size=1000, gamma=0.99, lam=0.95)
TASKS = {  # world, what the person likes, steps of practice, settings of PPO, what the true reward is divided by
    "upright": (Pendulum(), Upright(), 100_000, SWING, 5.0),
    "spin": (Pendulum(), Spinning(), 100_000, SWING, 5.0),
    "run": (Mujoco(horizon=250), Running(), 500_000, RUN, 1.0),
}


class Shuffled(PartialReturn):
    """Whose answers say nothing: the same answers, dealt out to other questions."""

    def label(self, pairs, rng):
        answered = super().label(pairs, rng)
        return type(answered)(answered.obs, answered.acts, rng.permutation(answered.choice))


def winners(comparisons) -> Demonstrations:
    """The clips that were chosen, as if they had been demonstrated. (The last observation is repeated: cloning does not look at it.)"""
    chosen = np.where(comparisons.choice > 0.5, 0, 1)
    obs, acts = (x[np.arange(len(chosen)), chosen] for x in (comparisons.obs, comparisons.acts))
    return Demonstrations([Trajectory(np.concatenate([o, o[-1:]]), a, np.zeros(len(a))) for o, a in zip(obs, acts)])


def cloned(world, policy, comparisons, answered, seed):
    """Behaviour cloning of every clip that was chosen so far."""
    return behavior_cloning(world, winners(comparisons), seed=seed, epochs=60, lr=3e-3, held_out=0)[0]


def reinforced(world, policy, comparisons, answered, seed):
    """A policy gradient on the newest answers alone: +1 for each step of a clip that was chosen, −1 for each of the other."""
    obs, acts = (torch.as_tensor(x.reshape(-1, x.shape[-1])) for x in (answered.obs, answered.acts))
    sign = torch.as_tensor(2 * answered.choice - 1, dtype=torch.float32)
    advantage = torch.stack([sign, -sign], 1)[..., None].expand(answered.obs.shape[:3]).reshape(-1)
    old = policy.log_prob(obs, acts).detach()
    optimiser = torch.optim.Adam(policy.parameters(), 3e-3)
    for _ in range(20):
        optimiser.zero_grad()
        clipped_surrogate(policy.log_prob(obs, acts), old, advantage, 0.2).backward()
        optimiser.step()
    return policy


def directly(world, person, teach, seed, labels=100, rounds=5):
    """Rounds of questions as with a reward model, but the answers teach the policy directly."""
    policy, comparisons = policy_for(world, seed=seed), None
    for i in range(rounds):
        rng = np.random.default_rng([seed, 1, i])
        pieces = clips(rollout(world, policy.sampled, 20, rng).demonstrations().trajectories, 25, rng, per=4)
        answered = person.label(pair_up(pieces, labels // rounds, rng), rng)
        comparisons = added(comparisons, answered)
        policy = teach(world, policy, comparisons, answered, seed)
    return policy


def measure(seed, what, task="upright", lapse=0.1, pairs="", remember=10, schedule="", rounds=5, labels=100, normalise=True, times=1.0):
    """``score``: mean return by the person's own reward, over 100 episodes of the greedy policy; ``loop``: that of the agent which grew up
    in the loop, before it was compared with one that practised anew; ``own``: by the world's reward; ``turns``: full
    turns of the pendulum in an episode, in the direction they like; ``curve``: the world's return after each round."""
    world, likes, steps, practice, unit = TASKS[task]
    person = (Shuffled if what == "shuffled" else PartialReturn)(likes, rationality=20.0, lapse=lapse)  # sees small differences too
    policy, curve, grown = policy_for(world, seed=seed), [], None
    if what == "true reward":
        pay = lambda obs, acts: likes(torch.from_numpy(obs), torch.from_numpy(acts)).numpy() * np.float32(times / unit)
        policy = ppo(world, policy=policy, steps=steps, reward=pay, seed=seed, **practice)[0]
    elif what in ("clone the chosen clips", "reinforce the answers"):
        policy = directly(world, person, {"clone the chosen clips": cloned, "reinforce the answers": reinforced}[what], seed)
    elif what in ("learned", "shuffled", "unhurried"):
        criterion = {"": None, "disagreement": disagreement, "information gain": information_gain}[pairs]
        shares = {"": {}, "at once": dict(schedule=at_once), "early": dict(schedule=early)}[schedule]
        asked = Unhurried(person, pace=labels // rounds) if what == "unhurried" else person
        done = learn_from_preferences(world, asked, labels=labels, rounds=rounds, steps=steps, criterion=criterion, remember=remember,
                                      normalise=normalise, seed=seed, **shares, **practice)
        grown, curve = done.policy, done.scores
        policy = practise_anew(world, done, steps=steps, seed=seed, **practice)
    drive = lambda act: rollout(world, act, 100, np.random.default_rng([seed, 5]))
    liked = lambda drives: round(float(likes(torch.from_numpy(drives.obs[:-1]), torch.from_numpy(drives.acts)).sum(0).mean()), 2)
    drives = drive(uniform(world) if what == "random" else policy.greedy)
    turns = float((drives.states[-1, :, 0] - drives.states[0, :, 0]).mean() / (2 * np.pi)) if isinstance(world, Pendulum) else 0.0
    own = float(drives.returns.mean())
    loop = liked(drive(grown.greedy)) if grown is not None else None
    return dict(score=liked(drives), loop=loop, own=round(own, 2), turns=round(turns, 3), curve=[round(x, 1) for x in curve])
