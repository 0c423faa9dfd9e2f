"""The HTTP door: parse, call, answer."""

from services.training.routes import reference, residents, skills

blueprints = [residents.bp, reference.bp, skills.bp]
