"""The classes that a model gave so far, on disk, so that an interrupted evaluation goes on."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heepstor.accuracy.models import NO_CLASS, Classes
from heepstor.emit.hardware import write_if_changed

SCHEMA = "heepstor-accuracy-partial/1"


@dataclass(frozen=True)
class Partial:
    """A file for one model on one test split.

    `key` stands for everything that the classes depend on and is part of the file's name: other
    weights or images have another file. `images` is how many there are to be classified.
    """

    path: Path
    key: str
    images: int

    def load(self, on_message: Callable[[str], None]) -> Classes:
        """The classes of the first images, of none if there is no file.

        A file that is damaged counts as none, and `on_message` is told.
        """
        try:
            return self._checked(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
            on_message(f"{self.path}: is damaged ({error}); computing its classes again")
        return np.empty(0, np.int16)

    def save(self, classes: Classes) -> None:
        """Replace the file, as a whole: an interruption leaves the one or the other."""
        content = {
            "schema": SCHEMA,
            "key": self.key,
            "crc32": zlib.crc32(classes.tobytes()),
            "classes": classes.tolist(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_if_changed(self.path, json.dumps(content))

    def _checked(self, content: dict[str, Any]) -> Classes:
        """The classes of a file.

        Raises:
            ValueError, TypeError, KeyError, OverflowError: it is not what `save` wrote.
        """
        classes = np.array(content["classes"], np.int16)
        if (content["schema"], content["key"]) != (SCHEMA, self.key):
            raise ValueError("it belongs to something else")
        if classes.ndim != 1 or len(classes) > self.images or classes.min(initial=0) < NO_CLASS:
            raise ValueError(f"it holds {classes.shape} classes for {self.images} images")
        if zlib.crc32(classes.tobytes()) != content["crc32"]:
            raise ValueError("its checksum is wrong")
        return classes
