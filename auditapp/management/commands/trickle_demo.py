"""Adds an event to the workspace `demo` now and then, as long as it runs, so that there is something new to see."""

import signal
import threading
from argparse import ArgumentParser
from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from auditapp.access.models import Member, Workspace
from auditapp.lib import clock
from auditapp.management.demo.elsewhere import posted_event
from auditapp.management.demo.history import SLUG, act, people_of, post
from auditapp.management.demo.scenes import World
from auditapp.record.workspace_scope import in_workspace


class Command(BaseCommand):
    help = "Adds an event to the workspace `demo` every 5 to 40 seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=None, help="stops after so many")
        parser.add_argument("--least-wait", type=float, default=5, metavar="SECONDS")
        parser.add_argument("--most-wait", type=float, default=40, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=SLUG).first()
        if workspace is None:
            raise CommandError("There is no workspace demo: run `make demo` first.")
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        with in_workspace(workspace.id):
            members = Member.objects.filter(workspace_id=workspace.id).select_related("user")
            users = {member.user.email: member.user for member in members}
        world = World(Random(), workspace, users)  # noqa: S311  a demo's chance
        added = 0
        while not stopping.is_set() and added != options["count"]:
            if world.random.random() < 0.5:
                act(world, clock.now())
            else:
                post(world, [posted_event(world.random, clock.now(), people_of(world))])
            added += 1
            stopping.wait(world.random.uniform(options["least_wait"], options["most_wait"]))
