"""Both clients where TLS fails: what is wrong is told, and that there is a server."""

import socket
import ssl
import threading

import pytest

from serve_app.client import Refused, stream_speech
from serve_app.follow import follow_speech


def speak(url):
    with stream_speech(url, None, {"input": "Hello."}, 10):
        pass


def follow(url):
    with open("/dev/null", "rb") as text:
        list(follow_speech(url, None, {}, text, 10))


@pytest.mark.parametrize("call", [speak, follow])
def test_certificate_that_is_not_trusted_is_told(call, own_certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate)

    def serve(listening):
        with listening.accept()[0] as connection, pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    assert "its certificate is not valid here: self-signed certificate" in refusal(call, serve)


@pytest.mark.parametrize("call", [speak, follow])
def test_server_without_tls_is_told(call):
    def serve(listening):
        with listening.accept()[0] as connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.recv(4096)

    assert "it does not speak TLS (" in refusal(call, serve)


def refusal(call, serve):
    """Return the message with which a call to a server ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        with pytest.raises(Refused) as caught:
            call(f"https://user:secret@{address}")
        thread.join()
    assert str(caught.value).startswith(f"No connection to {address}: ")
    return str(caught.value)
