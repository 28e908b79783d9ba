"""Proximal policy optimisation (clipped), vectorised, for discrete and continuous actions.

    L(θ) = E[ min( ρ_t A_t, clip(ρ_t, 1−ε, 1+ε) A_t ) ],   ρ_t = π_θ(a_t|s_t) / π_old(a_t|s_t)

with advantages A_t by GAE(γ, λ). Time limits are treated as what they are: when an episode is *truncated* the value of
its last observation is bootstrapped; when it is *terminated* nothing follows.

Sources: Schulman et al. (2017), eq. 7; GAE: Schulman et al. (2016), eq. 16; time limits: Pardo et al. (2018), §3.
Kept from the usual list of details: advantage normalisation per batch, gradient clipping, orthogonal initialisation, Adam
ε = 1e-5, learning rate falling to 0. Left out: value clipping, reward scaling, shared bodies, KL stopping.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from course_lib.envs import BatchEnv, Dynamics

from .networks import Policy, Value, policy_for


def gae(rewards: Tensor, values: Tensor, next_values: Tensor, terminated: Tensor, done: Tensor, gamma: float, lam: float):
    """Generalised advantage estimates, all (T, N).

    ``next_values[t]`` is V of the observation that really followed step t (before any reset).
    δ_t = r_t + γ (1 − terminated_t) V(s_{t+1}) − V(s_t);  A_t = δ_t + γ λ (1 − done_t) A_{t+1}.
    """
    delta = rewards + gamma * next_values * (1 - terminated) - values
    advantage, running = torch.empty_like(delta), torch.zeros_like(delta[0])
    for t in range(len(delta) - 1, -1, -1):
        running = delta[t] + gamma * lam * (1 - done[t]) * running
        advantage[t] = running
    return advantage


def clipped_surrogate(log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """−L(θ) of eq. 7, to be minimised. All (B,) → scalar."""
    ratio = (log_prob - old_log_prob).exp()
    return -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()


def improve(policy: Policy, value: Value, optimiser, batch, *, clip: float, entropy: float, value_weight: float,
            max_grad: float, actor: bool = True) -> None:
    """One gradient step on a minibatch (obs, acts, advantages, old log-probabilities, value targets), each (B, ...).

    ``actor=False`` moves the value network only.
    """
    obs, acts, advantage, old_log_prob, target = batch
    advantage = (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)
    loss = value_weight * (value(obs) - target).square().mean()
    if actor:
        loss = loss + clipped_surrogate(policy.log_prob(obs, acts), old_log_prob, advantage, clip)
        if entropy:
            loss = loss - entropy * policy.entropy(obs).mean()
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(optimiser.param_groups[0]["params"], max_grad)
    optimiser.step()


def gather(env: BatchEnv, obs: np.ndarray, policy: Policy, n_steps: int, reward, generator: torch.Generator):
    """T = ``n_steps`` steps of all N environments from ``obs`` on: observations and actions, what was paid, the observation that really
    followed each step (before any reset), ``terminated`` and ``done``, all (T, N, ...) tensors; the world's own rewards (T, N), an array;
    and the observations to go on from."""
    steps, own = [], []
    for _ in range(n_steps):
        with torch.no_grad():
            act = policy.sample(torch.from_numpy(obs), generator).numpy()
        next_obs, r, terminated, truncated, info = env.step(act)
        paid = r if reward is None else reward(obs, act)
        steps.append((obs, act, paid, info.get("final_obs", next_obs), terminated, terminated | truncated))
        own.append(r)
        obs = next_obs
    O, A, R, NO, TERM, DONE = (np.stack(x) for x in zip(*steps))
    if not np.isfinite(R).all():
        raise FloatingPointError(f"the reward is NaN or infinite at step {int(np.argwhere(~np.isfinite(R))[0, 0])} of an update: look at "
                                 "what reward(obs, acts) answers there. The policy was not changed by it")
    O, A, NO = (torch.from_numpy(x) for x in (O, A, NO))
    R, TERM, DONE = (torch.as_tensor(x, dtype=torch.float32) for x in (R, TERM, DONE))
    return O, A, R, NO, TERM, DONE, np.stack(own), obs


@dataclass
class Curve:
    """Learning as it went: environment ``steps`` so far and mean return of the episodes that ended since the last entry."""

    steps: list[int] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)


def ppo(world: Dynamics, *, policy: Policy | None = None, value: Value | None = None, steps: int = 100_000,
        n_envs: int = 32, n_steps: int = 64, epochs: int = 8, batch_size: int = 512, lr: float = 1e-3,
        gamma: float = 0.98, lam: float = 0.9, clip: float = 0.2, entropy: float = 0.0, value_weight: float = 0.5,
        max_grad: float = 0.5, reward: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
        critic_first: int = 0, until: Callable[[Curve, Policy], bool] | None = None,
        seed: int = 0) -> tuple[Policy, Value, Curve]:
    """Train for ``steps`` environment steps. Returns policy, value network and learning curve.

    ``policy``, ``value``: start from these (copied): a cloned policy is a warm start. ``reward``: pay
    reward(obs (N, ...), acts (N, ...)) → (N,) instead of the world's own; the curve still counts the world's.
    ``critic_first``: leave the policy alone for this many updates, while the value network learns what it is worth. The
    first advantages of a fresh value network are noise, and may undo a warm start; try both, it does not help everywhere.
    ``until(curve, policy)``: stop early once true, asked after every update in which an episode ended.
    """
    env = BatchEnv(world, n_envs)
    policy = policy_for(world, seed=seed) if policy is None else copy.deepcopy(policy)
    value = Value(world.observation_space, seed=seed + 1) if value is None else copy.deepcopy(value)
    optimiser = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr, eps=1e-5, fused=True)
    generator = torch.Generator().manual_seed(seed)
    obs, _ = env.reset(seed=seed)
    score, finished, curve = np.zeros(n_envs), [], Curve()
    n_updates = max(1, steps // (n_envs * n_steps))
    for update in range(n_updates):
        for group in optimiser.param_groups:
            group["lr"] = lr * (1 - update / n_updates)
        O, A, R, NO, TERM, DONE, own, obs = gather(env, obs, policy, n_steps, reward, generator)
        for r, done in zip(own, DONE.bool().numpy()):
            score += r
            finished.extend(score[done])
            score[done] = 0.0
        flat = lambda x: x.reshape(n_steps * n_envs, *x.shape[2:])
        O, A = flat(O), flat(A)
        with torch.no_grad():
            v = value(torch.cat([O, flat(NO)])).reshape(2, n_steps, n_envs)
            advantage = flat(gae(R, v[0], v[1], TERM, DONE, gamma, lam))
            target, old = advantage + flat(v[0]), policy.log_prob(O, A)
        for _ in range(epochs):
            order = torch.randperm(len(O), generator=generator)
            for batch in zip(*(x[order].split(batch_size) for x in (O, A, advantage, old, target))):
                improve(policy, value, optimiser, batch, clip=clip, entropy=entropy, value_weight=value_weight,
                        max_grad=max_grad, actor=update >= critic_first)
        if finished:
            curve.steps.append((update + 1) * n_envs * n_steps)
            curve.returns.append(float(np.mean(finished)))
            finished = []
            if until is not None and until(curve, policy):
                break
    return policy, value, curve
