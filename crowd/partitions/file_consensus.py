"""From files of labels to a file of answers, on whatever engine."""

from dataclasses import dataclass, field
from operator import getitem
from pathlib import Path

from crowd.aggregation import Aggregator
from crowd.aggregation.label_tables import Columns
from crowd.aggregation.names import ArrowNames
from crowd.aggregation.partitioned import Engine, Held, LocalEngine, Partition, Partitions, Size
from crowd.aggregation.partitioned_fit import (
    PartitionedFit,
    check_fits_partitions,
    fit_partitions,
)
from crowd.aggregation.reliability import Reliabilities
from crowd.aggregation.row_order import Repeats
from crowd.partitions import answer_files, cutting
from crowd.partitions.answer_files import PartWriter
from crowd.partitions.gold_files import read_gold
from crowd.partitions.sources import (
    FileDigest,
    Piece,
    digest_of,
    files_of,
    read_source,
    sources_of,
)
from folkmoot.kernel.json_values import JsonObject

# How many labels make a partition, unless asked for otherwise. It depends on the input alone, so
# that clusters of any size cut alike and give the same bytes.
_LABELS_A_PARTITION = 2_000_000
_FEWEST_PARTITIONS = 8


@dataclass(frozen=True)
class Wanted:
    """Say what to read, by which method, and where the answers go.

    labels: files, folders or patterns.
    out: a file .csv or .parquet, or a name without such an end for a folder of Parquet parts.
    n_partitions: how many are wanted where the engine is not this machine.
    """

    labels: tuple[str, ...]
    out: Path
    gold: Path | None = None
    annotators: Path | None = None
    n_partitions: int | None = None
    repeats: Repeats = Repeats.REFUSE
    columns: Columns = field(default_factory=Columns)


@dataclass(frozen=True)
class Crowd:
    """Hold the partitions of what was read, and who and what occurs in it."""

    partitions: Partitions
    annotator_names: ArrowNames
    class_names: tuple[str, ...]
    size: Size
    digests: tuple[FileDigest, ...]
    gold_digest: FileDigest | None
    n_known: int


@dataclass(frozen=True)
class Finished:
    """Say what came of it."""

    size: Size
    n_partitions: int
    n_iterations: int
    converged: bool
    n_known: int


def aggregate_files(engine: Engine, method: Aggregator, wanted: Wanted) -> Finished:
    """Read the labels, fit the method, and write all files that are wanted, or none.

    Raise ValueError for what cannot be read, fitted or written, in a sentence that says which.
    """
    check_places(wanted)
    if not isinstance(engine, LocalEngine):
        check_fits_partitions(method)
    crowd = read_crowd(engine, wanted)
    with answer_files.all_or_none() as beside:
        written = beside(wanted.out.resolve())
        # What is wanted as a folder is one of parts; else they lie beside until all are written.
        parts = written if not wanted.out.suffix else written.with_name("parts")
        parts.mkdir()
        fit = _fitted(engine, method, crowd.partitions, PartWriter(parts))
        about = _about(method, crowd, fit, wanted)
        if wanted.out.suffix:
            answer_files.write_together(parts, written, about)
        answer_files.write_about(beside(about_path(wanted.out.resolve())), about)
        if wanted.annotators:
            table = answer_files.annotators_of(crowd.annotator_names, fit)
            answer_files.write_table(table, beside(wanted.annotators.resolve()), about)
    return Finished(
        crowd.size, len(crowd.partitions), fit.n_iterations, fit.converged, crowd.n_known
    )


