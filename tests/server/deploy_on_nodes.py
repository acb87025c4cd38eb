"""Deploys the graph on two nodes; then prints how many nodes and samplers there are.

    python -m tests.server.deploy_on_nodes ADDRESS PORT

A line of two numbers whenever they change, from when the graph can speak until it is stopped. In a
process of its own: a test's may have joined another cluster. The samplers' GPUs are simulated.
"""

import sys
import time

import ray
from ray import serve

from bench.simulated_engine import NAME, register

GRAPH = "nodes"
NUM_NODES = 2
POLL_S = 0.1
SAMPLER_CPUS = 0.6
"""Leave no room for the ingress on a node of one CPU that has one of VoicePrep as well."""


def main() -> None:
    register()
    from serve_app.graph import build_app  # now that the engine is known
    from serve_app.settings import Settings

    address, port = sys.argv[1:]
    ray.init(
        address=address,
        log_to_driver=False,
        runtime_env={"worker_process_setup_hook": "bench.simulated_engine.register"},
    )
    while num_nodes() < NUM_NODES:
        time.sleep(POLL_S)
    # The head outlives the other nodes: what there is one of stays there.
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": int(port)})
    settings = Settings(
        engine=NAME,
        sampler_gpus=1,
        sampler_cpus=SAMPLER_CPUS,
        voices_dir="voices",
        voice_prep_replicas=2,
    )
    serve.run(build_app(settings), name=GRAPH)
    told = None
    while True:
        samplers = serve.status().applications[GRAPH].deployments["Sampler"]
        now = num_nodes(), samplers.replica_states.get("RUNNING", 0)
        if now != told:
            print(*now, flush=True)
            told = now
        time.sleep(POLL_S)


def num_nodes() -> int:
    return sum(node["Alive"] for node in ray.nodes())


if __name__ == "__main__":
    main()
