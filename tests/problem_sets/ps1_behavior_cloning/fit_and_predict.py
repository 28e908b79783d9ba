# %% wrong="first_rows_only"
def fit_and_predict(obs, acts, query, n_actions, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(obs.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, n_actions)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        loss = F.cross_entropy(net(obs[:batch_size]), acts[:batch_size])
        adam.zero_grad(); loss.backward(); adam.step()
    with torch.no_grad():
        return net(query).cpu()

# %% wrong="loss_goes_up"
def fit_and_predict(obs, acts, query, n_actions, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(obs.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, n_actions)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        rows = torch.randint(len(obs), (batch_size,))
        loss = -F.cross_entropy(net(obs[rows]), acts[rows])
        adam.zero_grad(); loss.backward(); adam.step()
    with torch.no_grad():
        return net(query).cpu()

# %% wrong="rows_do_not_match"
def fit_and_predict(obs, acts, query, n_actions, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(obs.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, n_actions)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        loss = F.cross_entropy(net(obs[torch.randint(len(obs), (batch_size,))]), acts[torch.randint(len(obs), (batch_size,))])
        adam.zero_grad(); loss.backward(); adam.step()
    with torch.no_grad():
        return net(query).cpu()

# %% wrong="probabilities_for_logits"
def fit_and_predict(obs, acts, query, n_actions, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(obs.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, n_actions)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        rows = torch.randint(len(obs), (batch_size,))
        loss = F.cross_entropy(net(obs[rows]), acts[rows])
        adam.zero_grad(); loss.backward(); adam.step()
    with torch.no_grad():
        return net(query).softmax(-1).cpu()

# %% wrong="never_steps"
def fit_and_predict(obs, acts, query, n_actions, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(obs.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, n_actions)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        rows = torch.randint(len(obs), (batch_size,))
        adam.zero_grad()
        F.cross_entropy(net(obs[rows]), acts[rows]).backward()
    with torch.no_grad():
        return net(query).cpu()

# %% wrong="gradient_left_on"
def fit_and_predict(obs, acts, query, n_actions, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(obs.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, n_actions)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        rows = torch.randint(len(obs), (batch_size,))
        loss = F.cross_entropy(net(obs[rows]), acts[rows])
        adam.zero_grad(); loss.backward(); adam.step()
    return net(query).cpu()

# %% right="shuffled_epochs"
def fit_and_predict(obs, acts, query, n_actions, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    L, R = torch.nn.Linear, torch.nn.ReLU
    net = torch.nn.Sequential(L(obs.shape[-1], width), R(), L(width, width), R(), L(width, n_actions)).to(device)
    opt, x, y, done = torch.optim.Adam(net.parameters(), lr=lr), obs.to(device), acts.to(device), 0
    while done < steps:
        for rows in torch.randperm(len(x)).split(batch_size)[:steps - done]:
            opt.zero_grad(set_to_none=True)
            F.nll_loss(F.log_softmax(net(x[rows.to(device)]), -1), y[rows.to(device)]).backward()
            opt.step()
            done += 1
    return net(query.to(device)).detach().cpu()

# %% right="own_module"
def fit_and_predict(obs, acts, query, n_actions, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = torch.nn.Linear(obs.shape[1], width), torch.nn.Linear(width, width), torch.nn.Linear(width, n_actions)
        def forward(self, x):
            return self.c(F.relu(self.b(F.relu(self.a(x)))))
    net, g = Net().to(device), np.random.default_rng(seed)
    opt = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        i = torch.from_numpy(g.integers(0, len(obs), batch_size))
        opt.zero_grad()
        torch.nn.CrossEntropyLoss()(net(obs[i].to(device)), acts[i].to(device)).backward()
        opt.step()
    with torch.inference_mode():
        return net(query.to(device)).cpu().clone()
