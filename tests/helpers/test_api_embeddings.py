"""The real litellm and openai code against an OpenAI-compatible server on loopback: no key, no network, no cost.

All of it passes with openai 2 (which speaks through httpx) and openai 3 (httpx2).
"""

import base64
import json
import os
import pickle
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from helpers import api_embeddings, network_settings
from helpers.api_embeddings import EmbeddingAPIError, batch_embed_openai, get_embedding_openai
from helpers.errors import CourseError

pytestmark = pytest.mark.filterwarnings("error")  # a warning is a line on a student's screen, too

KEY = "sk-very-secret-0123456789"
QUOTA = {
    "error": {"message": "You exceeded your current quota.", "type": "insufficient_quota", "code": "insufficient_quota"}
}
RATE = {"error": {"message": "Rate limit reached.", "type": "requests", "code": "rate_limit_exceeded"}}
WRONG_KEY = {
    "error": {
        "message": f"Incorrect API key provided: {KEY}.",
        "type": "invalid_request_error",
        "code": "invalid_api_key",
    }
}
BROKEN = {"error": {"message": "The server had an error.", "type": "server_error"}}
HTML = b"<html>Log in to the hotel's network</html>"


PROXIES = [name for proxy in ("http_proxy", "https_proxy", "all_proxy") for name in (proxy, proxy.upper())]


def vector_for(text):
    """What the fake server answers: known numbers that differ from text to text."""
    return [float(len(text)), float(sum(map(ord, text)) % 97), 0.25]


