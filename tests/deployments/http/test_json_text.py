"""JSON, in and out: numbers that are too long for Python through every API that reads it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.http.json_text import FastJSONResponse, parse_json

DIGITS = "9" * 5000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
SEED_ERROR = "Invalid 'seed': should be less than 9223372036854775808, got 999"


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("field", ["seed", "speed", "sample_rate", "input"])
async def test_huge_number_is_refused_by_the_name_of_its_field(make_ingress, connect, field, sign):
    body = json.dumps({"input": "Hello.", field: 0}).replace("0", sign + DIGITS)
    response = await connect(make_ingress()).post(
        "/v1/audio/speech", content=body, headers={"Content-Type": "application/json"}
    )
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, field)
    assert len(error["message"]) < 200


@pytest.mark.parametrize("route", ["/runsync", "/v2/any/runsync"])
async def test_huge_seed_of_a_job_is_refused_by_its_name(make_ingress, connect, route):
    body = f'{{"input": {{"text": "Hello.", "seed": {DIGITS}}}}}'
    response = await connect(make_ingress()).post(
        route, content=body, headers={"Content-Type": "application/json"}
    )
    assert response.json()["error"].startswith(SEED_ERROR)


@given(VALUES)
def test_what_json_holds_comes_back(value):
    assert parse_json(json.dumps(value)) == value


@given(VALUES)
def test_answer_holds_what_it_is_given(value):
    assert json.loads(FastJSONResponse(value).body) == value


@pytest.mark.parametrize("text", ["", "{", "01", "[" * 100_000, "\ud800"])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text)
