"""The words for methods, reasons and agreement on the team's pages."""

from crowd.models import LeaseReason, SkipReason

# In the order in which they are offered.
METHODS = {
    "ensemble": "The usual one: an average of three models",
    "dawid_skene": "Dawid and Skene: how each annotator confuses the answers",
    "skill_by_class": "Skill by class: how often each annotator is right on each answer",
    "one_coin": "One coin: how often each annotator is right",
    "mace": "MACE: whether an annotator knows or guesses",
    "glad": "GLAD: skill of annotators, difficulty of tasks",
    "ibcc": "iBCC: Dawid and Skene, with every doubt averaged over",
    "ebcc": "EBCC: annotators who err together on the same tasks",
    "crowdlab": "CROWDLAB: the labels and the probabilities of a model that decided the same cases",
    "weighted_majority": "Weighted majority: votes by agreement with the others",
    "majority": "Majority: every answer counts the same",
    "graded_ensemble": "The usual one: an average for grades, by medians",
    "graded": "Graded: how strict each annotator is, and how finely they tell grades apart",
    "scores": "The usual one: scores of all that is compared, by pairs",
    "implied_pairs": "The usual one: scores, by all pairs that the rankings put in order",
    "multi_label": "The usual one: each choice judged with the others",
    "gaussian": "The usual one: means, by each annotator’s bias and spread",
    "sequences": "The usual one: words in their order",
    "regions": "Regions: what overlaps, by how often each annotator finds and invents",
    "medoid": "The usual one: the text that is nearest to the others",
    "agreement": "Agreement: the answer that is most like the others",
}
METHOD_NAMES = {
    "ensemble": "an average of three models",
    "dawid_skene": "Dawid and Skene",
    "skill_by_class": "skill by class",
    "one_coin": "one coin",
    "mace": "MACE",
    "glad": "GLAD",
    "ibcc": "iBCC",
    "ebcc": "EBCC",
    "crowdlab": "CROWDLAB",
    "weighted_majority": "weighted majority",
    "majority": "majority",
    "graded_ensemble": "an average for grades",
    "graded": "graded annotators",
    "scores": "scores from pairs",
    "implied_pairs": "scores from implied pairs",
    "multi_label": "every choice with the others",
    "gaussian": "bias and spread",
    "sequences": "words in their order",
    "regions": "overlapping regions",
    "medoid": "the nearest text",
    "agreement": "agreement",
}

WHY_GIVEN = {
    LeaseReason.GOLD: "A task with a known answer, mixed in unseen.",
    LeaseReason.PRIORITY: "Its priority put it first.",
    LeaseReason.ORDER: "It was the next in order.",
    LeaseReason.EXTRA_OPINION: "The answers so far were not sure enough.",
    LeaseReason.TRAINING: "A training task, explained after the answer.",
    LeaseReason.AUDIT: "It was done, and put to one more annotator as an audit.",
}
BY_REVIEW = "A reviewer’s answer to a decision."

WHY_SKIPPED = {
    SkipReason.UNCLEAR: "could not tell",
    SkipReason.BROKEN: "something was broken",
    SkipReason.NOT_GOOD_FOR_ME: "not good for them",
}

GAVE_BACK = "gave it back"
RAN_OUT = "did not answer in time"
HAS_IT = "has it now"
SUGGESTION_SHOWN = {True: "saw the suggestion", False: "did not see the suggestion"}

# Krippendorff, Content Analysis (2004), section 11.4: rely on 0.8, conclude tentatively from 0.667.
RELIABLE, TENTATIVE = 0.8, 0.667


def agreement_sentence(alpha: float) -> str:
    """Say what a Krippendorff's alpha means for whoever uses the labels."""
    if alpha >= RELIABLE:
        return "High: single answers can be relied on."
    if alpha >= TENTATIVE:
        return "Fair: single answers allow tentative conclusions; the consensus is firmer."
    return (
        "Low: people often differ on the same task. The consensus weighs them; "
        "read the hardest tasks and the instructions before you trust it."
    )
