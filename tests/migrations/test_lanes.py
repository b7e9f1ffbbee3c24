"""What the revision of lanes makes of a queue that is in use, and what it takes back."""

from uuid import UUID

import sqlalchemy as sa

from folkmoot.kernel.ids import new_id

LANES, BEFORE = "fa2ed69230d5", "3fe5d04646aa"
LONG_AGO = "2026-03-01 09:00:00+00:00"
STEP = 2**40


def insert(connection: sa.Connection, table: str, **values: object) -> None:
    """Insert a row, with some value for each column that must have one."""
    found = sa.Table(table, sa.MetaData(), autoload_with=connection)
    for column in found.columns:
        if column.name not in values and not column.nullable and column.server_default is None:
            values[column.name] = _any_value(column)
    names = list(values)
    text = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(':' + n for n in names)})"
    connection.execute(sa.text(text), {name: _sent(connection, values[name]) for name in names})


def _any_value(column: sa.Column[object]) -> object:
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Numeric | sa.Float | sa.Integer):
        return 1
    if isinstance(kind, sa.DateTime):
        return LONG_AGO
    if isinstance(kind, sa.Uuid):
        return new_id()
    if isinstance(kind, sa.JSON):
        return "{}"
    return "x"


def _sent(connection: sa.Connection, value: object) -> object:
    return value.hex if isinstance(value, UUID) else value


def fill_old(connection: sa.Connection) -> dict[str, UUID]:
    """Make a project of three tasks: one waits, one is held, one is gold."""
    ids = {name: new_id() for name in ("project", "ann", "waits", "held", "gold", "lease", "label")}
    insert(connection, "account", id=ids["ann"], email="a@example.org")
    rules = {"floor": 1, "ceiling": 3, "confidence": 0.9, "pay_minor": 7}
    insert(connection, "project", id=ids["project"], **rules)
    for position, (name, priority) in enumerate([("waits", 2), ("held", -1), ("gold", 0)]):
        gold = {"gold_answer": '"yes"'} if name == "gold" else {}
        insert(
            connection,
            "task",
            id=ids[name],
            project_id=ids["project"],
            external_id=name,
            priority=priority,
            position=position,
            **gold,
        )
    of_project = {"project_id": ids["project"]}
    insert(connection, "place", task_id=ids["waits"], number=1, rank=-2 * STEP, **of_project)
    insert(connection, "place", task_id=ids["waits"], number=2, rank=-2 * STEP, **of_project)
    insert(
        connection,
        "place",
        task_id=ids["held"],
        number=1,
        rank=STEP + 1,
        annotator_id=ids["ann"],
        lease_id=ids["lease"],
        leased_until=LONG_AGO,
        **of_project,
    )
    insert(
        connection,
        "place",
        task_id=ids["gold"],
        number=1,
        annotator_id=ids["ann"],
        label_id=ids["label"],
        **of_project,
    )
    lease = {"annotator_id": ids["ann"], "place_number": 1, **of_project}
    insert(connection, "lease", id=ids["lease"], task_id=ids["gold"], state="labelled", **lease)
    insert(
        connection,
        "label",
        id=ids["label"],
        task_id=ids["gold"],
        annotator_id=ids["ann"],
        lease_id=ids["lease"],
        origin="crowd",
        active_seconds=7.5,
        created_at=LONG_AGO,
        **of_project,
    )
    earned = {"annotator_id": ids["ann"], "lease_id": ids["lease"], "amount_minor": 5}
    insert(connection, "earning", id=new_id(), **earned, **of_project)
    return ids


def places(connection: sa.Connection) -> dict[str, tuple[object, ...]]:
    rows = connection.execute(
        sa.text(
            "SELECT external_id || number AS name, place.rank, place.purpose"
            " FROM place JOIN task ON task.id = place.task_id"
        )
    )
    return {name: (rank, purpose) for name, rank, purpose in rows}


def test_what_waits_moves_into_the_lanes_and_back(history, engine) -> None:
    history.up_to(BEFORE)
    with engine.begin() as connection:
        ids = fill_old(connection)
    history.up_to(LANES)

    with engine.begin() as connection:
        assert places(connection) == {
            "waits1": (-4 * STEP, "ordinary"),
            "waits2": (-4 * STEP, "extra_opinion"),
            "held1": (None, "ordinary"),
            "gold1": (None, "gold"),
        }
        assert connection.execute(sa.text("SELECT next_turn FROM project_queue")).all() == [(0,)]
        days = "SELECT n_labels, active_seconds, earned_minor FROM work_day"
        assert connection.execute(sa.text(days)).all() == [(1, 7.5, 5)]
        assert connection.execute(sa.text("SELECT pay_minor FROM lease")).all() == [(7,)]
        # What only the newer version knows: a training lease, and pay that an appeal restored.
        whose = {"project_id": ids["project"], "annotator_id": ids["ann"]}
        for _ in range(2):
            insert(
                connection, "lease", id=new_id(), task_id=ids["gold"], reason="training", **whose
            )
        insert(
            connection,
            "earning",
            id=new_id(),
            lease_id=ids["lease"],
            kind="appeal",
            amount_minor=3,
            **whose,
        )
    history.down_to(BEFORE)

    with engine.begin() as connection:
        ranks = "SELECT DISTINCT external_id, rank FROM place JOIN task ON id = task_id"
        assert set(connection.execute(sa.text(ranks)).all()) == {
            ("waits", -2 * STEP),
            ("held", STEP + 1),
            ("gold", None),
        }
        assert connection.execute(sa.text("SELECT amount_minor FROM earning")).all() == [(8,)]
        numbers = "SELECT place_number FROM lease WHERE reason = 'training' ORDER BY 1"
        assert connection.execute(sa.text(numbers)).all() == [(2,), (3,)]
