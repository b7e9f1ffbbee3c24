"""The officer's pages, as a browser meets them."""

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.cosigning import CosignatureKind, CosigningKey
from audit.erasure import LegalBasis, erase
from audit.notes import Signature
from audit.protected_reads import ONE_LOOK, Way, fields_read, record_read
from audit.recording import record
from audit.witness_policy import WitnessPolicy
from audit.witnessing import keep_cosignature, newest_size
from folkmoot.bootstrap import ERASABLES
from folkmoot.identity.models import Account
from folkmoot.identity.naming import pseudonym
from folkmoot.jobs import audit_jobs
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.outbox import Job, JobName
from folkmoot.web.officer.sentences import Told, sentence_of
from folkmoot.web.officer.telling import facts_of
from governance.models import Act, Report, Review


def overridden(world):
    """The entry of the override that the world holds."""
    return next(each for each in world.entries() if each.action is Action.REVIEW_OVERRIDDEN)


def reads_of(world, entry):
    """Who read which protected texts of an entry, and how."""
    names = {account_id: name for name, account_id in world.people.items()}
    return [
        (names[one.actor_id], facts_of(one)["fields"], facts_of(one)["way"])
        for one in world.entries(entry.id)
        if one.action is Action.TEXTS_READ
    ]


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_sentence_that_names_the_actor_or_says_why_not(action):
    told = Told("Rafael", "P-204", {})
    said = sentence_of(action, told)
    assert "{" not in said
    assert "Rafael" in said or action in {Action.SIGN_IN_REFUSED, Action.JOB_FAILED}


def test_an_override_reads_like_a_sentence():
    facts = {"before": "yes", "after": "no", "reason_codes": ["new_evidence"]}
    said = sentence_of(Action.REVIEW_OVERRIDDEN, Told("Rafael Reviewer", "P-204", facts))
    assert said == "Rafael Reviewer overrode decision P-204: yes → no, reason: new evidence"


def test_braces_in_a_fact_stay_what_they_are():
    told = Told("Rafael", "{actor}", {"issuer": "{subject}"})
    assert sentence_of(Action.ACCOUNT_LINKED, told) == (
        "Rafael linked the account of {actor} to a sign-in at {subject}"
    )


def test_the_log_tells_every_entry_of_the_world(world, browse):
    page = browse("officer").get("/audit")
    decision = next(each for each in world.entries() if each.action is Action.REVIEW_OVERRIDDEN)
    assert f"/audit/{decision.id}" in page
    assert "Rafael Reviewer overrode decision patient-" in page
    assert "unknown" not in page


@pytest.mark.parametrize("typed", ["Rafael Reviewer", "reviewer@example.org"])
def test_the_log_is_searched_by_name_or_address(world, browse, typed):
    page = browse("officer").get(f"/audit?actor={typed}&action=review.overridden")
    assert page.count('class="cover-link"') == 1
    assert browse("officer").get("/audit?actor=Nobody").count('class="cover-link"') == 0


def test_the_log_is_searched_by_case_and_by_day(world, browse):
    case_ref = world.decisions()[0].case_ref
    browser = browse("officer")
    entries = world.entries(world.decisions()[0].id)
    assert browser.get(f"/audit?subject={case_ref}").count("cover-link") == len(entries)
    today = f"{entries[0].recorded_at:%Y-%m-%d}"
    assert browser.get(f"/audit?until={today}&subject={case_ref}").count("cover-link") >= 1
    assert browser.get("/audit?until=2020-01-01").count("cover-link") == 0


@pytest.mark.parametrize("query", ["action=nonsense", "project=none", "since=soon", "subject=%20"])
def test_a_search_that_makes_no_sense_finds_nothing_or_everything_but_never_fails(browse, query):
    browse("officer").get(f"/audit?{query}")


