"""Small tools that know nothing of the product: time, ids, JSON, text, errors.

No models, no settings and no import from another package live here.
"""
