"""The state of a measure in templates."""

from django import template

from accountability.talks.queries import state_label

register = template.Library()
register.filter("state_label", state_label)
