"""How long each step of the demo's story takes in an installed environment."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from folkmoot.bench.measure import Figure
from folkmoot.demo.running import run_demo

WHOLE_STORY_SECONDS = 120


def run() -> Sequence[Figure]:
    """Tell the story once, and say how long each step took."""
    with tempfile.TemporaryDirectory(prefix="folkmoot-bench-") as folder:
        began = time.perf_counter()
        teller = run_demo(Path(folder), port=None, once=True)
        whole = time.perf_counter() - began
    steps = [Figure(step, seconds, "s") for step, seconds in teller.seconds.items()]
    start = Figure("0 start of all processes", whole - sum(teller.seconds.values()), "s")
    return [start, *steps, Figure("whole story", whole, "s", at_most=WHOLE_STORY_SECONDS)]
