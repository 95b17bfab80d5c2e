"""The live page: fleet, waveforms as they are measured, alarms and commands in a browser."""
