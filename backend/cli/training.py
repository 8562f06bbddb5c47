"""Training and comparing networks: `pocovid train` and `pocovid compare`."""

import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli import terminal
from models.contract import SHIPPED

app = typer.Typer()

WORK = Path("data/training")


class Network(StrEnum):
    """Networks that can be shipped; the others are trained by `pocovid compare`."""

    pocovidnet = "pocovidnet"


class Compared(StrEnum):
    """Networks of a comparison, the cheapest first."""

    pocovidnet = "pocovidnet"
    temporal = "temporal"
    covidnet = "covidnet"
    nasnetmobile = "nasnetmobile"
    covnet = "covnet"


class Grouping(StrEnum):
    """Unit of the cross-validation split."""

    recording = "recording"
    patient = "patient"
    source = "source"


class Balancing(StrEnum):
    """Unit with equal total weight in the loss; patients and sources within their class."""

    classes = "class"
    patient = "patient"
    source = "source"


class Augmenting(StrEnum):
    """Data augmentation."""

    brightness = "brightness"
    paper = "paper"
    both = "both"


Data = Annotated[Path, typer.Argument(help="Folder in the layout of the public POCUS dataset.")]
Trunk = Annotated[
    str,
    typer.Option(
        help="Initial weights: `shipped`, the frozen layers of the active artifact; an .npz or "
        ".safetensors file; or `imagenet`."
    ),
]
Work = Annotated[
    Path, typer.Option(help="Folder for cached features and checkpoints, to resume a killed run.")
]
Folds = Annotated[int, typer.Option(min=2, max=20, help="Folds, one model each.")]
Seed = Annotated[int, typer.Option(min=0, help="Of folds, augmentation and dropout.")]


@app.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of the new artifact; its name is its version.")],
    trunk: Trunk = SHIPPED,
    network: Annotated[Network, typer.Option(help="Network to train.")] = Network.pocovidnet,
    work: Work = WORK,
    group: Annotated[
        Grouping,
        typer.Option(
            help="Split unit of the shipped models' folds. By source, there is one fold for each "
            "source with at least five recordings."
        ),
    ] = Grouping.patient,
    folds: Folds = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Maximum number of epochs of each fold.")] = 15,
    patience: Annotated[
        int,
        typer.Option(
            min=0,
            help="Epochs without a lower loss on a validation split before early stopping; 0 "
            "trains all epochs on all training recordings.",
        ),
    ] = 0,
    learning_rate: Annotated[
        float, typer.Option(min=1e-7, max=0.1, help="Of Adam, constant.")
    ] = 1e-4,
    balance: Annotated[
        Balancing, typer.Option(help="Unit with equal total weight in the loss.")
    ] = Balancing.classes,
    copies: Annotated[int, typer.Option(min=0, help="Augmented copies of each frame.")] = 4,
    augment: Annotated[
        Augmenting,
        typer.Option(
            help="A gamma of 0.5 to 2; rotation, shifts and flips as in the paper; or both."
        ),
    ] = Augmenting.brightness,
    cache: Annotated[
        bool, typer.Option(help="Cache the trunk's features, or compute them at every step.")
    ] = True,
    seed: Seed = 1,
) -> None:
    """Train the models of a cross-validation; evaluate by recording, by patient and by source.

    An interrupted run resumes when it is started with the same arguments.
    """
    terminal.quiet()
    from models.data.index import DatasetError
    from models.inference.artifact import ArtifactError
    from models.training.augment import NAMED
    from models.training.train import Config
    from models.training.train import train as run
    from models.training.trunk import TrunkError

    config = Config(
        group=group.value,
        folds=folds,
        epochs=epochs,
        patience=patience,
        learning_rate=learning_rate,
        balance=balance.value,
        copies=copies,
        augmentation=NAMED[augment.value],
        cache=cache,
        seed=seed,
    )
    started = time.monotonic()
    with terminal.stages() as progress:
        try:
            manifest = run(data, trunk, out, work, config, progress)
        except (ArtifactError, DatasetError, TrunkError) as error:
            terminal.stop(str(error))
    minutes = (time.monotonic() - started) / 60
    typer.echo(f"{out}: {network.value} trained in {minutes:.0f} minutes.")
    for name, figures in manifest.metrics.items():
        typer.echo(f"by {name}: {_summary(figures)}")
    for name, reason in manifest.data["left_out"].items():
        typer.echo(f"by {name}: not evaluated. {reason}")
    for reason in manifest.data.get("in_doubt", ()):
        typer.echo(f"not trained on: {reason}")


