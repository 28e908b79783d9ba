# %% wrong="downhill"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + alpha * np.eye(len(w))
    for _ in range(steps):
        w = w - np.linalg.solve(H(), x.T @ (mu - p()) - alpha * w)
    return w, np.sqrt(np.diag(np.linalg.inv(H())))

# %% wrong="no_prior_in_the_gradient"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + alpha * np.eye(len(w))
    for _ in range(steps):
        w = w + np.linalg.solve(H(), x.T @ (mu - p()))
    return w, np.sqrt(np.diag(np.linalg.inv(H())))

# %% wrong="no_prior_in_the_curvature"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + 1e-9 * np.eye(len(w))
    for _ in range(steps):
        w = w + np.linalg.solve(H(), x.T @ (mu - p()) - alpha * w)
    return w, np.sqrt(np.diag(np.linalg.inv(H())))

# %% wrong="curvature_without_p"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: x.T @ x + alpha * np.eye(len(w))
    for _ in range(steps):
        w = w + np.linalg.solve(H(), x.T @ (mu - p()) - alpha * w)
    return w, np.sqrt(np.diag(np.linalg.inv(H())))

# %% wrong="variances"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + alpha * np.eye(len(w))
    for _ in range(steps):
        w = w + np.linalg.solve(H(), x.T @ (mu - p()) - alpha * w)
    return w, np.diag(np.linalg.inv(H()))

# %% wrong="inverse_of_the_diagonal"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + alpha * np.eye(len(w))
    for _ in range(steps):
        w = w + np.linalg.solve(H(), x.T @ (mu - p()) - alpha * w)
    return w, 1 / np.sqrt(np.diag(H()))

# %% wrong="hard_labels"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + alpha * np.eye(len(w))
    for _ in range(steps):
        w = w + np.linalg.solve(H(), x.T @ ((mu > 0.5) - p()) - alpha * w)
    return w, np.sqrt(np.diag(np.linalg.inv(H())))

# %% wrong="curvature_before_the_last_step"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + alpha * np.eye(len(w))
    for _ in range(steps):
        old = H()
        w = w + np.linalg.solve(old, x.T @ (mu - p()) - alpha * w)
    return w, np.sqrt(np.diag(np.linalg.inv(old)))

# %% wrong="one_step_too_few"
def newton_reward(x: np.ndarray, mu: np.ndarray, alpha: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    w = np.zeros(x.shape[1])
    p = lambda: 1 / (1 + np.exp(-x @ w))
    H = lambda: (x * (p() * (1 - p()))[:, None]).T @ x + alpha * np.eye(len(w))
    for _ in range(steps - 1):
        w = w + np.linalg.solve(H(), x.T @ (mu - p()) - alpha * w)
    return w, np.sqrt(np.diag(np.linalg.inv(H())))

# %% right="damped_pinv"
def newton_reward(x, mu, alpha, steps=6):
    n, d = x.shape
    w = np.zeros(d)
    for i in range(steps + 1):
        p = np.exp(-np.logaddexp(0, -(x @ w)))
        H = np.einsum("ni,n,nj->ij", x, p * (1 - p), x) + np.diag(np.full(d, alpha))
        cov = np.linalg.pinv(H)
        if i < steps:
            w = w + cov @ (((mu - p)[:, None] * x).sum(0) - alpha * w)
    return w, np.diagonal(cov) ** 0.5

# %% right="torch_autograd"
def newton_reward(x, mu, alpha, steps=6):
    X, m = torch.tensor(np.asarray(x, float)), torch.tensor(np.asarray(mu, float))
    loss = lambda w: -(m * F.logsigmoid(X @ w) + (1 - m) * F.logsigmoid(-(X @ w))).sum() + alpha / 2 * w @ w
    w = torch.zeros(X.shape[1], dtype=torch.float64)
    for _ in range(steps):
        g = torch.autograd.functional.jacobian(loss, w)
        w = w - torch.linalg.solve(torch.autograd.functional.hessian(loss, w), g)
    return w.numpy(), torch.linalg.inv(torch.autograd.functional.hessian(loss, w)).diagonal().sqrt().numpy()
