"""The contract in Python: generated modules, the codec, and every name that two parts share."""
