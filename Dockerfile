# The portal as an image: web server, worker and beat are the same image with different commands
# (docker-compose.yml). Only requirements.txt with its hashes decides what is in it.
FROM python:3.11-slim-bookworm

# WeasyPrint sets the annual report with Pango; nothing on PyPI supplies it.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libharfbuzz-subset0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /app
COPY requirements.txt .
RUN pip install --require-hashes -r requirements.txt

COPY . .

# Only /data/files (uploads, reports) is worth a volume. The static files under /data/static belong
# to the image: a volume over all of /data would keep the ones of an older version.
ENV DATA_DIR=/data \
    WEB_CONCURRENCY=2
RUN useradd --no-create-home --home-dir /nonexistent --uid 10001 dxportal \
    && install -d -o dxportal -g dxportal /data /data/files \
    && SECRET_KEY=only-while-the-image-is-built-0123456789-0123456789-0123 \
       CELERY_BROKER_URL=redis://none \
       python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q accounts budgets dxportal kpi plans projects

USER dxportal
EXPOSE 8000

# Asks under a name that ALLOWED_HOSTS allows, as the proxy in front would.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; host = os.environ.get('ALLOWED_HOSTS', 'localhost').split(',')[0].strip().lstrip('.'); r.urlopen(r.Request('http://127.0.0.1:8000/healthz/', headers={'Host': 'localhost' if host in ('', '*') else host, 'X-Forwarded-Proto': 'https'}), timeout=8)"]

# Threads, so that a slow browser holds up no whole process. A proxy that buffers requests
# belongs in front all the same (docker-compose.yml).
CMD ["gunicorn", "dxportal.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--threads", "4", "--timeout", "60", "--graceful-timeout", "30", \
     "--max-requests", "2000", "--max-requests-jitter", "200", "--worker-tmp-dir", "/dev/shm", \
     "--no-control-socket", "--access-logfile", "-"]
