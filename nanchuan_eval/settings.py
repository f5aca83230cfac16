"""Settings; values that differ between machines come from the environment or `.env` (docs/settings.md).

Without configuration the project runs in DEBUG on SQLite and serves local hosts only.
With DEBUG off nothing insecure has a default: a missing SECRET_KEY or ALLOWED_HOSTS stops the start.
"""

import os
import tomllib
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from tempfile import gettempdir

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

django_stubs_ext.monkeypatch()  # makes ModelAdmin[Round] and the like valid at run time

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
MISSING = [name for name in ("SECRET_KEY", "ALLOWED_HOSTS", "FIELD_KEY") if not env.str(name, default="")]
if MISSING and not DEBUG:
    raise ImproperlyConfigured(f"DEBUG=false 时必须在 .env 中填写：{'、'.join(MISSING)}（填法见 deploy/env.example）。")
if DEBUG:
    SECRET_KEY = env.str("SECRET_KEY", default="only-for-development-" + "0" * 40)
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=LOCAL_HOSTS)
else:
    SECRET_KEY = env.str("SECRET_KEY")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
# Networks from which the staff site may be used (等保：限制管理终端); empty = any.
ADMIN_ALLOWED_NETWORKS = [ip_network(text) for text in env.list("ADMIN_ALLOWED_NETWORKS", default=[])]

# Keys of encrypted fields, the newest first; never in the database, never in its backups.
FIELD_KEY = (
    env.list("FIELD_KEY", default=["b25seS1mb3ItZGV2ZWxvcG1lbnQtMDAwMDAwMDAwMDA="]) if DEBUG else env.list("FIELD_KEY")
)
# The human check of the open channel: a class as in evaluations/codes/services/visitor_checks.py.
OPEN_CHECK = env.str("OPEN_CHECK", default="evaluations.codes.services.visitor_checks.PlainQuestion")
# What the district and its bodies are called until a profile is approved (机构信息); after that the profile counts.
# Field -> variable; nanchuan_eval/profile/rules/profile.py has the defaults of all fields.
PROFILE_VARIABLES = {
    "office": "OFFICE_NAME",
    "phone": "OFFICE_PHONE",
    "paper_head": "PAPER_HEAD",
    "paper_code": "PAPER_CODE",
    "commission": "COMMISSION_NAME",
    "leading_group": "LEADING_GROUP_NAME",
    "sign": "MESSAGE_SIGN",
    "data_terms": "OPEN_DATA_TERMS",
}
PROFILE: dict[str, object] = {
    field: env.str(name) for field, name in PROFILE_VARIABLES.items() if env.str(name, default="")
}
if "office" in PROFILE:
    PROFILE.setdefault("paper_head", PROFILE["office"])
if env.list("PLACE_NAMES", default=[]):
    PROFILE["place_names"] = env.list("PLACE_NAMES")  # what people write in front of a unit's name
# Receipts are public after the sealing, so this alone holds off whoever rates with those of others.
FOLLOW_UPS_AN_HOUR = env.int("FOLLOW_UPS_AN_HOUR", default=20)
# Off only for demonstrations by one person: every staff page then shows a banner.
TWO_PERSON_RULE = env.bool("TWO_PERSON_RULE", default=not DEBUG)
# How long an approved authorization is valid: to open an original, fetch an export, restore a backup.
AUTHORIZATION_HOURS = env.int("PERMIT_HOURS", default=48)
# For how long the clock's commands may be silent during a vote before the security page raises an alarm.
CLOCK_ALARM_MINUTES = env.int("CLOCK_ALARM_MINUTES", default=60)
# By how much the clocks of this machine and of the database may differ, or a clock may be set back.
CLOCK_TOLERANCE_SECONDS = env.int("CLOCK_TOLERANCE_SECONDS", default=60)
# Up to how many ballots a box is opened on the staff's page (about 4 s); above, by the command open_box.
OPENING_PAGE_ROWS = env.int("OPENING_PAGE_ROWS", default=20_000)
# Ballots in one PDF that the staff's page prints (about 3 s, 250 MB), and up to how many codes it prints at all.
PRINT_PART_BALLOTS = env.int("PRINT_PART_BALLOTS", default=64)
PRINT_PAGE_CODES = env.int("PRINT_PAGE_CODES", default=20_000)

