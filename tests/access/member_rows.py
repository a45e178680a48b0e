"""Rows of the matrix for members, invitations and the place that somebody has in a workspace."""

#                                    olga milo rita mina zoe nobody
LAST_OWNER_STAYS = "                  409  302  302  302 404 302"
READERS_OF_ACCESS = "                 200  403  200  403 404 302"
ALL_SEE = "                           200  200  200  200 404 302"
OWNER = "                             200  403  403  403 404 302"
OWNER_DOES = "                        302  403  403  403 404 302"

ROWS = (
    ("access:invitation_list", READERS_OF_ACCESS),
    ("access:group_list", READERS_OF_ACCESS),
    ("access:token_list", READERS_OF_ACCESS),
    ("access:invitation_resend", OWNER_DOES, ("invitation",), {}),
    ("access:leave", ALL_SEE),
    ("access:leave", LAST_OWNER_STAYS, (), {}),
    ("access:ownership_transfer", OWNER),
    # To where it is proved who sits there.
    ("access:ownership_transfer", OWNER_DOES, (), {"user_id": "mina", "keep": "others"}),
)
