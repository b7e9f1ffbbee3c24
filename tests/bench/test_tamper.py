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
ON_BOTH = {"edit a field", "restore an old backup", "split view (2 of 2 witnesses)"}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_attack_is_found_and_no_honest_log_is_blamed(kind: str, tmp_path: Path) -> None:
    chosen = ATTACKS if kind == "sqlite" else {name: ATTACKS[name] for name in sorted(ON_BOTH)}
    missed, unseen = [], set()
    with shooting_range(kind, tmp_path, seed=7) as place:
        for name, attack in chosen.items():
            score = Score()
            place.attack(attack, score)
            if not score.detected or score.within < score.placed:
                missed.append(name)
            if score.unseen:
                unseen.add(name)
        alarms = [not place.is_sound_untouched() for _ in range(3)]

    assert missed == []
    assert unseen >= INVISIBLE_INSIDE & chosen.keys()
    assert not any(alarms)