INSTALLED_APPS = [
    "nanchuan_eval.apps.AdminConfig",
    "nanchuan_eval.apps.NanchuanEvalConfig",
    "departments.apps.DepartmentsConfig",
    "evaluations.apps.EvaluationsConfig",
    "accountability.apps.AccountabilityConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "axes",
    "django_otp",
]

MIDDLEWARE = [
    "nanchuan_eval.monitoring.middleware.count_requests",
    "nanchuan_eval.web.parts.leave_out_page_headers",
    "nanchuan_eval.web.middleware.add_security_headers",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nanchuan_eval.web.compression.CompressPublicPages",
    "nanchuan_eval.web.parts.send_part",
    "csp.middleware.CSPMiddleware",
    "nanchuan_eval.web.middleware.reject_oversized_requests",
    "nanchuan_eval.web.middleware.reject_malformed_requests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "nanchuan_eval.web.middleware.record_origin",
    "nanchuan_eval.web.middleware.restrict_staff_networks",
    "django.contrib.messages.middleware.MessageMiddleware",
    "nanchuan_eval.web.rate_limits.LimitRates",
    "nanchuan_eval.accounts.middleware.return_to_the_form",
    "nanchuan_eval.accounts.middleware.end_idle_sessions",
    "nanchuan_eval.accounts.middleware.demand_second_factor",
    "nanchuan_eval.accounts.middleware.demand_new_password",
    "nanchuan_eval.accounts.middleware.note_accepted_forms",
    "nanchuan_eval.web.middleware.RecordDenials",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "nanchuan_eval.urls"
WSGI_APPLICATION = "nanchuan_eval.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["nanchuan_eval.web.templates.Loader", "django.template.loaders.app_directories.Loader"],
                ),
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "nanchuan_eval.web.templates.single_person",
                "nanchuan_eval.profile.queries.add_profile",
            ],
        },
    },
]

FORM_RENDERER = "nanchuan_eval.web.templates.FormRenderer"

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'nanchuan_eval.sqlite3'}")}
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # FULL: a ballot that was acknowledged must survive a power cut.
    # IMMEDIATE: a writer waits for the lock at BEGIN instead of failing in mid-transaction.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
    }
    # Tests race several connections against each other: a file locks as in production, memory does not.
    DATABASES["default"]["TEST"] = {"NAME": Path(gettempdir()) / f"nanchuan-eval-test-{os.getpid()}.sqlite3"}
# A streaming replica for public pages that only read (nanchuan_eval/database/replica.py), and how far behind it may be.
REPLICA_LAG_SECONDS = env.int("REPLICA_LAG_SECONDS", default=5)
DATABASE_ROUTERS = ["nanchuan_eval.database.replica.Router"]
if env.str("REPLICA_URL", default=""):
    DATABASES["replica"] = {**env.db("REPLICA_URL"), "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
    if "postgresql" in DATABASES["replica"]["ENGINE"]:
        # A machine that is gone must not keep readers waiting, and nothing is ever written there.
        DATABASES["replica"]["OPTIONS"] = {
            "connect_timeout": 2,
            "tcp_user_timeout": 3000,
            "options": "-c default_transaction_read_only=on",
            **DATABASES["replica"].get("OPTIONS", {}),
        }
# Rate limits are counted in the cache, by each worker separately unless CACHE_URL names a shared one.
WORKERS = env.int("WEB_CONCURRENCY", default=1)
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
if CACHES["default"]["BACKEND"].endswith(".LocMemCache"):
    # Django's 300 entries would let requests from 300 addresses push out the counts of all others.
    CACHES["default"]["OPTIONS"] = {"MAX_ENTRIES": 100_000, **CACHES["default"].get("OPTIONS", {})}
if CACHES["default"]["BACKEND"].endswith(".RedisCache"):
    CACHES["default"]["BACKEND"] = "nanchuan_eval.web.cache.SharedCache"
    CACHES["default"]["OPTIONS"] = {
        "socket_timeout": 0.2,
        "socket_connect_timeout": 0.2,
        **CACHES["default"].get("OPTIONS", {}),
    }

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "nanchuan_eval.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "nanchuan_eval.accounts.middleware.AccountBackend"]
# Figures of 等保2.0 level 3; a district that wants looser rules sets them in its `.env`.
PASSWORD_LENGTH = env.int("PASSWORD_LENGTH", default=12)
PASSWORD_DAYS = env.int("PASSWORD_DAYS", default=90)
PASSWORD_MEMORY = env.int("PASSWORD_MEMORY", default=5)
# How long a one-time link for setting a password is good.
LINK_HOURS = env.int("LINK_HOURS", default=72)
PASSWORD_RESET_TIMEOUT = LINK_HOURS * 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "nanchuan_eval.accounts.services.DistrictPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
REQUIRE_OTP = env.bool("REQUIRE_OTP", default=not DEBUG)
APPROVAL_MINUTES = env.int("APPROVAL_MINUTES", default=5)
IDLE_MINUTES = env.int("IDLE_MINUTES", default=15)
IDLE_MINUTES_ADMINISTRATORS = env.int("IDLE_MINUTES_ADMINISTRATORS", default=10)
SESSION_HOURS = env.int("SESSION_HOURS", default=8)
# How long before the end of a session its pages warn, and how long a browser keeps what was typed into a form.
IDLE_WARNING_MINUTES = env.int("IDLE_WARNING_MINUTES", default=2)
DRAFT_HOURS = env.int("DRAFT_HOURS", default=24)
# The pair of account and address is locked, so that nobody can lock a colleague out from elsewhere.
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_LOCK_MINUTES", default=30))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "nanchuan_eval/accounts/locked.html"
AXES_CLIENT_IP_CALLABLE = "nanchuan_eval.core.http.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # the audit log has it
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "front-page"

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# Reminders are sent by e-mail; without a mail server they are written to the console.
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="noreply@localhost")

