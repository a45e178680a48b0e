"""Middleware that knows nothing of workspaces: request ids, the content security policy, and errors as pages."""
from django.http import HttpRequest, HttpResponse
