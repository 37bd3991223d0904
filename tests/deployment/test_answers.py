"""How answers leave gunicorn: head and first piece together."""

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser

from app.operations.gunicorn.answers import WholeResponse

ADDRESS = ("127.0.0.1", 1)


class Sent(list):
    """Where a socket would be: what each call sends."""

    sendall = list.append


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def answer(sent):
    """Have an application answer a request with these pieces; gives the calls that send."""

    def write(pieces, *, method="GET", headers=()):
        config = Config()
        request = f"{method} / HTTP/1.1\r\nHost: here\r\n\r\n".encode()
        (asked, *_) = [next(RequestParser(config, [request], ADDRESS))]
        response, _ = wsgi.create(
            asked, sent, ADDRESS, ADDRESS, config, response_class=WholeResponse
        )
        response.start_response("200 OK", [("Content-Type", "text/plain"), *headers])
        for piece in pieces:
            response.write(piece)
        response.close()
        return sent

    return write


def test_head_and_body_leave_in_one_call(answer):
    (whole,) = answer([b"hello"], headers=[("Content-Length", "5")])

    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert whole.endswith(b"\r\n\r\nhello")


def test_what_is_streamed_follows_piece_by_piece(answer):
    first, second, end = answer([b"one", b"two"])

    assert first.endswith(b"\r\n\r\n3\r\none\r\n")
    assert (second, end) == (b"3\r\ntwo\r\n", b"0\r\n\r\n")


@pytest.mark.parametrize(("pieces", "method"), [([], "GET"), ([b"hello"], "HEAD")])
def test_a_head_without_a_body_leaves_too(pieces, method, answer):
    (head,) = answer(pieces, method=method, headers=[("Content-Length", "5")])

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")


def test_a_piece_that_is_no_bytes_sends_nothing(answer, sent):
    with pytest.raises(TypeError):
        answer(["hello"])

    assert sent == []
