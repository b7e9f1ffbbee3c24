import numpy as np
import pytest

from crowd.aggregation import CollapsedBayes, LabelMatrix, OnlineConsensus
from crowd.aggregation.planted import PlantedCrowd


def test_it_is_what_label_by_label_comes_to_after_many_sweeps(mixed_crowd: PlantedCrowd):
    matrix, gold = mixed_crowd.matrix, {3: 1, 4: 0}
    rows = zip(matrix.task.tolist(), matrix.annotator.tolist(), matrix.label.tolist(), strict=True)
    online = OnlineConsensus(2, known=gold).fit(rows)
    while online.sweep() > 1e-10:
        pass
    whole = CollapsedBayes(tolerance=1e-13).fit(matrix, gold)
    swept = np.array([online.posterior(task) for task in range(matrix.n_tasks)])
    np.testing.assert_allclose(whole.posterior_, swept, atol=1e-6)
    for annotator in range(matrix.n_annotators):
        np.testing.assert_allclose(
            whole.confusion_[annotator], online.confusion(annotator), atol=1e-6
        )


def test_few_labels_do_not_vouch_for_themselves():
    """Where everybody labelled one task, nothing is known of them but what newcomers are."""
    matrix = LabelMatrix.from_arrays(np.array([0, 1, 2]), np.array([0, 1, 2]), np.array([0, 0, 1]))
    posterior = CollapsedBayes(class_tasks=1e9, correlation=0).fit(matrix).posterior_
    np.testing.assert_allclose(posterior.max(axis=1), 2 / 3, atol=1e-6)


def test_it_needs_some_shrinkage():
    with pytest.raises(ValueError, match="shrinkage must be above zero"):
        CollapsedBayes(shrinkage=0)
