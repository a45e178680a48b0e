"""Single sign-on by OpenID Connect: the installation's provider, whose people they are, and what a workspace asks of it."""
