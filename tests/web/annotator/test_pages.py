"""The annotator's pages for reading: work to choose, instructions, earnings and quality."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from audit.actions import Action
from audit.models import Entry
from crowd.labelling import submit_label
from crowd.leasing import next_lease
from crowd.models import AnnotatorRecord, Appeal, Lease, ProjectState
from crowd.projects import change_state
from folkmoot.kernel import clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def client(shop, client_of):
    return client_of(shop.ann)


def remember(shop, actor, project=None, **counts: float) -> None:
    with shop.services.unit_of_work() as uow:
        project_id = (project or shop.project).id
        uow.session.add(AnnotatorRecord(project_id=project_id, annotator_id=actor.id, **counts))


def answer_in_five_minutes(shop, start: datetime) -> None:
    told = {"annotator_id": shop.ann.id}
    with clock.moved_to(start), shop.services.unit_of_work() as uow:
        leased = next_lease(uow, project_id=shop.project.id, **told)
    with clock.moved_to(start + timedelta(minutes=5)), shop.services.unit_of_work() as uow:
        lease = uow.session.get_one(Lease, leased.lease_id)
        lease.active_seconds, lease.last_beat_at = 300.0, clock.now()
        uow.session.add(lease)
        uow.session.flush()  # what the page's signs of life counted
        submit_label(uow, lease_id=leased.lease_id, answer="yes", active_seconds=300.0, **told)


def test_a_project_says_what_it_asks_pays_and_has_waiting(shop, client):
    shop.tasks("a", "b", "c")
    for name in ("Bob", "Cyd", "Dee"):
        remember(shop, shop.person(name), n_labels=40, active_seconds=480.0)
    page = client.get("/label").text
    for words in (
        "Follow-up of patients",
        "Does this patient need a visit?",
        "<dd>€0.05</dd>",
        "<dd>€15.00</dd>",
        "<dd>about 12 s</dd>",
        "<dd>3</dd>",
        'href="/label/follow-up"',
    ):
        assert words in page


def test_a_project_without_work_offers_no_button(shop, client):
    page = client.get("/label").text
    assert "You have answered everything that waits for you here." in page
    assert 'href="/label/follow-up"' not in page


def test_a_task_that_is_held_already_keeps_the_way_to_it_open(shop, client, desk):
    shop.tasks("a")
    desk.next()
    page = client.get("/label").text
    assert 'href="/label/follow-up"' in page
    assert "<dd>1</dd>" in page


def test_a_title_that_asks_the_question_itself_is_shown_once(shop, client):
    asks = {"question": "Is it so?", "choices": ["yes", "no"]}
    shop.open_project("same", title="Is it so?", answer_schema=asks)
    assert client.get("/label").text.count(">Is it so?<") == 1


def test_without_projects_the_page_says_what_will_come(shop, client):
    with shop.services.unit_of_work() as uow:
        change_state(uow, shop.ann, project_id=shop.project.id, state=ProjectState.CLOSED)
    assert "No work just now" in client.get("/label").text


def test_instructions_are_rendered_below_the_pages_own_heading(client):
    page = client.get("/label/follow-up/instructions").text
    assert "<h2>How to judge</h2>" in page
    assert "<strong>whole</strong>" in page
    assert "Within a month." in page
    assert page.count("<h1") == 1


def test_an_unknown_project_is_not_found(client):
    for address in ("/label/nothing", "/label/nothing/instructions"):
        assert client.get(address).status_code == 404


def test_who_is_not_signed_in_signs_in_and_comes_back(app):
    answer = app.test_client().get("/label/follow-up")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/label/follow-up"


def test_the_own_page_sums_up_pay_and_time(shop, client):
    shop.tasks("a", "b", "c")
    shop.answer(shop.person("Bob"))
    answer_in_five_minutes(shop, NOON)
    assert ">not known yet<" in client.get("/me").text  # no rate from so little time
    answer_in_five_minutes(shop, NOON + timedelta(minutes=5))
    with clock.moved_to(NOON + timedelta(minutes=10)):
        page = client.get("/me").text
    assert ">€0.10<" in page
    assert ">€0.60<" in page  # two answers of 5 minutes, 5 cents each
    assert ">10 min of work<" in page
    assert "04 Mar 2026" in page
    assert "not sent yet" in page


def test_older_days_are_on_a_page_of_their_own(shop, client):
    shop.tasks(*(str(number) for number in range(33)))
    for day in range(33):
        with clock.moved_to(datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)):
            shop.answer(shop.ann)
    newest = client.get("/me").text
    assert "03 Jan 2026" in newest
    assert "02 Jan 2026" not in newest
    assert "before=2026-01-03" in newest
    older = client.get("/me?before=2026-01-03").text
    assert "02 Jan 2026" in older
    assert "03 Jan 2026" not in older
    assert client.get("/me?before=yesterday").status_code == 422


@pytest.mark.parametrize(
    ("right", "meaning"),
    [
        (98, "That is the work of a careful annotator."),
        (80, "That is in the range of careful annotators."),
        (50, "Careful annotators agree more often."),
    ],
)
def test_quality_is_said_in_plain_words(shop, client, right, meaning):
    remember(shop, shop.ann, n_labels=500, gold_seen=100, gold_right=right)
    page = client.get("/me").text
    assert f"You agreed with the checked answers {right} times of 100." in page
    assert meaning in page


def test_a_few_checked_answers_say_nothing(shop, client):
    remember(shop, shop.ann, n_labels=50, gold_seen=9, gold_right=0)
    page = client.get("/me").text
    assert "Too few of your answers have been checked" in page
    assert "0 times" not in page


def test_an_answer_judged_wrong_can_be_contested_once(shop, client, desk, only_gold):
    gold = shop.open_project("gold", gold_share=0.5)
    shop.tasks("a", gold="yes", project=gold)
    shop.tasks("ordinary", project=gold)
    desk.address = "/label/gold"
    label_id = desk.answer("no")["label"]["id"]
    assert "You answered “No”; the checked answer is “Yes, soon”." in client.get("/me").text

    words = {"label_id": label_id, "reason": "The record says\r\nso."}
    first = desk.send("/me/appeals", data=words)
    assert (first.status_code, first.location) == (303, "/me#judged")
    assert "being looked at" in client.get("/me").text
    assert [row.reason for row in shop.rows(Appeal)] == ["The record says\nso."]
    desk.send("/me/appeals", data=words)
    assert "You have contested this answer already" in desk.client.get("/me").text
    assert Action.LABEL_CONTESTED in {row.action for row in shop.rows(Entry)}
    desk.send("/me/appeals", data={"reason": "no label"})
    assert "There is no such answer" in desk.client.get("/me").text


def test_the_ledger_is_handed_out_as_a_file_that_runs_no_formula(shop, client):
    shop.tasks("=1+1", "b")
    with clock.moved_to(NOON):
        shop.answer(shop.ann)
    answer = client.get("/me/earnings.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.mimetype == "text/csv"
    assert rows == [
        {
            "earned_at": "2026-03-04T12:00:00+00:00",
            "project": "follow-up",
            "task": "'=1+1",
            "kind": "label",
            "amount": "0.05",
            "currency": "EUR",
            "payment_id": "",
        }
    ]


def test_scripts_that_import_each_other_are_never_taken_from_an_old_version(client):
    page = client.get("/label/follow-up").text
    entry = re.search(r'src="(/static/label\.js\?v=[0-9a-f]+)"', page)
    assert client.get(entry.group(1)).cache_control.max_age > 3600
    module = client.get("/static/label_queue.js")
    assert module.cache_control.no_cache
    assert module.cache_control.max_age is None
