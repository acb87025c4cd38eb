import logging

import pytest

from deployments.telemetry import request_log
from deployments.telemetry.replica_logging import is_shown, without_traceback_of_refusal
from speech.errors import InternalError, VoiceNotFound, VoicesUnavailable


@pytest.fixture
def serves(caplog):
    logger = logging.getLogger("test.serve")
    logger.addFilter(without_traceback_of_refusal)
    return logger


def log(logger, error):
    try:
        raise error
    except Exception:
        logger.exception("Request failed.")


def test_a_callers_mistake_is_not_logged_by_serve(serves, caplog):
    log(serves, VoiceNotFound("speaker_voice 'alloy' not found", "speaker_voice"))
    assert caplog.records == []


def wrapped(error):
    """Return `error` as Starlette raises one that ends an answer under way."""
    try:
        raise RuntimeError("response already started") from error
    except RuntimeError as wrapper:
        return wrapper


@pytest.mark.parametrize("wrap", [lambda error: error, wrapped])
def test_an_expected_failure_is_one_line(serves, caplog, wrap):
    log(serves, wrap(VoicesUnavailable()))
    [record] = caplog.records
    assert record.exc_info is None
    assert record.getMessage() == f"Request failed. {VoicesUnavailable().message}"


@pytest.mark.parametrize("error", [ValueError("odd"), InternalError("odd")])
def test_what_was_not_foreseen_keeps_its_traceback(serves, caplog, error):
    log(serves, error)
    assert caplog.records[0].exc_info[1] is error


@pytest.mark.parametrize(
    ("name", "level", "shown"),
    [
        (request_log.__name__, logging.INFO, True),
        ("engine.echo.checkpoints.load", logging.INFO, True),
        ("engine.echo.engine", logging.INFO, False),
        ("engine.echo.engine", logging.WARNING, True),
        ("ray.serve", logging.ERROR, True),
    ],
)
def test_terminal_shows_requests_loading_and_what_is_wrong(name, level, shown):
    record = logging.LogRecord(name, level, __file__, 1, "said", (), None)
    assert is_shown(record) is shown
