# %% wrong="pause_shorter_than_grace"
def corrections(hands: np.ndarray, grace: int) -> list[tuple[int, int]]:
    found = []
    for t in np.flatnonzero(hands).tolist():
        if found and t - found[-1][1] < grace:
            found[-1] = (found[-1][0], t + 1)
        else:
            found.append((t, t + 1))
    return found

# %% wrong="stop_is_the_last_press"
def corrections(hands: np.ndarray, grace: int) -> list[tuple[int, int]]:
    found = []
    for t in np.flatnonzero(hands).tolist():
        if found and t - found[-1][1] <= grace:
            found[-1] = (found[-1][0], t)
        else:
            found.append((t, t))
    return found

# %% wrong="no_bridging"
def corrections(hands: np.ndarray, grace: int) -> list[tuple[int, int]]:
    found = []
    for t in np.flatnonzero(hands).tolist():
        if found and t - found[-1][1] <= 0:
            found[-1] = (found[-1][0], t + 1)
        else:
            found.append((t, t + 1))
    return found

# %% wrong="grace_counted_from_the_press"
def corrections(hands: np.ndarray, grace: int) -> list[tuple[int, int]]:
    found = []
    for t in np.flatnonzero(hands).tolist():
        if found and t - found[-1][1] + 1 <= grace:
            found[-1] = (found[-1][0], t + 1)
        else:
            found.append((t, t + 1))
    return found

# %% wrong="pause_at_the_end_belongs"
def corrections(hands: np.ndarray, grace: int) -> list[tuple[int, int]]:
    found = []
    for t in np.flatnonzero(hands).tolist():
        if found and t - found[-1][1] <= grace:
            found[-1] = (found[-1][0], t + 1)
        else:
            found.append((t, t + 1))
    if found:
        found[-1] = (found[-1][0], min(found[-1][1] + grace, len(hands)))
    return found

# %% wrong="last_one_dropped_at_the_end"
def corrections(hands: np.ndarray, grace: int) -> list[tuple[int, int]]:
    found = []
    for t in np.flatnonzero(hands).tolist():
        if found and t - found[-1][1] <= grace:
            found[-1] = (found[-1][0], t + 1)
        else:
            found.append((t, t + 1))
    if found and found[-1][1] == len(hands):
        found.pop()
    return found

# %% wrong="bridges_everything"
def corrections(hands: np.ndarray, grace: int) -> list[tuple[int, int]]:
    found = []
    for t in np.flatnonzero(hands).tolist():
        if found and t - found[-1][1] <= len(hands):
            found[-1] = (found[-1][0], t + 1)
        else:
            found.append((t, t + 1))
    return found

# %% right="with_differences"
def corrections(hands, grace):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hands.astype(int), [0]])))
    starts, stops = edges[::2], edges[1::2]
    keep = [i for i in range(len(starts)) if i == 0 or starts[i] - stops[i - 1] > grace]
    return [(int(starts[i]), int(stops[(keep + [len(starts)])[n + 1] - 1])) for n, i in enumerate(keep)]

# %% right="step_by_step"
def corrections(hands, grace):
    found, start, last = [], None, None
    for t, held in enumerate(hands):
        if held:
            if start is None:
                start = t
            last = t
        elif start is not None and t - last > grace:
            found.append((start, last + 1))
            start = None
    if start is not None:
        found.append((start, last + 1))
    return found
