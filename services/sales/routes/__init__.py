"""The HTTP door: parse, call, answer."""

from services.sales.routes import catalogue, facts, oddities, reference, registers, shifts, tokens

blueprints = [reference.bp, shifts.bp, facts.bp, registers.bp, catalogue.bp, oddities.bp, tokens.bp]
