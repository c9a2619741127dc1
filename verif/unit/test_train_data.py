"""Data sets are read from their standard files, and nothing wrong with one goes unnoticed."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import struct
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from heepstor import datasets
from heepstor.datasets import Download
from heepstor.errors import DataError

CIFAR10 = datasets.find("CIFAR-10")
MNIST = datasets.find("MNIST")
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(images: np.ndarray, labels: list[int]) -> tuple[bytes, bytes]:
    """The contents of an image file and of a label file."""
    count, rows, columns = images.shape
    return (
        struct.pack(">IIII", 2051, count, rows, columns) + images.tobytes(),
        struct.pack(">II", 2049, len(labels)) + bytes(labels),
    )


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A folder with an MNIST of three train images and one test image."""
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    pixels = np.arange(4 * 28 * 28).astype(np.uint8).reshape(4, 28, 28)
    for prefix, part, labels in (("train", pixels[:3], [9, 0, 4]), ("t10k", pixels[3:], [7])):
        images, classes = idx(part, labels)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(classes)
    return tmp_path


@pytest.fixture
def cifar10(tmp_path: Path) -> Path:
    """A folder with a CIFAR-10 of two images a batch; image i of all has the value i everywhere."""
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    for batch, name in enumerate(names):
        records = [bytes([i % 10]) + bytes([i]) * 3072 for i in (2 * batch, 2 * batch + 1)]
        (folder / name).write_bytes(b"".join(records))
    return tmp_path


def test_mnist_is_read_image_by_image(mnist: Path) -> None:
    data = datasets.load("MNIST", mnist)
    assert data.train.images.shape == (3, 1, 28, 28)
    assert data.train.labels.tolist() == [9, 0, 4]
    assert data.test.images.shape == (1, 1, 28, 28)
    assert data.train.images[1, 0, 0, :3].tolist() == [784 % 256, 785 % 256, 786 % 256]


def test_compressed_files_are_read_too(mnist: Path) -> None:
    expected = datasets.load("MNIST", mnist)
    for path in (mnist / "MNIST" / "raw").iterdir():
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    got = datasets.load("MNIST", mnist)
    assert np.array_equal(got.train.images, expected.train.images)
    assert np.array_equal(got.test.labels, expected.test.labels)


def test_cifar10_is_read_batch_by_batch(cifar10: Path) -> None:
    data = datasets.load("CIFAR-10", cifar10)
    assert data.train.images.shape == (10, 3, 32, 32)
    assert data.train.images[:, 2, 31, 31].tolist() == list(range(10))
    assert data.train.labels.tolist() == list(range(10))
    assert data.test.labels.tolist() == [0, 1]


def test_the_planes_of_cifar10_are_red_green_blue_by_rows(cifar10: Path) -> None:
    path = cifar10 / "cifar-10-batches-bin" / "test_batch.bin"
    content = bytearray(path.read_bytes())
    content[1 + 1024 + 32 + 5] = 200  # green, second row, sixth column
    path.write_bytes(content)
    images = datasets.load("CIFAR-10", cifar10).test.images
    assert np.argwhere(images == 200).tolist() == [[0, 1, 1, 5]]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (TRAIN_IMAGES, lambda b: b[:-1], r"holds 2367 bytes; with 3 items it must be 2368"),
        (TRAIN_IMAGES, lambda b: b + b"0", r"holds 2369 bytes; with 3 items it must be 2368"),
        (TRAIN_IMAGES, lambda b: b[:10], "holds 10 bytes; its header alone has 16"),
        (TRAIN_IMAGES, lambda b: b"\0\0\x08\x01" + b[4:], "magic number 2049; it must be 2051"),
        (TRAIN_IMAGES, lambda b: b[:15] + b"\x1b" + b[16:], r"items of \(28, 27\)"),
        (TRAIN_IMAGES, lambda b: b[:7] + b"\0" + b[8:16], "hold at least one"),
        (TRAIN_LABELS, lambda b: b[:-1], "holds 10 bytes; with 3 items it must be 11"),
        (TRAIN_LABELS, lambda b: b[:7] + b"\2" + b[8:-1], "holds 3 images, but .* holds 2 labels"),
        (TRAIN_LABELS, lambda b: b[:-1] + b"\x0a", "record 2 has the label 10; .* from 0 to 9"),
    ],
)
def test_a_damaged_mnist_file_is_refused(
    mnist: Path, name: str, change: object, message: str
) -> None:
    path = mnist / "MNIST" / "raw" / name
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DataError, match=message) as error:
        datasets.load("MNIST", mnist)
    assert str(mnist / "MNIST" / "raw") in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds 0 bytes; it must be records of 3073 bytes, one or more"),
        (bytes(3072), "holds 3072 bytes; it must be records of 3073 bytes"),
        (bytes(3073) + b"\x0b" + bytes(3072), "record 1 has the label 11"),
    ],
)
def test_a_damaged_cifar10_file_is_refused(cifar10: Path, content: bytes, message: str) -> None:
    (cifar10 / "cifar-10-batches-bin" / "data_batch_3.bin").write_bytes(content)
    with pytest.raises(DataError, match=rf"data_batch_3\.bin: {message}"):
        datasets.load("CIFAR-10", cifar10)


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(bytes(100), mtime=0)[:-4]],
    ids=["foreign", "truncated"],
)
def test_a_damaged_compressed_file_is_refused(mnist: Path, content: bytes) -> None:
    path = mnist / "MNIST" / "raw" / TRAIN_IMAGES
    path.unlink()
    path.with_name(path.name + ".gz").write_bytes(content)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: cannot be read"):
        datasets.load("MNIST", mnist)


