"""How a prediction of the models is stored: as the API's `result`, and read as `Prediction`."""

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from models.contract import Prediction


def _with_plain_models(value: Any) -> Any:
    """The fields of a `Prediction`: `to_dict` has an object around each model's probabilities."""
    if not isinstance(value, dict):
        return value
    try:
        models = [model["probabilities"] for model in value["models"]]
    except (KeyError, TypeError) as error:
        raise ValueError("expected `models`, each with its `probabilities`") from error
    return value | {"models": models}


StoredPrediction = Annotated[
    Prediction, BeforeValidator(_with_plain_models), PlainSerializer(Prediction.to_dict)
]
