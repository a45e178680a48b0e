"""People, workspaces, membership, roles and tokens.

Roles are rows: a role names permissions, a grant gives a role to a member or group over a scope. What they add up to is
computed in permissions.py.
"""

from zlib import crc32

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.record.drafts import Actor, Target


def new_user_id() -> str:
    return new_id("usr")


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, *, name: str = "") -> "User":
        user = self.model(email=self.normalize_email(email), name=name)
        user.set_password(password)
        user.save(force_insert=True, using=self._db)
        return user

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractBaseUser):
    """A person. The id is opaque and stays in the trail; name and address can be erased."""

    id = models.TextField(primary_key=True, default=new_user_id)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []  # type: ignore[misc]
    objects = UserManager()

    class Meta:
        db_table = "user_account"
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        # Never their address: lists of people are seen by members who may not see addresses.
        return self.name or f"Member {self.id[-6:]}"

    @property
    def initials(self) -> str:
        """Of the first and the last word, as the trail shows actors."""
        letters = [letter for word in str(self).split() if (letter := next(filter(str.isalnum, word), ""))]
        return "".join(letters[:1] + letters[1:][-1:]).upper() or "?"

    @property
    def tint(self) -> int:
        return 1 + crc32(self.id.encode()) % 6

    @property
    def audit_target(self) -> Target:
        return Target("user", self.id, str(self))

    @property
    def audit_actor(self) -> Actor:
        return Actor("user", self.id, str(self), self.email)


class ReasonRule(models.TextChoices):
    """Whether who does something risky is asked why."""

    NEVER = "never", "Never"
    OFFERED = "offered", "Offered: it may be left empty"
    REQUIRED = "required", "Required: nothing risky without one"


class FactorRule(models.TextChoices):
    """From when on whoever enters a workspace needs a second factor."""

    NEVER = "never", "Not needed"
    AT_ONCE = "at_once", "Needed, at once"
    IN_7_DAYS = "in_7_days", "Needed, in 7 days from now"
    IN_30_DAYS = "in_30_days", "Needed, in 30 days from now"


class Workspace(models.Model):
    """A tenant: everything else belongs to one."""

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=60, default="UTC")
    reason_rule = models.TextField(choices=ReasonRule.choices, default=ReasonRule.NEVER)
    # People of these domains of mail join by single sign-on, and whether it is the only way in.
    sso_join_domains = ArrayField(models.TextField(), default=list)
    sso_required = models.BooleanField(default=False)
    second_factor_rule = models.TextField(choices=FactorRule.choices, default=FactorRule.NEVER)
    second_factor_from = models.DateTimeField(null=True)  # without one members may do without
    idle_minutes = models.SmallIntegerField(default=0)  # after which a session ends that is not used; 0 for never
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "workspace"

    def __str__(self) -> str:
        return self.name

    @property
    def audit_target(self) -> Target:
        return Target("workspace", f"ws_{self.id}", self.name)

    @property
    def asks_reason(self) -> bool:
        return self.reason_rule != ReasonRule.NEVER

    @property
    def needs_reason(self) -> bool:
        return self.reason_rule == ReasonRule.REQUIRED


class Member(models.Model):
    """A person in a workspace."""

    pk = models.CompositePrimaryKey("workspace_id", "user_id")
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="members")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    joined_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "member"

    @property
    def audit_target(self) -> Target:
        return Target("member", self.user_id, str(self.user))


class Role(models.Model):
    """A named set of permissions. Without a workspace it is built in, the same in every one, and comes with a migration; with one
    it is that workspace's own.
    """

    key = models.SlugField(primary_key=True, max_length=60)
    workspace_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=100)
    description = models.TextField()
    permissions = ArrayField(models.TextField())
    # Which scopes a grant of it may have, e.g. {workspace} for the owner and {all,listed,labelled} for source roles.
    scopes = ArrayField(models.TextField())
    resource_type = models.TextField(blank=True)
    position = models.SmallIntegerField()

    class Meta:
        db_table = "role"
        ordering = (models.F("workspace_id").asc(nulls_first=True), "position", Lower("name"))
        constraints = [models.UniqueConstraint("workspace_id", Lower("name"), name="role_name_once")]

    @property
    def audit_target(self) -> Target:
        return Target("role", self.key, self.name)

    @property
    def is_own(self) -> bool:
        return self.workspace_id is not None

    @property
    def told_as(self) -> str:
        """What the trail tells it from others by: the name of a built-in one; an own one can be renamed and has its id."""
        return self.key if self.is_own else self.name


