"""The story from beginning to end."""

from pathlib import Path

from folkmoot.demo import decision_steps, labelling_steps, model_steps, proof_steps
from folkmoot.demo.tale import Tale


def tell(tale: Tale, *, database: Path) -> None:
    """Tell the whole story; every figure is computed by what it tells of."""
    labelling_steps.set_up_project(tale)
    labelling_steps.label(tale)
    run = labelling_steps.agree(tale)
    model_steps.train_first(tale, run)
    decision_steps.decide(tale)
    model_steps.train_again(tale)
    proof_steps.export(tale)
    proof_steps.prove(tale, database)
    tale.teller.end_step()
