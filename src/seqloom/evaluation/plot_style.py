"""Style of the plots: size, palette, axes, legends and saving.

matplotlib's objects are used directly, without pyplot, so figures can be drawn in any thread and leave no state.
All labels are Latin-1: the font that comes with matplotlib has no Chinese.
"""

from pathlib import Path

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

rcParams["svg.fonttype"] = "none"  # text stays text, in the reader's fonts
rcParams["svg.hashsalt"] = "seqloom"  # names of parts follow from the drawing

MODEL = "model"  # the system evaluated; the others are its baselines
BLUE, OCHRE, GRAY = "#2b5c8a", "#d19a4e", "#b9bec5"
COLORS = (BLUE, OCHRE, GRAY)  # of the model, and of the baselines in order
SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", BLUE])
INK, FAINT, GRID = "#2e3440", "#6b7280", "#e6e8eb"

_INCHES, _DOTS_PER_INCH = (8.0, 4.5), 200  # 1600 x 900 pixels


def blank(panels: int = 1) -> tuple[Figure, list[Axes]]:
    """Return an empty figure with `panels` axes side by side."""
    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, facecolor="white")
    figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15))  # inches
    return figure, [figure.add_subplot(1, panels, number + 1) for number in range(panels)]


def dress(axes: Axes, title: str, x: str, y: str) -> None:
    """Set title, axis labels, a frame of two sides, and a faint grid behind the data."""
    axes.set_title(title, loc="left", fontsize=11, color=INK, pad=12, fontweight="bold")
    axes.set_xlabel(x, fontsize=9, color=FAINT)
    axes.set_ylabel(y, fontsize=9, color=FAINT)
    axes.tick_params(labelsize=8.5, colors=FAINT, length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def legend_inside(axes: Axes) -> None:
    """Add a legend inside the axes, where it hides least."""
    axes.legend(loc="best", fontsize=8.5, labelcolor=INK, facecolor="white", edgecolor="none", framealpha=0.85)


def legend_above(axes: Axes) -> None:
    """Add a legend above the axes, in the line of the title."""
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=3,
        borderaxespad=0.8,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )


def save(figure: Figure, path: Path) -> None:
    """Write a PNG, and beside it an SVG for reports, whose bytes depend on the data alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", metadata={"Software": None})
    figure.set_layout_engine(None)  # all is in its place: finding it again would take as long as the drawing
    figure.savefig(
        path.with_suffix(".svg"), format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
    )
