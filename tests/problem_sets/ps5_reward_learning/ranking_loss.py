# %% wrong="log_of_sigmoid"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = (ranking[:, j] >= 0) & (ranking[:, i] >= 0)
    loss = torch.where(both, -torch.log(torch.sigmoid(u[:, i] - u[:, j])), 0.0).sum(1)
    pairs = both.sum(1)
    return (loss / pairs.clamp(min=1))[pairs > 0].sum() / (pairs > 0).sum().clamp(min=1)

# %% wrong="mean_over_all_pairs"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = (ranking[:, j] >= 0) & (ranking[:, i] >= 0)
    loss = torch.where(both, -F.logsigmoid(u[:, i] - u[:, j]), 0.0).sum(1)
    pairs = both.sum(1)
    return loss.sum() / pairs.sum().clamp(min=1)

# %% wrong="worse_over_better"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = (ranking[:, j] >= 0) & (ranking[:, i] >= 0)
    loss = torch.where(both, -F.logsigmoid(u[:, j] - u[:, i]), 0.0).sum(1)
    pairs = both.sum(1)
    return (loss / pairs.clamp(min=1))[pairs > 0].sum() / (pairs > 0).sum().clamp(min=1)

# %% wrong="padding_counts"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = ranking[:, j] >= -1
    loss = torch.where(both, -F.logsigmoid(u[:, i] - u[:, j]), 0.0).sum(1)
    pairs = both.sum(1)
    return (loss / pairs.clamp(min=1))[pairs > 0].sum() / (pairs > 0).sum().clamp(min=1)

# %% wrong="pairs_with_itself"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 0)
    both = (ranking[:, j] >= 0) & (ranking[:, i] >= 0)
    loss = torch.where(both, -F.logsigmoid(u[:, i] - u[:, j]), 0.0).sum(1)
    pairs = both.sum(1)
    return (loss / pairs.clamp(min=1))[pairs > 0].sum() / (pairs > 0).sum().clamp(min=1)

# %% wrong="sum_over_pairs"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = (ranking[:, j] >= 0) & (ranking[:, i] >= 0)
    loss = torch.where(both, -F.logsigmoid(u[:, i] - u[:, j]), 0.0).sum(1)
    pairs = both.sum(1)
    return (loss)[pairs > 0].sum() / (pairs > 0).sum().clamp(min=1)

# %% wrong="silent_prompts_count"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = (ranking[:, j] >= 0) & (ranking[:, i] >= 0)
    loss = torch.where(both, -F.logsigmoid(u[:, i] - u[:, j]), 0.0).sum(1)
    pairs = both.sum(1)
    return (loss / pairs.clamp(min=1)).mean()

# %% wrong="neighbours_only"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = (ranking[:, j] >= 0) & (j - i == 1)
    loss = torch.where(both, -F.logsigmoid(u[:, i] - u[:, j]), 0.0).sum(1)
    pairs = both.sum(1)
    return (loss / pairs.clamp(min=1))[pairs > 0].sum() / (pairs > 0).sum().clamp(min=1)

# %% wrong="divides_by_all_k_choose_2"
def ranking_loss(utilities: torch.Tensor, ranking: torch.Tensor) -> torch.Tensor:
    u = utilities.gather(1, ranking.clamp(min=0))  # (B, M), best first
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    both = (ranking[:, j] >= 0) & (ranking[:, i] >= 0)
    loss = torch.where(both, -F.logsigmoid(u[:, i] - u[:, j]), 0.0).sum(1)
    pairs = (both.sum(1) > 0) * len(i)
    return (loss / pairs.clamp(min=1))[pairs > 0].sum() / (pairs > 0).sum().clamp(min=1)

# %% right="loops"
def ranking_loss(utilities, ranking):
    means = []
    for u, r in zip(utilities, ranking):
        u = u[r[r >= 0]]
        if len(u) > 1:
            gap = u[:, None] - u[None, :]
            means.append(F.softplus(-gap[torch.ones_like(gap).triu(1).bool()]).mean())
    return torch.stack(means).mean() if means else utilities.sum() * 0

# %% right="matrix"
def ranking_loss(utilities, ranking):
    real = ranking >= 0
    u = torch.gather(utilities, 1, torch.where(real, ranking, 0))
    pair = (real[:, :, None] & real[:, None, :]).triu(1)
    nll = torch.nn.functional.softplus(u[:, None, :] - u[:, :, None]) * pair
    n = pair.sum((1, 2))
    per = nll.sum((1, 2)) / torch.where(n > 0, n, 1)
    return per.sum() / max(int((n > 0).sum()), 1)