def test_a_long_log_goes_on_without_gap_or_repeat(world, browse):
    browser, address, seen = browse("officer"), "/audit", []
    while address:
        page = browser.get(address)
        seen += re.findall(r'cover-link" href="/audit/([^"]+)"', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = found.group(1).replace("&amp;", "&") if found else None
    # Signing in was recorded while we looked.
    assert set(seen) <= {str(each.id) for each in world.entries()}
    assert len(seen) == len(set(seen)) == len(world.entries())


def test_who_has_no_account_any_more_appears_under_a_pseudonym(world, browse):
    entry = overridden(world)
    with world.services.unit_of_work() as uow:
        uow.session.exec(sa.text("PRAGMA defer_foreign_keys = ON"))
        account = uow.session.get(Account, entry.actor_id)
        account.display_name = ""
    page = browse("officer").get("/audit?action=review.overridden")
    assert f"{pseudonym(entry.actor_id)} overrode" in page
    assert "Rafael" not in page


def test_an_entry_shows_before_and_after_and_its_proof_and_covers_texts(world, browse):
    entry = overridden(world)
    page = browse("officer").get(f"/audit/{entry.id}")
    assert re.search(r'class="was" data-label="Before">yes<.*class="is" [^>]*>no<', page)
    assert "protected, not shown" in page
    assert "The last blood test came back" not in page
    assert entry.leaf_hash.hex() in page
    assert f"In the tree as number {entry.leaf_index:,}" in page
    assert "Under the signed checkpoint of" in page
    assert "Cosigned by no witness" in page
    assert "has not been checked since" in page


def test_an_erased_text_leaves_its_proof(world, browse):
    entry = overridden(world)
    with world.services.unit_of_work() as uow:
        erase(
            uow,
            PLATFORM,
            person_id=entry.subject_id,
            legal_basis=LegalBasis.OBJECTION,
            erasables=ERASABLES,
            forget_file=world.services.artifacts.forget,
        )
    world.verify()
    page = browse("officer").get(f"/audit/{entry.id}")
    assert "erased; the proof still holds" in page
    assert "Found unchanged" in page
    assert 'name="fields"' not in page  # nothing is left to disclose


def test_the_receipt_holds_envelope_proof_and_checkpoint(world, browse):
    entry = overridden(world)
    answer = browse("officer").client.get(f"/audit/{entry.id}/receipt")
    assert f"receipt-{entry.id}.json" in answer.headers["Content-Disposition"]
    assert set(answer.get_json()) >= {"envelope", "leaf_index", "inclusion", "checkpoint"}


def test_a_receipt_discloses_the_chosen_texts_alone_and_that_is_recorded(world, browse):
    entry, browser = overridden(world), browse("officer")
    browser.get(f"/audit/{entry.id}")
    address = f"/audit/{entry.id}/receipt"
    assert browser.client.get(address).get_json()["disclosures"] == {}
    assert (
        browser.client.post(address, data={"csrf_token": browser.token}).get_json()["disclosures"]
        == {}
    )
    assert reads_of(world, entry) == []
    form = {"csrf_token": browser.token, "fields": ["reason_text"]}
    receipt = browser.client.post(address, data=form).get_json()
    assert receipt["disclosures"]["reason_text"]["value"].startswith("The last blood test")
    assert reads_of(world, entry) == [("officer", ["reason_text"], "receipt")]


def test_a_receipt_comes_as_a_tlog_proof_too(world, browse):
    answer = browse("officer").client.get(f"/audit/{overridden(world).id}/receipt.tlog-proof")
    assert answer.text.startswith("c2sp.org/tlog-proof@v1\n")
    assert ".tlog-proof" in answer.headers["Content-Disposition"]


def test_texts_are_shown_once_asked_for_and_each_look_within_an_hour_counts_once(
    world, browse, monkeypatch
):
    entry, browser = overridden(world), browse("officer")
    browser.get(f"/audit/{entry.id}")
    for _ in range(2):
        browser.post(f"/audit/{entry.id}/texts")
        assert "The last blood test came back" in browser.get(f"/audit/{entry.id}")
    assert reads_of(world, entry) == [("officer", ["reason_text", "shown_digest"], "page")]
    later = clock.now() + ONE_LOOK
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: later)
        with world.services.unit_of_work() as uow:
            assert (
                fields_read(uow, world.actor("officer"), entry_id=entry.id, way=Way.PAGE) == set()
            )
            record_read(
                uow, world.actor("officer"), entry_id=entry.id, fields=["reason_text"], way=Way.PAGE
            )
    assert len(reads_of(world, entry)) == 2


def test_what_one_officer_has_read_stays_covered_for_another(world, browse):
    entry = overridden(world)
    with world.services.unit_of_work() as uow:
        record_read(
            uow, world.actor("colleague"), entry_id=entry.id, fields=["reason_text"], way=Way.PAGE
        )
    assert "The last blood test" not in browse("officer").get(f"/audit/{entry.id}")


def test_an_entry_that_nobody_wrote_is_not_found(browse):
    browse("officer").get(f"/audit/{uuid4()}", status=404)


def test_the_overview_says_that_the_log_was_never_verified_and_then_that_it_is(world, browse):
    browser = browse("officer")
    assert "The log was never verified" in browser.get("/governance")
    world.verify()
    page = browser.get("/governance")
    assert "The log is verified up to" in page
    assert "by Folkmoot" in page


def test_verifying_and_comparing_are_asked_for_as_jobs(world, browse):
    browser = browse("officer")
    browser.get("/governance")
    for what, name in (("verify", JobName.VERIFY_LOG), ("reconcile", JobName.RECONCILE_LOG)):
        assert browser.post(f"/governance/{what}") == "/audit/health"
        with world.services.reading() as uow:
            jobs = uow.session.exec(select(Job).where(col(Job.name) == name)).all()
        assert [job.requested_by for job in jobs] == [world.people["officer"]]


