"""Backups of the services' databases as of one moment, and their way back.

`take.back_up` makes one, `check.check` proves one, `restore.restore` puts one in place.
"""


class NotDone(Exception):
    """It could not be done, and nothing has changed; the text says in one line what stood in the way."""


def one_line(error: object) -> str:
    """What an error says, on one line, and not for pages."""
    return " ".join(str(error).split())[:500]
