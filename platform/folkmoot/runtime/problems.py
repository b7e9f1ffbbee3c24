"""Name what keeps Folkmoot from starting, in a sentence for the person at the terminal."""


class StartupProblem(Exception):
    """Say in one sentence why something cannot run; the command line prints it and stops."""
