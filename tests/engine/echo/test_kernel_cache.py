from engine.echo.kernel_cache import drop_unwritable


def test_folder_that_can_be_written_is_kept_and_made(tmp_path):
    environment = {"TRITON_CACHE_DIR": str(tmp_path / "a" / "b"), "HOME": "/nowhere"}
    expected = dict(environment)
    drop_unwritable(environment)
    assert environment == expected
    assert (tmp_path / "a" / "b").is_dir()


def test_folder_that_cannot_be_written_is_forgotten(tmp_path, caplog):
    (tmp_path / "file").touch()
    environment = {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "file" / "kernels")}
    drop_unwritable(environment)
    assert environment == {}
    assert "TORCHINDUCTOR_CACHE_DIR cannot be written" in caplog.text
