"""What is measured: each row runs in a process of its own, so that memory and start are its own."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.inference.engine import Precision

STARTED = time.perf_counter()
DATASET = Path(__file__).resolve().parents[3] / "shared" / "dataset"
BATCHES = (1, 8, 30)
REPEATS = 3
SIGN_REPEATS = 9
PRECISIONS: tuple["Precision", ...] = ("f32", "bf16", "int8")
RATE_DEPTH = 8
RATE_SHAPES = ((4, 256, 28), (2, 256, 56), (4, 512, 28))
"""Frames, channels and side of the convolutions that show how fast the machine is."""
FILES = {
    "still": DATASET / "pocus_images/convex/Reg_Avi_Image001.jpg",
    "video of 10 s": DATASET / "pocus_videos/convex/Cov_convex_volpecelli_sonographic_v1.mov",
}

Row = dict[str, Any]


def reference() -> Row:
    """Five complete models by Keras `predict`, as the original service answered."""
    import numpy as np

    from models import networks
    from models.inference import artifact

    _, weights = artifact.load(artifact.active())
    models = []
    for head in weights.heads:
        model = networks.pocovidnet()
        networks.set_weights(model, {**weights.trunk, **head})
        models.append(model)
    loaded = time.perf_counter() - STARTED

    def answer(frames: Any) -> None:
        prepared = networks.preprocess(frames)
        np.mean([model.predict(prepared, verbose=0) for model in models], axis=0)

    return {"load_s": loaded, **_times(answer), "resident_mb": _resident_mb()}


def shared() -> Row:
    """The same in Keras with the trunk computed once, five heads after it: what sharing gives."""
    import numpy as np

    from models import networks
    from models.inference import artifact

    _, weights = artifact.load(artifact.active())
    frozen = networks.trunk()
    networks.set_weights(frozen, weights.trunk)
    heads = []
    for head_weights in weights.heads:
        head = networks.head()
        networks.set_weights(head, head_weights)
        heads.append(head)
    loaded = time.perf_counter() - STARTED

    def answer(frames: Any) -> None:
        features = frozen.predict(networks.preprocess(frames), verbose=0)
        np.mean([head.predict(features, verbose=0) for head in heads], axis=0)

    return {"load_s": loaded, **_times(answer), "resident_mb": _resident_mb()}


def engine(precision: str) -> Row:
    """The shipped engine in one format: load, then batches of 1, 8 and 30 frames."""
    from models.inference.predict import Predictor

    predictor = Predictor.load(precision=precision)  # type: ignore[arg-type]  # by name from a flag
    loaded = time.perf_counter() - STARTED
    return {"load_s": loaded, **_times(predictor.predict), "resident_mb": _resident_mb()}


def rates() -> Row:
    """The fastest this machine multiplies matrices in each format: 10^9 multiply-accumulates a s.

    Measured on eight 3×3 convolutions in a row, which keep their numbers in the format all the way
    and in the shape that the units like best; a bare matrix product spends its time on rounding
    its float32 inputs.
    """
    found: Row = {}
    for precision in PRECISIONS:
        # The fastest of many: a floor is what the machine can do, not what it did on average.
        found[precision] = max(_rate(precision, *shape) for shape in RATE_SHAPES)
    return found


def _rate(precision: str, frames: int, channels: int, side: int) -> float:
    import numpy as np
    import openvino as ov
    from openvino import opset13 as op

    def levels(x: Any, low: float, high: float, count: int) -> Any:
        ends = [np.float32(v) for v in (low, high, low, high)]
        return op.fake_quantize(x, *ends, count)

    rng = np.random.default_rng(0)
    x = given = op.parameter([frames, channels, side, side], np.float32)
    for _ in range(RATE_DEPTH):
        kernel = rng.standard_normal((channels, channels, 3, 3), dtype=np.float32)
        weights = op.constant(kernel * np.float32((2 / (9 * channels)) ** 0.5))
        if precision == "int8":
            x, weights = levels(x, 0, 4, 256), levels(weights, -0.3, 0.3, 255)
        x = op.relu(op.convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    mean = op.reduce_mean(x, op.constant(np.array([2, 3])))
    hint = "f32" if precision == "f32" else "bf16"
    request = (
        ov.Core()
        .compile_model(
            ov.Model([op.result(mean)], [given], "rate"),
            "CPU",
            {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint},
        )
        .create_infer_request()
    )
    pictures = rng.random((frames, channels, side, side), dtype=np.float32)
    spent = min(_seconds(partial(request.infer, [pictures])) for _ in range(10))
    return RATE_DEPTH * frames * 9.0 * (channels * side) ** 2 / spent / 1e9


def paths() -> Row:
    """The whole way of a still and of a video of about 10 s, and each stage's share."""
    import numpy as np

    from models.inference.predict import Predictor
    from models.media import sampling
    from models.media.square import propose_square

    predictor = Predictor.load()
    predictor.predict(np.zeros((6, 224, 224, 3), dtype=np.uint8))
    found: Row = {}
    for name, path in FILES.items():
        stages = dict.fromkeys(("probe", "decode", "crop and shrink", "predict"), 0.0)
        for _ in range(REPEATS):
            before = time.perf_counter()
            recording = sampling.Recording.open(path)
            square = propose_square(recording.preview_frames())
            stages["probe"] += time.perf_counter() - before
            before = time.perf_counter()
            frames = list(recording.frames(square))
            stages["decode"] += time.perf_counter() - before
            before = time.perf_counter()
            inputs = np.stack([sampling.to_input(frame.pixels) for frame in frames])
            stages["crop and shrink"] += time.perf_counter() - before
            before = time.perf_counter()
            predictor.predict(inputs)
            stages["predict"] += time.perf_counter() - before
        each = {stage: spent / REPEATS for stage, spent in stages.items()}
        found[name] = {"frames": len(frames), "total_s": sum(each.values()), "stages_s": each}
    return found


