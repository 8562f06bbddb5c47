"""The polar grid that a probe's echoes are computed on: depths down, scan lines across."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.phantom.fields import Grid
from models.phantom.machine import Probe, ProbeKind

DEPTHS, LINES = 160, 96

_SHARES = np.linspace(0.0, 1.0, DEPTHS, dtype=np.float32)
_PLACES = np.linspace(-1.0, 1.0, LINES, dtype=np.float32)


@dataclass(frozen=True)
class PolarGrid:
    """Places of one probe's grid, in centimetres."""

    probe: Probe

    @cached_property
    def depth(self) -> Grid:
        """Depth of each row from the face, (160,)."""
        return _SHARES * np.float32(self.probe.depth_cm)

    @cached_property
    def z(self) -> Grid:
        """Depth of each row, (160, 1)."""
        return self.depth[:, None]

    @property
    def t(self) -> Grid:
        """Place of each line on the face, -1 to 1, (96,)."""
        return _PLACES

    @property
    def share(self) -> Grid:
        """Depth of each row as a share of the field's, 0 to 1, (160,)."""
        return _SHARES

    @property
    def cell_cm(self) -> float:
        """Distance of two rows."""
        return self.probe.depth_cm / (DEPTHS - 1)

    def half_width(self, depth_cm: float) -> float:
        """Half the field's width at a depth, along the arc."""
        if self.probe.kind is ProbeKind.LINEAR:
            return self.probe.half_width_cm
        return self.probe.half_angle * (self.probe.radius_cm + depth_cm)

    def across(self, depth_cm: float) -> Grid:
        """Place of each line across at a depth, (96,)."""
        return self.t * np.float32(self.half_width(depth_cm))

    @cached_property
    def x(self) -> Grid:
        """Place across of every cell, (160, 96)."""
        if self.probe.kind is ProbeKind.LINEAR:
            widths = np.full(DEPTHS, self.probe.half_width_cm, np.float32)
        else:
            widths = self.probe.half_angle * (self.probe.radius_cm + self.depth)
        return np.outer(widths, self.t).astype(np.float32)
