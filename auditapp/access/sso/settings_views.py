"""Settings > Workspace Settings > Single sign-on."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from auditapp.access.decorators import workspace_page
from auditapp.access.models import Workspace
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.sso.demand import with_ways_of_their_own
from auditapp.access.sso.links import link_of
from auditapp.access.sso.provider import provider
from auditapp.access.sso.services import change_sso
from auditapp.access.step_up import is_proved, proof_url
from auditapp.lib.errors import Invalid
from auditapp.lib.words import words
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


class SsoForm(forms.Form):
    """Who may join by single sign-on, and whether it is the only way in."""

    join_domains = forms.CharField(
        required=False,
        max_length=2_000,
        label="People of these domains may join by single sign-on",
        help_text="Such as example.com, with commas between; nothing below a domain is meant. They come in with Minimal"
        " Workspace Access, once: who was removed needs an invitation. Empty: by invitation alone.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    required = forms.BooleanField(
        required=False,
        label="Members sign in by single sign-on only",
        help_text="Other sessions are asked for it on their next request. Access tokens stay as they are. Owners with a"
        " password and a second factor, or a passkey, keep their way in.",
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "join_domains": ", ".join(workspace.sso_join_domains),
            "required": workspace.sso_required,
        }
        super().__init__(*args, **kwargs)

    def clean_join_domains(self) -> list[str]:
        return words(self.cleaned_data["join_domains"])


@workspace_page("access.manage")
def workspace_sso(request: WorkspaceRequest) -> HttpResponse:
    back = reverse("access:workspace_sso", args=[request.workspace.slug])
    form = SsoForm(request.POST or None, workspace=request.workspace)
    if request.method == "POST":
        if not is_proved(request):
            return redirect(proof_url(back))
        if form.is_valid():
            try:
                change_sso(**form.cleaned_data)
            except Invalid as error:
                add_refusal(form, error)
            else:
                messages.success(request, "Saved.")
                return redirect(back)
    context = {
        "form": form,
        "provider": provider(),
        "is_linked": link_of(request.user) is not None,
        "with_ways": with_ways_of_their_own(request.workspace.id),
        "needs_proof": not is_proved(request),
        "proof_url": proof_url(back),
    }
    return render_page(request, "access/workspace_sso.html", context, status=422 if form.errors else 200)
