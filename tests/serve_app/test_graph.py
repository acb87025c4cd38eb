"""What an operator hands to Ray: the application, its builder, and the two configuration files."""

import copy
from functools import partial
from pathlib import Path

import pytest
import yaml
from ray import serve
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.serve._private.api import call_user_app_builder_with_args_if_necessary
from ray.serve._private.constants import REPLICA_HEALTH_CHECK_UNHEALTHY_THRESHOLD
from ray.serve.schema import ServeDeploySchema

import serve_app
from serve_app.environment import _DEFAULTS
from serve_app.graph import (
    REPLICA_OPTIONS,
    _engine_options,
    _gpus_per_sampler,
    _ingress,
    _sampler,
    _voice_prep,
    resources_needed,
)
from serve_app.settings import Settings
from serve_app.wrong_settings import WrongSetting

ROOT = Path(__file__).parents[2]


def test_app_and_builder_are_what_serve_run_imports():
    assert isinstance(serve_app.app, serve.Application)
    assert isinstance(serve_app.build_app(Settings(max_requests=3)), serve.Application)
    with pytest.raises(AttributeError):
        _ = serve_app.application


def test_builder_reads_the_arguments_that_serve_passes():
    def build(**arguments):
        return call_user_app_builder_with_args_if_necessary(serve_app.build_app, arguments)

    assert isinstance(build(max_requests="3", sampler_gpus=1), serve.Application)
    with pytest.raises(WrongSetting, match="max_requests=0: must be a whole number of at least 1"):
        build(max_requests="0")


@pytest.mark.parametrize(
    ("given", "num_gpus", "device"),
    [
        ({"device": "cpu"}, 0, "cpu"),
        ({"sampler_gpus": 0}, 0, "cpu"),
        ({"sampler_gpus": 0.5}, 0.5, "cuda"),
        ({"sampler_gpus": 1, "device": "cpu"}, 1, "cpu"),
    ],
)
def test_sampler_uses_the_gpu_it_has_or_fails_unless_told_otherwise(given, num_gpus, device):
    settings = Settings(**given)
    assert _gpus_per_sampler(settings) == num_gpus
    assert _engine_options(settings, num_gpus).device == device


@pytest.mark.parametrize(("gpus", "share", "num_samplers"), [(0, 1, 1), (4, 1, 4), (2, 0.4, 4)])
def test_graph_starts_with_all_samplers_that_follow_the_gpus(gpus, share, num_samplers):
    needed = resources_needed(Settings(sampler_gpus=share, sampler_cpus=3), gpus)
    assert needed == pytest.approx({"CPU": 0.5 + 3 * num_samplers, "GPU": gpus or 1})


def test_resources_are_those_of_all_replicas():
    settings = Settings(
        device="cpu",
        ingress_replicas=2,
        voice_prep_replicas=3,
        sampler_replicas=4,
        sampler_gpus=0.5,
        sampler_cpus=2,
    )
    assert resources_needed(settings, 8) == pytest.approx({"CPU": 9.3, "GPU": 2})
    assert resources_needed(Settings(sampler_gpus=0), 8) == pytest.approx({"CPU": 1, "GPU": 0})


@pytest.mark.parametrize("make", [_ingress, _voice_prep, partial(_sampler, num_gpus=0)])
def test_replicas_take_processes_that_ray_has_started(make):
    """For a runtime environment it starts one more, by a line of shell without quotes."""
    assert "runtime_env" not in make(Settings()).ray_actor_options


def test_cluster_file_passes_rays_validator():
    config = prepare_config(yaml.safe_load((ROOT / "cluster.yaml").read_text()))
    validate_config(config)
    assert config["provider"]["type"] == "local"
    assert config["max_workers"] == len(config["provider"]["worker_ips"])
    broken = copy.deepcopy(config) | {"head_start_ray_commands": "ray start"}
    with pytest.raises(Exception, match="is not of type 'array'"):
        validate_config(broken)


def test_cluster_file_starts_ray_alike_on_head_and_workers():
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    for role in ("head", "worker"):
        command = config[f"{role}_start_ray_commands"][-1]
        for needed in (
            "PYTHONPATH=$PWD",
            "AUDIO_VOICES_DIR=",
            *(f"{name}={value}" for name, value in _DEFAULTS.items()),
            "--metrics-export-port=9464",
        ):
            assert needed in command


def test_serve_config_passes_serves_schema_and_our_settings():
    config = ServeDeploySchema.model_validate(
        yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    )
    (application,) = config.applications
    assert application.import_path == "serve_app:build_app"
    Settings.model_validate(application.args)


def test_serve_config_waits_for_a_gpu_where_none_has_joined_yet(monkeypatch):
    monkeypatch.setattr("serve_app.graph._has_gpu", lambda settings: False)
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    settings = Settings(**config["applications"][0]["args"])
    assert _gpus_per_sampler(settings) == 1
    assert _engine_options(settings, 1).device == "cuda"  # and fails without


def test_replica_that_hangs_is_replaced_before_the_server_gives_up():
    check_s = sum(REPLICA_OPTIONS[f"health_check_{part}_s"] for part in ("period", "timeout"))
    assert REPLICA_HEALTH_CHECK_UNHEALTHY_THRESHOLD * check_s < 0.75 * Settings().outage_s
