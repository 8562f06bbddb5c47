"""Make the passwords of a compose deployment once, at random, on a volume only its services see.

Nothing secret is then in the compose file, in an image, in an environment or in a shell history.
PostgreSQL and the object store read their own file; libpq and the S3 client read pgpass and aws.
"""

import secrets
from pathlib import Path

FOLDER = Path("/secrets")
OWNER_ONLY, EVERY_SERVICE = 0o600, 0o444


def write(name: str, text: str, mode: int) -> None:
    """Write one file whole, with its mode."""
    half = FOLDER / f".{name}"
    half.write_text(text)
    half.chmod(mode)
    half.replace(FOLDER / name)


def main() -> None:
    """Write every file, unless a former start has."""
    if (FOLDER / "complete").exists():
        return
    database, store_user, store = (secrets.token_urlsafe(24) for _ in range(3))
    write("database_password", database, EVERY_SERVICE)
    write("pgpass", f"postgres:5432:pocovid:pocovid:{database}\n", OWNER_ONLY)
    write("store_user", store_user, EVERY_SERVICE)
    write("store_password", store, EVERY_SERVICE)
    write(
        "aws",
        f"[default]\naws_access_key_id = {store_user}\naws_secret_access_key = {store}\n",
        OWNER_ONLY,
    )
    write("complete", "", EVERY_SERVICE)


if __name__ == "__main__":
    main()
