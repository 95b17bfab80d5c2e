"""The root command: global options, and the commands by their purpose, each imported when it is called."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ctl import errors
from ctl.context import Operator
from ctl.profiles import default_path
from ctl.select import did_you_mean

# section → command → where it is defined, and its one line in the list
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Sensors": {
        "sensors": ("ctl.sensors:sensors", "List sensors: state, frequency, losses, latency."),
        "sensor": ("ctl.sensor:sensor", "Show all that is known of one sensor."),
        "targets": ("ctl.targets:targets", "The machines and structures that sensors sit on."),
        "logs": ("ctl.logs:logs", "Show what sensors log."),
        "top": ("ctl.top.command:top", "Watch the fleet live, and steer it by keys."),
    },
    "Commands to sensors": {
        "sleep": ("ctl.steer:sleep", "Stop measuring, for a time or until awake."),
        "awake": ("ctl.steer:awake", "Measure again."),
        "change-sample-frequency": ("ctl.steer:change_sample_frequency", "Measure at another frequency."),
        "identify": ("ctl.steer:identify", "Blink, to be found on site."),
        "reboot": ("ctl.steer:reboot", "Start anew, in a new session."),
        "resend": ("ctl.resend:resend", "Publish batches again that are missing here."),
        "trigger-alarm": ("ctl.steer:trigger_alarm", "Tell a sensor of an alarm."),
        "commands": ("ctl.commands:commands", "Who told which sensor what, and what came of it."),
    },
    "Alarms": {
        "alarms": ("ctl.alarms:alarms", "Alarms and their rules: list, acknowledge, shelve, edit."),
    },
    "Data": {
        "tail": ("ctl.tail:tail", "Follow a sensor's values live."),
        "plot": ("ctl.plot:plot", "Draw a waveform or spectrum."),
        "export": ("ctl.export:export", "Write samples to a Parquet, CSV or NumPy file."),
        "analyse": ("ctl.analyse:analyse", "Analyse a recording: features, zone, bearing."),
    },
    "Operation": {
        "doctor": ("ctl.doctor:doctor", "Check every server, and say what to do."),
        "provision": ("ctl.provision:provision", "Give a sensor its credentials."),
        "revoke": ("ctl.provision:revoke", "Take a sensor's credentials back."),
        "dead": ("ctl.dead:dead", "Dead letters: list, show, replay, drop."),
        "db": ("ctl.db:db", "Migrate and maintain the database."),
        "users": ("ctl.users:users", "Who may log in to the live page."),
    },
    "This tool": {
        "login": ("ctl.login:login", "Keep servers and passwords under a profile's name."),
        "logout": ("ctl.login:logout", "Forget a profile."),
        "profiles": ("ctl.login:profiles", "List the profiles."),
        "completion": ("ctl.completion:completion", "Print the script for shell completion."),
    },
}
COMMANDS = {name: where for section in SECTIONS.values() for name, where in section.items()}


class Root(click.Group):
    """Imports a command when it is called, lists them by section, and says servers' errors plainly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """In the order of the sections."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A mistyped command is told what it may have meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Without importing any."""
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, summary) for name, (_, summary) in commands.items()])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in errors.MEANING.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run; what servers and the wire raise becomes a sentence and an exit code."""
        with errors.said_plainly():
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                ctx.exit(130)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--profile",
    envvar="IOTCTL_PROFILE",
    metavar="NAME",
    help="Which servers, as `iotctl login` has kept them [default: the configuration file's].",
)
@click.option(
    "--config",
    envvar="IOTCTL_CONFIG",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Configuration file [default: {default_path().name} in the user's configuration folder].",
)
@click.version_option(package_name="sensor-streaming", prog_name="iotctl")
@click.pass_context
def cli(ctx: click.Context, profile: str | None, config: Path | None) -> None:
    """Steer sensors, see what they measure, and keep the system well.

    \b
    iotctl login                                      which servers, once
    iotctl sensors                                    the fleet
    iotctl change-sample-frequency pump-0002 4000     a command, and what came of it
    iotctl sleep --target "Pump house" --for 2h       to all sensors of a machine
    iotctl plot pump-0002 --last 2s --spectrum        a picture
    iotctl top                                        live

    Variables STREAMING_* (see .env.example) override what a profile says. `iotctl COMMAND --help` explains each
    command.
    """
    ctx.obj = Operator(config or default_path(), profile)
