"""Settings of the database commands: the owner's access, and the superuser's for bootstrap."""

from pydantic import Field, SecretStr

from runtime import config


class OwnerSettings(config.DatabaseSettings):
    """`migrate`, `status` and `maintain` log in as the owner."""

    database_username: str = Field("streaming_owner", description="Role that logs in.")


class BootstrapSettings(config.DatabaseSettings):
    """`bootstrap` logs in as a superuser and sets the passwords of all roles."""

    database_username: str = Field("postgres", description="Superuser that logs in.")
    owner_password: SecretStr = Field(description="Password to set for streaming_owner.")
    ingest_password: SecretStr = Field(description="Password to set for streaming_ingest.")
    alarms_password: SecretStr = Field(description="Password to set for streaming_alarms.")
    control_password: SecretStr = Field(description="Password to set for streaming_control.")
    web_password: SecretStr = Field(description="Password to set for streaming_web.")
    readonly_password: SecretStr = Field(description="Password to set for streaming_readonly.")

    def passwords(self) -> dict[str, str]:
        """Role → password."""
        secrets = {
            "streaming_owner": self.owner_password,
            "streaming_ingest": self.ingest_password,
            "streaming_alarms": self.alarms_password,
            "streaming_control": self.control_password,
            "streaming_web": self.web_password,
            "streaming_readonly": self.readonly_password,
        }
        return {role: secret.get_secret_value() for role, secret in secrets.items()}