def test_an_unknown_data_set_is_refused() -> None:
    with pytest.raises(DataError, match="'SVHN' is unknown; known are CIFAR-10, MNIST, Fashion"):
        datasets.load("SVHN", Path())


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Leave the test's output alone."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A web server on this machine: the folder it shows, and its address."""
    folder = tmp_path / "site"
    folder.mkdir()
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def offer(folder: Path, address: str, name: str, content: bytes, provides: list[str]) -> Download:
    """Put a file on the web server."""
    (folder / name).write_bytes(content)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Download(f"{address}/{name}", md5, tuple(provides))


def leftovers(folder: Path) -> list[str]:
    """What is in a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


def test_only_what_is_missing_is_downloaded(mnist: Path, site: tuple[Path, str]) -> None:
    path = mnist / "MNIST" / "raw" / TRAIN_LABELS
    labels = path.read_bytes()
    path.unlink()
    download = offer(*site, f"{path.name}.gz", gzip.compress(labels), [path.name])
    unreachable = Download("http://127.0.0.1:9/nothing", "", (TRAIN_IMAGES,))
    data_set = replace(MNIST, downloads=(unreachable, download))
    said: list[str] = []
    data = datasets.load_from(data_set, mnist, on_progress=said.append)
    assert data.train.labels.tolist() == [9, 0, 4]
    assert len(said) == 1
    assert f"no {path.name}; downloading {download.url}" in said[0]


def test_a_downloaded_archive_is_unpacked_and_removed(
    cifar10: Path, site: tuple[Path, str]
) -> None:
    folder = cifar10 / "cifar-10-batches-bin"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(folder, "cifar-10-batches-bin")
        tar.add(folder / "test_batch.bin", "../outside.bin")
    files = leftovers(folder)
    for path in folder.iterdir():
        path.unlink()
    download = offer(*site, "cifar.tar.gz", packed.getvalue(), files)
    data_set = replace(CIFAR10, downloads=(download,))
    data = datasets.load_from(data_set, cifar10, on_progress=lambda message: None)
    assert len(data.train) == 10
    assert leftovers(folder) == files
    assert not (cifar10 / "outside.bin").exists()


def test_a_download_with_another_checksum_is_refused_and_removed(
    tmp_path: Path, site: tuple[Path, str]
) -> None:
    good = offer(*site, "file.gz", b"right", ["file"])
    (site[0] / "file.gz").write_bytes(b"wrong")
    with pytest.raises(DataError, match=f"has the MD5 [0-9a-f]{{32}}; it must be {good.md5}"):
        datasets.fetch(good, tmp_path / "new")
    assert leftovers(tmp_path / "new") == []


def test_an_archive_that_is_none_is_refused(tmp_path: Path, site: tuple[Path, str]) -> None:
    download = offer(*site, "broken.tar.gz", b"no archive", ["data_batch_1.bin"])
    with pytest.raises(DataError, match=r"broken\.tar\.gz: cannot be unpacked"):
        datasets.fetch(download, tmp_path / "new")


def test_a_file_that_cannot_be_downloaded_is_asked_for(
    tmp_path: Path, site: tuple[Path, str]
) -> None:
    download = Download(f"{site[1]}/not_there.gz", "", ("not_there",))
    with pytest.raises(DataError, match=r"cannot be downloaded .*put the data set's files into"):
        datasets.fetch(download, tmp_path / "new")
    assert leftovers(tmp_path / "new") == []


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    download = Download("http://127.0.0.1:9/file", "", ("file",))
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9/file: cannot be downloaded"):
        datasets.fetch(download, tmp_path)


def test_every_data_set_has_a_class_name_for_every_label() -> None:
    for data_set in datasets.DATA_SETS:
        assert len(set(data_set.classes)) == 10
        assert len(data_set.mean) == len(data_set.std) == data_set.channels
