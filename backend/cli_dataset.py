"""The sub-commands of the dataset: `pocovid dataset …`."""

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def dataset() -> None:
    """Look after the dataset: what comes in, what it holds, and its releases."""