def check_places(wanted: Wanted) -> None:
    """Raise ValueError where an answer could not be written, before anything is computed."""
    places = [wanted.out, about_path(wanted.out), *filter(None, [wanted.annotators])]
    read = {*files_of(wanted.labels), *(path.resolve() for path in filter(None, [wanted.gold]))}
    for number, path in enumerate(places):
        if not path.resolve().parent.is_dir():
            raise ValueError(f"There is no folder {path.parent} to write to.")
        if path.is_dir():
            raise ValueError(f"There is a folder {path} already.")
        if path.resolve() in {*read, *(each.resolve() for each in places[:number])}:
            raise ValueError(f"{path} is wanted for something else too.")
    if wanted.out.suffix and wanted.out.suffix not in answer_files.SUFFIXES:
        raise ValueError(f"{wanted.out} is neither .csv nor .parquet, nor a name for a folder.")
    if wanted.annotators and wanted.annotators.suffix not in answer_files.SUFFIXES:
        raise ValueError(f"{wanted.annotators} is neither .csv nor .parquet.")


def read_crowd(engine: Engine, wanted: Wanted) -> Crowd:
    """Read the files and cut them into partitions, which stay with the engine."""
    files = files_of(wanted.labels)
    gold = read_gold(wanted.gold, wanted.columns) if wanted.gold else {}
    digests = [engine.do(digest_of, path) for path in files]
    pieces = [engine.do(read_source, source, wanted.columns) for source in sources_of(files)]
    asked = [engine.do(cutting.survey, each, tuple(gold)) for each in pieces]
    surveys = [engine.fetch(held) for held in asked]
    n_labels = sum(each.n_labels for each in surveys)
    plan = cutting.plan_of(surveys, _n_partitions(engine, wanted, n_labels), gold, wanted.repeats)
    partitions = Partitions(engine, _cut(engine, pieces, plan))
    return Crowd(
        partitions,
        plan.annotator_names,
        plan.class_names,
        partitions.size(),
        tuple(engine.fetch(held) for held in digests),
        digest_of(wanted.gold) if wanted.gold else None,
        len(plan.gold),
    )


def _n_partitions(engine: Engine, wanted: Wanted, n_labels: int) -> int:
    if isinstance(engine, LocalEngine):
        return 1
    usual = max(_FEWEST_PARTITIONS, -(-n_labels // _LABELS_A_PARTITION))
    return wanted.n_partitions or usual


def _cut(engine: Engine, pieces: list[Held[Piece]], plan: cutting.Plan) -> list[Held[Partition]]:
    shared = engine.do(_same, plan)
    # Let go of one after the other, for on one machine they lie in our own memory.
    cuts = [engine.do(cutting.cut, pieces.pop(0), shared) for _ in range(len(pieces))]
    return [
        engine.do(cutting.join, number, shared, [engine.do(getitem, cut, number) for cut in cuts])
        for number in range(len(plan.bounds) + 1)
    ]


def _same(plan: cutting.Plan) -> cutting.Plan:
    return plan


def _fitted(
    engine: Engine, method: Aggregator, partitions: Partitions, keep: PartWriter
) -> PartitionedFit:
    if not isinstance(engine, LocalEngine):
        return fit_partitions(method, partitions, keep)
    whole = partitions.only()
    fit = method.fit(whole.matrix, whole.known)
    keep(whole, fit.posterior_)
    return PartitionedFit(
        Reliabilities(fit.reliability_, fit.reliability_low_, fit.reliability_high_),
        whole.matrix.labels_per_annotator,
        fit.n_iterations_,
        fit.converged_,
    )


def about_path(out: Path) -> Path:
    """Return where it is written how the answers were made: beside them."""
    return out.with_name(f"{out.name}.json")


def _about(method: Aggregator, crowd: Crowd, fit: PartitionedFit, wanted: Wanted) -> JsonObject:
    return {
        "method": method.name,
        "version": method.version,
        "parameters": dict(method.parameters()),
        "n_iterations": fit.n_iterations,
        "converged": fit.converged,
        "n_partitions": len(crowd.partitions),
        "repeats": wanted.repeats.value,
        "columns": list(wanted.columns),
        "n_labels": crowd.size.n_labels,
        "n_tasks": crowd.size.n_tasks,
        "n_annotators": crowd.size.n_annotators,
        "classes": list(crowd.class_names),
        "labels": [dict(each._asdict()) for each in crowd.digests],
        "n_known": crowd.n_known,
        "gold": dict(crowd.gold_digest._asdict()) if crowd.gold_digest else None,
    }
