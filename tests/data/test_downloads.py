"""Downloads from a server that cuts off, lies and stalls: a file is there whole, or not at all."""

import gzip
import hashlib
import io
import signal
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from tests.data_files import LABELS, idx, write_cifar10
from tinygrad_cnn.data import CIFAR10, MNIST, DataFileError, download

IMAGES, DIGITS = np.zeros((7, 5, 4), np.uint8), np.arange(7, dtype=np.uint8)
CONTENT = bytes(range(256)) * 1000
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


def md5(content):
    return "md5:" + hashlib.md5(content).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Answers by the first part of the path: how to misbehave."""

    files = {"data.bin": CONTENT}
    requests = []

    def do_GET(self):
        _, manner, name = self.path.split("/")
        self.requests.append(self.path)
        content = self.files.get(name, b"")
        if manner == "missing":
            return self.send_error(404)
        if manner == "loop":
            self.send_response(302)
            self.send_header("Location", self.path)
            self.end_headers()
            return None
        if manner == "broken":
            self.wfile.write(b"this is not HTTP\r\n\r\n")
            return None
        lengths = {"long": len(content) + 9, "short": len(content) - 9, "strange": "many", "silent": None}
        length = lengths.get(manner, len(content))
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if manner == "stalls":
            self.wfile.write(content[:1000])
            stop.wait(5)
        elif manner == "cut":
            self.wfile.write(content[:len(content) // 2])
        elif manner == "garbage":
            self.wfile.write(content[::-1])
        else:
            self.wfile.write(content)
        return None

    def log_message(self, *args):
        pass


stop = threading.Event()


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        stop.set()
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("manner", ["good", "silent", "strange"])
@pytest.mark.parametrize("checksum", [SHA256, SHA256.upper().replace("SHA", "sha"), md5(CONTENT)])
def test_a_file_arrives_once(server, tmp_path, manner, checksum):
    path = download(f"{server}/{manner}/data.bin", checksum, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "data.bin"
    assert path.read_bytes() == CONTENT
    asked = len(Server.requests)
    assert download(f"{server}/{manner}/data.bin", checksum, path.parent) == path
    assert len(Server.requests) == asked


@pytest.mark.parametrize(("manner", "message"), [
    ("missing", "the server answers 404 Not Found; check the address"),
    ("loop", "the server answers 302 .* infinite loop"),
    ("cut", "the server announced 256000 bytes and sent 128000; try again"),
    ("long", "the server announced 256009 bytes and sent 256000; try again"),
    ("short", "the sha256 checksum is [0-9a-f]{64}, but should be .*; the server sent another file"),
    ("garbage", "the sha256 checksum is [0-9a-f]{64}, but should be .*; the server sent another file, which was not kept"),
    ("broken", "the download failed after 0 bytes"),
    ("stalls", "nothing came for 0.2 seconds, after [0-9]+ bytes; try again"),
])
def test_a_server_that_misbehaves_leaves_nothing(server, tmp_path, manner, message):
    url = f"{server}/{manner}/data.bin"
    with pytest.raises(DataFileError, match=rf"^{url}: {message}.*\.$"):
        download(url, SHA256, tmp_path, timeout=0.2)
    assert list(tmp_path.iterdir()) == []


def test_no_server(server, tmp_path):
    with pytest.raises(DataFileError, match="the download failed after 0 bytes"):
        download("http://127.0.0.1:9/data.bin", SHA256, tmp_path)


def test_more_than_the_limit(server, tmp_path):
    with pytest.raises(DataFileError, match="the server sends more than 1000 bytes"):
        download(f"{server}/good/data.bin", SHA256, tmp_path, largest=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_checked_and_never_replaced(server, tmp_path):
    (tmp_path / "data.bin").write_bytes(b"mine")
    with pytest.raises(DataFileError, match="data.bin: the sha256 checksum is .*; remove it to fetch it again"):
        download(f"{server}/good/data.bin", SHA256, tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == b"mine"


def test_an_interrupted_download_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("tinygrad_cnn.data.downloads._compare", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(f"{server}/good/data.bin", SHA256, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_default_folder(server, tmp_path, monkeypatch):
    monkeypatch.setattr("tinygrad_cnn.data.downloads.cache_folder", lambda: tmp_path)
    assert download(f"{server}/good/data.bin", SHA256) == tmp_path / "downloads" / "data.bin"
    monkeypatch.setattr("tinygrad_cnn.data.downloads.cache_folder", lambda: None)
    with pytest.raises(DataFileError, match="there is no cache folder to write to; give a folder"):
        download(f"{server}/good/data.bin", SHA256)


def test_a_folder_in_place_of_the_file(server, tmp_path):
    (tmp_path / "data.bin").mkdir()
    with pytest.raises(DataFileError, match="data.bin: the file cannot be read or written"):
        download(f"{server}/good/data.bin", SHA256, tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_leaves_nothing(server, tmp_path):
    arguments = f"{server}/stalls/data.bin", SHA256, str(tmp_path)
    program = ("import signal; from tinygrad_cnn.data import download\n"
               "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whoever started us may have it ignored
               f"download(*{arguments!r})")
    child = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 30
    while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(list(tmp_path.iterdir())) == 1
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert b"KeyboardInterrupt" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataFileError, match="file/below: the folder for downloads cannot be made"):
        download(f"{server}/good/data.bin", SHA256, tmp_path / "file" / "below")


@pytest.mark.parametrize(("url", "checksum", "message"), [
    ("http://host/data.bin", "sha256:123", "checksum is 'sha256:123', but must be"),
    ("http://host/data.bin", "crc:", "checksum is 'crc:', but must be"),
    ("file:///etc/passwd", SHA256, "url is 'file:///etc/passwd', but must begin with http"),
    ("http://host/a/..", SHA256, "must begin with http or https and end in the name of a file"),
    ("http://host/..%2Fup", SHA256, "url is|never"),
    ("http://host/", SHA256, "end in the name of a file"),
])
def test_arguments_that_make_no_sense(tmp_path, url, checksum, message):
    if url.endswith("up"):  # what lies behind the last slash, decoded, is only a name
        with pytest.raises(DataFileError, match="the download failed"):
            download(url.replace("host", "127.0.0.1:9"), checksum, tmp_path)
    else:
        with pytest.raises(ValueError, match=message):
            download(url, checksum, tmp_path)


def test_mnist_fetches_only_when_told_to(server, tmp_path, monkeypatch):
    names = {"t10k-images-idx3-ubyte": gzip.compress(idx(IMAGES)), "t10k-labels-idx1-ubyte": gzip.compress(idx(DIGITS))}
    monkeypatch.setattr(Server, "files", {f"{name}.gz": content for name, content in names.items()})
    monkeypatch.setattr(MNIST, "url", f"{server}/good/")
    monkeypatch.setattr(MNIST, "checksums", {name: md5(content) for name, content in names.items()})
    asked = len(Server.requests)
    with pytest.raises(DataFileError, match="there is no such file"):
        MNIST(tmp_path, train=False)
    assert len(Server.requests) == asked
    assert MNIST(tmp_path, train=False, download=True).labels.tolist() == DIGITS.tolist()
    assert MNIST(tmp_path, train=False, download=True).pixels.shape == (7, 1, 5, 4)
    assert len(Server.requests) == asked + 2


def test_cifar_is_fetched_and_unpacked(server, tmp_path, monkeypatch):
    python, _ = write_cifar10(tmp_path / "source")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        packed.add(python, "cifar-10-batches-py")
    monkeypatch.setattr(Server, "files", {"cifar-10-python.tar.gz": archive.getvalue()})
    monkeypatch.setattr(CIFAR10, "url", f"{server}/good/cifar-10-python.tar.gz")
    monkeypatch.setattr(CIFAR10, "checksum", md5(archive.getvalue()))
    root = tmp_path / "root"
    with pytest.raises(DataFileError, match="root: CIFAR10 finds neither data_batch_1 nor .*download=True"):
        CIFAR10(root)
    photos = CIFAR10(root, download=True)
    assert photos.labels.tolist() == LABELS
    names = sorted(path.name for path in (root / "cifar-10-batches-py").iterdir())
    assert names == ["batches.meta", *(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    np.testing.assert_array_equal(CIFAR10(root).pixels, photos.pixels)
