# %% wrong="no_best_subtracted"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    regret = cost_to_go  # (B, A)
    return (torch.softmax(logits, -1) * regret).sum(-1).mean()

# %% wrong="best_of_the_whole_batch"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    regret = cost_to_go - cost_to_go.min()  # (B, A)
    return (torch.softmax(logits, -1) * regret).sum(-1).mean()

# %% wrong="worst_subtracted"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    regret = cost_to_go - cost_to_go.max(-1, keepdim=True).values  # (B, A)
    return (torch.softmax(logits, -1) * regret).sum(-1).mean()

# %% wrong="sum_over_rows"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    regret = cost_to_go - cost_to_go.min(-1, keepdim=True).values  # (B, A)
    return (torch.softmax(logits, -1) * regret).sum(-1).sum()

# %% wrong="mean_over_actions"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    regret = cost_to_go - cost_to_go.min(-1, keepdim=True).values  # (B, A)
    return (torch.softmax(logits, -1) * regret).mean()

# %% wrong="log_probabilities"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    regret = cost_to_go - cost_to_go.min(-1, keepdim=True).values  # (B, A)
    return (-torch.log_softmax(logits, -1) * regret).sum(-1).mean()

# %% wrong="softmax_over_the_batch"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    regret = cost_to_go - cost_to_go.min(-1, keepdim=True).values  # (B, A)
    return (torch.softmax(logits, 0) * regret).sum(-1).mean()

# %% wrong="greedy_choice"
def cost_sensitive_loss(logits: torch.Tensor, cost_to_go: torch.Tensor) -> torch.Tensor:
    regret = cost_to_go - cost_to_go.min(-1, keepdim=True).values  # (B, A)
    return (F.one_hot(logits.argmax(-1), logits.shape[-1]) * regret).sum(-1).mean()

# %% right="expected_minus_best"
def cost_sensitive_loss(logits, cost_to_go):
    p = logits.softmax(dim=1)
    return torch.mean(torch.einsum("ba,ba->b", p, cost_to_go) - cost_to_go.amin(1))

# %% right="through_logs"
def cost_sensitive_loss(logits, cost_to_go):
    best = torch.min(cost_to_go, 1)[0]
    p = F.log_softmax(logits, 1).exp()
    total = 0
    for a in range(logits.shape[1]):
        total = total + p[:, a] * (cost_to_go[:, a] - best)
    return total.sum() / len(logits)