class Scope(models.TextChoices):
    """How far a grant reaches."""

    WORKSPACE = "workspace", "Everything in the workspace"
    ALL = "all", "All, also future ones"
    LISTED = "listed", "These only"
    LABELLED = "labelled", "Those with these labels"


class Grant(models.Model):
    """A role given to a member or a group over a scope."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    # "member" with a user's id, or "group" with a group's
    subject_kind = models.TextField()
    subject_id = models.TextField()
    role = models.ForeignKey(Role, models.PROTECT, related_name="+")
    scope = models.TextField(choices=Scope.choices)
    resource_ids = ArrayField(models.TextField(), default=list)
    labels = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "role_grant"
        indexes = [models.Index(fields=["workspace_id", "subject_id"], name="grant_subject")]


class Group(models.Model):
    """A set of members that share grants."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "user_group"
        constraints = [models.UniqueConstraint("workspace_id", Lower("name"), name="group_name_once")]

    @property
    def audit_target(self) -> Target:
        return Target("user_group", self.id, self.name)


class GroupMember(models.Model):
    """A member in a group."""

    pk = models.CompositePrimaryKey("workspace_id", "group_id", "user_id")
    workspace_id = models.BigIntegerField()
    group_id = models.TextField()
    user = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        db_table = "user_group_member"


class ApiToken(models.Model):
    """An access token: an actor of its own. Only the SHA-256 of its secret is stored."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    name = models.CharField(max_length=100)
    digest = models.BinaryField()
    last_characters = models.CharField(max_length=4)
    scopes = ArrayField(models.TextField())
    created_by = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.TextField(default="")  # an IP address; "" where none is known
    # Where it may be used from, in CIDR notation; everywhere where there is none.
    networks = ArrayField(models.TextField(), default=list)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_token"
        constraints = [models.UniqueConstraint("workspace_id", "digest", name="token_digest_once")]
        indexes = [models.Index(fields=["digest"], name="token_digest")]

    @property
    def audit_target(self) -> Target:
        return Target("access_token", self.id, self.name)

    @property
    def audit_actor(self) -> Actor:
        # Tokens of one name are told apart by their last characters.
        return Actor("token", self.id, f"{self.name} …{self.last_characters}")


class Invitation(models.Model):
    """A way in for one address, with the role it brings; the link's secret is stored as SHA-256 only."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    email = models.EmailField(max_length=254)
    role = models.ForeignKey(Role, models.PROTECT, related_name="+")
    scope = models.TextField(choices=Scope.choices)
    resource_ids = ArrayField(models.TextField(), default=list)
    labels = ArrayField(models.TextField(), default=list)
    digest = models.BinaryField()
    invited_by = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    # When its links of the last hour were made.
    recent_sends = ArrayField(models.DateTimeField(), default=list)
    # When it was refused first, since whoever sent it could not give its role any more.
    refused_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "invitation"
        indexes = [models.Index(fields=["digest"], name="invitation_digest")]

    @property
    def audit_target(self) -> Target:
        return Target("invitation", self.id, self.email)


class RequestState(models.TextChoices):
    """What came of a request for access."""

    WAITING = "waiting", "Waits for an owner"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"


class AccessRequest(models.Model):
    """What a member asked to be allowed: a permission, which is the same word everywhere, and never a resource."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    permission = models.TextField()
    meaning = models.TextField()  # of the permission, as it was asked for
    message = models.TextField(default="")
    state = models.TextField(choices=RequestState.choices, default=RequestState.WAITING)
    created_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)
    role_name = models.TextField(default="")  # that was given

    class Meta:
        db_table = "access_request"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "user", "permission"],
                condition=models.Q(state="waiting"),
                name="access_request_open_once",
            )
        ]
        indexes = [models.Index(fields=["workspace_id", "user", "created_at"], name="access_request_of")]

    @property
    def audit_target(self) -> Target:
        return Target("access_request", self.id, self.meaning)
