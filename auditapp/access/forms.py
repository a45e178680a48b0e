"""The shape of this package's forms and what they say about a field; what may be done is decided by the services."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.password_validation import validate_password

from auditapp.access.above import ask_owner
from auditapp.access.known_labels import known_labels
from auditapp.access.label_forms import LabelChoice, LabelsField, chosen_in, label_choices, values_in
from auditapp.access.models import FactorRule, ReasonRule, Role, Scope, User, Workspace
from auditapp.access.permissions import TOKEN_SCOPES, Access
from auditapp.access.role_choices import KindOffered, kinds_offered, roles_by_what_they_are_over
from auditapp.access.role_queries import roles_in, whole_reach
from auditapp.access.rules import lacking_of, refuse_misfit
from auditapp.access.workspaces import IDLE
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.words import words
from auditapp.web.forms import add_refusal

LIFETIMES = {"1": "1 day", "7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year", "": "It does not expire"}

REACH = ("scope", "resource_ids", "labels")

SUPPORT_HOURS = {"1": "1 hour", "4": "4 hours", "8": "8 hours", "24": "1 day", "72": "3 days", "168": "7 days"}


class RoleSelect(forms.Select):
    """Each option carries what the page shows once it is chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.roles: dict[str, Role] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if role := self.roles.get(str(value)):
            option["attrs"] |= {
                "data-about": role.description,
                "data-reach": whole_reach(role),
                "data-over": role.resource_type,
                "data-scopes": " ".join(role.scopes),
            }
        return option


class TextsField(forms.Field):
    """What was ticked of a list; whether it may be is the services' to say."""

    widget = forms.SelectMultiple

    def to_python(self, value: Sequence[str] | None) -> list[str]:
        return list(value or ())


class RoleForm(forms.Form):
    """A role and how far it goes."""

    role = forms.ChoiceField(
        widget=RoleSelect,
        label="Role",
        error_messages={
            "required": "Choose a role.",
            "invalid_choice": "There is no such role. Choose one of the list.",
        },
    )
    scope = forms.ChoiceField(
        choices=[
            ("", "As far as the role goes, where it cannot be limited"),
            *(choice for choice in Scope.choices if choice[0] != Scope.WORKSPACE),
        ],
        widget=forms.RadioSelect,
        required=False,
        label="How far it goes",
    )
    resource_ids = TextsField(required=False)
    labels = LabelsField(
        required=False,
        label="Labels",
        help_text="It reaches what carries all of those that you choose. For one or the other, give the role twice.",
    )

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace_id = access.workspace_id
        known = list(roles_in(access.workspace_id))
        self.beyond = {role.key: role for role in known if lacking_of(access, role.permissions)}
        self.roles = {role.key: role for role in known if role.key not in self.beyond}
        field = cast(forms.ChoiceField, self.fields["role"])
        # One that is posted though it is not offered is refused with who gives it.
        field.choices = [("", "Choose a role"), *((role.key, role.name) for role in known)]
        field.widget.choices = [("", "Choose a role"), *roles_by_what_they_are_over(self.roles.values())]
        cast(RoleSelect, field.widget).roles = self.roles

    def not_offered(self) -> str:
        """Asked by the template: how many roles whoever looks cannot give, and who can; "" where there is none."""
        if not (count := len(self.beyond)):
            return ""
        more = "1 more role allows" if count == 1 else f"{count} more roles allow"
        return f"{more} what you do not have everywhere yourself. {ask_owner(self.workspace_id)}"

    def kinds(self) -> list[KindOffered]:
        """Asked by the template: the resources of each kind that some role can be limited to."""
        return kinds_offered(self.workspace_id, list(self.roles.values()), values_in(self, "resource_ids"))

    def label_choices(self) -> list[LabelChoice]:
        """Asked by the template: one list for each key."""
        return label_choices(known_labels(self.workspace_id), self.chosen_labels)

    def labelled_roles(self) -> str:
        """Asked by the template: the roles that can be given by labels."""
        return " · ".join(role.name for role in self.roles.values() if Scope.LABELLED in role.scopes)

    @property
    def chosen_labels(self) -> list[str]:
        return chosen_in(self)

    def clean_role(self) -> Role:
        if role := self.beyond.get(self.cleaned_data["role"]):
            raise forms.ValidationError(
                f"{role.name} allows what you do not have everywhere yourself. {ask_owner(self.workspace_id)}"
            )
        return self.roles[self.cleaned_data["role"]]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        role = cleaned.get("role")
        if role and "scope" not in self.errors:
            if len(role.scopes) == 1:
                cleaned["scope"] = cleaned["scope"] or role.scopes[0]
            if not cleaned["scope"]:
                self.add_error("scope", "Choose how far this role goes.")
            else:
                self._refuse_misfit(role, cleaned)
        return cleaned

    def _refuse_misfit(self, role: Role, cleaned: dict[str, Any]) -> None:
        """By the rule of the services, and before anybody is asked to prove who they are for what is refused anyhow."""
        try:
            refuse_misfit(role, **{name: cleaned.get(name, ()) for name in REACH})
        except Invalid as error:
            add_refusal(self, error)

    def asked(self) -> dict[str, Any]:
        """What was chosen, as the services take it."""
        return {"role_key": self.cleaned_data["role"].key, **{name: self.cleaned_data[name] for name in REACH}}


