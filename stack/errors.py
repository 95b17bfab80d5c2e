"""What can stop the stack from running, said in a sentence that names what to do."""


class StackError(Exception):
    """Shown to the user as it is, without a traceback; exit code 1."""
