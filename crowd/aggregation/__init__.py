"""Turn labels into consensus: arrays in, arrays out, no storage.

One algorithm a file, each with its paper: an `Aggregator` where an answer is one class, or
an `Estimator` of rows of some other kind. The rest is shared: the label matrix and the rows
that they read, the posteriors they make, the reliability of annotators.
"""

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.agreement import Agreement, krippendorff_alpha
from crowd.aggregation.answer_rows import ClassSetRows, ComparisonRows, NumberRows, TextRows
from crowd.aggregation.bradley_terry import BradleyTerry
from crowd.aggregation.crowd_bt import CrowdBradleyTerry
from crowd.aggregation.crowdlab import CrowdLab
from crowd.aggregation.dawid_skene import DawidSkene
from crowd.aggregation.ebcc import CorrelatedBayes
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.estimator import Estimator
from crowd.aggregation.gaussian import GaussianCrowd
from crowd.aggregation.glad import Glad
from crowd.aggregation.graded import GradedCrowd
from crowd.aggregation.ibcc import IndependentBayes
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.mace import Mace
from crowd.aggregation.majority import MajorityVote
from crowd.aggregation.medoid import TextMedoid
from crowd.aggregation.multi_label import MultiLabelCrowd
from crowd.aggregation.one_coin import OneCoin
from crowd.aggregation.online import (
    Reliability,
    StoppingRule,
    posterior_of,
    reliability_from_gold,
)
from crowd.aggregation.region_consensus import RegionConsensus
from crowd.aggregation.region_rows import RegionRows
from crowd.aggregation.reliability import NEWCOMER, BetaPrior
from crowd.aggregation.row_order import Repeats
from crowd.aggregation.sequence_crowd import SequenceCrowd
from crowd.aggregation.skill_by_class import SkillByClass
from crowd.aggregation.token_rows import TokenRows
from crowd.aggregation.weighted_majority import WeightedMajority

__all__ = [
    "NEWCOMER",
    "Aggregator",
    "Agreement",
    "BetaPrior",
    "BradleyTerry",
    "ClassSetRows",
    "ComparisonRows",
    "CorrelatedBayes",
    "CrowdBradleyTerry",
    "CrowdLab",
    "DawidSkene",
    "Ensemble",
    "Estimator",
    "GaussianCrowd",
    "Glad",
    "GradedCrowd",
    "IndependentBayes",
    "LabelMatrix",
    "Mace",
    "MajorityVote",
    "MultiLabelCrowd",
    "NumberRows",
    "OneCoin",
    "RegionConsensus",
    "RegionRows",
    "Reliability",
    "Repeats",
    "SequenceCrowd",
    "SkillByClass",
    "StoppingRule",
    "TextMedoid",
    "TextRows",
    "TokenRows",
    "WeightedMajority",
    "krippendorff_alpha",
    "posterior_of",
    "reliability_from_gold",
]
