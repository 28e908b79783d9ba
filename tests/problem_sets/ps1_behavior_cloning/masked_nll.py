# %% wrong="sign_missing"
def masked_nll(logits, actions, mask):
    return -F.cross_entropy(logits.flatten(0, 1), actions.flatten(), reduction="none")[mask.flatten()].mean()

# %% wrong="padding_in_the_mean"
def masked_nll(logits, actions, mask):
    each = F.cross_entropy(logits.flatten(0, 1), actions.flatten(), reduction="none").reshape(mask.shape)
    return (each * mask).mean()

# %% wrong="mask_ignored"
def masked_nll(logits, actions, mask):
    return F.cross_entropy(logits.flatten(0, 1), actions.flatten())

# %% wrong="sum_for_mean"
def masked_nll(logits, actions, mask):
    return F.cross_entropy(logits.flatten(0, 1), actions.flatten(), reduction="none")[mask.flatten()].sum()

# %% wrong="mean_of_means"
def masked_nll(logits, actions, mask):
    each = F.cross_entropy(logits.flatten(0, 1), actions.flatten(), reduction="none").reshape(mask.shape)
    return ((each * mask).sum(1) / mask.sum(1)).mean()

# %% wrong="softmax_over_time"
def masked_nll(logits, actions, mask):
    logp = torch.log_softmax(logits, 1).gather(-1, actions[..., None])[..., 0]
    return -logp[mask].mean()

# %% wrong="probability_for_log"
def masked_nll(logits, actions, mask):
    p = torch.softmax(logits, -1).gather(-1, actions[..., None])[..., 0]
    return (1 - p)[mask].mean()

# %% right="gather"
def masked_nll(logits, actions, mask):
    logp = logits.log_softmax(-1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    return -(logp * mask).sum() / mask.sum()

# %% right="loop"
def masked_nll(logits, actions, mask):
    total, n = 0.0, 0
    for i in range(len(logits)):
        for t in range(logits.shape[1]):
            if mask[i, t]:
                total = total + torch.logsumexp(logits[i, t], 0) - logits[i, t, actions[i, t]]
                n += 1
    return total / n

# %% right="ignore_index"
def masked_nll(logits, actions, mask):
    return F.cross_entropy(logits.transpose(1, 2), actions.masked_fill(~mask, -100), ignore_index=-100)
