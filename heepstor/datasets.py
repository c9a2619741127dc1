"""The data sets of the example projects: their standard files, read, checked and downloaded.

Readers of our own, so that no further package is needed. Images come as uint8 [N, C, H, W].
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from heepstor.errors import DataError

UInt8Array = npt.NDArray[np.uint8]
Progress = Callable[[str], None]

DOWNLOAD_TIMEOUT_S = 30.0

_IDX_IMAGES = 2051
_IDX_LABELS = 2049
_CHUNK_BYTES = 1 << 20

_CIFAR10_TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
_CIFAR10_TEST_FILE = "test_batch.bin"


@dataclass(frozen=True)
class Split:
    """Images uint8 [N, C, H, W] and their labels uint8 [N]."""

    images: UInt8Array
    labels: UInt8Array

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Data:
    """A data set in memory."""

    train: Split
    test: Split


@dataclass(frozen=True)
class Download:
    """A file of a data set's publisher, the MD5 given there, and the files it `provides`."""

    url: str
    md5: str
    provides: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class DataSet:
    """What is known about a data set.

    `mean` and `std` are those of each channel over the train split, with pixels from 0 to 1.
    `sizes` are the numbers of train and test images of the whole data set. In training, images are
    shifted by up to `shift` pixels and, if `mirrored`, half of them are flipped left to right.
    """

    name: str
    folder: str
    channels: int
    size: int
    sizes: tuple[int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    shift: int
    mirrored: bool
    read: Callable[[DataSet, Path], Data]
    downloads: tuple[Download, ...]


def load(name: str, root: Path, *, on_progress: Progress = lambda message: None) -> Data:
    """Read a data set from its standard files below `root`; download what is missing.

    Raises:
        DataError: the data set is unknown, or a file is missing, incomplete or corrupted.
    """
    return load_from(find(name), root, on_progress=on_progress)


def find(name: str) -> DataSet:
    """The data set of that name.

    Raises:
        DataError: there is none.
    """
    for data_set in DATA_SETS:
        if data_set.name == name:
            return data_set
    known = ", ".join(data_set.name for data_set in DATA_SETS)
    raise DataError(f"data set {name!r} is unknown; known are {known}")


def load_from(data_set: DataSet, root: Path, *, on_progress: Progress) -> Data:
    """`load` for a `DataSet` that is at hand."""
    folder = root / data_set.folder
    for download in data_set.downloads:
        missing = [n for n in download.provides if not _plain_or_gz(folder / n).exists()]
        if missing:
            on_progress(f"{folder}: no {', '.join(missing)}; downloading {download.url}")
            fetch(download, folder)
    return data_set.read(data_set, folder)


def fetch(download: Download, folder: Path) -> None:
    """Download one file into `folder`, checked before it gets its name.

    Raises:
        DataError: it cannot be had, or is not the file that was published.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _written_whole(folder / download.name) as file:
        try:
            with urllib.request.urlopen(download.url, timeout=DOWNLOAD_TIMEOUT_S) as response:
                digest = _copy(response, file)
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise DataError(
                f"{download.url}: cannot be downloaded ({reason}); "
                f"put the data set's files into {folder} by hand"
            ) from error
        if digest != download.md5:
            raise DataError(
                f"{download.url}: the download has the MD5 {digest}; it must be {download.md5}"
            )
    if download.name.endswith(".tar.gz"):
        _unpack(folder / download.name, download.provides)


def read_cifar10(data_set: DataSet, folder: Path) -> Data:
    """CIFAR-10's binary version: `data_batch_1.bin` to `_5` and `test_batch.bin`.

    Raises:
        DataError: a file is missing, incomplete or corrupted.
    """
    train = [_read_cifar10_batch(data_set, folder / name) for name in _CIFAR10_TRAIN_FILES]
    return Data(
        train=Split(
            np.concatenate([batch.images for batch in train]),
            np.concatenate([batch.labels for batch in train]),
        ),
        test=_read_cifar10_batch(data_set, folder / _CIFAR10_TEST_FILE),
    )


def read_idx(data_set: DataSet, folder: Path) -> Data:
    """The files of MNIST and its like: `train-images-idx3-ubyte` and so on, or each with `.gz`.

    Raises:
        DataError: a file is missing, incomplete or corrupted.
    """
    return Data(
        train=_read_idx_split(data_set, folder, "train"),
        test=_read_idx_split(data_set, folder, "t10k"),
    )


def _read_cifar10_batch(data_set: DataSet, path: Path) -> Split:
    """Records of one label byte and the planes of red, green and blue."""
    content = _read(path)
    shape = (data_set.channels, data_set.size, data_set.size)
    record = 1 + int(np.prod(shape))
    if content.size == 0 or content.size % record:
        raise DataError(
            f"{path}: holds {content.size} bytes; it must be records of {record} bytes, one or more"
        )
    records = content.reshape(-1, record)
    labels = _checked_labels(records[:, 0], data_set, path)
    return Split(records[:, 1:].reshape(-1, *shape), labels)


def _read_idx_split(data_set: DataSet, folder: Path, prefix: str) -> Split:
    images_path = _plain_or_gz(folder / f"{prefix}-images-idx3-ubyte")
    labels_path = _plain_or_gz(folder / f"{prefix}-labels-idx1-ubyte")
    images = _read_idx_file(images_path, _IDX_IMAGES, (data_set.size, data_set.size))
    labels = _checked_labels(_read_idx_file(labels_path, _IDX_LABELS, ()), data_set, labels_path)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path}: holds {len(images)} images, but {labels_path.name} holds "
            f"{len(labels)} labels; both must be the same"
        )
    return Split(images[:, np.newaxis], labels)


def _read_idx_file(path: Path, magic: int, shape: tuple[int, ...]) -> UInt8Array:
    """An idx file of bytes: magic, number of items, their shape (big-endian words), the items."""
    content = _read(path)
    words = 2 + len(shape)
    if content.size < 4 * words:
        raise DataError(f"{path}: holds {content.size} bytes; its header alone has {4 * words}")
    header = [int(word) for word in content[: 4 * words].view(">u4")]
    if header[0] != magic:
        raise DataError(f"{path}: begins with the magic number {header[0]}; it must be {magic}")
    if tuple(header[2:]) != shape:
        raise DataError(f"{path}: holds items of {tuple(header[2:])}; they must be of {shape}")
    expected = 4 * words + header[1] * int(np.prod(shape, dtype=np.int64))
    if content.size != expected or header[1] == 0:
        raise DataError(
            f"{path}: holds {content.size} bytes; with {header[1]} items it must be {expected}, "
            "and hold at least one"
        )
    return content[4 * words :].reshape(header[1], *shape)


def _checked_labels(labels: UInt8Array, data_set: DataSet, path: Path) -> UInt8Array:
    wrong = np.flatnonzero(labels >= len(data_set.classes))
    if wrong.size:
        raise DataError(
            f"{path}: record {wrong[0]} has the label {labels[wrong[0]]}; "
            f"it must be from 0 to {len(data_set.classes) - 1}"
        )
    return labels


def _plain_or_gz(path: Path) -> Path:
    compressed = path.with_name(path.name + ".gz")
    return compressed if compressed.exists() and not path.exists() else path


def _read(path: Path) -> UInt8Array:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except FileNotFoundError:
        raise DataError(
            f"{path}: is missing; the folder {path.parent} must hold all of the data set's files"
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    return np.frombuffer(content, np.uint8)


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy to the end; returns the MD5, which is what the publishers give."""
    digest = hashlib.md5(usedforsecurity=False)
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


def _unpack(archive: Path, names: Sequence[str]) -> None:
    """Write the files of these names, whatever folder of the archive they are in, beside it."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = member.name.rpartition("/")[2]
                content = tar.extractfile(member) if name in names else None
                if content is not None:
                    with _written_whole(archive.parent / name) as file:
                        _copy(content, file)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{archive}: cannot be unpacked ({error})") from error
    archive.unlink()


@contextmanager
def _written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name only when everything is in it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _idx_downloads(site: str, md5: Mapping[str, str]) -> tuple[Download, ...]:
    return tuple(
        Download(f"{site}/{name}.gz", digest, provides=(name,)) for name, digest in md5.items()
    )


_CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_FASHION_CLASSES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

DATA_SETS = (
    DataSet(
        name="CIFAR-10",
        folder="cifar-10-batches-bin",
        channels=3,
        size=32,
        sizes=(50_000, 10_000),
        classes=_CIFAR10_CLASSES,
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
        shift=3,
        mirrored=True,
        read=read_cifar10,
        downloads=(
            Download(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "c32a1d4ab5d03f1284b67883e8d87530",
                provides=(*_CIFAR10_TRAIN_FILES, _CIFAR10_TEST_FILE),
            ),
        ),
    ),
    DataSet(
        name="MNIST",
        folder="MNIST/raw",
        channels=1,
        size=28,
        sizes=(60_000, 10_000),
        classes=tuple("0123456789"),
        mean=(0.1307,),
        std=(0.3081,),
        shift=1,
        mirrored=False,
        read=read_idx,
        downloads=_idx_downloads(
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            {
                "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
                "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
                "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
            },
        ),
    ),
    DataSet(
        name="Fashion-MNIST",
        folder="FashionMNIST/raw",
        channels=1,
        size=28,
        sizes=(60_000, 10_000),
        classes=_FASHION_CLASSES,
        mean=(0.2860,),
        std=(0.3530,),
        shift=1,
        mirrored=True,
        read=read_idx,
        downloads=_idx_downloads(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            {
                "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
                "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
                "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
            },
        ),
    ),
)
