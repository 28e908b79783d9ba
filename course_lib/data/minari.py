"""Demonstrations to and from Minari, the standard format of offline RL datasets (HDF5 under ``~/.minari`` or
``MINARI_DATASETS_PATH``). What is written here can be read by any tool that reads Minari, and the other way round.
"""

from __future__ import annotations

import warnings

import gymnasium as gym
import minari
import numpy as np
from minari.data_collector import EpisodeBuffer

from .trajectories import Demonstrations, Trajectory


def save(demonstrations: Demonstrations, dataset_id: str, env: gym.Env, *, author: str | None = None) -> None:
    """Write demonstrations recorded in ``env`` as ``dataset_id``, for example ``"course/drive-expert-v0"``.

    Raises ``ValueError`` if they do not fit the environment's spaces, ``FileExistsError`` if the name is taken.
    """
    demonstrations.check(env.observation_space, env.action_space)
    if dataset_id in minari.list_local_datasets():
        raise FileExistsError(f"there is a local dataset {dataset_id} already: choose the next version number, or "
                              f"minari.delete_dataset({dataset_id!r}) first")
    buffers = []
    for i, t in enumerate(demonstrations.trajectories):
        ended = np.arange(1, len(t) + 1) == len(t)
        buffers.append(EpisodeBuffer(
            id=i, observations=list(t.obs), actions=list(t.acts), rewards=[float(r) for r in t.rews],
            terminations=list(ended & t.terminated), truncations=list(ended & t.truncated), infos=None))
    with warnings.catch_warnings():  # Minari asks for permalinks and addresses, which a class exercise has not
        warnings.simplefilter("ignore", UserWarning)
        minari.create_dataset_from_buffers(
            dataset_id, buffer=buffers, observation_space=env.observation_space, action_space=env.action_space,
            env=env.spec.id if env.spec else None, author=author or "Learning from Humans",
            algorithm_name="demonstrations", description="Recorded in the course Learning from Humans.")


def load(dataset_id: str, env: gym.Env | None = None) -> Demonstrations:
    """Read a local Minari dataset. With ``env``, check that it belongs to its spaces (``ValueError`` if not)."""
    if dataset_id not in minari.list_local_datasets():
        raise FileNotFoundError(f"no local dataset {dataset_id}. Local ones: {sorted(minari.list_local_datasets())}; "
                                f"others come with `minari download {dataset_id}`")
    episodes = minari.load_dataset(dataset_id).iterate_episodes()
    demonstrations = Demonstrations(tuple(
        Trajectory(e.observations, e.actions, e.rewards, bool(e.terminations[-1]), bool(e.truncations[-1]))
        for e in episodes))
    return demonstrations.check(env.observation_space, env.action_space) if env is not None else demonstrations
