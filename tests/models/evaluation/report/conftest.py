"""What is dear to make, made once for all tests of the report."""

import shutil
from collections.abc import Iterator

import pytest

from tests.models.evaluation.report import small_evaluation
from tests.models.evaluation.report.small_evaluation import House


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A small artifact, its dataset, and a folder for the work."""
    folder = tmp_path_factory.mktemp("evaluation")
    yield small_evaluation.make(folder)
    # A hundred megabytes that nobody wants to look at afterwards.
    shutil.rmtree(folder)
