"""The resources of the API as limits of tokens: which rows belong to which.

What there is, is declared by the API's router above this floor (`settings.API_RESOURCES`: name of
the endpoint to its viewset); a token names endpoints.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string

# What all rows refer to: everybody who may read anything may read these.
ALWAYS_READ = ("organizations", "departments", "plans")


def resources() -> Mapping[str, type[Any]]:
    """The endpoints of the API by name."""
    found: Mapping[str, type[Any]] = import_string(settings.API_RESOURCES)
    return found


def resource_labels() -> dict[str, str]:
    """The endpoints with what their rows are called, for choices."""
    return {name: _model(view)._meta.verbose_name for name, view in resources().items()}


@cache
def resource_of(view: type[Any]) -> str:
    """The name of the endpoint that this viewset serves, or that a viewset made of it serves."""
    return next(name for name, known in resources().items() if issubclass(known, view))


def hidden_models(chosen: Iterable[str]) -> frozenset[str]:
    """The labels of the models that a token of these resources does not see; of none: nothing.

    It sees the rows of its resources, and those that they point to, as a figure cannot be read
    without the indicator that it is of. A model that is no resource is part of one.
    """
    return _hidden(frozenset(chosen)) if chosen else frozenset()


@cache
def _hidden(chosen: frozenset[str]) -> frozenset[str]:
    own = [_model(view) for name, view in resources().items() if name in {*chosen, *ALWAYS_READ}]
    seen = {model._meta.label_lower for model in own}
    for model in own:
        seen |= {named._meta.label_lower for named in _pointed_to(model)}
    return frozenset(_model(view)._meta.label_lower for view in resources().values()) - seen


def _pointed_to(model: type[models.Model]) -> Iterable[type[models.Model]]:
    relations = (*model._meta.concrete_fields, *model._meta.many_to_many)
    return [relation.related_model for relation in relations if relation.related_model]


def _model(view: type[Any]) -> type[models.Model]:
    model: type[models.Model] = view.queryset.model
    return model
