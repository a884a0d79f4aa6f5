"""The transport, against sockets that break in every way that we know of."""

from __future__ import annotations

import os
import socket
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from psp_clients.connection import MAX_ANSWER_BYTES
from psp_clients.contract import InDoubt, NotSent, Operation
from psp_clients.http import Answer, Transport

from .servers import (
    CERTIFICATE,
    Behaviour,
    ReplayingPsp,
    Reply,
    SocketServer,
    full_url,
    over_tls,
    reset,
    unused_url,
)

Serve = Callable[[Behaviour], SocketServer]

FOREVER_SECONDS = 30  # nothing here waits so long but whoever waits for ever
SECRET = "key-that-nobody-may-see"
BODY = b'{"purchase":"that-nobody-may-see"}'
OK = Reply(200, {"done": True})


def transport(url: str, **changes: Any) -> Transport:
    given = {"connect_timeout": 0.3, "money_timeout": 0.4, "lookup_timeout": 5, **changes}
    return Transport(url, **given)


def patient(url: str, **changes: Any) -> Transport:
    """Make a transport for answers that come at once, however busy the machine is."""
    return transport(url, **{"connect_timeout": 5, "money_timeout": 5, **changes})


def charge(to: Transport) -> Answer:
    return to.send(
        "POST",
        "/charge",
        headers={"Authorization": f"Bearer {SECRET}", "Idempotency-Key": "k-1"},
        body=BODY,
        operation=Operation.CONFIRM,
    )


def look_up(to: Transport) -> Answer:
    return to.send("GET", "/charge", headers={}, body=b"", operation=Operation.FETCH)


def refuses_silently(error: BaseException) -> bool:
    """Whether neither the error, nor what it drags along, shows what was sent."""
    shown = "".join(traceback.format_exception(error)) + repr(vars(error))
    return (
        error.__cause__ is None
        and error.__context__ is None
        and SECRET not in shown
        and "nobody-may-see" not in shown
    )


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests trust the certificate of these tests instead of the world's."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(CERTIFICATE))


class TestNothingWasSentWhen:
    def test_the_connection_is_refused(self):
        with unused_url() as url, pytest.raises(NotSent) as caught:
            charge(transport(url))
        assert str(caught.value) == "confirm: nothing was sent (ConnectionRefusedError)"
        assert refuses_silently(caught.value)

    def test_the_name_cannot_be_resolved(self):
        with pytest.raises(NotSent) as caught:
            charge(transport("http://psp.invalid"))
        assert str(caught.value) == "confirm: nothing was sent (gaierror)"

    def test_the_name_cannot_be_a_name(self):
        with pytest.raises(NotSent):
            charge(transport(f"http://{'a' * 64}.invalid"))

    def test_connecting_takes_too_long(self):
        started = time.monotonic()
        with full_url() as url, pytest.raises(NotSent, match="nothing was sent"):
            charge(transport(url))
        assert 0.25 < time.monotonic() - started < FOREVER_SECONDS

    def test_the_other_side_speaks_no_tls(self, serve: Serve):
        def plain(_: SocketServer, sock: socket.socket) -> None:
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        server = serve(plain)
        with pytest.raises(NotSent):
            charge(transport(server.url.replace("http:", "https:")))

    def test_the_tls_handshake_hangs(self, serve: Serve):
        server = serve(lambda server, _: server.stopping.wait(5))
        with pytest.raises(NotSent):
            charge(transport(server.url.replace("http:", "https:")))

    def test_the_tls_handshake_is_cut_off(self, serve: Serve):
        def cut(_: SocketServer, sock: socket.socket) -> None:
            sock.recv(1)
            reset(sock)

        server = serve(cut)
        with pytest.raises(NotSent):
            charge(transport(server.url.replace("http:", "https:")))

    def test_the_certificate_is_not_trusted(self, serve: Serve):
        server = serve(over_tls(lambda server, sock: server.read_request(sock)))
        with pytest.raises(NotSent, match="SSLCertVerificationError"):
            charge(patient(server.url.replace("http:", "https:")))
        assert server.requests == []

    def test_a_look_up_is_refused_too(self):
        with unused_url() as url, pytest.raises(NotSent, match="fetch: nothing was sent"):
            look_up(transport(url))

    def test_before_send_refuses(self, psp: ReplayingPsp):
        def refuse() -> None:
            raise RuntimeError("a transaction is open")

        with pytest.raises(RuntimeError, match="a transaction is open"):
            charge(transport(psp.url, before_send=refuse))
        assert psp.connections == 0

    def test_the_path_could_name_another_host(self, psp: ReplayingPsp):
        with pytest.raises(ValueError, match="slash"):
            transport(psp.url).send(
                "GET", "@evil.example/", headers={}, body=b"", operation=Operation.FETCH
            )
        assert psp.connections == 0


