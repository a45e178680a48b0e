"""The page on which a member chooses what they are told of, and the one behind the link of a mail that stops such mails."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt

from auditapp.access.decorators import public_page, workspace_page
from auditapp.access.requests import WorkspaceRequest, context_of
from auditapp.alerts.hold_setting import notifies_after_last_retry
from auditapp.alerts.own_events import TOLD_AT
from auditapp.alerts.preferences import (
    AREA_NAMES,
    Preferences,
    change_preferences,
    mailed_of,
    preferences_of,
    stop_emails,
)
from auditapp.alerts.unsubscribing import whose_link
from auditapp.catalogue.areas import AREAS
from auditapp.lib.errors import Invalid
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

ICONS: Final = {one.key: one.icon for one in AREAS}
OTHER_ICON: Final = "help"


class PreferencesForm(forms.Form):
    email = forms.MultipleChoiceField(required=False, choices=list(AREA_NAMES.items()), label="By e-mail")
    bell = forms.MultipleChoiceField(required=False, choices=list(AREA_NAMES.items()), label="In the product")
    quiet_from = forms.TimeField(required=False, label="No mail from")
    quiet_to = forms.TimeField(required=False, label="to")


@workspace_page("audit.read")
def preferences(request: WorkspaceRequest) -> HttpResponse:
    chosen = preferences_of(request.workspace.id, request.user.id)
    form = PreferencesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = Preferences(**form.cleaned_data)
        try:
            change_preferences(given)
        except Invalid as error:
            add_refusal(form, error)
            chosen = given
        else:
            messages.success(request, "Saved. It holds for what happens from now on.")
            return redirect("alerts:preferences", request.workspace.slug)
    context: dict[str, Any] = {
        "form": form,
        "chosen": chosen.told,
        "rows": [
            (key, name, ICONS.get(key, OTHER_ICON), key in chosen.email, key in chosen.bell)
            for key, name in AREA_NAMES.items()
        ],
        "told_at": TOLD_AT,
        "is_last_only": notifies_after_last_retry(request.workspace.id),
    }
    return render_page(request, "alerts/preferences.html", context, status=422 if form.errors else 200)


@csrf_exempt  # mail programs send it by one click, without a session (RFC 8058); the signed link is all there is to it
@public_page("Whoever holds the signed link of a mail may stop such mails, and do nothing else.")
def unsubscribe(request: HttpRequest, secret: str) -> HttpResponse:
    """Asked for, it asks back, since mail scanners follow every link; a POST stops the mails."""
    whose = whose_link(secret)
    if request.method == "POST":
        workspace = stop_emails(**whose._asdict(), context=context_of(request, with_path=False))
        return render_page(request, "alerts/unsubscribe.html", {"of": workspace, "is_done": True})
    workspace, chosen = mailed_of(**whose._asdict())
    names = [AREA_NAMES[key] for key in chosen.email]
    return render_page(request, "alerts/unsubscribe.html", {"of": workspace, "areas": names, "is_done": not names})
