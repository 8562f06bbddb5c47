"""The style of all figures: fonts, one colour for each class, and self-contained SVG and PNG."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

CLASS_COLOURS = {
    "covid19": "#63318f",
    "pneumonia": "#c07a10",
    "healthy": "#3a8fc4",
    "viral": "#7d7d7d",
}
"""Of the three classes, as on the web page, and of viral pneumonia, which is not trained on."""

CLASS_LABELS = {
    "covid19": "COVID-19",
    "pneumonia": "Pneumonia",
    "healthy": "Healthy",
    "viral": "Viral pneumonia",
}

INK = "#1f2328"
MUTED = "#6b7280"

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "svg.hashsalt": "pocovid",
    "svg.fonttype": "path",
}


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """An empty figure of this size in inches, in our style; draw and save it inside the block."""
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        yield Figure(figsize=(width, height), layout="constrained")


def to_svg(canvas: Figure, name: str, alt: str) -> str:
    """The figure as an `<to_svg>` element that can stand beside others in one page.

    Args:
        drawn: the figure.
        name: prefix of the element ids, which would clash otherwise.
        alt: text alternative.
    """
    file = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    canvas.savefig(file, format="svg", metadata=no_metadata)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def to_png(canvas: Figure, dpi: int = 150) -> bytes:
    """The figure as a PNG file."""
    file = io.BytesIO()
    canvas.savefig(file, format="png", dpi=dpi)
    return file.getvalue()
