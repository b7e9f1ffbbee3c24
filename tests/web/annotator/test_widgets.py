"""Every kind of task in a real Chromium: what is pressed, typed and drawn is what is stored."""

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from crowd.importing import TaskRow
from crowd.models import Label

KINDS = json.loads(Path(__file__).with_name("kinds.json").read_text(encoding="utf-8"))
SETTLED = 350  # milliseconds; earlier a press is taken for the second half of a double press
SEND = "#send"


def open_kind(shop, phone: Page, kind: str) -> None:
    payloads = KINDS[kind]["payloads"]
    rows = [TaskRow(external_id=str(n), payload=payload) for n, payload in enumerate(payloads)]
    slug = kind.replace("_", "-")
    shop.open_project(slug, task_type=kind, answer_schema=KINDS[kind]["schema"], rows=rows)
    phone.goto(f"/label/{slug}")
    expect(phone.locator(".choice, .class-button, #controls input").first).to_be_visible()
    settle(phone)


def settle(phone: Page) -> None:
    phone.wait_for_timeout(SETTLED)


def press(phone: Page, *keys: str) -> None:
    for key in keys:
        phone.keyboard.press(key)


def until_second(phone: Page) -> None:
    """Wait until the first answer is stored and the second task is on the screen."""
    expect(phone.locator("#earned")).to_have_text("€0.05")
    settle(phone)


def answers(shop, phone: Page) -> list[object]:
    """Return what is stored, once both answers are."""
    expect(phone.locator("#earned")).to_have_text("€0.10")
    return [row.answer for row in shop.rows(Label)]


def nothing_grave(phone: Page) -> None:
    found = Axe().run(phone).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in grave] == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_several_choices_are_ticked(shop, phone):
    open_kind(shop, phone, "multiple_choice")
    phone.get_by_label("cough").check()
    phone.get_by_label("pain").check()
    nothing_grave(phone)
    phone.locator(SEND).click()
    until_second(phone)
    press(phone, "1", "5", "1", "Enter")
    assert answers(shop, phone) == [["cough", "pain"], ["tired"]]


def test_a_point_of_a_scale_is_chosen(shop, phone):
    open_kind(shop, phone, "rating")
    nothing_grave(phone)
    phone.get_by_role("button", name="4: friendly", exact=True).click()
    until_second(phone)
    press(phone, "0")
    assert answers(shop, phone) == [4, "cannot_tell"]


def test_a_number_is_typed_with_a_comma_or_stepped_to(shop, phone):
    open_kind(shop, phone, "number")
    field = phone.locator("#controls input")
    field.fill("300")
    phone.locator(SEND).click()
    expect(phone.locator("#missing")).to_have_text("The number must be at most 120.")
    nothing_grave(phone)
    field.fill("83,5")
    press(phone, "Enter")
    until_second(phone)
    for _ in range(3):
        phone.get_by_role("button", name="More").click()
    phone.locator(SEND).click()
    assert answers(shop, phone) == [83.5, 1]


def test_words_of_ones_own_are_counted_as_characters(shop, phone):
    open_kind(shop, phone, "text")
    field = phone.locator("#controls input")
    field.fill("March 🎉")
    expect(phone.locator("#text-count")).to_have_text("7 of 300")
    press(phone, "Enter")
    expect(phone.locator("#missing")).to_contain_text("at least 10 characters")
    nothing_grave(phone)
    field.fill("The invoice for March, once more. s")  # and no letter of it is a key
    press(phone, "Enter")
    until_second(phone)
    phone.locator("#controls input").fill("To close the account")
    phone.locator(SEND).click()
    assert answers(shop, phone) == ["The invoice for March, once more. s", "To close the account"]


def span(text: str, part: str, label: str) -> dict[str, object]:
    """Return a span as the server counts it: in code points."""
    return {"start": text.index(part), "end": text.index(part) + len(part), "label": label}


def drag_over(phone: Page, part: str) -> None:
    """Select a part of the text with the mouse."""
    ends = phone.evaluate(
        """(part) => {
            const text = document.querySelector(".span-text").firstChild;
            const range = document.createRange();
            range.setStart(text, text.data.indexOf(part));
            range.setEnd(text, text.data.indexOf(part) + part.length);
            const boxes = [...range.getClientRects()];
            const [first, last] = [boxes[0], boxes.at(-1)];
            return [[first.left + 1, first.top + first.height / 2],
                    [last.right - 1, last.top + last.height / 2]];
        }""",
        part,
    )
    phone.mouse.move(*ends[0])
    phone.mouse.down()
    phone.mouse.move(*ends[1], steps=4)
    phone.mouse.up()


