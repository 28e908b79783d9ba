# %% wrong="where_they_agree"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(p.var(0), kind="stable").tolist():
        a, b = pairs[i].tolist()
        if len(chosen) < n and a not in used and b not in used:
            chosen.append(i)
            used |= {a, b}
    return chosen

# %% wrong="entropy_of_the_mean"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(np.abs(p.mean(0) - 0.5), kind="stable").tolist():
        a, b = pairs[i].tolist()
        if len(chosen) < n and a not in used and b not in used:
            chosen.append(i)
            used |= {a, b}
    return chosen

# %% wrong="clips_again_and_again"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(-p.var(0), kind="stable").tolist():
        a, b = pairs[i].tolist()
        if len(chosen) < n:
            chosen.append(i)
            used |= {a, b}
    return chosen

# %% wrong="looks_at_the_first_clip_only"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(-p.var(0), kind="stable").tolist():
        a, b = pairs[i].tolist()
        if len(chosen) < n and a not in used:
            chosen.append(i)
            used |= {a, b}
    return chosen

# %% wrong="marks_the_first_clip_only"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(-p.var(0), kind="stable").tolist():
        a, b = pairs[i].tolist()
        if len(chosen) < n and a not in used and b not in used:
            chosen.append(i)
            used |= {a}
    return chosen

# %% wrong="later_of_equals"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(p.var(0), kind="stable")[::-1].tolist():
        a, b = pairs[i].tolist()
        if len(chosen) < n and a not in used and b not in used:
            chosen.append(i)
            used |= {a, b}
    return chosen

# %% wrong="stops_at_the_first_clash"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(-p.var(0), kind="stable").tolist():
        a, b = pairs[i].tolist()
        if a in used or b in used:
            break
        if len(chosen) < n:
            chosen.append(i)
            used |= {a, b}
    return chosen

# %% wrong="budget_ignored"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(-p.var(0), kind="stable").tolist():
        a, b = pairs[i].tolist()
        if a not in used and b not in used:
            chosen.append(i)
            used |= {a, b}
    return chosen

# %% wrong="first_n_then_thinned"
def choose_questions(p: np.ndarray, pairs: np.ndarray, n: int) -> list[int]:
    chosen, used = [], set()
    for i in np.argsort(-p.var(0), kind="stable").tolist()[:n]:
        a, b = pairs[i].tolist()
        if len(chosen) < n and a not in used and b not in used:
            chosen.append(i)
            used |= {a, b}
    return chosen

# %% right="one_at_a_time"
def choose_questions(p, pairs, n):
    value = ((p - p.mean(0)) ** 2).mean(0)
    value = value.copy()
    out = []
    for _ in range(n):
        i = int(np.argmax(value))
        if value[i] < 0:
            break
        out.append(i)
        value[(pairs == pairs[i, 0]).any(1) | (pairs == pairs[i, 1]).any(1)] = -1
    return out

# %% right="sorted_list"
def choose_questions(p, pairs, n):
    value = np.var(p, axis=0)
    taken, out = np.zeros(pairs.max() + 1, bool), []
    for i in sorted(range(len(pairs)), key=lambda i: (-value[i], i)):
        if len(out) == n:
            break
        if not taken[pairs[i]].any():
            taken[pairs[i]] = True
            out.append(i)
    return out
