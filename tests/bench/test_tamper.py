"""Every attack of the matrix is found by the verifier, and what nobody touched is not blamed."""

from pathlib import Path

import pytest

from folkmoot.bench.tamper import Score, shooting_range
from folkmoot.bench.tamper_attacks import ATTACKS

# What an attacker who rewrites consistently leaves no trace of, where nobody kept anything.
INVISIBLE_INSIDE = {
    "delete a middle row",
    "rewrite the chain, stolen key",
    "insert a back-dated entry",
    "tamper before sealing (promise)",
}
# What the attacker changes there by other means: rows with triggers in the way.
ON_POSTGRES = ("edit a field",)


@pytest.mark.parametrize(
    ("kind", "attacks"), [("sqlite", tuple(ATTACKS)), ("postgres", ON_POSTGRES)]
)
def test_every_attack_is_found_and_no_honest_log_is_blamed(
    kind: str, attacks: tuple[str, ...], tmp_path: Path
) -> None:
    missed, unseen = [], set()
    with shooting_range(kind, tmp_path, seed=7, begun=1) as place:
        for name in attacks:
            score = Score()
            place.attack(ATTACKS[name], score)
            if not score.detected or score.within < score.placed:
                missed.append(name)
            if score.unseen:
                unseen.add(name)
        untouched = place.judge_untouched()

    assert missed == []
    assert unseen >= INVISIBLE_INSIDE.intersection(attacks)
    assert untouched.wrong == []
