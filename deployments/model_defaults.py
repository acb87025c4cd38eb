"""The parameters that the loaded model has defaults for, as its sampler reports them."""

from __future__ import annotations

from typing import Any

from ray.exceptions import RayActorError
from ray.serve.handle import DeploymentHandle

from deployments.handles import answer
from speech.errors import SamplerLost
from speech.parameters import ModelParameters


class ModelDefaults:
    """The model's defaults, asked for once and again when another model has spoken."""

    def __init__(self, sampler: DeploymentHandle[Any]) -> None:
        self._sampler = sampler
        self._engine = ""
        self._defaults: ModelParameters | None = None

    async def get(self) -> ModelParameters:
        """Return them, waiting for a sampler the first time.

        Raises:
            SamplerLost: The one that was asked is gone.
        """
        if self._defaults is None:
            try:
                report = await answer(self._sampler.report.remote())
            except RayActorError as error:
                raise SamplerLost.retry_later() from error
            self._engine = report["engine"]
            self._defaults = ModelParameters(**report.get("defaults", {}))
        return self._defaults

    def spoken_by(self, engine: str) -> None:
        """Forget the defaults if a model of another name spoke: the graph was updated."""
        if engine != self._engine:
            self._defaults = None
