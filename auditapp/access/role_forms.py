"""The form of a role that a workspace defines: its name and its permissions, by area."""

from typing import Any, cast

from django import forms

from auditapp.access.own_roles import DESCRIPTION_LENGTH, NAME_LENGTH
from auditapp.access.permissions import Access
from auditapp.access.role_words import PermissionShown, by_area, permissions_over
from auditapp.access.rules import lacking_of


class OwnRoleForm(forms.Form):
    """What a role is called and gives. What whoever fills it in lacks can be taken out of it and not be put in."""

    name = forms.CharField(max_length=NAME_LENGTH, label="Name")
    description = forms.CharField(
        required=False, max_length=DESCRIPTION_LENGTH, label="Description", help_text="Shown where the role is given."
    )
    permissions = forms.MultipleChoiceField(label="It allows", required=False)

    def __init__(self, *args: Any, access: Access, over: str, has: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.over = over
        offered = permissions_over(over)
        # Others are refused by the service, which says why.
        cast(forms.MultipleChoiceField, self.fields["permissions"]).choices = [(one, one) for one in offered]
        self.lacking = set(lacking_of(access, offered)) - set(has)

    def areas(self) -> list[tuple[str, list[tuple[PermissionShown, bool, bool]]]]:
        """By area: each permission, whether it is ticked, and whether it cannot be."""
        ticked = set(self["permissions"].value() or ())
        return [
            (area, [(one, one.key in ticked, one.key in self.lacking) for one in shown])
            for area, shown in by_area(permissions_over(self.over), self.over)
        ]

    def asked(self) -> dict[str, Any]:
        """What was chosen, as the services take it."""
        return {name: self.cleaned_data[name] for name in ("name", "description", "permissions")}
