"""The host program links libmosquitto; tests do without."""

from SCons.Script import COMMAND_LINE_TARGETS, Import

Import("env")
if "__test" not in COMMAND_LINE_TARGETS:
    env.Append(LIBS=["mosquitto"])  # noqa: F821  # what Import brings
