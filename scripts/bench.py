"""Time the engine against the reference: five complete Keras models, called one after the other.

Every row runs in a process of its own, so that memory and start are its own too; every figure is
shown as a ratio to the reference of the same run. `make bench` prints a table and writes JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

STARTED = time.perf_counter()
HOUSE = Path(__file__).resolve().parent.parent
DATASET = HOUSE.parent / "shared" / "dataset"
BATCHES = (1, 8, 30)
REPEATS = 5
PRECISIONS = ("f32", "bf16", "int8")
MATRIX_SIDE = 2048

Row = dict[str, Any]


def reference() -> Row:
    """Five complete models by Keras `predict`, as the original service answered."""
    import numpy as np

    from models import artifact, networks

    _, trunk, heads = artifact.load(artifact.active())
    models = []
    for head in heads:
        model = networks.pocovidnet()
        networks.set_weights(model, {**trunk, **head})
        models.append(model)
    loaded = time.perf_counter() - STARTED

    def answer(frames: Any) -> None:
        prepared = networks.preprocess(frames)
        np.mean([model.predict(prepared, verbose=0) for model in models], axis=0)

    return {"load_s": loaded, **_times(answer), "resident_mb": _resident_mb()}


def engine(precision: str) -> Row:
    """The shipped engine in one format: load, then batches of 1, 8 and 30 frames."""
    from models.predict import Predictor

    predictor = Predictor.load(precision=precision)  # type: ignore[arg-type]  # by name from a flag
    loaded = time.perf_counter() - STARTED
    return {"load_s": loaded, **_times(predictor.predict), "resident_mb": _resident_mb()}


def rates() -> Row:
    """Multiply-accumulates a second of a large matrix product in each format, in 10^9."""
    import numpy as np
    import openvino as ov
    from openvino import opset13 as op

    found: Row = {}
    rng = np.random.default_rng(0)
    side = MATRIX_SIDE
    values = rng.uniform(0, 1, (side, side)).astype(np.float32)
    for precision in PRECISIONS:
        left = op.parameter([side, side], np.float32)
        x, weights = left, op.constant(values - np.float32(0.5))
        if precision == "int8":
            x = op.fake_quantize(x, *(np.float32(v) for v in (0, 1, 0, 1)), 256)
            half = [np.float32(v) for v in (-0.5, 0.5, -0.5, 0.5)]
            weights = op.fake_quantize(weights, *half, 255)
        product = op.matmul(x, weights, transpose_a=False, transpose_b=False)
        hint = "f32" if precision == "f32" else "bf16"
        compiled = ov.Core().compile_model(
            ov.Model([op.result(product)], [left], "product"),
            "CPU",
            {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint},
        )
        request = compiled.create_infer_request()
        # The fastest of many: a floor is what the machine can do, not what it did on average.
        spent = min(_seconds(partial(request.infer, [values])) for _ in range(20))
        found[precision] = side**3 / spent / 1e9
    return found


def paths() -> Row:
    """The whole way of a still and of a video of about 10 s, and each stage's share."""
    import numpy as np

    from models import media
    from models.predict import Predictor
    from models.square import propose_square

    predictor = Predictor.load()
    predictor.predict(np.zeros((6, 224, 224, 3), dtype=np.uint8))
    found: Row = {}
    for name, path in (
        ("still", DATASET / "pocus_images/convex/Reg_Avi_Image001.jpg"),
        ("video", DATASET / "pocus_videos/convex/Cov_convex_volpecelli_sonographic_v1.mov"),
    ):
        stages = dict.fromkeys(("probe", "decode", "crop and shrink", "predict"), 0.0)
        for _ in range(REPEATS):
            before = time.perf_counter()
            recording = media.Recording.open(path)
            square = propose_square(recording.glance())
            stages["probe"] += time.perf_counter() - before
            before = time.perf_counter()
            frames = list(recording.frames(square))
            stages["decode"] += time.perf_counter() - before
            before = time.perf_counter()
            inputs = np.stack([media.to_input(frame.pixels) for frame in frames])
            stages["crop and shrink"] += time.perf_counter() - before
            before = time.perf_counter()
            predictor.predict(inputs)
            stages["predict"] += time.perf_counter() - before
        each = {stage: spent / REPEATS for stage, spent in stages.items()}
        found[name] = {"frames": len(frames), "total_s": sum(each.values()), "stages_s": each}
    return found


def guard() -> Row:
    """The default engine against float32 on every frame of the dataset, all probes and classes."""
    import numpy as np

    from models import media
    from models.dataset import read_index
    from models.predict import Predictor
    from models.square import propose_square

    default, exact = Predictor.load(), Predictor.load(precision="f32")
    scores = []
    for entry in read_index(DATASET).entries:
        recording = media.Recording.open(entry.path)
        square = propose_square(recording.glance())
        frames = np.stack([media.to_input(frame.pixels) for frame in recording.frames(square)])
        scores.append([each.predict(frames) for each in (default, exact)])
    fast, slow = (np.concatenate(each) for each in zip(*scores, strict=True))
    return {
        "precision": default.precision,
        "frames": len(fast),
        "same_class": float((fast.argmax(axis=1) == slow.argmax(axis=1)).mean()),
        "mean_difference": float(np.abs(fast - slow).mean()),
        "largest_difference": float(np.abs(fast - slow).max()),
    }


