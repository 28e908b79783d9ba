# %% wrong="newest_round_only"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    history = []
    for i in range(len(rounds)):
        obs, acts = (torch.cat([r[j] for r in rounds[i:i + 1]]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.randint(len(obs), (batch_size,), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        history.append([p.detach().cpu().clone() for p in net.parameters()])
    return history

# %% wrong="everything_from_the_start"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    history = []
    for i in range(len(rounds)):
        obs, acts = (torch.cat([r[j] for r in rounds]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.randint(len(obs), (batch_size,), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        history.append([p.detach().cpu().clone() for p in net.parameters()])
    return history

# %% wrong="live_parameters"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    history = []
    for i in range(len(rounds)):
        obs, acts = (torch.cat([r[j] for r in rounds[:i + 1]]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.randint(len(obs), (batch_size,), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        history.append([p.detach().cpu() for p in net.parameters()])
    return history

# %% wrong="starts_anew"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    history = []
    for i in range(len(rounds)):
        net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
        adam = torch.optim.Adam(net.parameters(), lr)
        obs, acts = (torch.cat([r[j] for r in rounds[:i + 1]]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.randint(len(obs), (batch_size,), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        history.append([p.detach().cpu().clone() for p in net.parameters()])
    return history

# %% wrong="rows_do_not_match"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    history = []
    for i in range(len(rounds)):
        obs, acts = (torch.cat([r[j] for r in rounds[:i + 1]]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.randint(len(obs), (batch_size,), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows.flip(0)])
            adam.zero_grad()
            loss.backward()
            adam.step()
        history.append([p.detach().cpu().clone() for p in net.parameters()])
    return history

# %% wrong="gradients_add_up"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    history = []
    for i in range(len(rounds)):
        obs, acts = (torch.cat([r[j] for r in rounds[:i + 1]]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.randint(len(obs), (batch_size,), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows])
            loss.backward()
            adam.step()
        history.append([p.detach().cpu().clone() for p in net.parameters()])
    return history

# %% wrong="first_rows_only"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    history = []
    for i in range(len(rounds)):
        obs, acts = (torch.cat([r[j] for r in rounds[:i + 1]]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.arange(min(batch_size, len(obs)), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        history.append([p.detach().cpu().clone() for p in net.parameters()])
    return history

# %% wrong="gradient_left_on"
def train_on_rounds(rounds: list[tuple[torch.Tensor, torch.Tensor]], width: int = 64, steps: int = 400, batch_size: int = 128, lr: float = 3e-3,
                    device: str = "cpu", seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    d, k = rounds[0][0].shape[1], rounds[0][1].shape[1]
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k)).to(device)
    adam = torch.optim.Adam(net.parameters(), lr)
    history = []
    for i in range(len(rounds)):
        obs, acts = (torch.cat([r[j] for r in rounds[:i + 1]]).to(device) for j in (0, 1))
        for _ in range(steps):
            rows = torch.randint(len(obs), (batch_size,), device=device)
            loss = F.mse_loss(net(obs[rows]), acts[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        history.append([p.clone() for p in net.parameters()])
    return history

# %% right="by_hand"
def train_on_rounds(rounds, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    sizes = [rounds[0][0].shape[1], width, width, rounds[0][1].shape[1]]
    layers = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
    weights = [p.detach().clone().to(device).requires_grad_() for layer in layers for p in layer.parameters()]
    adam = torch.optim.Adam(weights, lr=lr)
    obs, acts, out = torch.empty(0, sizes[0]), torch.empty(0, sizes[-1]), []
    for o, a in rounds:
        obs, acts = torch.cat([obs, o]), torch.cat([acts, a])
        for _ in range(steps):
            rows = torch.randperm(len(obs))[:batch_size]
            x, y = obs[rows].to(device), acts[rows].to(device)
            h = F.relu(F.linear(F.relu(F.linear(x, weights[0], weights[1])), weights[2], weights[3]))
            adam.zero_grad()
            (F.linear(h, weights[4], weights[5]) - y).pow(2).mean().backward()
            adam.step()
        out.append([w.detach().clone().cpu() for w in weights])
    return out

# %% right="a_fresh_optimiser_each_round"
def train_on_rounds(rounds, width=64, steps=400, batch_size=128, lr=3e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    d, k = rounds[0][0].size(1), rounds[0][1].size(1)
    net = torch.nn.Sequential(torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, k))
    net.to(device)
    history = []
    for i in range(1, len(rounds) + 1):
        optimiser = torch.optim.Adam(net.parameters(), lr=lr)
        data = torch.utils.data.TensorDataset(torch.cat([o for o, _ in rounds[:i]]), torch.cat([a for _, a in rounds[:i]]))
        sampler = torch.utils.data.RandomSampler(data, replacement=True, num_samples=steps * batch_size)
        for o, a in torch.utils.data.DataLoader(data, batch_size=batch_size, sampler=sampler):
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(net(o.to(device)), a.to(device)).backward()
            optimiser.step()
        history.append([v.detach().cpu().clone() for v in net.state_dict().values()])
    return history
