import subprocess
import sys
from xml.etree import ElementTree

import pytest

from governance.charts.annotator_charts import annotators_chart
from governance.charts.group_charts import gaps_chart, rates_chart
from governance.charts.version_charts import VersionPoint, calibration_chart, versions_chart
from governance.fairness.annotator_counts import Answers
from governance.fairness.annotator_report import annotator_report
from governance.fairness.calibration import calibration_bins
from governance.fairness.counts import Cases, count_groups
from governance.fairness.estimates import Estimate, NotEstimable, Reason
from governance.fairness.group_report import group_report
from governance.fairness.results import GroupReport, Metric

SVG = "{http://www.w3.org/2000/svg}"


def report() -> GroupReport:
    sex: list[str | None] = ["wo<men>"] * 60 + ["men & boys"] * 60 + [None] * 3
    prediction = [0] * 50 + [1] * 10 + [1] * 50 + [0] * 10 + [1] * 3
    return group_report(count_groups(Cases([0, 1, 1] * 41, prediction, {"sex": sex})))


def all_charts() -> dict[str, str]:
    answers = Answers(
        ["A-1"] * 60 + ["A-2"] * 5, ["f", "m", None, "f", "m"] * 13, ["no"] * 65, ["yes"] * 65
    )
    points = [
        VersionPoint("1", "error rate", Estimate(0.3, 0.2, 0.4, 142)),
        VersionPoint("2", "error rate", Estimate(0.2, 0.1, 0.3, 142)),
        VersionPoint("2", "widest gap", NotEstimable(Reason.TOO_FEW_ROWS, 9, 9)),
    ]
    return {
        "rates": rates_chart(report(), Metric.SELECTION_RATE),
        "gaps": gaps_chart(report()),
        "annotators": annotators_chart(annotator_report(answers, positive="yes")),
        "versions": versions_chart(points),
        "calibration": calibration_chart(calibration_bins([0.2, 0.8] * 20, [False, True] * 20)),
    }


@pytest.fixture(scope="module")
def charts() -> dict[str, str]:
    return all_charts()


NAMES = ["rates", "gaps", "annotators", "versions", "calibration"]


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_has_a_name_and_a_description_for_those_who_do_not_see_it(
    charts: dict[str, str], name: str
):
    root = ElementTree.fromstring(charts[name])
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text
    assert description.text


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_suits_any_page_and_a_strict_content_security_policy(
    charts: dict[str, str], name: str
):
    root = ElementTree.fromstring(charts[name])
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    attributes = {key for element in root.iter() for key in element.attrib}
    fonts = {element.get("font-family") for element in root.iter(f"{SVG}text")}
    assert not tags & {"style", "script", "image", "a", "use"}
    assert "style" not in attributes
    assert "{http://www.w3.org/1999/xlink}href" not in attributes
    assert fonts == {"sans-serif"}
    inks = {element.get("fill") for element in root.iter(f"{SVG}text")}
    assert inks == {"currentColor"}
    assert not any(element.get("fill") == "white" for element in root.iter())


@pytest.mark.parametrize("name", NAMES)
def test_no_two_charts_on_a_page_share_an_id(charts: dict[str, str], name: str):
    ids = [element.get("id") for element in ElementTree.fromstring(charts[name]).iter()]
    others = [text for other, text in charts.items() if other != name]
    named = [each for each in ids if each]
    assert len(set(named)) == len(named)
    assert not any(each in text for each in named for text in others)


def test_the_same_result_gives_the_same_bytes(charts: dict[str, str]):
    assert all_charts() == charts


def test_names_of_groups_cannot_break_out_of_the_drawing(charts: dict[str, str]):
    root = ElementTree.fromstring(charts["rates"])
    words = {element.text for element in root.iter(f"{SVG}text")}
    assert "wo<men> (n = 60)" in words
    assert "men & boys (n = 60)" in words


def test_what_is_not_estimable_is_written_out_and_not_drawn(charts: dict[str, str]):
    root = ElementTree.fromstring(charts["rates"])
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert words.count("not estimable: too few cases") == 1
    points = [e for e in root.iter(f"{SVG}path") if e.get("fill") == "#0b7bc1"]
    assert len(points) == 2


def test_a_finding_is_told_by_words_in_the_description(charts: dict[str, str]):
    description = ElementTree.fromstring(charts["gaps"]).find(f"{SVG}desc").text
    assert "selection rate by sex: finding, men & boys minus wo<men> 67%" in description


def test_importing_the_charts_loads_no_drawing_library():
    program = (
        "import sys, governance.charts.group_charts, governance.charts.annotator_charts\n"
        "import governance.charts.version_charts\n"
        "print(sorted({'altair', 'vl_convert', 'scipy', 'fairlearn'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "[]"
