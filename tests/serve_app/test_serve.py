"""How `echo-tts serve` ends."""

from serve_app.commands import serve


def test_ctrl_c_before_ray_is_there_ends_without_a_traceback(monkeypatch, capfd):
    def interrupted(settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "serve_here", interrupted)
    assert serve.main(["port=8123"]) == 0
    assert capfd.readouterr() == ("", "")
