"""The one error that users of the demo need to know."""


class DemoFailed(Exception):
    """The demo could not be prepared or did not get ready; the message says what to look at."""
