"""The page in a browser, of a server in this process that hums instead of speaking."""

from functools import partial

import pytest
import pytest_asyncio
import soundfile

from speech.parameters import ModelParameters
from tests.conftest import voiced
from tests.deployments.conftest import holding, tone_ingress
from tests.deployments.sockets import served
from tests.deployments.tone import ToneEngine, tone_entry
from tests.page.browser import chromium
from tests.page.visitor import visiting


class ModelWithDefaults(ToneEngine):
    """Has defaults of its own, as a checkpoint may."""

    defaults = ModelParameters(
        num_steps=12,
        cfg_min_t=0.3,
        truncation_factor=0.7,
        sequence_length="auto",
        target_duration_seconds=4,
        normalize_text=True,
    )


@pytest.fixture(scope="module")
def make_site(tmp_path_factory):
    """Return `make(**options)`: an ingress of its own whose voices are `deep.wav` and `high.flac`.

    The options are those of `tone_ingress`.
    """
    folder = tmp_path_factory.mktemp("voices")
    for name, pitch_hz in (("deep.wav", 95), ("high.flac", 230)):
        soundfile.write(folder / name, voiced(pitch_hz), 44100)
    tone = tone_entry(__name__, "ModelWithDefaults")
    return partial(tone_ingress, folder, tone=tone)


@pytest.fixture(scope="module")
def site(make_site):
    """The page's address, of a server that lists its voices."""
    with served(make_site(list_voices=True)) as url:
        yield url


@pytest.fixture
def held_site(make_site):
    """The address of a server that speaks when its stage releases it, and that stage."""
    with holding() as (sampler, stage), served(make_site(sampler)) as url:
        yield url, stage
        stage.release.set()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser():
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser):
    """Return `visit(url)`; see `visiting`."""
    async with visiting(browser) as visit:
        yield visit


@pytest_asyncio.fixture(loop_scope="session")
async def page(visit, site):
    return await visit(site)