# Text messages to drawn people (docs/messages.md); empty = none, everybody gets a letter.
MESSAGE_GATEWAY = env.str("MESSAGE_GATEWAY", default="console" if DEBUG else "")
MESSAGE_URL = env.str("MESSAGE_URL", default="")
MESSAGE_METHOD = env.str("MESSAGE_METHOD", default="POST")
MESSAGE_BODY = env.str("MESSAGE_BODY", default='{"phone": "{phone}", "text": "{text}", "id": "{id}"}')
MESSAGE_HEADERS = env.str("MESSAGE_HEADERS", default="")
MESSAGE_SUCCESS = env.str("MESSAGE_SUCCESS", default="")
MESSAGE_ID_PATH = env.str("MESSAGE_ID_PATH", default="")
MESSAGE_FILE = env.str("MESSAGE_FILE", default=str(BASE_DIR / "messages.jsonl"))
# Messages a minute, tries after the first, seconds to wait for an answer.
MESSAGE_RATE = env.int("MESSAGE_RATE", default=60)
MESSAGE_RETRIES = env.int("MESSAGE_RETRIES", default=5)
MESSAGE_TIMEOUT = env.int("MESSAGE_TIMEOUT", default=10)
# For how many seconds one run of the clock sends; the next comes after five minutes.
MESSAGE_RUN_SECONDS = env.int("MESSAGE_RUN_SECONDS", default=200)
# For how many hours the text of a sent message is kept, locked, so that it can be sent again if it did not arrive.
MESSAGE_KEEP_HOURS = env.int("MESSAGE_KEEP_HOURS", default=72)
# What the gateway shows to hand in receipts and answers (TD); empty = it cannot.
MESSAGE_RECEIPT_TOKEN = env.str("MESSAGE_RECEIPT_TOKEN", default="")
# Letters in one PDF.
LETTER_PART = env.int("LETTER_PART", default=100)

# Evidence is stored outside every folder the web server serves; views check the policy table first.
EVIDENCE_ROOT = env.str("EVIDENCE_ROOT", default=str(BASE_DIR / "evidence"))