def test_an_edited_review_is_named_on_the_overview_and_on_its_entry(world, browse):
    entry = overridden(world)
    with world.services.unit_of_work() as uow:
        own = select(Review).where(col(Review.audit_entry_id) == entry.id)
        uow.session.exec(own).one().reason_text = "Something else was meant."
    world.verify()
    browser = browse("officer")
    page = browser.get("/governance")
    assert "The last check found 1 wrong" in page
    assert f"/audit/{entry.id}" in page
    assert "was changed after it was recorded" in browser.get(f"/audit/{entry.id}")


def test_the_overview_counts_decisions_by_fate(world, browse):
    page = re.sub(r"<[^>]+>", " ", browse("officer").get("/governance"))
    assert re.search(r"Decisions\s+60\b", page)
    assert re.search(rf"Waiting for a human\s+{len(world.decisions())}\b", page)


def test_a_report_of_a_model_shows_verdicts_pictures_and_tables(world, browse):
    page = browse("officer").get(f"/governance/reports/{world.model_report_id}")
    assert "Fairness of follow-up version 1" in page
    assert page.count("<img ") == 5
    assert "Selection rate" in page
    assert "not estimable" in page


def test_a_report_of_annotators_names_them_by_pseudonym(world, browse):
    page = browse("officer").get(f"/governance/reports/{world.annotator_report_id}")
    assert "A3" in page
    assert "Ada Annotator" not in page


def test_a_picture_is_served_as_svg_under_a_policy_of_its_own(world, browse):
    browser = browse("officer")
    page = browser.get(f"/governance/reports/{world.model_report_id}")
    for address in re.findall(r'<img [^>]*src="([^"]+)"', page):
        answer = browser.client.get(address)
        assert answer.mimetype == "image/svg+xml"
        assert answer.headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'unsafe-inline'"
        )
    browser.get(f"/governance/reports/{world.model_report_id}/figures/none.svg", status=404)


def test_the_downloaded_figures_have_the_digest_that_the_log_holds(world, browse):
    answer = browse("officer").client.get(
        f"/governance/reports/{world.model_report_id}/figures.json"
    )
    with world.services.reading() as uow:
        recorded = uow.session.get(Report, world.model_report_id).digest
    assert hashlib.sha256(answer.data).hexdigest() == recorded


def test_a_report_is_asked_for_and_its_page_waits_for_it(world, browse):
    browser = browse("officer")
    page = browser.get("/governance/reports")
    for kind, subject in (
        ("model_fairness", world.version_id),
        ("annotator_fairness", world.project_id),
    ):
        assert f'value="{kind}:{subject}"' in page
        address = browser.post("/governance/reports", subject=f"{kind}:{subject}")
        assert "Being computed" in browser.get(address)


@pytest.mark.parametrize(
    "subject", ["", "model_fairness:x", "annotator_fairness:00000000-0000-7000-8000-000000000000"]
)
def test_a_report_about_nothing_is_refused_on_the_page(browse, subject):
    browser = browse("officer")
    browser.get("/governance/reports")
    page = browser.post("/governance/reports", status=422, subject=subject)
    assert 'role="alert"' in page


def test_the_team_reads_reports_and_not_the_log(world, browse):
    browser = browse("team")
    browser.get(f"/governance/reports/{world.model_report_id}")
    for address in ("/governance", "/audit", f"/audit/{overridden(world).id}"):
        browser.get(address, status=403)


def test_a_reviewer_may_open_none_of_it(world, browse):
    browser = browse("reviewer")
    for address in ("/governance", "/audit", "/governance/reports"):
        browser.get(address, status=403)


def test_the_pages_load_neither_scikit_learn_nor_drawing_libraries():
    heavy = {"sklearn", "pandas", "altair", "scipy", "fairlearn"}
    script = f"import sys, folkmoot.app; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_a_reversal_counts_among_what_humans_changed(world, browse):
    world.review(Act.REVERSE, next(iter(world.decisions("released"))))
    page = browse("officer").get("/governance")
    assert "fate-overridden" in page


def found_in(page):
    """How many entries a search says that it found."""
    return int(re.search(r'id="entries-head">([\d,]+)', page)[1].replace(",", ""))


@pytest.mark.parametrize(("typed", "name"), [("rafael", "reviewer"), ("reviewer", "both")])
def test_who_is_searched_by_a_part_of_the_name(world, browse, typed, name):
    browser = browse("officer")
    wanted = {world.people["reviewer"]} | ({world.people["colleague"]} if name == "both" else set())
    own = [each for each in world.entries() if each.actor_id in wanted]
    assert found_in(browser.get(f"/audit?actor={typed}")) == len(own)
    assert found_in(browser.get(f"/audit?actor={world.people['officer']}")) >= 1


