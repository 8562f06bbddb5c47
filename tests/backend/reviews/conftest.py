"""Two reviewers, for tests of what each of them may see and do."""

from collections.abc import Callable

import pytest

from tests.conftest import Api, SignedIn


@pytest.fixture
def anna(api: Api, sign_in: Callable[..., SignedIn]) -> SignedIn:
    return sign_in(api, "reviewer", name="Anna")


@pytest.fixture
def ben(api: Api, sign_in: Callable[..., SignedIn]) -> SignedIn:
    return sign_in(api, "reviewer", name="Ben")
