"""The people in service records (办事人): the same phone and name are one person, whichever file names them."""

from collections.abc import Iterable, Mapping, Sequence

from evaluations.pools.rules.kinds import ExclusionReason
from evaluations.service_records.models import Client
from evaluations.service_records.rules.conflicts import Conflicts
from evaluations.service_records.rules.parsing import Line, person_key
from nanchuan_eval.database.sql import among, insert_rows, reserve_keys
from nanchuan_eval.encryption.fields import encrypt, keyed_hash
from nanchuan_eval.names.rules.keys import name_key

LONGEST_NOTE = 200
COLUMNS = ("id", "name", "phone", "phone_hash", "unit", "kind", "exclusion", "exclusion_note")


class Clients:
    """Finds or makes the client of each line; remembers a key for each person of the file.

    Every line is judged: one that names a rated unit or a relative there excludes the person for good, whatever the
    lines before and after it leave out.
    """

    def __init__(self, conflicts: Conflicts) -> None:
        self._conflicts = conflicts
        self._known: dict[str, int] = {}
        self._judged: dict[str, tuple[str, str]] = {}  # what a person's last judged line says of units
        self._phones: set[str] = set()
        self.excluded: set[int] = set()
        self.shared: set[str] = set()

    @property
    def people(self) -> int:
        """Return how many people the file names."""
        return len(self._known)

    def of(self, lines: Sequence[Line]) -> list[int]:
        """Return the primary key of each line's client (2 queries for those not met before)."""
        keys = [_key(line) for line in lines]
        notes = self._notes(keys, lines)
        unknown = {key: line for key, line in zip(keys, lines, strict=True) if key not in self._known}
        if unknown:
            hashes = {line.phone: keyed_hash(line.phone) for line in unknown.values() if line.phone}
            self._find(unknown, hashes)
            self._make({key: line for key, line in unknown.items() if key not in self._known}, hashes, notes)
            self._note_shared(unknown.values())
        self._exclude(notes)
        return [self._known[key] for key in keys]

    def _notes(self, keys: Sequence[str], lines: Sequence[Line]) -> dict[str, str]:
        """Return person -> why these lines exclude them; a name is judged once, units as often as they differ."""
        found: dict[str, str] = {}
        for key, line in zip(keys, lines, strict=True):
            said = (line.unit, line.relatives)
            is_new = key not in self._known if said == ("", "") else self._judged.get(key) != said
            if is_new and key not in found and (note := self._conflicts.note(line)):
                found[key] = note
            if is_new and any(said):
                self._judged[key] = said
        return found

    def _exclude(self, notes: Mapping[str, str]) -> None:
        """Exclude people who were known before; whoever is excluded keeps the first reason."""
        for key, note in notes.items():
            if (pk := self._known[key]) not in self.excluded:
                Client.objects.filter(pk=pk).update(**_excluded(note))
                self.excluded.add(pk)

    def _find(self, unknown: Mapping[str, Line], hashes: Mapping[str, str]) -> None:
        phones = {digest: phone for phone, digest in hashes.items()}
        rows = Client.objects.exclude(phone_hash="").filter(phone_hash__in=among(phones)).order_by()
        for pk, digest, name, exclusion in rows.values_list("pk", "phone_hash", "name", "exclusion"):
            key = f"{phones[digest]}/{person_key(name)}"
            if key not in unknown:
                self.shared.add(phones[digest])  # somebody of an earlier file
                continue
            self._known[key] = pk
            if exclusion:
                self.excluded.add(pk)

    def _make(self, unknown: Mapping[str, Line], hashes: Mapping[str, str], notes: Mapping[str, str]) -> None:
        pks = reserve_keys(Client, len(unknown))
        rows = []
        for pk, (key, line) in zip(pks, unknown.items(), strict=True):
            note = notes.get(key, "")
            if note:
                self.excluded.add(pk)
            self._known[key] = pk
            digest = hashes.get(line.phone, "")
            # Enciphered here: the bulk insert takes what stands in the table.
            phone = encrypt(line.phone) if line.phone else ""
            rows.append((pk, line.name, phone, digest, line.unit, line.kind, *_excluded(note).values()))
        insert_rows(Client, COLUMNS, rows)

    def _note_shared(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.phone and line.phone in self._phones:
                self.shared.add(line.phone)
            self._phones.add(line.phone)


def _excluded(note: str) -> dict[str, str]:
    reason = ExclusionReason.CONFLICT.value if note else ""
    return {"exclusion": reason, "exclusion_note": note[:LONGEST_NOTE]}


def _key(line: Line) -> str:
    """Return the key of a person: phone and name; without a phone, name and unit within one file."""
    name = person_key(line.name)
    return f"{line.phone}/{name}" if line.phone else f"/{name}/{name_key(line.unit)}/{line.kind}"
