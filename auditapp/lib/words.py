"""Lists as people write them in one field."""


def words(text: str) -> list[str]:
    """What was written between commas or spaces."""
    return text.replace(",", " ").split()
