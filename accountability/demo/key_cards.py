"""The box key of a demonstration: cards made in memory, taken by their holders, typed in at the opening (演示)."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.test import Client
from django.urls import reverse

from accountability.demo.by_two import by_two
from accountability.demo.citizens import FormReader
from accountability.demo.people import Office
from evaluations.box_key.queries import supervisors_in_office
from evaluations.box_key.rules import OFFLINE
from evaluations.box_key.services.holding import confirm_card
from evaluations.box_key.services.keys import new_key
from evaluations.box_key.services.making import BOX_KEY
from evaluations.protocol.box import held_code
from evaluations.protocol.box_cards import card_text
from evaluations.rounds.models import Round
from evaluations.sealing.services.opening import open_box
from nanchuan_eval.permissions.policy import OPERATOR


@dataclass
class KeyCards:
    """The cards of one round; nothing else knows their texts."""

    round: Round
    office: Office
    texts: list[str] = field(default_factory=list, repr=False)

    def make(self, *, at: datetime) -> None:
        """Make the key, have its record approved by two persons, and every holder confirm a card."""
        holders, needed = supervisors_in_office(self.round), self.round.rulebook["box_needed"]
        key = new_key(self.round.key, needed=needed, supervisors=len(holders), made=OFFLINE)
        by_two(BOX_KEY, self.round, self.office.desk, at=at, record=key.record.decode())
        for card in key.cards:
            code = held_code(key.key_id, card.label, card.share)
            confirm_card(round_key=self.round.key, code=code, at=at)
        self.texts = [card_text(card, key.key_id) for card in key.cards]

    def open_box(self, *, rows: int, at: datetime) -> None:
        """Open the box as the supervisors would: on the staff's page, a large one as the command does."""
        brought = self.texts[: self.round.rulebook["box_needed"]]
        if rows > settings.OPENING_PAGE_ROWS:
            open_box(round_id=self.round.pk, typed=brought, by=OPERATOR, at=at)
        else:
            self._type_in(brought)

    def _type_in(self, brought: list[str]) -> None:
        browser = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
        browser.force_login(self.office.clerk)
        address = reverse("admin:round-opening", args=[self.round.pk])
        forms = FormReader(browser.get(address).content.decode()).forms
        typed = {f"card-{at}": text for at, text in enumerate(brought)}
        answer = browser.post(address, {**forms.get("", {}), **typed})
        if answer.status_code != 302:
            raise RuntimeError(f"the box was not opened: {address} answered {answer.status_code}")
