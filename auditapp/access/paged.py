"""Lists of Access Management as they are read: searched by a text, page by page, at the price of a page however long they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final, Generic, NamedTuple, Self, TypeVar
from urllib.parse import urlencode

from django.db.models import CharField, Func, Model, Q, QuerySet
from django.db.models.lookups import Contains

from auditapp.lib.plain_letters import PLAIN, plain

PAGE: Final = 100
Q_LENGTH: Final = 200

Row = TypeVar("Row")
Line = TypeVar("Line", bound=Model)


class Plain(Func):
    """A column as people look for it: without capitals and marks on letters."""

    template = PLAIN.replace("%", "%%").format(column="%(expressions)s")
    output_field = CharField()


class Looked(NamedTuple):
    """What is looked for in a list, and which page of what is found."""

    q: str = ""
    page: int = 1

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> Self:
        """As an address says it; what makes no sense is left out."""
        return cls(text_of(asked, "q"), page_of(asked))


@dataclass(frozen=True, slots=True)
class Paged(Generic[Row]):
    """A page of a list; `found` are all that fit, `everyone` all there are."""

    rows: list[Row]
    found: int
    everyone: int
    q: str = ""
    number: int = 1
    kept: tuple[tuple[str, str], ...] = ()  # what the address of another page says beside its number
    size: int = PAGE

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // self.size))

    @property
    def previous(self) -> str:
        return self._address(self.number - 1) if self.number > 1 else ""

    @property
    def next(self) -> str:
        return self._address(self.number + 1) if self.number < self.pages else ""

    @property
    def first(self) -> int:
        """The place of the first row of this page in all that fit, from 1 on."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return min(self.number * self.size, self.found)

    def _address(self, number: int) -> str:
        return "?" + urlencode([*self.kept, ("page", number)])


def text_of(asked: Mapping[str, str], name: str) -> str:
    """A text of an address, as far as a list looks for it."""
    return asked.get(name, "").replace("\x00", "").strip()[:Q_LENGTH]


def page_of(asked: Mapping[str, str]) -> int:
    """The number of a page in an address, from 1 on."""
    page = asked.get("page", "")
    return max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1


def says(text: str, *columns: str) -> Q:
    """The rows that have this text in one of the columns, whatever its capitals and marks."""
    return reduce(or_, (Q(Contains(Plain(column), plain(text))) for column in columns))


def paged(
    fitting: QuerySet[Line],
    looked: Looked,
    *,
    shown: Callable[[Sequence[Line]], list[Row]],
    everyone: int | None = None,
    size: int = PAGE,
) -> Paged[Row]:
    """The page that is looked for; the last one where there are fewer.

    Takes:   fitting, in their order; shown, which makes the rows of a page of those that fit; everyone, how many there are, by default those
    """
    found = fitting.count()
    number = min(looked.page, max(1, -(-found // size)))
    start = (number - 1) * size
    kept = (("q", looked.q),) if looked.q else ()
    rows = shown(list(fitting[start : start + size]))
    return Paged(rows, found, found if everyone is None else everyone, looked.q, number, kept=kept, size=size)
