"""The weights of a sign network, in a file of their own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

Array = npt.NDArray[Any]

_ABOUT = "about"
_CALIBRATION = "calibration/"
"""Prefix of what 8-bit inference needs, among the names of the weights."""

_LUNG_TEST = "lung_test/"
"""Prefix of what tells a lung from other pictures, with the help of another network."""

_FORMAT_ERRORS = (SafetensorError, AttributeError, KeyError, TypeError, ValueError)


class SignWeightsError(Exception):
    """A file that holds no weights of a sign network, or of another one."""


@dataclass(frozen=True, slots=True)
class SignWeights:
    """What `pocovid train-signs` wrote.

    Attributes:
        maps: names of the signs that have a place, in the order of the maps.
        signs: names of what is said about a whole picture.
        values: weights by `layer/variable`.
        calibration: parameters of 8-bit inference, see `models.inference.calibration`; may be
            empty.
        lung_test: of an artifact's, see `models.inference.lung_test`; may be empty.
        about: what else the file says of them, as JSON values: how they were trained, and figures.
    """

    maps: tuple[str, ...]
    signs: tuple[str, ...]
    values: Mapping[str, Array]
    about: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Array] = field(default_factory=dict)
    lung_test: Mapping[str, Array] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """How many the hidden layer has."""
        return len(self.values["signs/kernel"]) if "signs/kernel" in self.values else 0

    @classmethod
    def read(cls, path: Path) -> "SignWeights":
        """The weights in a file.

        Raises:
            SignWeightsError: there are none, or the file is damaged.
        """
        try:
            with safe_open(path, framework="np") as file:
                about = json.loads(file.metadata()[_ABOUT])
                values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                maps, signs = tuple(about.pop("maps")), tuple(about.pop("signs"))
        except (OSError, *_FORMAT_ERRORS) as error:
            raise SignWeightsError(f"{path} holds no weights of a sign network: {error}") from error
        calibration, lung_test = _taken(values, _CALIBRATION), _taken(values, _LUNG_TEST)
        return cls(maps, signs, values, about, calibration, lung_test)

    def write(self, path: Path) -> None:
        """Write them into a file, which `read` reads; the same weights give the same bytes."""
        # In one entry: the format keeps several in no certain order.
        about = json.dumps({"maps": self.maps, "signs": self.signs, **self.about})
        calibration = {f"{_CALIBRATION}{name}": each for name, each in self.calibration.items()}
        lung_test = {f"{_LUNG_TEST}{name}": each for name, each in self.lung_test.items()}
        everything = {**self.values, **calibration, **lung_test}
        save_file(everything, path, metadata={_ABOUT: about})


def _taken(values: dict[str, Array], prefix: str) -> dict[str, Array]:
    """What has names with this prefix, without it; it is no longer among the values."""
    names = [name for name in values if name.startswith(prefix)]
    return {name.removeprefix(prefix): values.pop(name) for name in names}
