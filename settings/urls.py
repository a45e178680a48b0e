"""The project's URLs: all of them are the app's."""

from django.urls import include, path

urlpatterns = [path("", include("auditapp.urls"))]
