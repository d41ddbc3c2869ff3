"""Settings: read from the environment once, frozen, and handed to `create_app`; never a global.

Every field is a variable `APP_<NAME>`. A secret may also come from a file: `APP_<NAME>_FILE` names it.
In production the program refuses to start with a default secret, and says which.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from app.core.mailbox import Relay, mail_target, sender_mailbox

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_SECRET = "development-only-secret-change-me"  # noqa: S105 - refused in production, see below


class Environment(StrEnum):
    """Where the program runs: `production` refuses what `development` forgives."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class WorkerMode(StrEnum):
    """Where the worker runs: inside the server, or apart as `pmhc worker`."""

    INLINE = "inline"
    NONE = "none"


def _is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation)


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads `APP_<NAME>_FILE` for every secret, as container platforms hand them out."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"APP_{field_name.upper()}_FILE") if _is_secret(field) else None
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            cause = f"{Path(path).absolute()} cannot be read ({type(error).__name__})"
            raise SettingsError(f"APP_{field_name.upper()}_FILE: {cause}") from None

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Everything an operator can choose."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="APP_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # an address with a password is a secret also when it is mistyped
    )

    env: Environment = Field(
        Environment.DEVELOPMENT, description="`development`, or `production`, which refuses default secrets."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    database_url: SecretStr = Field(
        SecretStr("sqlite:///var/pmhc.sqlite3"),
        description="`sqlite:///path` (embedded, one machine) or `postgresql://user:password@host/name`; "
        "what libpq reads may follow: `?sslmode=verify-full`.",
    )
    database_pool: int = Field(10, ge=1, le=200, description="Connections kept per process, for each of two pools.")
    worker: WorkerMode = Field(
        WorkerMode.INLINE, description="`inline` runs the worker in the server; `none` when `pmhc worker` runs apart."
    )
    public_url: str = Field(
        "", description="The address clients use, such as `https://api.example.gov`; empty means links stay relative."
    )
    security_contact: str = Field(
        "",
        pattern=r"^((https://|mailto:|tel:)\S+)?$",
        max_length=300,
        description="Whom to tell of a weakness, as `mailto:…` or `https://…`: shown in `security.txt` and on the "
        "welcome page. Empty points readers to the project's issue tracker.",
    )
    secret: SecretStr = Field(
        SecretStr(DEFAULT_SECRET),
        description="At least 32 characters in production. Signs cursors and status tokens, and seals what the "
        "database keeps secret: the secrets of webhooks and the key that signs receipts. It belongs with the backup: "
        "under another one they do not open.",
    )
    signing_key: SecretStr | None = Field(
        None,
        description="An Ed25519 private key in PEM that signs receipts. Without it one is made, and kept sealed in the "
        "database.",
    )
    redis_url: SecretStr | None = Field(
        None, description="`redis://…` or `rediss://…`: limits are then counted there, for all replicas together."
    )
    limits: str = Field(
        "", max_length=500, examples=["intake=20/60,partner=6000/60"],
        description="Other limits than the built-in ones: `name=requests/seconds`, separated by commas.",
    )  # fmt: skip
    trusted_proxies: str = Field(
        "", max_length=2000, examples=["10.0.0.0/8"],
        description="Networks of proxies whose `X-Forwarded-For` is believed, separated by commas.",
    )  # fmt: skip
    files_url: str = Field(
        "file:var/files",
        description="Where attachments are kept: `file:folder`, or `s3://bucket/prefix` and `AWS_*` variables.",
    )
    webhook_loopback: bool = Field(
        default=False,
        description="Allow webhooks to 127.0.0.1, over http too: for development. Refused in production.",
    )
    mail_url: SecretStr = Field(
        SecretStr("file:"),
        description="How letters go out: `file:` keeps each as a file below `var/mail` (or `file:folder`); "
        "`smtp://user:password@host` (STARTTLS) or `smtps://user:password@host` hands them to a mail server.",
    )
    mail_from: str = Field(
        "PMHC Toolkit <pmhc-toolkit@localhost>",
        max_length=300,
        description="Whom letters come from: `Name <address>`.",
    )
    staff_mail: str = Field(
        "",
        max_length=254,
        description="The desk's address: word of new requests and escalations go there, and replies to letters. "
        "Without it, a mail server is given no letters to the desk: they wait two days and fail.",
    )
    mail_timeout: float = Field(
        30, gt=0, le=300, description="Seconds that a mail server has for each answer; twice that for a whole letter."
    )
    cache_bytes: int = Field(
        6 * 1024 * 1024,
        ge=0,
        description="Memory for finished public answers, per process, in bytes; the toolkit's "
        "own content takes a third of it, and more is for much more content.",
    )
    max_age: int = Field(60, ge=0, description="Seconds that a browser or proxy may keep a public answer.")
    body_limit: int = Field(256 * 1024, ge=1024, description="Largest JSON body accepted, in bytes.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level that is logged.")
    log_format: str = Field(
        "auto", pattern="^(auto|json|text)$", description="`auto` is text on a terminal, else JSON."
    )
    shutdown_seconds: int = Field(20, ge=1, description="Time that requests in flight are given on SIGTERM.")

    @field_validator("redis_url")
    @classmethod
    def _readable_redis_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            try:
                parts = urlsplit(url.get_secret_value())
                readable = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
            except ValueError:
                readable = False
            if not readable:
                raise ValueError("must read redis://host:port/0 or rediss://user:password@host")
        return url

    @field_validator("files_url")
    @classmethod
    def _readable_files_url(cls, url: str) -> str:
        rest = url.partition(":")[2]
        if not url.startswith(("file:", "s3://")) or not rest.strip("/"):
            raise ValueError("must read file:folder or s3://bucket/prefix")
        return url

    @field_validator("mail_url")
    @classmethod
    def _readable_mail_url(cls, url: SecretStr) -> SecretStr:
        mail_target(url.get_secret_value())
        return url

    @field_validator("mail_from", "staff_mail")
    @classmethod
    def _readable_mailbox(cls, written: str) -> str:
        if written:
            sender_mailbox(written)
        return written

    @model_validator(mode="after")
    def _refuse_defaults_in_production(self) -> "Settings":
        if self.env is Environment.PRODUCTION:
            faults = []
            secret = self.secret.get_secret_value()
            if secret == DEFAULT_SECRET or len(secret) < 32:
                faults.append("APP_SECRET must be set to at least 32 random characters")
            if not self.public_url.startswith("https://"):
                faults.append("APP_PUBLIC_URL must be the https:// address that clients use")
            if isinstance(mail_target(self.mail_url.get_secret_value()), Relay):
                if self.mail_from.endswith("@localhost>"):
                    faults.append("APP_MAIL_FROM must be an address of yours, since letters are sent")
                if not self.staff_mail:
                    faults.append("APP_STAFF_MAIL must be the desk's address, or nobody hears of escalations")
            if self.webhook_loopback:
                faults.append("APP_WEBHOOK_LOOPBACK must be off")
            if faults:
                raise ValueError("refusing to start in production: " + "; ".join(faults))
        return self

    @property
    def is_mute(self) -> bool:
        """Whether people wait for letters that reach nobody."""
        kept = not isinstance(mail_target(self.mail_url.get_secret_value()), Relay)
        return kept and self.env is Environment.PRODUCTION

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit arguments first, then the environment, then files that hold secrets."""
        return init_settings, env_settings, _SecretFiles(settings_cls)


def variables() -> frozenset[str]:
    """Every variable that means something."""
    fields = {f"APP_{name.upper()}": field for name, field in Settings.model_fields.items()}
    return frozenset(fields) | {f"{name}_FILE" for name, field in fields.items() if _is_secret(field)}
