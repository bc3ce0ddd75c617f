"""Fields for numbers and words, which are encrypted in the database if there is a key.

Without one they are the plain fields that they replace. Rows that were stored before a key was
there are read as they are. SQL cannot look into what is encrypted: a field's value is encrypted
when it is written, and never when it is compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext

from monitor.models import encryption

#: Characters of the column for each one of a text: four bytes of UTF-8, as base64, and what is
#: put before them.
STORED_FOR_EACH = 8


class UnreadableText(str):
    """Stands for a text that no key opens. It is written back as it was stored."""

    stored: str

    @classmethod
    def of(cls, stored: str) -> Self:
        made = cls(gettext("[encrypted with a key that is missing]"))
        made.stored = stored
        return made


class UnreadableObject(dict[str, Any]):
    """Stands for a JSON value that no key opens: an object without content."""

    stored: str

    @classmethod
    def of(cls, stored: str) -> Self:
        made = cls()
        made.stored = stored
        return made


#: What has nothing to be read or changed in it.
UNREADABLE = (UnreadableText, UnreadableObject)


class Encrypted(models.Field):  # type: ignore[type-arg]  # no generic at run time
    """What the fields have in common. ``label`` names the column to ``encryption``."""

    label = ""
    plain: type[models.Field[Any, Any]]

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        super().contribute_to_class(cls, name, private_only)
        self.label = f"{cls._meta.label_lower}.{name}"

    def deconstruct(self) -> Any:
        """Return the plain field, which is what the database has of it, for migrations."""
        name, _, args, kwargs = super().deconstruct()
        return name, f"django.db.models.{self.plain.__name__}", args, kwargs

    def clone(self) -> Any:
        _, _, args, kwargs = self.deconstruct()
        return self.plain(*args, **kwargs)

    def raw_mark(self, mark: str) -> str:
        """Return how the column, as text, begins if its value begins with a mark."""
        return mark

    def sealed(self, text: str) -> str:
        """Return a text as it is stored."""
        return encryption.encrypt(self.label, text)


class _EncryptedText(Encrypted):
    def from_db_value(self, value: str | None, *args: Any) -> str | None:
        if not value or not value.startswith(encryption.MARK):
            return value
        text = encryption.decrypt(self.label, value)
        return UnreadableText.of(value) if text is None else text

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, UnreadableText):
            return value.stored
        prepared = super().get_db_prep_save(value, connection)
        # That a text is empty is no secret.
        is_text = isinstance(prepared, str) and prepared != ""
        return self.sealed(prepared) if is_text and encryption.is_on() else prepared


class EncryptedTextField(_EncryptedText, models.TextField):  # type: ignore[type-arg]
    """A text."""

    plain = models.TextField


class EncryptedCharField(_EncryptedText, models.CharField):  # type: ignore[type-arg]
    """A text of at most ``max_length`` characters. Its column has room for it encrypted."""

    plain = models.CharField

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "max_length": self._column_length()}

    def db_type_parameters(self, connection: Any) -> Any:
        return {**super().db_type_parameters(connection), "max_length": self._column_length()}

    def _column_length(self) -> int:
        return STORED_FOR_EACH * (self.max_length or 0)


class EncryptedNumberField(EncryptedCharField):
    """A phone number or an address, which is found as a whole: by how the column begins then."""

    def sealed(self, text: str) -> str:
        return encryption.encrypt(self.label, text, encryption.digest(self.label, text))

    def marks(self, numbers: Iterable[str]) -> tuple[str, ...]:
        """Return how the column begins where it has one of these numbers, encrypted."""
        return encryption.number_marks(self.label, numbers)


class EncryptedJSONField(Encrypted, models.JSONField):
    """A JSON value. Encrypted, it is one JSON string."""

    plain = models.JSONField

    def raw_mark(self, mark: str) -> str:
        return f'"{mark}'

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        read = super().from_db_value(value, expression, connection)
        if not isinstance(read, str) or not read.startswith(encryption.MARK):
            return read
        text = encryption.decrypt(self.label, read)
        return UnreadableObject.of(read) if text is None else json.loads(text)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, UnreadableObject):
            value = value.stored
        elif encryption.is_on() and value is not None and not hasattr(value, "as_sql"):
            value = self.sealed(json.dumps(value))
        return super().get_db_prep_save(value, connection)
