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
    """What can be shipped; the others are trained by `pocovid compare`."""

    pocovidnet = "pocovidnet"


class Compared(StrEnum):
    """What takes part in a comparison; what costs least comes first."""

    pocovidnet = "pocovidnet"
    temporal = "temporal"
    covidnet = "covidnet"
    nasnetmobile = "nasnetmobile"
    covnet = "covnet"


class Grouping(StrEnum):
    """What a fold keeps together."""

    recording = "recording"
    patient = "patient"
    source = "source"


class Balancing(StrEnum):
    """What has the same share of the loss; patients and sources within their class."""

    classes = "class"
    patient = "patient"
    source = "source"


class Augmenting(StrEnum):
    """How copies differ from their frame."""

    brightness = "brightness"
    paper = "paper"
    both = "both"


Data = Annotated[Path, typer.Argument(help="Folder in the layout of the public POCUS dataset.")]
Trunk = Annotated[
    str,
    typer.Option(
        help="What to start from: `shipped`, the frozen layers of the artifact that answers; an "
        ".npz or .safetensors file; or `imagenet`."
    ),
]
Work = Annotated[
    Path, typer.Option(help="Folder for cached features and checkpoints; a killed run resumes.")
]
Folds = Annotated[int, typer.Option(min=2, max=20, help="Folds, one model each.")]
Seed = Annotated[int, typer.Option(min=0, help="Of folds, augmentation and dropout.")]


@app.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of the new artifact; its name is its version.")],
    trunk: Trunk = SHIPPED,
    network: Annotated[Network, typer.Option(help="What is trained.")] = Network.pocovidnet,
    work: Work = WORK,
    group: Annotated[
        Grouping,
        typer.Option(
            help="What the folds of the shipped models keep together. "
            "By source, there is a fold for each source of some size."
        ),
    ] = Grouping.patient,
    folds: Folds = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each fold, at most.")] = 15,
    patience: Annotated[
        int,
        typer.Option(
            min=0,
            help="Epochs without progress after which a fold ends, judged on a part of its own "
            "training recordings; 0 trains all epochs on all of them.",
        ),
    ] = 0,
    learning_rate: Annotated[
        float, typer.Option(min=1e-7, max=0.1, help="Of Adam, from the first step to the last.")
    ] = 1e-4,
    balance: Annotated[
        Balancing, typer.Option(help="What has the same share of the loss.")
    ] = Balancing.classes,
    copies: Annotated[int, typer.Option(min=0, help="Augmented copies of each frame.")] = 4,
    augment: Annotated[
        Augmenting,
        typer.Option(
            help="A gamma of 0.5 to 2; rotation, shifts and flips as in the paper; or both."
        ),
    ] = Augmenting.brightness,
    cache: Annotated[
        bool, typer.Option(help="Keep the trunk's features, or compute them at every step.")
    ] = True,
    seed: Seed = 1,
) -> None:
    """Train the models of a cross-validation; measure by recording, by patient and by source.

    A run that was stopped goes on where it was when it is started with the same arguments.
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
    with terminal.stages() as told:
        try:
            manifest = run(data, trunk, out, work, config, told)
        except (ArtifactError, DatasetError, TrunkError) as error:
            terminal.stop(str(error))
    minutes = (time.monotonic() - started) / 60
    typer.echo(f"{out}: {network.value} trained in {minutes:.0f} minutes.")
    for name, figures in manifest.metrics.items():
        typer.echo(f"by {name}: {_told(figures)}")
    for name, reason in manifest.data["left_out"].items():
        typer.echo(f"by {name}: not measured. {reason}")
    for reason in manifest.data.get("in_doubt", ()):
        typer.echo(f"not trained on: {reason}")


@app.command()
def distil(
    data: Data,
    teacher: Annotated[
        list[Path], typer.Option(help="SqueezeNet's or GoogLeNet's .npz; may be given again.")
    ],
    out: Annotated[Path, typer.Option(help="The new trunk, a .safetensors file.")],
    trunk: Trunk = SHIPPED,
    work: Work = WORK,
    epochs: Annotated[int, typer.Option(min=1, help="How often each frame is learnt from.")] = 15,
    copies: Annotated[
        int, typer.Option(min=0, help="Copies of each frame in other brightness.")
    ] = 2,
    seed: Seed = 1,
) -> None:
    """Teach a trunk's blocks 4 and 5 what other networks see in a dataset's frames, no label used.

    A run that was stopped goes on where it was when it is started with the same arguments.
    """
    if out.suffix != ".safetensors":
        raise typer.BadParameter(f"{out} does not end in .safetensors", param_hint="--out")
    terminal.quiet()
    from models.data.index import DatasetError
    from models.training.distil.distillation import Recipe
    from models.training.distil.distillation import distil as run
    from models.training.trunk import TrunkError

    recipe = Recipe(epochs=epochs, copies=copies, seed=seed)
    with terminal.stages() as told:
        try:
            loss = run(data, trunk, teacher, out, work, recipe, told).loss
        except (DatasetError, TrunkError) as error:
            terminal.stop(str(error))
    typer.echo(f"{out}: mean squared error {loss[0]:.3f} in the first epoch, {loss[-1]:.3f} now.")


@app.command()
def compare(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the table as HTML, CSV and JSON.")],
    trunk: Trunk = SHIPPED,
    work: Work = WORK,
    network: Annotated[
        list[Compared] | None,
        typer.Option(help="Which ones, in this order; may be given again. [default: all]"),
    ] = None,
    folds: Folds = 5,
    side: Annotated[
        int,
        typer.Option(
            min=32, help="Pixels of the frames that networks without a trunk get; 32 divides it."
        ),
    ] = 64,
    frames: Annotated[
        int, typer.Option(min=1, help="Frames of each recording that are trained on.")
    ] = 6,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each fold.")] = 8,
    seed: Seed = 1,
) -> None:
    """Train and measure all networks of the paper on the same folds, and print its Table 2.

    A run that was stopped goes on where it was when it is started with the same arguments.
    """
    if side % 32:
        raise typer.BadParameter(f"{side} is not a multiple of 32", param_hint="--side")
    terminal.quiet()
    from models.comparison.budget import Budget
    from models.comparison.run import compare as run
    from models.comparison.table import HTML, as_text, write
    from models.data.index import DatasetError
    from models.training.trunk import TrunkError

    names = [each.value for each in network or Compared]
    budget = Budget(side=side, frames=frames, epochs=epochs, seed=seed, folds=folds)
    started = time.monotonic()
    with terminal.stages() as told:
        try:
            found = run(data, trunk, work, budget, told, names)
        except (DatasetError, TrunkError) as error:
            terminal.stop(str(error))
    typer.echo(as_text(write(found, out)))
    minutes = (time.monotonic() - started) / 60
    typer.echo(f"\n{out / HTML}: {minutes:.0f} minutes. What each could start from is in there.")


def _told(figures: Mapping[str, Any]) -> str:
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