class InviteForm(RoleForm):
    """Whom to invite, and as what."""

    emails = forms.CharField(
        max_length=20_000,
        label="E-mail addresses",
        help_text="One, or several with commas or lines between them.",
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ["emails", "role", "scope", "resource_ids", "labels"]

    def clean_emails(self) -> list[str]:
        return words(self.cleaned_data["emails"].replace(";", ","))


class AcceptForm(forms.Form):
    """The account of somebody who was invited."""

    name = forms.CharField(max_length=200, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="12 characters or more; the longer, the better.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password


class GroupForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")


class NetworksForm(forms.Form):
    """Where a token may be used from."""

    networks = forms.CharField(
        required=False,
        max_length=2_000,
        label="Works only from",
        help_text="Networks such as 192.0.2.0/24 or 2001:db8::/32, or single addresses. Empty: from everywhere.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_networks(self) -> list[str]:
        return words(self.cleaned_data["networks"])


class TokenForm(NetworksForm):
    """A token's name, what it may do, for how long and from where; with the id that it will have, so that it is made once."""

    token_id = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=100, label="Name", help_text="What will use it, for example: CI deploy")
    scopes = forms.MultipleChoiceField(
        choices=[(key, f"{key}: {scope.meaning}") for key, scope in TOKEN_SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
    )
    lifetime = forms.ChoiceField(choices=list(LIFETIMES.items()), required=False, initial="90", label="It works for")
    field_order = ["token_id", "name", "scopes", "lifetime", "networks"]

    def asked(self) -> dict[str, Any]:
        """What was chosen, as the service takes it."""
        chosen = {name: self.cleaned_data[name] for name in ("token_id", "name", "scopes", "networks")}
        days = self.cleaned_data["lifetime"]
        return {**chosen, "expires_at": clock.now() + timedelta(days=int(days)) if days else None}


class SupportForm(forms.Form):
    """Who may act in one's own name, for how long and what for."""

    email = forms.EmailField(
        max_length=254,
        label="E-mail address",
        help_text="Of somebody who is no member here. They get a link that works once.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    hours = forms.TypedChoiceField(choices=list(SUPPORT_HOURS.items()), coerce=int, initial="24", label="For")
    purpose = forms.CharField(
        max_length=300,
        label="What for",
        help_text="For example a ticket. They, the other owners and the Audit Trail read it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    level = forms.ChoiceField(
        choices=[
            ("read", "Read only: see what you see, change and export nothing"),
            ("full", "All that you may do, but for giving access, tokens and what asks for your password"),
        ],
        initial="read",
        widget=forms.RadioSelect,
        label="They may",
    )

    def asked(self) -> dict[str, Any]:
        """What was chosen, as the service takes it."""
        chosen = {name: self.cleaned_data[name] for name in ("email", "hours", "purpose")}
        return {**chosen, "is_read_only": self.cleaned_data["level"] == "read"}


class AccessRequestForm(forms.Form):
    """What a member asks to be allowed, and what for."""

    permission = forms.CharField(max_length=60, widget=forms.HiddenInput)
    message = forms.CharField(
        required=False,
        max_length=300,
        label="What you need it for",
        help_text="The owners read it, and the event in the Audit Trail keeps it. It may be left empty.",
    )


class WorkspaceForm(forms.Form):
    """How a workspace is called, where it lies, whose clock its pages show, and whether it asks for reasons."""

    name = forms.CharField(max_length=200, label="Name")
    slug = forms.CharField(
        max_length=50,
        label="Address",
        help_text="The first part of every address here. Links with the old one stop working.",
    )
    time_zone = forms.ChoiceField(label="Time zone", help_text="Pages and exports name the zone that they show.")
    reason_rule = forms.ChoiceField(
        choices=ReasonRule.choices,
        required=False,
        label="Ask for a reason",
        help_text="Before what stops, removes or revokes something, on pages and in the API. The event shows the reason.",
    )

    second_factor_rule = forms.ChoiceField(
        choices=FactorRule.choices,
        required=False,
        label="Second factor of members",
        help_text="From then on, whoever has neither an authenticator app nor a passkey is led to set one up before anything else.",
    )
    idle_minutes = forms.ChoiceField(
        choices=list(IDLE.items()),
        required=False,
        label="Sign out who does nothing for",
        help_text="A page that refreshes itself counts as use.",
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(workspace, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
        cast(forms.ChoiceField, self.fields["time_zone"]).choices = zones
