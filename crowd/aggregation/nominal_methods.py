"""Name the methods for answers that are one of several classes, the usual one first."""

from collections.abc import Mapping

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.dawid_skene import DawidSkene
from crowd.aggregation.ebcc import CorrelatedBayes
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.glad import Glad
from crowd.aggregation.ibcc import IndependentBayes
from crowd.aggregation.mace import Mace
from crowd.aggregation.majority import MajorityVote
from crowd.aggregation.one_coin import OneCoin
from crowd.aggregation.skill_by_class import SkillByClass
from crowd.aggregation.weighted_majority import WeightedMajority

NOMINAL_METHODS: Mapping[str, type[Aggregator]] = {
    "ensemble": Ensemble,
    "dawid_skene": DawidSkene,
    "skill_by_class": SkillByClass,
    "one_coin": OneCoin,
    "mace": Mace,
    "glad": Glad,
    "ibcc": IndependentBayes,
    "ebcc": CorrelatedBayes,
    "weighted_majority": WeightedMajority,
    "majority": MajorityVote,
}
