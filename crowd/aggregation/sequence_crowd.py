"""Tag sequences: a hidden chain of true tags, and annotators who look at their own last tag."""

from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.arrays import FloatArray, IndexArray, shares_of, sum_by
from crowd.aggregation.estimator import Estimator, is_level
from crowd.aggregation.hidden_chain import (
    Chain,
    ChainPosterior,
    best_path,
    posterior_of_chains,
    waves_of,
)
from crowd.aggregation.listening import tell
from crowd.aggregation.parameters import require_positive
from crowd.aggregation.token_rows import TokenRows, allowed_steps

_STARTING_SPREAD_VOTES = 0.5


class SequenceCrowd(Estimator[TokenRows]):
    """Find the true tags of sequences together with how each annotator tags, by EM.

    True tags follow each other as a hidden chain in which "I-x" comes only after "B-x" or
    "I-x". An annotator's tag depends on the true tag and on their own tag before it, so
    that somebody who goes on with a span that they began is not taken for two witnesses.
    Few annotators write enough for such a table, so it is drawn to simpler ones:

    context_tags: tags' worth of pull, after each own tag, towards the annotator's
        confusion matrix.
    annotator_tags: tags' worth of pull of that matrix towards the whole crowd's.
    crowd_tags, step_tags: tags imagined for each row of the crowd's matrix, and for each
        step of the chain.
    tolerance, max_iterations: stop when an iteration moves the objective less than
        `tolerance` per tag, and then in any case.

    `objective_path_` is the log evidence of the tags. The pulls are not in it.

    tags_: the most probable tags of each sequence as a whole, (n_tokens,), so that no
        span begins in its middle; ties to the lower tag.
    posterior_: chance of each tag of each token, (n_tokens, n_tags).
    confusion_: each annotator's chance of a tag (last axis) given the true one, whatever
        they wrote before, (n_annotators, n_tags, n_tags).
    reliability_: chance that an annotator's tag is the true one, where that is not the
        first tag in `tag_names` ("outside", by custom), (n_annotators,); nan without any.

    Simpson and Gurevych, A Bayesian Approach for Sequence Tagging with Crowds, EMNLP 2019
    (BSC-seq: own last tags). Nguyen et al., Aggregating and Predicting Sequence Labels from
    Crowd Annotations, ACL 2017 (HMM-Crowd). EM for the most probable tables, not variational.
    """

    name: ClassVar[str] = "sequence-crowd"
    version: ClassVar[str] = "1"

    tags_: IndexArray
    posterior_: FloatArray
    confusion_: FloatArray
    reliability_: FloatArray

    def __init__(
        self,
        *,
        context_tags: float = 60.0,
        annotator_tags: float = 100.0,
        crowd_tags: float = 300.0,
        step_tags: float = 1.0,
        tolerance: float = 1e-5,
        max_iterations: int = 50,
    ) -> None:
        require_positive(
            context_tags=context_tags,
            annotator_tags=annotator_tags,
            crowd_tags=crowd_tags,
            step_tags=step_tags,
            max_iterations=max_iterations,
        )
        self.context_tags = context_tags
        self.annotator_tags = annotator_tags
        self.crowd_tags = crowd_tags
        self.step_tags = step_tags
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, rows: TokenRows) -> Self:
        """Run EM from the shares of votes, and take the best path at its end."""
        waves = waves_of(rows.starts, rows.n_tokens)
        posterior = shares_of(rows.votes + _STARTING_SPREAD_VOTES / rows.n_tags)
        chain = self._chain(rows, posterior, _steps_of(rows, posterior))
        path: list[float] = []
        converged = False
        while not converged and len(path) < self.max_iterations:
            evidence = self._evidence(rows, posterior)
            told = posterior_of_chains(evidence, chain, waves)
            path.append(told.log_evidence)
            tell(len(path))
            converged = is_level(path, tolerance=self.tolerance, n_rows=rows.n_rows)
            posterior, last_chain = told.posterior, chain
            chain = self._chain(rows, posterior, told.pairs)
        self._keep_ending(rows, path, converged=converged)
        self.tags_ = best_path(evidence, last_chain, waves)
        self._keep_tables(rows, told)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {
            "context_tags": self.context_tags,
            "annotator_tags": self.annotator_tags,
            "crowd_tags": self.crowd_tags,
            "step_tags": self.step_tags,
            "tolerance": self.tolerance,
            "max_iterations": self.max_iterations,
        }

    def _chain(self, rows: TokenRows, posterior: FloatArray, steps: FloatArray) -> Chain:
        allowed = allowed_steps(rows.tag_names)
        start = posterior[rows.starts].sum(axis=0) + self.step_tags
        return Chain(
            shares_of(np.where(allowed[-1], start, 0.0)),
            shares_of(np.where(allowed[:-1], steps + self.step_tags, 0.0)),
        )

    def _evidence(self, rows: TokenRows, posterior: FloatArray) -> FloatArray:
        """Return the log chance of each token's tags given its true one."""
        table = np.log(self._table(rows, posterior)).reshape(-1, rows.n_tags)
        cells = _cells(rows)
        return np.stack(
            [sum_by(rows.token, column[cells], rows.n_tokens) for column in table.T], axis=1
        )

    def _table(self, rows: TokenRows, posterior: FloatArray) -> FloatArray:
        """Return chances by annotator, own tag before, tag and true tag; tags sum to 1."""
        counts = _counts(rows, posterior)
        matrix = self._matrix(counts)
        pulled = counts + self.context_tags * matrix[:, None]
        return np.asarray(pulled / pulled.sum(axis=2, keepdims=True))

    def _matrix(self, counts: FloatArray) -> FloatArray:
        crowd = counts.sum(axis=(0, 1)) + self.crowd_tags / counts.shape[3]
        pulled = counts.sum(axis=1) + self.annotator_tags * crowd / crowd.sum(axis=0)
        return np.asarray(pulled / pulled.sum(axis=1, keepdims=True))

    def _keep_tables(self, rows: TokenRows, told: ChainPosterior) -> None:
        self.posterior_ = told.posterior
        counts = _counts(rows, told.posterior)
        self.confusion_ = self._matrix(counts).transpose(0, 2, 1)
        whole = counts.sum(axis=1)[:, :, 1:]
        right = np.einsum("akk->a", whole[:, 1:])
        seen = whole.sum(axis=(1, 2))
        self.reliability_ = np.where(seen > 0, right / np.where(seen > 0, seen, 1.0), np.nan)


def _cells(rows: TokenRows) -> IndexArray:
    return (rows.annotator * (rows.n_tags + 1) + rows.previous) * rows.n_tags + rows.tag


def _counts(rows: TokenRows, posterior: FloatArray) -> FloatArray:
    """Count tags by annotator, own tag before, tag and true tag."""
    shape = (rows.n_annotators, rows.n_tags + 1, rows.n_tags)
    cells, length = _cells(rows), int(np.prod(shape))
    counts = [np.bincount(cells, chance[rows.token], length) for chance in posterior.T]
    return np.asarray(np.stack(counts, axis=1).reshape(*shape, rows.n_tags), dtype=np.float64)


def _steps_of(rows: TokenRows, posterior: FloatArray) -> FloatArray:
    """Return the steps that neighbours make, as if they did not know of each other."""
    inner = np.ones(rows.n_tokens, dtype=np.bool_)
    inner[rows.starts] = False
    after = np.flatnonzero(inner)
    return np.asarray(posterior[after - 1].T @ posterior[after])
