# %% wrong="sign"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse), torch.log(lapse / 2)
    first, second = (torch.logaddexp(keep + F.logsigmoid(x), guess) for x in (-delta, delta))
    return -(mu * first + (1 - mu) * second).mean()

# %% wrong="lapse_not_halved"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse), torch.log(lapse)
    first, second = (torch.logaddexp(keep + F.logsigmoid(x), guess) for x in (delta, -delta))
    return -(mu * first + (1 - mu) * second).mean()

# %% wrong="sum_for_mean"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse), torch.log(lapse / 2)
    first, second = (torch.logaddexp(keep + F.logsigmoid(x), guess) for x in (delta, -delta))
    return -(mu * first + (1 - mu) * second).sum()

# %% wrong="ignores_lapses"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse), torch.log(lapse / 2)
    first, second = (F.logsigmoid(x) for x in (delta, -delta))
    return -(mu * first + (1 - mu) * second).mean()

# %% wrong="log_of_sigmoid"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse), torch.log(lapse / 2)
    first, second = (torch.log((1 - lapse) * torch.sigmoid(x) + lapse / 2) for x in (delta, -delta))
    return -(mu * first + (1 - mu) * second).mean()

# %% wrong="hard_labels"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse), torch.log(lapse / 2)
    first, second = (torch.logaddexp(keep + F.logsigmoid(x), guess) for x in (delta, -delta))
    return -(torch.where(mu > 0.5, first, second)).mean()

# %% wrong="forgets_the_other_side"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse), torch.log(lapse / 2)
    first, second = (torch.logaddexp(keep + F.logsigmoid(x), guess) for x in (delta, -delta))
    return -(mu * first).mean()

# %% wrong="weight_of_the_rest_missing"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse), torch.log(lapse / 2)
    first, second = (torch.logaddexp(F.logsigmoid(x), guess) for x in (delta, -delta))
    return -(mu * first + (1 - mu) * second).mean()

# %% wrong="one_lapse_for_all"
def preference_loss(delta: torch.Tensor, mu: torch.Tensor, lapse: torch.Tensor) -> torch.Tensor:
    keep, guess = torch.log1p(-lapse.mean()), torch.log(lapse.mean() / 2)
    first, second = (torch.logaddexp(keep + F.logsigmoid(x), guess) for x in (delta, -delta))
    return -(mu * first + (1 - mu) * second).mean()

# %% right="logsumexp"
def preference_loss(delta, mu, lapse):
    two = torch.stack([F.logsigmoid(delta), F.logsigmoid(-delta)], -1)
    mixed = torch.logsumexp(torch.stack([two + torch.log1p(-lapse)[:, None], (lapse / 2).log()[:, None].expand_as(two)]), 0)
    return -(torch.stack([mu, 1 - mu], -1) * mixed).sum(-1).mean()

# %% right="softplus"
def preference_loss(delta, mu, lapse):
    def log_p(x):
        sure, guess = torch.log(1 - lapse) - F.softplus(-x), torch.log(lapse) - np.log(2)
        return torch.logaddexp(sure, guess)
    losses = -mu * log_p(delta) - (1 - mu) * log_p(-delta)
    return losses.sum() / len(losses)
