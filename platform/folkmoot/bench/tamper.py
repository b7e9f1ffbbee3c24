"""Tamper with the log in every way of the attack matrix; then ask the stand-alone verifier.

The attacker is a superuser of the database who holds all keys of the application and rewrites
consistently. The verifier gets an export that an honest program wrote of what is left, the log's
public key, one older checkpoint that was kept elsewhere, and the promises that the matrix names.
For a split view it gets the keys of two witnesses, both of which are asked for.

Of a log that was signed anew as a whole, one old root says *that* it is another, and up to where:
the first bad entry is then named as one of a range. So it is asked a second time with a mirror of
the tiles up to that checkpoint (hashes of leaves, no content), by which it can name the entry.
"""

import gc
import importlib.util
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Protocol

import click

import audit.offline
from audit.export_files import FolderSink
from audit.exporting import ExportRange, export_log, newest_signed_size
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import db_option
from folkmoot.bench.tamper_attacks import ATTACKS, Scene
from folkmoot.bench.tamper_beginning import begin_history
from folkmoot.bench.tamper_copies import Copies, hasty_place
from folkmoot.bench.tamper_history import History
from folkmoot.jobs.audit_jobs import CLAIMS
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import reading
from governance.report_runs import ReportRuns

PLACE = Path(str(audit.offline.__file__)).with_name("verify.py")
# As many histories are begun, of so many held decisions, and each is tampered with many times.
# Most are short, as every entry costs time; the last fills the first tile of 256 but for a few.
BEGUN = 12
SHORT, LONG = range(12, 19), 230
SHARE_OF_LONG = 0.05


class Problem(Protocol):
    """One thing that the verifier blames."""

    def to_text(self) -> str:
        """Say it in a line."""


class Verdict(Protocol):
    """What the verifier says, as far as it is counted here."""

    is_sound: bool
    first_bad: tuple[int, int] | None
    wrong: list[Problem]


@dataclass
class Score:
    """How often an attack was found, and the first bad entry named: exactly, or within a range."""

    trials: int = 0
    detected: int = 0
    placed: int = 0
    exact: int = 0
    within: int = 0
    mirrored: int = 0
    unseen: int = 0

    def place(self, verdict: Verdict, mirrored: Verdict, first_bad: int) -> None:
        """Count whether the first bad entry was named."""
        self.placed += 1
        low, high = verdict.first_bad or (-1, -1)
        self.exact += low == high == first_bad
        self.within += low <= first_bad <= high
        self.mirrored += mirrored.first_bad == (first_bad, first_bad)


@db_option
@click.option("--trials", default=50, show_default=True, help="Of each attack.")
@click.option("--histories", default=200, show_default=True, help="Honest ones: no false alarm.")
@click.option("--seed", default=1, show_default=True)
def run(*, kinds: Sequence[str], trials: int, histories: int, seed: int) -> Sequence[Figure]:
    """Attack, export, verify; then verify what nobody has touched."""
    figures = []
    for kind in kinds:
        for figure in _figures(kind, trials, histories, seed):
            # Whoever breaks this off has seen what was measured until then.
            click.echo(f"{figure.name}: {figure.value:g} {figure.unit}")
            figures.append(figure)
    return figures


def _figures(kind: str, trials: int, histories: int, seed: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="folkmoot-tamper-") as name, ExitStack() as stack:
        range_ = stack.enter_context(shooting_range(kind, Path(name), seed=seed))
        for attack, do in ATTACKS.items():
            score = Score()
            for _ in range(trials):
                range_.attack(do, score)
            yield from _of_attack(kind, attack, score)
        alarms = 0
        for _ in range(histories):
            verdict = range_.judge_untouched()
            alarms += not verdict.is_sound
            for one in verdict.wrong:
                click.echo(f"{kind}: a false alarm: {one.to_text()}")
        yield Figure(f"{kind}: false alarms of {histories} honest", alarms, "logs", at_most=0)


def _of_attack(kind: str, attack: str, score: Score) -> Iterator[Figure]:
    share = 100 * score.detected / max(1, score.trials)
    yield Figure(f"{kind}: {attack}: detected", share, "%", at_least=100)
    yield Figure(f"{kind}: {attack}: unseen where nobody kept anything", score.unseen, "logs")
    if score.placed:
        of = f"of {score.placed}"
        name = f"{kind}: {attack}: first bad entry"
        yield Figure(f"{name} in the range named", score.within, of, at_least=score.placed)
        yield Figure(f"{name} named exactly", score.exact, of)
        yield Figure(f"{name} named exactly, with a mirror", score.mirrored, of)


