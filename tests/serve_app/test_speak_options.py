import socket

from serve_app.commands.speak_options import speak_parser


def test_patience_without_end_is_one_that_a_socket_takes():
    given = speak_parser().parse(["Hi.", "-o", "out.wav", "--patience", "1e300"])
    with socket.socket() as any_socket:
        any_socket.settimeout(given.patience)
