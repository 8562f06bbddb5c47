"""The measured rows as tables for people: every time beside its ratio to the reference."""

from rich.console import Console
from rich.table import Table

from scripts.bench.rows import BATCHES, PRECISIONS, Row

ENGINES: dict[str, str] = {
    "reference": "five Keras models",
    "shared": "Keras, shared trunk",
    "f32": "engine, f32",
    "bf16": "engine, bf16",
    "int8": "engine, int8",
}


def show(found: dict[str, Row]) -> None:
    """Print what was measured; what was left out is left out."""
    console = Console(width=130, highlight=False)
    base = found.get("reference")
    if base:
        console.print(_engines(found, base))
    if "rates" in found:
        console.print(_floor(found))
    if "paths" in found:
        console.print(_paths(found["paths"], base))
    if "dicom" in found:
        console.print(_dicom(found["dicom"]))
    if "service" in found:
        row = found["service"]
        console.print(
            f"From upload to answer over HTTP, worker idle: still {row['still']:.3f} s, "
            f"video of 10 s {row['video of 10 s']:.3f} s. Cold start of a worker "
            f"{row['worker_ready_s']:.1f} s; its larger process holds {row['worker_mb']:.0f} MB."
        )
    if "training" in found:
        row = found["training"]
        ratio = row["direct_s_per_frame"] / row["cached_s_per_frame"]
        console.print(f"An epoch on cached features is {ratio:.1f}× faster than on the network.")
    if "signs" in found:
        console.print(_signs(found["signs"]))
    if "sign_guard" in found:
        console.print(_sign_guard(found["sign_guard"]))
    if "guard" in found:
        row = found["guard"]
        console.print(
            f"{row['precision']} against f32 on {row['frames']} frames: same class "
            f"{row['same_class']:.2%}, mean difference {row['mean_difference']:.4f}, largest "
            f"{row['largest_difference']:.3f}.\n{row['tested_frames']} frames, each by the model "
            f"that never saw it: accuracy {row['tested_accuracy']:.4f}, in f32 "
            f"{row['tested_accuracy_f32']:.4f}."
        )


def macs_per_frame(folds: int) -> float:
    """Multiply-accumulates of the shared trunk and all heads for one frame, in 10^9."""
    from models.inference import artifact

    _, weights = artifact.load(artifact.active())
    total = 0.0
    for name, kernel in {**weights.trunk, **weights.heads[0]}.items():
        if name.startswith("block") and name.endswith("/kernel"):
            side = 224 // 2 ** (int(name[len("block")]) - 1)
            times = folds if name.startswith("block5_conv3") else 1
            total += times * kernel.size * side * side
    return total / 1e9


def _signs(row: Row) -> str:
    ratios = ", ".join(
        f"{count}: {row[f'with_{count}_s'] / row[f'without_{count}_s']:.2f}×" for count in BATCHES
    )
    alone = ", ".join(f"{name} {row[f'{name}_ms_a_frame']:.2f}" for name in PRECISIONS)
    return (
        f"The answer with signs, as multiples of one without, by number of frames: {ratios}.\n"
        f"The sign network alone, ms a frame: {alone}."
    )


def _sign_guard(row: Row) -> str:
    areas = ", ".join(
        f"{finding} {each['narrow']:.3f} ({each['exact']:.3f})"
        for finding, each in row["areas"].items()
    )
    return (
        f"Signs in {row['precision']} against f32 on {row['frames']} frames of "
        f"{row['recordings']} recordings: same class {row['same_class']:.2%} of frames and "
        f"{row['same_class_recordings']:.2%} of recordings, same frames usable "
        f"{row['same_usable']:.2%}, same refusal {row['same_refusal']:.2%}.\n"
        f"Differences, mean and largest: signs {row['whole_mean_difference']:.4f}, "
        f"{row['whole_largest_difference']:.3f}; maps {row['maps_mean_difference']:.4f}, "
        f"{row['maps_largest_difference']:.3f}.\nAreas of findings, in f32 in brackets: {areas}."
    )


def _engines(found: dict[str, Row], base: Row) -> Table:
    table = Table("", title="Frames to softmax scores", title_justify="left")
    for count in BATCHES:
        table.add_column(f"{count} frames, s" if count > 1 else "1 frame, s", justify="right")
        table.add_column("ratio", justify="right")
    for heading in ("start, s", "ratio", "resident, MB", "ratio"):
        table.add_column(heading, justify="right")
    for name in ENGINES:
        if name not in found:
            continue
        row = found[name]
        cells: list[str] = []
        for key, form in (
            *((f"batch_{count}_s", ".3f") for count in BATCHES),
            ("load_s", ".1f"),
            ("resident_mb", ".0f"),
        ):
            cells += [format(row[key], form), f"{base[key] / row[key]:.1f}×"]
        table.add_row(ENGINES[name], *cells)
    return table


def _floor(found: dict[str, Row]) -> Table:
    work = macs_per_frame(folds=5)
    table = Table(
        "",
        title=f"The floor: {work:.2f} GMAC a frame at the fastest rate measured here",
        title_justify="left",
    )
    for heading in ("GMAC/s", "floor, ms a frame", *(f"{n} / floor" for n in BATCHES)):
        table.add_column(heading, justify="right")
    for name, rate in found["rates"].items():
        taken = [
            f"{found[name][f'batch_{n}_s'] / (n * work / rate):.2f}×" if name in found else ""
            for n in BATCHES
        ]
        table.add_row(name, f"{rate:.0f}", f"{work / rate * 1000:.1f}", *taken)
    return table


def _dicom(row: Row) -> Table:
    table = Table("", title="The same recordings as DICOM", title_justify="left")
    for heading in ("MB", "upload: probe and preview, s", "screening: frames, s"):
        table.add_column(heading, justify="right")
    for name, each in row.items():
        table.add_row(
            name,
            f"{each['megabytes']:.1f}",
            f"{each['upload_s']:.3f}",
            f"{each['screening_s']:.3f}",
        )
    return table


def _paths(paths: dict[str, Row], base: Row | None) -> Table:
    table = Table("", title="From a file to its answer", title_justify="left")
    for heading in ("frames", "s", "ratio", "share of each stage"):
        table.add_column(heading, justify="right")
    for name, row in paths.items():
        ratio = ""
        if base:
            # What the same path would take with the reference in place of the engine.
            batch = 1 if row["frames"] == 1 else BATCHES[-1]
            reference = base[f"batch_{batch}_s"] / batch * row["frames"]
            before = row["total_s"] - row["stages_s"]["predict"] + reference
            ratio = f"{before / row['total_s']:.1f}×"
        shares = ", ".join(f"{k} {v / row['total_s']:.0%}" for k, v in row["stages_s"].items())
        table.add_row(name, str(row["frames"]), f"{row['total_s']:.3f}", ratio, shares)
    return table
