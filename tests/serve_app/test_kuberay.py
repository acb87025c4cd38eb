"""kuberay.yaml: what it says exists, in Ray, in the image, and in our settings."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from ray.scripts.scripts import start
from ray.serve.schema import ServeDeploySchema

from deployments.http import proxy
from serve_app.environment import _DEFAULTS
from serve_app.settings import Settings

ROOT = Path(__file__).parents[2]
SPEC_FIELDS = {
    "upgradeStrategy",
    "rayClusterDeletionDelaySeconds",
    "excludeHeadPodFromServeSvc",
    "serveConfigV2",
    "rayClusterConfig",
}
"""Those of `RayServiceSpec`, `RayClusterSpec` and its groups that we use.

Source: ray-operator/apis/ray/v1/rayservice_types.go and raycluster_types.go of KubeRay 1.6."""
CLUSTER_FIELDS = {"rayVersion", "authOptions", "headGroupSpec", "workerGroupSpecs"}
GROUP_FIELDS = {
    *("groupName", "replicas", "minReplicas", "maxReplicas"),
    *("rayStartParams", "template"),
}


@pytest.fixture(scope="module")
def service():
    return yaml.safe_load((ROOT / "kuberay.yaml").read_text())


@pytest.fixture(scope="module")
def serve_config(service):
    return yaml.safe_load(service["spec"]["serveConfigV2"])


@pytest.fixture(scope="module")
def groups(service):
    """The pods of each group by name, the head's among them."""
    cluster = service["spec"]["rayClusterConfig"]
    workers = {group["groupName"]: group for group in cluster["workerGroupSpecs"]}
    return {"head": cluster["headGroupSpec"], **workers}


def pod(group):
    return group["template"]["spec"]


def container(group):
    [container] = pod(group)["containers"]
    return container


def environment(group):
    return {item["name"]: item["value"] for item in container(group)["env"]}


def test_service_has_fields_that_kuberay_knows(service):
    assert (service["apiVersion"], service["kind"]) == ("ray.io/v1", "RayService")
    assert set(service["spec"]) == SPEC_FIELDS
    cluster = service["spec"]["rayClusterConfig"]
    assert set(cluster) == CLUSTER_FIELDS
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
        assert set(group) <= GROUP_FIELDS


def test_serve_config_is_the_one_for_hosts(serve_config):
    for_hosts = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    assert serve_config == for_hosts
    [application] = ServeDeploySchema.model_validate(serve_config).applications
    Settings.model_validate(application.args)


def test_old_cluster_outlives_its_longest_request(service, serve_config):
    [application] = serve_config["applications"]
    settings = Settings(**application["args"])
    assert service["spec"]["rayClusterDeletionDelaySeconds"] > settings.deadline_s


def test_ray_is_the_version_of_the_image(service):
    pinned = re.search(r"^ray\[serve\]==(\S+)", (ROOT / "requirements.txt").read_text(), re.M)
    assert service["spec"]["rayClusterConfig"]["rayVersion"] == pinned[1] == version("ray")


def test_ray_knows_what_it_is_started_with(groups):
    known = {option.lstrip("-") for parameter in start.params for option in parameter.opts}
    for group in groups.values():
        assert set(group["rayStartParams"]) <= known
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_every_pod_has_what_ray_reads_from_its_environment(groups):
    for group in groups.values():
        assert environment(group).items() >= _DEFAULTS.items()
        dockerfile = (ROOT / "Dockerfile").read_text()
        assert f"WORKDIR {environment(group)['PYTHONPATH']}\n" in dockerfile
    module, _, name = _DEFAULTS["RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"].partition(":")
    assert module == proxy.__name__
    assert callable(getattr(proxy, name))


def test_only_pods_with_a_gpu_see_one(groups):
    for name, group in groups.items():
        limits = container(group)["resources"]["limits"]
        assert ("nvidia.com/gpu" in limits) == (name == "gpu")
        assert (environment(group).get("NVIDIA_VISIBLE_DEVICES") == "void") == (name != "gpu")


def test_every_pod_mounts_the_voices_where_the_image_looks(groups):
    folder = Settings.model_fields["voices_dir"].default
    for group in groups.values():
        mounts = {mount["mountPath"]: mount for mount in container(group)["volumeMounts"]}
        assert mounts[folder]["readOnly"]
        volumes = {volume["name"] for volume in pod(group)["volumes"]}
        assert {mount["name"] for mount in mounts.values()} == volumes


def test_gpu_pods_keep_weights_and_kernels_where_the_image_puts_them(groups):
    dockerfile = (ROOT / "Dockerfile").read_text()
    kept = [mount for mount in container(groups["gpu"])["volumeMounts"] if mount["name"] == "cache"]
    assert len(kept) == 2
    for mount in kept:
        assert mount["mountPath"] in dockerfile


def test_the_images_user_may_write_what_gpu_pods_keep(groups):
    user = re.search(r"useradd .*--uid (\d+) (\w+)", (ROOT / "Dockerfile").read_text())
    assert f"\nUSER {user[2]}\n" in (ROOT / "Dockerfile").read_text()
    assert pod(groups["gpu"])["securityContext"]["fsGroup"] == int(user[1])


def test_ports_are_those_that_ray_and_serve_listen_on(groups, serve_config):
    for name, group in groups.items():
        ports = {port["name"]: port["containerPort"] for port in container(group)["ports"]}
        assert str(ports["metrics"]) == group["rayStartParams"]["metrics-export-port"]
        if name != "head":
            assert ports["serve"] == serve_config["http_options"]["port"]


def test_shared_memory_holds_rays_object_store(groups):
    units = {"Gi": 2**30}
    for group in groups.values():
        [shm] = [volume for volume in pod(group)["volumes"] if volume["name"] == "shm"]
        size, unit = re.fullmatch(r"(\d+)(\w+)", shm["emptyDir"]["sizeLimit"]).groups()
        store = int(group["rayStartParams"].get("object-store-memory", 0))
        assert store < int(size) * units[unit]