@app.command("train-signs")
def train_signs(
    out: Annotated[Path, typer.Option(help="The new weights, a .safetensors file.")],
    work: Annotated[
        Path, typer.Option(help="Folder for drawings and checkpoints, to resume a killed run.")
    ] = WORK,
    drawings: Annotated[
        int, typer.Option(min=1000, help="Drawings in all; a hundred a second on one core.")
    ] = 500_000,
    reuse: Annotated[
        float, typer.Option(min=0.1, help="How often each is learnt from, on average.")
    ] = 2.0,
    processes: Annotated[int, typer.Option(min=1, help="Processes that draw.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of drawings, order and weights.")] = 1,
) -> None:
    """Train the sign network on drawn lungs alone, and print how well it reads other drawings.

    An interrupted run resumes when it is started with the same arguments.
    """
    terminal.quiet()
    from models.training.signs import phantom
    from models.training.signs.train import Recipe, train

    recipe = Recipe(drawings=drawings, reuse=reuse, seed=seed)
    started = time.monotonic()
    with terminal.stages() as progress:
        figures = train(phantom.draw_example, phantom.NAMES, out, work, recipe, processes, progress)
    minutes = (time.monotonic() - started) / 60
    typer.echo(f"{out}: trained in {minutes:.0f} minutes.")
    typer.echo(f"Area under the ROC curve on {figures['drawings']} other drawings:")
    for part in ("maps", "signs"):
        for name, area in figures[part].items():
            typer.echo(f"  {part} {name}: {'one answer only' if area is None else f'{area:.3f}'}")


@app.command()
def distil(
    data: Data,
    teacher: Annotated[
        list[Path], typer.Option(help="SqueezeNet's or GoogLeNet's .npz; repeatable.")
    ],
    out: Annotated[Path, typer.Option(help="The new trunk, a .safetensors file.")],
    trunk: Trunk = SHIPPED,
    work: Work = WORK,
    epochs: Annotated[int, typer.Option(min=1, help="Number of epochs.")] = 15,
    copies: Annotated[
        int, typer.Option(min=0, help="Copies of each frame with another brightness.")
    ] = 2,
    seed: Seed = 1,
) -> None:
    """Distil a trunk's blocks 4 and 5 from other networks on a dataset's frames, without labels.

    An interrupted run resumes when it is started with the same arguments.
    """
    if out.suffix != ".safetensors":
        raise typer.BadParameter(f"{out} does not end in .safetensors", param_hint="--out")
    terminal.quiet()
    from models.data.index import DatasetError
    from models.training.distil.distillation import Recipe
    from models.training.distil.distillation import distil as run
    from models.training.trunk import TrunkError

    recipe = Recipe(epochs=epochs, copies=copies, seed=seed)
    with terminal.stages() as progress:
        try:
            loss = run(data, trunk, teacher, out, work, recipe, progress).loss
        except (DatasetError, TrunkError) as error:
            terminal.stop(str(error))
    typer.echo(
        f"{out}: mean squared error {loss[0]:.3f} in the first epoch, {loss[-1]:.3f} in the last."
    )


@app.command()
def compare(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the table as HTML, CSV and JSON.")],
    trunk: Trunk = SHIPPED,
    work: Work = WORK,
    network: Annotated[
        list[Compared] | None,
        typer.Option(help="Networks to compare, in this order; repeatable. [default: all]"),
    ] = None,
    folds: Folds = 5,
    side: Annotated[
        int,
        typer.Option(
            min=32, help="Frame side in pixels of networks without a trunk, a multiple of 32."
        ),
    ] = 64,
    frames: Annotated[int, typer.Option(min=1, help="Training frames per recording.")] = 6,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each fold.")] = 8,
    seed: Seed = 1,
) -> None:
    """Train and evaluate all networks of the paper on the same folds, and print its Table 2.

    An interrupted run resumes when it is started with the same arguments.
    """
    if side % 32:
        raise typer.BadParameter(f"{side} is not a multiple of 32", param_hint="--side")
    terminal.quiet()
    from models.comparison.budget import Budget
    from models.comparison.run import compare as run
    from models.comparison.table import HTML, as_text, write
    from models.data.index import DatasetError
    from models.training.trunk import TrunkError

    names = [choice.value for choice in network or Compared]
    budget = Budget(side=side, frames=frames, epochs=epochs, seed=seed, folds=folds)
    started = time.monotonic()
    with terminal.stages() as progress:
        try:
            found = run(data, trunk, work, budget, progress, names)
        except (DatasetError, TrunkError) as error:
            terminal.stop(str(error))
    typer.echo(as_text(write(found, out)))
    minutes = (time.monotonic() - started) / 60
    typer.echo(
        f"\n{out / HTML}: {minutes:.0f} minutes. It lists the initial weights of each network."
    )


def _summary(figures: Mapping[str, Any]) -> str:
    line = (
        f"frame accuracy {figures['frame_accuracy']:.3f}, "
        f"balanced {figures['frame_balanced_accuracy']:.3f}"
    )
    if figures["videos"]:
        covid19 = figures["video_classes"]["covid19"]
        line += (
            f", video accuracy {figures['video_accuracy']:.3f}; "
            f"COVID-19 videos: sensitivity {covid19['sensitivity']:.3f}, "
            f"specificity {covid19['specificity']:.3f}"
        )
    return line
