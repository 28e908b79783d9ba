# %% wrong="mixes_logits"
def mixture_log_prob(expert_logits: torch.Tensor, learner_logits: torch.Tensor, beta: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(actions))
    return torch.log_softmax(beta[:, None] * expert_logits + (1 - beta[:, None]) * learner_logits, -1)[rows, actions]

# %% wrong="mixes_log_probabilities"
def mixture_log_prob(expert_logits: torch.Tensor, learner_logits: torch.Tensor, beta: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(actions))
    expert, learner = (torch.log_softmax(x, -1)[rows, actions] for x in (expert_logits, learner_logits))
    return beta * expert + (1 - beta) * learner

# %% wrong="beta_is_the_learners_share"
def mixture_log_prob(expert_logits: torch.Tensor, learner_logits: torch.Tensor, beta: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(actions))
    expert, learner = (torch.log_softmax(x, -1)[rows, actions] for x in (expert_logits, learner_logits))
    return torch.logaddexp((1 - beta).log() + expert, beta.log() + learner)

# %% wrong="leaves_the_log_domain"
def mixture_log_prob(expert_logits: torch.Tensor, learner_logits: torch.Tensor, beta: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(actions))
    expert, learner = (torch.log_softmax(x, -1)[rows, actions] for x in (expert_logits, learner_logits))
    return (beta * expert.exp() + (1 - beta) * learner.exp()).log()

# %% wrong="does_not_normalise"
def mixture_log_prob(expert_logits: torch.Tensor, learner_logits: torch.Tensor, beta: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(actions))
    expert, learner = (x[rows, actions] for x in (expert_logits, learner_logits))
    return torch.logaddexp(beta.log() + expert, (1 - beta).log() + learner)

# %% wrong="normalises_over_the_batch"
def mixture_log_prob(expert_logits: torch.Tensor, learner_logits: torch.Tensor, beta: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(actions))
    expert, learner = (torch.log_softmax(x, 0)[rows, actions] for x in (expert_logits, learner_logits))
    return torch.logaddexp(beta.log() + expert, (1 - beta).log() + learner)

# %% wrong="draws_once_for_all_rows"
def mixture_log_prob(expert_logits: torch.Tensor, learner_logits: torch.Tensor, beta: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(actions))
    expert, learner = (torch.log_softmax(x, -1)[rows, actions] for x in (expert_logits, learner_logits))
    return torch.logaddexp(beta[0].log() + expert, (1 - beta[0]).log() + learner)

# %% right="with_logsumexp"
def mixture_log_prob(expert_logits, learner_logits, beta, actions):
    both = torch.stack([F.log_softmax(expert_logits, 1), F.log_softmax(learner_logits, 1)], -1)  # (B, A, 2)
    weights = torch.stack([torch.log(beta), torch.log1p(-beta)], -1)[:, None]  # (B, 1, 2)
    return torch.logsumexp(both + weights, -1).gather(1, actions[:, None])[:, 0]

# %% right="row_by_row"
def mixture_log_prob(expert_logits, learner_logits, beta, actions):
    rows = []
    for e, l, b, a in zip(expert_logits, learner_logits, beta, actions):
        e, l = e[a] - torch.logsumexp(e, 0), l[a] - torch.logsumexp(l, 0)
        top = torch.maximum(e, l)
        rows.append(top + torch.log(b * torch.exp(e - top) + (1 - b) * torch.exp(l - top)) if 0 < b < 1 else (e if b == 1 else l))
    return torch.stack(rows)
