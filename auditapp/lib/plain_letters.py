"""Text as people look for it: without capitals and without marks on letters, so that zoe finds Zoë and zoë finds Zoe.

The database does the same to its columns by PLAIN, with what PostgreSQL has itself: no extension is needed.
"""

import unicodedata
from typing import Final

# What is no letter with a mark taken apart, and is written with the letter beside it all the same.
ALIKE: Final = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ς": "σ", "’": "'"}
LONGER: Final = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
_TO_ALIKE: Final = str.maketrans(ALIKE | LONGER)
_FIRST_MARK, _LAST_MARK = "\u0300", "\u036f"

_sql = "lower(regexp_replace(normalize({column}, NFKD), '[{first}-{last}]', '', 'g'))"
_sql = f"translate({_sql}, '{''.join(ALIKE)}', '{''.join(ALIKE.values()).replace(chr(39), chr(39) * 2)}')"
for _one, _more in LONGER.items():
    _sql = f"replace({_sql}, '{_one}', '{_more}')"
# SQL with a place for the column.
PLAIN: Final = _sql.replace("{first}", _FIRST_MARK).replace("{last}", _LAST_MARK)


def plain(text: str) -> str:
    """Small letters without marks.

    Gives:   what PLAIN makes of the same text, for letters of which a language is written
    """
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in apart if not _FIRST_MARK <= letter <= _LAST_MARK)
    return bare.lower().translate(_TO_ALIKE)
