"""`make bench`: the course's algorithms beside a peer, on the same data, in one run, seed by seed in turn.

CPU seconds of this process (one torch thread), without evaluation, after one warm-up of each side. A ratio above 1 means that ours
needs less; its interval is Student's over the seeds' log-ratios. Writes results.json and RESULTS.md beside this file.
"""

from __future__ import annotations

import json
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import gymnasium as gym
import numpy as np
import torch

from course_lib.claims import interval
from course_lib.envs import CartPole
from course_lib.imitation import behavior_cloning
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import rollout

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
WORLD, HERE = CartPole(ends=True), Path(__file__).parent
SEEDS = 10


def expert(obs, state, rng):
    """Balances and returns to the middle: 500 steps, nearly always."""
    return (state @ np.array([0.3, 0.6, 5.0, 1.0]) > 0).astype(np.int64)


def score(greedy, seed: int) -> float:
    """Mean return over 50 episodes of CartPole-v1 of a function obs (N, 4) → actions (N,)."""
    return float(rollout(WORLD, lambda obs, state, rng: greedy(obs), 50, np.random.default_rng(10_000 + seed)).returns.mean())


class Stopwatch:
    """CPU seconds since the start, less what was spent inside ``pause``."""

    def __init__(self):
        self.start, self.paused = time.process_time(), 0.0

    def pause(self, do):
        begin = time.process_time()
        value = do()
        self.paused += time.process_time() - begin
        return value

    def seconds(self) -> float:
        return time.process_time() - self.start - self.paused


# ---- behaviour cloning: 20 trajectories of 500 steps, 5 epochs of minibatches of 32 ----------------------------------

def demonstrations(seed: int):
    """20 full-length trajectories, the same for both sides."""
    demos = rollout(WORLD, expert, 60, np.random.default_rng(seed)).demonstrations()
    full = [t for t in demos.trajectories if len(t) == 500][:20]
    assert len(full) == 20
    return type(demos)(full)


def our_bc(seed: int):
    demos, watch = demonstrations(seed), Stopwatch()
    policy, _ = behavior_cloning(WORLD, demos, seed=seed, hidden=(32, 32), epochs=5, batch_size=32, held_out=0)
    seconds, reached = watch.seconds(), score(policy.greedy, seed)
    return seconds, reached, reached >= 475


def their_bc(seed: int):
    from imitation.algorithms import bc
    from imitation.data.types import Trajectory
    from imitation.util import logger

    demos = [Trajectory(t.obs, t.acts, None, terminal=True) for t in demonstrations(seed).trajectories]
    env, quiet = gym.make("CartPole-v1"), logger.configure(format_strs=[])
    torch.manual_seed(seed)
    watch = Stopwatch()
    trainer = bc.BC(observation_space=env.observation_space, action_space=env.action_space, demonstrations=demos,
                    rng=np.random.default_rng(seed), custom_logger=quiet)
    trainer.train(n_epochs=5, progress_bar=False)
    seconds, reached = watch.seconds(), score(lambda obs: trainer.policy.predict(obs, deterministic=True)[0], seed)
    return seconds, reached, reached >= 475


# ---- PPO on CartPole-v1, until the greedy policy balances for 475 of 500 steps on average over 50 episodes -----------------

def our_ppo(seed: int):
    watch, found = Stopwatch(), []

    def good(curve, policy):
        if curve.returns[-1] > 150 and watch.pause(lambda: score(policy.greedy, curve.steps[-1])) >= 475:
            found.append(True)
        return bool(found)

    policy, _, _ = ppo(WORLD, steps=100_000, n_envs=16, n_steps=32, epochs=5, batch_size=128, lr=5e-3, lam=0.9, seed=seed, until=good)
    return watch.seconds(), score(policy.greedy, seed), bool(found)


def their_ppo(seed: int):
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

    watch = Stopwatch()

    class Good(BaseCallback):
        done = False

        def _on_step(self):
            return not self.done

        def _on_rollout_start(self):
            recent = [e["r"] for e in list(self.model.ep_info_buffer)[-20:]]
            if recent and np.mean(recent) > 150:
                greedy = lambda obs: self.model.predict(obs, deterministic=True)[0]
                self.done = watch.pause(lambda: score(greedy, self.num_timesteps)) >= 475

    env = make_vec_env("CartPole-v1", 8, seed=seed)
    model = PPO("MlpPolicy", env, n_steps=32, batch_size=256, n_epochs=20, gamma=0.98, gae_lambda=0.8, ent_coef=0.0,
                learning_rate=lambda left: 1e-3 * left, clip_range=lambda left: 0.2 * left, seed=seed, device="cpu")
    good = Good()
    model.learn(100_000, callback=good)
    return watch.seconds(), score(lambda obs: model.predict(obs, deterministic=True)[0], seed), good.done


def compare(name: str, ours, theirs, peer: str) -> dict:
    """``ours`` and ``theirs``: seed → (CPU seconds, mean return, reached the mark?)."""
    ours(999), theirs(999)  # warm-up: lazy imports, caches
    mine, peers = [], []
    for seed in range(SEEDS):
        mine.append(ours(seed))
        peers.append(theirs(seed))
        print(f"{name} seed {seed}: ours {mine[-1][0]:.2f} s ({mine[-1][1]:.0f}), {peer} {peers[-1][0]:.2f} s ({peers[-1][1]:.0f})", flush=True)
    mine, peers = np.array(mine), np.array(peers)
    assert (mine[:, 2] == 1).all(), f"{name}: ours did not reach the mark within its budget on every seed"
    missed = int((peers[:, 2] == 0).sum())  # then their time is a lower bound, and so is the ratio
    mean, low, high = np.exp(interval(np.log(peers[:, 0] / mine[:, 0])))
    return dict(name=name, ours=round(mine[:, 0].mean(), 3), peer=round(peers[:, 0].mean(), 3), peer_name=peer, unit="CPU s",
                ratio=round(mean, 2), ratio_low=round(low, 2), ratio_high=round(high, 2), seeds=SEEDS, peer_missed=missed, score_ours=round(mine[:, 1].mean(), 1),
                score_peer=round(peers[:, 1].mean(), 1),
                versions={p: version(p) for p in ("torch", "gymnasium", "numpy", "imitation", "stable-baselines3")})


def main() -> None:
    rows = [compare("behaviour cloning: 20 CartPole trajectories, 5 epochs", our_bc, their_bc, "imitation"),
            compare("PPO: CartPole-v1 to a mean of 475 over 50 episodes", our_ppo, their_ppo, "Stable-Baselines3, tuned")]
    (HERE / "results.json").write_text(json.dumps(rows, indent=1) + "\n")
    lines = ["| what | ours | peer | | ratio [95 % interval] | seeds | mean return, ours / peer |", "|---|---|---|---|---|---|---|"]
    lines += [f"| {r['name']} | {r['ours']} {r['unit']} | {r['peer']} {r['unit']} | {r['peer_name']} | {r['ratio']} [{r['ratio_low']}, {r['ratio_high']}] | "
              f"{r['seeds']} | {r['score_ours']} / {r['score_peer']} |" for r in rows]
    (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
