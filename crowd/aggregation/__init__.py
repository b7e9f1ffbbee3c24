"""Turn labels into consensus: arrays in, arrays out, no storage.

One algorithm a file, each with its paper: an `Aggregator` where an answer is one class, or
an `Estimator` of rows of some other kind. The rest is shared: the label matrix and the rows
that they read, the posteriors they make, the reliability of annotators.
"""

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.agreement import Agreement, krippendorff_alpha
from crowd.aggregation.agreement_parts import (
    agreement_between,
    agreement_by_class,
    agreement_by_group,
    agreement_without_each,
)
from crowd.aggregation.alpha import alpha_of_answers
from crowd.aggregation.answer_rows import ClassSetRows, ComparisonRows, NumberRows, TextRows
from crowd.aggregation.asking import gain_per_label
from crowd.aggregation.bradley_terry import BradleyTerry
from crowd.aggregation.calibration import Calibration, calibrate
from crowd.aggregation.coefficients import Bootstrap, Coefficient
from crowd.aggregation.cohen import cohen_kappas
from crowd.aggregation.collapsed import CollapsedBayes
from crowd.aggregation.crowd_bt import CrowdBradleyTerry
from crowd.aggregation.crowdlab import CrowdLab
from crowd.aggregation.dawid_skene import DawidSkene
from crowd.aggregation.distances import Level
from crowd.aggregation.ebcc import CorrelatedBayes
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.estimator import Estimator
from crowd.aggregation.gaussian import GaussianCrowd
from crowd.aggregation.glad import Glad
from crowd.aggregation.graded import GradedCrowd
from crowd.aggregation.graded_ensemble import GradedEnsemble
from crowd.aggregation.ibcc import IndependentBayes
from crowd.aggregation.incremental import OnlineConsensus
from crowd.aggregation.kappas import Weights, fleiss_kappa, gwet_ac1, gwet_ac2
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.listening import heard_by, tell
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
from crowd.aggregation.planning import forecast_accuracy, labels_needed
from crowd.aggregation.region_consensus import RegionConsensus
from crowd.aggregation.region_rows import RegionRows
from crowd.aggregation.reliability import NEWCOMER, BetaPrior
from crowd.aggregation.row_order import Repeats
from crowd.aggregation.sequence_crowd import SequenceCrowd
from crowd.aggregation.skill_by_class import SkillByClass
from crowd.aggregation.token_rows import TokenRows
from crowd.aggregation.vote_table import vote_table
from crowd.aggregation.weighted_majority import WeightedMajority

__all__ = [
    "NEWCOMER",
    "Aggregator",
    "Agreement",
    "BetaPrior",
    "Bootstrap",
    "BradleyTerry",
    "Calibration",
    "ClassSetRows",
    "Coefficient",
    "CollapsedBayes",
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
    "GradedEnsemble",
    "IndependentBayes",
    "LabelMatrix",
    "Level",
    "Mace",
    "MajorityVote",
    "MultiLabelCrowd",
    "NumberRows",
    "OneCoin",
    "OnlineConsensus",
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
    "Weights",
    "agreement_between",
    "agreement_by_class",
    "agreement_by_group",
    "agreement_without_each",
    "alpha_of_answers",
    "calibrate",
    "cohen_kappas",
    "fleiss_kappa",
    "forecast_accuracy",
    "gain_per_label",
    "gwet_ac1",
    "gwet_ac2",
    "heard_by",
    "krippendorff_alpha",
    "labels_needed",
    "posterior_of",
    "reliability_from_gold",
    "tell",
    "vote_table",
]
