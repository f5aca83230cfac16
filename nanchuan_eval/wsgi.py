"""WSGI application; DEBUG is off unless the environment sets it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DEBUG", "false")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")

application = get_wsgi_application()
