"""A drain while what it asks is replaced; tests/server/ drains whole servers."""

import threading

import pytest
from ray.exceptions import ActorUnavailableError

from serve_app import draining


def gone():
    return ActorUnavailableError("killed", None)


@pytest.fixture
def ask(monkeypatch):
    """Return `ask(refusals, drained)`: drain a graph that answers so; what is left of both."""

    def ask(refusals, drained):
        def next_of(answers):
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(draining, "_refuse_requests", lambda app: next_of(refusals))
        monkeypatch.setattr(draining, "_proxies_are_drained", lambda: next_of(drained))
        monkeypatch.setattr(draining, "POLL_S", 0)
        draining._drain("default", threading.Event())
        return refusals, drained

    return ask


def test_drain_goes_on_where_a_controller_or_a_proxy_is_replaced(ask):
    assert ask([gone(), None], [LookupError(), False, gone(), False, True]) == ([], [])


def test_drain_ends_where_nothing_answers_any_more(ask, monkeypatch):
    monkeypatch.setattr(draining, "REPLACED_S", 0)
    with pytest.raises(ActorUnavailableError):
        ask([None], [False, gone(), gone()])
