"""What a careless client does, one by one, against the real server: the answer, and what is kept.

Each probe has an answer that is right, so that a change in behaviour shows as a surprise.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import click

from crowd.models import Fate, ProjectState
from crowd.projects import change_state
from folkmoot.bench.careless import Probe, Room
from folkmoot.bench.crowds import add_tasks, make_people, make_project
from folkmoot.bench.house import open_house
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import db_option
from folkmoot.kernel.ids import new_id

LEASE_SECONDS = 10
LARGE = 20_000_000


def run_probes(kind: str) -> Iterator[Probe]:
    """Do every careless act on a fresh database of a kind."""
    with open_house(kind) as house:
        (team,) = make_people(house.services.engine, 1)
        for act in _ACTS:
            project = make_project(
                house.services.engine, team, floor=1, ceiling=1, lease_seconds=LEASE_SECONDS
            )
            add_tasks(house.services.engine, project.id, ["only"])
            yield act(Room(house, team, project.id))


@db_option
def run(*, kinds: Sequence[str]) -> Sequence[Figure]:
    """Tell what every act led to, and count the surprises."""
    return [_surprises(kind, [_told(kind, one) for one in run_probes(kind)]) for kind in kinds]


def _told(kind: str, probe: Probe) -> Probe:
    click.echo(f"{kind}: {probe.name}")
    click.echo(f"    answered  {', then '.join(probe.answers)}")
    click.echo(f"    stored    {probe.stored}{'' if probe.is_right else '   SURPRISE'}")
    return probe


def _surprises(kind: str, probes: Sequence[Probe]) -> Figure:
    surprises = sum(not probe.is_right for probe in probes)
    return Figure(f"{kind}: surprises", surprises, f"of {len(probes)}", at_most=0)


def _same_label_again(room: Room) -> Probe:
    client = room.client()
    lease_id = client.lease(room.project_id)
    answers = [client.label(room.project_id, lease_id) for _ in range(2)]
    ids = {str(answer.body.get("label")) for answer in answers}
    right = [answer.status for answer in answers] == [201, 201] and len(ids) == 1
    right = right and len(room.labels()) == 1 == room.n_paid()
    return room.probe("the same label sent again", answers, right=right)


def _another_answer(room: Room) -> Probe:
    client = room.client()
    lease_id = client.lease(room.project_id)
    answers = [client.label(room.project_id, lease_id, answer) for answer in ("yes", "no")]
    right = [answer.status for answer in answers] == [201, 409]
    right = right and [label.answer for label in room.labels()] == ["yes"]
    return room.probe("a second, other answer", answers, right=right)


def _double_click(room: Room) -> Probe:
    client = room.client()
    lease_id = client.lease(room.project_id)
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(client.label, room.project_id, lease_id) for _ in range(2)]
        answers = [one.result() for one in sent]
    right = [answer.status for answer in answers] == [201, 201]
    right = right and len(room.labels()) == 1 == room.n_paid()
    return room.probe("a double click: two at once", answers, right=right)


def _no_lease(room: Room) -> Probe:
    answer = room.client().label(room.project_id, str(new_id()))
    right = answer.status == 404 and room.labels() == []
    return room.probe("a label without a lease", [answer], right=right)


def _lease_of_another(room: Room) -> Probe:
    lease_id = room.client().lease(room.project_id)
    answer = room.client().label(room.project_id, lease_id)
    right = answer.status == 404 and room.labels() == []
    return room.probe("a label under another's lease", [answer], right=right)


def _outside_the_schema(room: Room) -> Probe:
    client = room.client()
    answer = client.label(room.project_id, client.lease(room.project_id), "perhaps")
    right = answer.status == 422 and room.labels() == []
    return room.probe("an answer outside the schema", [answer], right=right)


def _same_key_other_body(room: Room) -> Probe:
    client = room.client()
    lease_id, key = client.lease(room.project_id), str(new_id())
    answers = [client.label(room.project_id, lease_id, answer, key) for answer in ("yes", "no")]
    right = [answer.status for answer in answers] == [201, 409]
    right = right and [label.answer for label in room.labels()] == ["yes"]
    return room.probe("a retry with the same key and another body", answers, right=right)


def _too_large(room: Room) -> Probe:
    client = room.client()
    answer = client.label(room.project_id, client.lease(room.project_id), "y" * LARGE)
    right = answer.status == 413 and room.labels() == []
    return room.probe("an answer of 20 million characters", [answer], right=right)


def _no_such_project(room: Room) -> Probe:
    answer = room.client().post(f"/projects/{new_id()}/leases")
    right = answer.status == 404 and room.labels() == []
    return room.probe("a task of a project that does not exist", [answer], right=right)


def _past_the_last_place(room: Room) -> Probe:
    """Two hold the only place one after the other; the first one answers last."""
    late, quick = room.client(), room.client()
    late_lease = late.lease(room.project_id)
    time.sleep(LEASE_SECONDS + 0.5)
    answers = [
        quick.label(room.project_id, quick.lease(room.project_id)),
        late.label(room.project_id, late_lease, "no"),
    ]
    fates = [label.fate for label in room.labels()]
    right = [answer.status for answer in answers] == [201, 201] and room.n_paid() == 2
    right = right and fates == [Fate.ACCEPTED, Fate.SURPLUS]
    return room.probe("one past the last place, after expiry", answers, right=right)


def _after_expiry(room: Room) -> Probe:
    client = room.client()
    lease_id = client.lease(room.project_id)
    time.sleep(LEASE_SECONDS + 0.5)
    answer = client.label(room.project_id, lease_id)
    right = answer.status == 201 and [label.fate for label in room.labels()] == [Fate.ACCEPTED]
    return room.probe("one after expiry, the place still free", [answer], right=right)


def _vanished(room: Room) -> Probe:
    room.client().lease(room.project_id)
    other, began = room.client(), time.monotonic()
    while not (lease_id := other.lease(room.project_id)):
        if time.monotonic() - began > 3 * LEASE_SECONDS:
            break
        time.sleep(0.2)
    waited = time.monotonic() - began
    answer = other.label(room.project_id, lease_id or str(new_id()))
    right = answer.status == 201 and waited < LEASE_SECONDS + 2
    name = f"an annotator who vanishes: free again after {waited:.1f} of {LEASE_SECONDS} s"
    return room.probe(name, [answer], right=right)


def _revised_while_closing(room: Room) -> Probe:
    client = room.client()
    first = client.label(room.project_id, client.lease(room.project_id))
    label = first.body["label"]
    label_id = label["id"] if isinstance(label, dict) else ""
    with ThreadPoolExecutor(2) as pool:
        revised = pool.submit(client.revise, label_id, "no")
        pool.submit(_close, room).result()
        answers = [first, revised.result()]
    current = [label.answer for label in room.labels() if label.is_current]
    wanted = ["no"] if answers[1].status < 300 else ["yes"]
    right = current == wanted and room.n_paid() == 1
    return room.probe("a label revised while the project closes", answers, right=right)


def _closed_project(room: Room) -> Probe:
    client = room.client()
    lease_id = client.lease(room.project_id)
    _close(room)
    answers = [
        client.label(room.project_id, lease_id),
        room.client().post(f"/projects/{room.project_id}/leases"),
    ]
    right = [answer.status for answer in answers] == [201, 409] and room.n_paid() == 1
    return room.probe("a label and a lease after the project closed", answers, right=right)


def _close(room: Room) -> None:
    with room.house.services.unit_of_work() as uow:
        change_state(uow, room.team, project_id=room.project_id, state=ProjectState.CLOSED)


_ACTS: tuple[Callable[[Room], Probe], ...] = (
    _same_label_again,
    _another_answer,
    _double_click,
    _no_lease,
    _lease_of_another,
    _outside_the_schema,
    _same_key_other_body,
    _too_large,
    _no_such_project,
    _past_the_last_place,
    _after_expiry,
    _vanished,
    _revised_while_closing,
    _closed_project,
)
