"""What a person reads of a page, out of its HTML."""

import re


def sentences(html):
    """What the rows of the list say, without tags."""
    found = re.findall(r'<a class="trail__link"[^>]*><span hx-disable>(.*?)</span></a>', html.split('id="drawer"')[0])
    return [re.sub(r"<[^>]+>", "", one) for one in found]


def rows_in(html):
    return html.count('<tr class="trail__event')
