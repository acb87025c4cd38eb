from speech.chunks import chunk_seed


def test_chunk_seed_is_the_requests_own_then_derived():
    assert chunk_seed(7, 0) == 7
    derived = [chunk_seed(7, index) for index in range(1, 50)]
    assert len(set(derived)) == 49
    assert all(0 <= seed < 2**63 for seed in derived)
    assert derived == [chunk_seed(7, index) for index in range(1, 50)]
