"""Reports in a browser: they are seen whole, and nothing is asked of any other place."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import toolkit as tk
from toolkit.reporting import run

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[1]
SIZE = (1000, 1400)
QUIET = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A finished run of one unit and the overview, in a folder whose name must be encoded."""
    study = tk.read_study(ROOT / "surveys" / "demo")
    scores = tk.score(study)
    folder = tmp_path_factory.mktemp("run") / "评 价 #1"
    planned = run.plan(study, scores, folder, notebooks=ROOT / "notebooks")
    outcomes = list(run.perform_all(replace(planned, names=(run.OVERVIEW, "B12")), 2))
    return run.finish(study, scores, folder, outcomes, turn="2026H2", language="zh").folder


@pytest.fixture
def chromium(tmp_path):
    """Run Chromium on a page; what it prints."""
    program = os.environ.get("CHROMIUM")
    if not program:
        pytest.fail("CHROMIUM must name the browser")

    def open_page(page, *options):
        command = [program, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", *options]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # root has none
        command.append(page.as_uri())
        done = subprocess.run(command, capture_output=True, check=True, timeout=120)
        return done.stdout.decode()

    return open_page


@pytest.fixture(params=["index.html", "overview/report.html", "B12/report.html"])
def page(pages, request):
    return pages / request.param


def asked(chromium, page, log):
    """Addresses that a page asks for on a network; what the browser asks for itself is not kept under a file."""
    chromium(page, f"--log-net-log={log}", "--dump-dom")
    return set(re.findall(r'"key":"\S*file://[^"]* (\w+://[^"]*)"', log.read_text(encoding="utf-8")))


def test_a_page_asks_nothing_of_any_other_place(chromium, page, tmp_path):
    assert asked(chromium, page, tmp_path / "net.json") == set()


def test_a_page_that_asks_would_be_noticed(chromium, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="http://127.0.0.1:9/pixel.png">', encoding="utf-8")
    assert asked(chromium, page, tmp_path / "net.json") == {"http://127.0.0.1:9/pixel.png"}


def test_the_policy_of_a_page_keeps_what_slips_in_from_loading(chromium, page, tmp_path):
    text = page.read_text(encoding="utf-8")
    beacon = "http://127.0.0.1:9"
    slipped = f'<img src="{beacon}/a.png"><link rel="stylesheet" href="{beacon}/b.css"></main>'
    edited = tmp_path / "edited.html"
    edited.write_text(text.replace("</main>", slipped), encoding="utf-8")
    assert asked(chromium, edited, tmp_path / "net.json") == set()


def test_a_page_is_there_whole_once_it_is_loaded(chromium, page):
    shown = chromium(page, "--dump-dom")
    written = page.read_text(encoding="utf-8")
    for tag in ("table", "svg", "h2", "tr", "figure"):
        assert shown.count(f"<{tag}") == written.count(f"<{tag}"), tag
    assert "</html>" in shown


def test_a_page_is_not_blank(chromium, page, tmp_path):
    from matplotlib.image import imread  # noqa: PLC0415

    picture = tmp_path / "page.png"
    chromium(page, f"--screenshot={picture}", f"--window-size={SIZE[0]},{SIZE[1]}")
    image = imread(picture)[..., :3]
    assert image.shape[:2] == SIZE[::-1]
    dark = (image < 0.5).all(axis=2)
    assert 0.005 < dark.mean() < 0.5
    reddish = (image[..., 0] > 0.5) & (image[..., 1] < 0.3) & (image[..., 2] < 0.3)
    assert reddish.any()  # the line below the title
