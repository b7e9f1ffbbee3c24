"""Find posterior and best path of chains of hidden states, many sequences at once."""

from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray, IndexArray

_NEVER = -1e300


class Chain(NamedTuple):
    """Hold the chances of a chain: `start` of its first state, `step` from state to state."""

    start: FloatArray
    step: FloatArray


class ChainPosterior(NamedTuple):
    """Hold what the evidence says of the states.

    posterior: chance of each state of each token, (n_tokens, n_states).
    pairs: expected steps from state to state, (n_states, n_states).
    log_evidence: log probability of all evidence.
    """

    posterior: FloatArray
    pairs: FloatArray
    log_evidence: float


def waves_of(starts: IndexArray, n_tokens: int) -> list[IndexArray]:
    """Return the first tokens of all sequences, then all second ones, and so on."""
    length = np.diff(np.append(starts, n_tokens))
    order = np.argsort(-length, kind="stable")
    longest = int(length.max()) if len(length) else 0
    counts = (length[:, None] > np.arange(longest)).sum(axis=0) if longest else []
    return [starts[order[:count]] + place for place, count in enumerate(counts)]


def posterior_of_chains(
    log_evidence: FloatArray, chain: Chain, waves: list[IndexArray]
) -> ChainPosterior:
    """Run forward and backward over all sequences, a wave of tokens at a time.

    log_evidence: log chance of what was seen at each token given its state,
        (n_tokens, n_states).

    Rabiner, A Tutorial on Hidden Markov Models, Proceedings of the IEEE 77(2), 1989.
    """
    highest = log_evidence.max(axis=1, keepdims=True)
    evidence = np.exp(log_evidence - highest)
    forward, scale = _forward(evidence, chain, waves)
    scaled = evidence / scale[:, None]
    backward = np.ones_like(evidence)
    pairs = np.zeros_like(chain.step)
    for wave in waves[:0:-1]:
        told = backward[wave] * scaled[wave]
        pairs += forward[wave - 1].T @ told
        backward[wave - 1] = told @ chain.step.T
    total = float(np.log(scale).sum() + highest.sum())
    return ChainPosterior(forward * backward, pairs * chain.step, total)


def best_path(log_evidence: FloatArray, chain: Chain, waves: list[IndexArray]) -> IndexArray:
    """Return the most probable states of each sequence: shape (n_tokens,).

    Viterbi, Error Bounds for Convolutional Codes, IEEE Transactions on Information Theory
    13(2), 1967. Ties go to the lower state.
    """
    start, step = (np.log(np.maximum(each, np.exp(-700.0))) for each in chain)
    start, step = np.where(chain.start > 0, start, _NEVER), np.where(chain.step > 0, step, _NEVER)
    best = np.zeros_like(log_evidence)
    came_from = np.zeros(log_evidence.shape, dtype=np.int64)
    for place, wave in enumerate(waves):
        if place == 0:
            best[wave] = start + log_evidence[wave]
            continue
        ways = best[wave - 1][:, :, None] + step
        came_from[wave] = ways.argmax(axis=1)
        best[wave] = ways.max(axis=1) + log_evidence[wave]
    return _read_back(best, came_from, waves)


def _forward(
    evidence: FloatArray, chain: Chain, waves: list[IndexArray]
) -> tuple[FloatArray, FloatArray]:
    forward = np.zeros_like(evidence)
    scale = np.ones(len(evidence))
    for place, wave in enumerate(waves):
        before = chain.start if place == 0 else forward[wave - 1] @ chain.step
        joint = before * evidence[wave]
        scale[wave] = joint.sum(axis=1)
        forward[wave] = joint / scale[wave][:, None]
    return forward, scale


def _read_back(best: FloatArray, came_from: IndexArray, waves: list[IndexArray]) -> IndexArray:
    path = np.full(len(best), -1, dtype=np.int64)
    for place in range(len(waves) - 1, -1, -1):
        wave = waves[place]
        last = path[wave] < 0  # No later token of its sequence has set it.
        path[wave[last]] = best[wave[last]].argmax(axis=1)
        if place:
            path[wave - 1] = came_from[wave, path[wave]]
    return path
