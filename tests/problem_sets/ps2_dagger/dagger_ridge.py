# %% wrong="learns_from_what_was_done"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        for _ in range(T):
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)  # (n, 4)
            label = world.expert(state)  # (n, 1)
            A += x.T @ x
            states.append(state)
            action = np.where(rng.random((n, 1)) < beta, label, x @ w[:, None])
            b += x.T @ action[:, 0]
            state, _, _ = world.step(state, action, rng)
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)

# %% wrong="newest_round_only"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        A, b = lam * np.eye(4), np.zeros(4)
        for _ in range(T):
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)  # (n, 4)
            label = world.expert(state)  # (n, 1)
            A += x.T @ x
            b += x.T @ label[:, 0]
            states.append(state)
            action = np.where(rng.random((n, 1)) < beta, label, x @ w[:, None])
            state, _, _ = world.step(state, action, rng)
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)

# %% wrong="one_draw_for_a_drive"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        drawn = rng.random((n, 1))
        for _ in range(T):
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)  # (n, 4)
            label = world.expert(state)  # (n, 1)
            A += x.T @ x
            b += x.T @ label[:, 0]
            states.append(state)
            action = np.where(drawn < beta, label, x @ w[:, None])
            state, _, _ = world.step(state, action, rng)
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)

# %% wrong="one_draw_for_all_cars"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        for _ in range(T):
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)  # (n, 4)
            label = world.expert(state)  # (n, 1)
            A += x.T @ x
            b += x.T @ label[:, 0]
            states.append(state)
            action = np.where(rng.random() < beta, label, x @ w[:, None])
            state, _, _ = world.step(state, action, rng)
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)

# %% wrong="readings_after_the_step"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        for _ in range(T):
            label = world.expert(state)  # (n, 1)
            states.append(state)
            seen = np.concatenate([world.observe(state), np.ones((n, 1))], 1)
            action = np.where(rng.random((n, 1)) < beta, label, seen @ w[:, None])
            state, _, _ = world.step(state, action, rng)
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)
            A += x.T @ x
            b += x.T @ label[:, 0]
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)

# %% wrong="beta_is_the_learners_share"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        for _ in range(T):
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)  # (n, 4)
            label = world.expert(state)  # (n, 1)
            A += x.T @ x
            b += x.T @ label[:, 0]
            states.append(state)
            action = np.where(rng.random((n, 1)) > beta, label, x @ w[:, None])
            state, _, _ = world.step(state, action, rng)
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)

# %% wrong="labels_only_where_the_expert_drove"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        for _ in range(T):
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)  # (n, 4)
            label = world.expert(state)  # (n, 1)
            states.append(state)
            theirs = rng.random((n, 1)) < beta
            A += (x * theirs).T @ x
            b += (x * theirs).T @ label[:, 0]
            action = np.where(theirs, label, x @ w[:, None])
            state, _, _ = world.step(state, action, rng)
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)

# %% wrong="lambda_in_every_round"
def dagger_ridge(betas: list[float], n: int, T: int, lam: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A, b, w = lam * np.eye(4), np.zeros(4), np.zeros(4)
    weights, states = [], []
    for beta in betas:
        state = world.initial(n, rng)
        for _ in range(T):
            x = np.concatenate([world.observe(state), np.ones((n, 1))], 1)  # (n, 4)
            label = world.expert(state)  # (n, 1)
            A += x.T @ x
            b += x.T @ label[:, 0]
            states.append(state)
            action = np.where(rng.random((n, 1)) < beta, label, x @ w[:, None])
            state, _, _ = world.step(state, action, rng)
        A += lam * np.eye(4)
        w = np.linalg.solve(A, b)
        weights.append(w)
    return np.array(weights), np.array(states).reshape(len(betas), T, n, 9)

# %% right="keeps_the_data_after_all"
def dagger_ridge(betas, n, T, lam, seed):
    rng = np.random.default_rng(seed)
    X, Y, W, S = [], [], [np.zeros(4)], []
    for i, beta in enumerate(betas):
        s = world.initial(n, rng)
        S.append([])
        for t in range(T):
            x = np.hstack([world.observe(s), np.ones((n, 1))]).astype(float)
            y = world.expert(s)
            X.append(x), Y.append(y), S[-1].append(s)
            expert_drives = rng.uniform(size=n) < beta
            u = (x @ W[-1])[:, None]
            u[expert_drives] = y[expert_drives]
            s = world.step(s, u, rng)[0]
        x, y = np.concatenate(X + [np.sqrt(lam) * np.eye(4)]), np.concatenate(Y + [np.zeros((4, 1))])
        W.append(np.linalg.lstsq(x, y, rcond=None)[0][:, 0])
    return np.array(W[1:]), np.array(S)

# %% right="with_the_inverse"
def dagger_ridge(betas, n, T, lam, seed):
    rng = np.random.default_rng(seed)
    gram, moment = np.eye(4) * lam, np.zeros((4, 1))
    states = np.zeros((len(betas), T, n, 9))
    weights = np.zeros((len(betas), 4))
    for i, beta in enumerate(betas):
        previous = weights[i - 1][:, None] if i else np.zeros((4, 1))
        state = world.initial(n, rng)
        for t in range(T):
            states[i, t] = state
            x = np.column_stack([world.observe(state), np.ones(n)])
            label = world.expert(state)
            gram, moment = gram + x.T @ x, moment + x.T @ label
            mask = (rng.random(n) < beta)[:, None]
            state, *_ = world.step(state, mask * label + (1 - mask) * np.clip(x @ previous, -1, 1), rng)
        weights[i] = (np.linalg.inv(gram) @ moment)[:, 0]
    return weights, states
