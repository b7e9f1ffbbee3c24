"""The reviewer's pages, as a browser meets them."""

import json
import re

import pytest
from sqlmodel import select

from governance.models import Act, CaseView, DecisionState, Review
from governance.review import claim

VIEW = re.compile(r'name="view_id" value="([^"]+)"')
REASON = "The last blood test came back after this was written."


def other(decision):
    return "no" if decision.proposed == "yes" else "yes"


def rows(world, table):
    with world.services.reading() as uow:
        return uow.session.exec(select(table)).all()


def opened(browser, decision):
    """Open a case, and return the id of the view that its forms carry."""
    return VIEW.search(browser.get(f"/review/{decision.id}")).group(1)


def test_the_queue_shows_what_waits_with_the_sentence_of_the_rule(world, browse):
    page = browse("reviewer").get("/review")
    for decision in world.decisions():
        assert decision.case_ref in page
        assert decision.hold_reason.replace("'", "&#39;") in page


def test_the_queue_can_be_narrowed_to_high_stakes(world, browse):
    page = browse("reviewer").get("/review?high_stakes=yes&project=follow-up")
    held = world.decisions()
    assert any(each.is_high_stakes for each in held)
    for decision in held:
        assert (decision.case_ref in page) is decision.is_high_stakes


def test_a_case_that_a_colleague_has_is_marked_in_the_queue_and_cannot_be_opened(world, browse):
    decision = world.held()
    with world.services.unit_of_work() as uow:
        claim(uow, world.actor("colleague"), decision_id=decision.id)
    browser = browse("reviewer")
    assert "with a colleague" in browser.get("/review")
    browser.get(f"/review/{decision.id}", status=302)
    assert "Another reviewer has this case" in browser.get("/review")


def test_the_next_case_is_the_most_urgent_one_and_is_claimed(world, browse):
    first = world.held()
    answer = browse("reviewer").client.get("/review/next")
    assert answer.headers["Location"] == f"/review/{first.id}"
    assert world.held().id != first.id


def test_a_case_can_be_given_back(world, browse):
    browser, decision = browse("reviewer"), world.held()
    browser.get(f"/review/{decision.id}")
    assert browser.post(f"/review/{decision.id}/release") == "/review"
    assert world.held().id == decision.id


def test_a_case_shows_the_payload_the_proposal_and_what_drove_it(world, browse):
    decision = world.held()
    page = browse("reviewer").get(f"/review/{decision.id}")
    for field, value in decision.payload.items():
        assert f"<dt>{field}</dt><dd>{value:g}</dd>" in page
    assert f'<p class="proposed">{decision.proposed}</p>' in page
    assert decision.explanation[0]["words"] in page
    assert "hx-on" not in page


def test_looking_twice_is_one_view(world, browse):
    browser, decision = browse("reviewer"), world.held()
    views = len(rows(world, CaseView))
    assert opened(browser, decision) == opened(browser, decision)
    assert len(rows(world, CaseView)) == views + 1


def test_an_override_is_recorded_and_its_receipt_handed_out(world, browse):
    browser, decision = browse("reviewer"), world.held()
    view = opened(browser, decision)
    done = browser.post(
        f"/review/{decision.id}",
        act="override",
        view_id=view,
        outcome=other(decision),
        reason_codes=["new_evidence", "data_error"],
        reason_text=REASON,
    )
    page = browser.get(done)
    change = f"{decision.proposed} → {other(decision)}"
    sentence = f"Rafael Reviewer overrode decision {decision.case_ref}: {change}"
    assert f"{sentence}, reason: new evidence, data error" in page
    assert "as soon as the log is sealed" in page
    world.seal()
    page = browser.get(done)
    address = re.search(r'href="(/review/[^"]+/receipt/[^"]+)"', page).group(1)
    receipt = browser.client.get(address)
    assert "attachment" in receipt.headers["Content-Disposition"]
    envelope = json.loads(receipt.get_json()["envelope"])
    assert envelope["facts"]["after"] == other(decision)
    assert receipt.get_json()["disclosures"]["reason_text"]["value"] == REASON


