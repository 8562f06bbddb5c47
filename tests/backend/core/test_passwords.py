"""How passwords are hashed outside of tests."""

from argon2 import Parameters, PasswordHasher, extract_parameters

from backend.core import passwords


def test_a_hash_takes_as_long_as_rfc_9106_recommends() -> None:
    made = PasswordHasher.from_parameters(passwords.PARAMETERS).hash("four words of mine")
    found: Parameters = extract_parameters(made)
    assert made.startswith("$argon2id$v=19$")
    assert (found.memory_cost, found.time_cost, found.parallelism) == (65536, 3, 4)