def dicom() -> Row:
    """What the same recordings cost as DICOM, and as PNG and MP4."""
    from scripts.bench import dicom as compared

    return compared.dicom(list(FILES.values()))


def service() -> Row:
    """A whole service with one idle worker: its start, and from upload to answer as the page asks.

    The page sends the file, looks at the preview, asks for the screening and listens.
    """
    import httpx
    import psutil

    from scripts.load.service import Service

    found: Row = {}
    with (
        TemporaryDirectory(prefix="pocovid-bench-") as folder,
        Service(Path(folder), None) as running,
        httpx.Client(base_url=f"{running.url}/api/v1") as page,
    ):
        found["worker_ready_s"] = running.start_worker()
        for name, path in FILES.items():
            spent = [_seconds(partial(_ask_and_listen, page, path)) for _ in range(REPEATS)]
            found[name] = median(spent)
        worker = psutil.Process(running.workers[0].pid)
        everybody = [worker, *worker.children(recursive=True)]
        found["worker_mb"] = max(person.memory_info().rss for person in everybody) / 1e6
    return found


def _ask_and_listen(page: Any, path: Path) -> None:
    with path.open("rb") as file:
        recording = page.post("/recordings", files={"file": (path.name, file)}).raise_for_status()
    asked = page.post("/screenings", json={"recording_id": recording.json()["id"]})
    screening = asked.raise_for_status().json()["id"]
    with page.stream("GET", f"/screenings/{screening}/events") as events:
        *_, last = (json.loads(line[6:]) for line in events.iter_lines() if line[:6] == "data: ")
    if last["status"] != "done":
        raise RuntimeError(f"{path.name} was not answered: {last['error']}")


def guard() -> Row:
    """The default engine against float32 on every frame of the dataset, all probes and classes.

    Beside it the cross-validated accuracy of both: each frame by the model that never saw it.
    """
    import numpy as np

    from models.contract import CLASSES
    from models.data.index import read_index
    from models.evaluation import held_out
    from models.inference.predict import Predictor
    from models.media import sampling

    engines = (Predictor.load(), Predictor.load(precision="f32"))
    manifest = engines[0].manifest
    homes = {
        recording.key: recording.folds[manifest.group]
        for recording in held_out.trained_recordings(manifest)
    }
    means: list[list[Any]] = [[], []]
    hits: list[list[bool]] = [[], []]
    for entry in read_index(DATASET).entries:
        frames = sampling.read_inputs(entry.path)
        for n, each in enumerate(engines):
            scores = each.scores(frames)
            means[n].append(scores.mean(axis=0))
            if entry.key in homes:
                named = scores[homes[entry.key]].argmax(axis=1)
                hits[n] += [bool(one == CLASSES.index(entry.label)) for one in named]
    fast, exact = (np.concatenate(part) for part in means)
    return {
        "precision": engines[0].precision,
        "frames": len(fast),
        "same_class": float((fast.argmax(axis=1) == exact.argmax(axis=1)).mean()),
        "mean_difference": float(np.abs(fast - exact).mean()),
        "largest_difference": float(np.abs(fast - exact).max()),
        "tested_frames": len(hits[0]),
        "tested_accuracy": float(np.mean(hits[0])),
        "tested_accuracy_f32": float(np.mean(hits[1])),
    }