def training() -> Row:
    """An epoch's cost for each frame: on cached features, and through the whole network."""
    import keras
    import numpy as np

    from models import networks

    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (16, 224, 224, 3), dtype=np.uint8)
    labels = rng.integers(0, 3, 16)
    # How long a step takes does not depend on the numbers.
    features = rng.random((len(frames), *networks.FEATURE_SHAPE), dtype=np.float32)
    found: Row = {}
    for name, model, given in (
        ("cached", networks.head(), features),
        ("direct", networks.pocovidnet(), networks.preprocess(frames)),
    ):
        model.compile(
            keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", jit_compile=False
        )
        model.train_on_batch(given, labels)
        step = partial(model.train_on_batch, given, labels)
        spent = [_seconds(step) for _ in range(3)]
        found[f"{name}_s_per_frame"] = median(spent) / len(frames)
    return found


def macs_per_frame(folds: int) -> float:
    """Multiply-accumulates of the shared trunk and all heads for one frame, in 10^9."""
    from models import artifact

    _, trunk, heads = artifact.load(artifact.active())
    total = 0.0
    for name, kernel in {**trunk, "block5_conv3/kernel": heads[0]["block5_conv3/kernel"]}.items():
        if name.endswith("/kernel"):
            side = 224 // 2 ** (int(name[len("block")]) - 1)
            times = folds if name.startswith("block5_conv3") else 1
            total += times * kernel.size * side * side
    return total / 1e9


ROWS: dict[str, Callable[[], Row]] = {
    "reference": reference,
    **{name: partial(engine, name) for name in PRECISIONS},
    "rates": rates,
    "paths": paths,
    "training": training,
    "guard": guard,
}


def main() -> None:
    """Run the rows one after the other and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", choices=ROWS, help="run this row here and print its JSON")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), help="these rows")
    parser.add_argument("--json", type=Path, default=HOUSE / ".cache" / "bench.json")
    chosen = parser.parse_args()
    if chosen.row:
        print(json.dumps(ROWS[chosen.row]()))
        return
    found: dict[str, Row] = {}
    for name in chosen.only:
        if name in ("paths", "guard") and not DATASET.is_dir():
            print(f"{name}: left out, there is no {DATASET}", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        found[name] = _in_own_process(name)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=1))
    _print(found)
    print(f"\nThe same as JSON: {chosen.json}")


def _print(found: dict[str, Row]) -> None:
    base = found.get("reference")
    if base:
        print(
            f"\n{'':12}"
            + "".join(f"{n:>4} frames     ratio" for n in BATCHES)
            + "   load  resident"
        )
    for name in ("reference", *PRECISIONS):
        if base is None or name not in found:
            continue
        row = found[name]
        cells = [
            f"{row[f'batch_{n}_s']:9.3f} s {base[f'batch_{n}_s'] / row[f'batch_{n}_s']:8.1f}×"
            for n in BATCHES
        ]
        print(f"{name:12}" + "".join(cells) + f"{row['load_s']:6.1f} s{row['resident_mb']:7.0f} MB")
    if "rates" in found:
        work = macs_per_frame(folds=5)
        print(f"\nfloor of 30 frames: {work:.2f} GMAC a frame over the measured matrix rate")
        for name, rate in found["rates"].items():
            floor = 30 * work / rate
            beside = f", {found[name]['batch_30_s'] / floor:.2f}× taken" if name in found else ""
            print(f"{name:12}{rate:6.0f} GMAC/s {floor:7.3f} s{beside}")
    for name, row in found.get("paths", {}).items():
        shares = ", ".join(f"{k} {v / row['total_s']:.0%}" for k, v in row["stages_s"].items())
        print(f"\n{name}: {row['total_s']:.3f} s for {row['frames']} frames ({shares})")
    if "training" in found:
        row = found["training"]
        ratio = row["direct_s_per_frame"] / row["cached_s_per_frame"]
        print(f"\ntraining on cached features: {ratio:.1f}× faster an epoch than the whole network")
    if "guard" in found:
        row = found["guard"]
        print(
            f"\n{row['precision']} against f32 on {row['frames']} frames: same class "
            f"{row['same_class']:.2%}, mean difference {row['mean_difference']:.4f}, "
            f"largest {row['largest_difference']:.3f}"
        )


def _in_own_process(name: str) -> Row:
    done = subprocess.run(
        [sys.executable, __file__, "--row", name],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(HOUSE)},
    )
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


def _times(answer: Callable[[Any], Any]) -> Row:
    import numpy as np

    found: Row = {}
    for count in BATCHES:
        frames = np.random.default_rng(count).integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)
        answer(frames)
        found[f"batch_{count}_s"] = median(
            _seconds(partial(answer, frames)) for _ in range(REPEATS)
        )
    return found


def _seconds(work: Callable[[], Any]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status names no VmRSS")


if __name__ == "__main__":
    main()
