"""The sandbox as gunicorn serves it: `gunicorn -c sandbox/gunicorn.conf.py sandbox.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"
application = get_wsgi_application()
