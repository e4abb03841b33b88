"""How the lab runs programs: every call has a time limit, and a failure says what was run and what it printed."""

import subprocess


class LabError(Exception):
    """Something in the lab did not work; the text is for people."""


def run(*command, timeout=20, text=None, check=True):
    """Runs a program to its end and returns what it printed."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired as late:
        raise LabError(f"`{' '.join(command)}` did not end within {timeout} s") from late
    except FileNotFoundError as missing:
        raise LabError(f"{command[0]} is not installed: run scripts/setup") from missing
    if check and done.returncode != 0:
        raise LabError(f"`{' '.join(command)}` ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout
