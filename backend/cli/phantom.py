"""The sub-command `pocovid phantom`: drawn lungs with their truth."""

from pathlib import Path
from typing import Annotated

import typer

from backend.cli import terminal

app = typer.Typer()

_MEASURED = 200


@app.command()
def phantom(
    out: Annotated[Path, typer.Option(help="Folder for pictures, contact sheet and truth.")],
    count: Annotated[int, typer.Option(min=1, help="Number of pictures or clips.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same.")] = 0,
    size: Annotated[int, typer.Option(min=28, max=1024, help="Side of a picture in pixels.")] = 112,
    clips: Annotated[bool, typer.Option("--clips", help="Draw clips instead of pictures.")] = False,
    frames: Annotated[int, typer.Option(min=1, help="Frames of a clip.")] = 24,
    mp4: Annotated[bool, typer.Option("--mp4", help="Write clips as MP4 instead of GIF.")] = False,
    others: Annotated[
        bool, typer.Option("--others", help="Draw hearts, abdomens, vessels and noise as well.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Print how many pictures a second one core draws.")
    ] = False,
) -> None:
    """Draw lungs from the physics of ultrasound artefacts; write them with their signs.

    `truth.json` has, for each picture or frame, the signs that it shows, the share of the field
    that each covers, and maps of 14 × 14 cells that say where.
    """
    terminal.quiet()
    from models.phantom import export

    with terminal.stages() as progress:

        def done(number: int, total: int) -> None:
            progress("Drawings", number, total)

        if clips:
            paths = export.write_clips(out, count, frames, seed, size, done, mp4=mp4)
        else:
            paths = export.write_pictures(out, count, seed, size, done)
    if others:
        paths += export.write_others(out, count, seed, size)
    for path in paths:
        typer.echo(f"wrote {path}", err=True)
    if measure:
        rate = export.drawings_per_second(_MEASURED, size=size)
        typer.echo(f"{rate:.0f} drawings of {size} pixels in a second of one core")
