"""Every setting with its default, its bounds and its name in the environment.

Precedence: `build_app` arguments, then the environment, then the default. A setting is read from
`ECHO_<NAME>` unless it says otherwise; docs/settings.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from deployments.limits import Limits
from engine import ENGINES
from engine.echo.options import EchoOptions
from serve_app.origins import Origin
from serve_app.setting_names import PREFIX, misspelt_variables
from serve_app.setting_values import (
    absolute_path,
    address_alone,
    known_engine,
    split_at_commas,
    split_keys,
    whole_or_part_of_one,
)
from speech.voice_names import chosen_name

_CALLER_VARIABLES = {"ECHO_URL", "ECHO_API_KEY"}
"""Variables that `echo-tts speak` reads."""


class Settings(EchoOptions, Limits, BaseSettings):
    """All settings of the graph, of its engine and of the two programs that start it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # container templates set every variable, if only to nothing
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        enable_decoding=False,  # lists are comma-separated, not JSON
        allow_inf_nan=False,  # none of the numbers can be: some are rounded, some end a wait
    )

    # What speaks
    engine: Annotated[
        str, AfterValidator(known_engine), Field(description="Name of the engine to load.")
    ] = "echo"
    voices_dir: Annotated[
        str,
        Field(
            validation_alias="AUDIO_VOICES_DIR",
            min_length=1,
            description="Folder of the voice files.",
        ),
    ] = "/runpod-volume/echo-tts/audio_voices"

    default_voice: Annotated[
        str | None,
        AfterValidator(chosen_name),
        Field(
            description="Voice file that speaks the requests which name none; without it, the "
            "model makes up a voice for each of them."
        ),
    ] = None
    pronunciations_file: Annotated[
        str | None,
        Field(description="JSON file of `pronunciations` for all requests."),
    ] = None

    # How the graph is spread
    ingress_replicas: Annotated[int, Field(ge=1, description="Processes for HTTP.")] = 1
    voice_prep_replicas: Annotated[int, Field(ge=1, description="Processes for voices.")] = 1
    sampler_replicas: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=1)],
        Field(description="Sampler replicas; `auto`: one per GPU of the cluster."),
    ] = "auto"
    sampler_gpus: Annotated[
        Literal["auto"] | Annotated[float, Field(ge=0)],
        AfterValidator(whole_or_part_of_one),
        Field(
            description="GPUs per sampler replica; `auto`: 1 if the engine uses one that is there."
        ),
    ] = "auto"
    sampler_cpus: Annotated[
        float, Field(gt=0, description="CPUs per sampler replica; on a CPU, its threads.")
    ] = 0.5
    decode_threads: Annotated[int, Field(ge=1, description="Decodes at a time in VoicePrep.")] = 2
    voices_timeout_s: Annotated[
        float,
        Field(gt=0, description="Longest time the voices folder may take to answer; then 503."),
    ] = 5
    voice_cache_bytes: Annotated[
        int, Field(ge=0, description="Memory for decoded voices, per VoicePrep replica.")
    ] = 512 * 2**20

    # HTTP
    host: Annotated[
        str,
        AfterValidator(address_alone),
        Field(
            validation_alias="HOST",
            min_length=1,
            description="HTTP address; containers set 0.0.0.0, and `::` is IPv6 as well.",
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, Field(validation_alias="PORT", ge=1, le=65535, description="HTTP port.")
    ] = 8000
    proxy: Annotated[
        Literal["auto", "haproxy", "uvicorn"],
        Field(
            description="What listens on the HTTP port of `echo-tts serve`; `auto`: HAProxy where "
            "there is one."
        ),
    ] = "auto"
    api_keys: Annotated[
        tuple[SecretStr, ...],
        Field(description="Comma-separated keys; if any, HTTP callers must send one."),
    ] = ()
    cors_origins: Annotated[
        tuple[Origin, ...],
        Field(description="Comma-separated origins browsers may call from; `*` for any."),
    ] = ()

    list_voices: Annotated[
        bool,
        Field(
            description="`GET /v1/audio/voices` lists the voices folder. On by default where "
            "`echo-tts serve` listens on loopback only."
        ),
    ] = False

    # Bucket for RunPod outputs
    s3_endpoint_url: Annotated[
        str | None,
        Field(
            validation_alias=AliasChoices("S3_ENDPOINT_URL", "BUCKET_ENDPOINT_URL"),
            description="S3-compatible service, with or without the bucket in it; AWS if none.",
        ),
    ] = None
    s3_access_key_id: Annotated[
        str | None,
        Field(
            validation_alias=AliasChoices("S3_ACCESS_KEY_ID", "BUCKET_ACCESS_KEY_ID"),
            description="Access key.",
        ),
    ] = None
    s3_secret_access_key: Annotated[
        SecretStr | None,
        Field(
            validation_alias=AliasChoices("S3_SECRET_ACCESS_KEY", "BUCKET_SECRET_ACCESS_KEY"),
            description="Secret key.",
        ),
    ] = None
    s3_bucket_name: Annotated[
        str | None,
        Field(
            validation_alias="S3_BUCKET_NAME",
            description="Bucket for job outputs; without one they come back inline as base64.",
        ),
    ] = None
    s3_region: Annotated[
        str | None, Field(validation_alias="S3_REGION", description="Region of the bucket.")
    ] = None
    s3_fallback_inline: Annotated[
        bool,
        Field(description="Return audio inline, where it fits, if the bucket does not take it."),
    ] = False

    # RunPod worker
    runpod_concurrency: Annotated[
        int, Field(ge=1, description="Jobs a worker takes at once, at most `max_requests`.")
    ] = 16
    runpod_streaming: Annotated[
        bool, Field(description="Serve RunPod's stream instead of one output per job.")
    ] = False
    drain_s: Annotated[
        float, Field(gt=0, description="Time running requests get to finish on shutdown.")
    ] = 120

    # A Ray cluster started by scripts/serve or the RunPod worker
    ray_cpus: Annotated[
        int | None, Field(ge=1, description="CPUs Ray may count on; all if none.")
    ] = None
    ray_object_store_bytes: Annotated[
        int | None, Field(ge=75 * 2**20, description="Ray's shared memory; Ray decides if none.")
    ] = None
    metrics_port: Annotated[
        int | None,
        Field(
            ge=1, le=65535, description="Port of the metrics for Prometheus; a free one if none."
        ),
    ] = None
    ray_temp_dir: Annotated[
        str | None,
        AfterValidator(absolute_path),
        Field(description="Ray's session folder; Ray decides if none."),
    ] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read no variable of nothing but blanks, such as a secret's last line end.

        The keys are read all the same: without one, everybody is let in.
        """
        assert isinstance(env_settings, EnvSettingsSource)
        env_settings.env_vars = {
            name: value
            for name, value in env_settings.env_vars.items()
            if value and (value.strip() or name == "echo_api_keys")
        }
        return init_settings, env_settings

    @field_validator("*", mode="before")
    @classmethod
    def _without_blanks(cls, value: Any, info: ValidationInfo) -> Any:
        """Read a value without blanks around it; an empty one is none where that may be."""
        if not isinstance(value, str):  # as lists are, which the last such validator has split
            return value
        assert info.field_name is not None
        default = cls.model_fields[info.field_name].default
        return value.strip() or (None if default is None else "")

    @field_validator("api_keys", "cors_origins", "stream_blocks", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        return split_keys(value) if info.field_name == "api_keys" else split_at_commas(value)

    @property
    def engine_options(self) -> BaseModel:
        """The chosen engine's options."""
        options = ENGINES[self.engine].options
        return options.model_validate(self.model_dump(include=set(options.model_fields)))

    @property
    def max_waiting_jobs(self) -> int:
        """Jobs that all admitted requests may have: no engine refuses one of them half-way."""
        return self.ingress_replicas * self.max_requests * self.max_request_jobs

    @property
    def runpod_jobs(self) -> int:
        """Jobs that a RunPod worker takes at once: no more than one ingress has places for.

        They may all come to the same replica, which then refuses none.
        """
        return min(self.runpod_concurrency, self.max_requests)

    @property
    def limits(self) -> Limits:
        """The bounds on requests alone."""
        return Limits(**self.model_dump(include=set(Limits.model_fields)))

    def warnings(self, environ: Mapping[str, str]) -> list[str]:
        """Return suspicious settings, a line each, for the log and the health report."""
        known = {f"{PREFIX}{name}".upper() for name in type(self).model_fields}
        warnings = misspelt_variables(environ, known | _CALLER_VARIABLES)
        if self.s3_access_key_id is not None and self.s3_bucket_name is None:
            warnings.append("S3 credentials without S3_BUCKET_NAME: nothing is uploaded")
        if "ECHO_API_KEY" in environ and not self.api_keys:
            warnings.append(
                "ECHO_API_KEY is for callers; without ECHO_API_KEYS no key is asked for"
            )
        return warnings

    @model_validator(mode="after")
    def _complete_bucket(self) -> Settings:
        if self.s3_bucket_name is not None and not (
            self.s3_access_key_id and self.s3_secret_access_key
        ):
            raise ValueError(
                "S3_BUCKET_NAME needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY as well"
            )
        return self
