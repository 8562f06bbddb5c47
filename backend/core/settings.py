"""The Settings class, read from POCOVID_* variables, and the message for a wrong value."""

import ipaddress
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le
from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

_REPOSITORY = Path(__file__).resolve().parents[2]

_MAX_YEARS = 100
"""Longest time of any setting: dates beyond the year 9999 do not exist."""
MOST_DAYS = 365 * _MAX_YEARS
MOST_HOURS = 24 * MOST_DAYS
MOST_S = 3600 * MOST_HOURS

_AE_TITLE = re.compile(r"[A-Z][A-Z0-9_-]{0,15}")
"""Narrower than the standard (PS3.5, table 6.2-1), so that every machine can be given it."""

_PEER = re.compile(
    r"(?P<name>[a-z][a-z0-9-]{0,39})="
    r"(dimses?://[^@/:\\]{1,16}@[^@/:\s]+:\d{1,5}|https?://[^\s]+)"
)

_BROKERS = ("redis", "rediss", "amqp", "amqps")


class Settings(BaseSettings):
    """Everything a deployment may change. The defaults work on a single bare machine.

    Sizes are bytes; times are in the unit their name ends with.
    """

    model_config = SettingsConfigDict(
        env_prefix="POCOVID_",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        allow_inf_nan=False,
    )

    host: str = Field("127.0.0.1", validation_alias=AliasChoices("POCOVID_HOST", "HOST"))
    port: int = Field(8000, ge=0, le=65535, validation_alias=AliasChoices("POCOVID_PORT", "PORT"))
    data_dir: Path = Field(Path("data"), description="Folder for everything the service writes.")
    frontend_dir: Path = Field(_REPOSITORY / "frontend" / "dist", description="The built frontend.")

    database_url: str = Field("", repr=False, description="Empty: SQLite in the data folder.")
    broker_url: str = Field(
        "", repr=False, description="Empty: files in the data folder, one machine only."
    )
    storage_url: str = Field("", description="Empty: the data folder. Else s3://bucket/prefix.")
    s3_endpoint_url: str | None = Field(None, description="For S3 services other than AWS.")
    s3_region: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None

    retention_hours: float = Field(
        24, gt=0, le=MOST_HOURS, description="Uploaded pixels are deleted after this."
    )
    max_upload_bytes: int = Field(200_000_000, gt=0)
    min_free_bytes: int = Field(500_000_000, ge=0, description="Uploads are refused below this.")
    uploads_per_minute: int = Field(30, gt=0, description="Per client address.")
    upload_idle_s: float = Field(
        30, gt=0, le=MOST_S, description="An upload without data for this long ends."
    )
    max_archive_bytes: int = Field(10_000_000_000, gt=0, description="A ZIP of recordings.")
    unfinished_upload_days: int = Field(
        3,
        ge=1,
        le=MOST_DAYS,
        description="A file of a submission that is incomplete after this is deleted.",
    )
    draft_days: float = Field(
        30,
        gt=0,
        le=MOST_DAYS,
        description="A draft that nobody has touched for this long is deleted.",
    )
    max_queued: int = Field(200, gt=0, description="Screenings that may wait at the same time.")
    max_queued_per_client: int = Field(
        100, gt=0, description="Of these, at most this many of one client."
    )
    client_key: SecretStr | None = Field(
        None, description="Key for hashing pseudonyms. Empty: generated once, in the database."
    )
    open_screening: bool = Field(default=True, description="Screening needs no account.")
    open_sign_up: bool = Field(default=True, description="Anybody can create an account.")
    attempts_per_client: int = Field(
        60, gt=0, description="Sign-ins, sign-ups and resets, each within 15 minutes."
    )
    attempts_per_account: int = Field(10, gt=0, description="The same, per e-mail address.")
    smtp_url: SecretStr = Field(SecretStr(""), description="Empty: mails are written to the log.")
    mail_from: str = Field("POCOVIDScreen <noreply@localhost>", description="Sender of mails.")
    public_url: str = Field("", description="Public address of the page. Empty: host and port.")
    session_hours: float = Field(
        336, gt=0, le=MOST_HOURS, description="A sign-in lasts at most this long."
    )
    session_idle_hours: float = Field(
        24, ge=0.25, le=MOST_HOURS, description="It ends after this long without a request."
    )
    draining: bool = Field(default=False, description="Accept no new work, finish what is queued.")

    reviews_needed: int = Field(1, ge=1, le=2, description="Reviewers who must agree.")
    review_claim_minutes: float = Field(
        20, gt=0, le=60 * MOST_HOURS, description="A claim that is not renewed ends after this."
    )
    undo_hours: float = Field(
        24,
        ge=0,
        le=MOST_HOURS,
        description="Pixels of a rejected recording stay this long, so that it can be undone.",
    )
    dataset_time_limit_s: float = Field(
        1800, gt=0, le=MOST_S, description="For previews or de-identification of a recording."
    )

    training_trunk: Path | None = Field(
        None, description="Frozen layers to train on. Empty: the shipped artifact's."
    )
    training_time_limit_s: float = Field(
        86_400, gt=0, le=MOST_S, description="One fold of a training, or its last stage."
    )

    heartbeat_s: float = Field(
        5, gt=0, le=MOST_S, description="How often a worker reports that it is alive."
    )
    stale_after_s: float = Field(
        30, gt=0, le=MOST_S, description="Without a heartbeat for this long, a job is lost."
    )
    stalled_after_s: float = Field(
        60,
        gt=0,
        le=MOST_S,
        description="A worker that is idle this long while work waits restarts.",
    )
    upkeep_every_s: float = Field(10, gt=0, le=MOST_S)
    worker_nice: int = Field(
        10, ge=0, le=19, description="Niceness of workers, so that the API goes first."
    )
    max_attempts: int = Field(3, ge=1, description="Lost workers after which a job fails.")
    soft_time_limit_s: float = Field(300, gt=0, le=MOST_S)
    hard_time_limit_s: float = Field(330, gt=0, le=MOST_S)

    dicom_node: bool = Field(default=False, description="`pocovid up` runs the DICOM node too.")
    dicom_ae_title: str = Field("POCOVID", description="The node's own AE title.")
    dicom_host: str = Field("127.0.0.1", description="Where the DICOM node listens.")
    dicom_port: int = Field(11112, ge=0, le=65535)
    dicom_allowed_titles: str = Field(
        "", description="Calling AE titles that may connect, with commas. Empty: any."
    )
    dicom_allowed_networks: str = Field(
        "", description="Addresses and networks that may connect, with commas. Empty: any."
    )
    dicom_tls_certificate: Path | None = Field(None, description="Empty: no TLS.")
    dicom_tls_key: Path | None = Field(None, description="Of the certificate.")
    dicom_tls_client_ca: Path | None = Field(
        None, description="Machines must have a certificate of this authority."
    )
    dicom_max_associations: int = Field(16, gt=0, le=1000)
    dicom_max_associations_per_address: int = Field(8, gt=0, le=1000)
    dicom_max_instance_bytes: int = Field(500_000_000, gt=0)
    dicom_idle_s: float = Field(
        30, gt=0, le=MOST_S, description="An association without a message this long ends."
    )
    dicom_instance_s: float = Field(
        600, gt=0, le=MOST_S, description="An instance must have arrived within this time."
    )
    dicom_peers: str = Field(
        "",
        repr=False,
        description="Where answers can be sent: name=dimse://TITLE@host:port or name=https://host.",
    )
    dicom_deliver_always: bool = Field(
        default=False, description="Every answer on what came by DICOM goes to every peer."
    )
    dicom_peer_ca: Path | None = Field(
        None, description="Authority of the peers' certificates. Empty: the system's."
    )
    dicom_peer_timeout_s: float = Field(
        20, gt=0, le=MOST_S, description="A peer must answer within this time."
    )

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    @field_validator("database_url")
    @classmethod
    def _add_driver(cls, url: str) -> str:
        for scheme in ("postgres://", "postgresql://"):
            if url.startswith(scheme):
                return "postgresql+psycopg://" + url.removeprefix(scheme)
        return url

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, url: str) -> str:
        if url and urlsplit(url).scheme.partition("+")[0] not in ("sqlite", "postgresql"):
            raise ValueError("expected postgresql://user@host/name or sqlite:///file")
        return url

    @field_validator("broker_url")
    @classmethod
    def _check_broker_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in _BROKERS or not parts.hostname):
            raise ValueError("expected redis://host:6379/0")
        return url

    @field_validator("storage_url")
    @classmethod
    def _check_storage_url(cls, url: str) -> str:
        parts = urlsplit(url)
        known = (parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc) or (
            parts.scheme == "s3" and parts.netloc
        )
        if url and not known:
            raise ValueError("expected file:///folder or s3://bucket/prefix")
        return url

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        wrong = parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.port == 0
        if any(parts) and wrong:
            raise ValueError("expected smtp://user:password@host:port or smtps://…")
        return url

    @field_validator("public_url", "s3_endpoint_url")
    @classmethod
    def _check_http_url(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("expected https://host or http://host:port")
        return url and url.rstrip("/")

    @field_validator("dicom_ae_title")
    @classmethod
    def _check_ae_title(cls, title: str) -> str:
        if not _AE_TITLE.fullmatch(title):
            raise ValueError("expected up to 16 capital letters, digits, - and _, a letter first")
        return title

    @field_validator("dicom_allowed_titles")
    @classmethod
    def _check_titles(cls, titles: str) -> str:
        if any(not each or len(each) > 16 or not each.isascii() for each in listed(titles)):
            raise ValueError("expected AE titles of up to 16 characters, with commas in between")
        return titles

    @field_validator("dicom_allowed_networks")
    @classmethod
    def _check_networks(cls, networks: str) -> str:
        try:
            for each in listed(networks):
                ipaddress.ip_network(each, strict=False)
        except ValueError as error:
            raise ValueError("expected 10.1.0.0/16,10.2.0.7 or the like") from error
        return networks

    @field_validator("dicom_peers")
    @classmethod
    def _check_peers(cls, peers: str) -> str:
        found = [_PEER.fullmatch(each) for each in listed(peers)]
        names = [each["name"] for each in found if each is not None]
        if None in found or len(set(names)) < len(found):
            raise ValueError(
                "expected name=dimse://TITLE@host:port (dimses:// for TLS) or "
                "name=https://user:password@host/dicom-web, with commas in between"
            )
        return peers

    def model_post_init(self, _context: Any) -> None:
        """Fill in the defaults that depend on the data folder or on other settings.

        Raises:
            ValueError: the soft time limit is not below the hard one.
        """
        if self.soft_time_limit_s >= self.hard_time_limit_s:
            raise ValueError(
                f"POCOVID_SOFT_TIME_LIMIT_S ({self.soft_time_limit_s}) must be below "
                f"POCOVID_HARD_TIME_LIMIT_S ({self.hard_time_limit_s})"
            )
        self.data_dir = self.data_dir.resolve()
        if not self.database_url:
            self.database_url = f"sqlite:///{self.data_dir / 'pocovid.sqlite3'}"
        if not self.storage_url:
            self.storage_url = f"file://{self.data_dir / 'storage'}"

        if not self.public_url:
            host = f"[{self.host}]" if ":" in self.host else self.host
            self.public_url = f"http://{host}:{self.port}"

    @property
    def broker_is_embedded(self) -> bool:
        """Whether jobs travel through files in the data folder instead of a broker server."""
        return not self.broker_url

    @cached_property
    def broker_dir(self) -> Path:
        """The folder of the embedded broker."""
        return self.data_dir / "broker"

    @property
    def stores_on_disk(self) -> bool:
        """Whether the storage is a folder rather than a bucket."""
        return self.storage_url.startswith("file://")

    @cached_property
    def incoming_dir(self) -> Path:
        """Where incoming uploads are written, on the storage's own disk."""
        if self.stores_on_disk:
            return Path(self.storage_url.removeprefix("file://")) / "incoming"
        return self.data_dir / "incoming"


def listed(text: str) -> list[str]:
    """What a setting lists with commas in between; nothing for an empty text."""
    return [each.strip() for each in text.split(",")] if text.strip() else []


def variable(name: str) -> str:
    """The environment variable that sets the field `name`."""
    return {"host": "HOST", "port": "PORT"}.get(name, f"POCOVID_{name.upper()}")


def explain(error: ValidationError) -> str:
    """One sentence per invalid setting: its name, the received value, the allowed values.

    Values that may be passwords are not repeated.
    """
    return " ".join(
        _sentence(str(detail["loc"][0]) if detail["loc"] else "", detail["msg"], detail["input"])
        for detail in error.errors(include_url=False)
    )


def _sentence(place: str, message: str, received: Any) -> str:
    message = message.removeprefix("Value error, ")
    name, field = _field(place)
    if field is None:
        return f"{message}."
    known = [
        candidate
        for candidate in (f"POCOVID_{name.upper()}", name.upper())
        if candidate in os.environ
    ]
    what = "is not shown here" if _is_secret(field) else f"is {str(received)[:100]!r}"
    allowed = message if message.startswith("expected ") else f"expected {_allowed(field)}"
    return f"{known[0] if known else variable(name)} {what}: {allowed}."


def _field(place: str) -> tuple[str, FieldInfo | None]:
    """The field for pydantic's location: its name, or a variable where it has two."""
    name = place.removeprefix("POCOVID_").lower()
    return name, Settings.model_fields.get(name)


def _is_secret(field: FieldInfo) -> bool:
    return not field.repr or SecretStr in (field.annotation, *get_args(field.annotation))


def _allowed(field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if kind is bool:
        return "true or false"
    if kind not in (int, float):
        return "text"
    limits = {
        type(constraint): constraint.gt
        if isinstance(constraint, Gt)
        else constraint.ge
        if isinstance(constraint, Ge)
        else constraint.le
        for constraint in field.metadata
        if isinstance(constraint, Gt | Ge | Le)
    }
    words = [
        f"{word} {limits[bound]:,}"
        for bound, word in ((Gt, "above"), (Ge, "at least"), (Le, "at most"))
        if bound in limits
    ]
    return f"a {'whole ' if kind is int else ''}number" + (
        f", {' and '.join(words)}" if words else ""
    )