class TestTheOutcomeIsInDoubtWhen:
    @staticmethod
    def assert_in_doubt(server: SocketServer, *, requests: int = 1) -> str:
        with pytest.raises(InDoubt) as caught:
            charge(transport(server.url))
        assert refuses_silently(caught.value)
        assert len(server.requests) == requests
        return str(caught.value)

    def test_no_answer_comes(self, serve: Serve):
        def silent(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            server.stopping.wait(5)

        said = self.assert_in_doubt(serve(silent))
        assert said == "confirm: sent, and no whole answer came (TimeoutError)"

    def test_the_connection_drops_before_the_request_is_read(self, serve: Serve):
        def drop(_: SocketServer, sock: socket.socket) -> None:
            sock.recv(1, socket.MSG_PEEK)
            reset(sock)

        self.assert_in_doubt(serve(drop), requests=0)

    def test_the_connection_closes_before_the_request_is_read(self, serve: Serve):
        self.assert_in_doubt(serve(lambda *_: None), requests=0)

    def test_the_connection_drops_after_the_request_was_read(self, serve: Serve):
        def drop(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            reset(sock)

        self.assert_in_doubt(serve(drop))

    @pytest.mark.parametrize(
        "beginning",
        [
            pytest.param(b"HTTP/1.1 20", id="within the status line"),
            pytest.param(b"HTTP/1.1 429 Slow\r\nRetry-Af", id="within a header"),
            pytest.param(b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\n", id="between headers"),
            pytest.param(b"HTTP/1.1 429 Slow\r\n", id="before the headers"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", id="within the body"),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000\r\n\r\n{}", id="huge length"
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
                id="between chunks",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}",
                id="within a chunk",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
                id="in a senseless chunk",
            ),
            pytest.param(b"SSH-2.0-not-http\r\n", id="in another protocol"),
        ],
    )
    def test_the_answer_ends(self, serve: Serve, beginning: bytes):
        def end(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            sock.sendall(beginning)

        self.assert_in_doubt(serve(end))

    def test_the_answer_is_a_redirect(self, psp: ReplayingPsp, serve: Serve):
        elsewhere = serve(lambda server, sock: server.read_request(sock))
        psp.will_answer(Reply(302, b"moved", {"Location": elsewhere.url}))
        said = self.assert_in_doubt(psp)
        assert said == "confirm: sent; answered 302, which settles nothing"
        assert elsewhere.connections == 0

    def test_the_answer_is_a_redirect_to_nowhere(self, psp: ReplayingPsp):
        psp.will_answer(Reply(302, b"moved", {"Location": "http://["}))
        self.assert_in_doubt(psp)

    def test_the_answer_is_only_interim(self, serve: Serve):
        def hint(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")

        self.assert_in_doubt(serve(hint))

    def test_the_body_is_too_large(self, psp: ReplayingPsp):
        psp.will_answer(Reply(200, b" " * MAX_ANSWER_BYTES))
        assert "(AnswerTooLarge)" in self.assert_in_doubt(psp)

    def test_the_headers_are_too_large(self, psp: ReplayingPsp):
        pile = {f"X-{number}": "y" * 60_000 for number in range(20)}
        psp.will_answer(Reply(200, b"{}", pile))
        assert "(AnswerTooLarge)" in self.assert_in_doubt(psp)

    @pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"])
    def test_the_answer_drips(self, serve: Serve, head: bytes):
        def drip(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            sock.sendall(head)
            while not server.stopping.wait(0.03):
                sock.sendall(b" ")

        started = time.monotonic()
        self.assert_in_doubt(serve(drip))
        assert 0.35 < time.monotonic() - started < FOREVER_SECONDS

    def test_the_answer_stalls_half_way(self, serve: Serve):
        def stall(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            server.stopping.wait(1.4)
            sock.sendall(b" ")
            server.stopping.wait(FOREVER_SECONDS)

        server = serve(stall)
        started = time.monotonic()
        with pytest.raises(InDoubt):
            charge(transport(server.url, money_timeout=1.5))
        assert 1.45 < time.monotonic() - started < 1.4 + 1.5

    def test_the_answer_never_pauses_but_takes_too_long(self, serve: Serve):
        def flow(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not server.stopping.is_set():
                sock.sendall(b" ")

        server = serve(flow)
        with pytest.raises(InDoubt, match="TimeoutError"):
            charge(transport(server.url, money_timeout=0.05))

    def test_a_kept_connection_turns_out_stale(self, serve: Serve):
        def once(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            sock.sendall(OK.to_bytes())
            sock.recv(1)
            reset(sock)

        server = serve(once)
        client = patient(server.url)
        assert charge(client).status == 200
        with pytest.raises(InDoubt):
            charge(client)
        assert server.connections == 1

    def test_a_tls_connection_drops_after_the_handshake(self, serve: Serve, trusted: None):
        def drop(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            reset(sock)

        server = serve(over_tls(drop))
        with pytest.raises(InDoubt):
            charge(patient(server.url.replace("http:", "https:")))
        assert len(server.requests) == 1

    def test_tls_turns_to_nonsense_after_the_handshake(self, serve: Serve, trusted: None):
        def babble(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            with socket.socket(fileno=os.dup(sock.fileno())) as plain:
                plain.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        server = serve(over_tls(babble))
        with pytest.raises(InDoubt, match="SSLError"):
            charge(patient(server.url.replace("http:", "https:")))
        assert len(server.requests) == 1

    def test_a_look_up_is_not_answered_either(self, serve: Serve):
        def silent(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            server.stopping.wait(FOREVER_SECONDS)

        server = serve(silent)
        started = time.monotonic()
        with pytest.raises(InDoubt, match="fetch: sent, and no whole answer came"):
            look_up(patient(server.url, lookup_timeout=0.1))
        assert time.monotonic() - started < FOREVER_SECONDS


class TestTheTransport:
    def test_sends_what_it_is_given_and_returns_what_is_answered(self, psp: ReplayingPsp):
        psp.will_answer(Reply(201, {"done": True}, {"X-Mark": "m"}))
        answer = charge(patient(psp.url + "/psp/"))
        assert (answer.status, answer.body, answer.headers["x-mark"]) == (
            201,
            b'{"done": true}',
            "m",
        )
        (seen,) = psp.requests
        assert (seen.method, seen.path, seen.body) == ("POST", "/psp/charge", BODY)
        assert seen.headers == {
            "host": psp.url.removeprefix("http://"),
            "user-agent": "BPS",
            "accept-encoding": "identity",
            "authorization": f"Bearer {SECRET}",
            "idempotency-key": "k-1",
            "content-length": str(len(BODY)),
        }

    @pytest.mark.parametrize("status", [400, 404, 408, 429, 500, 503])
    def test_returns_refusals_and_never_asks_again(self, psp: ReplayingPsp, status: int):
        psp.will_answer(Reply(status, {}, {"Retry-After": "0"}))
        assert charge(patient(psp.url)).status == status
        assert len(psp.requests) == 1

    def test_returns_an_answer_in_chunks(self, serve: Serve):
        def chunked(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            sock.sendall(b"3\r\n{} \r\n1\r\n \r\n0\r\n\r\n")

        assert charge(patient(serve(chunked).url)).body == b"{}  "

    def test_speaks_tls_and_keeps_the_connection(self, serve: Serve, trusted: None):
        def answer(server: SocketServer, sock: socket.socket) -> None:
            while server.read_request(sock):
                sock.sendall(OK.to_bytes())

        server = serve(over_tls(answer))
        client = patient(server.url.replace("http:", "https:"))
        assert [charge(client).body for _ in range(2)] == [b'{"done": true}'] * 2
        assert server.connections == 1

    def test_does_not_unpack_what_it_did_not_ask_to_be_packed(self, psp: ReplayingPsp):
        psp.will_answer(Reply(200, b"\x1f\x8bpacked", {"Content-Encoding": "gzip"}))
        assert charge(patient(psp.url)).body == b"\x1f\x8bpacked"

    def test_calls_after_send_once_the_psp_has_it_and_before_it_answers(self, psp: ReplayingPsp):
        psp.will_answer(OK)

        def die_once_the_psp_has_read_it() -> None:
            while not psp.requests:
                time.sleep(0.01)
            raise SystemExit

        with pytest.raises(SystemExit):
            charge(patient(psp.url, after_send=die_once_the_psp_has_read_it))
        assert [seen.body for seen in psp.requests] == [BODY]

    def test_calls_before_send_before_every_send(self, psp: ReplayingPsp):
        seen_before: list[int] = []
        psp.will_answer(OK)
        client = patient(psp.url, before_send=lambda: seen_before.append(len(psp.requests)))
        charge(client)
        look_up(client)
        assert seen_before == [0, 1]

    def test_keeps_a_connection_for_the_next_call(self, psp: ReplayingPsp):
        psp.will_answer(OK)
        client = patient(psp.url)
        assert [charge(client).status for _ in range(3)] == [200, 200, 200]
        assert (psp.connections, len(psp.requests)) == (1, 3)

    def test_opens_another_connection_where_the_kept_one_was_closed(self, serve: Serve):
        def once(server: SocketServer, sock: socket.socket) -> None:
            server.read_request(sock)
            sock.sendall(OK.to_bytes())

        server = serve(once)
        client = patient(server.url)
        assert charge(client).status == 200
        time.sleep(0.05)
        assert charge(client).status == 200
        assert (server.connections, len(server.requests)) == (2, 2)

    def test_gives_each_thread_its_own_answer(self, serve: Serve):
        def echo(server: SocketServer, sock: socket.socket) -> None:
            while seen := server.read_request(sock):
                time.sleep(0.01)
                sock.sendall(Reply(200, seen.body).to_bytes())

        client = patient(serve(echo).url, money_timeout=2)
        answers: dict[bytes, bytes] = {}

        def ask(body: bytes) -> None:
            for _ in range(5):
                answers[body] = client.send(
                    "POST", "/", headers={}, body=body, operation=Operation.CONFIRM
                ).body

        threads = [threading.Thread(target=ask, args=(b"%d" % n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == {b"%d" % n: b"%d" % n for n in range(8)}

    def test_ignores_proxy_variables_and_netrc(
        self, psp: ReplayingPsp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ):
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login stray password stray\n")
        monkeypatch.setenv("NETRC", str(netrc))
        psp.will_answer(OK)
        with unused_url() as nowhere:
            for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, nowhere)
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("NO_PROXY", raising=False)
            assert look_up(patient(psp.url)).status == 200
        assert "authorization" not in psp.requests[0].headers

    def test_returns_no_cookies(self, psp: ReplayingPsp):
        psp.will_answer(Reply(200, {}, {"Set-Cookie": "stick=1; Path=/"}))
        client = patient(psp.url)
        charge(client)
        charge(client)
        assert "cookie" not in psp.requests[1].headers

    def test_opens_connections_of_its_own_in_a_forked_child(
        self, psp: ReplayingPsp, monkeypatch: pytest.MonkeyPatch
    ):
        psp.will_answer(OK)
        client = patient(psp.url)
        charge(client)
        monkeypatch.setattr(os, "getpid", lambda: 1)
        charge(client)
        assert (psp.connections, len(psp.requests)) == (2, 2)

    def test_shows_where_it_sends_and_nothing_else(self, psp: ReplayingPsp):
        psp.will_answer(Reply(200, {"secret": "s"}, {"X-Secret": "s"}))
        client = transport("https://psp.example/v2/")
        assert repr(client) == "Transport('https://psp.example/v2')"
        assert repr(charge(patient(psp.url))) == "Answer(status=200)"

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "psp.example",
            "ftp://psp.example",
            "http://",
            "https://user:password@psp.example",
            "https://psp.example?key=1",
            "https://psp.example/#part",
            "https://psp.example:port",
            "https://psp.example:99999",
        ],
    )
    def test_refuses_an_address_that_is_not_a_plain_one(self, url: str):
        with pytest.raises(ValueError, match=r"URL|[Pp]ort"):
            transport(url)
