"""The Celery app: the service's queue. Event batches are its only task."""

from __future__ import annotations

from services.training.handlers import consumer
from shared.messaging.celery import create_worker

celery = create_worker(consumer)
