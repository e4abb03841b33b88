"""Networks of namespaces in which Baton is shown and tested. `scripts/lab` and `tests/system` are the users."""
