"""Links that keep what the query says."""

from django.http import QueryDict

from auditapp.web.paging import Page, link


def test_a_link_changes_what_it_names_and_keeps_the_rest():
    query = QueryDict("event=a&event=b&older=1&q=x%20y")
    assert link(query, older="2") == "?event=a&event=b&older=2&q=x+y"
    assert link(query, older=None, event=["c", "d"]) == "?event=c&event=d&q=x+y"


def test_a_page_links_to_its_neighbours():
    links = Page([1], older="k2", newer=None).links(QueryDict("q=x&newer=k1"))
    assert links == {"older": "?q=x&older=k2", "newer": None}
