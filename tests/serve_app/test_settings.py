import pytest
from pydantic import ValidationError

from serve_app.settings import Settings


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("AUDIO_VOICES_DIR", "PORT", "HOST", "S3_BUCKET_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_settings_defaults_are_the_contracts():
    settings = Settings()
    assert settings.voices_dir == "/runpod-volume/echo-tts/audio_voices"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.max_text_chars == 4096


def test_settings_come_from_arguments_then_environment_then_default(monkeypatch):
    monkeypatch.setenv("ECHO_MAX_REQUESTS", "5")
    monkeypatch.setenv("ECHO_DECODE_THREADS", "3")
    settings = Settings.model_validate({"max_requests": "7"})
    assert (settings.max_requests, settings.decode_threads, settings.max_request_jobs) == (7, 3, 4)


def test_settings_read_the_contracts_own_names(monkeypatch):
    monkeypatch.setenv("AUDIO_VOICES_DIR", "/somewhere")
    monkeypatch.setenv("PORT", "9001")
    assert Settings().voices_dir == "/somewhere"
    assert Settings().port == 9001
    assert Settings.model_validate({"voices_dir": "/elsewhere"}).voices_dir == "/elsewhere"


def test_settings_accept_runpods_bucket_names(monkeypatch):
    monkeypatch.setenv("BUCKET_ENDPOINT_URL", "http://127.0.0.1:9000")
    monkeypatch.setenv("BUCKET_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("BUCKET_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("S3_BUCKET_NAME", "speech")
    settings = Settings()
    assert settings.s3_endpoint_url == "http://127.0.0.1:9000"
    assert settings.s3_access_key_id == "id"
    assert "very-secret" not in repr(settings)


def test_settings_refuse_a_bucket_without_credentials(monkeypatch):
    monkeypatch.setenv("S3_BUCKET_NAME", "speech")
    with pytest.raises(ValidationError, match="S3_ACCESS_KEY_ID"):
        Settings()


def test_settings_treat_empty_variables_as_unset(monkeypatch):
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("S3_BUCKET_NAME", "")
    assert Settings().port == 8000
    assert Settings().s3_bucket_name is None


def test_settings_read_variables_without_blanks_around_them(monkeypatch):
    """A secret often ends with the line end of the file that it was made from."""
    monkeypatch.setenv("S3_BUCKET_NAME", " speech\n")
    monkeypatch.setenv("S3_ACCESS_KEY_ID", " ")
    monkeypatch.setenv("BUCKET_ACCESS_KEY_ID", "id\r\n")
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "secret\n")
    monkeypatch.setenv("S3_REGION", " ")
    monkeypatch.setenv("ECHO_RUNPOD_STREAMING", "TRUE\n")
    settings = Settings()
    assert (settings.s3_bucket_name, settings.s3_access_key_id) == ("speech", "id")
    assert settings.s3_secret_access_key.get_secret_value() == "secret"
    assert settings.s3_region is None
    assert settings.runpod_streaming


def test_settings_split_lists_at_commas(monkeypatch):
    monkeypatch.setenv("ECHO_API_KEYS", "first, second,")
    monkeypatch.setenv("ECHO_CORS_ORIGINS", "https://a.example,https://b.example")
    monkeypatch.setenv("ECHO_STREAM_BLOCKS", "16, 64")
    settings = Settings()
    assert settings.stream_blocks == (16, 64)
    assert [key.get_secret_value() for key in settings.api_keys] == ["first", "second"]
    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_origins_are_those_that_browsers_send():
    written = "https://A.example/, http://b.example:80, https://c.example:8443, app://d, null, *"
    read = Settings(cors_origins=written).cors_origins
    sent = "https://a.example", "http://b.example", "https://c.example:8443", "app://d", "null", "*"
    assert read == sent


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_requests": 0},
        {"deadline_s": 0},
        {"port": 70000},
        {"sampler_replicas": "all"},
        {"stream_blocks": ""},
        {"stream_blocks": "32,130"},
        {"stream_blocks": "32,644"},
    ],
)
def test_settings_refuse_values_out_of_bounds(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Settings.model_validate(wrong)


def test_engine_has_room_for_every_job_of_every_admitted_request():
    settings = Settings(max_requests=128, max_request_jobs=3, ingress_replicas=2)
    assert settings.max_waiting_jobs == 768


def test_settings_refuse_an_unknown_name():
    with pytest.raises(ValidationError, match="max_reqests"):
        Settings.model_validate({"max_reqests": 3})


def test_settings_refuse_an_unknown_engine_and_list_the_known():
    with pytest.raises(ValidationError, match=r"no engine 'echoo' \(known: echo\)"):
        Settings.model_validate({"engine": "echoo"})


def test_settings_warn_of_misspelt_variables_and_credentials_without_a_bucket(monkeypatch):
    environ = {"ECHO_MAX_REQESTS": "3", "ECHO_MAX_REQUESTS": "3", "PATH": "/bin"}
    assert Settings().warnings(environ) == [
        "no setting reads ECHO_MAX_REQESTS: did you mean ECHO_MAX_REQUESTS?"
    ]
    assert Settings().warnings({"ECHO_XYZ": "1"}) == ["no setting reads ECHO_XYZ: is it misspelt?"]
    monkeypatch.setenv("S3_ACCESS_KEY_ID", "id")
    assert Settings().warnings({}) == ["S3 credentials without S3_BUCKET_NAME: nothing is uploaded"]


def test_settings_warn_of_a_callers_key_without_the_servers():
    environ = {"ECHO_URL": "http://127.0.0.1:8000", "ECHO_API_KEY": "key"}
    (warning,) = Settings().warnings(environ)
    assert warning == "ECHO_API_KEY is for callers; without ECHO_API_KEYS no key is asked for"
    assert Settings(api_keys=("key",)).warnings(environ) == []


def test_settings_let_an_empty_name_not_hide_its_twin(monkeypatch):
    monkeypatch.setenv("S3_ACCESS_KEY_ID", "")
    monkeypatch.setenv("BUCKET_ACCESS_KEY_ID", "id")
    assert Settings().s3_access_key_id == "id"


def test_runpod_worker_takes_no_more_jobs_than_one_ingress_has_places():
    assert Settings().runpod_jobs == 16
    assert Settings(max_requests=4, ingress_replicas=8).runpod_jobs == 4


def test_argument_is_read_without_blanks_as_a_variable_is():
    given = Settings(host=" ::1 ", default_voice=" ", metrics_port="", sampler_gpus=" auto ")
    assert (given.host, given.default_voice) == ("::1", None)
    assert (given.metrics_port, given.sampler_gpus) == (None, "auto")


def test_default_voice_may_be_called_by_the_callers_name_for_none():
    assert Settings(default_voice="default").default_voice is None