class ShootingRange:
    """Copies of some histories, each of which is tampered with, exported and verified."""

    def __init__(self, copies: Copies, folder: Path, dice: Random) -> None:
        self.folder = folder
        self.random = dice
        self.verifier = _verifier()
        self.short: list[Scene] = []
        self.long: list[Scene] = []
        self._copies = copies

    def begin(self, name: str, *, decisions: int) -> Scene:
        """Begin a history of which outsiders hold a part, and go on with it."""
        history = begin_history(
            self._copies.empty(name), self.folder, dice=self.random, decisions=decisions
        )
        history.with_witnesses(2)
        kept = history.witnessed()
        mirror = self.folder / f"mirror-{new_id()}"
        history.mirror(mirror)
        witnessed = _size(history)
        history.act_often(self.random.randrange(1, 4))
        history.seal()
        return Scene(history, kept, witnessed, mirror, self._copies.copy)

    def attack(self, do: Callable[[Scene], None], score: Score) -> None:
        """Tamper with a fresh copy once, and count what the verifier says."""
        scene = self._scene()
        do(scene)
        with self._exported(scene, scene.history) as export:
            verdict = self._judge(scene, export)
            score.unseen += self._judge(_nothing_outside(scene), export).is_sound
            if scene.first_bad is not None:
                mirrored = self._judge(scene, export, mirror=scene.mirror)
                score.place(verdict, mirrored, scene.first_bad)
        score.trials += 1
        others = [self._verdict(scene, one) for one in scene.others]
        score.detected += all(not one.is_sound for one in (verdict, *others))

    def judge_untouched(self) -> Verdict:
        """Let a fresh copy grow honestly, and return what the verifier says of it."""
        scene = self._scene()
        history = scene.history
        history.act_often(self.random.randrange(5))
        scene.promises = [history.act()[1]]
        if self.random.random() < 0.5:
            history.erase_somebody()
        if self.random.random() < 0.2:
            history.seal()
            history.let_time_pass()
        if self.random.random() < 0.7:
            history.witnessed()
            scene.quorum = self.random.randrange(3)
        return self._verdict(scene, history, self._some_range(_size(history)))

    def _some_range(self, size: int) -> ExportRange:
        if self.random.random() < 0.5:
            return ExportRange(has_texts=self.random.random() < 0.5)
        first, end = sorted(self.random.sample(range(size), 2))
        return ExportRange(first, end)

    def _scene(self) -> Scene:
        """Return a fresh copy of a history that was begun, and what outsiders hold of it."""
        self._copies.begin_trial()
        is_long = self.long and self.random.random() < SHARE_OF_LONG
        begun = self.random.choice(self.long if is_long else self.short)
        history = self._copies.copy(begun.history)
        history.random = Random(self.random.random())  # noqa: S311  # a simulation
        history.witnesses = [one.copied(self.folder) for one in begun.history.witnesses]
        return Scene(history, begun.kept, begun.witnessed, begun.mirror, begun.copy)

    def _verdict(
        self, scene: Scene, history: History, wanted: ExportRange | None = None
    ) -> Verdict:
        with self._exported(scene, history, wanted) as export:
            return self._judge(scene, export)

    @contextmanager
    def _exported(
        self, scene: Scene, history: History, wanted: ExportRange | None = None
    ) -> Iterator[Path]:
        export = self.folder / f"export-{new_id()}"
        export.mkdir()
        with reading(history.engine) as uow:
            export_log(
                uow,
                FolderSink(export),
                origin=history.log_key.origin,
                wanted=replace(wanted or ExportRange(), kept=[scene.witnessed]),
                claims=CLAIMS,
                reports=[ReportRuns()],
            )
        if scene.spoil is not None:
            scene.spoil(export)
        yield export
        shutil.rmtree(export)

    def _judge(self, scene: Scene, export: Path, *, mirror: Path | None = None) -> Verdict:
        told, history = self.verifier, scene.history
        keys = [one.key.public.to_text() for one in history.witnesses] if scene.quorum else []
        trust = told.Trust(
            (told.Key.parse(history.log_key.verifier, [told.ED25519]),),
            tuple(told.Key.parse(one, [told.COSIGNATURE, told.MLDSA]) for one in keys),
            scene.quorum,
        )
        verdict: Verdict = told.verify(
            export,
            trust=trust,
            checkpoints=_files(export, "kept", [scene.kept] if scene.kept else []),
            receipts=_files(export, "promise", map(_receipt, scene.promises)),
            mirror=mirror,
        )
        return verdict


def _nothing_outside(scene: Scene) -> Scene:
    """Return what is left where nobody has kept anything: a measure of how well it was forged."""
    return replace(scene, kept="", promises=[], quorum=0)


def _receipt(promise: str) -> str:
    return json.dumps({"receipt": {"promise": promise}})


def _files(folder: Path, name: str, contents: Iterable[str]) -> list[Path]:
    written = []
    for number, content in enumerate(contents):
        written.append(folder / f"{name}-{number}")
        written[-1].write_text(content)
    return written


@contextmanager
def shooting_range(
    kind: str, folder: Path, *, seed: int, begun: int = BEGUN
) -> Iterator[ShootingRange]:
    """Begin histories in fresh databases of a kind, to be copied and tampered with."""
    dice = Random(seed)  # noqa: S311  # a simulation
    with ExitStack() as stack:
        copies = Copies(kind, stack.enter_context(hasty_place(kind, folder)), stack)
        range_ = ShootingRange(copies, folder, dice)
        range_.short = [
            range_.begin(f"short_{n}", decisions=dice.choice(SHORT)) for n in range(begun)
        ]
        if begun > 1:
            range_.long = [range_.begin("long", decisions=LONG)]
        # What was made until now stays: it need not be looked through for each trial.
        gc.collect()
        gc.freeze()
        yield range_
        gc.unfreeze()


def _size(history: History) -> int:
    with reading(history.engine) as uow:
        return newest_signed_size(uow)


def _verifier() -> ModuleType:
    """Import the verifier by its path, as whoever carried it away would."""
    spec = importlib.util.spec_from_file_location("folkmoot_offline_verifier", PLACE)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"the verifier is not at {PLACE}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
