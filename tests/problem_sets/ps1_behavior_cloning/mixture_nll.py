# %% wrong="log_of_sum_missing"
def mixture_nll(weight_logits, means, log_stds, actions):
    z = (actions[:, None] - means) * torch.exp(-log_stds)
    log_normal = (-0.5 * z**2 - log_stds - 0.5 * math.log(2 * math.pi)).sum(-1)
    return -(torch.softmax(weight_logits, -1) * log_normal).sum(-1)

# %% wrong="weights_not_normalised"
def mixture_nll(weight_logits, means, log_stds, actions):
    z = (actions[:, None] - means) * torch.exp(-log_stds)
    log_normal = (-0.5 * z**2 - log_stds - 0.5 * math.log(2 * math.pi)).sum(-1)
    return -torch.logsumexp(weight_logits + log_normal, -1)

# %% wrong="log_std_term_missing"
def mixture_nll(weight_logits, means, log_stds, actions):
    z = (actions[:, None] - means) * torch.exp(-log_stds)
    log_normal = (-0.5 * z**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
    return -torch.logsumexp(torch.log_softmax(weight_logits, -1) + log_normal, -1)

# %% wrong="constant_once_for_all_dimensions"
def mixture_nll(weight_logits, means, log_stds, actions):
    z = (actions[:, None] - means) * torch.exp(-log_stds)
    log_normal = (-0.5 * z**2 - log_stds).sum(-1) - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(torch.log_softmax(weight_logits, -1) + log_normal, -1)

# %% wrong="underflows"
def mixture_nll(weight_logits, means, log_stds, actions):
    z = (actions[:, None] - means) * torch.exp(-log_stds)
    normal = torch.exp((-0.5 * z**2 - log_stds - 0.5 * math.log(2 * math.pi)).sum(-1))
    return -torch.log((torch.softmax(weight_logits, -1) * normal).sum(-1))

# %% wrong="softmax_over_batch"
def mixture_nll(weight_logits, means, log_stds, actions):
    z = (actions[:, None] - means) * torch.exp(-log_stds)
    log_normal = (-0.5 * z**2 - log_stds - 0.5 * math.log(2 * math.pi)).sum(-1)
    return -torch.logsumexp(torch.log_softmax(weight_logits, 0) + log_normal, -1)

# %% wrong="log_variance_for_log_std"
def mixture_nll(weight_logits, means, log_stds, actions):
    z2 = (actions[:, None] - means)**2 * torch.exp(-log_stds)
    log_normal = (-0.5 * z2 - 0.5 * log_stds - 0.5 * math.log(2 * math.pi)).sum(-1)
    return -torch.logsumexp(torch.log_softmax(weight_logits, -1) + log_normal, -1)

# %% right="distributions"
def mixture_nll(weight_logits, means, log_stds, actions):
    from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
    return -MixtureSameFamily(Categorical(logits=weight_logits), Independent(Normal(means, log_stds.exp()), 1)).log_prob(actions)

# %% right="by_component"
def mixture_nll(weight_logits, means, log_stds, actions):
    parts = []
    for k in range(means.shape[1]):
        var = torch.exp(2 * log_stds[:, k])
        logp = -((actions - means[:, k])**2 / (2 * var) + log_stds[:, k] + math.log(math.sqrt(2 * math.pi))).sum(1)
        parts.append(weight_logits[:, k] + logp)
    return torch.logsumexp(weight_logits, 1) - torch.logsumexp(torch.stack(parts, 1), 1)
