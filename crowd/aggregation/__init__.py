"""Turn labels into consensus: arrays in, arrays out, no storage.

One algorithm a file, each an `Aggregator` that cites its paper. The rest is shared: the
label matrix they read, the posteriors they make, the reliability of annotators.
"""

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.agreement import Agreement, krippendorff_alpha
from crowd.aggregation.dawid_skene import DawidSkene
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import MajorityVote
from crowd.aggregation.online import (
    Reliability,
    StoppingRule,
    posterior_of,
    reliability_from_gold,
)
from crowd.aggregation.reliability import NEWCOMER, BetaPrior
from crowd.aggregation.row_order import Repeats

__all__ = [
    "NEWCOMER",
    "Aggregator",
    "Agreement",
    "BetaPrior",
    "DawidSkene",
    "LabelMatrix",
    "MajorityVote",
    "Reliability",
    "Repeats",
    "StoppingRule",
    "krippendorff_alpha",
    "posterior_of",
    "reliability_from_gold",
]
