"""Fetching WANDS, from a server on this machine that can be slow to please."""

import contextlib
import errno
import hashlib
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from helpers import download, network_settings
from helpers.download import WANDS_FILES, WANDS_URL, DownloadError, RemoteFile, download_wands, git_blob_id

CONTENT = {
    "query.csv": b"query_id\tquery\n0\tcouch\n",
    "label.csv": b"id\tlabel\n" + b"0\tExact\n" * 500,
    "product.csv": b"product_id\tproduct_name\n" + b"1\tsofa\n" * 30_000,
}


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


FILES = [RemoteFile(name, blob_id(content), len(content)) for name, content in CONTENT.items()]


class Server:
    """Serves `content`; `asked` lists the names asked for; `cut` is a file broken off half-way."""

    def __init__(self):
        self.content, self.asked, self.cut = dict(CONTENT), [], None
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rpartition("/")[2]
                server.asked.append(name)
                body = server.content.get(name)
                self.send_response(404 if body is None else 200)
                body = body or b""
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if name == server.cut else body)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/dataset/"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch):
    for name in ("no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with contextlib.closing(Server()) as running:
        yield running


@pytest.fixture
def to(tmp_path):
    return tmp_path / "data" / "wands"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_all_files_arrive(server, to):
    assert download_wands(to, files=FILES, base_url=server.url) == to.resolve()
    assert {name: (to / name).read_bytes() for name in names(to)} == CONTENT


def test_default_place_is_where_the_loaders_look(server, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path))
    assert download_wands(files=FILES, base_url=server.url) == (tmp_path / "wands").resolve()


def test_good_files_are_not_fetched_again(server, to):
    download_wands(to, files=FILES, base_url=server.url)
    server.asked.clear()
    download_wands(to, files=FILES, base_url=server.url)
    assert server.asked == []


def test_an_interrupted_download_goes_on(server, to):
    server.cut = "product.csv"
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 broke off in the middle of product\.csv"):
        download_wands(to, files=FILES, base_url=server.url)
    assert names(to) == ["label.csv", "query.csv"]
    server.cut = None
    server.asked.clear()
    download_wands(to, files=FILES, base_url=server.url)
    assert server.asked == ["product.csv"]
    assert names(to) == sorted(CONTENT)


def test_a_wrong_file_is_thrown_away(server, to):
    server.content["label.csv"] = b"<html>log in to this network</html>"
    with pytest.raises(DownloadError, match=r"label\.csv is not the file of WANDS .* demo catalogue works without"):
        download_wands(to, files=FILES, base_url=server.url)
    assert names(to) == ["query.csv"]


def test_a_damaged_file_on_disk_is_replaced(server, to):
    download_wands(to, files=FILES, base_url=server.url)
    (to / "query.csv").write_text("damaged")
    download_wands(to, files=FILES, base_url=server.url)
    assert (to / "query.csv").read_bytes() == CONTENT["query.csv"]


def test_a_file_that_is_not_on_the_server(server, to):
    del server.content["query.csv"]
    with pytest.raises(DownloadError, match=r"the server answered 404 for http://127\.0\.0\.1.*query\.csv"):
        download_wands(to, files=FILES, base_url=server.url)
    assert names(to) == []


def test_no_network(server, to):
    server.close()
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 cannot be reached.* demo catalogue works without"):
        download_wands(to, files=FILES, base_url=server.url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REQUESTS_CA_BUNDLE", "/nowhere/cert.pem"),
        ("REQUESTS_CA_BUNDLE", __file__),
        ("CURL_CA_BUNDLE", __file__),  # requests does not mind if it is missing
    ],
)
def test_certificates_that_cannot_be_read(server, to, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    expected = f"because {name} is set to {value}, where no certificates can be read; correct or remove that variable"
    with pytest.raises(DownloadError, match=re.escape(expected)):
        download_wands(to, files=FILES, base_url=server.url.replace("http:", "https:"))
    assert names(to) == []
    monkeypatch.delenv(name)
    with pytest.raises(DownloadError, match="the certificate of 127.0.0.1 is not trusted"):
        download_wands(to, files=FILES, base_url=server.url.replace("http:", "https:"))


def test_certificates_for_others_do_not_matter(server, to, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/cert.pem")
    assert download_wands(to, files=FILES, base_url=server.url) == to.resolve()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("socks5://me:hunter2@127.0.0.1:9", "ALL_PROXY is set to a SOCKS proxy, which needs the package PySocks;"),
        ("http://me:hunter2@127.0.0.1:nine", "ALL_PROXY is set to something that is not the address of a proxy;"),
        ("gopher://me:hunter2@127.0.0.1", "ALL_PROXY is set to something that is not the address of a proxy;"),
        ("http://me:hunter2@127.0.0.1:9", "the proxy that HTTPS_PROXY or ALL_PROXY names cannot be reached;"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(server, to, monkeypatch, value, words):
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.setattr(network_settings, "_is_installed", lambda distribution: False)
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(DownloadError) as caught:
        download_wands(to, files=FILES, base_url=server.url)
    assert words in str(caught.value) and "hunter2" not in str(caught.value)
    assert server.asked == []


def test_a_home_folder_that_is_not_known(server):
    with pytest.raises(DownloadError, match="~nobody-at-all/wands lies in a home folder that is not known"):
        download_wands("~nobody-at-all/wands", files=FILES, base_url=server.url)


def test_a_file_where_the_folder_should_be(server, tmp_path):
    (tmp_path / "wands").write_text("in the way")
    with pytest.raises(DownloadError, match="is a file, not a folder; choose another place"):
        download_wands(tmp_path / "wands", files=FILES, base_url=server.url)


def test_a_full_disk_is_noticed_before_anything_is_fetched(server, to, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(DownloadError, match="The disk of .* is full; free about 100 MB"):
        download_wands(to, files=FILES, base_url=server.url)
    assert server.asked == []


def test_a_folder_that_may_not_be_written(server, to, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(download.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(DownloadError, match="cannot be written to .Permission denied.; choose another place"):
        download_wands(to, files=FILES, base_url=server.url)


def test_blob_id_is_the_one_of_git(tmp_path):
    # `printf 'hello\n' | git hash-object --stdin`
    (tmp_path / "hello").write_text("hello\n")
    assert git_blob_id(tmp_path / "hello") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_wands_is_pinned():
    assert WANDS_URL.startswith(
        "https://raw.githubusercontent.com/wayfair/WANDS/3b74dcf4ba29ab8ff3e6a50b5b09fc627cb882b5/"
    )
    assert {file.name: file.blob_id for file in WANDS_FILES} == {
        "product.csv": "a415f7295dc0d90b3163ef606da611a4e9ddeca8",
        "label.csv": "2c09a0d7b1f77f6040deb5873b5a90b8ef1e3ae9",
        "query.csv": "acb3c1f4cf1b775f494225afec79ec2163fc3e03",
    }
