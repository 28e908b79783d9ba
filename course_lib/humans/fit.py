"""Maximum likelihood: the one way in which this course learns from people.

    θ̂ = argmax_θ  Σ_i log P(evidence_i | θ) + log P(θ)

A *person* is a ``torch.nn.Module`` with two methods:

    evidence(data) -> (tensors, groups)    rows of evidence, and which unit (trajectory, question) each row belongs to
    log_prob(*rows) -> (B,)                how likely each row is

:func:`fit` maximises the mean by Adam on minibatches, holds out whole units, and keeps the parameters that explained
the held-out units best. Left out: learning-rate schedules, second-order methods.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.data import split


@dataclass
class History:
    """What happened while fitting, one entry an epoch: mean −log-likelihood per row (in ``train``, less the log-prior)."""

    train: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    best_epoch: int = 0


def fit(person: nn.Module, data, *, held_out: float = 0.2, epochs: int = 200, batch_size: int = 256, lr: float = 1e-3,
        patience: int = 20, prior: Callable[[nn.Module], Tensor] | None = None, weight_decay: float = 0.0,
        groups: np.ndarray | None = None, seed: int = 0) -> nn.Module:
    """A fitted *copy* of ``person``; the original is untouched, so a fitted person can be fitted further.

    ``held_out``: share of units used for early stopping (0: none; all ``epochs`` are run and the last is kept).
    ``patience``: epochs without improvement on the held-out units before stopping. ``prior``: log P(θ) of the person,
    added to the total log-likelihood. ``groups``: override the units (``np.arange(N)`` splits by row).
    The result has a ``history``. Raises ``FloatingPointError`` if the loss stops being finite.
    """
    person = copy.deepcopy(person)
    rows, units = person.evidence(data)
    rng = np.random.default_rng(seed)
    out = split(units if groups is None else groups, held_out, rng) if held_out else np.zeros(len(units), bool)
    train, test = ([x[torch.as_tensor(mask)] for x in rows] for mask in (~out, out))
    n = len(train[0])
    if hasattr(person, "standardise"):
        person.standardise(train)
    optimiser = torch.optim.AdamW([p for p in person.parameters() if p.requires_grad], lr, weight_decay=weight_decay,
                                  fused=True)
    shuffle = torch.Generator().manual_seed(seed)
    history, best = History(), (np.inf, None)
    for epoch in range(epochs):
        total = 0.0
        order = torch.randperm(n, generator=shuffle)
        for batch in zip(*(x[order].split(batch_size) for x in train)):
            loss = -person.log_prob(*batch).mean()
            if prior is not None:
                loss = loss - prior(person) / n
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch[0])
        if not np.isfinite(total):
            raise FloatingPointError(f"the loss became {total / n} in epoch {epoch}: lower lr, or look for outliers")
        history.train.append(total / n)
        if held_out:
            with torch.no_grad():
                history.held_out.append(-person.log_prob(*test).mean().item())
            if history.held_out[-1] < best[0] - 1e-6:
                best, history.best_epoch = (history.held_out[-1], copy.deepcopy(person.state_dict())), epoch
            elif epoch - history.best_epoch >= patience:
                break
        else:
            history.best_epoch = epoch
    if best[1] is not None:
        person.load_state_dict(best[1])
    person.history = history
    return person
