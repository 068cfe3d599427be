"""`manage.py load_example`: the example plans, an open round, and people to try it with."""

from typing import Any

from django.core.management.base import BaseCommand

from dxportal import example


class Command(BaseCommand):
    help = (
        "Load the example plans of fixtures/, open a round, and make the example people. "
        "Only for trying the portal: never run it where real work is done."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for plan in example.load_example_plans():
            self.stdout.write(f"Loaded {plan}")
        cycle = example.open_example_round()
        self.stdout.write(f"Open round: {cycle}")
        example.publish_example_plan()
        self.stdout.write("Public pages: /public/")
        password = example.create_example_people()
        names = ", ".join(person.username for person in example.PEOPLE)
        self.stdout.write(f"People: {names}")
        self.stdout.write(f"Password of all of them: {password}")