def test_parts_of_a_text_are_marked_beyond_an_emoji(shop, phone):
    text, second = (one["text"] for one in KINDS["spans"]["payloads"])
    open_kind(shop, phone, "spans")
    drag_over(phone, "London")
    phone.get_by_role("button", name="place", exact=True).click()
    drag_over(phone, "Charles Babbage")
    press(phone, "1")
    expect(phone.locator(".r6o-annotation")).not_to_have_count(0)
    nothing_grave(phone)
    phone.locator(SEND).click()
    until_second(phone)

    press(phone, "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "1")
    press(phone, *["ArrowRight"] * 3, "2", "Enter")
    assert answers(shop, phone) == [
        [span(text, "London", "place"), span(text, "Charles Babbage", "person")],
        [span(second, "Émilie du Châtelet", "person"), span(second, "Paris", "place")],
    ]


def draw_box(phone: Page, x: float, y: float, width: float, height: float) -> None:
    """Draw a box with the mouse, in shares of the picture."""
    area = phone.locator(".picture-frame img").bounding_box()
    assert area is not None

    def at(left: float, top: float) -> tuple[float, float]:
        return area["x"] + left * area["width"], area["y"] + top * area["height"]

    phone.mouse.move(*at(x, y))
    phone.mouse.down()
    phone.mouse.move(*at(x + width, y + height), steps=5)
    phone.mouse.up()


def test_boxes_are_drawn_or_set_by_numbers(shop, phone):
    open_kind(shop, phone, "boxes")
    expect(phone.locator(".a9s-annotationlayer")).to_be_visible()
    draw_box(phone, 0.1, 0.6, 0.25, 0.2)
    expect(phone.locator("#controls")).to_contain_text("What does this box show?")
    phone.get_by_role("button", name="car", exact=True).click()
    draw_box(phone, 0.42, 0.5, 0.2, 0.3)  # at once: the one before is not in the way
    expect(phone.locator(".boxes .mark")).to_have_count(2)
    press(phone, "2")
    phone.locator(".a9s-annotation").first.click()
    expect(phone.locator(".a9s-shape-handle")).to_be_visible()
    draw_box(phone, 0.62, 0.6, 0.2, 0.2)  # nor is one that is chosen
    expect(phone.locator(".boxes .mark")).to_have_count(3)
    nothing_grave(phone)
    phone.locator(SEND).click()
    until_second(phone)

    press(phone, "a", "Tab", "Tab")
    phone.get_by_label("Left %").fill("40")
    phone.get_by_label("Width %").fill("20")
    press(phone, "Tab")
    phone.locator("#task").focus()
    press(phone, "ArrowDown", "2", "Enter")
    (drawn, *others), (typed,) = answers(shop, phone)
    assert [box["label"] for box in (drawn, *others)] == ["car", "cyclist", "cyclist"]
    assert [drawn[side] for side in ("x", "y", "width", "height")] == pytest.approx(
        [0.1, 0.6, 0.25, 0.2], abs=0.01
    )
    assert typed == {"x": 0.4, "y": 0.385, "width": 0.2, "height": 0.25, "label": "cyclist"}


def test_one_of_two_is_preferred_and_how_much(shop, phone):
    open_kind(shop, phone, "preference")
    phone.get_by_role("button", name="A is better").click()
    nothing_grave(phone)
    phone.get_by_role("button", name="by far").click()
    until_second(phone)
    press(phone, "ArrowRight", "2")
    assert answers(shop, phone) == [
        {"preferred": "reply_a", "strength": 3},
        {"preferred": "reply_b", "strength": 2},
    ]


def test_things_are_put_in_order_one_after_the_other(shop, phone):
    open_kind(shop, phone, "ranking")
    for name in ("A bridge", "Bridge closed", "May brings"):
        phone.get_by_role("button", name=name).click()
    nothing_grave(phone)
    phone.locator(SEND).click()
    until_second(phone)
    press(phone, "3", "1", "3", "3", "Enter")  # the third is taken out again and put last
    assert answers(shop, phone) == [["c", "a", "d", "b"], ["One", "Two", "Three"]]
