"""Settings, every one that differs between installations read from the environment.

The README's settings table and `.env.example` list them; a wrong one stops the start with a
sentence that says what to set (`dxportal/checks.py` and `_required` below).
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    key = env("SECRET_KEY", default="")
    key_file = DATA_DIR / "secret_key"
    if not key and key_file.exists():
        key = key_file.read_text().strip()
    if not key and DEBUG:
        key = "development-only-" + "0" * 50
    if not key:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Set it to a long random text, or run script/server once: "
            f"it writes one to {key_file}."
        )
    return key


def _origin_of(url: str) -> list[str]:
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "tree_queries",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "axes",
    "accounts",
    "plans",
    "projects",
    "kpi",
    "budgets",
    "dxportal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "dxportal.rest.languages.ApiLanguage",
    "dxportal.rest.promises.DeprecationHeaders",
    "accounts.rest.calls.ApiCalls",
]

ROOT_URLCONF = "dxportal.urls"

# The read-only door for citizens: the public pages alone, without sessions and sign-in. Its
# process needs no more than the right to read the database.
PUBLIC_ONLY = env.bool("PUBLIC_ONLY", default=False)
if PUBLIC_ONLY:
    ROOT_URLCONF = "dxportal.public.root_urls"
    # These want sessions and people who sign in.
    INSTALLED_APPS.remove("django.contrib.admin")
    INSTALLED_APPS.remove("axes")
    MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "csp.middleware.CSPMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
WSGI_APPLICATION = "dxportal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
if PUBLIC_ONLY:
    # The others want a session.
    TEMPLATES[0]["OPTIONS"]["context_processors"] = ["django.template.context_processors.request"]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Databases: SQLite for the embedded way, PostgreSQL for the served one.
DATABASES = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'dxportal.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL with IMMEDIATE transactions: writers wait for each other instead of failing as locked.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A file, so that a worker in another process sees the tests' database.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Pages ask many short questions: starting workers or a compiler for one costs more than it.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "options", "-c max_parallel_workers_per_gather=0 -c jit=off"
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign_in"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_SAMESITE = "Lax"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "accounts/locked_out.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.client_address"

# Signing in by the city's own provider (OpenID Connect, `accounts/oidc.py`); off without an issuer.
OIDC_ISSUER = env("OIDC_ISSUER", default="")
OIDC_LABEL = env("OIDC_LABEL", default="庁内認証でサインイン")
# How an account is found: by its field external_id, username or email, which a claim must equal.
OIDC_MATCH = env("OIDC_MATCH", default="external_id")
OIDC_CLAIM = env(
    "OIDC_CLAIM",
    default={"username": "preferred_username", "email": "email"}.get(OIDC_MATCH, "sub"),
)
OIDC_CREATE_USER = env.bool("OIDC_CREATE_USERS", default=False)
OIDC_END_SESSION_URL = env("OIDC_END_SESSION_URL", default="")
# The names under which the library reads the rest.
OIDC_RP_CLIENT_ID = env("OIDC_CLIENT_ID", default="")
OIDC_RP_CLIENT_SECRET = env("OIDC_CLIENT_SECRET", default="")
OIDC_RP_SIGN_ALGO = env("OIDC_SIGN_ALGO", default="RS256")
OIDC_RP_SCOPES = env("OIDC_SCOPES", default="openid profile email")
OIDC_OP_AUTHORIZATION_ENDPOINT = env("OIDC_AUTHORIZATION_URL", default="")
OIDC_OP_TOKEN_ENDPOINT = env("OIDC_TOKEN_URL", default="")
OIDC_OP_JWKS_ENDPOINT = env("OIDC_KEYS_URL", default="")
OIDC_OP_USER_ENDPOINT = env("OIDC_USERINFO_URL", default="")
OIDC_VERIFY_SSL = env("OIDC_CA_FILE", default="") or True
OIDC_AUTHENTICATION_CALLBACK_URL = "accounts:oidc_callback"
OIDC_USE_PKCE = True
OIDC_TIMEOUT = 10
OIDC_STORE_ID_TOKEN = bool(OIDC_END_SESSION_URL)
if OIDC_ISSUER:
    AUTHENTICATION_BACKENDS.append("accounts.oidc.ProviderBackend")

# Doors
BEHIND_HTTPS = env.bool("BEHIND_HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_HTTPS else 0
if BEHIND_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        # A browser asks this of what a form leads on to as well: signing out at the provider.
        "form-action": ["'self'", *_origin_of(OIDC_END_SESSION_URL)],
        "frame-ancestors": ["'none'"],
    }
}

# Language and time
LANGUAGE_CODE = "ja"
TIME_ZONE = "Asia/Tokyo"
USE_I18N = True
USE_TZ = True

# Files
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    # Reports and evidence are never under a public address: views hand them out after a check.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "files")},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# Besides what is compressed already: fonts that only reports read, and maps that nobody asks for.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["png", "zip", "gz", "br", "woff", "woff2", "ttf", "map"]
WHITENOISE_MANIFEST_STRICT = False
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# Largest plan book that may be uploaded, in megabytes (1,000,000 bytes).
BOOK_MAX_MEGABYTES = env.int("BOOK_MAX_MEGABYTES", default=20)
# Evidence (根拠資料): extensions that may be added, and the largest file in megabytes.
EVIDENCE_TYPES = env.list(
    "EVIDENCE_TYPES", default=["pdf", "xlsx", "docx", "pptx", "csv", "txt", "png", "jpg", "jpeg"]
)
EVIDENCE_MAX_MEGABYTES = env.int("EVIDENCE_MAX_MEGABYTES", default=20)
# Largest entry workbook (入力ブック) that may be put back, in megabytes.
ENTRY_BOOK_MAX_MEGABYTES = env.int("ENTRY_BOOK_MAX_MEGABYTES", default=5)

# Mail: how it goes out ("consolemail://" prints it; "smtp://user:password@host:25"), who it comes
# from, and the address of this portal for the links in it.
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("MAIL_FROM", default="dxportal@localhost")
PORTAL_URL = env("PORTAL_URL", default="http://127.0.0.1:8000")
# The address under which citizens reach /public/, for the catalogue of the open data.
PUBLIC_URL = env("PUBLIC_URL", default=PORTAL_URL)

# Jobs
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="filesystem://localhost")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "rescue-stalled-jobs": {"task": "dxportal.tasks.rescue_stalled_jobs", "schedule": 60.0},
    "advance-rounds": {"task": "dxportal.tasks.advance_rounds", "schedule": 5 * 60.0},
    "tell-due-rounds": {
        "task": "dxportal.tasks.tell_due_rounds",
        "schedule": crontab(hour=7, minute=30),
    },
    "send-digests": {
        "task": "dxportal.tasks.send_digests",
        "schedule": crontab(hour="8-17", minute=0),
    },
    "clear-old-calls": {"task": "dxportal.tasks.clear_old_calls", "schedule": 24 * 60 * 60.0},
    "forget-old-changes": {
        "task": "dxportal.tasks.forget_old_changes",
        "schedule": 24 * 60 * 60.0,
    },
    "clear-old-keys": {"task": "dxportal.tasks.clear_old_keys", "schedule": 60 * 60.0},
    "send-monthly-views": {
        "task": "dxportal.tasks.send_monthly_views",
        "schedule": crontab(hour=8, minute=10),
    },
    # So soon after its time a webhook is tried again.
    "send-due-webhooks": {"task": "dxportal.tasks.send_due_webhooks", "schedule": 15.0},
    "clear-old-webhook-events": {
        "task": "dxportal.tasks.clear_old_webhook_events",
        "schedule": 24 * 60 * 60.0,
    },
    "keep-data-versions": {"task": "dxportal.tasks.keep_data_versions", "schedule": 10 * 60.0},
    "expire-old-reports": {
        "task": "dxportal.tasks.expire_old_reports",
        "schedule": 24 * 60 * 60.0,
    },
    "clear-old-books": {"task": "dxportal.tasks.clear_old_books", "schedule": 24 * 60 * 60.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
if CELERY_BROKER_URL.startswith("filesystem:"):
    _broker = DATA_DIR / "broker"
    for _name in ("queue", "control"):
        (_broker / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "queue"),
        "data_folder_out": str(_broker / "queue"),
        "control_folder": str(_broker / "control"),
    }
elif CELERY_BROKER_URL.startswith("redis"):
    # A message of a lost worker comes back after this long; the job's own lease is shorter.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}

# What all processes count together (`accounts/rest/throttling.py`): in Redis where there is one.
if CELERY_BROKER_URL.startswith("redis"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": CELERY_BROKER_URL,
            "KEY_PREFIX": "dxportal",
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "accounts.rest.throttling.CountingFileCache",
            "LOCATION": str(DATA_DIR / "cache"),
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        }
    }

# Pages for citizens, each for its plan's state (`dxportal.public.answers`): some 20 MB a process.
CACHES["public_pages"] = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "LOCATION": "public-pages",
    "TIMEOUT": 3600,
    "OPTIONS": {"MAX_ENTRIES": 200},
}

# Seconds without a sign of life after which a running job counts as lost.
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", default=90)

# Days for which the file of a report that was not published is kept.
REPORT_KEEP_DAYS = env.int("REPORT_KEEP_DAYS", default=90)

# Largest body that the API takes, in megabytes, and who sees to it that a write is done once.
API_MAX_MEGABYTES = env.int("API_MAX_MEGABYTES", default=10)
API_WRITES_ONCE = "dxportal.rest.idempotency.once"
# How a refusal is said in the client's language.
API_SENTENCES = "dxportal.rest.english.said"
# What tokens can be limited to: the endpoints by name (`accounts/rest/resources.py`).
API_RESOURCES = "dxportal.urls.api.RESOURCES"
# Calls that a token may make in a minute, and failures that an address may have; 0 is no limit.
API_CALLS_PER_MINUTE = env.int("API_CALLS_PER_MINUTE", default=600)
API_FAILURES_PER_MINUTE = env.int("API_FAILURES_PER_MINUTE", default=30)
# Days for which calls are kept in the log: those that read, and those that write.
API_READS_KEPT_DAYS = env.int("API_READS_KEPT_DAYS", default=90)
API_CHANGES_KEPT_DAYS = env.int("API_CHANGES_KEPT_DAYS", default=3 * 365)
# Days for which the change feed remembers; a system that was away for longer reads all again.
API_FEED_KEPT_DAYS = env.int("API_FEED_KEPT_DAYS", default=365)
# Proxies in front (addresses or networks) whose X-Forwarded-For is believed.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
# Webhooks: http:// besides https:// (networks that are closed to the world), the networks of one's
# own into which they may go, a file of certificates of one's own, and the time for one call.
WEBHOOK_ALLOW_HTTP = env.bool("WEBHOOK_ALLOW_HTTP", default=False)
WEBHOOK_PRIVATE_NETWORKS = env.list("WEBHOOK_PRIVATE_NETWORKS", default=[])
WEBHOOK_CA_FILE = env("WEBHOOK_CA_FILE", default="")
WEBHOOK_TIMEOUT_SECONDS = env.int("WEBHOOK_TIMEOUT_SECONDS", default=10)
# Filters, pages and permissions of the rows are on the endpoints' base (accounts/rest/viewsets.py).
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.rest.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.rest.authentication.WithinScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "dxportal.rest.schema.PortalSchema",
    "EXCEPTION_HANDLER": "dxportal.rest.problems.problem_details",
    "COERCE_DECIMAL_TO_STRING": True,
    # `format` is a parameter like others (of jobs and reports), not a choice of renderer.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "DX計画ポータル API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "dxportal.rest.schema.introduce",
        "dxportal.rest.promises.mark_deprecated",
    ],
    "WEBHOOKS": ["dxportal.webhooks.api.told_to_receivers"],
    "COMPONENT_SPLIT_PATCH": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ScheduleStage": "projects.models.Stage",
        "ValueStatus": "kpi.models.ValueStatus",
        "EnteredValueStatus": "kpi.api.WRITABLE_STATUSES",
        "TargetKind": "kpi.models.Target.Kind",
        "PlanStatus": "plans.models.Plan.Status",
        "BudgetStage": "budgets.models.BudgetEntry.Stage",
        "SettlementStage": "budgets.api.STAGES",
        "CycleKind": "plans.models.ReportingCycle.Kind",
        "CycleState": "plans.models.ReportingCycle.State",
        "ItemKind": "plans.models.RoundItem.Kind",
        "PlanRelationKind": "plans.models.PlanRelation.Kind",
        "SectionKind": "plans.models.PlanSection.Kind",
        "ItemState": "plans.models.RoundItem.State",
        "NoticeKind": "accounts.models.Notice.Kind",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    # All operations and shapes at once take seconds to draw: they open by resource.
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "docExpansion": "none",
        "defaultModelsExpandDepth": -1,
        "filter": True,
    },
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
