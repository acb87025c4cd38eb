import shutil

SPEECH = "/v1/audio/speech"


async def test_voices_are_listed_only_where_that_is_set(make_ingress, connect, voices_dir):
    listed = await connect(make_ingress(list_voices=True)).get("/v1/audio/voices")
    assert listed.json() == {
        "voices": [{"id": "deep.wav", "name": "deep"}, {"id": "high.flac", "name": "high"}]
    }
    hidden = await connect(make_ingress()).get("/v1/audio/voices")
    assert hidden.status_code == 404
    assert set(hidden.json()["error"]) == {"message", "type", "param", "code"}


async def test_listing_sees_what_is_published_and_asks_for_the_key(
    make_ingress, connect, voices_dir
):
    client = connect(make_ingress(list_voices=True, api_keys=["secret"]))
    assert (await client.get("/v1/audio/voices")).status_code == 401
    shutil.copy(voices_dir / "deep.wav", voices_dir / "alloy.wav")
    listed = await client.get("/v1/audio/voices", headers={"Authorization": "Bearer secret"})
    assert {"id": "alloy.wav", "name": "alloy"} in listed.json()["voices"]


async def test_voice_by_openais_name_speaks_once_a_file_has_it(make_ingress, connect, voices_dir):
    client = connect(make_ingress())
    body = {"input": "Hello.", "voice": "alloy", "response_format": "pcm", "seed": 1}
    missing = await client.post(SPEECH, json=body)
    error = missing.json()["error"]
    assert (missing.status_code, error["code"], error["param"]) == (404, "voice_not_found", "voice")
    assert error["message"].startswith("voice 'alloy' not found; add a file")
    assert "alloy.wav" in error["message"]
    assert str(voices_dir) not in error["message"]
    shutil.copy(voices_dir / "deep.wav", voices_dir / "alloy.wav")
    by_stem = await client.post(SPEECH, json=body)
    by_file = await client.post(SPEECH, json={**body, "voice": "deep.wav"})
    assert by_stem.status_code == 200
    assert by_stem.content == by_file.content


async def test_ambiguous_voice_is_400_that_names_the_files(make_ingress, connect, voices_dir):
    for name in ("alloy.wav", "alloy.ogg"):
        shutil.copy(voices_dir / "deep.wav", voices_dir / name)
    client = connect(make_ingress())
    answer = await client.post(SPEECH, json={"input": "Hello.", "voice": "alloy"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "voice 'alloy' means several files: 'alloy.ogg', 'alloy.wav'; name one of them"
    )
    assert answer.json()["error"]["param"] == "voice"


async def test_jobs_keep_the_contracts_text_for_a_stem(make_ingress):
    output = await make_ingress().run_job({"text": "Hello.", "speaker_voice": "alloy"})
    assert output == {"error": "speaker_voice 'alloy' not found"}


async def test_long_parameter_name_is_not_echoed(make_ingress, connect):
    client = connect(make_ingress())
    body = {"input": "Hello.", "parameters": {"x" * 100_000: 1}}
    answer = await client.post(SPEECH, json=body)
    assert answer.status_code == 400
    assert len(answer.content) < 2000
