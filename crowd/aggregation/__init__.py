"""Turn labels into consensus: arrays in, arrays out, no storage.

One algorithm a file, each an `Aggregator` that cites its paper. The rest is shared: the
label matrix they read, the posteriors they make, the reliability of annotators.
"""

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.agreement import Agreement, krippendorff_alpha
from crowd.aggregation.crowdlab import CrowdLab
from crowd.aggregation.dawid_skene import DawidSkene
from crowd.aggregation.ebcc import CorrelatedBayes
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.glad import Glad
from crowd.aggregation.ibcc import IndependentBayes
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.mace import Mace
from crowd.aggregation.majority import MajorityVote
from crowd.aggregation.one_coin import OneCoin
from crowd.aggregation.online import (
    Reliability,
    StoppingRule,
    posterior_of,
    reliability_from_gold,
)
from crowd.aggregation.reliability import NEWCOMER, BetaPrior
from crowd.aggregation.row_order import Repeats
from crowd.aggregation.skill_by_class import SkillByClass
from crowd.aggregation.weighted_majority import WeightedMajority

__all__ = [
    "NEWCOMER",
    "Aggregator",
    "Agreement",
    "BetaPrior",
    "CorrelatedBayes",
    "CrowdLab",
    "DawidSkene",
    "Ensemble",
    "Glad",
    "IndependentBayes",
    "LabelMatrix",
    "Mace",
    "MajorityVote",
    "OneCoin",
    "Reliability",
    "Repeats",
    "SkillByClass",
    "StoppingRule",
    "WeightedMajority",
    "krippendorff_alpha",
    "posterior_of",
    "reliability_from_gold",
]