def test_a_receipt_is_for_who_acted(world, browse):
    decision = world.held()
    review = world.review(Act.CONFIRM, decision)
    world.seal()
    address = f"/review/{decision.id}/receipt/{review.id}"
    browse("reviewer").get(address)
    browse("colleague").get(address, status=404)


def test_a_refused_override_keeps_what_was_typed_and_records_nothing(world, browse):
    browser, decision = browse("reviewer"), world.held()
    before = len(rows(world, Review))
    page = browser.post(
        f"/review/{decision.id}",
        status=422,
        act="override",
        view_id=opened(browser, decision),
        outcome=other(decision),
        reason_codes=["data_error"],
        reason_text="short",
    )
    assert "Give a reason of at least" in page
    assert ">short</textarea>" in page
    assert 'value="data_error" checked' in page
    assert '<dialog id="act-override" data-reopen' in page
    assert len(rows(world, Review)) == before


@pytest.mark.parametrize("wrong", [{"act": "shrug"}, {"view_id": "x"}, {"reason_codes": "whim"}])
def test_a_forged_field_is_refused_on_the_page(world, browse, wrong):
    browser, decision = browse("reviewer"), world.held()
    form = {"act": "confirm", "view_id": opened(browser, decision), **wrong}
    browser.post(f"/review/{decision.id}", status=422, **form)


def test_a_text_is_not_lost_when_a_colleague_has_taken_the_case(world, browse):
    browser, decision = browse("reviewer"), world.held()
    view = opened(browser, decision)
    browser.post(f"/review/{decision.id}/release")
    with world.services.unit_of_work() as uow:
        claim(uow, world.actor("colleague"), decision_id=decision.id)
    browser.post(f"/review/{decision.id}", act="disregard", view_id=view, reason_text=REASON)
    assert REASON in browser.get("/review")


def test_a_second_act_on_a_settled_case_is_refused(world, browse):
    browser, decision = browse("reviewer"), world.held()
    form = {"act": "confirm", "view_id": opened(browser, decision)}
    browser.post(f"/review/{decision.id}", **form)
    page = browser.post(f"/review/{decision.id}", status=409, **form)
    assert "already settled" in page or "acted on this view" in page


def test_only_what_has_taken_effect_can_be_reversed(world, browse):
    browser = browse("reviewer")
    released = browser.get(f"/review/{world.decisions(DecisionState.RELEASED)[0].id}")
    assert 'id="act-reverse"' in released
    assert 'id="act-confirm"' not in released
    waiting = browser.get(f"/review/{world.held().id}")
    assert 'id="act-reverse"' not in waiting
    set_aside = browser.get(f"/review/{world.decisions(DecisionState.DISREGARDED)[0].id}")
    assert 'id="act-' not in set_aside


def test_own_oversight_shows_own_acts_and_nobody_elses(world, browse):
    world.review(Act.CONFIRM, world.held(), by="colleague")
    mine = browse("reviewer").get("/review/oversight")
    assert mine.count("badge-soft") == 3
    assert "too few" not in mine
    assert "Rosa" not in mine


def test_nobody_reviews_without_the_permission(world, browse):
    decision = world.held()
    for name in ("annotator", "officer", "team"):
        browser = browse(name)
        for address in ("/review", "/review/next", "/review/oversight", f"/review/{decision.id}"):
            browser.get(address, status=403)


def test_a_form_without_its_token_is_refused(world, browse):
    browser, decision = browse("reviewer"), world.held()
    view = opened(browser, decision)
    browser.token = "forged"
    browser.post(f"/review/{decision.id}", status=403, act="confirm", view_id=view)
    assert world.held(0).state is DecisionState.HELD
