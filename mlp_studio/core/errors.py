"""Errors that carry one sentence a person can act on."""


class StudioError(Exception):
    """Something the user can put right; `str(error)` is the sentence to show."""


class DataError(StudioError):
    """The data cannot be used as they are."""


class CancelledError(StudioError):
    """What was under way is not wanted any more."""


class ConfigError(StudioError):
    """A setting has a value that it cannot take."""


class BackendError(StudioError):
    """A backend cannot run here."""


class ProjectError(StudioError):
    """A project cannot be opened or saved."""


class MissingDataError(ProjectError):
    """A project's data are in a file that is not found: its name and the SHA-256 of its bytes."""

    def __init__(self, sentence: str, name: str, sha256: str) -> None:
        super().__init__(sentence)
        self.name, self.sha256 = name, sha256


class ExportError(StudioError):
    """A format cannot hold what is to be exported."""
