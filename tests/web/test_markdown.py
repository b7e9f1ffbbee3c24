import pytest

from folkmoot.web.markdown import rendered


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[press](javascript:alert(1))",
        "[press](data:text/html;base64,PHNjcmlwdD4=)",
        "![picture](https://example.org/track.png)",
        '<p style="position:fixed">over everything</p>',
    ],
)
def test_nothing_that_runs_loads_or_covers_comes_through(text):
    html = rendered(text)
    assert not any(sign in html for sign in ("<script", "<img", "href=", "<p style", 'src="x'))


def test_headings_begin_at_the_second_level():
    assert rendered("# One\n\n###### Six") == "<h2>One</h2>\n<h6>Six</h6>\n"


def test_links_open_beside_the_page_and_tell_nothing_to_where_they_lead():
    html = rendered("[rules](https://example.org/rules)")
    assert 'href="https://example.org/rules"' in html
    assert 'target="_blank"' in html
    assert 'rel="noopener noreferrer"' in html


def test_lists_emphasis_and_tables_are_kept():
    html = rendered("- *one*\n- **two**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    for part in ("<li><em>one</em></li>", "<strong>two</strong>", "<th>a</th>", "<td>2</td>"):
        assert part in html
