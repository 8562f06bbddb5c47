"""A stand-in for `models.training.retrain`: it says and leaves what that does, in a moment.

How it ends is asked for in the settings' seed: see `ENDS`.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

ENDS = {"well": 1, "refused": 2, "killed": 3, "never": 4, "noisy": 5, "once": 6}


def main() -> None:
    asked = json.loads(sys.argv[1])
    end = asked["config"]["seed"]
    say(stage="Trunk features", done=1, total=2)
    if end == ENDS["refused"]:
        say(error="Nothing in it can be trained on.")
        sys.exit(3)
    if end == ENDS["killed"]:
        os.kill(os.getpid(), signal.SIGKILL)
    note = Path(asked["work"]) / "running"
    if end == ENDS["never"] or (end == ENDS["once"] and not note.exists()):
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(str(os.getpid()))
        time.sleep(120)
    if end == ENDS["noisy"]:
        sys.stdout.write("a library says something\n")
    assert (Path(asked["data"]) / "dataset_metadata.csv").is_file()
    assert (Path(asked["data"]) / "folds.csv").is_file()
    if asked["do"] == "fold":
        results = Path(asked["results"])
        results.mkdir(parents=True, exist_ok=True)
        (results / f"fold{asked['fold']}.safetensors").write_bytes(b"result %d" % asked["fold"])
        say(result={"frames": 3, "frame_accuracy": 0.5, "loss": [1.0]})
        return
    found = sorted(path.read_bytes() for path in Path(asked["results"]).glob("fold*"))
    assert found == [b"result %d" % fold for fold in range(5)]
    from models.inference import artifact
    from models.inference.artifact import Weights
    from tests.models import small_artifact

    out = Path(asked["out"])
    manifest = small_artifact.manifest(
        version=out.name, licence=asked["licence"], metrics={"patient": {"frame_accuracy": 0.5}}
    )
    artifact.save(out, manifest, Weights({}, [{}] * 5))
    active = {"version": Path(asked["against"]).name, "metrics": None, "may_have_seen": True}
    comparison = {"recordings": 0, "new": {"version": out.name, "metrics": None}, "active": active}
    say(result={"version": out.name, "comparison": comparison})


def say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