def test_who_has_no_account_any_more_is_found_by_pseudonym(world, browse):
    entry = overridden(world)
    page = browse("officer").get(f"/audit?actor={pseudonym(entry.actor_id)}&action=review.*")
    assert f"/audit/{entry.id}" in page


def test_a_kind_of_action_is_searched_as_a_whole(world, browse):
    kinds = [each for each in world.entries() if each.action.value.startswith("review.")]
    assert found_in(browse("officer").get("/audit?action=review.*")) == len(kinds)


def test_every_figure_of_the_overview_leads_to_as_many_entries(world, browse):
    world.review(Act.REVERSE, next(iter(world.decisions("released"))))
    browser = browse("officer")
    page = browser.get("/governance")
    stats = re.findall(
        r'<a class="stat" href="([^"]+)"><span class="stat-label">([^<]+)</span>'
        r'<span class="stat-value">([^<]+)<',
        page,
    )
    assert len(stats) >= 5
    for address, label, value in stats:
        found = found_in(browser.get(address.replace("&amp;", "&")))
        if label in {"Decisions", "Released without a human", "Waiting for a human"}:
            assert found == int(value.replace(",", "")), label
    of_days = re.findall(r'<td class="num"><a href="([^"]+)">(\d+)</a>', page)
    assert {"60"} != {count for _, count in of_days}
    for address, count in of_days:
        assert found_in(browser.get(address.replace("&amp;", "&"))) == int(count)


def test_waiting_entries_are_found_from_the_health_page(world, browse):
    browser = browse("officer")  # signing in left an entry that nobody has sealed
    page = browser.get("/audit/health")
    waiting = [each for each in world.entries() if each.leaf_index is None]
    assert "state=waiting" in page
    assert found_in(browser.get("/audit?state=waiting")) == len(waiting) == 1
    unsealed = browser.get(f"/audit/{waiting[0].id}")
    assert "Waits for its place in the tree" in unsealed
    assert "receipt-form" not in unsealed


def test_an_entry_with_new_values_alone_is_held_beside_the_one_before(world, browse):
    subject = uuid4()
    with world.services.unit_of_work() as uow:
        for days in (400, 500):
            facts = {"class": "crowd", "entry_days": days, "text_days": 90}
            made = record(
                uow,
                PLATFORM,
                Action.RETENTION_SET,
                subject_type="retention",
                subject_id=subject,
                facts=facts,
            )
    page = browse("officer").get(f"/audit/{made.id}")
    assert re.search(r"entry days</th>.*Before\">400<.*After\">500<", page)
    assert "text days</th><td class" not in page
    assert "This entry holds only the new values" in page


def test_the_health_page_shows_witnesses_and_whether_they_suffice(world, app, browse):
    keys = [
        CosigningKey(f"{name}.example/w", CosignatureKind.ED25519, name.encode().ljust(32))
        for name in ("first", "second")
    ]
    lines = [f"witness {key.name[:5]} {key.public.to_text()} http://127.0.0.1:9" for key in keys]
    text = "\n".join([*lines, "group both all first secon", "quorum both"])
    policy = WitnessPolicy.parse(text)
    app.extensions["folkmoot"] = replace(world.services, witness_policy=policy)
    with world.services.reading() as uow:
        size = newest_size(uow)
    for number, key in enumerate(keys):
        with world.services.unit_of_work() as uow:
            signature = Signature(key.name, key.public.key_id, b"x" * 72)
            keep_cosignature(uow, size=size, key=key.public, signature=signature)
        page = browse("officer").get("/audit/health")
        assert ("quorum reached" in page) is (number == 1)
    entry = browse("officer").get(f"/audit/{overridden(world).id}")
    assert "Cosigned by first.example/w, second.example/w" in entry
    assert "As many as the policy wants." in entry


def test_a_comparison_of_rows_and_entries_names_what_disagrees(world, browse):
    entry = overridden(world)
    audit_jobs.reconcile_log(world.services, uuid4())
    assert "Rows and entries agree." in browse("officer").get("/audit/health")
    with world.services.unit_of_work() as uow:
        own = select(Review).where(col(Review.audit_entry_id) == entry.id)
        uow.session.exec(own).one().after = "maybe"
    audit_jobs.reconcile_log(world.services, uuid4())
    page = browse("officer").get("/audit/health")
    assert "1 disagreements." in page
    assert f'href="/audit/{entry.id}"' in page


def test_an_entry_is_found_by_its_number(world, browse):
    entry, client = overridden(world), browse("officer").client
    answer = client.get(f"/audit/at/{entry.leaf_index}")
    assert answer.headers["Location"].endswith(f"/audit/{entry.id}")
    assert client.get("/audit/at/999999").status_code == 404
