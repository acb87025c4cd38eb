from functools import partial

from ray import serve

from bench.voice_prep import bench_class, bench_handle


async def test_a_voice_is_timed_where_it_is_prepared_and_through_a_handle(voices_dir, monkeypatch):
    monkeypatch.setattr(serve, "run", partial(serve.run, _local_testing_mode=True))
    for measure in (bench_class, bench_handle):
        [row] = await measure(voices_dir, ["deep.wav"])
        assert row["miss_ms"] > row["hit_ms"] > 0
