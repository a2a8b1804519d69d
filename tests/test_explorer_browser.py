"""The explorer in a browser: a weight is moved by the keyboard, and what becomes of it is read from the page."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

import toolkit as tk

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[1]
WAIT = 120_000
"""Milliseconds that anything may take on a busy machine."""
LANGUAGES = ("zh", "en")
PUBLIC, PEER = ".tk-sources-5", ".tk-sources-4"  # places in the tree of the sources


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The notebook for a copy of the demo in each language."""
    place = tmp_path_factory.mktemp("explorer")
    notebook = (ROOT / "notebooks" / "explorer.ipynb").read_text(encoding="utf-8")
    for language in LANGUAGES:
        shutil.copytree(ROOT / "surveys" / "demo", place / language)
        scheme = place / language / "scheme.yaml"
        text = scheme.read_text(encoding="utf-8").replace("language: zh", f"language: {language}")
        scheme.write_text(text, encoding="utf-8")
        own = notebook.replace("../surveys/demo", language)
        assert own != notebook
        (place / f"{language}.ipynb").write_text(own, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def voila(folder):
    """The address of a Voila that is gone afterwards, with all kernels that it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "voila", "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}", str(folder)]
    with (folder / "voila.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, server)
            yield address
        finally:
            processes = [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]
            server.terminate()
            _, left = psutil.wait_procs(processes, timeout=15)
            for process in left:
                process.kill()
            server.wait()


def _wait_for(address, server):
    until = time.monotonic() + WAIT / 1000
    while time.monotonic() < until and server.poll() is None:
        try:
            return urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 -- our own
        except urllib.error.URLError:
            time.sleep(0.2)
    raise TimeoutError(f"Voila did not start: {server.poll()}")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    program = os.environ.get("CHROMIUM")
    if not program:
        pytest.fail("CHROMIUM must name the browser")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # who has no sandbox
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=["--no-sandbox"] if root else [])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", params=LANGUAGES)
def page(browser, voila, request):
    """The explorer in one language, once its league is there."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(WAIT)
    opened.goto(f"{voila}/voila/render/{request.param}.ipynb", wait_until="commit")
    opened.wait_for_selector(".tk-ranks tbody tr")
    yield opened
    assert "Traceback" not in opened.inner_text("body")
    opened.close()


def press(page, node, key, times):
    """Move a slider by the keyboard."""
    page.locator(f"{node} .noUi-handle").focus()
    for _ in range(times):
        page.keyboard.press(key)


def wait_until(page, node, percent):
    """Wait until a weight is shown as so many percent."""
    page.wait_for_function(
        "([node, percent]) => Number(document.querySelector(`${node} input[type=number]`).value) === percent",
        arg=[node, percent],
    )


def read(page):
    """What the league, the summary and the list of changes say."""
    return [page.inner_text(part) for part in (".tk-ranks table", ".tk-ranks p", ".tk-changes")]


@pytest.mark.parametrize("page", ["zh"], indirect=True)
def test_a_weight_is_moved_put_back_and_saved(page, folder):
    before = read(page)
    assert "等次和星级均无变动" in before[2]

    press(page, PUBLIC, "ArrowRight", 6)
    wait_until(page, PUBLIC, 46)
    wait_until(page, PEER, 27)
    page.wait_for_selector(".tk-changes li")
    after = read(page)
    assert all(now != old for now, old in zip(after, before, strict=True))
    assert "→" in after[2]
    page.wait_for_selector(f"{PUBLIC} .tk-strip line.tk-grade", state="attached")
    page.wait_for_selector(".tk-nearest li:nth-child(4)")
    assert page.locator(".tk-nearest li").count() == 4

    page.click(".tk-reset")
    wait_until(page, PUBLIC, 40)
    page.wait_for_selector(".tk-changes li", state="detached")
    assert read(page) == before

    page.click(f"{PEER} .tk-lock")
    page.wait_for_selector(f"{PEER} .noUi-target[disabled]", state="attached")
    press(page, PUBLIC, "ArrowLeft", 5)
    wait_until(page, PUBLIC, 35)
    wait_until(page, PEER, 30)
    page.fill(".tk-place input", "zh/quieter.yaml")
    page.click(".tk-save")
    page.wait_for_selector(".tk-export p")
    assert (folder / "zh" / "quieter.yaml").is_file()
    page.wait_for_function("document.querySelector('.tk-yaml textarea').value.includes('weight: 0.35')")

    main = folder / "zh" / "scheme.yaml"
    main.write_text(main.read_text(encoding="utf-8").replace("scheme-2026H2.yaml", "quieter.yaml"), encoding="utf-8")
    weights = tk.read_study(folder / "zh").schemes["2026H2"].source_weights()
    assert {name: float(weights[name]) for name in ("superior", "peer", "public")} == {
        "superior": 0.35,
        "peer": 0.3,
        "public": 0.35,
    }


def test_nothing_is_cut_and_nothing_overflows(page):
    press(page, PUBLIC, "PageUp", 3)
    page.wait_for_selector(".tk-changes li")
    parts = ".tk-explorer, .tk-name, .tk-line, .tk-ranks, .tk-ranks td, .tk-right"
    cut = """parts => [...document.querySelectorAll(parts)]
        .filter(part => part.scrollWidth > part.clientWidth + 1).map(part => part.innerText)"""
    assert page.evaluate(cut, parts) == []
    rows = page.locator(".tk-line").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().right)")
    assert max(rows) - min(rows) < 1
    figure = page.locator(".tk-right svg text").evaluate_all(
        "texts => texts.every(text => { const box = text.getBBox(); return box.x >= 0 && box.x + box.width <= 475.3 })"
    )
    assert figure
