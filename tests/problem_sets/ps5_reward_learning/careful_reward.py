# %% wrong="bold"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    z = (r - shift[:, None]) / scale[:, None]
    return z.mean(0) + doubt * z.std(0, correction=0)

# %% wrong="not_normalised"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    z = r
    return z.mean(0) - doubt * z.std(0, correction=0)

# %% wrong="variance"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    z = (r - shift[:, None]) / scale[:, None]
    return z.mean(0) - doubt * z.var(0, correction=0)

# %% wrong="sample_deviation"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    z = (r - shift[:, None]) / scale[:, None]
    return z.mean(0) - doubt * z.std(0)

# %% wrong="doubt_of_the_raw_rewards"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    z = (r - shift[:, None]) / scale[:, None]
    return z.mean(0) - doubt * r.std(0, correction=0)

# %% wrong="over_the_steps"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    z = (r - shift[:, None]) / scale[:, None]
    return z.mean(0) - doubt * z.std(1, correction=0).mean()

# %% wrong="worst_member"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    z = (r - shift[:, None]) / scale[:, None]
    return z.min(0).values

# %% wrong="scaled_before_shifted"
def careful_reward(r: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, doubt: float) -> torch.Tensor:
    z = r / scale[:, None] - shift[:, None]
    return z.mean(0) - doubt * z.std(0, correction=0)

# %% right="by_hand"
def careful_reward(r, shift, scale, doubt):
    z = ((r.T - shift) / scale).T
    mean = z.sum(0) / len(z)
    return mean - doubt * ((z - mean) ** 2).mean(0).sqrt()

# %% right="moments"
def careful_reward(r, shift, scale, doubt):
    z = (r - shift.reshape(-1, 1)) / scale.reshape(-1, 1)
    std, mean = torch.std_mean(z, dim=0, correction=0)
    return mean - std * doubt
