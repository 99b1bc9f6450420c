"""The closed list of named transforms. Each docstring is what an admin reads; mappings/README.md lists them all.

A *form* says how the remote writes a value: pulling reads that form, pushing writes it, so the line can be turned
round. A *change* does the same to a text in either direction; what it took away cannot be brought back, so a line
with one is not pushed by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.mapping import changes, forms
from hub.mapping.turns import Build, Transform


def _entry(build: Build, argument: str | None = None, *, back: bool, gathers: bool = False) -> Transform:
    doc = " ".join((build.__doc__ or "").split())
    return Transform(build.__name__.rstrip("_"), doc, argument, build, back, gathers)


def _form(build: Build, argument: str | None = None) -> Transform:
    return _entry(build, argument, back=True)


def _change(build: Build, argument: str | None = None, *, gathers: bool = False) -> Transform:
    return _entry(build, argument, back=False, gathers=gathers)


TRANSFORMS: Mapping[str, Transform] = {
    entry.name: entry
    for entry in (
        _form(forms.date, "format?"),
        _form(forms.datetime_, "format?"),
        _form(forms.epoch),
        _form(forms.epoch_ms),
        _form(forms.bool_, "yes,no"),
        _form(forms.flip),
        _form(forms.split, "separator?"),
        _form(forms.decimal, "sign"),
        _form(forms.number),
        _form(forms.negate),
        _form(forms.scale, "factor"),
        _form(forms.minor),
        _form(forms.zeros, "length"),
        _form(forms.country, "writing"),
        _form(forms.language, "_"),
        _form(forms.phone, "writing"),
        _form(forms.prefixed, "text"),
        _form(forms.suffixed, "text"),
        _form(forms.blank, "words"),
        _form(changes.trim),
        _change(changes.lower),
        _change(changes.upper),
        _change(changes.title),
        _change(changes.digits),
        _change(changes.join, "separator?", gathers=True),
        _change(changes.first, gathers=True),
        _change(changes.word, "number"),
        _change(changes.line, "number"),
        _change(changes.cut, "length"),
        _change(changes.replace, "old,new"),
        _change(changes.plain),
    )
}
"""Every transform by its name."""
