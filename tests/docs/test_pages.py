"""README and every other page: links that lead somewhere, commands that are accounted for."""

import os
import re
import shutil
import subprocess
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path, PurePosixPath

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [
    str(page.relative_to(ROOT))
    for page in (*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/**/*.md"))
    if "site-packages" not in page.parts
]


def anchors(page: Path) -> set[str]:
    """Return what a link may name after `#`, as GitHub derives it from the headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in headings}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    page = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def test_readme_asks_for_the_python_that_is_needed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    least = project["requires-python"].removeprefix(">=")
    assert f"needs Python {least} or newer" in (ROOT / "README.md").read_text()


def test_training_lists_its_modules():
    table = re.findall(r"^\| (`.*?`) \|", (ROOT / "training/README.md").read_text(), re.M)
    listed = re.findall(r"`(\w+)`", " ".join(table))
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "training").glob("*.py"))


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 160


@pytest.mark.parametrize("name", [page for page in PAGES if page.startswith("docs/")])
def test_every_page_is_reachable_from_the_readme(name):
    seen, queue = set(), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        seen.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text())
        found = {(page.parent / link).resolve() for link in links if "://" not in link}
        queue += found - seen
    assert ROOT / name in seen


def test_compose_file_starts_the_image_with_what_it_needs():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    service = compose["services"]["echo-tts"]
    image = dict(re.findall(r"([A-Z_]+)=(\S+)", (ROOT / "Dockerfile").read_text()))
    mounts = dict(volume.split(":")[:2] for volume in service["volumes"])
    assert mounts == {
        "./voices": image["AUDIO_VOICES_DIR"],
        "weights": image["HF_HOME"],
        "kernels": str(PurePosixPath(image["TRITON_CACHE_DIR"]).parent),
    }
    assert set(compose["volumes"]) == {"weights", "kernels"}
    assert service["ports"] == [f"127.0.0.1:{image['PORT']}:{image['PORT']}"]
    assert service["command"] == ["python", "-m", "serve_app", "serve"]
    shared = int(service["shm_size"].removesuffix("gb")) * 2**30
    assert shared > int(image["ECHO_RAY_OBJECT_STORE_BYTES"])
    assert service["logging"]["driver"] == "local"  # Docker's usual one keeps all
    [device] = service["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


def test_image_is_removed_by_the_command_that_says_so():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert "image" in compose["services"]["echo-tts"]  # which `--rmi local` would keep
    for page in ("README.md", "docs/deploying.md"):
        [how] = re.findall(r"docker compose down --rmi (\w+)", (ROOT / page).read_text())
        assert how == "all"


def test_pages_name_the_port_of_metrics_that_clusters_open():
    ports = re.findall(r"metrics-export-port[:=] ?\"?(\d+)", (ROOT / "kuberay.yaml").read_text())
    ports += re.findall(r"--metrics-export-port=(\d+)", (ROOT / "cluster.yaml").read_text())
    [port] = set(ports)
    page = (ROOT / "docs/observability.md").read_text()
    named = re.findall(r"^- \*\*(?:A cluster|Kubernetes)\*\*: .*? port (\d+)", page, re.M)
    assert named == [port, port]


def test_compose_grants_the_time_that_draining_takes():
    from serve_app.settings import Settings

    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    grace = int(compose["services"]["echo-tts"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["drain_s"].default


@pytest.mark.skipif(shutil.which("wget") is None, reason="no wget here")
@pytest.mark.parametrize("status", [200, 503])
def test_container_is_healthy_where_the_server_says_so_whatever_the_proxy(status):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    kind, *command, url = compose["services"]["echo-tts"]["healthcheck"]["test"]
    assert kind == "CMD"
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = 10
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        asked = url.replace(":8000/", f":{server.server_port}/")
        done = subprocess.run(
            [*command, asked], env={"PATH": os.environ["PATH"], "http_proxy": "http://127.0.0.1:1"}
        )
        thread.join()
    assert (done.returncode == 0) is (status == 200)


@pytest.mark.parametrize("name", [page for page in PAGES if page.startswith(("README", "docs/"))])
def test_commands_that_are_not_run_say_why(name):
    """`sh` and `python` blocks run in tests/graph/test_doc_examples.py; `console` ones do not."""
    text = (ROOT / name).read_text()
    before = re.findall(r"^(.*)\n *```console$", text, re.M)
    assert all(re.search(r"<!-- not run: .+ -->$", line) for line in before)
    assert len(before) == text.count("```console")
    assert all((ROOT / test).exists() for test in re.findall(r"tests/[\w/]+\.py", " ".join(before)))
    assert not re.search(r"^ *```(bash|shell|py)$", text, re.M)


def test_files_that_a_page_names_exist():
    folders = "speech|engine|deployments|serve_app|docs|tests|bench|training|scripts|dashboards"
    for name in PAGES:
        if name == "CHANGELOG.md":  # it names what was there at the time
            continue
        for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", (ROOT / name).read_text()):
            assert (ROOT / path).exists(), f"{name} names {path}"


def test_modules_that_a_page_names_exist():
    packages = "speech|engine|deployments|serve_app|docs|bench|training"
    for name in PAGES:
        for dotted in re.findall(rf"`((?:{packages})(?:\.\w+)+)`", (ROOT / name).read_text()):
            *parents, last = dotted.split(".")
            module = ROOT.joinpath(*parents)
            found = [module / last, module / f"{last}.py", module.with_suffix(".py")]
            assert any(path.exists() for path in found), f"{name} names {dotted}"