def sign_guard() -> Row:
    """The sign network in its default precision against float32, on every frame of the dataset.

    POCOVID-Net's part is the default engine's in both, so that what differs is the signs' doing.
    """
    from models.data.index import read_index
    from models.inference import artifact
    from models.inference.answer import Method
    from models.inference.predict import Predictor
    from models.inference.sign_reader import SignReader
    from models.media import sampling
    from scripts.bench import sign_guard as guarding

    predictor = Predictor.load()
    manifest, weights = artifact.load(artifact.active())
    if weights.signs is None:
        raise RuntimeError(f"{predictor.version} has no signs")
    method = Method.of(manifest, weights.signs.maps, weights.signs.signs, weights.readers)
    exact = SignReader(weights, manifest.preprocessing["means"], "f32", "f32")
    recordings = []
    for entry in read_index(DATASET).entries:
        frames = sampling.read_inputs(entry.path)
        found = predictor.evidence(frames)
        if found.signs is None:
            raise RuntimeError(f"{predictor.version} has no signs")
        recordings.append(guarding.Compared(entry, found.softmax, found.signs, exact.run(frames)))
    return {"precision": predictor.sign_precision} | guarding.compare(method, recordings)


def signs() -> Row:
    """What signs cost: the default answer with them and without, one after the other.

    And the sign network alone in each format, thirty frames at once.
    """
    from dataclasses import replace

    import numpy as np

    from models.inference import artifact
    from models.inference.predict import Predictor
    from models.inference.signs import SignEngine

    manifest, weights = artifact.load(artifact.active())
    if weights.signs is None:
        raise RuntimeError(f"{manifest.version} has no signs")
    with TemporaryDirectory(prefix="pocovid-bench-") as folder:
        bare = Path(folder) / manifest.version
        artifact.save(bare, replace(manifest, answer={}), replace(weights, signs=None, readers={}))
        both = {"with": Predictor.load().predict, "without": Predictor.load(bare).predict}
    rng = np.random.default_rng(0)
    found: Row = {}
    for count in BATCHES:
        frames = rng.integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)
        for name, spent in _alternately({k: partial(v, frames) for k, v in both.items()}).items():
            found[f"{name}_{count}_s"] = spent
    alone = {name: SignEngine(weights.signs, name).run for name in PRECISIONS}
    spent_s = _alternately({name: partial(run, frames) for name, run in alone.items()})
    return found | {f"{name}_ms_a_frame": s / len(frames) * 1e3 for name, s in spent_s.items()}


def _alternately(works: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The least time of each of several works, in turns, so that all meet the same machine."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(SIGN_REPEATS):
        for name, work in works.items():
            spent[name].append(_seconds(work))
    return {name: min(each) for name, each in spent.items()}


def training() -> Row:
    """An epoch's cost for each frame: on cached features, and through the whole network."""
    import keras
    import numpy as np

    from models import networks
    from models.inference import engine
    from models.training import fit

    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (16, 224, 224, 3), dtype=np.uint8)
    labels = rng.integers(0, 3, 16)
    # How long a step takes does not depend on the numbers.
    features = rng.random((len(frames), *networks.FEATURE_SHAPE), dtype=np.float32)
    with fit.compute_dtype(engine.best_precision({})):
        head = networks.head()
    found: Row = {}
    for name, model, given in (
        ("cached", head, features),
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


ROWS: dict[str, Callable[[], Row]] = {
    "reference": reference,
    "shared": shared,
    **{name: partial(engine, name) for name in PRECISIONS},
    "rates": rates,
    "signs": signs,
    "paths": paths,
    "dicom": dicom,
    "service": service,
    "training": training,
    "guard": guard,
    "sign_guard": sign_guard,
}

NEED_RECORDINGS = ("paths", "dicom", "service", "guard", "sign_guard")
