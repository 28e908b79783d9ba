# %% wrong="no_mask"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = left >= 0
    return (rewards.nan_to_num() * gamma ** left.clamp(min=0).float()).sum(1)

# %% wrong="discounts_the_end"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = left >= 0
    return (torch.where(real, rewards, 0.0) * torch.where(real, gamma ** torch.arange(rewards.shape[1]).float(), 0.0)).sum(1)

# %% wrong="exponent_off_by_one"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = left >= 0
    return (torch.where(real, rewards, 0.0) * torch.where(real, gamma ** (left.clamp(min=0) + 1).float(), 0.0)).sum(1)

# %% wrong="padded_length_for_all"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = left >= 0
    return (torch.where(real, rewards, 0.0) * torch.where(real, gamma ** torch.arange(rewards.shape[1] - 1, -1, -1).float(), 0.0)).sum(1)

# %% wrong="one_step_too_many"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = left >= -1
    return (torch.where(real, rewards, 0.0) * torch.where(real, gamma ** left.clamp(min=0).float(), 0.0)).sum(1)

# %% wrong="mean_for_sum"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = left >= 0
    return (torch.where(real, rewards, 0.0) * torch.where(real, gamma ** left.clamp(min=0).float(), 0.0)).sum(1) / lengths

# %% wrong="multiplies_by_the_mask"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = left >= 0
    return (rewards * real * torch.where(real, gamma ** left.clamp(min=0).float(), 0.0)).sum(1)

# %% wrong="drops_the_first_step"
def clip_returns(rewards: torch.Tensor, lengths: torch.Tensor, gamma: float) -> torch.Tensor:
    left = lengths[:, None] - 1 - torch.arange(rewards.shape[1])  # steps that are still to come, (N, L)
    real = (left >= 0) & (torch.arange(rewards.shape[1]) > 0)
    return (torch.where(real, rewards, 0.0) * torch.where(real, gamma ** left.clamp(min=0).float(), 0.0)).sum(1)

# %% right="a_loop"
def clip_returns(rewards, lengths, gamma):
    worth = []
    for r, n in zip(rewards, lengths.tolist()):
        total = r.new_zeros(())
        for t in range(n):
            total = gamma * total + r[t]
        worth.append(total)
    return torch.stack(worth)

# %% right="masked_fill"
def clip_returns(rewards, lengths, gamma):
    t = torch.arange(rewards.shape[1]).expand(len(rewards), -1)
    padding = t >= lengths.unsqueeze(1)
    weight = torch.pow(torch.tensor(gamma, dtype=rewards.dtype), (lengths.unsqueeze(1) - 1 - t).clamp(min=0))
    return (rewards.masked_fill(padding, 0) * weight).sum(-1)