PRIVACY_ANSWER_WORKDAYS = env.int("PRIVACY_ANSWER_WORKDAYS", default=15)
# The form of suggestions is open to everybody: more than this in a day comes from a script.
SUGGESTIONS_A_DAY = env.int("SUGGESTIONS_A_DAY", default=200)
# How old a service record may be; tokens of the units' systems as SHA-256 by unit code (D01=…), never the tokens.
RECORD_DAYS_BACK = env.int("RECORD_DAYS_BACK", default=1096)
RECORDS_TOKENS = env.dict("RECORDS_TOKENS", default={})
# Days of a round's calendar before and after the vote, where they differ from evaluations.rounds.rules.calendar.
USUAL_DAYS = env.dict("USUAL_DAYS", cast={"value": int}, default={})
CALENDAR_DAYS = env.dict("CALENDAR_DAYS", cast={"value": int}, default={})
# How drawn clients' ballots usually come back (evaluations.turnout.rules.forecast), how many of them are valid, how
# long letters take to come and to be answered.
RETURN_CURVE = env.dict("RETURN_CURVE", cast={"key": int, "value": int}, default={})
VALID_PERCENT = env.int("VALID_PERCENT", default=95)
# Percent of drawn clients who must have been sent their code before anything is foretold or drawn further.
SENT_PERCENT = env.int("SENT_PERCENT", default=80)
LETTER_DAYS = env.int("LETTER_DAYS", default=5)
# What the work list reminds of: proposals returned lately, accounts long unused, backups and checks not made.
RETURNED_DAYS = env.int("RETURNED_DAYS", default=30)
DORMANT_DAYS = env.int("DORMANT_DAYS", default=60)
BACKUP_ALARM_DAYS = env.int("BACKUP_ALARM_DAYS", default=7)
# What `doctor` asks (docs/monitoring.md): days between test restores, free space in percent, age of FIELD_KEY in days.
RESTORE_TEST_DAYS = env.int("RESTORE_TEST_DAYS", default=10)
DISK_WARN_PERCENT = env.int("DISK_WARN_PERCENT", default=15)
DISK_ALARM_PERCENT = env.int("DISK_ALARM_PERCENT", default=5)
DATABASE_FOLDER = env.str("DATABASE_FOLDER", default="")
KEY_DAYS = env.int("KEY_DAYS", default=1095)
KEY_COPY_CHECKED = env.str("KEY_COPY_CHECKED", default="")
# The certificate that browsers see: a file, host:port, or "none" where another office's platform has it.
CERTIFICATE = env.str("CERTIFICATE", default="")
# SHA-256 of the tokens of monitors, never the tokens.
METRICS_TOKENS = env.list("METRICS_TOKENS", default=[])
LOG_VERIFY_DAYS = env.int("LOG_VERIFY_DAYS", default=30)
LOG_ARCHIVE_DAYS = env.int("LOG_ARCHIVE_DAYS", default=183)
EVIDENCE_DAYS_KEPT = env.int("EVIDENCE_DAYS_KEPT", default=365)
# Further fonts for printed documents; without them a rare character outside the built-in font is printed as its code.
DOCUMENT_FONTS = env.str("DOCUMENT_FONTS", default="")
# Backups and archives of the audit log; both should be moved to another machine soon.
BACKUP_ROOT = env.str("BACKUP_ROOT", default=str(BASE_DIR / "backups"))
ARCHIVE_ROOT = env.str("ARCHIVE_ROOT", default=str(BASE_DIR / "archive"))
LARGEST_REQUEST = 210 * 1024 * 1024  # a video of 200 MB and its form
CLAMD_ADDRESS = env.str("CLAMD_ADDRESS", default="")

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# The handbook's pictures stand beside its texts.
STATICFILES_DIRS = [BASE_DIR / "static", ("handbook", BASE_DIR / "docs" / "handbook" / "pictures")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "nanchuan_eval.web.static_files.StaticFiles"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False  # nothing here is for pages of other sites
# Cookies whose value no page shows: the size of type, how many codes a device has claimed. A page for a browser that
# has others (session, CSRF token) is not compressed.
COOKIES_WITHOUT_SECRET = frozenset({"typesize", "taken"})

# A ballot for all 105 sections has 525 answers and their ticks (表象), more than Django's limit of 1,000 fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "nanchuan_eval.web.views.csrf_failure"
if not DEBUG:
    SECURE_SSL_REDIRECT = True
    # For programs on this machine: the first two tell nothing, and a redirect would not hide a token already sent.
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrf"
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Error reports contain no variables: a frame may hold a ballot code.
DEFAULT_EXCEPTION_REPORTER_FILTER = "nanchuan_eval.web.views.ReportFilter"

# The application logs no request lines: time and address could identify the voter of a ballot. Lines hold no values,
# but on a developer's machine, which has no voters.
LOG_FORMAT = env.str("LOG_FORMAT", default="plain")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "open": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "plain": {"()": "nanchuan_eval.core.logs.SafeFormatter"},
        "json": {"()": "nanchuan_eval.core.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if LOG_FORMAT == "json" else "open" if DEBUG else "plain",
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Django's own handlers would print requests once more, and mail errors with their text.
    "loggers": {name: {"handlers": [], "level": "NOTSET"} for name in ("django", "django.server")} if not DEBUG else {},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