class FakeServer(ThreadingHTTPServer):
    """Answers each request with the next planned (status, body); with none left, with right embeddings.

    Planned may also be "slow"; "hang up", for no answer at all; or a number of bytes after which an answer breaks off.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), FakeHandler)
        self.plan = []
        self.forever = None
        self.seen = []
        self.release = threading.Event()  # a "slow" answer waits for it

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class FakeHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append({"path": self.path, "key": self.headers["Authorization"], **request})
        planned = self.server.plan.pop(0) if self.server.plan else self.server.forever
        if planned == "slow":
            self.server.release.wait(20)
        if planned == "hang up":
            return
        status, body = planned if isinstance(planned, tuple) else (200, self.embeddings(request))
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload[: planned if isinstance(planned, int) else None])
        except OSError:
            pass  # the client of a slow answer has gone

    def embeddings(self, request):
        data = [
            {"object": "embedding", "index": i, "embedding": vector_for(text)}
            for i, text in enumerate(request["input"])
        ]
        return {
            "object": "list",
            "data": data[::-1],
            "model": request["model"],
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    for name in ("OPENAI_API_BASE", "SSL_CERT_FILE", "no_proxy", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(api_embeddings, "RETRY_PAUSES", (0.0, 0.0, 0.0))
    with FakeServer() as fake:
        thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
        yield fake
        fake.release.set()
        fake.shutdown()


@pytest.fixture
def silent(capfd):
    """Nothing may be written on stdout or stderr, by Python or below it."""
    yield
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def failure(reason, text="a red sofa"):
    """Embed `text`, check that it fails for `reason` in one friendly sentence, and return the error."""
    with pytest.raises(EmbeddingAPIError) as caught:
        get_embedding_openai(text)
    error = caught.value
    assert error.reason == reason
    assert isinstance(error, CourseError)
    assert error.__cause__ is None and (error.__suppress_context__ or error.__context__ is None)
    assert "get_embedding_local" in str(error)
    assert KEY not in str(error) and "\n" not in str(error)
    return error


def test_one_text(server, silent):
    vector = get_embedding_openai("a red sofa")
    assert vector.shape == (3,)
    np.testing.assert_array_equal(vector, vector_for("a red sofa"))
    assert server.seen[0]["path"] == "/v1/embeddings"
    assert server.seen[0]["key"] == f"Bearer {KEY}"
    assert server.seen[0]["model"] == "text-embedding-3-small"


def test_batches_come_back_in_order_whatever_the_order_of_the_answer(server, silent):
    texts = ["b" * (1 + i % 7) + str(i) for i in range(23)]
    vectors = batch_embed_openai(texts, batch_size=5)
    np.testing.assert_array_equal(vectors, [vector_for(text) for text in texts])
    assert vectors.dtype == np.float32
    assert [len(request["input"]) for request in server.seen] == [5, 5, 5, 5, 3]


def test_each_distinct_text_is_sent_once_and_never_again_and_then_needs_no_key(server, silent, monkeypatch):
    first = batch_embed_openai(["sofa", "couch", "sofa"])
    assert sorted(server.seen[0]["input"]) == ["couch", "sofa"]
    monkeypatch.delenv("OPENAI_API_KEY")
    np.testing.assert_array_equal(batch_embed_openai(["sofa", "couch", "sofa"]), first)
    assert len(server.seen) == 1


def test_models_and_servers_do_not_share_cached_vectors(server, silent, monkeypatch):
    get_embedding_openai("sofa")
    get_embedding_openai("sofa", model="text-embedding-3-large")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url.replace("127.0.0.1", "localhost"))
    get_embedding_openai("sofa")
    assert len(server.seen) == 3


def test_the_older_name_of_the_base_url_works(server, silent, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("OPENAI_API_BASE", server.url)
    assert get_embedding_openai("sofa").shape == (3,)


ONCE, ALWAYS = 1, 4  # requests: an error that no repeat can mend, and one that a repeat may mend
CODE = {"message": "No.", "code": "insufficient_quota"}
TYPE = {"message": "No.", "type": "insufficient_quota"}
NO_CODE = {"message": "No."}


@pytest.mark.parametrize(
    ("status", "body", "reason", "requests"),
    [
        (401, WRONG_KEY, "wrong key", ONCE),
        (401, {"error": NO_CODE}, "wrong key", ONCE),
        (401, {"error": "No."}, "wrong key", ONCE),
        (401, HTML, "wrong key", ONCE),
        (403, {"error": NO_CODE}, "wrong key", ONCE),
        (429, QUOTA, "no quota", ONCE),
        (429, {"error": CODE}, "no quota", ONCE),
        (429, {"error": TYPE}, "no quota", ONCE),
        (429, CODE, "no quota", ONCE),
        (403, {"error": CODE}, "no quota", ONCE),
        (400, {"error": {"message": "No.", "code": "billing_hard_limit_reached"}}, "no quota", ONCE),
        (402, {"error": {"message": "No.", "code": 402}}, "no quota", ONCE),
        (402, HTML, "no quota", ONCE),
        (400, {"error": {"message": "No.", "code": 402}}, "no quota", ONCE),
        (200, {"error": {"message": "No.", "code": 402}}, "no quota", ONCE),
        (200, {"error": CODE}, "no quota", ONCE),
        (429, RATE, "rate limit", ALWAYS),
        (429, {"error": {"message": "insufficient_quota"}}, "rate limit", ALWAYS),  # words decide nothing
        (429, {"error": NO_CODE}, "rate limit", ALWAYS),
        (429, {"error": "Slow down."}, "rate limit", ALWAYS),
        (429, [], "rate limit", ALWAYS),
        (429, HTML, "rate limit", ALWAYS),
        (429, b"", "rate limit", ALWAYS),
        (200, {"error": {"message": "No.", "code": 429}}, "rate limit", ALWAYS),
        (500, BROKEN, "server error", ALWAYS),
        (500, {"error": "Down."}, "server error", ALWAYS),
        (500, HTML, "server error", ALWAYS),
        (503, b"", "server error", ALWAYS),
        (400, {"error": "No."}, "bad request", ONCE),
        (404, {"error": {"message": "The model does not exist.", "code": "model_not_found"}}, "bad request", ONCE),
        (422, HTML, "bad request", ONCE),
        (302, HTML, "bad answer", ONCE),
    ],
)
def test_what_the_server_answers_decides_by_its_status_code_and_type(server, silent, status, body, reason, requests):
    server.forever = (status, body)
    error = failure(reason)
    assert len(server.seen) == requests
    assert "text-embedding-3-small" in str(error) or reason not in ("wrong key", "bad request")


def test_no_quota_advises_to_add_credit(server, silent):
    server.forever = (429, QUOTA)
    assert "credit" in str(failure("no quota"))


def test_rate_limit_is_tried_again(server, silent):
    server.plan = [(429, RATE), (429, RATE)]
    assert get_embedding_openai("a red sofa").shape == (3,)
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", [500, 503])
def test_server_error_is_tried_again(server, silent, status):
    server.plan = [(status, BROKEN)]
    assert get_embedding_openai("a red sofa").shape == (3,)
    assert len(server.seen) == 2


def test_server_error_for_ever(server, silent):
    server.forever = (500, BROKEN)
    assert "HTTP 500" in str(failure("server error"))


def test_timeout(server, silent, monkeypatch):
    monkeypatch.setattr(api_embeddings, "TIMEOUT_SECONDS", 0.2)
    server.forever = "slow"
    assert "0.2 seconds" in str(failure("timeout"))
    assert len(server.seen) == 1


def test_connection_refused(server, silent, monkeypatch):
    with FakeServer() as closed:
        url = closed.url
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    assert "cannot be reached" in str(failure("no network"))


def test_unknown_host(server, silent, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://no-such-host.invalid/v1")
    assert "no-such-host.invalid" in str(failure("no network"))


@pytest.mark.parametrize("breaks_off", ["hang up", 0, 10])
def test_a_connection_that_breaks_off(server, silent, breaks_off):
    server.forever = breaks_off
    assert "127.0.0.1 cannot be reached" in str(failure("no network"))
    assert len(server.seen) == 1


def test_an_error_that_breaks_off(server, silent, monkeypatch):
    server.forever = 10
    monkeypatch.setattr(FakeHandler, "embeddings", lambda handler, request: WRONG_KEY)
    failure("no network")


@pytest.mark.parametrize(
    "body",
    [
        HTML,
        b"",
        b"null",
        {"object": "list", "data": [], "model": "m"},
        {"object": "list", "data": [{"index": 3, "embedding": [1.0]}], "model": "m"},
        {"object": "list", "data": [{"index": 0, "embedding": [float("nan")]}], "model": "m"},
        {"object": "list", "data": [{"index": 0, "embedding": "soon"}], "model": "m"},
        {"data": None},
        [1, 2],
    ],
)
def test_garbage_body(server, silent, body):
    server.forever = (200, body)
    failure("bad answer")


# --- the address of the server -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "no address at all",
        "127.0.0.1:80/v1",
        "ftp://127.0.0.1/v1",
        "http:///v1",
        "http://127.0.0.1:port/v1",
        "http://127.0.0.1:99999/v1",
        "http://[::1/v1",
        "http://me:hunter2@127.0.0.1:port/v1",
        "http://me:hunter2/x@127.0.0.1/v1",
        "http://me:2?hunter2@127.0.0.1/v1",
        "http://me:2/hunter2@127.0.0.1/v1",
        "http://me:2#hunter2@127.0.0.1/v1",
    ],
)
@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_an_address_that_is_none(server, silent, monkeypatch, name, address):
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv(name, address)
    message = str(failure("no network"))
    assert message.startswith(f"{name} is not the address of a server") and "hunter2" not in message
    assert ("special characters" in message) == ("@" in address)


def test_secrets_in_the_address_are_sent_and_neither_kept_nor_told(server, silent, monkeypatch, tmp_path):
    plain = server.url
    secret = plain.replace("//", "//me:hunter2@") + "/?key=opensesame&api-version=1"
    monkeypatch.setenv("OPENAI_BASE_URL", secret)
    vector = get_embedding_openai("sofa")
    [request] = server.seen
    assert request["path"] == "/v1/embeddings?key=opensesame&api-version=1"
    assert request["key"] == "Basic " + base64.b64encode(b"me:hunter2").decode()
    for status in (401, 402, 404, 429, 500, 200):
        server.forever = (status, HTML)
        with pytest.raises(EmbeddingAPIError) as caught:
            get_embedding_openai(f"sofa {status}")
        assert not re.search("hunter2|opensesame", repr(caught.value))
    kept = b"".join(path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert plain.encode() in kept
    assert b"hunter2" not in kept and b"opensesame" not in kept
    monkeypatch.setenv("OPENAI_BASE_URL", plain)  # the same server, and so the same vectors
    sent = len(server.seen)
    np.testing.assert_array_equal(get_embedding_openai("sofa"), vector)
    assert len(server.seen) == sent


# --- settings that keep requests from being sent -------------------------------------------------------------


@pytest.fixture
def without_socks(monkeypatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setattr(network_settings, "_is_installed", lambda distribution: False)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SSL_CERT_FILE", "/nowhere/cert.pem", "/nowhere/cert.pem, where no certificates can be read"),
        ("SSL_CERT_FILE", __file__, "where no certificates can be read"),
        ("SSL_CERT_FILE", "/", "where no certificates can be read"),
        ("ALL_PROXY", "socks5://me:hunter2@127.0.0.1:9", "a SOCKS proxy, which needs the package socksio"),
        ("https_proxy", "socks5h://127.0.0.1:9", "a SOCKS proxy"),
        ("HTTP_PROXY", "http://me:hunter2@127.0.0.1:nine", "not the address of a proxy"),
        ("HTTPS_PROXY", "gopher://127.0.0.1:9", "not the address of a proxy"),
        ("all_proxy", "127.0.0.1:nine", "not the address of a proxy"),
    ],
)
def test_a_variable_that_cannot_be_followed_is_named(server, silent, monkeypatch, without_socks, name, value, words):
    monkeypatch.setenv(name, value)
    message = str(failure("no network"))
    assert f"because {name} is set to " in message and words in message and "hunter2" not in message
    monkeypatch.delenv(name)
    assert get_embedding_openai("a red sofa").shape == (3,)


def test_certificates_that_cannot_be_read_stop_not_even_the_import_of_litellm():
    code = (
        "from helpers.api_embeddings import *\n"
        "try: get_embedding_openai('never embedded before, ever')\n"
        "except EmbeddingAPIError as error: print(error)\n"
    )
    settings = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "SSL_CERT_FILE": __file__}
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | settings, capture_output=True, text=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    assert f"SSL_CERT_FILE is set to {__file__}" in done.stdout


def test_what_cannot_be_prepared_for_another_reason_is_ours_too(server, silent, monkeypatch):
    def refuse(key, server):
        raise RuntimeError("something new")

    monkeypatch.setattr(api_embeddings, "_client", refuse)
    assert "(RuntimeError)" in str(failure("no network"))


def test_a_proxy_that_is_not_there(server, silent, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY")
    assert "a proxy if you set one" in str(failure("no network"))
    assert server.seen == []


# --- what is kept, and keys ----------------------------------------------------------------------------------


def test_what_was_embedded_before_a_failure_is_kept(server, silent):
    texts = ["longest text", "long text", "text"]
    server.plan = [None]
    server.forever = (401, WRONG_KEY)
    with pytest.raises(EmbeddingAPIError):
        batch_embed_openai(texts, batch_size=1)
    server.forever = None
    batch_embed_openai(texts, batch_size=1)
    sent = [request["input"] for request in server.seen]
    assert sent == [["longest text"], ["long text"], ["long text"], ["text"]]


@pytest.mark.parametrize("key", ["", "   "])
def test_no_key(server, silent, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    assert "OPENAI_API_KEY" in str(failure("no key"))
    assert server.seen == []


def test_key_pasted_with_typographic_quotes(server, silent, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "\u201csk-abc\u201d")
    assert "sk-abc" not in str(failure("wrong key"))


def test_no_key_does_not_even_import_litellm():
    code = (
        "import os, sys; os.environ.pop('OPENAI_API_KEY', None)\n"
        "from helpers.api_embeddings import *\n"
        "try: get_embedding_openai('never embedded before, ever')\n"
        "except EmbeddingAPIError as error:\n"
        "    print(error.reason, *({'litellm', 'openai'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("no key", "")


def test_importing_litellm_is_silent_and_asks_no_network():
    code = (
        "import socket, os\n"
        "def refuse(*a, **k): raise SystemExit('network used')\n"
        "socket.getaddrinfo = socket.socket.connect = refuse\n"
        "from helpers.api_embeddings import _import_litellm\n"
        "_import_litellm()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_texts(server):
    assert batch_embed_openai([]).shape == (0, 1536)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: get_embedding_openai(None), ValueError, "missing"),
        (lambda: get_embedding_openai(["sofa"]), TypeError, "not a string"),
        (lambda: batch_embed_openai("sofa"), TypeError, "in a list"),
        (lambda: batch_embed_openai(["sofa", float("nan")]), ValueError, "position 1"),
        (lambda: batch_embed_openai(["sofa", "sofa \ud83d"]), ValueError, "position 1 holds half a character"),
        (lambda: batch_embed_openai(["sofa"], batch_size=0), ValueError, "batch_size"),
    ],
)
def test_wrong_arguments(server, call, kind, words):
    with pytest.raises(kind, match=words):
        call()
    assert server.seen == []


def test_the_error_survives_pickling():
    error = pickle.loads(pickle.dumps(EmbeddingAPIError("timeout", "too slow")))
    assert (error.reason, str(error)) == ("timeout", "too slow")
